//! `Chunks`: bytes in several pieces, read as one.
//!
//! An answer to Fetch is a small head followed by stored batches. Copying the batches behind the head
//! would make every reader of a log pay for a private copy; instead the answer is a list of shared
//! slices, and what a follower appends is the very memory its leader stored. How a sequence of bytes
//! is cut into pieces has no meaning: equality, lengths and every decoder see only the bytes.

use bytes::{Bytes, BytesMut};
use smallvec::{SmallVec, smallvec};
use std::fmt;

/// An ordered list of shared byte slices that stands for their concatenation.
///
/// No piece is empty. Cloning and slicing share the bytes.
#[derive(Clone, Default)]
pub struct Chunks {
    /// Nearly always one or two, a head and a batch; those take no memory of their own.
    pieces: SmallVec<[Bytes; 2]>,
    length: usize,
}

/// Pieces of fewer bytes than this, on average, are not worth their handles.
const CRUMB: usize = 64;

impl Chunks {
    /// No bytes at all.
    pub fn new() -> Chunks {
        Chunks::default()
    }

    /// How many bytes there are in all pieces together.
    pub fn len(&self) -> usize {
        self.length
    }

    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Adds bytes at the end without copying them.
    pub fn push(&mut self, piece: Bytes) {
        if !piece.is_empty() {
            self.length += piece.len();
            self.pieces.push(piece);
        }
    }

    /// Adds another list's pieces at the end without copying their bytes.
    pub fn append(&mut self, other: &Chunks) {
        self.pieces.extend(other.pieces.iter().cloned());
        self.length += other.length;
    }

    /// The bytes from `from` up to and without `to`, shared with this list.
    ///
    /// # Panics
    /// If `from > to` or `to > len()`, as slices do.
    pub fn slice(&self, from: usize, to: usize) -> Chunks {
        assert!(
            from <= to && to <= self.length,
            "a slice lies within its bytes"
        );
        let mut slice = Chunks::new();
        let mut start = 0;
        for piece in &self.pieces {
            let end = start + piece.len();
            if end > from && start < to {
                slice.push(piece.slice(from.saturating_sub(start)..to.min(end) - start));
            }
            if end >= to {
                break;
            }
            start = end;
        }
        slice
    }

    /// The pieces in order.
    pub fn pieces(&self) -> impl Iterator<Item = &Bytes> {
        self.pieces.iter()
    }

    /// All bytes as one slice: shared when there is one piece, copied together when there are more.
    pub fn to_bytes(&self) -> Bytes {
        match self.pieces.as_slice() {
            [] => Bytes::new(),
            [piece] => piece.clone(),
            pieces => {
                let mut all = BytesMut::with_capacity(self.length);
                for piece in pieces {
                    all.extend_from_slice(piece);
                }
                all.freeze()
            }
        }
    }

    /// All bytes, copied.
    pub fn to_vec(&self) -> Vec<u8> {
        self.pieces.concat()
    }

    /// Whether these are the very bytes that the other holds, cut in the same way: a question of memory, not of what
    /// the bytes say.
    pub(crate) fn is_same_memory(&self, other: &Chunks) -> bool {
        let place = |piece: &Bytes| (piece.as_ptr(), piece.len());
        self.pieces().map(place).eq(other.pieces().map(place))
    }

    pub(super) fn as_pieces(&self) -> &[Bytes] {
        &self.pieces
    }

    /// Copies the pieces together if they are so small that they cost more than their bytes.
    pub(super) fn join_crumbs(&mut self) {
        if self.pieces.len() > 1 && self.pieces.len() * CRUMB > self.length {
            self.pieces = smallvec![self.to_bytes()];
        }
    }

    /// Forgets the first `count` bytes.
    pub(super) fn advance(&mut self, count: usize) {
        assert!(
            count <= self.length,
            "only bytes that are there can be taken"
        );
        self.length -= count;
        let mut left = count;
        let mut whole = 0;
        for piece in &mut self.pieces {
            if left < piece.len() {
                bytes::Buf::advance(piece, left);
                break;
            }
            left -= piece.len();
            whole += 1;
        }
        self.pieces.drain(..whole);
    }
}

impl From<Bytes> for Chunks {
    fn from(piece: Bytes) -> Chunks {
        let mut chunks = Chunks::new();
        chunks.push(piece);
        chunks
    }
}

impl From<Vec<u8>> for Chunks {
    fn from(bytes: Vec<u8>) -> Chunks {
        Chunks::from(Bytes::from(bytes))
    }
}

impl FromIterator<Bytes> for Chunks {
    fn from_iter<I: IntoIterator<Item = Bytes>>(pieces: I) -> Chunks {
        let mut chunks = Chunks::new();
        for piece in pieces {
            chunks.push(piece);
        }
        chunks
    }
}

impl PartialEq for Chunks {
    fn eq(&self, other: &Chunks) -> bool {
        if self.length != other.length {
            return false;
        }
        let (mut ours, mut theirs) = (self.pieces.iter(), other.pieces.iter());
        let (mut left, mut right): (&[u8], &[u8]) = (&[], &[]);
        loop {
            if left.is_empty() {
                left = match ours.next() {
                    Some(piece) => piece,
                    None => return true,
                };
            }
            if right.is_empty() {
                right = match theirs.next() {
                    Some(piece) => piece,
                    None => return true,
                };
            }
            let common = left.len().min(right.len());
            if left[..common] != right[..common] {
                return false;
            }
            left = &left[common..];
            right = &right[common..];
        }
    }
}

impl Eq for Chunks {}

impl fmt::Debug for Chunks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.pieces.iter().flatten() {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &'static str, sizes: &[usize]) -> Chunks {
        let mut rest = Bytes::from_static(text.as_bytes());
        let mut chunks = Chunks::new();
        for size in sizes {
            chunks.push(rest.split_to(*size));
        }
        chunks.push(rest);
        chunks
    }

    #[test]
    fn how_bytes_are_cut_has_no_meaning() {
        let whole = cut("abcdefgh", &[]);
        for sizes in [&[1, 1, 1][..], &[4], &[0, 3, 5], &[7]] {
            let pieces = cut("abcdefgh", sizes);
            assert_eq!(pieces, whole);
            assert_eq!(whole, pieces);
            assert_eq!(pieces.to_bytes(), whole.to_bytes());
            for from in 0..=8 {
                for to in from..=8 {
                    assert_eq!(pieces.slice(from, to), whole.slice(from, to));
                }
                let mut rest = pieces.clone();
                rest.advance(from);
                assert_eq!(rest, whole.slice(from, 8));
            }
        }
        assert_ne!(whole, cut("abcdefgx", &[3]));
        assert_ne!(whole, cut("abcdefg", &[3]));
    }

    #[test]
    fn one_piece_is_not_copied() {
        let piece = Bytes::from(vec![1, 2, 3]);
        let chunks = Chunks::from(piece.clone());
        assert_eq!(chunks.to_bytes().as_ptr(), piece.as_ptr());
        assert_eq!(chunks.slice(1, 3).to_bytes().as_ptr(), piece[1..].as_ptr());
    }
}
