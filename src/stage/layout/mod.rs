//! Where things stand.
//!
//! A [`Layout`] is a function of the snapshot's structure (which brokers, topics, clients there are), of
//! the stage's size and of the lens. Records flowing do not change it, so nothing on the stage jumps while
//! they do; leadership changes re-route lines but leave boxes where they are, because everything hangs on a
//! partition's *home*, the first replica of its assignment.
//!
//! Two lenses show a cluster: by broker (`by_broker`: producers left, brokers stacked in the middle, readers
//! right, ZooKeeper on top) and by topic (`by_topic`: a row for each partition, the leader's log only). A
//! third takes one record apart (`record`). `phone` is the lens by broker in 390 pixels.
//!
//! When space is short detail is dropped and nothing shrinks: first followers become strips, then offsets
//! are numbered every fifth, then hosts are hidden, then other topics collapse into one heat row, and at last
//! the stage pans: `content` is larger than what was asked for.
//!
//! `columns` are those of the lens by broker; `window` says which offsets a log shows; `lanes` keeps lines apart;
//! `groups` says where members stand.

mod by_broker;
mod by_topic;
mod columns;
mod groups;
mod lanes;
mod phone;
mod record;
mod window;

use crate::sorted::SortedMap;

use crate::model::{BrokerId, ProcessId, Text, TopicPartition};
use crate::stage::Thing;
use crate::stage::density::Density;
use crate::stage::geometry::{Point, Rect, Size};
use crate::stage::kit::{Numbers, Tape};
use crate::stage::snapshot::{Partition, Snapshot};

pub use columns::Columns;
pub use record::{BYTE, LINE};
pub use window::window_start;

/// Which side of the cluster is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lens {
    ByBroker,
    ByTopic,
    /// One record, taken apart.
    Record,
}

/// How much is said beside the logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// Everything the lens can show.
    Full,
    /// The first-run picture: no poles, no positions, no numbers.
    Calm,
}

/// What is asked of a layout.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ask {
    pub lens: Lens,
    /// The stage in CSS pixels.
    pub size: Size,
    pub voice: Voice,
    /// How records are drawn, when the reader says so; else each partition has its own level.
    pub density: Option<Density>,
}

/// How rows are drawn, from the roomiest to the tightest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Every replica in a row of 44 with its role under its name.
    Rows,
    /// The same in rows of 40.
    RowsMid,
    /// The same in rows of 34.
    RowsSmall,
    /// The subject's replicas large, all others as strips.
    Focus,
    /// The same, in a low stage.
    FocusLow,
    /// Every replica in a row of 27 with its name beside it.
    Dense,
    /// Leaders in rows of 29, followers as strips of 17.
    Strips,
    /// 390 pixels wide.
    Phone,
    /// One row for each partition.
    Topic,
    /// One record.
    Record,
}

/// Where everything stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    pub ask: Ask,
    pub manner: Manner,
    /// What the picture needs; larger than asked for when the stage pans.
    pub content: Size,
    /// Where the lowest thing ends, by broker.
    pub lowest: f64,
    /// By topic: what readers have read has a line of its own under each log.
    pub reading_line: bool,
    pub columns: Columns,
    /// Where the cluster's state is shown.
    pub coordination: Option<Rect>,
    pub cards: SortedMap<BrokerId, Rect>,
    /// One row for each drawn replica; by topic, one for each partition under its home broker.
    pub rows: SortedMap<(TopicPartition, BrokerId), Row>,
    pub producers: SortedMap<ProcessId, Client>,
    pub groups: SortedMap<Text, Rect>,
    pub consumers: SortedMap<ProcessId, Client>,
    /// Hosts are hidden when short of room.
    pub hosts: bool,
    pub numbers: Numbers,
    /// Where the legend stands, when there is room for it.
    pub legend: Option<f64>,
    /// By record: a row for each field.
    pub fields: Vec<FieldRow>,
}

