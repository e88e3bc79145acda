//! The integers inside batches: groups of seven bits, lowest first, with the sign in the lowest bit.
//!
//! Unlike the lengths around a batch they are signed, and a cursor over a plain slice reads them: a
//! body is one piece.

use crate::protocol::malformed::{Malformed, Reason};
use bytes::Bytes;

/// Adds a signed integer of at most 64 bits. A smaller type's integer is written the same.
pub(super) fn put_varint(target: &mut Vec<u8>, value: i64) {
    let mut left = (value << 1 ^ value >> 63).cast_unsigned();
    while left >= 0x80 {
        target.push(left as u8 | 0x80);
        left >>= 7;
    }
    target.push(left as u8);
}

/// How many bytes `put_varint` adds.
pub(super) fn varint_size(value: i64) -> usize {
    let left = (value << 1 ^ value >> 63).cast_unsigned();
    let bits = 64 - (left | 1).leading_zeros() as usize;
    bits.div_ceil(7)
}

/// A place in a body.
#[derive(Clone, Debug)]
pub(super) struct Cursor {
    pub(super) bytes: Bytes,
    pub(super) at: usize,
}

impl Cursor {
    pub(super) fn remaining(&self) -> usize {
        self.bytes.len() - self.at
    }

    pub(super) fn error(&self, reason: Reason) -> Malformed {
        Malformed {
            reason,
            field: "records",
            at: self.at,
        }
    }

    pub(super) fn byte(&mut self) -> Result<u8, Malformed> {
        let byte = self.bytes.get(self.at).copied();
        let byte = byte.ok_or_else(|| self.error(Reason::Truncated))?;
        self.at += 1;
        Ok(byte)
    }

    /// A signed integer of 64 bits, in at most ten bytes.
    pub(super) fn varlong(&mut self) -> Result<i64, Malformed> {
        let mut value: u64 = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            if shift == 63 && byte > 1 {
                return Err(self.error(Reason::OverlongInteger));
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed());
            }
        }
        Err(self.error(Reason::OverlongInteger))
    }

    /// A signed integer of 32 bits, in at most five bytes.
    pub(super) fn varint(&mut self) -> Result<i32, Malformed> {
        let start = self.at;
        let value = self.varlong()?;
        match i32::try_from(value) {
            Ok(value) if self.at - start <= 5 => Ok(value),
            _ => Err(self.error(Reason::OverlongInteger)),
        }
    }

    /// A length that is not below zero and does not reach beyond the end.
    pub(super) fn length(&mut self) -> Result<usize, Malformed> {
        let length = self.varint()?;
        match usize::try_from(length) {
            Ok(length) if length <= self.remaining() => Ok(length),
            Ok(_) => Err(self.error(Reason::Truncated)),
            Err(_) => Err(self.error(Reason::NegativeLength)),
        }
    }

    /// A length and so many bytes, shared; −1 is null.
    pub(super) fn nullable_bytes(&mut self) -> Result<Option<Bytes>, Malformed> {
        if self.bytes.get(self.at) == Some(&1) {
            self.at += 1;
            return Ok(None);
        }
        let length = self.length()?;
        let bytes = self.bytes.slice(self.at..self.at + length);
        self.at += length;
        Ok(Some(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(bytes: Vec<u8>) -> Cursor {
        let bytes = Bytes::from(bytes);
        Cursor { bytes, at: 0 }
    }

    #[test]
    fn varints_read_back() {
        let mut values = vec![0, 1, -1, 63, 64, -64, -65, i64::MAX, i64::MIN];
        values.extend((0..63).map(|shift| 1 << shift));
        values.extend((0..63).map(|shift| -1 << shift));
        for value in values {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, value);
            assert_eq!(bytes.len(), varint_size(value), "{value}");
            assert_eq!(cursor(bytes.clone()).varlong(), Ok(value));
            assert_eq!(cursor(bytes).varint().ok(), i32::try_from(value).ok());
        }
    }

    #[test]
    fn an_integer_longer_than_its_type_is_malformed() {
        for bytes in [vec![0xff; 10], vec![0xff; 11], vec![0x80; 9]] {
            assert!(cursor(bytes).varlong().is_err());
        }
        assert!(
            cursor(vec![0x80, 0x80, 0x80, 0x80, 0x80, 0])
                .varint()
                .is_err()
        );
        let mut tenth = vec![0xff; 9];
        tenth.push(2);
        assert!(cursor(tenth).varlong().is_err());
    }
}
