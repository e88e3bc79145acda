//! What a cleaning takes of memory and of time, on logs that are made to be hard on it.

use kafka_playground::log::{Log, LogConfig};
use kafka_playground::model::{LeaderEpoch, Offset};
use kafka_playground::protocol::records::{BatchBuilder, Codec};
use kafka_playground::time::Timestamp;

use crate::memory::peak_of;

const WALL: Timestamp = Timestamp(1_700_000_000_000);

fn config(segment_bytes: &str) -> LogConfig {
    let mut config = LogConfig::default();
    for (name, value) in [
        ("cleanup.policy", "compact"),
        ("segment.bytes", segment_bytes),
    ] {
        config.set(name, value).expect("a setting");
    }
    config
}

fn append(log: &mut Log, builder: BatchBuilder, config: &LogConfig) {
    log.append_as_leader(&builder.build_batch(), LeaderEpoch(0), WALL, config);
}

/// How many records are left.
fn left(log: &Log) -> usize {
    let batches = log.batches(Offset(0), log.end());
    batches.map(|stored| stored.batch().records().count()).sum()
}

#[test]
fn cleaning_inflates_one_batch_at_a_time() {
    const BATCHES: usize = 60;
    const HALF: usize = 512 << 10;
    let config = config("2000");
    let mut log = Log::new(Offset(0), WALL);
    for n in 0..BATCHES {
        let mut builder = BatchBuilder::new(Codec::Gzip);
        // A short key and a long one, of which only the first is written again.
        let (short, mut long) = (format!("{}", n % 50), format!("{n}:").into_bytes());
        long.resize(HALF, b'k');
        builder.append(WALL.0, Some(short.as_bytes()), Some(&[0; HALF]), &[]);
        builder.append(WALL.0, Some(&long), Some(b"v"), &[]);
        append(&mut log, builder, &config);
    }
    assert!(log.bytes() < 200_000, "it was compressed");
    let dirt = log.dirt(log.end(), WALL, &config);
    let (cleaned, peak) = peak_of(|| log.clean(&dirt, 1_000, WALL, &config));
    assert!(cleaned.removed > 0 && cleaned.removed < 10);
    assert_eq!(left(&log) + cleaned.removed as usize, 2 * BATCHES);
    assert!(peak < 16 * HALF, "{peak} bytes for {BATCHES} batches");
}

#[test]
fn keys_in_any_order_are_no_trouble() {
    const KEYS: u64 = 200_000;
    const BATCH: u64 = 1_000;
    let config = config("1000000");
    let mut log = Log::new(Offset(0), WALL);
    // Each key comes twice, and in such an order that nearly every one belongs between others that were there.
    for first in (0..2 * KEYS).step_by(BATCH as usize) {
        let mut builder = BatchBuilder::new(Codec::None);
        for n in first..first + BATCH {
            let key = (n * 77_797 % KEYS).to_be_bytes();
            builder.append(WALL.0, Some(&key), Some(b"v"), &[]);
        }
        append(&mut log, builder, &config);
    }
    let dirt = log.dirt(log.end(), WALL, &config);
    let within = dirt.until.0.cast_unsigned();
    assert!(within > KEYS, "most of it can be cleaned");
    let cleaned = log.clean(&dirt, 1_000_000, WALL, &config);
    assert_eq!(cleaned.removed, within - KEYS, "of each key one is left");
}
