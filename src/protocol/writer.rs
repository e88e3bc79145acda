//! `Writer`: builds a message as small written parts between stored bytes taken by reference.

use super::chunks::Chunks;
use bytes::Bytes;
use std::ops::Range;

/// Collects the bytes of a message.
///
/// Everything written goes into one buffer; everything shared is only referred to. `finish` cuts the
/// buffer where shared bytes belong, so a Fetch answer costs one allocation however many batches it holds.
#[derive(Debug, Default)]
pub struct Writer {
    written: Vec<u8>,
    /// Shared bytes, each with the place in `written` before which it belongs.
    shared: Vec<(usize, Chunks)>,
    shared_length: usize,
    /// How much may be written, if there is a bound, and whether it was too little.
    most: Option<usize>,
    is_full: bool,
}

/// Most messages, their stored bytes apart, are shorter than this.
const USUAL: usize = 192;

/// How long a varint of 32 bits may be.
const MOST_OF_A_VARINT: usize = 5;

impl Writer {
    pub fn new() -> Writer {
        Writer {
            written: Vec::with_capacity(USUAL),
            ..Writer::default()
        }
    }

    /// Like `new`, and takes no more than so many bytes beside those that are shared. What does not fit is dropped,
    /// and the writer says so.
    pub fn within(most: usize) -> Writer {
        Writer {
            most: Some(most),
            ..Writer::new()
        }
    }

    /// Whether something did not fit. Then what was written is no message.
    pub fn is_full(&self) -> bool {
        self.is_full
    }

    /// Whether so much more may be written.
    fn has_room(&mut self, more: usize) -> bool {
        let most = self.most.unwrap_or(usize::MAX);
        self.is_full |= more > most.saturating_sub(self.written.len());
        !self.is_full
    }

    /// How many bytes the message has so far, shared ones included.
    pub fn len(&self) -> usize {
        self.written.len() + self.shared_length
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds bytes by copying them.
    pub fn put(&mut self, bytes: &[u8]) {
        if self.has_room(bytes.len()) {
            self.written.extend_from_slice(bytes);
        }
    }

    /// Adds stored bytes by reference.
    pub fn share(&mut self, chunks: &Chunks) {
        if !chunks.is_empty() {
            self.shared_length += chunks.len();
            self.shared.push((self.written.len(), chunks.clone()));
        }
    }

    /// Adds an integer in groups of seven bits, lowest first.
    pub(super) fn unsigned_varint(&mut self, value: u32) {
        if !self.has_room(MOST_OF_A_VARINT) {
            return;
        }
        let mut left = value;
        while left >= 0x80 {
            self.written.push(left as u8 | 0x80);
            left >>= 7;
        }
        self.written.push(left as u8);
    }

    /// Runs `write`, and puts the length of what it wrote before it.
    ///
    /// # Panics
    /// If `write` shares bytes: only tagged fields are written so, and Kafka has no records in them.
    pub(super) fn with_length(&mut self, write: &mut dyn FnMut(&mut Writer)) {
        let start = self.written.len();
        let shared = self.shared.len();
        write(self);
        assert!(
            self.shared.len() == shared,
            "a tagged field holds no records"
        );
        let content = self.written.split_off(start);
        self.unsigned_varint(length_as_u32(content.len()));
        self.put(&content);
    }

    /// Replaces the four bytes at `at`, which must have been written before anything was shared.
    pub(super) fn patch(&mut self, at: usize, bytes: [u8; 4]) {
        self.written[at..at + 4].copy_from_slice(&bytes);
    }

    /// The message.
    pub fn finish(self) -> Chunks {
        let written = Bytes::from(self.written);
        let mut chunks = Chunks::new();
        let mut from = 0;
        for (to, shared) in &self.shared {
            push_range(&mut chunks, &written, from..*to);
            chunks.append(shared);
            from = *to;
        }
        push_range(&mut chunks, &written, from..written.len());
        chunks
    }
}

fn push_range(chunks: &mut Chunks, written: &Bytes, range: Range<usize>) {
    if !range.is_empty() {
        chunks.push(written.slice(range));
    }
}

/// A length as the wire says it.
///
/// # Panics
/// From 2 GiB on. No request that is sent in a world is so long, and answers are bounded
/// ([`encode_response_within`](super::encode_response_within)).
pub(super) fn length_as_u32(length: usize) -> u32 {
    match i32::try_from(length) {
        Ok(length) => length.unsigned_abs(),
        Err(_) => panic!("a message is shorter than 2 GiB"),
    }
}

/// A length as the wire says it in the versions that are not flexible; panics as `length_as_u32`.
pub(super) fn length_as_i32(length: usize) -> i32 {
    length_as_u32(length) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_bytes_stand_where_they_were_put() {
        let stored = Bytes::from(vec![b's'; 5]);
        let mut writer = Writer::new();
        writer.share(&Chunks::from(stored.clone()));
        writer.put(b"one");
        writer.share(&Chunks::from(stored.clone()));
        writer.share(&Chunks::from(stored.clone()));
        writer.put(b"TWO");
        assert_eq!(writer.len(), 21);
        let chunks = writer.finish();
        assert_eq!(&chunks.to_bytes()[..], b"sssssonessssssssssTWO".as_slice());
        let third = chunks.pieces().nth(2).expect("a third piece");
        assert_eq!(third.as_ptr(), stored.as_ptr());
    }

    #[test]
    fn what_does_not_fit_is_dropped_and_nothing_behind_it_is_taken() {
        let mut writer = Writer::within(8);
        writer.put(b"12345678");
        writer.share(&Chunks::from(vec![b's'; 100]));
        assert!(!writer.is_full());
        writer.put(b"9");
        assert!(writer.is_full());
        (0..1_000).for_each(|_| writer.unsigned_varint(7));
        assert_eq!(writer.len(), 108);
    }

    #[test]
    fn varints_are_as_short_as_can_be() {
        for (value, expected) in [
            (0, &[0][..]),
            (127, &[0x7f]),
            (128, &[0x80, 1]),
            (300, &[0xac, 2]),
            (u32::MAX, &[0xff, 0xff, 0xff, 0xff, 0x0f]),
        ] {
            let mut writer = Writer::new();
            writer.unsigned_varint(value);
            assert_eq!(writer.finish().to_bytes(), expected);
        }
    }
}
