//! Making trouble: what can be done to a thing on the stage, as the commands that do it.
//!
//! Buttons, keys and the inspector ask here, so that they all do the same. What is offered is what the world
//! would carry out at this instant: nobody is killed twice. What it would carry out without anything being
//! different afterwards is neither offered nor done ([`idle`]).
//!
//! `links` has what is done to links, `groups` what is done to groups, `more` what is done seldom, `idle` what would change nothing.

mod groups;
mod idle;
mod links;
mod more;

use crate::fact::Crash;
use crate::model::{BrokerId, ProcessId};
use crate::stage::Thing;
use crate::world::{Command, End, Host, Life, Links, Ways, World};

pub use groups::{first_group, next_consumer};
pub use idle::idle;
pub use links::link_offers;
pub use more::more_offers;

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
    /// Packets take longer, or as long as planned.
    Pace,
    /// Packets stand still where they are, or go on.
    Hold,
    /// Connections are over.
    Reset,
    /// The machine loses power, and what was not flushed with it.
    PowerOff,
    /// The session with ZooKeeper is over.
    Expire,
    Disk,
    Clock,
    /// A group gets another consumer.
    Join,
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
        // A broker has one line to ZooKeeper, whichever server is at its end.
        Thing::Link(server @ ProcessId::ZooKeeper(_), broker @ ProcessId::Broker(_))
        | Thing::Link(broker @ ProcessId::Broker(_), server @ ProcessId::ZooKeeper(_)) => {
            let mut offers = links::to_keepers(world, *broker);
            offers.extend(links::between(world, *broker, *server));
            offers
        }
        Thing::Link(a, b) => links::between(world, *a, *b),
        Thing::Group(name) => groups::of_group(world, name).into_iter().collect(),
        _ => process_of(thing)
            .filter(|id| world.host(*id).is_some_and(|host| host.socket().is_none()))
            .map(|id| of_process(world, id))
            .unwrap_or_default(),
    };
    possible(world, offers)
}

/// Of some offers those that the world would carry out, and that would change something.
fn possible(world: &World, offers: Vec<Offer>) -> Vec<Offer> {
    let can = |offer: &Offer| world.can_perform(&offer.command).is_ok();
    let does = |offer: &Offer| idle(world, &offer.command).is_none();
    let offers = offers.into_iter();
    offers.filter(|offer| can(offer) && does(offer)).collect()
}

/// What puts every link in order again; nothing when all are.
pub fn heal_all(world: &World) -> Vec<Command> {
    let all = Links {
        from: End::Any,
        to: End::Any,
    };
    let mut commands = Vec::new();
    if world.network().cuts().next().is_some() {
        commands.push(links::heal(all));
    }
    if world.network().holds().next().is_some() {
        commands.push(Command::Release {
            links: all,
            ways: Ways::Both,
        });
    }
    commands
}

fn offer(trouble: Trouble, words: impl Into<String>, command: Command) -> Offer {
    Offer {
        trouble,
        words: words.into(),
        command,
    }
}

