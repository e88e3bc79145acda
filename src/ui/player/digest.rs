//! What components may know of the simulation: plain values, published at most ten times a second.
//!
//! Whatever is here can be compared, so a component renders again only when what it selected has changed.

use std::rc::Rc;

use super::axis::{Axis, Fold};
use super::pace::{Pace, Speed};
use super::session::Session;
use super::timeline::weight;
use crate::fact::{Entry, Fact};
use crate::time::{Duration, Instant};
use crate::world::ribbon::MarkKind;

/// The simulation as components see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    pub playing: bool,
    pub pace: Pace,
    pub speed: Speed,
    /// Time runs late: what it really runs at, in tenths.
    pub late: Option<u32>,
    pub at: Instant,
    pub event: usize,
    pub events: usize,
    pub at_edge: bool,
    pub newest: Instant,
    /// The lesson's step at the playhead, if it has steps.
    pub chapter: Option<usize>,
    pub said: Said,
    pub ribbon: Rc<Ribbon>,
    pub can_undo: bool,
    pub branches: usize,
    /// The law that no longer holds, if one does not.
    pub violation: Option<Rc<str>>,
}

/// What the narrator says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    pub at: Instant,
    pub sentence: Rc<str>,
    pub fault: bool,
}

/// The ribbon as it is drawn; places in ten-thousandths of its width.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ribbon {
    pub bars: Vec<Bar>,
    pub chapters: Vec<Chapter>,
    pub folds: Vec<Fold>,
    pub marks: Vec<Mark>,
    pub labels: Vec<(u32, String)>,
    pub head: u32,
}

/// The activity in one stretch: its place and its height in the track, of 28.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    pub x: u32,
    pub w: u32,
    pub height: u8,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chapter {
    pub title: Rc<str>,
    pub from: u32,
    pub to: u32,
    pub state: Progress,
}

/// How far the reader is with something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    Done,
    Now,
    Next,
}

impl Progress {
    pub fn class(self) -> &'static str {
        match self {
            Progress::Done => "done",
            Progress::Now => "now",
            Progress::Next => "next",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    pub x: u32,
    pub kind: MarkKind,
    pub at: Instant,
    /// How many marks stand at this place.
    pub count: usize,
    pub text: Rc<str>,
}

/// The shortest ribbon: a run that has just begun has room to grow.
const SHORTEST: Instant = Instant::from_millis(33_500);
/// Marks closer than this are one mark with a number.
const MARK_ROOM: u32 = 150;
const BARS: usize = 150;

/// The axis of a session's ribbon.
pub fn axis(session: &Session) -> Axis {
    let end = match session.chapters().is_empty() {
        true => session.end().max(SHORTEST),
        false => session.end(),
    };
    Axis::new(end, session.timeline().folds())
}

/// Draws a session's ribbon.
pub fn ribbon(session: &Session) -> Ribbon {
    let axis = axis(session);
    let observed = &session.history().observed().ribbon;
    let mut marks: Vec<Mark> = Vec::new();
    // What a lesson's script does is no edit of the reader's.
    let own = session.chapters().is_empty();
    let marks_shown = observed
        .marks()
        .iter()
        .filter(|mark| own || mark.kind != MarkKind::Edit);
    for mark in marks_shown {
        let x = axis.x(mark.at);
        match marks.last_mut() {
            Some(last) if x < last.x + MARK_ROOM => last.count += 1,
            _ => marks.push(Mark {
                x,
                kind: mark.kind,
                at: mark.at,
                count: 1,
                text: mark.text.as_str().into(),
            }),
        }
    }
    Ribbon {
        bars: bars(session, &axis),
        chapters: chapters(session, &axis),
        folds: axis.folds().collect(),
        marks,
        labels: axis.labels(),
        head: axis.x(session.now()),
    }
}

/// The stops counted along the axis. Stops are kept for the whole branch, so what lies ahead is drawn too.
fn bars(session: &Session, axis: &Axis) -> Vec<Bar> {
    let width = super::axis::WIDTH / BARS as u32;
    let mut counts = [0_u32; BARS];
    for stop in session.timeline().stops() {
        let index = (axis.x(stop.place.at) / width) as usize;
        counts[index.min(BARS - 1)] += 1;
    }
    let most = counts.iter().copied().max().unwrap_or(0).max(6);
    let bar = |(index, count): (usize, &u32)| {
        let height = (*count > 0).then(|| (3 + count * 19 / most) as u8)?;
        Some(Bar {
            x: index as u32 * width,
            w: width * 7 / 10,
            height,
        })
    };
    counts.iter().enumerate().filter_map(bar).collect()
}

fn chapters(session: &Session, axis: &Axis) -> Vec<Chapter> {
    let head = axis.x(session.now());
    if session.chapters().is_empty() {
        let newest = axis.x(session.history().newest()).max(head);
        return vec![Chapter {
            title: "Live".into(),
            from: 0,
            to: newest,
            state: Progress::Now,
        }];
    }
    let now = session.chapter();
    let chapters = session
        .chapters()
        .iter()
        .enumerate()
        .map(|(index, chapter)| Chapter {
            title: format!("{} {}", index + 1, chapter.title).into(),
            from: axis.x(chapter.from.at),
            to: axis.x(chapter.to.at),
            state: match Some(index).cmp(&now) {
                std::cmp::Ordering::Less => Progress::Done,
                std::cmp::Ordering::Equal => Progress::Now,
                std::cmp::Ordering::Greater => Progress::Next,
            },
        });
    chapters.collect()
}

/// The weightiest thing among the entries after `after` that weighs at least so much; among equals the newest.
pub fn weightiest(session: &Session, after: u64, least: u8) -> Option<Said> {
    let entries = session.journal().since(after);
    let best = entries
        .filter(|entry| weight(&entry.fact) >= least)
        .max_by_key(|entry| weight(&entry.fact))?;
    Some(said(best))
}

fn said(entry: &Entry) -> Said {
    let fault = matches!(
        entry.fact,
        Fact::SendFailed { .. }
            | Fact::ProduceRefused { .. }
            | Fact::ReadingFailed { .. }
            | Fact::RequestRejected { .. }
            | Fact::SendWillRetry { .. }
    );
    Said {
        at: entry.at,
        sentence: entry.sentence().into(),
        fault,
    }
}

/// An instant as the clock shows it: `00:04.020`.
pub fn clock(at: Instant) -> String {
    let millis = at.as_millis();
    format!(
        "{:02}:{:02}.{:03}",
        millis / 60_000,
        millis / 1_000 % 60,
        millis % 1_000
    )
}

/// A span in words: `18 s`, `2 min`.
pub fn span(span: Duration) -> String {
    match span.as_millis() {
        millis if millis < 1_000 => format!("{millis} ms"),
        millis if millis < 10_000 => format!("{}.{} s", millis / 1_000, millis % 1_000 / 100),
        millis if millis < 120_000 => format!("{} s", millis / 1_000),
        millis => format!("{} min", millis / 60_000),
    }
}

/// A count as people write it: `1,204`.
pub fn count(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
