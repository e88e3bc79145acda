//! What can be done to links: to all of a process, to those between two, and to one of a broker alone.

use super::{Offer, Trouble, offer, possible, process_of, title};
use crate::model::ProcessId;
use crate::stage::Thing;
use crate::world::{Command, End, Links, Ways, World};

/// Everything that goes from and to a process.
pub(super) fn everything(id: ProcessId) -> Links {
    Links {
        from: End::Only(id),
        to: End::Any,
    }
}

pub(super) fn pair(a: ProcessId, b: ProcessId) -> Links {
    Links {
        from: End::Only(a),
        to: End::Only(b),
    }
}

fn cut(links: Links) -> Command {
    let ways = Ways::Both;
    Command::Cut { links, ways }
}

pub(super) fn heal(links: Links) -> Command {
    let ways = Ways::Both;
    Command::Heal { links, ways }
}

fn release(links: Links) -> Command {
    let ways = Ways::Both;
    Command::Release { links, ways }
}

/// Cutting a process off, and mending what of it is cut or held.
pub(super) fn whole(world: &World, id: ProcessId) -> Vec<Offer> {
    let links = everything(id);
    let all = vec![
        offer(Trouble::Cut, "Cut off", cut(links)),
        offer(Trouble::Heal, "Heal", heal(links)),
        offer(Trouble::Heal, "Release", release(links)),
    ];
    possible(world, all)
}

/// Cutting the link between two, and mending it. Where a wider cut covers it, that one is mended.
pub(super) fn between(world: &World, a: ProcessId, b: ProcessId) -> Vec<Offer> {
    let links = pair(a, b);
    let mut all = vec![
        offer(Trouble::Heal, "Heal the link", heal(links)),
        offer(Trouble::Heal, "Release the link", release(links)),
    ];
    all = possible(world, all);
    let network = world.network();
    if all.is_empty() {
        for id in [a, b] {
            let words = format!("Heal the links of {}", title(id).to_lowercase());
            let covers = network.cuts().any(|cut| cut.cover(a, b) || cut.cover(b, a));
            if covers {
                all.push(offer(Trouble::Heal, words, heal(everything(id))));
            }
        }
        all = possible(world, all);
    }
    if !network.is_cut(a, b) && !network.is_cut(b, a) {
        all.insert(0, offer(Trouble::Cut, "Cut the link", cut(links)));
    }
    all
}

/// Cutting a broker from all of ZooKeeper's servers, and mending that.
pub(super) fn to_keepers(world: &World, broker: ProcessId) -> Vec<Offer> {
    let links = Links {
        from: End::Only(broker),
        to: End::ZooKeeper,
    };
    let all = vec![
        offer(Trouble::Cut, "Cut from ZooKeeper", cut(links)),
        offer(Trouble::Heal, "Heal the links to ZooKeeper", heal(links)),
    ];
    possible(world, all)
}

/// The links of a broker that can be cut or mended alone: to each other broker, and to every other kind.
pub fn link_offers(world: &World, thing: &Thing) -> Vec<Offer> {
    let Some(broker) = process_of(thing).filter(|id| id.broker().is_some()) else {
        return Vec::new();
    };
    let others = world.hosts().map(|host| host.id);
    let others = others.filter(|id| id.broker().is_some() && *id != broker);
    let others = others.map(|id| (End::Only(id), title(id).to_lowercase()));
    let kinds = [
        (End::Brokers, "the other brokers"),
        (End::Clients, "clients"),
        (End::ZooKeeper, "ZooKeeper"),
    ];
    let kinds = kinds.map(|(end, name)| (end, name.to_owned()));
    let mut offers = Vec::new();
    for (to, name) in others.chain(kinds) {
        let links = Links {
            from: End::Only(broker),
            to,
        };
        offers.push(offer(Trouble::Cut, format!("Cut from {name}"), cut(links)));
        let words = match to {
            End::Only(_) => format!("Heal the link to {name}"),
            _ => format!("Heal the links to {name}"),
        };
        // Where the very links were cut together they are mended together.
        let same = world.network().cuts().any(|cut| *cut == links);
        if same || matches!(to, End::Only(_)) {
            offers.push(offer(Trouble::Heal, words, heal(links)));
        }
    }
    possible(world, offers)
}
