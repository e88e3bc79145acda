//! How high and how far apart everything is, in each manner.

use crate::stage::kit::text_width;
use crate::stage::layout::Manner;
use crate::stage::snapshot::Snapshot;

/// Measures of one manner.
pub(super) struct Measures {
    /// Above the card of the cluster's state.
    pub(super) top: f64,
    pub(super) coordination: f64,
    /// Between it and the first broker.
    pub(super) below_coordination: f64,
    pub(super) header: f64,
    pub(super) bottom: f64,
    pub(super) gap: f64,
    /// From the card's left edge to a row's label, and to its log.
    pub(super) label: f64,
    /// Free at the right end of a row: the lanes of replication.
    pub(super) lanes: f64,
}

pub(super) fn measures(snapshot: &Snapshot, manner: Manner) -> Measures {
    let of = |top, coordination, below, header, bottom, gap, label, lanes| Measures {
        top,
        coordination,
        below_coordination: below,
        header,
        bottom,
        gap,
        label,
        lanes,
    };
    let names = names_width(snapshot);
    match manner {
        Manner::Focus => of(18.0, 108.0, 26.0, 34.0, 6.0, 14.0, 96.0, 16.0),
        Manner::FocusLow => of(8.0, 84.0, 20.0, 30.0, 2.0, 8.0, 96.0, 16.0),
        Manner::RowsMid => of(12.0, 36.0, 12.0, 32.0, 8.0, 10.0, 82.0, 14.0),
        Manner::RowsSmall => of(8.0, 34.0, 10.0, 30.0, 6.0, 9.0, 78.0, 10.0),
        Manner::Dense => of(12.0, 44.0, 18.0, 34.0, 5.0, 13.0, names, 34.0),
        Manner::Strips => of(12.0, 34.0, 10.0, 30.0, 5.0, 8.0, names, 34.0),
        _ => of(14.0, 38.0, 22.0, 34.0, 10.0, 18.0, 92.0, 14.0),
    }
}

/// How far a row's log stands from the card's edge so that the longest partition name fits before it.
fn names_width(snapshot: &Snapshot) -> f64 {
    let widest = snapshot
        .partitions()
        .map(|partition| {
            let name = format!("{} {}", partition.id.topic, partition.id.partition);
            text_width(&name, 11.5)
        })
        .fold(0.0, f64::max);
    // The sign of a compacted topic stands behind its name.
    let compacts = snapshot.topics.iter().any(|topic| topic.policy.compacts());
    let sign = if compacts { 18.0 } else { 0.0 };
    (25.0 + widest + sign).floor().clamp(92.0, 170.0)
}
