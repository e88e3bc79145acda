//! Making trouble: what can be done to a thing on the stage, as the commands that do it.
//!
//! Buttons, keys and the inspector ask here, so that they all do the same. What is offered is what the world
//! would carry out at this instant: nobody is killed twice.

use crate::fact::Crash;
use crate::model::{BrokerId, ProcessId};
use crate::stage::Thing;
use crate::world::{Command, End, Host, Life, Links, Ways, World};

/// Something that can be done to a process or a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The process dies without a word.
    Kill,
    /// The process is asked to end in order.
    Stop,
    Restart,
    Freeze,
    Thaw,
    /// No packet comes through any more.
    Cut,
    Heal,
}

/// What is offered: the trouble, whom it concerns in words, and the command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    pub trouble: Trouble,
    /// "Kill", "Cut off", "Cut from broker 3".
    pub words: String,
    pub command: Command,
}

/// The process that a thing is, or on which it lies.
pub fn process_of(thing: &Thing) -> Option<ProcessId> {
    match thing {
        Thing::Process(id) => Some(*id),
        Thing::Replica(_, broker) | Thing::Copy(_, _, broker) => Some(ProcessId::from(*broker)),
        _ => None,
    }
}

/// What a process is called in a sentence: "Broker 2".
pub fn title(id: ProcessId) -> String {
    match id.broker() {
        Some(broker) => format!("Broker {broker}"),
        None => id.to_string(),
    }
}

/// What can be done to a thing, the most telling first.
pub fn offers(world: &World, thing: &Thing) -> Vec<Offer> {
    let offers = match thing {
        Thing::Link(a, b) => vec![link_offer(world, *a, *b, "Cut the link", "Heal the link")],
        _ => process_of(thing)
            .filter(|id| world.host(*id).is_some_and(|host| host.socket().is_none()))
            .map(|id| of_process(world, id))
            .unwrap_or_default(),
    };
    let can = |offer: &Offer| world.can_perform(&offer.command).is_ok();
    offers.into_iter().filter(can).collect()
}

/// The links of a broker to the others and to ZooKeeper, each of which can be cut alone.
pub fn link_offers(world: &World, thing: &Thing) -> Vec<Offer> {
    let Some(broker) = process_of(thing).filter(|id| id.broker().is_some()) else {
        return Vec::new();
    };
    let others = world.hosts().map(|host| host.id);
    let others = others.filter(|id| id.broker().is_some() && *id != broker);
    let mut offers: Vec<Offer> = others
        .map(|other| {
            let name = title(other).to_lowercase();
            let (cut, heal) = (
                format!("Cut from {name}"),
                format!("Heal the link to {name}"),
            );
            link_offer(world, broker, other, &cut, &heal)
        })
        .collect();
    let keepers = Links {
        from: End::Only(broker),
        to: End::ZooKeeper,
    };
    let cut = world.network().cuts().any(|links| *links == keepers);
    offers.push(match cut {
        true => Offer {
            trouble: Trouble::Heal,
            words: "Heal the links to ZooKeeper".to_owned(),
            command: heal(keepers),
        },
        false => Offer {
            trouble: Trouble::Cut,
            words: "Cut from ZooKeeper".to_owned(),
            command: cut_both(keepers),
        },
    });
    offers
}

/// What puts every link in order again; nothing when all are.
pub fn heal_all(world: &World) -> Vec<Command> {
    let all = Links {
        from: End::Any,
        to: End::Any,
    };
    let mut commands = Vec::new();
    if world.network().cuts().next().is_some() {
        commands.push(heal(all));
    }
    if world.network().holds().next().is_some() {
        commands.push(Command::Release {
            links: all,
            ways: Ways::Both,
        });
    }
    commands
}

