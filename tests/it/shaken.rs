//! Links are held, slowed and let go at random while producers write and a consumer reads.
//!
//! Every law of `world::invariant` holds at every step; and when the links are well again, so is the
//! cluster: everybody is in sync, every log has the same end, all of it is committed, and nothing that
//! was acknowledged by the whole ISR is lost. `SHAKEN_FROM` and `SHAKEN_COUNT` choose other seeds.

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
    let acks = pick(&["all", "all", "1"]);
    let jitter = pick(&["0us", "90us", "900us"]);
    let sessions = pick(&["1000", "2", "0"]);
    let mut text = format!(
        "world brokers=3 seed={seed} latency=1ms jitter={jitter} replica.lag.time.max.ms={lag} \
         replica.socket.timeout.ms={timeout} controller.socket.timeout.ms={timeout} \
         log.retention.check.interval.ms=3000 \
         max.incremental.fetch.session.cache.slots={sessions}\n\
         topic orders partitions={PARTITIONS} replication=3 min.insync.replicas={min_isr} \
         segment.bytes={segment}{retention}\n\
         producer p1 acks={acks} request.timeout.ms=1500\n\
         producer p2 acks={acks} linger.ms=5 request.timeout.ms=1500\n\
         consumer c1\n\
         run 500ms\n\
         load p1 orders every=30ms size=60\n\
         load p2 orders every=11ms burst=3 size=20\n\
         assign c1 orders-0 orders-1 orders-2 orders-3\n"
    );
    for _ in 0..40 {
        let link = link(&mut rng);
        let trouble = match rng.below(5) {
            0 | 1 => format!("hold {link}"),
            2 => format!("release {link}"),
            3 => format!("latency {link} {}ms", rng.below(400)),
            _ => "release *↔*".to_owned(),
        };
        writeln!(text, "{trouble}\nrun {}ms", rng.between(20, 2_500)).expect("text");
    }
    text.push_str(
        "release *↔*\nlatency *↔* default\nrun 5s\nstop-load p1\nstop-load p2\nrun 200s\n",
    );
    text
}

/// A link of which at least one end is a broker.
fn link(rng: &mut Rng) -> String {
    let all = ["b1", "b2", "b3", "p1", "p2", "c1"];
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
        let (_, leader) = leader.expect("nobody loses the lead here");
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
    if history.to_script().contains("acks=all") {
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
