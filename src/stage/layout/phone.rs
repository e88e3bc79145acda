//! The lens by broker in 390 pixels: one partition, one line for the state, one for the clients.

use crate::stage::layout::{Ask, Columns, Layout, Manner};
use crate::stage::snapshot::Snapshot;
pub(super) fn layout(snapshot: &Snapshot, ask: &Ask) -> Layout {
    Layout::bare(
        ask,
        Manner::Topic,
        Columns::of(snapshot, Manner::Topic, ask.size.w),
    )
}
