//! The ribbon as it is drawn: chapters, activity, folds and marks along time.

use std::rc::Rc;

use super::Session;
use super::axis::{Axis, Fold};
use crate::time::Instant;
use crate::world::ribbon::MarkKind;

/// The ribbon as it is drawn; places in ten-thousandths of its width.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ribbon {
    pub bars: Vec<Bar>,
    pub chapters: Vec<Stretch>,
    pub folds: Vec<Fold>,
    pub marks: Vec<Mark>,
    pub labels: Vec<(u32, String)>,
    pub head: u32,
    /// Where this branch leaves the others, and which it is of how many.
    pub split: Option<(u32, usize, usize)>,
}

/// The activity in one stretch: its place and its height in the track, of 28.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    pub x: u32,
    pub w: u32,
    pub height: u8,
}

/// A titled stretch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
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
        .filter(|mark| own || !mark.kind.is_edit());
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
        split: session
            .split()
            .map(|split| (axis.x(split.at), split.number, split.of)),
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

fn chapters(session: &Session, axis: &Axis) -> Vec<Stretch> {
    let head = axis.x(session.now());
    if session.chapters().is_empty() {
        let newest = axis.x(session.history().newest()).max(head);
        return vec![Stretch {
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
        .map(|(index, chapter)| Stretch {
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