fn of_process(world: &World, id: ProcessId) -> Vec<Offer> {
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
    if matches!(id, ProcessId::Broker(_) | ProcessId::Consumer(_)) {
        offers.push(offer(Trouble::Stop, "Stop", Command::Stop { process: id }));
    }
    let freeze = Command::Freeze { process: id };
    offers.push(offer(Trouble::Freeze, "Freeze", freeze));
    offers.extend(links::whole(world, id));
    let group = world.host(id).and_then(groups::group_of);
    offers.extend(group.and_then(|group| groups::of_group(world, group)));
    offers
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
        let both = "Cut from ZooKeeper, Cut the link";
        assert_eq!(words(session.world(), "b1~zk1"), both);
        assert_eq!(words(session.world(), "topic:driver-locations"), "");
        let steps = [
            ("b2", "Freeze", "Thaw, Kill"),
            ("b2", "Thaw", all),
            ("b2", "Cut off", "Kill, Stop, Freeze, Heal"),
            ("b2", "Heal", all),
            ("b1~b2", "Cut the link", "Heal the link"),
            ("b1~b2", "Heal the link", "Cut the link"),
            ("b1", "Cut off", "Kill, Stop, Freeze, Heal"),
            ("b1~b2", "Heal the links of broker 1", "Cut the link"),
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
    fn a_group_gets_consumers_like_those_that_it_has() {
        let mut session = Book::read().first_session().unwrap();
        assert_eq!(first_group(session.world()), None);
        assert_eq!(words(session.world(), "c1"), "Kill, Stop, Freeze, Cut off");
        let line = "consumer c9 group.id=readers subscribe=driver-locations group.instance.id=x";
        perform(&mut session, line).unwrap();
        let group = first_group(session.world()).unwrap();
        assert_eq!(group.to_string(), "group:readers");
        let add = offers(session.world(), &group).remove(0);
        assert_eq!(
            words(session.world(), "c9"),
            "Kill, Stop, Freeze, Cut off, Add a consumer"
        );
        session.perform(add.command).unwrap();
        let consumer = session.world().host(ProcessId::Consumer(10)).unwrap();
        let config = consumer.consumer().unwrap().config();
        assert_eq!(&*config.group_id, "readers");
        assert_eq!(config.subscribe.0, ["driver-locations".into()]);
        assert_eq!(
            config.instance(),
            None,
            "a name that comes back is one consumer's"
        );
    }

    fn perform(session: &mut crate::session::Session, line: &str) -> Result<(), String> {
        let Ok(crate::script::Action::Command(command)) = crate::script::parse_line(line) else {
            panic!("{line} is a command")
        };
        match idle(session.world(), &command) {
            Some(sentence) => Err(sentence),
            None => session.perform(command).map_err(|refused| refused.0),
        }
    }

    #[test]
    fn what_would_change_nothing_is_not_offered_and_not_done() {
        let mut session = Book::read().first_session().unwrap();
        perform(&mut session, "cut b1").unwrap();
        let thing = Thing::parse("b1").unwrap();
        let words: Vec<String> = link_offers(session.world(), &thing)
            .into_iter()
            .map(|offer| offer.words)
            .collect();
        assert!(words.is_empty(), "{words:?}");
        for (line, sentence) in [
            (
                "cut b1",
                "cut b1 changes nothing: it is cut already. heal b1 mends it.",
            ),
            ("cut b1↔b2", "cut b1↔b2 changes nothing: it is cut already."),
            (
                "heal b1↔b2",
                "heal b1↔b2 changes nothing: cut b1 covers it. heal b1 mends that.",
            ),
            (
                "heal b2↔b3",
                "heal b2↔b3 changes nothing: nothing is cut there.",
            ),
            (
                "cut b2↔b2",
                "cut b2↔b2 changes nothing: nobody has a link to itself.",
            ),
            (
                "release b2",
                "release b2 changes nothing: nothing is held there.",
            ),
            (
                "disk b2 fine",
                "disk b2 fine changes nothing: it is so already.",
            ),
            (
                "clock b2 right",
                "clock b2 right changes nothing: it is so already.",
            ),
            (
                "latency b2 default",
                "latency b2 default changes nothing: it is so already.",
            ),
            (
                "reset c1↔zk1",
                "reset c1↔zk1 changes nothing: no connection goes there.",
            ),
        ] {
            let said = perform(&mut session, line).expect_err(line);
            assert!(said.starts_with(sentence), "{line}: {said}");
        }
    }

    #[test]
    fn every_further_fault_can_be_made_and_mended() {
        let mut session = Book::read().first_session().unwrap();
        let mut tried = 0;
        for name in ["b2", "p1", "zk1", "b1~b3", "p1~b2"] {
            let thing = Thing::parse(name).unwrap();
            for found in more_offers(session.world(), &thing) {
                let idle = idle(session.world(), &found.command);
                assert_eq!(idle, None, "{}", found.words);
                session.perform(found.command).unwrap();
                session.undo().unwrap();
                tried += 1;
            }
        }
        assert!(tried > 25, "{tried}");
    }

    #[test]
    fn all_links_are_healed_at_once() {
        let mut session = Book::read().first_session().unwrap();
        assert!(heal_all(session.world()).is_empty());
        for offer in link_offers(session.world(), &Thing::parse("b2").unwrap()) {
            session.perform(offer.command).unwrap();
        }
        let cut = session.world().network().cuts().count();
        assert!(cut >= 6, "two brokers and ZooKeeper, each way: {cut}");
        for command in heal_all(session.world()) {
            session.perform(command).unwrap();
        }
        assert!(heal_all(session.world()).is_empty());
    }
}
