//! The wire inspector's view of a frame: a tree of named fields with byte ranges.

use super::chunks::Chunks;
use super::reader::Reader;

/// Adds what a records field holds to the trace.
pub(super) fn records(_reader: &mut Reader<'_>, _start: usize, _records: Option<&Chunks>) {}
