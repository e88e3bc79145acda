//! One cluster being looked at: its history, its stops, and where the playhead is between them.
//!
//! No browser in here: a session is told how many milliseconds of the reader's time have passed and when to
//! stop working. The instant that is shown is always the instant at which the history stands, so a pause, a
//! command or a share link needs no correction.
//!
//! `timeline` knows the visible events · `editing` the reader's commands, undone and done again · `acting` branches ·
//! `pace` how fast time is shown · `playing` moves the playhead with it · `age` how long ago things were · `showing` what
//! of it moves · `axis` and `ribbon` the run along a line · `words` how instants and facts are said · `stored` what can be
//! done to what a topic keeps · `trouble` what can be done to what is on the stage · `book` the lessons and the first
//! page as sessions · `beats` how far the first page's story has come true.

mod acting;
mod age;
pub mod axis;
pub mod beats;
pub mod book;
mod editing;
pub mod pace;
mod playing;
pub mod ribbon;
mod showing;
pub mod stored;
pub mod timeline;
pub mod trouble;
pub mod words;

use std::rc::Rc;

use crate::script::{self, Action, Script, Unreadable};
use crate::time::Instant;
use crate::world::ribbon::{MARKS, Mark};
use crate::world::{History, Journal, Place, Refused, Stamped, Steps, World};

pub use acting::Split;
pub use pace::{Pace, Speed};
pub use playing::Played;
pub use showing::Showing;
pub use timeline::Timeline;

use acting::Branches;
use editing::Edit;
use playing::{Found, Gap};

/// A stretch of the ribbon with a title: one step of a lesson.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chapter {
    pub title: Rc<str>,
    /// Where it begins and where play stops by itself.
    pub from: Place,
    pub to: Place,
    /// The journal's entry of what it is about.
    pub event: Option<u64>,
}

/// Steps between two looks at the clock.
const SLICE: u32 = 16;

pub struct Session {
    history: History,
    timeline: Timeline,
    chapters: Rc<[Chapter]>,
    gap: Option<Gap>,
    /// The furthest place up to which the stops are known.
    explored: Place,
    /// The part of a microsecond that steady pace owes.
    owed: f64,
    stop: Option<Place>,
    branches: Branches,
    /// The commands that are not the reader's, and how many of them cannot be taken back.
    given: Rc<[Stamped]>,
    firm: usize,
    /// The reader's edits as they were made, and what was taken back, newest last.
    edits: Vec<Edit>,
    undone: Vec<Stamped>,
    /// The marks of this branch as far as it was ever run.
    marks: Vec<Mark>,
}

impl Session {
    /// A session at the beginning of a plan.
    pub fn new(history: History) -> Session {
        let mut session = Session {
            history,
            timeline: Timeline::default(),
            chapters: Rc::new([]),
            gap: None,
            explored: Place::default(),
            owed: 0.0,
            stop: None,
            branches: Branches::default(),
            given: Rc::new([]),
            firm: 0,
            edits: Vec::new(),
            undone: Vec::new(),
            marks: Vec::new(),
        };
        session.observe();
        session
    }

    /// A session at the beginning of what a script describes.
    ///
    /// # Errors
    /// When the plan cannot be.
    pub fn of_plan(script: &Script) -> Result<Session, Unreadable> {
        let refused = |Refused(sentence)| Unreadable { line: 1, sentence };
        Ok(Session::new(
            History::new(&script.plan, script.seed).map_err(refused)?,
        ))
    }

    /// Plays a whole script and stands at its end.
    ///
    /// # Errors
    /// The first line that the world refuses.
    pub fn play_script(script: &Script) -> Result<Session, Unreadable> {
        Session::play_script_while(script, &mut || true)
    }

    /// The same, as long as there is `more` time for it.
    ///
    /// # Errors
    /// The first line that the world refuses, or for which no time was left.
    pub fn play_script_while(
        script: &Script,
        more: &mut dyn FnMut() -> bool,
    ) -> Result<Session, Unreadable> {
        let mut session = Session::of_plan(script)?;
        for line in &script.lines {
            session.act_while(line, more)?;
        }
        session.set_given(0);
        Ok(session)
    }

    /// Carries out one line of a script.
    ///
    /// # Errors
    /// When the world refuses it.
    pub fn act(&mut self, line: &script::Line) -> Result<(), Unreadable> {
        self.act_while(line, &mut || true)
    }

    fn act_while(
        &mut self,
        line: &script::Line,
        more: &mut dyn FnMut() -> bool,
    ) -> Result<(), Unreadable> {
        let to = match &line.action {
            Action::Run { span, .. } => Place::after(self.now() + *span),
            Action::At(place) => *place,
            Action::Step(count) => {
                for step in 1..=*count {
                    self.history.step();
                    self.observe();
                    if step % SLICE == 0 && !more() {
                        return Err(self.out_of_time(line));
                    }
                }
                return Ok(());
            }
            _ => {
                script::act(&mut self.history, line)?;
                self.observe();
                return Ok(());
            }
        };
        if !self.run(to, more) {
            return Err(self.out_of_time(line));
        }
        script::act(
            &mut self.history,
            &script::Line {
                number: line.number,
                action: Action::At(to),
            },
        )?;
        self.observe();
        Ok(())
    }

    fn out_of_time(&self, line: &script::Line) -> Unreadable {
        Unreadable {
            line: line.number,
            sentence: format!(
                "this takes longer than is waited for: {} of the cluster's time had passed, and it is not done",
                self.now()
            ),
        }
    }

    pub fn history(&self) -> &History {
        &self.history
    }

    pub fn world(&self) -> &World {
        self.history.world()
    }

