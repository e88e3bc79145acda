//! Links are held, cut and slowed, connections reset, processes killed, stopped and frozen, disks slow and
//! clocks wrong, all at random, while producers write and a consumer reads.
//!
//! Which kinds of trouble there are is drawn from the seed, and whether producers number their batches. Every
//! law of `world::invariant` holds at every step; and when everything is well again, so is the cluster:
//! everybody is in sync, every log has the same end, all of it is committed, and nothing that was
//! acknowledged by the whole ISR is lost, unless a machine lost power. `SHAKEN_FROM` and `SHAKEN_COUNT`
//! choose other seeds.

use std::fmt::Write as _;

use kafka_playground::broker::Broker;
use kafka_playground::model::TopicPartition;
use kafka_playground::rng::{Rng, Seed};
use kafka_playground::script;
use kafka_playground::world::History;

/// So many seeds in every run of the tests.
const SEEDS: u64 = 8;

const PARTITIONS: i32 = 4;

/// A world, its load, a minute or so of trouble, and time to recover.
fn script_of(seed: u64) -> String {
    let mut rng = Rng::new(Seed(seed), 77);
    let mut pick = |of: &[&str]| rng.pick(of).expect("something to pick").to_string();
    let lag = pick(&["1000", "2000", "6000"]);
    let timeout = pick(&["800", "3000", "30000"]);
    let min_isr = pick(&["1", "2", "3"]);
    let segment = pick(&["300", "2000", "100000"]);
    let retention = pick(&["", " retention.bytes=20000"]);
    let flush = pick(&["", " flush.messages=1", " flush.messages=20"]);
    let acks = pick(&["all", "all", "1"]);
    let jitter = pick(&["0us", "90us", "900us"]);
    let sessions = pick(&["1000", "2", "0"]);
    let numbers = pick(&["", "", " enable.idempotence=false"]);
    let delivery = pick(&["", " delivery.timeout.ms=4s"]);
    let mut text = format!(
        "world brokers=3 seed={seed} latency=1ms jitter={jitter} replica.lag.time.max.ms={lag} \
         replica.socket.timeout.ms={timeout} controller.socket.timeout.ms={timeout} \
         log.retention.check.interval.ms=3000 \
         max.incremental.fetch.session.cache.slots={sessions}\n\
         topic orders partitions={PARTITIONS} replication=3 min.insync.replicas={min_isr} \
         segment.bytes={segment}{retention}{flush}\n\
         producer p1 acks={acks} request.timeout.ms=1500{delivery}{numbers}\n\
         producer p2 acks={acks} linger.ms=5 request.timeout.ms=1500{numbers}\n\
         consumer c1\n\
         run 500ms\n"
    );
    for client in ["p1", "p2", "c1"] {
        text.push_str(work_of(client));
    }
    let mut trouble = Trouble::new(&mut rng);
    for _ in 0..40 {
        let line = trouble.next(&mut rng);
        writeln!(text, "{line}run {}ms", rng.between(20, 2_500)).expect("text");
    }
    text.push_str(&trouble.end());
    text.push_str("run 5s\nstop-load p1\nstop-load p2\nrun 100s\n");
    // A follower that cut its log learns the high watermark of an idle partition when it next moves.
    for partition in 0..PARTITIONS {
        writeln!(text, "produce p1 orders-{partition} \"last\"").expect("text");
    }
    text.push_str("run 100s\n");
    text
}

/// What a client does from the beginning, and again in each of its lives.
fn work_of(client: &str) -> &'static str {
    match client {
        "p1" => "load p1 orders every=30ms size=60\n",
        "p2" => "load p2 orders every=11ms burst=3 size=20\n",
        "c1" => "assign c1 orders-0 orders-1 orders-2 orders-3\n",
        _ => "",
    }
}

/// Kinds of trouble; each seed has some of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Hold,
    Slow,
    Cut,
    Reset,
    Crash,
    /// A crash that takes what was not flushed.
    PowerLoss,
    Stop,
    Freeze,
    Disk,
    Clock,
}

