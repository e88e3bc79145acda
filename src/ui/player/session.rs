//! One cluster being looked at: its history, its stops, and where the playhead is between them.
//!
//! No browser in here: a session is told how many milliseconds of the reader's time have passed and when to
//! stop working. The instant that is shown is always the instant at which the history stands, so a pause, a
//! command or a share link needs no correction.

use std::rc::Rc;

use super::pace::{Pace, Speed, even_gap};
use super::timeline::{FOLD, Timeline, travelling, visible};
use crate::script::{self, Action, Script, Unreadable};
use crate::stage::motion::Ages;
use crate::time::{Duration, Instant};
use crate::world::{Command, History, Journal, Place, Refused, Steps, World};

/// A stretch of the ribbon with a title: one step of a lesson.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chapter {
    pub title: Rc<str>,
    /// Where it begins and where play stops by itself.
    pub from: Place,
    pub to: Place,
}

/// A gap between two visible events that is being played at even pace.
#[derive(Clone, Copy, Debug)]
struct Gap {
    from: Instant,
    to: Place,
    /// Milliseconds at speed 1: how long the gap takes, and how much of that is over.
    takes: f64,
    done: f64,
}

/// How a stretch of playing ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Played {
    /// All the time that had passed was played.
    InTime,
    /// The work was more than the budget allows; time runs late.
    Late,
    /// The place to stop at was reached.
    Stopped,
}

