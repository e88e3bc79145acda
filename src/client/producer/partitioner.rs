//! Which partition a record goes to when it does not say.
//!
//! A record with a key goes where the key's hash says, among *all* partitions of the topic, led or not:
//! otherwise a key would move when a broker stops. A record without a key may go anywhere, and where
//! it goes decides how full batches get. Kafka's built-in partitioner stays with one partition until
//! `batch.size` bytes went there, then turns to another, drawn at random with more weight on partitions
//! whose queues are short (KIP-794). So batches are full and a slow broker gets less.
//!
//! `partitioner.class=round_robin` is Kafka's `RoundRobinPartitioner`: one record here, the next one
//! there, keys ignored. Unlike Kafka 3.8, which asks it twice for a record that begins a new batch and
//! so skips partitions (KAFKA-9965), every partition gets its turn.
//!
//! Left out: `partitioner.availability.timeout.ms`, which is off by default, and racks.

use super::murmur2::partition_of_key;
use crate::client::config::{Partitioner, ProducerConfig};
use crate::rng::Rng;

/// Which partitions of a topic there are, as the producer's metadata has it.
#[derive(Clone, Copy, Debug)]
pub struct Partitions<'a> {
    /// How many there are.
    pub count: u32,
    /// Those with a leader, ascending.
    pub available: &'a [i32],
}

/// What a producer remembers of its choices for one topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chooser {
    /// The partition that records without a key go to, and how many bytes went there.
    sticky: Option<Sticky>,
    /// The last look at the queues; `None` draws every available partition alike.
    load: Option<Load>,
    /// How many records were dealt round robin.
    dealt: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sticky {
    partition: i32,
    bytes: u64,
}

/// Weights of partitions, as running sums: a number drawn below the last sum falls into one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Load {
    partitions: Vec<i32>,
    sums: Vec<u64>,
}

/// How a partition came to be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// It is the sticky one: what is appended there counts towards turning to another.
    Sticky(i32),
    /// By key, or in turn.
    Fixed(i32),
}

impl Choice {
    pub fn partition(self) -> i32 {
        match self {
            Choice::Sticky(partition) | Choice::Fixed(partition) => partition,
        }
    }
}

/// Whether the partition's last batch is full, so that turning away costs no half-empty batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastBatch {
    Full,
    Open,
}

impl Chooser {
    /// Chooses for a record with this key.
    ///
    /// # Panics
    /// If the topic has no partitions.
    pub fn choose(
        &mut self,
        key: Option<&[u8]>,
        partitions: Partitions<'_>,
        config: &ProducerConfig,
        rng: &mut Rng,
    ) -> Choice {
        match (config.partitioner, key) {
            (Partitioner::RoundRobin, _) => Choice::Fixed(self.deal(partitions)),
            (Partitioner::BuiltIn, Some(key)) if !config.partitioner_ignore_keys => {
                Choice::Fixed(partition_of_key(key, partitions.count))
            }
            (Partitioner::BuiltIn, _) => {
                // A topic that was made anew may have fewer partitions than it had.
                let gone =
                    |sticky: &Sticky| i64::from(sticky.partition) >= i64::from(partitions.count);
                if self.sticky.as_ref().is_some_and(gone) {
                    (self.sticky, self.load) = (None, None);
                }
                let sticky = self.sticky.get_or_insert_with(|| Sticky {
                    partition: draw(self.load.as_ref(), partitions, rng),
                    bytes: 0,
                });
                Choice::Sticky(sticky.partition)
            }
        }
    }

    /// Counts what was appended after a choice, and turns to another partition when it is time.
    ///
    /// Turning waits for the end of a batch, but not for more than twice the batch size.
    pub fn appended(
        &mut self,
        choice: Choice,
        bytes: u64,
        last: LastBatch,
        partitions: Partitions<'_>,
        config: &ProducerConfig,
        rng: &mut Rng,
    ) {
        let (Choice::Sticky(_), Some(sticky)) = (choice, &mut self.sticky) else {
            return;
        };
        sticky.bytes += bytes;
        let enough = u64::from(config.batch_size.max(1));
        let turn = match last {
            LastBatch::Full => sticky.bytes >= enough,
            LastBatch::Open => sticky.bytes >= enough * 2,
        };
        if turn {
            *sticky = Sticky {
                partition: draw(self.load.as_ref(), partitions, rng),
                bytes: 0,
            };
        }
    }

    /// The record could not be appended where it was to go, and will be chosen for again.
    pub fn take_back(&mut self, choice: Choice, config: &ProducerConfig) {
        if matches!(choice, Choice::Fixed(_)) && config.partitioner == Partitioner::RoundRobin {
            self.dealt = self.dealt.wrapping_sub(1);
        }
    }

    /// Looks at how many batches wait for each available partition; `count` is how many partitions
    /// there are in all.
    ///
    /// Equal queues need no weights. Otherwise a partition weighs one more than the longest queue is
    /// longer than its own.
    pub fn observe_queues(&mut self, queues: &[(i32, u64)], count: u32) {
        let longest = queues.iter().map(|(_, length)| *length).max();
        let shortest = queues.iter().map(|(_, length)| *length).min();
        let all_counted = queues.len() == count as usize;
        let (Some(longest), true) = (longest, count >= 2) else {
            self.load = None;
            return;
        };
        if Some(longest) == shortest && all_counted {
            self.load = None;
            return;
        }
        let mut sum = 0;
        let load = self.load.get_or_insert_with(|| Load {
            partitions: Vec::new(),
            sums: Vec::new(),
        });
        load.partitions.clear();
        load.sums.clear();
        for (partition, length) in queues {
            sum += longest + 1 - length;
            load.partitions.push(*partition);
            load.sums.push(sum);
        }
    }

