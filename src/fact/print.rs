//! How ids, bytes and long texts are written, where a fact is written at all.

use std::fmt;

use bytes::Bytes;

use crate::model::{BrokerId, TopicPartition};

/// Bytes as a person reads them: quoted text when it is printable UTF-8, hex otherwise.
pub struct Shown<'a>(pub Option<&'a Bytes>);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(bytes) = self.0 else {
            return f.write_str("null");
        };
        match std::str::from_utf8(bytes) {
            Ok(text) if !text.chars().any(char::is_control) => write!(f, "{text:?}"),
            _ => {
                f.write_str("0x")?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }
    }
}

/// A member id without most of the random part that the coordinator puts behind the client's name.
pub fn short_member(id: &str) -> &str {
    const RANDOM: usize = 36;
    const SHOWN: usize = 4;
    let dashes = [8, 13, 18, 23];
    let begin = id
        .len()
        .checked_sub(RANDOM)
        .filter(|at| id.is_char_boundary(*at));
    let Some((begin, random)) = begin.map(|at| (at, &id.as_bytes()[at..])) else {
        return id;
    };
    let is_random = (0..RANDOM).all(|at| match dashes.contains(&at) {
        true => random[at] == b'-',
        false => random[at].is_ascii_hexdigit(),
    });
    if is_random { &id[..begin + SHOWN] } else { id }
}

/// The longest line that is told whole.
const LINE: usize = 120;
/// The longest answer to a person that is told whole: a list of what would have been accepted is of use to its end.
const ANSWER: usize = 600;

/// The beginning of a text that is too long to be told.
pub fn clipped(text: &str) -> String {
    match text.char_indices().nth(LINE) {
        Some((at, _)) => format!("{}… ({} bytes)", &text[..at], text.len()),
        None => text.to_owned(),
    }
}

/// An answer to a person, without the end of whatever was pasted.
pub fn answered(sentence: &str) -> String {
    match sentence.char_indices().nth(ANSWER) {
        Some((at, _)) => format!("{}…", &sentence[..at]),
        None => sentence.to_owned(),
    }
}

/// Brokers one after the other.
pub(super) struct Ids<'a>(pub(super) &'a [BrokerId]);

impl fmt::Display for Ids<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, id) in self.0.iter().enumerate() {
            let comma = if i > 0 { "," } else { "" };
            write!(f, "{comma}{id}")?;
        }
        Ok(())
    }
}

/// Partitions one after the other, or that there are none.
pub(super) struct Listed<'a>(pub(super) &'a [TopicPartition]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str(" nothing");
        }
        self.0
            .iter()
            .try_for_each(|partition| write!(f, " {partition}"))
    }
}
