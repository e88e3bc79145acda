//! Which brokers get the replicas of a new topic (`AdminUtils.assignReplicasToBrokers`, without racks).
//!
//! Leaders go round the brokers from a random start; the followers of each partition are the brokers
//! after its leader, at a distance that grows by one with every full round, so that the partitions that
//! one broker leads have their copies on different brokers.

use crate::model::BrokerId;
use crate::protocol::ErrorCode;
use crate::rng::Rng;

/// Where the rounds begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// Which broker leads partition 0.
    pub first: usize,
    /// How far its first follower is.
    pub shift: usize,
}

impl Start {
    /// Two independent draws, as in Kafka.
    pub fn draw(rng: &mut Rng, brokers: usize) -> Start {
        Start {
            first: rng.below(brokers.max(1) as u64) as usize,
            shift: rng.below(brokers.max(1) as u64) as usize,
        }
    }
}

/// That so many partitions with so many replicas can be placed.
///
/// # Errors
/// INVALID_PARTITIONS (37) or INVALID_REPLICATION_FACTOR (38), with a sentence.
pub fn check(
    brokers: usize,
    partitions: i32,
    replication_factor: i32,
) -> Result<(), (ErrorCode, String)> {
    if partitions <= 0 {
        let why = "Number of partitions must be larger than 0.".to_owned();
        return Err((ErrorCode::InvalidPartitions, why));
    }
    if replication_factor <= 0 {
        let why = "Replication factor must be larger than 0.".to_owned();
        return Err((ErrorCode::InvalidReplicationFactor, why));
    }
    if replication_factor as usize > brokers {
        let why = format!(
            "Replication factor: {replication_factor} larger than available brokers: {brokers}."
        );
        return Err((ErrorCode::InvalidReplicationFactor, why));
    }
    Ok(())
}

/// The replicas of partitions `first` to `first + count − 1`, by partition.
///
/// # Panics
/// When there are fewer brokers than replicas: [`check`] comes first.
pub fn assign(
    brokers: &[BrokerId],
    count: usize,
    replication_factor: usize,
    start: Start,
    first: usize,
) -> Vec<Vec<BrokerId>> {
    let n = brokers.len();
    assert!(
        (1..=n).contains(&replication_factor),
        "a partition has its replicas on different brokers"
    );
    let mut shift = start.shift;
    let mut assigned = Vec::with_capacity(count);
    for partition in first..first + count {
        if partition > 0 && partition.is_multiple_of(n) {
            shift += 1;
        }
        let leader = (partition + start.first) % n;
        let mut replicas = vec![brokers[leader]];
        for follower in 0..replication_factor - 1 {
            let distance = 1 + (shift + follower) % (n - 1);
            replicas.push(brokers[(leader + distance) % n]);
        }
        assigned.push(replicas);
    }
    assigned
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assigned(
        n: i32,
        count: usize,
        rf: usize,
        leader: usize,
        shift: usize,
        first: usize,
    ) -> String {
        let brokers: Vec<BrokerId> = (0..n).map(BrokerId).collect();
        let assigned = assign(
            &brokers,
            count,
            rf,
            Start {
                first: leader,
                shift,
            },
            first,
        );
        let lists = assigned.iter().map(|replicas| {
            let ids: Vec<String> = replicas.iter().map(ToString::to_string).collect();
            ids.join("")
        });
        lists.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn replicas_are_placed_as_kafka_places_them() {
        let table = [
            (5, 10, 3, 0, 0, 0, "012 123 234 340 401 023 134 240 301 412"),
            (3, 6, 3, 0, 0, 0, "012 120 201 021 102 210"),
            (3, 6, 2, 1, 0, 0, "12 20 01 10 21 02"),
            (3, 6, 2, 0, 1, 0, "02 10 21 01 12 20"),
            (4, 8, 3, 2, 1, 0, "201 312 023 130 213 320 031 102"),
            (4, 4, 2, 0, 0, 0, "01 12 23 30"),
            (3, 3, 3, 0, 0, 3, "021 102 210"),
            (1, 3, 1, 0, 0, 0, "0 0 0"),
        ];
        for (n, count, rf, leader, shift, first, expected) in table {
            let found = assigned(n, count, rf, leader, shift, first);
            assert_eq!(
                found, expected,
                "{n} brokers, start {leader}, shift {shift}"
            );
        }
    }

    #[test]
    fn impossible_counts_are_refused() {
        let code = |partitions, rf| check(3, partitions, rf).err().map(|(code, _)| code);
        assert_eq!(code(1, 3), None);
        assert_eq!(code(0, 3), Some(ErrorCode::InvalidPartitions));
        assert_eq!(code(-5, 0), Some(ErrorCode::InvalidPartitions));
        assert_eq!(code(1, 0), Some(ErrorCode::InvalidReplicationFactor));
        assert_eq!(code(1, 4), Some(ErrorCode::InvalidReplicationFactor));
    }
}