const KINDS: [Kind; 10] = [
    Kind::Hold,
    Kind::Slow,
    Kind::Cut,
    Kind::Reset,
    Kind::Crash,
    Kind::PowerLoss,
    Kind::Stop,
    Kind::Freeze,
    Kind::Disk,
    Kind::Clock,
];

const PROCESSES: [&str; 6] = ["b1", "b2", "b3", "p1", "p2", "c1"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Running,
    Frozen,
    Gone,
}

/// The trouble that one seed makes, and the state of whom it has made it for.
struct Trouble {
    kinds: Vec<Kind>,
    lives: [Life; 6],
}

impl Trouble {
    fn new(rng: &mut Rng) -> Trouble {
        let mut kinds: Vec<Kind> = (KINDS.into_iter())
            // Losing power loses records, so most seeds go without it.
            .filter(|kind| match kind {
                Kind::PowerLoss => rng.chance(1, 5),
                _ => rng.chance(1, 2),
            })
            .collect();
        if kinds.is_empty() {
            kinds.push(Kind::Crash);
        }
        Trouble {
            kinds,
            lives: [Life::Running; 6],
        }
    }

    /// A line or a few.
    fn next(&mut self, rng: &mut Rng) -> String {
        let kind = *rng.pick(&self.kinds).expect("there is one");
        let link = link(rng);
        match kind {
            Kind::Hold => match rng.below(4) {
                0 | 1 => format!("hold {link}\n"),
                2 => format!("release {link}\n"),
                _ => "release *↔*\n".to_owned(),
            },
            Kind::Slow => format!("latency {link} {}ms\n", rng.below(400)),
            Kind::Cut => match rng.below(6) {
                0 | 1 => format!("cut {link}\n"),
                2 => format!("heal {link}\n"),
                3 => format!(
                    "isolate {} from brokers\n",
                    PROCESSES[rng.below(3) as usize]
                ),
                _ => "heal\n".to_owned(),
            },
            Kind::Reset => format!("reset {link}\n"),
            Kind::Crash => self.end_or_begin(rng, "kill"),
            Kind::PowerLoss => self.end_or_begin(rng, "lose"),
            Kind::Stop => self.end_or_begin(rng, "stop"),
            Kind::Freeze => {
                let who = rng.below(6) as usize;
                let name = PROCESSES[who];
                let (verb, life) = match self.lives[who] {
                    Life::Running => ("freeze", Life::Frozen),
                    Life::Frozen => ("thaw", Life::Running),
                    Life::Gone => return self.restart(who),
                };
                self.lives[who] = life;
                format!("{verb} {name}\n")
            }
            Kind::Disk => {
                let broker = PROCESSES[rng.below(3) as usize];
                match rng.chance(1, 2) {
                    true => format!("disk {broker} slow={}us\n", rng.below(30_000)),
                    false => format!("disk {broker} fine\n"),
                }
            }
            Kind::Clock => {
                let name = PROCESSES[rng.below(6) as usize];
                match rng.below(4) {
                    0 => format!("clock {name} +{}s\n", rng.below(4_000)),
                    1 => format!("clock {name} -{}s\n", rng.below(4_000)),
                    2 => format!("clock {name} drift={}ppm\n", rng.below(900)),
                    _ => format!("clock {name} right\n"),
                }
            }
        }
    }

    fn end_or_begin(&mut self, rng: &mut Rng, how: &str) -> String {
        let who = rng.below(6) as usize;
        let name = PROCESSES[who];
        match self.lives[who] {
            Life::Gone => return self.restart(who),
            Life::Frozen if how == "stop" => {
                self.lives[who] = Life::Running;
                return format!("thaw {name}\n");
            }
            Life::Running | Life::Frozen => self.lives[who] = Life::Gone,
        }
        match how {
            "lose" => format!("kill {name} lossy\n"),
            // A producer takes its time; nobody may be gone before it is.
            "stop" if name.starts_with('p') => format!("kill {name}\n"),
            "stop" if name.starts_with('b') => format!("disk {name} fine\nrun 40ms\nstop {name}\n"),
            _ => format!("{how} {name}\n"),
        }
    }

