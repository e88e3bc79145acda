//! What is done seldom: slow links, packets that stand still, connections that end, machines without power,
//! sessions, disks and clocks.

use super::links::{everything, pair};
use super::{Offer, Trouble, offer, possible, process_of, title};
use crate::fact::Crash;
use crate::model::ProcessId;
use crate::stage::Thing;
use crate::time::Duration;
use crate::world::{ClockSetting, Command, DiskState, Links, Ways, World};

/// What a slow link takes, and what each write to a slow disk.
const SLOW_LINK: Duration = Duration::from_millis(400);
const SLOW_DISK: Duration = Duration::from_millis(200);
/// How far a wrong clock is ahead, in microseconds, and how far behind.
const HOUR: i64 = 3_600_000_000;
/// What a bad clock gains, in millionths.
const DRIFT: i32 = 50_000;

/// The further things that can be done to a process or a link.
pub fn more_offers(world: &World, thing: &Thing) -> Vec<Offer> {
    let offers = match thing {
        Thing::Link(a, b) => of_link(*a, *b),
        _ => process_of(thing)
            .filter(|id| world.host(*id).is_some_and(|host| host.socket().is_none()))
            .map(of_process)
            .unwrap_or_default(),
    };
    possible(world, offers)
}

fn of_link(a: ProcessId, b: ProcessId) -> Vec<Offer> {
    let one_way = |from: ProcessId, to: ProcessId| {
        let (links, ways) = (pair(from, to), Ways::One);
        let names = format!("{} → {}", title(from), title(to));
        let mended = Command::Heal { links, ways };
        [
            offer(
                Trouble::Cut,
                format!("Cut only {names}"),
                Command::Cut { links, ways },
            ),
            offer(Trouble::Heal, format!("Heal only {names}"), mended),
        ]
    };
    let mut offers: Vec<Offer> = one_way(a, b).into_iter().chain(one_way(b, a)).collect();
    offers.extend(of_links(pair(a, b)));
    offers
}

fn of_links(links: Links) -> [Offer; 5] {
    let ways = Ways::Both;
    let latency = |latency| Command::Latency {
        links,
        ways,
        latency,
    };
    [
        offer(
            Trouble::Pace,
            format!("Slow to {SLOW_LINK}"),
            latency(Some(SLOW_LINK)),
        ),
        offer(Trouble::Pace, "Normal speed", latency(None)),
        offer(Trouble::Hold, "Hold packets", Command::Hold { links, ways }),
        offer(
            Trouble::Hold,
            "Release packets",
            Command::Release { links, ways },
        ),
        offer(
            Trouble::Reset,
            "Reset connections",
            Command::Reset { links },
        ),
    ]
}

fn of_process(process: ProcessId) -> Vec<Offer> {
    let mut offers: Vec<Offer> = of_links(everything(process)).into();
    let crash = Crash::Machine;
    let clock = |setting| Command::Clock {
        host: process,
        setting,
    };
    let disk = |state| Command::Disk {
        broker: process,
        state,
    };
    if !matches!(process, ProcessId::Broker(_) | ProcessId::ZooKeeper(_)) {
        // Of a client's disk and session there is nothing to break; its clock stamps records.
        offers.extend(clocks(clock));
        return offers;
    }
    offers.push(offer(
        Trouble::PowerOff,
        "Power off, lose what is unflushed",
        Command::Kill { process, crash },
    ));
    if process.broker().is_some() {
        offers.extend([
            offer(
                Trouble::Expire,
                "Expire its session",
                Command::Expire { process },
            ),
            offer(
                Trouble::Disk,
                format!("Disk takes {SLOW_DISK} a write"),
                disk(DiskState::Slow(SLOW_DISK)),
            ),
            offer(Trouble::Disk, "Disk fails", disk(DiskState::Fails)),
            offer(Trouble::Disk, "Disk is fine", disk(DiskState::Fine)),
        ]);
    }
    offers.extend(clocks(clock));
    offers
}

fn clocks(clock: impl Fn(ClockSetting) -> Command) -> [Offer; 4] {
    let set = |words: &str, setting| offer(Trouble::Clock, words, clock(setting));
    [
        set("Clock 1 h ahead", ClockSetting::Ahead(HOUR)),
        set("Clock 1 h behind", ClockSetting::Ahead(-HOUR)),
        set("Clock drifts 5 %", ClockSetting::Drift(DRIFT)),
        set("Clock right", ClockSetting::Right),
    ]
}
