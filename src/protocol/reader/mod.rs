//! `Reader`: a cursor over bytes that may lie, in pieces that may be cut anywhere.
//!
//! Three rules keep a hostile frame harmless. Nothing is read past the end. A count is believed only
//! if so many smallest elements fit into the bytes left, and only then is memory taken for them. And
//! all memory that decoding takes is paid from a budget of 64 bytes for each byte given, which no
//! honest message comes near.
//!
//! Unlike Kafka, a broker spends no more than 64 MiB on a request beside its own length: a long one could else make it
//! take a gigabyte for names of one letter. A million of them are still read.

use super::chunks::Chunks;
use super::malformed::{Malformed, Reason};
use super::trace::{Field, Trace};
use crate::model::Text;
use bytes::Bytes;

/// How much memory decoding may take for each byte decoded.
pub const AMPLIFICATION: usize = 64;

/// How much memory decoding a request may take beyond its own length, whatever that is.
pub const MEMORY_OF_A_REQUEST: usize = 64 << 20;

/// Text keeps two counts of its owners beside its bytes, which is memory too.
const TEXT_OVERHEAD: usize = 16;

/// The layout of lengths and tags in the flexible versions.
pub(super) const UNSIGNED_VARINT: &str = "unsigned varint";

/// How many tagged fields there are.
const COUNT: &str = "count";

/// Whether a structure knows a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    Yes,
    No,
}

/// A cursor over the bytes of a message.
#[derive(Debug)]
pub struct Reader<'a> {
    pieces: &'a [Bytes],
    /// The piece under the cursor, and what is left of it: nothing only at the end of all.
    piece: usize,
    rest: &'a [u8],
    position: usize,
    /// Where reading must stop: the end of the bytes, or of the tagged field being read.
    end: usize,
    budget: usize,
    field: &'static str,
    trace: Option<Trace>,
    codes: Option<Vec<i16>>,
}

