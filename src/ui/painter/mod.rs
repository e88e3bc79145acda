//! The painter: the only owner of what is inside the stage.
//!
//! Two layers share one pixel space. `structure` is SVG and changes only when the world did; `sprites` are
//! copied to a canvas every frame, because hundreds of moving elements are too many for the document. Nothing
//! here decides what is to be seen: the picture comes from [`crate::stage`], the instant from the session.

mod colours;
mod sprites;
mod structure;

use web_sys::{CanvasRenderingContext2d, Element, HtmlCanvasElement, HtmlElement};

use crate::model::TopicPartition;
use crate::stage::density::Density;
use crate::stage::extract::{self, Memory};
use crate::stage::geometry::{Point, Rect, Size};
use crate::stage::layout::{Ask, Voice, layout};
use crate::stage::scene::{self, Scene, scene};
use crate::stage::snapshot::Snapshot;
use crate::stage::{Lens, Thing, kit};
use crate::ui::player::Session;

pub use sprites::context;
pub use structure::{Structure, Work};

use sprites::Sprites;

/// What the reader looks at: everything about the picture that is not the world.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    pub lens: Lens,
    pub voice: Voice,
    pub subject: Option<TopicPartition>,
    pub selection: Option<Thing>,
    pub focus: Option<Thing>,
    pub washes: Vec<Thing>,
    pub density: Option<Density>,
    /// What the record lens takes apart.
    pub record: Option<Thing>,
}

impl Default for Look {
    fn default() -> Look {
        Look {
            lens: Lens::ByBroker,
            voice: Voice::Calm,
            subject: None,
            selection: None,
            focus: None,
            washes: Vec::new(),
            density: None,
            record: None,
        }
    }
}

/// Milliseconds between two pictures of the structure while time runs fast.
const STRUCTURE: f64 = 50.0;
/// Sharper than this is not visible.
const SHARPEST: f64 = 2.0;

pub struct Painter {
    svg: Element,
    canvas: HtmlCanvasElement,
    context: CanvasRenderingContext2d,
    structure: Structure,
    sprites: Sprites,
    memory: Memory,
    size: Size,
    scale: f64,
    shown: Option<Shown>,
    drawn_at: f64,
    /// Something is on the canvas.
    dirty: bool,
}

/// What the structure shows.
struct Shown {
    steps: u64,
    entries: u64,
    look: Look,
    snapshot: Snapshot,
    scene: Scene,
}

impl Painter {
    /// Takes over the insides of a stage: an SVG element, the group in it, and a canvas on top.
    pub fn new(svg: Element, layer: Element, canvas: HtmlCanvasElement) -> Option<Painter> {
        let context = context(&canvas)?;
        svg.query_selector("defs")
            .ok()?
            .inspect(|defs| defs.set_inner_html(kit::DEFS));
        Some(Painter {
            svg,
            canvas,
            context,
            structure: Structure::new(layer),
            sprites: Sprites::new(1.0),
            memory: Memory::default(),
            size: Size::new(0.0, 0.0),
            scale: 1.0,
            shown: None,
            drawn_at: f64::NEG_INFINITY,
            dirty: false,
        })
    }

    /// The stage has another size, or stands on another screen.
    pub fn resize(&mut self, w: f64, h: f64, device_pixel_ratio: f64) {
        self.size = Size::new(w, h);
        self.scale = device_pixel_ratio.clamp(1.0, SHARPEST);
        self.sprites.renew(self.scale);
        self.shown = None;
    }

    /// The theme changed.
    pub fn recolour(&mut self) {
        self.sprites.renew(self.scale);
        self.dirty = true;
    }

    /// The next picture is drawn even if the world looks the same.
    pub fn forget(&mut self) {
        self.shown = None;
        self.memory = Memory::default();
    }

    /// Paints the instant at which the session stands.
    pub fn paint(&mut self, session: &Session, look: &Look, reduced: bool) {
        if self.size.w < 1.0 || self.size.h < 1.0 {
            return;
        }
        let (steps, entries) = (session.world().steps(), session.journal().len());
        let same = self.shown.as_ref().is_some_and(|shown| {
            shown.steps == steps && shown.entries == entries && shown.look == *look
        });
        let now = super::player::now();
        let forced = self.shown.as_ref().is_none_or(|shown| shown.look != *look);
        if !same && (forced || now - self.drawn_at >= STRUCTURE / 2.0) {
            self.draw_structure(session, look);
            self.drawn_at = now;
        }
        self.draw_travellers(session, reduced);
    }

