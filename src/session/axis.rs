//! The ribbon's axis: instants to places along it, idle stretches folded.
//!
//! A stretch without visible events takes no more room than the fold limit, however long it is; the fold says
//! how long it truly was. Everything is counted in ten-thousandths of the ribbon's width, so that a picture of
//! the ribbon is plain data that can be compared.

use super::timeline::FOLD;
use crate::time::{Duration, Instant};

/// The full width.
pub const WIDTH: u32 = 10_000;

/// A hatched stretch of the ribbon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fold {
    pub from: u32,
    pub to: u32,
    pub idle: Duration,
}

/// Pieces of time with the room each takes.
#[derive(Clone, Debug)]
pub struct Axis {
    pieces: Vec<Piece>,
    /// The sum of all room, in microseconds as drawn.
    total: u64,
}

#[derive(Clone, Copy, Debug)]
struct Piece {
    from: u64,
    to: u64,
    /// Where it begins, and how much room it takes.
    start: u64,
    room: u64,
}

impl Axis {
    /// The axis from the beginning of the world to `end`.
    pub fn new(end: Instant, folds: &[(Instant, Instant)]) -> Axis {
        let mut axis = Axis {
            pieces: Vec::new(),
            total: 0,
        };
        let mut at = 0;
        for (from, to) in folds.iter().filter(|(_, to)| *to <= end) {
            axis.push(at, from.as_micros(), u64::MAX);
            axis.push(from.as_micros(), to.as_micros(), FOLD.as_micros());
            at = to.as_micros();
        }
        axis.push(at, end.as_micros().max(at + 1), u64::MAX);
        axis
    }

    fn push(&mut self, from: u64, to: u64, most: u64) {
        if to > from {
            let room = (to - from).min(most);
            self.pieces.push(Piece {
                from,
                to,
                start: self.total,
                room,
            });
            self.total += room;
        }
    }

    /// Where an instant stands.
    pub fn x(&self, at: Instant) -> u32 {
        let at = at.as_micros();
        let index = self
            .pieces
            .partition_point(|piece| piece.to < at)
            .min(self.pieces.len() - 1);
        let piece = self.pieces[index];
        let part = at.clamp(piece.from, piece.to) - piece.from;
        let room = u128::from(part) * u128::from(piece.room) / u128::from(piece.to - piece.from);
        scale(piece.start + room as u64, self.total)
    }

    /// The instant at a place.
    pub fn at(&self, x: u32) -> Instant {
        let room = u128::from(x.min(WIDTH)) * u128::from(self.total) / u128::from(WIDTH);
        let room = room as u64;
        let index = self
            .pieces
            .partition_point(|piece| piece.start + piece.room < room)
            .min(self.pieces.len() - 1);
        let piece = self.pieces[index];
        let part = room.clamp(piece.start, piece.start + piece.room) - piece.start;
        let span = u128::from(part) * u128::from(piece.to - piece.from) / u128::from(piece.room);
        Instant::from_micros(piece.from + span as u64)
    }

    pub fn folds(&self) -> impl Iterator<Item = Fold> + '_ {
        let folded = self
            .pieces
            .iter()
            .filter(|piece| piece.room < piece.to - piece.from);
        folded.map(|piece| Fold {
            from: scale(piece.start, self.total),
            to: scale(piece.start + piece.room, self.total),
            idle: Duration::from_micros(piece.to - piece.from),
        })
    }

    /// Whole instants worth a label: five to nine of them, none inside a fold.
    pub fn labels(&self) -> Vec<(u32, String)> {
        const STEPS: [u64; 12] = [
            100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 60_000, 300_000, 600_000,
        ];
        let step = STEPS
            .into_iter()
            .find(|step| self.total / (step * 1_000) < 7)
            .unwrap_or(1_800_000)
            * 1_000;
        let mut labels: Vec<(u32, String)> = Vec::new();
        for piece in self
            .pieces
            .iter()
            .filter(|piece| piece.room == piece.to - piece.from)
        {
            let mut at = piece.from.div_ceil(step) * step;
            while at <= piece.to {
                let x = self.x(Instant::from_micros(at));
                if labels.last().is_none_or(|(last, _)| x >= last + 600) {
                    labels.push((x, label(at)));
                }
                at += step;
            }
        }
        labels
    }
}

fn scale(room: u64, total: u64) -> u32 {
    (u128::from(room) * u128::from(WIDTH) / u128::from(total)) as u32
}

fn label(micros: u64) -> String {
    let millis = micros / 1_000;
    match (millis / 60_000, millis % 1_000) {
        (0, 0) => format!("{} s", millis / 1_000),
        (0, part) => format!("{}.{} s", millis / 1_000, part / 100),
        (minutes, _) => format!("{minutes}:{:02}", millis / 1_000 % 60),
    }
}