/// Steps that looking for the next visible event may take before it is given up for this frame.
const SCOUT: u32 = 20_000;
/// Milliseconds from one fact to the next where nothing travels.
const STILL: f64 = 700.0;
/// Milliseconds of the reader's time after which nobody asks how old something is.
const OLDEST: f64 = 3_000.0;
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
        let mut session = Session::of_plan(script)?;
        for line in &script.lines {
            session.act(line)?;
        }
        Ok(session)
    }

    /// Carries out one line of a script.
    ///
    /// # Errors
    /// When the world refuses it.
    pub fn act(&mut self, line: &script::Line) -> Result<(), Unreadable> {
        let to = match &line.action {
            Action::Run { span, .. } => Place::after(self.now() + *span),
            Action::At(place) => *place,
            _ => {
                script::act(&mut self.history, line)?;
                self.observe();
                return Ok(());
            }
        };
        self.run(to, &mut || true);
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

    /// How long ago every fact was, in the reader's time, as it is shown at a pace and a speed. Behind an event
    /// at which time stands still everything is over.
    pub fn ages(&self, pace: Pace, speed: Speed, playing: bool) -> Ages {
        let here = self.place();
        let stops = &self.timeline.stops()[..self.timeline.count(here)];
        let Some(last) = stops.last() else {
            return Ages::Over;
        };
        if !playing && last.place == here {
            return Ages::Over;
        }
        let factor = speed.factor();
        if pace == Pace::Steady {
            let now = here.at;
            return Ages::Steady { now, factor };
        }
        let next = self.timeline.next_after(here).map(|stop| stop.place);
        let next = next.or(self.gap.map(|gap| gap.to));
        let passed = here.at.since(last.place.at);
        let mut age = match next.map(|next| shown_at(next).since(last.place.at)) {
            Some(whole) if !whole.is_zero() => {
                let share = passed.as_micros() as f64 / whole.as_micros() as f64;
                even_gap(whole, last.flight) * share.min(1.0)
            }
            _ => passed.as_micros() as f64 / 1_000.0,
        } / factor;
        let mut ages = Vec::new();
        for (stop, before) in stops
            .iter()
            .zip(stops.iter().skip(1))
            .rev()
            .map(|(a, b)| (b, a))
        {
            ages.push((before.entries, age));
            age += even_gap(stop.place.at.since(before.place.at), before.flight) / factor;
            if age > OLDEST {
                return Ages::Even(ages);
            }
        }
        ages.push((0, age));
        Ages::Even(ages)
    }

    /// How long the journal was before the last event.
    pub fn step_began(&self) -> u64 {
        let count = self.timeline.count(self.place());
        let before = count.checked_sub(2);
        before.map_or(0, |index| self.timeline.stops()[index].entries)
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

    // ---- acting

    /// Carries out a command here. What lay ahead becomes a branch.
    ///
    /// # Errors
    /// When it cannot be carried out; nothing has changed.
    pub fn perform(&mut self, command: Command) -> Result<(), Refused> {
        self.history.perform(command)?;
        self.gap = None;
        self.stop = None;
        self.fork(self.place());
        self.observe();
        Ok(())
    }

    /// Takes the last command back and replays; false when there is none.
    pub fn undo(&mut self) -> bool {
        let Some(last) = self.history.commands().last().map(|stamped| stamped.place) else {
            return false;
        };
        let to = self.now();
        self.gap = None;
        self.history.seek_place(last, Steps::UNLIMITED);
        let done = self.history.undo();
        let before = Place {
            at: last.at,
            steps: 0,
        };
        self.fork(before);
        self.history.seek_place(before, Steps::UNLIMITED);
        self.timeline.moved(&self.history.observed().journal);
        self.run(Place::after(to), &mut || true);
        done
    }

    // ---- playing

    /// Plays `real` milliseconds of the reader's time. `more` says whether there is time to go on working.
    pub fn play(
        &mut self,
        real: f64,
        speed: Speed,
        pace: Pace,
        more: &mut dyn FnMut() -> bool,
    ) -> Played {
        let mut left = real * speed.factor();
        loop {
            if self.stopped() {
                return Played::Stopped;
            }
            let gap = match self.gap {
                Some(gap) => gap,
                None => match self.gap_or_steady(pace) {
                    Ok(gap) => gap,
                    Err(Found::Nothing) => return self.play_steady(left, more),
                    Err(_) => return Played::Late,
                },
            };
            if gap.done + left < gap.takes {
                let done = gap.done + left;
                self.gap = Some(Gap { done, ..gap });
                return self.show_gap(gap, done);
            }
            left -= gap.takes - gap.done;
            self.gap = None;
            if !self.run(gap.to, more) {
                return Played::Late;
            }
            if !more() {
                return Played::Late;
            }
        }
    }

    /// Plays without showing anything between two events: for readers who asked for less motion.
    pub fn play_still(
        &mut self,
        real: f64,
        speed: Speed,
        more: &mut dyn FnMut() -> bool,
    ) -> Played {
        if self.stopped() {
            return Played::Stopped;
        }
        let gap = match self.gap {
            Some(gap) => gap,
            None => match self.next_gap(Pace::Even) {
                Ok(gap) => Gap {
                    takes: gap.takes.max(STILL),
                    ..gap
                },
                Err(Found::Nothing) => return Played::Stopped,
                Err(_) => return Played::Late,
            },
        };
        let done = gap.done + real * speed.factor();
        self.gap = Some(Gap { done, ..gap });
        if done >= gap.takes {
            self.gap = None;
            self.run(gap.to, more);
        }
        Played::InTime
    }

    fn play_steady(&mut self, millis: f64, more: &mut dyn FnMut() -> bool) -> Played {
        let micros = millis * 1_000.0 + self.owed;
        let whole = micros.floor().max(0.0);
        self.owed = micros - whole;
        let target = Place::after(self.now() + Duration::from_micros(whole as u64));
        let to = self.stop.map_or(target, |stop| stop.min(target));
        match self.run(to, more) {
            false => Played::Late,
            true if self.stop == Some(to) => Played::Stopped,
            true => Played::InTime,
        }
    }

    /// The gap to play next. Steady pace has one only where an idle stretch is folded.
    fn gap_or_steady(&mut self, pace: Pace) -> Result<Gap, Found> {
        match pace == Pace::Steady && !self.idle() {
            true => Err(Found::Nothing),
            false => self.next_gap(pace),
        }
    }

    /// True when nothing visible is near and nothing travels: the stretch may be folded.
    fn idle(&mut self) -> bool {
        let here = self.place();
        let last = self
            .timeline
            .latest(here)
            .map_or(Instant::ZERO, |stop| stop.place.at);
        if self.now().since(last) < Duration::from_millis(400) || travelling(self.world()).is_some()
        {
            return false;
        }
        match self.find_next() {
            Found::At(place) => place.at.since(self.now()) > FOLD,
            _ => false,
        }
    }

    fn next_gap(&mut self, pace: Pace) -> Result<Gap, Found> {
        let to = match self.find_next() {
            Found::At(to) => to,
            other => return Err(other),
        };
        let to = self.stop.map_or(to, |stop| stop.min(to));
        let from = self.now();
        let span = shown_at(to).since(from);
        let takes = match (pace, self.timeline.latest(self.place())) {
            (Pace::Steady, _) => 1_200.0,
            // What is left of the stretch between two stops takes its share of the whole.
            (Pace::Even, Some(stop)) => {
                let whole = shown_at(to).since(stop.place.at);
                let share = span.as_micros() as f64 / whole.as_micros().max(1) as f64;
                even_gap(whole, stop.flight) * if whole.is_zero() { 1.0 } else { share }
            }
            (Pace::Even, None) => even_gap(span, travelling(self.world())),
        };
        let gap = Gap {
            from,
            to,
            takes,
            done: 0.0,
        };
        self.gap = Some(gap);
        Ok(gap)
    }

    fn show_gap(&mut self, gap: Gap, done: f64) -> Played {
        let span = shown_at(gap.to).since(gap.from).as_micros() as f64;
        let at = gap.from + Duration::from_micros((span * done / gap.takes) as u64);
        // The event itself belongs to the end of the gap.
        let last = Instant::from_micros(gap.to.at.as_micros().saturating_sub(1));
        let to = Place::after(at.min(last));
        if to > self.place() {
            self.history.seek_place(to, Steps::UNLIMITED);
            self.observe();
        }
        Played::InTime
    }

    /// Where the next visible event will be. Looks ahead on a copy when the timeline does not know yet.
    fn find_next(&mut self) -> Found {
        let here = self.place();
        if let Some(stop) = self.timeline.next_after(here) {
            return Found::At(stop.place);
        }
        if let Some(due) = self
            .history
            .commands()
            .iter()
            .find(|stamped| stamped.place > here)
        {
            return Found::At(due.place);
        }
        let mut scout = self.world().clone();
        let mut journal = Journal::default();
        let mut seen = 0;
        for _ in 0..SCOUT {
            if scout.step(&mut journal).is_none() {
                return Found::Nothing;
            }
            if journal.since(seen).any(|entry| visible(&entry.fact)) {
                return Found::At(scout.place());
            }
            seen = journal.len();
        }
        Found::NotYet
    }

    /// Runs to a place step by step, learning the stops on the way. False when the work had to be broken off.
    fn run(&mut self, to: Place, more: &mut dyn FnMut() -> bool) -> bool {
        let mut steps = 0;
        while self.next_place().is_some_and(|next| next <= to) {
            self.history.step();
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
    }

    /// From here on things may go another way.
    fn fork(&mut self, place: Place) {
        self.explored = place;
        self.timeline.fork(place);
    }
}

enum Found {
    At(Place),
    /// Nothing will ever happen without a command.
    Nothing,
    /// Not within the work that one frame may do.
    NotYet,
}

/// The instant at which a place is shown.
fn shown_at(place: Place) -> Instant {
    place.at
}