fn of_process(world: &World, id: ProcessId) -> Vec<Offer> {
    let offer = |trouble, words: &str, command| Offer {
        trouble,
        words: words.to_owned(),
        command,
    };
    let kill = Command::Kill {
        process: id,
        crash: Crash::Process,
    };
    let life = world.host(id).map_or(Life::Running, Host::life);
    if let Life::Frozen { .. } = life {
        return vec![
            offer(Trouble::Thaw, "Thaw", Command::Thaw { process: id }),
            offer(Trouble::Kill, "Kill", kill),
        ];
    }
    if !life.is_alive() {
        let restart = Command::Restart { process: id };
        return vec![offer(Trouble::Restart, "Restart", restart)];
    }
    let mut offers = vec![offer(Trouble::Kill, "Kill", kill)];
    if id.broker().is_some() {
        offers.push(offer(Trouble::Stop, "Stop", Command::Stop { process: id }));
    }
    let freeze = Command::Freeze { process: id };
    offers.push(offer(Trouble::Freeze, "Freeze", freeze));
    let links = everything(id);
    let network = world.network();
    offers.push(if network.cuts().any(|cut| *cut == links) {
        offer(Trouble::Heal, "Heal", heal(links))
    } else if network.holds().any(|hold| *hold == links) {
        let ways = Ways::Both;
        offer(Trouble::Heal, "Heal", Command::Release { links, ways })
    } else {
        offer(Trouble::Cut, "Cut off", cut_both(links))
    });
    offers
}

fn everything(id: ProcessId) -> Links {
    Links {
        from: End::Only(id),
        to: End::Any,
    }
}

fn cut_both(links: Links) -> Command {
    Command::Cut {
        links,
        ways: Ways::Both,
    }
}

fn heal(links: Links) -> Command {
    Command::Heal {
        links,
        ways: Ways::Both,
    }
}

fn link_offer(world: &World, a: ProcessId, b: ProcessId, cut: &str, healed: &str) -> Offer {
    let links = Links {
        from: End::Only(a),
        to: End::Only(b),
    };
    let network = world.network();
    let ways = Ways::Both;
    if network.is_cut(a, b) || network.is_cut(b, a) {
        return Offer {
            trouble: Trouble::Heal,
            words: healed.to_owned(),
            command: heal(links),
        };
    }
    if network.is_held(a, b) || network.is_held(b, a) {
        return Offer {
            trouble: Trouble::Heal,
            words: healed.to_owned(),
            command: Command::Release { links, ways },
        };
    }
    Offer {
        trouble: Trouble::Cut,
        words: cut.to_owned(),
        command: cut_both(links),
    }
}

/// A broker whose process does not run, if there is one.
pub fn downed(world: &World, broker: BrokerId) -> bool {
    let host = world.host(ProcessId::from(broker));
    host.is_some_and(|host| !host.life().is_alive())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::book::Book;
    use crate::time::Instant;

    fn words(world: &World, thing: &str) -> String {
        let thing = Thing::parse(thing).unwrap();
        let offers = offers(world, &thing);
        let words: Vec<String> = offers.into_iter().map(|offer| offer.words).collect();
        words.join(", ")
    }

    #[test]
    fn what_is_offered_is_what_can_be_done() {
        let mut session = Book::read().first_session().unwrap();
        let all = "Kill, Stop, Freeze, Cut off";
        assert_eq!(words(session.world(), "b2"), all);
        assert_eq!(words(session.world(), "driver-locations-0/b2"), all);
        assert_eq!(words(session.world(), "zk1"), "Kill, Freeze, Cut off");
        assert_eq!(words(session.world(), "b1~b2"), "Cut the link");
        assert_eq!(words(session.world(), "topic:driver-locations"), "");
        let steps = [
            ("b2", "Freeze", "Thaw, Kill"),
            ("b2", "Thaw", all),
            ("b2", "Cut off", "Kill, Stop, Freeze, Heal"),
            ("b2", "Heal", all),
            ("b1~b2", "Cut the link", "Heal the link"),
            ("b1~b2", "Heal the link", "Cut the link"),
            ("b2", "Kill", "Restart"),
            ("b2", "Restart", all),
        ];
        for (at, (name, wanted, then)) in steps.into_iter().enumerate() {
            let thing = Thing::parse(name).unwrap();
            let mut found = offers(session.world(), &thing).into_iter();
            let offer = found.find(|offer| offer.words == wanted).unwrap();
            session.perform(offer.command).unwrap();
            session.seek(Instant::from_secs(5 + at as u64));
            assert_eq!(words(session.world(), name), then, "after {wanted} {name}");
        }
    }

    #[test]
    fn all_links_are_healed_at_once() {
        let mut session = Book::read().first_session().unwrap();
        assert!(heal_all(session.world()).is_empty());
        for offer in link_offers(session.world(), &Thing::parse("b2").unwrap()) {
            session.perform(offer.command).unwrap();
        }
        let cut = session.world().network().cuts().count();
        assert_eq!(cut, 6, "two brokers and ZooKeeper, each way");
        for command in heal_all(session.world()) {
            session.perform(command).unwrap();
        }
        assert!(heal_all(session.world()).is_empty());
    }
}
