//! Requests that are well formed and ask for what cannot be.
//!
//! Each is sent in one of the versions that brokers serve, so that whatever an answer says of an error is said in
//! the old words too. None of them may do harm: a stranger asks for no unclean election, and for no record that
//! a promise could be about.
//!
//! - `records`: writing what cannot be appended, reading what is not there;
//! - `questions`: asking about what is not there, and what only brokers may ask;
//! - `administration`: topics, partitions and settings that cannot be;
//! - `groups`: what only members of a group may.

mod administration;
mod groups;
mod questions;
mod records;

use std::fmt::Write as _;

use super::Draw;
use crate::model::{TopicId, TopicPartition};
use crate::protocol::{Request, encode_request};

pub(super) use groups::of_members;
pub(super) use records::produce;

/// An id that no topic has.
const NOBODYS: TopicId = TopicId([0xee; 16]);

/// What somebody asks for: the bytes of some requests, each after the answer to the one before.
pub(super) fn wishes(partition: &TopicPartition, draw: &mut Draw) -> Vec<String> {
    let count = draw.between(2, 6);
    (0..count).flat_map(|_| wish(partition, draw)).collect()
}

fn wish(partition: &TopicPartition, draw: &mut Draw) -> Vec<String> {
    match draw.between(0, 24) {
        0..7 => records::batches(partition, draw),
        7..11 => vec![records::reads(partition, draw)],
        11..15 => vec![questions::questions(partition, draw)],
        15..18 => vec![administration::topics(partition, draw)],
        18 | 19 => vec![administration::growth(partition, draw)],
        20 | 21 => vec![administration::places(partition, draw)],
        22 | 23 => vec![administration::settings(partition, draw)],
        // At this the connection ends.
        _ => vec![questions::of_brokers(draw)],
    }
}

fn hex<R: Request>(request: &R, version: u64) -> String {
    let frame = encode_request(request, version as i16, 1, Some("stranger")).to_bytes();
    frame.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
