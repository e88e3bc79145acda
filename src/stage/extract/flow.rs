//! How much happens: the rate at which each partition is written, and its recent past in buckets.

use crate::fact::{Fact, Role};
use crate::model::{Offset, TopicPartition};
use crate::sorted::SortedMap;
use crate::stage::density::Density;
use crate::stage::extract::memory::Memory;
use crate::stage::motion::Ages;
use crate::stage::snapshot::{Bucket, Hue, Snapshot};
use crate::time::{Duration, Instant};
use crate::world::{Journal, World};

/// The stretch of the reader's time over which a rate is taken, in milliseconds.
const WINDOW: f64 = 1_500.0;
/// The parts of that stretch, and how many of them a burst may fill.
const PARTS: usize = 6;
const BURST: usize = 3;
/// Entries that are counted for a rate; what is faster is heat in any case.
const COUNTED: usize = 12_000;
/// Entries that are put into buckets.
const BUCKETED: usize = 40_000;
/// Buckets that a row has room for.
const BUCKETS: u64 = 160;
/// Records whose hue is remembered for each partition.
const HUES: usize = 40_000;
/// The hue of a record without a key.
const NO_HUE: Hue = 10;

/// The stretch of the cluster's time over which it is counted what is written in a second.
const STRETCH: Duration = Duration::from_secs(2);

/// How many records are written to each partition in a second of the cluster's time, over the stretch up to now.
pub fn written(journal: &Journal, now: Instant) -> SortedMap<TopicPartition, f64> {
    let mut counts: SortedMap<TopicPartition, i64> = SortedMap::new();
    let mut stretch = STRETCH.min(now.since(Instant::ZERO));
    for (index, entry) in journal.newest().enumerate() {
        let age = now.since(entry.at);
        if age >= stretch {
            break;
        }
        if index == COUNTED {
            stretch = age;
            break;
        }
        if let Some((partition, from, to)) = appended(&entry.fact) {
            *counts.entry(partition.clone()).or_default() += to - from;
        }
    }
    let seconds = stretch.as_micros().max(1) as f64 / 1e6;
    let counts = counts.into_iter();
    counts
        .map(|(partition, count)| (partition, count as f64 / seconds))
        .collect()
}

/// How fast a partition is written, in records a second of the reader's time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rate {
    /// All records of the window.
    pub mean: f64,
    /// Without the three busiest of its six parts: a burst, such as a producer catching up, is no rate.
    pub steady: f64,
}

/// The rate of each partition that is written at all.
pub fn rates(journal: &Journal, ages: &Ages) -> SortedMap<TopicPartition, Rate> {
    let mut counts: SortedMap<TopicPartition, [i64; PARTS]> = SortedMap::new();
    let mut oldest = WINDOW;
    for (index, entry) in journal.newest().enumerate() {
        let age = ages.of(entry);
        if age >= WINDOW {
            break;
        }
        if index == COUNTED {
            oldest = age.max(1.0);
            break;
        }
        if let Some((partition, from, to)) = appended(&entry.fact) {
            let part = (age / WINDOW * PARTS as f64) as usize;
            counts.entry(partition.clone()).or_default()[part.min(PARTS - 1)] += to - from;
        }
    }
    let rate = |mut parts: [i64; PARTS]| {
        let mean = parts.iter().sum::<i64>() as f64 * 1_000.0 / oldest;
        parts.sort_unstable();
        let kept = parts[..PARTS - BURST].iter().sum::<i64>() as f64;
        let steady = kept * 1_000.0 / WINDOW * PARTS as f64 / (PARTS - BURST) as f64;
        match oldest < WINDOW {
            true => Rate { mean, steady: mean },
            false => Rate { mean, steady },
        }
    };
    counts
        .into_iter()
        .map(|(partition, parts)| (partition, rate(parts)))
        .collect()
}

