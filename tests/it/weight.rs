//! What a history says that it holds in memory, against what the allocator says.

use kafka_playground::script;
use kafka_playground::time::{Duration, Instant};
use kafka_playground::world::{History, Steps};

use crate::memory;

fn play(text: &str) -> History {
    script::parse(text)
        .and_then(|script| script.play())
        .unwrap()
}

/// Small batches, kept for ever.
const SMALL: &str = "world brokers=3 seed=1 latency=1ms\n\
    topic orders partitions=2 replication=3\n\
    producer p1 acks=all\n\
    load p1 orders every=5ms size=100\n";

/// Large batches, of which retention keeps little.
const LARGE: &str = "world brokers=3 seed=1 latency=1ms log.retention.check.interval.ms=1000\n\
    topic orders partitions=2 replication=3 retention.bytes=2000000 segment.bytes=500000\n\
    producer p1 acks=all linger.ms=5 batch.size=16384\n\
    load p1 orders every=5ms burst=20 size=200\n";

#[test]
fn retained_log_bytes_grow_with_what_is_kept() {
    let mut history = play(SMALL);
    history.seek(Instant::from_secs(2), Steps::UNLIMITED);
    let two = history.retained_log_bytes();
    history.seek(Instant::from_secs(4), Steps::UNLIMITED);
    let four = history.retained_log_bytes();
    let ratio = four as f64 / two as f64;
    assert!((1.9..2.1).contains(&ratio), "{two} then {four}");
}

#[test]
fn checkpoints_keep_what_retention_took() {
    let mut history = play(LARGE);
    history.seek(Instant::from_secs(40), Steps::UNLIMITED);
    let stretch = history.world().log_stretch();
    assert!(stretch.from > stretch.weight(), "retention was at work");
    let retained = history.retained_log_bytes();
    assert!(history.checkpoints() > 3);
    assert!(
        retained > 2 * stretch.weight() && retained <= stretch.to,
        "{retained} of {stretch:?}"
    );
    // Going back makes nothing new until the world runs again from a checkpoint.
    history.seek(Instant::ZERO, Steps::UNLIMITED);
    let back = history.retained_log_bytes();
    assert!(back <= retained, "{back} of {retained}");
}

#[test]
fn retained_log_bytes_are_what_the_allocator_gave() {
    // Without anything looking on, nearly all that is live is in the logs.
    for (text, name) in [(SMALL, "small"), (LARGE, "large")] {
        let history = play(text);
        let mut world = history.world().clone();
        let mut journal = kafka_playground::world::Journal::default();
        drop(history);
        let span = Duration::from_secs(40);
        let (_, taken) = memory::kept_by(|| {
            world.run_until(Instant::ZERO + span, Steps::UNLIMITED, &mut journal);
            journal = kafka_playground::world::Journal::default();
        });
        let said = world.log_stretch().weight();
        let ratio = taken as f64 / said as f64;
        assert!(
            (0.8..1.6).contains(&ratio),
            "{name}: {said} said, {taken} taken"
        );
    }
}
