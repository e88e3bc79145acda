//! The journal: what happened, in order.
//!
//! Every fact gets a number and goes into a running digest; the newest are kept for reading. Two runs are
//! the same run exactly when their digests are equal. The journal is bounded, by the number of its entries and by
//! what they keep of names from outside: older entries are forgotten and come back only by running the world again
//! from a checkpoint.
//!
//! Laws: the digest does not depend on the target's word size or byte order, nor on what is kept. However long the
//! names are, what was noted at the newest instant is kept, for those who look on have not seen it yet.

use std::collections::VecDeque;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::fact::{Entry, Fact};
use crate::model::ProcessId;
use crate::time::Instant;

/// Entries in one shared chunk, so that copying a journal copies a list of references.
pub(super) const CHUNK: usize = 256;
/// Chunks kept; with about 130 bytes an entry and what little it points to, 16 MB at the most.
const CHUNKS: usize = 320;
/// Bytes that entries point to where nothing bounds them ([`Fact::bulk`]).
const BULK: usize = 16 << 20;

/// A running hash of everything noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub u64);

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// What happened.
#[derive(Clone, Debug)]
pub struct Journal {
    digest: Mixer,
    noted: u64,
    chunks: VecDeque<Arc<Vec<Entry>>>,
    /// What the entries in all chunks point to.
    bulk: usize,
}

impl Default for Journal {
    fn default() -> Journal {
        Journal {
            digest: Mixer(0x6b61_666b_6121_0001),
            noted: 0,
            chunks: VecDeque::new(),
            bulk: 0,
        }
    }
}

impl Journal {
    /// Notes a fact.
    pub fn note(&mut self, at: Instant, by: Option<ProcessId>, fact: Fact) {
        self.noted += 1;
        let entry = Entry {
            number: self.noted,
            at,
            by,
            fact,
        };
        entry.hash(&mut self.digest);
        self.bulk += entry.fact.bulk();
        match self.chunks.back_mut() {
            Some(chunk) if chunk.len() < CHUNK => Arc::make_mut(chunk).push(entry),
            _ => {
                let mut chunk = Vec::with_capacity(CHUNK);
                chunk.push(entry);
                self.chunks.push_back(Arc::new(chunk));
                if self.chunks.len() > CHUNKS {
                    self.forget_oldest();
                }
            }
        }
        while self.bulk > BULK && self.chunks[0].last().is_some_and(|last| last.at < at) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let oldest = self.chunks.pop_front();
        let entries = oldest.iter().flat_map(|chunk| chunk.iter());
        self.bulk -= entries.map(|entry| entry.fact.bulk()).sum::<usize>();
    }

    /// Forgets all but about the newest `count` entries; they stay in the digest.
    pub(super) fn forget_all_but(&mut self, count: u64) {
        let first = self.noted.saturating_sub(count);
        while self.chunks.len() > 1 && self.chunks[1].first().is_some_and(|e| e.number <= first) {
            self.forget_oldest();
        }
        self.chunks.shrink_to_fit();
    }

    /// What all that was noted comes to.
    pub fn digest(&self) -> Digest {
        Digest(self.digest.finish())
    }

    /// How many facts were noted since the beginning.
    pub fn len(&self) -> u64 {
        self.noted
    }

    pub fn is_empty(&self) -> bool {
        self.noted == 0
    }

    /// The number of the oldest entry that is still kept.
    pub fn first_kept(&self) -> u64 {
        self.chunks
            .front()
            .and_then(|chunk| chunk.first())
            .map_or(self.noted + 1, |e| e.number)
    }

    /// The entries after number `after` that are still kept, oldest first.
    pub fn since(&self, after: u64) -> impl Iterator<Item = &Entry> {
        // Every chunk but the last is full, so a number says where its entry is.
        let skip = (after + 1).saturating_sub(self.first_kept()) as usize;
        let mut chunks = self.chunks.range((skip / CHUNK).min(self.chunks.len())..);
        let first = chunks
            .next()
            .map_or(&[][..], |chunk| &chunk[(skip % CHUNK).min(chunk.len())..]);
        first.iter().chain(chunks.flat_map(|chunk| chunk.iter()))
    }

    /// The newest entries, newest first.
    pub fn newest(&self) -> impl Iterator<Item = &Entry> {
        self.chunks
            .iter()
            .rev()
            .flat_map(|chunk| chunk.iter().rev())
    }

    /// One kept entry by its number.
    pub fn get(&self, number: u64) -> Option<&Entry> {
        self.since(number.checked_sub(1)?)
            .next()
            .filter(|entry| entry.number == number)
    }
}

