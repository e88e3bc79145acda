//! The painter: the only owner of what is inside the stage.
//!
//! Two layers share one pixel space. `structure` is SVG and changes only when the world did or while a change
//! is being shown; `flights` copies `sprites` to a canvas every frame, because hundreds of moving elements are
//! too many for the document. Nothing here decides what is to be seen: the picture comes from
//! [`crate::stage`], the instant from the session.
//!
//! `look` says what is looked at, `in_view` scrolls to it where the picture is larger than the stage, `levels` how
//! crowded each log is drawn, `colours` what the style sheet says, `asking` answers the page.

mod asking;
mod colours;
mod flights;
mod in_view;
mod levels;
mod look;
mod sprites;
mod structure;

use web_sys::{CanvasRenderingContext2d, Element, HtmlCanvasElement, HtmlElement};

use crate::session::{Session, Showing};
use crate::stage::extract::{self, Memory};
use crate::stage::geometry::{Size, number};
use crate::stage::layout::{Ask, Voice, layout};
use crate::stage::scene::{Scene, scene};
use crate::stage::snapshot::Snapshot;
use crate::stage::{Lens, Thing, kit};

pub use look::Look;
pub use sprites::context;
pub use structure::{Structure, Work};

use flights::Flights;
use in_view::Sought;
use levels::Levels;

/// Milliseconds between two pictures of the structure while time runs: twenty a second.
const STRUCTURE: f64 = 42.0;
/// The same while changes are being shown: every second frame.
const CHANGING: f64 = 25.0;
/// At most one part in so many of all time goes into pictures of the structure.
const SHARE: f64 = 8.0;
/// Sharper than this is not visible.
const SHARPEST: f64 = 2.0;
/// Virtual microseconds of one bucket of a stream, at real time.
const BUCKET: f64 = 200_000.0;

pub struct Painter {
    svg: Element,
    canvas: HtmlCanvasElement,
    context: CanvasRenderingContext2d,
    structure: Structure,
    flights: Flights,
    levels: Levels,
    memory: Memory,
    size: Size,
    scale: f64,
    shown: Option<Shown>,
    drawn_at: f64,
    /// How long that took, in milliseconds.
    cost: f64,
    /// Something is on the canvas.
    dirty: bool,
    sought: Sought,
}

