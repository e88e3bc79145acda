//! One record taken apart.

use crate::model::{Offset, Text, TopicPartition};
use crate::stage::snapshot::{CellState, KeyMark};

/// One record taken apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Anatomy {
    pub partition: TopicPartition,
    pub offset: Offset,
    pub mark: KeyMark,
    pub state: CellState,
    pub fields: Vec<Field>,
}

/// One field of a record with the bytes that say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// `key`, `value`, `header source`, `timestamp`, …
    pub name: Text,
    pub value: Text,
    pub bytes: Vec<u8>,
    pub kind: FieldKind,
}

/// What a field's bytes are to the reader; decides their tint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// Of the batch that the record came in, and of no single record.
    Batch,
    /// Lengths, deltas, attributes: what holds the record together.
    Frame,
    Key,
    /// Value and headers.
    Payload,
    Timestamp,
}
