//! What every part of a scene draws with: the snapshot, the layout and the lists that grow.

use crate::model::{BrokerId, ProcessId};
use crate::stage::Thing;
use crate::stage::geometry::{Rect, Route};
use crate::stage::kit;
use crate::stage::layout::Layout;
use crate::stage::scene::{Line, Target};
use crate::stage::shape::{Key, Node, Shape};
use crate::stage::snapshot::{BrokerState, Link, LinkState, Partition, Snapshot};

/// A scene in the making.
pub(super) struct Pen<'a> {
    pub snapshot: &'a Snapshot,
    pub layout: &'a Layout,
    pub nodes: Vec<Node>,
    pub targets: Vec<Target>,
    pub lines: Vec<Line>,
}

impl<'a> Pen<'a> {
    pub fn new(snapshot: &'a Snapshot, layout: &'a Layout) -> Pen<'a> {
        Pen {
            snapshot,
            layout,
            nodes: Vec::new(),
            targets: Vec::new(),
            lines: Vec::new(),
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

    /// Rings around what is selected and around where the keyboard stands, unless it was drawn with its own.
    pub fn rings(&mut self) {
        let snapshot = self.snapshot;
        self.selected_line();
        let area = |pen: &Pen, thing: &Thing| {
            let mut targets = pen.targets.iter();
            targets.find(|t| t.thing == *thing).map(|t| t.area)
        };
        if let Some(thing) = &snapshot.selection
            && !self.nodes.iter().any(|node| node.key.part == "ring")
            && let Some(area) = area(self, thing)
        {
            let Rect { x, y, w, h } = area;
            self.put(thing, "ring", Shape::rect(x, y, w, h, 8.0, "sel"));
        }
        if let Some(thing) = &snapshot.focus
            && !self.nodes.iter().any(|node| node.key.part == "focus")
            && let Some(area) = area(self, thing)
        {
            let Rect { x, y, w, h } = area.grown(3.0);
            self.put(&Thing::Stage, "focus", Shape::rect(x, y, w, h, 9.0, "foc"));
        }
    }

    pub fn target(&mut self, thing: Thing, area: Rect) {
        self.targets.push(Target { thing, area });
    }

    /// A line between two processes that can be pointed at all along its way.
    pub fn line(&mut self, a: ProcessId, b: ProcessId, route: &Route) {
        self.lines.push(Line {
            thing: Thing::link(a, b),
            route: route.clone(),
        });
    }

    /// The line that is selected, seen through the one that is drawn there.
    fn selected_line(&mut self) {
        let Some(thing) = &self.snapshot.selection else {
            return;
        };
        let lines = self.lines.iter().filter(|line| line.thing == *thing);
        let routes: Vec<Route> = lines.map(|line| line.route.clone()).collect();
        for (nth, route) in routes.iter().enumerate() {
            self.put_nth(thing, "chosen", nth, kit::chosen(route));
        }
    }

    /// Where a producer or a consumer stands; `None` when this lens shows no such box.
    pub fn area_of(&self, client: ProcessId) -> Option<Rect> {
        let layout = self.layout;
        let places = [&layout.producers, &layout.consumers];
        let place = places.into_iter().find_map(|places| places.get(&client));
        place.map(|place| place.area)
    }

    /// The fault on the link between two processes, when there is one.
    pub fn fault(&self, a: ProcessId, b: ProcessId) -> Option<&'a Link> {
        let wanted = Thing::link(a, b);
        self.snapshot
            .links
            .iter()
            .find(|link| Thing::link(link.a, link.b) == wanted)
    }

    /// True when a frame around a broker says that nothing reaches it.
    fn is_cut_off(&self, id: ProcessId) -> bool {
        let broker = id.broker().and_then(|id| self.snapshot.broker(id));
        broker.is_some_and(|broker| matches!(broker.state, BrokerState::CutOff { .. }))
    }

    /// The kind of line for a link: `well`, such as `data` or `repl`, when it is.
    pub fn line_class(&self, a: ProcessId, b: ProcessId, well: &'static str) -> &'static str {
        match self.fault(a, b).map(|link| link.state) {
            None if self.is_cut_off(a) || self.is_cut_off(b) => "cut",
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
