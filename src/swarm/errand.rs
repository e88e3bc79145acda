//! What an administrator does while everything runs, as lines.

use super::cluster::{ADMIN, Cluster};
use super::compaction;
use super::kind::Kind;
use super::strike::Strike;
use super::{Budget, Draw};
use crate::broker::OFFSETS_TOPIC;
use crate::model::{TopicName, TopicPartition};
use crate::time::Duration;
use crate::world::World;

/// No topic grows beyond so many partitions.
const MOST_PARTITIONS: usize = 6;
/// So many topics beside those that the run began with.
const MOST_TOPICS: u64 = 3;

/// Draws an errand.
pub(super) fn errand(
    kind: Kind,
    world: &World,
    cluster: &Cluster,
    budget: Budget,
    draw: &mut Draw,
) -> Strike {
    let Some(partition) = a_partition(world, draw) else {
        // Every topic is gone.
        return make_topic(cluster, draw);
    };
    let one = |line: String| Strike {
        begin: vec![line],
        ..Strike::default()
    };
    let mut topic = partition.topic.clone();
    if topic.as_str() == OFFSETS_TOPIC && matches!(kind, Kind::Grow | Kind::Topics) {
        // Who did that would lose every group.
        let Some(other) = a_partition_of_users(world, draw) else {
            return make_topic(cluster, draw);
        };
        topic = other.topic;
    }
    match kind {
        Kind::Settings => one(setting(&topic, cluster, budget, draw)),
        Kind::Move => {
            let mut ids: Vec<u64> = (1..=cluster.brokers).collect();
            let count = draw.pick(&[1, 2, 2, 3, 3, 3]).min(ids.len());
            let mut chosen: Vec<String> = Vec::new();
            for _ in 0..count {
                let at = draw.between(0, ids.len() as u64 - 1);
                chosen.push(ids.remove(at as usize).to_string());
            }
            let chosen = chosen.join(",");
            let begin = format!("move {ADMIN} {partition} {chosen}");
            match draw.chance(1, 4) {
                true => Strike {
                    end: vec![format!("move {ADMIN} {partition} cancel")],
                    lasts: draw.span(1, 3_000),
                    ..one(begin)
                },
                // While it moves, its topic cannot grow.
                false if draw.chance(1, 3) => Strike {
                    begin: vec![
                        begin,
                        format!("add-partitions {ADMIN} {topic} {MOST_PARTITIONS}"),
                    ],
                    ..Strike::default()
                },
                false => one(begin),
            }
        }
        Kind::Elect => {
            let unclean = budget == Budget::Harsh && draw.chance(1, 4);
            let how = if unclean { "unclean" } else { "preferred" };
            one(format!("elect {ADMIN} {partition} {how}"))
        }
        Kind::Grow => {
            let there = world.cluster().topic(&topic);
            let there = there.map_or(0, |topic| topic.partitions.len());
            let more = (there + draw.between(0, 2) as usize).clamp(1, MOST_PARTITIONS);
            one(format!("add-partitions {ADMIN} {topic} {more}"))
        }
        _ => match draw.between(0, 2) {
            0 => make_topic(cluster, draw),
            1 => one(format!("delete-topic {ADMIN} {topic}")),
            // It comes back under its own name, with nothing in it.
            _ => Strike {
                begin: vec![format!("delete-topic {ADMIN} {topic}")],
                end: vec![format!(
                    "create-topic {ADMIN} {topic} partitions={} replication={}",
                    draw.between(1, 3),
                    draw.between(1, cluster.brokers.min(3))
                )],
                lasts: draw.span(1, 5_000),
            },
        },
    }
}

fn make_topic(cluster: &Cluster, draw: &mut Draw) -> Strike {
    let name = format!("spare{}", draw.between(1, MOST_TOPICS));
    let count = draw.between(1, 3);
    let factor = draw.between(1, cluster.brokers.min(4) + 1);
    let mut begin = vec![format!(
        "create-topic {ADMIN} {name} partitions={count} replication={factor}"
    )];
    if let Some((producer, _)) = cluster
        .clients
        .iter()
        .find(|(name, _)| name.starts_with('p'))
    {
        begin.push("run 200ms".to_owned());
        begin.extend((0..3).map(|_| format!("produce {producer} {name} \"spare\"")));
    }
    Strike {
        begin,
        end: Vec::new(),
        lasts: Duration::ZERO,
    }
}

fn setting(topic: &TopicName, cluster: &Cluster, budget: Budget, draw: &mut Draw) -> String {
    let all = [
        "min.insync.replicas=1",
        "min.insync.replicas=2",
        "min.insync.replicas=3",
        "min.insync.replicas",
        "retention.bytes=5000",
        "retention.ms=4000",
        "retention.ms",
        "segment.bytes=400",
        "flush.messages=1",
        "max.message.bytes=300",
        "max.message.bytes",
        "message.timestamp.type=LogAppendTime",
        "message.timestamp.type=CreateTime",
        "min.insync.replicas=0",
    ];
    let uncleanly = [
        "unclean.leader.election.enable=true",
        "unclean.leader.election.enable=false",
    ];
    let change = match budget == Budget::Harsh && draw.chance(1, 4) {
        true => draw.pick(&uncleanly),
        false if cluster.compacts && draw.chance(1, 2) => compaction::setting(draw),
        false => draw.pick(&all),
    };
    format!("alter {ADMIN} {topic} {change}")
}

/// A partition that there is, of a topic that somebody has made.
pub(super) fn a_partition_of_users(world: &World, draw: &mut Draw) -> Option<TopicPartition> {
    let all = || {
        let all = world.cluster().partitions().map(|(name, _)| name);
        all.filter(|name| name.topic.as_str() != OFFSETS_TOPIC)
    };
    let at = draw.between(0, (all().count() as u64).checked_sub(1)?);
    all().nth(at as usize)
}

/// A partition that there is.
pub(super) fn a_partition(world: &World, draw: &mut Draw) -> Option<TopicPartition> {
    let count = world.cluster().partitions().count() as u64;
    let at = draw.between(0, count.checked_sub(1)?);
    let mut all = world.cluster().partitions().map(|(name, _)| name);
    all.nth(at as usize)
}