impl<'a> Reader<'a> {
    /// Reads `chunks` from their first byte.
    pub fn new(chunks: &'a Chunks) -> Reader<'a> {
        let pieces = chunks.as_pieces();
        Reader {
            pieces,
            piece: 0,
            rest: pieces.first().map_or(&[], |first| first),
            position: 0,
            end: chunks.len(),
            budget: chunks.len().saturating_mul(AMPLIFICATION),
            field: "",
            trace: None,
            codes: None,
        }
    }

    /// Like `new`, for who must not spend more than a request is worth.
    pub fn of_request(chunks: &'a Chunks) -> Reader<'a> {
        let reader = Reader::new(chunks);
        let most = chunks.len().saturating_add(MEMORY_OF_A_REQUEST);
        Reader {
            budget: reader.budget.min(most),
            ..reader
        }
    }

    /// Like `new`, and keeps a tree of what was read, under one root called `name`.
    pub fn traced(chunks: &'a Chunks, name: &str) -> Reader<'a> {
        Reader {
            trace: Some(Trace::new(name)),
            ..Reader::new(chunks)
        }
    }

    /// Like `new`, and gathers every error code that is not zero.
    pub fn heeding_codes(chunks: &'a Chunks) -> Reader<'a> {
        Reader {
            codes: Some(Vec::new()),
            ..Reader::new(chunks)
        }
    }

    /// The error codes that were read so far, if the reader was made with `heeding_codes`.
    pub fn into_codes(self) -> Vec<i16> {
        self.codes.unwrap_or_default()
    }

    /// How many bytes have been read.
    pub fn position(&self) -> usize {
        self.position
    }

    /// How many bytes may still be read.
    pub fn remaining(&self) -> usize {
        self.end - self.position
    }

    /// That nothing is left over.
    pub fn finish(&mut self) -> Result<(), Malformed> {
        if self.remaining() > 0 {
            return Err(self.malformed(Reason::TrailingBytes));
        }
        Ok(())
    }

    /// The tree of what was read so far, if the reader was made with `traced`.
    pub fn into_trace(self) -> Option<Field> {
        let position = self.position;
        self.trace.map(|trace| trace.finish(position))
    }

    pub(super) fn malformed(&self, reason: Reason) -> Malformed {
        Malformed {
            reason,
            field: self.field,
            at: self.position,
        }
    }

    /// The next `N` bytes.
    #[inline]
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        if self.remaining() < N {
            return Err(self.malformed(Reason::Truncated));
        }
        // The common case: the value lies within one piece and does not end it.
        if let Some((array, rest)) = self.rest.split_first_chunk()
            && !rest.is_empty()
        {
            self.rest = rest;
            self.position += N;
            return Ok(*array);
        }
        let mut array = [0; N];
        self.copy_out(&mut array);
        Ok(array)
    }

    /// Passes over the next `length` bytes.
    pub(super) fn skip(&mut self, length: usize) -> Result<(), Malformed> {
        if self.remaining() < length {
            return Err(self.malformed(Reason::Truncated));
        }
        let mut left = length;
        while left > 0 {
            let count = self.rest.len().min(left);
            self.advance_in_piece(count);
            left -= count;
        }
        Ok(())
    }

    /// The next byte, if it is this one and there are more in its piece.
    fn passes(&mut self, byte: u8) -> bool {
        match self.rest {
            [next, rest @ ..] if *next == byte && !rest.is_empty() && self.remaining() > 0 => {
                self.rest = rest;
                self.position += 1;
                true
            }
            _ => false,
        }
    }

    /// An integer in groups of seven bits, lowest first, at most five bytes and 32 bits.
    #[inline]
    pub(super) fn unsigned_varint(&mut self) -> Result<u32, Malformed> {
        let [byte] = self.array()?;
        match byte {
            ..0x80 => Ok(u32::from(byte)),
            _ => self.longer_varint(byte),
        }
    }

    /// The rest of an integer of more than one byte.
    fn longer_varint(&mut self, first: u8) -> Result<u32, Malformed> {
        let mut value = u32::from(first & 0x7f);
        for shift in [7, 14, 21, 28] {
            let [byte] = self.array()?;
            if shift == 28 && byte > 0x0f {
                return Err(self.malformed(Reason::OverlongInteger));
            }
            value |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(self.malformed(Reason::OverlongInteger))
    }

    /// The next `length` bytes, shared with what is being read.
    pub(super) fn share(&mut self, length: usize) -> Result<Chunks, Malformed> {
        if self.remaining() < length {
            return Err(self.malformed(Reason::Truncated));
        }
        let mut shared = Chunks::new();
        while shared.len() < length {
            let count = self.rest.len().min(length - shared.len());
            shared.push(self.own(count));
            self.advance_in_piece(count);
        }
        Ok(shared)
    }

    /// The next `length` bytes as one slice: shared if they lie in one piece, else copied together.
    pub(super) fn shared_bytes(&mut self, length: usize) -> Result<Bytes, Malformed> {
        if length > self.rest.len() || length > self.remaining() || length == 0 {
            return Ok(self.share(length)?.to_bytes());
        }
        let bytes = self.own(length);
        self.advance_in_piece(length);
        Ok(bytes)
    }

    /// So many of the bytes that are left of the piece under the cursor, shared.
    fn own(&self, count: usize) -> Bytes {
        let piece = &self.pieces[self.piece];
        let offset = piece.len() - self.rest.len();
        piece.slice(offset..offset + count)
    }

    /// The next `length` bytes, copied and paid for.
    pub(super) fn copy(&mut self, length: usize) -> Result<Vec<u8>, Malformed> {
        if self.remaining() < length {
            return Err(self.malformed(Reason::Truncated));
        }
        self.spend(length)?;
        let mut copy = vec![0; length];
        self.copy_out(&mut copy);
        Ok(copy)
    }

    /// The next `length` bytes as text, copied and paid for.
    pub(super) fn text(&mut self, length: usize) -> Result<Text, Malformed> {
        if self.remaining() < length {
            return Err(self.malformed(Reason::Truncated));
        }
        self.spend(TEXT_OVERHEAD)?;
        self.spend(length)?;
        let text = |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(Text::from);
        let read = match self.rest.get(..length) {
            // At the end of all there is no piece to advance in, and nothing to read.
            Some(bytes) if length > 0 => {
                let read = text(bytes);
                self.advance_in_piece(length);
                read
            }
            _ => text(&self.share(length)?.to_bytes()),
        };
        read.ok_or_else(|| self.malformed(Reason::NotUtf8))
    }

    /// The tagged fields that end a flexible structure. `read` reads the field with the given tag
    /// and says whether it knows it; a field that nobody knows is passed over, so that a newer peer
    /// may say more than an older one understands.
    pub(super) fn tagged_fields(
        &mut self,
        read: &mut dyn FnMut(&mut Reader<'a>, u32) -> Result<Known, Malformed>,
    ) -> Result<(), Malformed> {
        // Mostly there are none.
        if self.trace.is_none() && self.passes(0) {
            self.field = COUNT;
            return Ok(());
        }
        self.enter("tagged_fields");
        let count = self.named_varint(COUNT)?;
        for _ in 0..count {
            self.enter("tagged_field");
            let tag = self.named_varint("tag")?;
            let size = self.named_varint("size")? as usize;
            self.within(size, |reader| match read(reader, tag)? {
                Known::Yes => Ok(()),
                Known::No => {
                    let start = reader.position;
                    let skipped = reader.share(size)?;
                    reader.leaf("unknown", "bytes", start, || format!("{skipped:?}"));
                    Ok(())
                }
            })?;
            self.say("tagged field", String::new);
            self.leave();
        }
        self.say("tagged fields", String::new);
        self.leave();
        Ok(())
    }

    /// An unsigned varint that is a field of its own.
    fn named_varint(&mut self, name: &'static str) -> Result<u32, Malformed> {
        self.enter(name);
        let value = self.unsigned_varint()?;
        self.say(UNSIGNED_VARINT, || value.to_string());
        self.leave();
        Ok(value)
    }

    /// Runs `read` on the next `length` bytes, all of which it must read.
    pub(super) fn within<T>(
        &mut self,
        length: usize,
        read: impl FnOnce(&mut Reader<'a>) -> Result<T, Malformed>,
    ) -> Result<T, Malformed> {
        if self.remaining() < length {
            return Err(self.malformed(Reason::Truncated));
        }
        let outer = std::mem::replace(&mut self.end, self.position + length);
        let value = read(self)?;
        self.finish()?;
        self.end = outer;
        Ok(value)
    }

    /// Pays for the memory of `count` elements of `size` bytes, of which each is at least `smallest`
    /// bytes long here; refuses counts that cannot be true.
    pub(super) fn admit(
        &mut self,
        count: usize,
        smallest: usize,
        size: usize,
    ) -> Result<(), Malformed> {
        let least = count.checked_mul(smallest.max(1));
        if least.is_none_or(|least| least > self.remaining()) {
            return Err(self.malformed(Reason::ImpossibleCount));
        }
        self.spend(count.saturating_mul(size))
    }

    /// Pays for memory.
    pub(super) fn spend(&mut self, bytes: usize) -> Result<(), Malformed> {
        match self.budget.checked_sub(bytes) {
            Some(left) => {
                self.budget = left;
                Ok(())
            }
            None => Err(self.malformed(Reason::Amplified)),
        }
    }

    /// Begins the field `name`: errors will name it, and the trace opens it.
    #[inline]
    pub(super) fn enter(&mut self, name: &'static str) {
        self.field = name;
        if self.trace.is_some() {
            self.open(name.to_string());
        }
    }

    /// Opens a field in the trace.
    #[cold]
    fn open(&mut self, name: String) {
        if let Some(trace) = &mut self.trace {
            trace.enter(name, self.position);
        }
    }

    /// Looks at the error code that is about to be read, if somebody wants to know of it.
    pub(super) fn heed_code(&mut self) {
        if self.codes.is_none() {
            return;
        }
        let here = (self.piece, self.rest, self.position);
        let code = self.array().map(i16::from_be_bytes);
        (self.piece, self.rest, self.position) = here;
        if let (Ok(code), Some(codes)) = (code, &mut self.codes)
            && code != 0
        {
            codes.push(code);
        }
    }

    /// Begins an element of an array, which only the trace cares about.
    #[inline]
    pub(super) fn enter_element(&mut self, index: usize) {
        if self.trace.is_some() {
            self.open(format!("[{index}]"));
        }
    }

    /// Ends what `enter` or `enter_element` began.
    #[inline]
    pub(super) fn leave(&mut self) {
        if let Some(trace) = &mut self.trace {
            trace.leave(self.position);
        }
    }

    /// Says what the open field is.
    #[inline]
    pub(super) fn say(&mut self, kind: &'static str, value: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.say(kind, value());
        }
    }

    /// Adds a field without children that began at `start` and ends here.
    pub(super) fn leaf(
        &mut self,
        name: &'static str,
        kind: &'static str,
        start: usize,
        value: impl FnOnce() -> String,
    ) {
        if let Some(trace) = &mut self.trace {
            trace.leaf(name, kind, value(), start..self.position);
        }
    }

    /// The trace, for those who have more to say than a leaf.
    pub(super) fn trace(&mut self) -> Option<&mut Trace> {
        self.trace.as_mut()
    }

    fn copy_out(&mut self, target: &mut [u8]) {
        let mut filled = 0;
        while filled < target.len() {
            let count = self.rest.len().min(target.len() - filled);
            target[filled..filled + count].copy_from_slice(&self.rest[..count]);
            filled += count;
            self.advance_in_piece(count);
        }
    }

    fn advance_in_piece(&mut self, count: usize) {
        self.position += count;
        self.rest = &self.rest[count..];
        if self.rest.is_empty()
            && let Some(next) = self.pieces.get(self.piece + 1)
        {
            self.piece += 1;
            self.rest = next;
        }
    }
}

#[cfg(test)]
mod tests;