    pub fn journal(&self) -> &Journal {
        &self.history.observed().journal
    }

    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    pub fn chapters(&self) -> &Rc<[Chapter]> {
        &self.chapters
    }

    pub fn set_chapters(&mut self, chapters: Vec<Chapter>) {
        self.chapters = chapters.into();
    }

    pub fn now(&self) -> Instant {
        self.history.now()
    }

    pub fn place(&self) -> Place {
        self.history.world().place()
    }

    /// The end of what is known: the newest instant reached, or the end of the last chapter.
    pub fn end(&self) -> Instant {
        let told = self
            .chapters
            .last()
            .map_or(Instant::ZERO, |chapter| shown_at(chapter.to));
        self.history.newest().max(told)
    }

    /// True where nothing known lies ahead.
    pub fn at_edge(&self) -> bool {
        self.now() >= self.history.newest()
    }

    /// Play stops by itself at this place.
    pub fn stop_at(&mut self, stop: Option<Place>) {
        self.stop = stop;
    }

    /// True when play has come to the place to stop at.
    pub fn stopped(&self) -> bool {
        self.stop.is_some_and(|stop| self.reached(stop))
    }

    /// True when everything up to a place has happened. A place after all steps of an instant is reached as
    /// soon as nothing is left to happen at that instant.
    pub fn reached(&self, place: Place) -> bool {
        let here = self.place();
        here >= place || here.at == place.at && self.next_place().is_none_or(|next| next > place)
    }

    /// The chapter that is played: the one at whose end play stops, else the last that has begun.
    pub fn chapter(&self) -> Option<usize> {
        let played = self
            .chapters
            .iter()
            .position(|chapter| Some(chapter.to) == self.stop);
        played.or_else(|| {
            self.chapters
                .iter()
                .rposition(|chapter| self.reached(chapter.from))
        })
    }

    /// Plan, seed and the commands until here, as a script that leads here.
    pub fn script_until_here(&self) -> String {
        self.history.script_until_here()
    }

    /// The moments worth finding again on this branch, also those ahead.
    pub fn marks(&self) -> &[Mark] {
        &self.marks
    }

    // ---- moving

    /// Goes to the end of an instant.
    pub fn seek(&mut self, to: Instant) {
        self.seek_place(Place::after(to));
    }

    pub fn seek_place(&mut self, to: Place) {
        self.gap = None;
        self.owed = 0.0;
        let known = to.min(self.explored);
        if known != self.place() {
            self.history.seek_place(known, Steps::UNLIMITED);
            self.timeline.moved(&self.history.observed().journal);
        }
        if to > self.explored {
            self.run(to, &mut || true);
        }
    }

    /// Goes on toward a place for as long as there is `more` time to work; true once it is reached.
    pub fn seek_within(&mut self, to: Place, more: &mut dyn FnMut() -> bool) -> bool {
        if to <= self.explored {
            self.seek_place(to);
            return true;
        }
        self.seek_place(self.explored);
        self.run(to, more)
    }

    /// To the next visible event; false when there is none.
    pub fn forward(&mut self) -> bool {
        self.gap = None;
        match self.find_next() {
            Found::At(place) => {
                self.seek_place(place);
                true
            }
            Found::Nothing | Found::NotYet => false,
        }
    }

    /// To the visible event before this one; false at the first.
    pub fn back(&mut self) -> bool {
        self.gap = None;
        let here = self.place();
        let to = match self.timeline.before(here) {
            Some(stop) => stop.place,
            None if here > Place::default() => Place::default(),
            None => return false,
        };
        self.seek_place(to);
        true
    }

    /// Runs to a place step by step, learning the stops on the way. False when the work had to be broken off.
    fn run(&mut self, to: Place, more: &mut dyn FnMut() -> bool) -> bool {
        let mut steps = 0;
        loop {
            // A command ahead is an event of its own, as it was when it was given.
            let due = self.history.commands().get(self.history.performed());
            let due = due.map(|stamped| stamped.place);
            let next = self.next_place();
            match (due, next) {
                (Some(due), next) if due <= to && next.is_none_or(|next| due <= next) => {
                    self.history.seek_place(due, Steps::UNLIMITED);
                }
                (_, Some(next)) if next <= to => {
                    self.history.step();
                }
                _ => break,
            }
            self.observe();
            steps += 1;
            if steps % SLICE == 0 && !more() {
                return false;
            }
        }
        if self.place() < to {
            self.history.seek_place(to, Steps::UNLIMITED);
            self.observe();
        }
        true
    }

    /// The place right after the next step.
    fn next_place(&self) -> Option<Place> {
        let (here, at) = (self.place(), self.world().next_at()?);
        let steps = if at == here.at { here.steps + 1 } else { 1 };
        Some(Place { at, steps })
    }

    fn observe(&mut self) {
        let place = self.history.world().place();
        self.explored = self.explored.max(place);
        let (world, journal) = (self.history.world(), &self.history.observed().journal);
        self.timeline.observe(place, journal, world);
        let known = self.marks.last().map_or(0, |mark| mark.entry);
        let marks = self.history.observed().ribbon.marks();
        if marks.last().is_none_or(|mark| mark.entry <= known) {
            return;
        }
        let old = marks.iter().rposition(|mark| mark.entry <= known);
        let new = &marks[old.map_or(0, |at| at + 1)..];
        self.marks.extend_from_slice(new);
        let old = self.marks.len().saturating_sub(MARKS);
        self.marks.drain(..old);
    }

    /// From here on things may go another way; the history stands at this place.
    fn fork(&mut self, place: Place) {
        self.explored = place;
        self.timeline.fork(place);
        self.marks = self.history.observed().ribbon.marks().to_vec();
    }
}

/// The instant at which a place is shown.
fn shown_at(place: Place) -> Instant {
    place.at
}