/// The place of one replica's log.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The whole row: what a pointer hits and what a wash covers.
    pub area: Rect,
    pub form: RowForm,
    /// The log; its first offset is 0 here and set by [`Row::tape_from`].
    pub tape: Tape,
}

/// What a row shows of its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowForm {
    Cells,
    /// Colours without letters, one for each offset of the aligned window.
    Flat,
    /// Colours without letters over a longer window.
    Strip,
    Stream,
    Heat,
}

/// The place of a client's box and of the lane its lines use.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Client {
    pub area: Rect,
    pub lane: f64,
}

/// The place of one field of a record: its words and its bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FieldRow {
    pub area: Rect,
    /// The base line of the first line of words.
    pub y: f64,
    /// The left edge of the first byte, and its row's upper edge.
    pub bytes: Point,
    /// How many bytes fit on one line.
    pub per_line: usize,
    /// How many bytes are drawn; the rest is counted.
    pub shown: usize,
}

/// Works out where everything stands.
pub fn layout(snapshot: &Snapshot, ask: &Ask) -> Layout {
    match ask.lens {
        Lens::Record => record::layout(snapshot, ask),
        Lens::ByTopic => by_topic::layout(snapshot, ask),
        Lens::ByBroker if ask.size.w < 600.0 => phone::layout(snapshot, ask),
        Lens::ByBroker => by_broker::layout(snapshot, ask),
    }
}

impl Manner {
    /// True for the roomy rows, whose labels stand in two lines before the log.
    pub fn is_rows(self) -> bool {
        matches!(self, Manner::Rows | Manner::RowsMid | Manner::RowsSmall)
    }

    /// True for a figure with one large row on each broker.
    pub fn is_focus(self) -> bool {
        matches!(self, Manner::Focus | Manner::FocusLow)
    }
}

impl Layout {
    /// A stage with nothing on it.
    fn bare(ask: &Ask, manner: Manner, columns: Columns) -> Layout {
        Layout {
            ask: *ask,
            manner,
            content: ask.size,
            lowest: 0.0,
            reading_line: false,
            columns,
            coordination: None,
            cards: SortedMap::new(),
            rows: SortedMap::new(),
            producers: SortedMap::new(),
            groups: SortedMap::new(),
            consumers: SortedMap::new(),
            hosts: true,
            numbers: Numbers::None,
            legend: None,
            fields: Vec::new(),
        }
    }

    pub fn row(&self, partition: &TopicPartition, broker: BrokerId) -> Option<&Row> {
        self.rows.get(&(partition.clone(), broker))
    }

    /// The row whose log a partition's records enter: its leader's, or by topic the only one it has.
    pub fn row_of_leader(&self, partition: &crate::stage::snapshot::Partition) -> Option<&Row> {
        let home = partition.home()?;
        let row = self.row(&partition.id, partition.leader.unwrap_or(home));
        row.or_else(|| self.row(&partition.id, home))
    }

    /// The height that the asked stage lacks.
    pub fn overflow(&self) -> f64 {
        (self.content.h - self.ask.size.h).max(0.0)
    }
}

impl Row {
    /// The log with its first offset in place.
    pub fn tape_from(&self, from: i64) -> Tape {
        Tape { from, ..self.tape }
    }
}

impl Ask {
    /// How the records of a partition are drawn. What the reader selected keeps its letters at any rate.
    pub fn density_of(&self, snapshot: &Snapshot, partition: &Partition) -> Density {
        let chosen = match &snapshot.selection {
            Some(
                Thing::Partition(p)
                | Thing::Replica(p, _)
                | Thing::Record(p, _)
                | Thing::Copy(p, _, _),
            ) => *p == partition.id,
            _ => false,
        };
        match (self.density, chosen) {
            (None, true) => Density::Letters,
            (None, false) => partition.density,
            (Some(density), _) => density,
        }
    }

    /// A full picture, each log drawn as its rate asks for.
    pub fn new(lens: Lens, w: f64, h: f64) -> Ask {
        Ask {
            lens,
            size: Size::new(w, h),
            voice: Voice::Full,
            density: None,
        }
    }
}