/// What the structure shows.
struct Shown {
    steps: u64,
    entries: u64,
    at: u64,
    look: Look,
    showing: Showing,
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
            flights: Flights::new(1.0),
            levels: Levels::default(),
            memory: Memory::default(),
            size: Size::new(0.0, 0.0),
            scale: 1.0,
            shown: None,
            drawn_at: f64::NEG_INFINITY,
            cost: 0.0,
            dirty: false,
            sought: Sought::default(),
        })
    }

    /// The stage has another size, or stands on another screen.
    pub fn resize(&mut self, w: f64, h: f64, device_pixel_ratio: f64) {
        self.size = Size::new(w, h);
        self.scale = device_pixel_ratio.clamp(1.0, SHARPEST);
        self.flights = Flights::new(self.scale);
        self.shown = None;
    }

    /// The theme changed.
    pub fn recolour(&mut self) {
        self.flights = Flights::new(self.scale);
        self.dirty = true;
    }

    /// The next picture is drawn even if the world looks the same.
    pub fn forget(&mut self) {
        self.shown = None;
        self.memory = Memory::default();
    }

    /// Paints the instant at which the session stands.
    pub fn paint(&mut self, session: &Session, look: &Look, showing: &Showing) {
        if self.size.w < 1.0 || self.size.h < 1.0 {
            return;
        }
        let (steps, entries) = (session.world().steps(), session.journal().len());
        let at = session.now().as_micros();
        let now = crate::ui::player::now();
        let wanted = self.shown.as_ref().is_none_or(|shown| {
            let same_look = shown.look == *look && shown.showing == *showing;
            let changed = (shown.steps, shown.entries) != (steps, entries);
            let moving = shown.at != at && !shown.snapshot.changes.is_empty();
            let due = now - self.drawn_at;
            // A picture that is dear to draw is drawn less often.
            let waits = match shown.snapshot.changes.is_empty() {
                true => STRUCTURE,
                false => CHANGING,
            };
            let waits = waits.max(self.cost * SHARE);
            // A still picture is never late; while time runs there is a next frame to catch up in.
            !same_look || (changed || moving) && (!showing.playing || due >= waits)
        });
        if wanted {
            self.draw_structure(session, look, showing);
            self.drawn_at = now;
            self.cost = crate::ui::player::now() - now;
        }
        self.draw_travellers(at as f64);
    }

    fn draw_structure(&mut self, session: &Session, look: &Look, showing: &Showing) {
        let snapshot = self.snapshot_of(session, look, showing);
        let ask = Ask {
            lens: look.lens,
            size: self.size,
            voice: look.voice,
            density: look.density,
        };
        let layout = layout(&snapshot, &ask);
        let mut scene = scene(&snapshot, &layout);
        self.fit(scene.size);
        self.structure.apply(std::mem::take(&mut scene.structure));
        self.flights
            .take(std::mem::take(&mut scene.travellers), &self.memory);
        self.seek(look);
        self.shown = Some(Shown {
            steps: session.world().steps(),
            entries: session.journal().len(),
            at: session.now().as_micros(),
            look: look.clone(),
            showing: *showing,
            snapshot,
            scene,
        });
        self.bring_into_view();
    }

    fn snapshot_of(&mut self, session: &Session, look: &Look, showing: &Showing) -> Snapshot {
        let mut snapshot = showing.snapshot(session, &mut self.memory);
        if showing.playing {
            self.levels.follow(session, showing);
        }
        self.levels.apply(session, &mut snapshot, look.density);
        let width = (BUCKET * showing.speed.factor()) as u64;
        extract::activity(
            &mut snapshot,
            session.world(),
            session.journal(),
            &mut self.memory,
            width,
        );
        snapshot.selection = look.selection.clone();
        snapshot.focus = look.focus.clone();
        snapshot.washes = look.washes.clone();
        snapshot.subject = look.subject.clone();
        snapshot.acts = look.voice == Voice::Full;
        snapshot.even = look.even;
        extract::look_at_subject(&mut snapshot, session.world(), &self.memory);
        if look.voice == Voice::Calm {
            snapshot.legend.clear();
        }
        if look.lens == Lens::Record {
            let things: Vec<Thing> = look
                .selection
                .iter()
                .chain(&look.records)
                .cloned()
                .collect();
            extract::take_apart(&mut snapshot, session.world(), &mut self.memory, &things);
        }
        snapshot
    }

    /// Gives both layers the size of the picture, which may be larger than the stage.
    fn fit(&mut self, content: Size) {
        let (w, h) = (
            content.w.max(self.size.w).round(),
            content.h.max(self.size.h).round(),
        );
        let (wide, high) = (number(w), number(h));
        let view = format!("0 0 {wide} {high}");
        if self.svg.get_attribute("viewBox").as_deref() != Some(view.as_str()) {
            let _ = self.svg.set_attribute("viewBox", &view);
            let _ = self.svg.set_attribute("width", &wide);
            let _ = self.svg.set_attribute("height", &high);
        }
        let (width, height) = ((w * self.scale) as u32, (h * self.scale) as u32);
        if self.canvas.width() != width || self.canvas.height() != height {
            self.canvas.set_width(width);
            self.canvas.set_height(height);
            let style = AsRef::<HtmlElement>::as_ref(&self.canvas).style();
            let _ = style.set_property("width", &format!("{wide}px"));
            let _ = style.set_property("height", &format!("{high}px"));
            self.dirty = false;
        }
    }

    fn draw_travellers(&mut self, micros: f64) {
        if self.dirty {
            let _ = self.context.set_transform(1.0, 0.0, 0.0, 1.0, 0.0, 0.0);
            let (w, h) = (
                f64::from(self.canvas.width()),
                f64::from(self.canvas.height()),
            );
            self.context.clear_rect(0.0, 0.0, w, h);
            self.dirty = false;
        }
        if self.flights.is_empty() {
            return;
        }
        let _ = self
            .context
            .set_transform(self.scale, 0.0, 0.0, self.scale, 0.0, 0.0);
        self.dirty = self.flights.draw(&self.context, micros);
    }
}
