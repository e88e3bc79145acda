//! The document: everything on the page that is neither the simulation nor a frame.
//!
//! One reducer holds it, and only an [`Action`] changes it: which page, which answers, what is selected, which
//! panel is open. The simulation belongs to the player and is changed by commands; what both concern, such as
//! going to a step, is an action here and a move there, made by the same handler.

use crate::sorted::SortedMap;
use std::rc::Rc;

use yew::prelude::*;

use crate::client::config::Acks;
use crate::stage::density::Density;
use crate::stage::{Lens, Thing};
use crate::ui::route::Route;

/// The answer that the reader gave to a step's question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The answer by its place in the list.
    Chosen(usize),
    Skipped,
}

/// A step of a lesson.
pub type StepKey = (Rc<str>, usize);

/// Where the cluster in the sandbox is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It began here.
    Own,
    Link,
    /// Somebody's script was put in.
    Script,
    Lesson,
    /// It was left here at an earlier visit.
    Visit,
    /// Broker 2's copies are held up, and its producer waits for so many: see [`losing`](crate::ui::article::losing).
    Losing(Acks),
}

/// What lies over the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlay {
    Shortcuts,
    Palette,
}

/// How much the live region says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Announcements {
    #[default]
    All,
    FaultsOnly,
    Off,
}

impl Announcements {
    pub fn next(self) -> Announcements {
        match self {
            Announcements::All => Announcements::FaultsOnly,
            Announcements::FaultsOnly => Announcements::Off,
            Announcements::Off => Announcements::All,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Announcements::All => "all",
            Announcements::FaultsOnly => "faults only",
            Announcements::Off => "off",
        }
    }
}

/// A line with at most one action, for a few seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast {
    pub text: Rc<str>,
    pub undo: bool,
}

/// A message that stays until it is dismissed: what was wrong, and what would have been accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    pub title: Rc<str>,
    pub detail: Rc<str>,
}

/// The document.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    pub route: Route,
    /// Why the reader is here and not where the address said.
    pub astray: Option<Rc<str>>,
    pub answers: SortedMap<StepKey, Answer>,
    pub selection: Option<Thing>,
    /// Where the keyboard stands on the stage.
    pub focus: Option<Thing>,
    /// Lit by a reference in the prose that the pointer or the keyboard is on.
    pub lit: Option<Thing>,
    /// The lens that the reader chose, if it is not the page's own.
    pub lens: Option<Lens>,
    /// How crowded logs are drawn, if the reader says so.
    pub density: Option<Density>,
    pub inspector: bool,
    pub overlay: Option<Overlay>,
    pub present: bool,
    pub announcements: Announcements,
    /// Single keys do something; some people type by voice and want them off.
    pub single_keys: bool,
    pub toast: Option<Toast>,
    pub complaint: Option<Complaint>,
    /// The first page's button was pressed.
    pub pressed: bool,
    /// Where the sandbox's cluster is from.
    pub origin: Origin,
}

/// Something that changes the document.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    Go(Route),
    /// An address led nowhere; the sentence says what it was.
    Strayed(Rc<str>),
    Answer(StepKey, Answer),
    Select(Option<Thing>),
    Focus(Option<Thing>),
    Light(Option<Thing>),
    SetLens(Lens),
    SetDensity(Option<Density>),
    ShowInspector(bool),
    Open(Overlay),
    Close,
    Present(bool),
    Announce(Announcements),
    SingleKeys(bool),
    Toast(Option<Toast>),
    Complain(Option<Complaint>),
    Press(bool),
    CameFrom(Origin),
}

impl Document {
    pub fn new(route: Route) -> Document {
        Document {
            route,
            astray: None,
            answers: SortedMap::new(),
            selection: None,
            focus: None,
            lit: None,
            lens: None,
            density: None,
            inspector: false,
            overlay: None,
            present: false,
            announcements: Announcements::default(),
            single_keys: true,
            toast: None,
            complaint: None,
            pressed: false,
            origin: Origin::Own,
        }
    }

    pub fn answer(&self, slug: &str, step: usize) -> Option<Answer> {
        self.answers.get(&(Rc::from(slug), step)).copied()
    }
}

impl Reducible for Document {
    type Action = Action;

    fn reduce(self: Rc<Document>, action: Action) -> Rc<Document> {
        let mut next = Document::clone(&self);
        match action {
            Action::Go(route) => {
                let same_page = match (&next.route, &route) {
                    (Route::Lesson { slug: a, .. }, Route::Lesson { slug: b, .. }) => a == b,
                    (a, b) => a == b,
                };
                if !same_page {
                    next.selection = None;
                    next.focus = None;
                    next.lens = None;
                    next.inspector = false;
                }
                next.route = route;
                next.lit = None;
                next.astray = None;
                next.overlay = None;
            }
            Action::Strayed(sentence) => {
                next.route = Route::Contents;
                next.astray = Some(sentence);
            }
            Action::Answer(step, answer) => {
                next.answers.entry(step).or_insert(answer);
            }
            Action::Select(thing) => {
                next.inspector &= thing.is_some();
                next.selection = thing;
            }
            Action::Focus(thing) => next.focus = thing,
            Action::Light(thing) => next.lit = thing,
            Action::SetLens(lens) => next.lens = Some(lens),
            Action::SetDensity(density) => next.density = density,
            Action::ShowInspector(open) => next.inspector = open && next.selection.is_some(),
            Action::Open(overlay) => next.overlay = Some(overlay),
            Action::Close => next.overlay = None,
            Action::Present(on) => next.present = on,
            Action::Announce(level) => next.announcements = level,
            Action::SingleKeys(on) => next.single_keys = on,
            Action::Toast(toast) => next.toast = toast,
            Action::Complain(complaint) => next.complaint = complaint,
            Action::Press(on) => next.pressed = on,
            Action::CameFrom(origin) => next.origin = origin,
        }
        if next == *self { self } else { Rc::new(next) }
    }
}
