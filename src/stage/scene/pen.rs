//! What every part of a scene draws with: the snapshot, the layout and the lists that grow.

use crate::model::{BrokerId, ProcessId};
use crate::stage::Thing;
use crate::stage::geometry::Rect;
use crate::stage::layout::Layout;
use crate::stage::scene::Target;
use crate::stage::shape::{Key, Node, Shape};
use crate::stage::snapshot::{Link, LinkState, Partition, Snapshot};

/// A scene in the making.
pub(super) struct Pen<'a> {
    pub snapshot: &'a Snapshot,
    pub layout: &'a Layout,
    pub nodes: Vec<Node>,
    pub targets: Vec<Target>,
}

impl<'a> Pen<'a> {
    pub fn new(snapshot: &'a Snapshot, layout: &'a Layout) -> Pen<'a> {
        Pen {
            snapshot,
            layout,
            nodes: Vec::new(),
            targets: Vec::new(),
        }
    }

    /// Draws a part of a thing on top of what is there.
    pub fn put(&mut self, thing: &Thing, part: &'static str, shape: Shape) {
        self.put_nth(thing, part, 0, shape);
    }

    /// Draws the n-th of several equal parts.
    pub fn put_nth(&mut self, thing: &Thing, part: &'static str, index: usize, shape: Shape) {
        let key = Key {
            thing: thing.clone(),
            part,
            index: index as u32,
        };
        self.nodes.push(shape.keyed(key));
    }

    pub fn target(&mut self, thing: Thing, area: Rect) {
        self.targets.push(Target { thing, area });
    }

    /// The fault on the link between two processes, when there is one.
    pub fn fault(&self, a: ProcessId, b: ProcessId) -> Option<&'a Link> {
        let wanted = Thing::link(a, b);
        self.snapshot
            .links
            .iter()
            .find(|link| Thing::link(link.a, link.b) == wanted)
    }

    /// The kind of line for a link: `data` or `repl` when all is well.
    pub fn line_class(&self, a: ProcessId, b: ProcessId, well: &'static str) -> &'static str {
        match self.fault(a, b).map(|link| link.state) {
            None => well,
            Some(LinkState::Slow) => "slow",
            Some(LinkState::Held | LinkState::Cut) => "cut",
        }
    }

    pub fn is_down(&self, broker: BrokerId) -> bool {
        self.snapshot.broker(broker).is_none_or(|b| b.is_down())
    }

    /// True when the partition is what the reader looks at: the subject of the lesson, or selected, itself
    /// or through one of its replicas or records.
    pub fn is_chosen(&self, partition: &Partition) -> bool {
        let chosen = match &self.snapshot.selection {
            Some(
                Thing::Partition(p)
                | Thing::Replica(p, _)
                | Thing::Record(p, _)
                | Thing::Copy(p, _, _),
            ) => *p == partition.id,
            _ => false,
        };
        chosen || self.snapshot.subject.as_ref() == Some(&partition.id)
    }
}
