//! What a history says that it holds in memory, against what the allocator says.

use kafka_playground::log::{Log, LogConfig};
use kafka_playground::model::{LeaderEpoch, Offset};
use kafka_playground::protocol::records::{BatchBuilder, Codec};
use kafka_playground::script;
use kafka_playground::time::{Duration, Instant, Timestamp};
use kafka_playground::world::weight::Stretch;
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
    producer p1 acks=all enable.idempotence=false\n\
    load p1 orders every=5ms size=100\n";

/// Large batches, of which retention keeps little.
const LARGE: &str = "world brokers=3 seed=1 latency=1ms log.retention.check.interval.ms=1000\n\
    topic orders partitions=2 replication=3 retention.bytes=2000000 segment.bytes=500000\n\
    producer p1 acks=all enable.idempotence=false linger.ms=5 batch.size=16384\n\
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

/// Appends batches of one record, each of a producer of its own, and drops what is old now and then.
fn numbered(log: &mut Log, count: u64, config: &LogConfig) {
    let wall = Timestamp(1_700_000_000_000);
    for n in 0..count {
        let mut builder = BatchBuilder::new(Codec::None);
        let id = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 1;
        builder.set_producer(id.cast_signed(), 0, 0);
        // Every other one will be silent longer.
        let at = wall.0 + (n % 2).cast_signed() * 1_000;
        builder.append(at, None, Some(b"v"), &[]);
        log.append_as_leader(&builder.build_batch(), LeaderEpoch(0), wall, config);
        if n % 1_000 == 0 {
            log.delete_old_segments(log.end(), wall, config);
        }
    }
}

#[test]
fn producers_that_number_their_batches_weigh_what_they_take() {
    const COUNT: u64 = 50_000;
    for (segment_bytes, retention_bytes) in [
        // Only the producers are left.
        ("20000", "20000"),
        // Each batch is a segment, and keeps what was known before it.
        ("70", "-1"),
        ("20000", "-1"),
        ("100000000", "-1"),
    ] {
        let mut config = LogConfig::default();
        for (name, value) in [
            ("segment.bytes", segment_bytes),
            ("retention.bytes", retention_bytes),
        ] {
            config.set(name, value).expect("a setting");
        }
        let mut log = Log::new(Offset(0), Timestamp(0));
        let (_, taken) = memory::kept_by(|| numbered(&mut log, COUNT, &config));
        assert_eq!(log.known_producers(), (COUNT, COUNT));
        let weighs = |log: &Log, taken: usize| {
            let stretch = Stretch::of(log, 1);
            let ratio = taken as f64 / stretch.weight() as f64;
            let (known, _) = log.known_producers();
            assert!(
                (0.7..1.5).contains(&ratio),
                "{segment_bytes} {retention_bytes}, {known} known: {stretch:?}, {taken} taken"
            );
        };
        weighs(&log, taken);
        // What segments keep of those that are forgotten does not go with them.
        let mut taken = taken;
        for (wall, left) in [(1_700_000_000_500, COUNT / 2), (i64::MAX, 0)] {
            let forget = || log.forget_silent_producers(Timestamp(wall), Duration::ZERO);
            let (_, more) = memory::kept_by(forget);
            taken = taken.wrapping_add(more);
            assert_eq!(log.known_producers(), (left, COUNT));
            weighs(&log, taken);
        }
    }
}

/// A log of batches of one record with these settings, cleaned as often as there are.
fn cleaned(count: u64, settings: &[&[(&str, &str)]]) -> Log {
    let wall = Timestamp(1_700_000_000_000);
    let mut log = Log::new(Offset(0), wall);
    let mut config = LogConfig::default();
    for (pass, settings) in settings.iter().enumerate() {
        for (name, value) in *settings {
            config.set(name, value).expect("a setting");
        }
        if pass > 0 {
            let dirt = log.dirt(log.end(), wall, &config);
            log.clean(&dirt, usize::MAX, wall, &config);
            continue;
        }
        for n in 0..count {
            let mut builder = BatchBuilder::new(Codec::None);
            let id = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 1;
            builder.set_producer(id.cast_signed(), 0, 0);
            let key = n.to_be_bytes();
            builder.append(wall.0, Some(&key), Some(b"v"), &[]);
            log.append_as_leader(&builder.build_batch(), LeaderEpoch(0), wall, &config);
        }
    }
    log
}

