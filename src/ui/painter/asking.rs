//! What the page asks of the picture: what lies where, what it is called, what lies beside it.

use super::Painter;
use crate::stage::density::Density;
use crate::stage::geometry::{Point, Rect};
use crate::stage::snapshot::Snapshot;
use crate::stage::{Thing, scene};
use crate::ui::painter::Work;

impl Painter {
    /// Where a pointer is on the stage, in CSS pixels.
    pub fn local(&self, event: &web_sys::MouseEvent) -> (f64, f64) {
        let area = self.svg.get_bounding_client_rect();
        (
            f64::from(event.client_x()) - area.left(),
            f64::from(event.client_y()) - area.top(),
        )
    }

    /// What lies at a point of the stage, in CSS pixels; `least` is what a finger or pointer can hit.
    pub fn hit(&self, x: f64, y: f64, least: f64) -> Option<Thing> {
        self.shown
            .as_ref()?
            .scene
            .hit(Point::new(x, y), least)
            .cloned()
    }

    /// One sentence for the whole picture.
    pub fn summary(&self) -> String {
        self.shown
            .as_ref()
            .map_or_else(String::new, |shown| shown.scene.summary.clone())
    }

    pub fn title(&self) -> String {
        self.shown
            .as_ref()
            .map_or_else(String::new, |shown| shown.scene.title.clone())
    }

    /// What a thing is called.
    pub fn name(&self, thing: &Thing) -> String {
        let shown = self.shown.as_ref();
        shown.map_or_else(
            || thing.to_string(),
            |shown| scene::name(&shown.snapshot, thing),
        )
    }

    pub fn snapshot(&self) -> Option<&Snapshot> {
        self.shown.as_ref().map(|shown| &shown.snapshot)
    }

    pub fn area(&self, thing: &Thing) -> Option<Rect> {
        self.shown.as_ref()?.scene.area(thing)
    }

    /// The nearest thing in a direction; the first one when there is nowhere to start from.
    pub fn neighbour(&self, from: Option<&Thing>, dx: f64, dy: f64) -> Option<Thing> {
        let scene = &self.shown.as_ref()?.scene;
        let Some(start) = from.and_then(|thing| scene.area(thing)) else {
            return scene.targets.first().map(|target| target.thing.clone());
        };
        let (here, level) = (start.mid(), from.map(level));
        let ahead = scene
            .targets
            .iter()
            .filter(|target| Some(level_of(&target.thing)) == level);
        let scored = ahead.filter_map(|target| {
            let there = target.area.mid();
            let (x, y) = (there.x - here.x, there.y - here.y);
            let (along, across) = (x * dx + y * dy, (x * dy - y * dx).abs());
            (along > 1.0).then_some((along + 3.0 * across, &target.thing))
        });
        scored
            .min_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, thing)| thing.clone())
    }

    /// The first thing inside another.
    pub fn inside(&self, outer: Option<&Thing>) -> Option<Thing> {
        let scene = &self.shown.as_ref()?.scene;
        let Some(outer) = outer else {
            return scene.targets.first().map(|target| target.thing.clone());
        };
        let inside = |target: &&scene::Target| {
            let switch = matches!(target.thing, Thing::Switch(_));
            !switch && target.thing.parent().as_ref() == Some(outer)
        };
        scene
            .targets
            .iter()
            .find(inside)
            .map(|target| target.thing.clone())
    }

    /// The most crowded level at which any partition is drawn now.
    pub fn density(&self) -> Density {
        let levels = self.snapshot().into_iter().flat_map(Snapshot::partitions);
        levels
            .map(|partition| partition.density)
            .max()
            .unwrap_or_default()
    }

    /// What the last picture cost.
    pub fn work(&self) -> Work {
        self.structure.work
    }
}

fn level(thing: &Thing) -> u8 {
    level_of(thing)
}

/// Things of one level are neighbours: processes, logs, records.
fn level_of(thing: &Thing) -> u8 {
    match thing {
        Thing::Partition(_) | Thing::Replica(..) | Thing::Znode(_) => 1,
        Thing::Record(..) | Thing::Copy(..) | Thing::Field(_) => 2,
        // For the keyboard its key does the same.
        Thing::Switch(_) => 3,
        _ => 0,
    }
}
