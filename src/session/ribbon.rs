//! The ribbon as it is drawn: chapters, activity, folds and marks along time.

use std::cmp::Reverse;
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
    pub text: Rc<str>,
    /// It lies ahead of the playhead.
    pub ahead: bool,
}

/// A mark that is drawn, and how many stand there with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    pub mark: Mark,
    pub count: usize,
}

/// The marks that are drawn when each takes so much room: the gravest stand where they are, and one that would
/// touch a graver one is counted there.
pub fn placed(marks: &[Mark], room: u32) -> Vec<Placed> {
    let mut order: Vec<&Mark> = marks.iter().collect();
    crate::sorted::sort_by_key(&mut order, |mark| {
        (Reverse(mark.kind.gravity()), mark.at, mark.x)
    });
    let mut placed: Vec<Placed> = Vec::new();
    for mark in order {
        let near = placed
            .iter_mut()
            .filter(|other| other.mark.x.abs_diff(mark.x) < room)
            .min_by_key(|other| other.mark.x.abs_diff(mark.x));
        match near {
            Some(near) => near.count += 1,
            None => placed.push(Placed {
                mark: mark.clone(),
                count: 1,
            }),
        }
    }
    crate::sorted::sort_by_key(&mut placed, |placed| placed.mark.x);
    placed
}

/// The shortest ribbon: a run that has just begun has room to grow.
const SHORTEST: Instant = Instant::from_millis(33_500);
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
    let (now, own) = (session.now(), session.chapters().is_empty());
    // What a lesson's script does is no edit of the reader's.
    let marks = session.marks().iter();
    let marks = marks.filter(|mark| own || !mark.kind.is_edit());
    let marks = marks.map(|mark| Mark {
        x: axis.x(mark.at),
        kind: mark.kind,
        at: mark.at,
        text: mark.text.as_str().into(),
        ahead: mark.at > now,
    });
    let marks = marks.collect();
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

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(x: u32, kind: MarkKind) -> Mark {
        Mark {
            x,
            kind,
            at: Instant::from_millis(u64::from(x)),
            text: "".into(),
            ahead: false,
        }
    }

    #[test]
    fn the_gravest_mark_stands_and_counts_the_others() {
        let marks = [
            mark(100, MarkKind::Edit),
            mark(180, MarkKind::Cut),
            mark(260, MarkKind::Crash),
            mark(300, MarkKind::NewLeader),
            mark(900, MarkKind::Return),
        ];
        let placed = placed(&marks, 200);
        let shown: Vec<_> = placed
            .iter()
            .map(|placed| (placed.mark.x, placed.mark.kind, placed.count))
            .collect();
        assert_eq!(
            shown,
            [(260, MarkKind::Crash, 4), (900, MarkKind::Return, 1),]
        );
    }

    #[test]
    fn marks_ahead_of_the_playhead_stay() {
        let lesson = super::super::book::Book::read().get("failover").unwrap();
        let mut session = lesson.session().unwrap();
        session.seek(Instant::from_secs(1));
        let ahead = ribbon(&session).marks;
        assert!(ahead.iter().all(|mark| mark.ahead));
        let crash = |mark: &&Mark| mark.kind == MarkKind::Crash;
        assert_eq!(ahead.iter().filter(crash).count(), 1);
        assert!(
            ahead.iter().all(|mark| mark.kind != MarkKind::Cut),
            "a held link is not cut"
        );
        session.seek(Instant::from_secs(30));
        let past = ribbon(&session).marks;
        assert!(past.iter().any(|mark| !mark.ahead));
        assert_eq!(past.len(), ahead.len());
    }
}