/// Fills in the recent past of every partition that is drawn as a stream or as heat. `width` is the virtual
/// time of one bucket, in microseconds.
pub fn activity(
    snapshot: &mut Snapshot,
    world: &World,
    journal: &Journal,
    memory: &mut Memory,
    width: u64,
) {
    let width = width.max(1);
    let now = snapshot.at.as_micros() / width;
    let first = (now + 1).saturating_sub(BUCKETS);
    let mut buckets: SortedMap<TopicPartition, Vec<SortedMap<Hue, u32>>> = SortedMap::new();
    for partition in snapshot.partitions() {
        if partition.density >= Density::Stream {
            let empty = vec![SortedMap::new(); (now + 1 - first) as usize];
            buckets.insert(partition.id.clone(), empty);
        }
    }
    if buckets.is_empty() {
        return;
    }
    for entry in journal.newest().take(BUCKETED) {
        let at = entry.at.as_micros() / width;
        if at < first {
            break;
        }
        let Some((partition, from, to)) = appended(&entry.fact) else {
            continue;
        };
        let Some(buckets) = buckets.get_mut(partition) else {
            continue;
        };
        let bucket = &mut buckets[(at - first) as usize];
        let heat = snapshot
            .partition(partition)
            .is_some_and(|partition| partition.density == Density::Heat);
        if heat {
            *bucket.entry(NO_HUE).or_default() += (to - from) as u32;
            continue;
        }
        for hue in hues(world, memory, partition, from, to) {
            *bucket.entry(*hue).or_default() += 1;
        }
    }
    for partition in snapshot
        .topics
        .iter_mut()
        .flat_map(|topic| &mut topic.partitions)
    {
        let found = buckets.remove(&partition.id).unwrap_or_default();
        let bucket = |counts: SortedMap<Hue, u32>| Bucket {
            counts: counts.into_iter().collect(),
        };
        partition.activity = found.into_iter().map(bucket).collect();
    }
}

fn appended(fact: &Fact) -> Option<(&TopicPartition, Offset, Offset)> {
    match fact {
        Fact::RecordsAppended {
            partition,
            role: Role::Leader,
            base_offset,
            next_offset,
            ..
        } => Some((partition, *base_offset, *next_offset)),
        _ => None,
    }
}

/// The hues of a stretch of a log; what is new in the log is read once.
fn hues<'a>(
    world: &World,
    memory: &'a mut Memory,
    id: &TopicPartition,
    from: Offset,
    to: Offset,
) -> &'a [Hue] {
    let (start, known) = memory
        .hues
        .get(id)
        .map_or((from, 0), |(start, hues)| (*start, hues.len()));
    let end = Offset(start.0 + known as i64);
    if to > end || from < start {
        read(world, memory, id, from.min(start));
    }
    let Some((start, hues)) = memory.hues.get(id) else {
        return &[];
    };
    let at = |offset: Offset| (offset.0 - start.0).clamp(0, hues.len() as i64) as usize;
    &hues[at(from)..at(to)]
}

/// Reads the hues of a log from an offset to its end.
fn read(world: &World, memory: &mut Memory, id: &TopicPartition, from: Offset) {
    let held = world
        .brokers()
        .filter_map(|broker| broker.partition(id))
        .max_by_key(|held| held.log_end());
    let Some(held) = held else { return };
    let (mut start, mut hues) = memory.hues.remove(id).unwrap_or((from, Vec::new()));
    if from < start {
        (start, hues) = (from, Vec::new());
    }
    let next = Offset(start.0 + hues.len() as i64);
    for batch in held.log().batches(next, held.log_end()) {
        for record in batch.batch().records().map_while(Result::ok) {
            // What retention or compaction took away leaves a gap.
            while record.offset.0 > start.0 + hues.len() as i64 {
                hues.push(NO_HUE);
            }
            if record.offset.0 == start.0 + hues.len() as i64 {
                let mark = memory.mark(&id.topic, record.key.as_deref());
                hues.push(mark.hue.unwrap_or(NO_HUE));
            }
        }
    }
    if hues.len() > HUES {
        let drop = hues.len() - HUES / 2;
        hues.drain(..drop);
        start = Offset(start.0 + drop as i64);
    }
    memory.hues.insert(id.clone(), (start, hues));
}
