//! Hand-made snapshots: the cluster of the first-run picture and the pieces other figures are made of.

use kafka_playground::log::CleanupPolicy;
use kafka_playground::model::{BrokerId, Offset, ProcessId, TopicName, TopicPartition};
use kafka_playground::stage::density::Density;
use kafka_playground::stage::keys::Keys;
use kafka_playground::stage::snapshot::*;
use kafka_playground::time::{Duration, Instant};

/// The drivers in order of first appearance.
pub const DRIVERS: [&str; 10] = [
    "chen", "farah", "goran", "kofi", "asha", "bruno", "dina", "jonas", "mira", "pia",
];

pub const LOCATIONS: &str = "driver-locations";

pub fn mark(driver: &str) -> KeyMark {
    Keys::of(DRIVERS).mark(driver)
}

pub fn marks(drivers: &[&str]) -> Vec<KeyMark> {
    drivers.iter().map(|driver| mark(driver)).collect()
}

/// A repeatable sequence of keys.
pub fn pick<'a>(seed: u32, keys: &[&'a str], n: usize) -> Vec<&'a str> {
    let mut state = seed;
    (0..n)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            keys[((u64::from(state) * keys.len() as u64) >> 32) as usize]
        })
        .collect()
}

pub fn id(partition: i32) -> TopicPartition {
    TopicPartition::new(LOCATIONS, partition)
}

/// Records from an offset on; at and above the high watermark they are open.
pub fn cells(from: i64, keys: &[KeyMark], hw: i64) -> Vec<Cell> {
    keys.iter()
        .zip(from..)
        .map(|(key, offset)| Cell {
            offset: Offset(offset),
            key: key.clone(),
            state: if offset < hw {
                CellState::Committed
            } else {
                CellState::Open
            },
        })
        .collect()
}

pub fn replica(broker: i32, role: Role, from: i64, keys: &[KeyMark], hw: i64) -> Replica {
    Replica {
        broker: BrokerId(broker),
        role,
        log_start: Offset(0),
        log_end: Offset(from + keys.len() as i64),
        high_watermark: (!role.is_offline()).then_some(Offset(hw)),
        cells: cells(from, keys, hw),
        known_from: Offset(from),
        parts_at: None,
        segments: vec![Offset(0)],
    }
}

pub fn partition(number: i32, leader: i32, isr: &[i32], replicas: Vec<Replica>) -> Partition {
    Partition {
        id: id(number),
        leader: (leader > 0).then_some(BrokerId(leader)),
        isr: isr.iter().map(|id| BrokerId(*id)).collect(),
        replicas,
        rate: 1.0,
        written: 1.0,
        density: Density::Letters,
        activity: Vec::new(),
    }
}

pub fn topic(name: &str, partitions: Vec<Partition>) -> Topic {
    Topic {
        name: TopicName::new(name),
        policy: CleanupPolicy::Delete,
        partitions,
    }
}

pub fn broker(number: i32, state: BrokerState) -> Broker {
    Broker {
        id: BrokerId(number),
        host: format!("broker-{number}:9092").into(),
        state,
        session: None,
        controller: number == 1,
        deposed: false,
        chips: Vec::new(),
        keeper: None,
    }
}

pub fn brokers(n: i32) -> Vec<Broker> {
    (1..=n)
        .map(|number| broker(number, BrokerState::Up))
        .collect()
}

/// A producer that believes the given brokers to lead the partitions 0, 1, 2, … (0: no opinion).
pub fn producer(number: u16, name: &str, held: &[&str], leaders: &[i32]) -> Producer {
    Producer {
        id: ProcessId::Producer(number),
        name: name.into(),
        kind: "producer".into(),
        acks: None,
        state: ClientState::Active,
        held: marks(held),
        holds: held.len(),
        note: Vec::new(),
        retry: None,
        writes: leaders
            .iter()
            .enumerate()
            .map(|(partition, leader)| Aim {
                partition: id(partition as i32),
                broker: (*leader > 0).then_some(BrokerId(*leader)),
            })
            .collect(),
    }
}

/// One partition read from a broker (0: waiting for a leader).
pub fn reading(number: i32, leader: i32, position: i64, committed: Option<i64>) -> Reading {
    Reading {
        partition: id(number),
        broker: (leader > 0).then_some(BrokerId(leader)),
        position: Some(Offset(position)),
        committed: committed.map(Offset),
        lag: None,
    }
}

pub fn consumer(number: u16, group: &str, reads: Vec<Reading>, note: &[&str]) -> Consumer {
    Consumer {
        id: ProcessId::Consumer(number),
        name: format!("C{number}").into(),
        kind: None,
        group: (!group.is_empty()).then(|| group.into()),
        leads: false,
        state: ClientState::Active,
        note: note.iter().map(|line| (*line).into()).collect(),
        reads,
        handling: None,
    }
}

pub fn zookeeper(line: &str) -> ZooKeeper {
    ZooKeeper {
        servers: (1..=3)
            .map(|n| Server {
                id: ProcessId::ZooKeeper(n),
                leads: n == 1,
                state: ServerState::Up,
            })
            .collect(),
        line: vec![Word::Plain(line.into())],
        znodes: Vec::new(),
        quorum: true,
        written: None,
        cuts: Vec::new(),
    }
}

/// The instant of every hand-made picture.
pub const NOW: Instant = Instant::from_millis(4_020);

/// Something that has made this part of its way at [`NOW`].
pub fn traveller(
    id: u64,
    load: Load,
    from: ProcessId,
    to: ProcessId,
    partition: Option<TopicPartition>,
    part: f64,
) -> Traveller {
    let passed = Duration::from_micros((part * 420_000.0) as u64);
    Traveller {
        id,
        load,
        from,
        to,
        partition,
        sent_at: NOW.before(passed),
        arrives_at: NOW.before(passed) + Duration::from_millis(420),
    }
}

pub fn request(drivers: &[&str]) -> Load {
    Load::Request {
        keys: marks(drivers),
    }
}

pub fn answer(label: &str) -> Load {
    Load::Answer {
        label: label.into(),
    }
}
