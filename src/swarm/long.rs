//! Long calm runs: hours in which not much is asked of a cluster and not much befalls it.
//!
//! What takes minutes or hours is never due in a run of a minute: old segments, settings that expire, cleaners that
//! rest, leaders that are brought back to where they belong every five minutes, sessions that are kept for hours. So
//! the clusters of these runs keep the times that Kafka has by default, or nearly; their clients write a
//! record now and then; a fault comes every few minutes; and in the end everything must be well again, as after
//! any other run. An hour of such a run costs little more than a minute of a busy one.
//!
//! They are clusters as all others are drawn, with another hand: what would hurry them is left out.

use std::fmt::Write as _;

use super::Draw;
use super::cluster::Cluster;

/// The random numbers of these runs, beside those of everything else.
pub(super) const STREAM: u64 = 0x10;

/// Settings of brokers that would hurry them; what a shorter way takes, such as fewer slots, stays.
const HURRIES_BROKERS: [&str; 12] = [
    "zookeeper.tickTime",
    "zookeeper.session.timeout.ms",
    "replica.lag.time.max.ms",
    "replica.socket.timeout.ms",
    "controller.socket.timeout.ms",
    "replica.fetch.wait.max.ms",
    "replica.fetch.backoff.ms",
    "leader.imbalance.check.interval.seconds",
    "replica.high.watermark.checkpoint.interval.ms",
    "controlled.shutdown.retry.backoff.ms",
    "log.retention.check.interval.ms",
    "log.cleaner.backoff.ms",
];

/// Settings of topics that would keep the cleaner and retention at work.
const HURRIES_TOPICS: [&str; 6] = [
    "segment.bytes",
    "retention.bytes",
    "retention.ms",
    "delete.retention.ms",
    "max.compaction.lag.ms",
    "min.compaction.lag.ms",
];

/// Settings of clients that would have them give up early, or ask all the time.
const HURRIES_CLIENTS: [&str; 4] = [
    "request.timeout.ms",
    "delivery.timeout.ms",
    "fetch.min.bytes",
    "fetch.max.wait.ms",
];

/// The same cluster, with time.
pub(super) fn at_ease(cluster: Cluster, draw: &mut Draw) -> Cluster {
    let mut plan = String::new();
    for line in cluster.plan().lines() {
        let verb = line.split(' ').next().unwrap_or_default();
        let mut line = match verb {
            "world" => without(line, &HURRIES_BROKERS),
            "topic" => without(line, &HURRIES_TOPICS),
            _ => without(line, &HURRIES_CLIENTS),
        };
        if verb == "world" && !line.contains("offsets.retention.minutes") && draw.chance(1, 2) {
            let minutes = draw.pick(&[10, 60, 1_440]);
            let _ = write!(line, " offsets.retention.minutes={minutes}");
        }
        if verb == "topic" {
            // An hour instead of a week: the run has but a few.
            let keep = draw.pick(&[600_000, 1_800_000, 3_600_000, 604_800_000]);
            let segment = draw.pick(&[300_000, 1_200_000, 604_800_000]);
            let _ = write!(line, " retention.ms={keep} segment.ms={segment}");
            if line.contains("cleanup.policy=compact") {
                let stays = draw.pick(&[600_000, 86_400_000]);
                let _ = write!(line, " delete.retention.ms={stays}");
            }
        }
        plan.push_str(&line);
        plan.push('\n');
    }
    let clients = cluster.clients.iter();
    let clients = clients.map(|(name, work)| (name.clone(), seldom(work, draw)));
    let clients = clients.collect();
    cluster.at_ease(plan, clients)
}

/// A line without some of its settings.
fn without(line: &str, settings: &[&str]) -> String {
    let words = line.split(' ').filter(|word| {
        let name = word.split('=').next().unwrap_or_default();
        !settings.contains(&name)
    });
    words.collect::<Vec<_>>().join(" ")
}

/// The work of a client, done more seldom.
fn seldom(work: &str, draw: &mut Draw) -> String {
    let words = work
        .split(' ')
        .map(|word| match word.starts_with("every=") {
            true => format!("every={}ms", draw.between(2_000, 60_000)),
            false => word.to_owned(),
        });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script;
    use crate::swarm::Budget;

    #[test]
    fn every_plan_at_ease_can_be_and_keeps_the_times_that_kafka_has() {
        for seed in 1..200 {
            let budget = Budget::of(seed);
            let mut draw = Draw::new(seed, budget.stream());
            let cluster = Cluster::draw(seed, budget, "", &mut draw);
            let hurried = cluster.plan().to_owned();
            let cluster = at_ease(cluster, &mut draw);
            let plan = script::parse(cluster.plan())
                .unwrap_or_else(|why| panic!("{why}"))
                .plan;
            let before = script::parse(&hurried).expect("it could be").plan;
            assert_eq!(plan.brokers.len(), before.brokers.len());
            let line = cluster.plan().lines().next().unwrap_or_default();
            assert!(
                !line.contains("zookeeper.session.timeout") && !line.contains("lag.time"),
                "{line}"
            );
            for work in cluster.beginning() {
                script::parse_line(work).unwrap_or_else(|why| panic!("{work}: {why}"));
                assert!(!work.contains("every=5ms"), "{work}");
            }
        }
    }
}