#[test]
fn what_segments_keep_of_producers_weighs_as_much_after_a_cleaning() {
    let each_alone: &[_] = &[("cleanup.policy", "compact"), ("segment.bytes", "80")];
    let ten_together: &[_] = &[("segment.bytes", "800")];
    for settings in [&[each_alone][..], &[each_alone, ten_together]] {
        let (log, taken) = memory::kept_by(|| cleaned(20_000, settings));
        let said = Stretch::of(&log, 1).weight();
        let ratio = taken as f64 / said as f64;
        assert!(
            (0.7..1.5).contains(&ratio),
            "{} passes: {said} said, {taken} taken",
            settings.len()
        );
    }
}

#[test]
fn many_tiny_segments_weigh_what_they_take() {
    for segment_bytes in ["14", "300", "1000"] {
        let mut config = LogConfig::default();
        config
            .set("segment.bytes", segment_bytes)
            .expect("a setting");
        let (log, taken) = memory::kept_by(|| {
            let mut log = Log::new(Offset(0), Timestamp(0));
            for n in 0..20_000 {
                let mut builder = BatchBuilder::new(Codec::None);
                builder.append(n, None, Some(b"v"), &[]);
                let epoch = LeaderEpoch(n as i32);
                log.append_as_leader(&builder.build_batch(), epoch, Timestamp(n), &config);
            }
            log
        });
        let said = Stretch::of(&log, 1).weight();
        let ratio = taken as f64 / said as f64;
        assert!(
            (0.7..1.3).contains(&ratio),
            "segment.bytes={segment_bytes}: {said} said, {taken} taken"
        );
    }
}

/// The first page's cluster.
const FIRST: &str = include_str!("../../www/lessons/first.script");

#[test]
fn checkpoints_weigh_what_the_allocator_gets_back() {
    for (name, text, seconds) in [
        ("small", SMALL, 60),
        ("large", LARGE, 60),
        ("first", FIRST, 300),
    ] {
        let mut history = play(text);
        let to = history.now() + Duration::from_secs(seconds);
        history.seek(to, Steps::UNLIMITED);
        let said = history.checkpoint_bytes();
        let (_, kept) = memory::kept_by(|| history.forget_past());
        let freed = kept.wrapping_neg();
        let ratio = freed as f64 / said as f64;
        assert!(
            (0.6..1.5).contains(&ratio),
            "{name}: {said} said, {freed} freed"
        );
    }
}

#[test]
fn checkpoints_keep_below_their_cap_and_the_way_back_stays_whole() {
    let end = Instant::from_secs(40);
    let mut free = play(LARGE);
    free.seek(end, Steps::UNLIMITED);
    let cap = free.checkpoint_bytes() / 2;
    assert!(cap > 4_000_000, "there is something to spare: {cap}");
    let mut capped = play(LARGE);
    capped.cap_checkpoints(cap);
    capped.seek(end, Steps::UNLIMITED);
    assert!(capped.checkpoint_bytes() <= cap);
    let (few, many) = (capped.checkpoints(), free.checkpoints());
    assert!(2 < few && few < many, "{few} of {many}");
    assert_eq!(capped.earliest(), Instant::ZERO);
    for second in [39, 3, 21, 0, 12] {
        let to = Instant::from_secs(second);
        free.seek(to, Steps::UNLIMITED);
        capped.seek(to, Steps::UNLIMITED);
        let digest = |history: &History| history.observed().journal.digest();
        assert_eq!(digest(&free), digest(&capped), "second {second}");
    }
}

#[test]
fn a_history_that_forgot_its_past_begins_here_and_its_script_does_not() {
    let mut history = play(SMALL);
    history.seek(Instant::from_secs(20), Steps::UNLIMITED);
    history.forget_past();
    let digest = history.observed().journal.digest();
    assert_eq!((history.checkpoints(), history.checkpoint_bytes()), (1, 0));
    history.seek(Instant::from_secs(5), Steps::UNLIMITED);
    assert_eq!(
        history.now(),
        Instant::from_secs(20),
        "there is no way back"
    );
    assert!(!history.undo(), "nor a way to undo what lies before");
    assert_eq!(
        play(&history.to_script()).observed().journal.digest(),
        digest
    );
}