    fn draw_structure(&mut self, session: &Session, look: &Look) {
        let mut snapshot = extract::snapshot(session.history(), &mut self.memory);
        snapshot.selection = look.selection.clone();
        snapshot.focus = look.focus.clone();
        snapshot.washes = look.washes.clone();
        snapshot.subject = look.subject.clone();
        if look.voice == Voice::Calm {
            snapshot.legend.clear();
        }
        if look.lens == Lens::Record {
            let thing = look.selection.as_ref().or(look.record.as_ref());
            extract::take_apart(&mut snapshot, session.world(), &mut self.memory, thing);
        }
        let ask = Ask {
            lens: look.lens,
            size: self.size,
            voice: look.voice,
            density: look.density.unwrap_or_default(),
        };
        let layout = layout(&snapshot, &ask);
        let scene = scene(&snapshot, &layout);
        self.fit(scene.size);
        self.structure.apply(scene.structure.clone());
        self.shown = Some(Shown {
            steps: session.world().steps(),
            entries: session.journal().len(),
            look: look.clone(),
            snapshot,
            scene,
        });
    }

    /// Gives both layers the size of the picture, which may be larger than the stage.
    fn fit(&mut self, content: Size) {
        let (w, h) = (
            content.w.max(self.size.w).round(),
            content.h.max(self.size.h).round(),
        );
        let view = format!("0 0 {w} {h}");
        if self.svg.get_attribute("viewBox").as_deref() != Some(view.as_str()) {
            let _ = self.svg.set_attribute("viewBox", &view);
            let _ = self.svg.set_attribute("width", &w.to_string());
            let _ = self.svg.set_attribute("height", &h.to_string());
        }
        let (width, height) = ((w * self.scale) as u32, (h * self.scale) as u32);
        if self.canvas.width() != width || self.canvas.height() != height {
            self.canvas.set_width(width);
            self.canvas.set_height(height);
            let style = AsRef::<HtmlElement>::as_ref(&self.canvas).style();
            let _ = style.set_property("width", &format!("{w}px"));
            let _ = style.set_property("height", &format!("{h}px"));
            self.dirty = false;
        }
    }

    fn draw_travellers(&mut self, session: &Session, reduced: bool) {
        let Some(shown) = &self.shown else { return };
        let travellers = &shown.scene.travellers;
        if self.dirty {
            let _ = self.context.set_transform(1.0, 0.0, 0.0, 1.0, 0.0, 0.0);
            let (w, h) = (
                f64::from(self.canvas.width()),
                f64::from(self.canvas.height()),
            );
            self.context.clear_rect(0.0, 0.0, w, h);
            self.dirty = false;
        }
        if travellers.is_empty() {
            return;
        }
        let _ = self
            .context
            .set_transform(self.scale, 0.0, 0.0, self.scale, 0.0, 0.0);
        let now = session.now().as_micros() as f64;
        for traveller in travellers {
            if traveller.arrives_at.as_micros() as f64 <= now && !self.memory.is_held(traveller.id)
            {
                continue;
            }
            // Where nothing may move, what is under way stands in the middle of its way.
            let at = match (reduced, self.memory.is_held(traveller.id)) {
                (true, _) => crate::stage::geometry::along(&traveller.route, 0.5),
                (false, true) => traveller.place(shown.snapshot.at.as_micros() as f64),
                (false, false) => traveller.place(now),
            };
            let name = format!("{:?}/{}", traveller.load, traveller.size);
            self.sprites
                .stamp(&self.context, name, at, || traveller.shape());
            self.dirty = true;
        }
    }

    // ---- asking the picture

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
        let inside = |target: &&scene::Target| target.thing.parent().as_ref() == Some(outer);
        scene
            .targets
            .iter()
            .find(inside)
            .map(|target| target.thing.clone())
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
        _ => 0,
    }
}
