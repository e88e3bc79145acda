//! From a snapshot and a layout to shapes: the picture as a function.
//!
//! A [`Scene`] has three parts. `structure` is everything that stands: cards, logs, cells, lines, boxes,
//! each with a key that stays the same from picture to picture. `travellers` is everything that moves, as a
//! route and two instants; its place at any moment follows from them. `targets` is everything a pointer or
//! the keyboard can reach. Words for those who do not see it come with it: a title, one sentence, and
//! [`name`] for any thing.
//!
//! - `pen`: what everything here draws with
//! - `by_broker`, `by_topic`, `phone`, `record`: one for each lens, in drawing order
//! - `card`, `row` with its `remarks`, `clients`, `groups`, `reading`, `coordination`: the parts that lenses share
//! - `links`, `broker_links`, `sessions`: the lines of clients, between brokers, and to ZooKeeper
//! - `storage`: segments, log starts, and what retention and the cleaner took
//! - `changing`, `counters`: what has just happened, and what is under way where nothing may move
//! - `routes`: the ways along which lines are drawn and travellers run
//! - `words`, `summary`: accessible names, and one sentence for the whole
//!
//! Laws: equal snapshots and layouts give equal scenes; no key occurs twice; nothing here remembers anything.

mod broker_links;
mod by_broker;
mod by_topic;
mod card;
mod changing;
mod clients;
mod coordination;
mod counters;
mod groups;
mod links;
mod pen;
mod phone;
mod reading;
mod record;
mod remarks;
mod routes;
mod row;
mod sessions;
mod storage;
mod summary;
mod travellers;
mod words;

use crate::stage::Thing;
use crate::stage::geometry::{Point, Rect, Route, Size};
use crate::stage::layout::{Layout, Lens, Manner};
use crate::stage::shape::Node;
use crate::stage::snapshot::Snapshot;

pub use summary::summary;
pub use travellers::Traveller;
pub use words::name;

use pen::Pen;

/// One picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    pub title: String,
    /// One sentence that says what the picture shows.
    pub summary: String,
    pub size: Size,
    pub structure: Vec<Node>,
    pub travellers: Vec<Traveller>,
    pub targets: Vec<Target>,
    pub lines: Vec<Line>,
}

/// A line that can be pointed at: it carries what two processes send each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub thing: Thing,
    pub route: Route,
}

/// A place that can be pointed at. Later targets lie on top of earlier ones.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    pub thing: Thing,
    pub area: Rect,
}

/// The picture of a snapshot.
pub fn scene(snapshot: &Snapshot, layout: &Layout) -> Scene {
    let mut pen = Pen::new(snapshot, layout);
    match (layout.ask.lens, layout.manner) {
        (Lens::Record, _) => record::draw(&mut pen),
        (Lens::ByTopic, _) => by_topic::draw(&mut pen),
        (Lens::ByBroker, Manner::Phone) => phone::draw(&mut pen),
        (Lens::ByBroker, _) => by_broker::draw(&mut pen),
    }
    counters::draw(&mut pen);
    links::rates(&mut pen);
    pen.rings();
    let travellers = travellers::all(&pen);
    Scene {
        title: snapshot.title.to_string(),
        summary: summary(snapshot),
        size: layout.content,
        structure: pen.nodes,
        travellers,
        targets: pen.targets,
        lines: pen.lines,
    }
}

impl Scene {
    /// What lies at a point: the topmost target, grown to what a finger can hit. A line lies over the cards
    /// that it crosses and under everything else.
    pub fn hit(&self, point: Point, least: f64) -> Option<&Thing> {
        let exact = self.targets.iter().rev().find(|t| t.area.contains(point));
        let is_card = |target: &&Target| matches!(target.thing, Thing::Process(_));
        if let Some(target) = exact.filter(|target| !is_card(target)) {
            return Some(&target.thing);
        }
        let lines = self
            .lines
            .iter()
            .map(|line| (line.route.distance(point), line));
        let line = lines
            .filter(|(far, _)| *far <= least / 4.0)
            .min_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((_, line)) = line {
            return Some(&line.thing);
        }
        let near = || {
            let far = |t: &Target| t.area.mid().distance(point);
            let targets = self.targets.iter();
            targets
                .filter(|t| t.area.at_least(least).contains(point))
                .min_by(|a, b| far(a).total_cmp(&far(b)))
        };
        exact.or_else(near).map(|target| &target.thing)
    }

    /// The area of a thing, when it is on the stage.
    pub fn area(&self, thing: &Thing) -> Option<Rect> {
        let target = self.targets.iter().find(|target| target.thing == *thing);
        target.map(|target| target.area).or_else(|| {
            let line = self.lines.iter().find(|line| line.thing == *thing)?;
            Some(Rect::around(line.route.at(0.5), 24.0, 24.0))
        })
    }

    /// How many elements the structure becomes.
    pub fn elements(&self) -> usize {
        self.structure.iter().map(|node| node.shape.count()).sum()
    }
}
