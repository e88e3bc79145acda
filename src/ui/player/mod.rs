//! The player: the simulation's only owner, outside the virtual DOM.
//!
//! Components hold a [`Player`] by reference, read it through [`crate::ui::hooks::use_view`] and change it only
//! by the methods here: commands to the world, and the few moves of the playhead. One frame: take the time that
//! passed, multiply it by the speed, work for at most four milliseconds, paint, and publish the digest when it
//! is due.
//!
//! What is played is a [`Session`]; [`digest`] is what components may know of it, `telling` gives it to them,
//! `acting` carries out commands, and `frames` moves time.

mod acting;
pub mod digest;
mod frames;
mod telling;

use crate::sorted::SortedMap;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::session::{Pace, Session, Showing, Speed, ribbon};
use crate::time::Instant;
use crate::ui::frame_loop::{FrameLoop, Next};
use crate::ui::page::Page;
use crate::ui::painter::{Look, Painter};
use crate::world::Place;

pub use digest::Digest;

use telling::{Listeners, Spoken};

/// The notch at which the page begins: a quarter.
pub const FIRST_SPEED: u8 = 4;
/// Events that one press may go through.
const FURTHEST: u32 = 4_000;
/// Clusters kept while another one is looked at.
const SHELF: usize = 4;

/// Who shares the player with whom.
#[derive(Clone)]
pub struct Player(Rc<Core>);

struct Core {
    page: Page,
    /// A phone, which has less memory.
    small: bool,
    /// `None` only before the first session is opened.
    session: RefCell<Option<Session>>,
    /// The name of the session, and the ones put aside with their own.
    name: RefCell<Rc<str>>,
    shelf: RefCell<SortedMap<Rc<str>, Session>>,
    controls: Cell<Controls>,
    spoken: RefCell<Spoken>,
    digest: RefCell<Option<Rc<Digest>>>,
    listeners: RefCell<Listeners>,
    frames: RefCell<Option<FrameLoop>>,
    painter: RefCell<Option<Painter>>,
    look: RefCell<Look>,
    /// What was kept last: where the playhead stood, and how many commands there were.
    kept: Cell<Option<(Place, usize)>>,
}

#[derive(Clone, Copy)]
struct Controls {
    playing: bool,
    speed: Speed,
    pace: Pace,
    /// Nothing travels: what happens is shown fact by fact.
    reduced: bool,
    /// Logs hold more than the page allows, in megabytes.
    full: Option<u64>,
    late: Option<u32>,
    /// Where to go without regard to the pace.
    rush: Option<Place>,
    last_frame: Option<f64>,
    last_publish: f64,
    /// When the cluster was last kept beyond this visit.
    last_kept: f64,
    /// Virtual and real time of a stretch, to say how late it runs.
    stretch: (f64, f64),
}