    fn restart(&mut self, who: usize) -> String {
        self.lives[who] = Life::Running;
        let name = PROCESSES[who];
        format!("restart {name}\n{}", work_of(name))
    }

    /// Everything is well again.
    fn end(&mut self) -> String {
        let mut text = "release *↔*\nheal\nlatency *↔* default\n".to_owned();
        for (who, name) in PROCESSES.into_iter().enumerate() {
            match self.lives[who] {
                Life::Running => {}
                Life::Frozen => text.push_str(&format!("thaw {name}\n")),
                Life::Gone => text.push_str(&self.restart(who)),
            }
            text.push_str(&format!("clock {name} right\n"));
            if name.starts_with('b') {
                text.push_str(&format!("disk {name} fine\n"));
            }
        }
        text
    }
}

/// A link of which at least one end is a broker.
fn link(rng: &mut Rng) -> String {
    let all = PROCESSES;
    let one = rng.below(3) as usize;
    let other = (one + rng.between(1, 5) as usize) % all.len();
    let arrow = if rng.chance(1, 2) { "→" } else { "↔" };
    match rng.chance(1, 2) {
        true => format!("{}{arrow}{}", all[one], all[other]),
        false => format!("{}{arrow}{}", all[other], all[one]),
    }
}

/// What is not well, a line each.
fn complaints(history: &History) -> Vec<String> {
    let mut complaints = Vec::new();
    if let Some(violation) = history.violation() {
        return vec![violation.to_string()];
    }
    let world = history.world();
    let replicas_of = |name: &TopicPartition| {
        let brokers = world.brokers();
        let replicas = brokers.filter_map(|broker| Some((broker.id(), broker.partition(name)?)));
        replicas.collect::<Vec<_>>()
    };
    for partition in 0..PARTITIONS {
        let name = TopicPartition::new("orders", partition);
        let replicas = replicas_of(&name);
        let leader = replicas.iter().find(|(_, replica)| replica.is_leader());
        let Some((_, leader)) = leader else {
            complaints.push(format!("nobody leads {name}"));
            continue;
        };
        if leader.isr().len() != 3 {
            complaints.push(format!("{name} has the ISR {:?}", leader.isr()));
        }
        for (id, replica) in &replicas {
            let ends = (replica.log_end(), replica.high_watermark());
            if ends != (leader.log_end(), leader.log_end()) {
                complaints.push(format!("{name} on broker {id} stands at {ends:?}"));
            }
        }
    }
    let queued = |broker: &Broker| {
        let controller = broker.controller()?;
        controller
            .queues()
            .find(|(_, queue)| queue.waiting().len() > 0)?;
        Some(format!(
            "the controller on broker {} has orders left",
            broker.id()
        ))
    };
    complaints.extend(world.brokers().filter_map(queued));
    let script = history.to_script();
    if script.contains("acks=all") && !script.contains("lossy") {
        let report = history.observed().audit.report(world);
        if report.lost > 0 {
            complaints.push(format!("{report:?}"));
        }
    }
    complaints
}

#[test]
fn a_shaken_cluster_recovers_and_loses_nothing() {
    let setting = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let from: u64 = setting("SHAKEN_FROM").unwrap_or(1);
    let count: u64 = setting("SHAKEN_COUNT").unwrap_or(SEEDS);
    for seed in from..from + count {
        let text = script_of(seed);
        let script = script::parse(&text).unwrap_or_else(|why| panic!("{why:?}\n{text}"));
        let history = script
            .play()
            .unwrap_or_else(|why| panic!("{why:?}\n{text}"));
        let complaints = complaints(&history);
        assert!(
            complaints.is_empty(),
            "seed {seed}: {}\n{text}",
            complaints.join("\n")
        );
    }
}