    /// Forgets the queues: every available partition is drawn alike.
    pub fn forget_queues(&mut self) {
        self.load = None;
    }

    /// The partition that the next record without a key goes to, once one has been chosen.
    pub fn sticky(&self) -> Option<i32> {
        self.sticky.map(|sticky| sticky.partition)
    }

    fn deal(&mut self, partitions: Partitions<'_>) -> i32 {
        let turn = self.dealt & 0x7fff_ffff;
        self.dealt = self.dealt.wrapping_add(1);
        match partitions.available.len() {
            0 => (turn % partitions.count) as i32,
            count => partitions.available[turn as usize % count],
        }
    }
}

fn draw(load: Option<&Load>, partitions: Partitions<'_>, rng: &mut Rng) -> i32 {
    if let Some(load) = load {
        let total = *load.sums.last().expect("a load has partitions");
        let drawn = rng.below(total);
        let place = load.sums.partition_point(|sum| *sum <= drawn);
        return load.partitions[place];
    }
    match rng.pick(partitions.available) {
        Some(partition) => *partition,
        None => rng.below(u64::from(partitions.count)) as i32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Seed;

    const ALL: Partitions<'_> = Partitions {
        count: 3,
        available: &[0, 1, 2],
    };

    fn append(chooser: &mut Chooser, bytes: u64, last: LastBatch, rng: &mut Rng) -> i32 {
        let config = ProducerConfig::default();
        let choice = chooser.choose(None, ALL, &config, rng);
        chooser.appended(choice, bytes, last, ALL, &config, rng);
        choice.partition()
    }

    #[test]
    fn records_without_a_key_stay_until_batch_size_bytes_went() {
        let mut rng = Rng::new(Seed(3), 0);
        let mut chooser = Chooser::default();
        let first = append(&mut chooser, 8_000, LastBatch::Open, &mut rng);
        assert_eq!(
            append(&mut chooser, 8_000, LastBatch::Open, &mut rng),
            first
        );
        assert_eq!(append(&mut chooser, 384, LastBatch::Full, &mut rng), first);
        assert_eq!(
            chooser.sticky.map(|sticky| sticky.bytes),
            Some(0),
            "16384 bytes and a full batch: time to turn"
        );
    }

    #[test]
    fn turning_waits_for_the_end_of_a_batch_but_not_for_ever() {
        let mut rng = Rng::new(Seed(3), 0);
        let mut chooser = Chooser::default();
        append(&mut chooser, 20_000, LastBatch::Open, &mut rng);
        assert_eq!(chooser.sticky.map(|sticky| sticky.bytes), Some(20_000));
        append(&mut chooser, 12_768, LastBatch::Open, &mut rng);
        assert_eq!(chooser.sticky.map(|sticky| sticky.bytes), Some(0));
    }

    #[test]
    fn records_without_a_key_avoid_partitions_without_a_leader() {
        let mut rng = Rng::new(Seed(3), 0);
        let config = ProducerConfig::default();
        let partitions = Partitions {
            count: 3,
            available: &[1],
        };
        for _ in 0..20 {
            let choice = Chooser::default().choose(None, partitions, &config, &mut rng);
            assert_eq!(choice, Choice::Sticky(1));
        }
    }

    #[test]
    fn keys_do_not_avoid_partitions_without_a_leader() {
        let mut rng = Rng::new(Seed(3), 0);
        let config = ProducerConfig::default();
        let partitions = Partitions {
            count: 3,
            available: &[1],
        };
        let choice = Chooser::default().choose(Some(b"user-1"), partitions, &config, &mut rng);
        assert_eq!(choice, Choice::Fixed(2));
    }

    #[test]
    fn short_queues_are_drawn_more_often() {
        // Queues of 0, 3 and 1 weigh 4, 1 and 3: the example of KIP-794.
        let mut rng = Rng::new(Seed(3), 0);
        let mut chooser = Chooser::default();
        chooser.observe_queues(&[(0, 0), (1, 3), (2, 1)], 3);
        let mut drawn = [0; 3];
        for _ in 0..8_000 {
            drawn[draw(chooser.load.as_ref(), ALL, &mut rng) as usize] += 1;
        }
        for (count, expected) in drawn.into_iter().zip([4_000, 1_000, 3_000]) {
            assert!(i32::abs(count - expected) < 200, "{drawn:?}");
        }
    }

    #[test]
    fn equal_queues_need_no_weights() {
        let mut chooser = Chooser::default();
        chooser.observe_queues(&[(0, 2), (1, 2), (2, 2)], 3);
        assert_eq!(chooser.load, None);
        chooser.observe_queues(&[(0, 2), (2, 2)], 3);
        assert!(chooser.load.is_some(), "one partition is left out");
        chooser.observe_queues(&[(0, 2)], 1);
        assert_eq!(chooser.load, None);
    }

    #[test]
    fn round_robin_deals_to_each_partition_in_turn_and_ignores_keys() {
        let mut rng = Rng::new(Seed(3), 0);
        let config = ProducerConfig {
            partitioner: Partitioner::RoundRobin,
            ..ProducerConfig::default()
        };
        let mut chooser = Chooser::default();
        let dealt: Vec<i32> = (0..7)
            .map(|_| {
                let choice = chooser.choose(Some(b"key"), ALL, &config, &mut rng);
                choice.partition()
            })
            .collect();
        assert_eq!(dealt, [0, 1, 2, 0, 1, 2, 0]);
    }
}