/// A hash of words: multiply, rotate, mix. Lengths and discriminants are hashed as 64 bits everywhere.
#[derive(Clone, Copy, Debug)]
struct Mixer(u64);

impl Mixer {
    fn word(&mut self, word: u64) {
        let mixed = (self.0 ^ word).wrapping_mul(0x9fb2_1c65_1e98_df25);
        self.0 = mixed.rotate_left(29) ^ (mixed >> 32);
    }
}

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..part.len()].copy_from_slice(part);
            self.word(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, n: u8) {
        self.word(u64::from(n));
    }

    fn write_u16(&mut self, n: u16) {
        self.word(u64::from(n));
    }

    fn write_u32(&mut self, n: u32) {
        self.word(u64::from(n));
    }

    fn write_u64(&mut self, n: u64) {
        self.word(n);
    }

    fn write_usize(&mut self, n: usize) {
        self.word(n as u64);
    }

    fn write_isize(&mut self, n: isize) {
        self.word(n as i64 as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TopicPartition;
    use crate::protocol::ErrorCode;

    fn filled(count: u64) -> Journal {
        let mut journal = Journal::default();
        for n in 0..count {
            journal.note(Instant::from_millis(n), None, Fact::Started);
        }
        journal
    }

    #[test]
    fn entries_are_found_by_number() {
        let journal = filled(600);
        assert_eq!(journal.len(), 600);
        assert_eq!(
            journal.since(598).map(|e| e.number).collect::<Vec<_>>(),
            [599, 600]
        );
        assert_eq!(journal.get(257).map(|e| e.number), Some(257));
        assert_eq!(journal.get(601), None);
        assert_eq!(journal.newest().next().map(|e| e.number), Some(600));
    }

    #[test]
    fn the_oldest_entries_are_forgotten_but_stay_in_the_digest() {
        let journal = filled(CHUNK as u64 * (CHUNKS as u64 + 2));
        assert_eq!(journal.first_kept(), 2 * CHUNK as u64 + 1);
        assert_ne!(journal.digest(), filled(5).digest());
        assert_eq!(filled(5).digest(), filled(5).digest());
    }

    #[test]
    fn long_names_are_forgotten_sooner_and_not_before_they_were_seen() {
        let fact = |n: u64| Fact::ProduceRefused {
            partition: TopicPartition::new(&format!("{n:032767}"), 0),
            error: ErrorCode::UnknownTopicOrPartition,
            numbers: None,
        };
        let mut journal = Journal::default();
        for n in 0..10 * CHUNK as u64 {
            journal.note(Instant::from_millis(n), None, fact(n));
        }
        let kept = |journal: &Journal| {
            let bytes = journal.newest().map(|entry| entry.fact.bulk());
            bytes.sum::<usize>()
        };
        assert_eq!(journal.bulk, kept(&journal));
        assert!(kept(&journal) <= BULK, "{}", kept(&journal));
        assert!(journal.newest().count() > CHUNK);
        journal.forget_all_but(1);
        assert_eq!(journal.bulk, kept(&journal));
        // All at one instant, before anybody looks.
        let seen = journal.len();
        for n in 0..4 * CHUNK as u64 {
            journal.note(Instant::from_secs(9), None, fact(n));
        }
        assert_eq!(journal.since(seen).count(), 4 * CHUNK);
        journal.note(Instant::from_secs(10), None, fact(0));
        assert!(kept(&journal) <= BULK, "{}", kept(&journal));
    }

    #[test]
    fn a_shortened_journal_keeps_its_digest_and_its_newest_entries() {
        let mut journal = filled(2_000);
        let digest = journal.digest();
        journal.forget_all_but(300);
        assert_eq!((journal.digest(), journal.len()), (digest, 2_000));
        assert!(
            (1_400..=1_701).contains(&journal.first_kept()),
            "{}",
            journal.first_kept()
        );
        assert_eq!(journal.since(1_999).count(), 1);
        journal.note(Instant::from_secs(9), None, Fact::Started);
        assert_eq!(journal.get(2_001).map(|e| e.number), Some(2_001));
    }

    #[test]
    fn the_digest_depends_on_who_when_and_what() {
        let one = |at, by, fact| {
            let mut journal = Journal::default();
            journal.note(at, by, fact);
            journal.digest()
        };
        let base = one(Instant::ZERO, None, Fact::Started);
        assert_ne!(base, one(Instant::from_micros(1), None, Fact::Started));
        assert_ne!(
            base,
            one(Instant::ZERO, Some(ProcessId::Broker(1)), Fact::Started)
        );
        assert_ne!(
            base,
            one(Instant::ZERO, None, Fact::Commanded { line: "run".into() })
        );
    }
}