impl PartialEq for Player {
    fn eq(&self, other: &Player) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Player {
    pub fn new(page: Page, reduced: bool, small: bool) -> Player {
        let controls = Controls {
            playing: false,
            speed: Speed::notch(FIRST_SPEED),
            pace: Pace::Steady,
            reduced,
            full: None,
            late: None,
            rush: None,
            last_frame: None,
            last_publish: 0.0,
            last_kept: 0.0,
            stretch: (0.0, 0.0),
        };
        let player = Player(Rc::new(Core {
            page,
            small,
            session: RefCell::new(None),
            name: RefCell::new("".into()),
            shelf: RefCell::default(),
            controls: Cell::new(controls),
            spoken: RefCell::default(),
            digest: RefCell::new(None),
            listeners: RefCell::default(),
            frames: RefCell::new(None),
            painter: RefCell::new(None),
            look: RefCell::new(Look::default()),
            kept: Cell::new(None),
        }));
        let weak = Rc::downgrade(&player.0);
        let frames = FrameLoop::new(move |now| match weak.upgrade() {
            Some(core) => Player(core).frame(now),
            None => Next::Rest,
        });
        player.0.frames.replace(Some(frames));
        player
    }

    // ---- sessions

    /// Looks at a session by its name; makes it unless it is on the shelf. The one looked at until now is put
    /// aside, paused.
    ///
    /// # Errors
    /// What `make` says; the session looked at until now stays.
    pub fn open<E>(&self, name: &str, make: impl FnOnce() -> Result<Session, E>) -> Result<(), E> {
        if *self.0.name.borrow().as_ref() == *name {
            return Ok(());
        }
        let known = self.0.shelf.borrow_mut().remove(name);
        let session = known.map_or_else(make, Ok)?;
        self.look_at(name, session);
        Ok(())
    }

    /// Puts a new session in the place of the one under this name.
    pub fn replace(&self, name: &str, session: Session) {
        self.0.shelf.borrow_mut().remove(name);
        self.look_at(name, session);
    }

    /// From now on this session is looked at; one under another name is kept as it stands.
    fn look_at(&self, name: &str, session: Session) {
        let before = self.0.session.replace(Some(session));
        let before_name = self.0.name.replace(name.into());
        if let Some(before) = before.filter(|_| *before_name != *name) {
            let mut shelf = self.0.shelf.borrow_mut();
            shelf.insert(before_name, before);
            if shelf.len() > SHELF {
                shelf.pop_first();
            }
        }
        self.settle();
    }

    /// The name of the session looked at.
    pub fn name(&self) -> Rc<str> {
        self.0.name.borrow().clone()
    }

    fn settle(&self) {
        self.change(|controls| {
            controls.rush = None;
            controls.playing = false;
            controls.late = None;
            controls.full = None;
        });
        self.0.kept.set(None);
        self.0.spoken.replace(Spoken::default());
        if let Some(painter) = self.0.painter.borrow_mut().as_mut() {
            painter.forget();
        }
        self.keep_script();
        self.moved();
    }

    /// Reads the session.
    ///
    /// # Panics
    /// Before the first session was opened.
    pub fn with<R>(&self, read: impl FnOnce(&Session) -> R) -> R {
        read(
            self.0
                .session
                .borrow()
                .as_ref()
                .expect("a session was opened"),
        )
    }

    fn with_mut<R>(&self, act: impl FnOnce(&mut Session) -> R) -> R {
        act(self
            .0
            .session
            .borrow_mut()
            .as_mut()
            .expect("a session was opened"))
    }

    // ---- time

    pub fn controls_playing(&self) -> bool {
        self.0.controls.get().playing
    }

    pub fn play(&self) {
        let stopped = self.with(|session| session.stopped());
        if stopped {
            self.with_mut(|session| session.stop_at(None));
        }
        self.change(|controls| {
            controls.rush = None;
            controls.playing = true;
            controls.last_frame = None;
            controls.stretch = (0.0, 0.0);
        });
        let told = self.with(|session| session.journal().len());
        {
            let mut spoken = self.0.spoken.borrow_mut();
            spoken.remark = None;
            spoken.until = told;
            spoken.at = now();
        }
        self.publish();
        self.wake();
    }

    pub fn pause(&self) {
        self.change(|controls| {
            controls.rush = None;
            controls.playing = false;
            controls.late = None;
        });
        self.publish();
        self.wake();
    }

    /// Pauses because nobody is looking; says so on return.
    pub fn pause_away(&self) {
        if self.controls_playing() {
            self.pause();
            self.remark("Paused while you were away.");
        }
    }

    pub fn toggle(&self) {
        match self.controls_playing() {
            true => self.pause(),
            false => self.play(),
        }
    }

    /// Plays up to a place and stops there.
    pub fn play_to(&self, to: Place) {
        self.with_mut(|session| session.stop_at(Some(to)));
        self.play();
    }

    /// Goes to a place as fast as it can be worked out, a frame's worth at a time; pausing breaks it off.
    pub fn rush(&self, to: Place) {
        self.with_mut(|session| session.stop_at(None));
        self.play();
        self.change(|controls| controls.rush = Some(to));
    }

    pub fn stop_at(&self, to: Option<Place>) {
        self.with_mut(|session| session.stop_at(to));
    }

    pub fn forward(&self) {
        self.still(|session| {
            session.forward();
        });
    }

    /// Event by event to the first that makes something true; gives up after [`FURTHEST`].
    pub fn forward_until(&self, holds: impl Fn(&Session) -> bool) {
        self.still(|session| {
            for _ in 0..FURTHEST {
                if !session.forward() || holds(session) {
                    return;
                }
            }
        });
    }

    pub fn back(&self) {
        self.still(|session| {
            session.back();
        });
    }

    pub fn seek(&self, to: Instant) {
        self.still(|session| session.seek(to));
    }

    pub fn seek_place(&self, to: Place) {
        self.still(|session| session.seek_place(to));
    }

    /// To the next or previous mark of the ribbon.
    pub fn seek_mark(&self, forward: bool) {
        let to = self.with(|session| {
            let here = session.now();
            let marks = session.marks();
            match forward {
                true => marks.iter().map(|mark| mark.at).find(|at| *at > here),
                false => marks.iter().map(|mark| mark.at).rfind(|at| *at < here),
            }
        });
        let ends = self.with(|session| (Instant::ZERO, session.end()));
        self.seek(to.unwrap_or(if forward { ends.1 } else { ends.0 }));
    }

    pub fn seek_end(&self, forward: bool) {
        let to = if forward {
            self.with(Session::end)
        } else {
            Instant::ZERO
        };
        self.seek(to);
    }

    /// To a place of the ribbon.
    pub fn scrub(&self, x: u32) {
        let to = self.with(|session| ribbon::axis(session).at(x).min(session.end()));
        self.seek(to);
    }

    fn still(&self, act: impl FnOnce(&mut Session)) {
        self.change(|controls| {
            controls.rush = None;
            controls.playing = false;
            controls.late = None;
        });
        self.0.spoken.borrow_mut().remark = None;
        self.with_mut(act);
        self.moved();
    }

    pub fn set_speed(&self, speed: Speed) {
        self.change(|controls| {
            controls.speed = speed;
            controls.stretch = (0.0, 0.0);
        });
        self.publish();
    }

    pub fn speed(&self) -> Speed {
        self.0.controls.get().speed
    }

    pub fn set_pace(&self, pace: Pace) {
        self.change(|controls| controls.pace = pace);
        self.publish();
    }

    pub fn pace(&self) -> Pace {
        self.0.controls.get().pace
    }

    pub fn set_reduced(&self, reduced: bool) {
        self.change(|controls| controls.reduced = reduced);
        self.repaint();
    }

    pub fn reduced(&self) -> bool {
        self.0.controls.get().reduced
    }

    // ---- the picture

    pub fn set_painter(&self, painter: Option<Painter>) {
        self.0.painter.replace(painter);
        self.paint();
    }

    pub fn painter<R>(&self, read: impl FnOnce(&mut Painter) -> R) -> Option<R> {
        self.0.painter.borrow_mut().as_mut().map(read)
    }

    /// What the reader looks at; painted again when it changed.
    pub fn set_look(&self, look: Look) {
        if *self.0.look.borrow() != look {
            self.0.look.replace(look);
            self.paint();
        }
    }

    /// Paints now, whatever was painted before.
    pub fn repaint(&self) {
        if let Some(painter) = self.0.painter.borrow_mut().as_mut() {
            painter.forget();
        }
        self.paint();
    }

    fn paint(&self) {
        let session = self.0.session.borrow();
        let (Some(session), look) = (session.as_ref(), self.0.look.borrow()) else {
            return;
        };
        let controls = self.0.controls.get();
        let mut painter = self.0.painter.borrow_mut();
        if let Some(painter) = painter.as_mut() {
            let showing = Showing {
                playing: controls.playing,
                pace: controls.pace,
                speed: controls.speed,
                reduced: controls.reduced,
            };
            painter.paint(session, &look, &showing);
        }
    }

    /// How many frames were asked for so far.
    pub fn frames(&self) -> u64 {
        self.0.frames.borrow().as_ref().map_or(0, FrameLoop::frames)
    }

    fn change(&self, change: impl FnOnce(&mut Controls)) {
        let mut controls = self.0.controls.get();
        change(&mut controls);
        self.0.controls.set(controls);
    }
}

/// The browser's time in milliseconds; only ever compared with itself.
pub fn now() -> f64 {
    let performance = web_sys::window().and_then(|window| window.performance());
    performance.map_or(0.0, |performance| performance.now())
}
