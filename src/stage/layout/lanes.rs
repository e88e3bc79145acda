//! Keeping apart the lines between brokers and readers.
//!
//! A reader's line runs right from its partition's row, along a vertical lane and right again into its box.
//! Two lines may share a lane while their vertical pieces do not touch; lanes are given so that lines cross
//! as seldom as possible.

use std::cmp::Ordering;

use crate::sorted::sort_by;

/// A vertical piece that wants a lane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Run {
    pub from: f64,
    pub to: f64,
}

/// The free space between two vertical pieces on one lane.
const CLEAR: f64 = 10.0;
/// Sharing a stretch of a lane is worse than many crossings.
const SHARED: u32 = 10;

/// A lane's number for each reader, 0 being the innermost, with `lanes` of them to give. A reader's runs
/// share its lane. Every reader in turn takes the lane where its lines meet the fewest others, until
/// nobody would change; so equal clusters always get equal lanes.
pub(super) fn assign(readers: &[Vec<Run>], lanes: usize) -> Vec<usize> {
    let lanes = lanes.max(1);
    let mut given = vec![lanes - 1; readers.len()];
    for _ in 0..4 {
        let before = given.clone();
        for reader in 0..readers.len() {
            let cost = |lane: usize| -> u32 {
                (0..readers.len())
                    .filter(|other| *other != reader)
                    .map(|other| meetings(&readers[reader], lane, &readers[other], given[other]))
                    .sum()
            };
            let best = (0..lanes).rev().min_by_key(|lane| cost(*lane));
            given[reader] = best.unwrap_or(0);
        }
        if given == before {
            break;
        }
    }
    given
}

/// How often the lines of two readers meet when they take these lanes.
fn meetings(mine: &[Run], lane: usize, others: &[Run], other_lane: usize) -> u32 {
    let mut count = 0;
    for a in mine {
        for b in others {
            count += match lane.cmp(&other_lane) {
                Ordering::Equal if a.touches(b) => SHARED,
                Ordering::Equal => 0,
                // The outer line passes the inner one's vertical piece on its way out, the inner line
                // passes the outer one's on its way to its box.
                Ordering::Greater => u32::from(b.spans(a.from)) + u32::from(a.spans(b.to)),
                Ordering::Less => u32::from(a.spans(b.from)) + u32::from(b.spans(a.to)),
            };
        }
    }
    count
}

impl Run {
    fn ends(&self) -> (f64, f64) {
        (self.from.min(self.to), self.from.max(self.to))
    }

    /// True when a line at this height would cut through the vertical piece.
    fn spans(&self, y: f64) -> bool {
        let (top, bottom) = self.ends();
        top < y && y < bottom
    }

    fn touches(&self, other: &Run) -> bool {
        let (top, bottom) = self.ends();
        let (above, below) = other.ends();
        bottom - top > 1.0 && below - above > 1.0 && bottom + CLEAR > above && below + CLEAR > top
    }
}

/// Moves the middles of boxes apart until none touches the next, staying between `top` and `bottom` as long
/// as they fit. `boxes` are (wanted middle, height) in any order; the answer is in the same order.
pub(super) fn spread(boxes: &[(f64, f64)], gap: f64, top: f64, bottom: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..boxes.len()).collect();
    sort_by(&mut order, |&a, &b| boxes[a].0.total_cmp(&boxes[b].0));
    let mut middles: Vec<f64> = boxes.iter().map(|(wanted, _)| *wanted).collect();
    let push_down = |middles: &mut Vec<f64>| {
        let mut ceiling = top;
        for &index in &order {
            let half = boxes[index].1 / 2.0;
            middles[index] = middles[index].max(ceiling + half);
            ceiling = middles[index] + half + gap;
        }
    };
    push_down(&mut middles);
    let mut floor = bottom;
    for &index in order.iter().rev() {
        let half = boxes[index].1 / 2.0;
        middles[index] = middles[index].min(floor - half);
        floor = middles[index] - half - gap;
    }
    push_down(&mut middles);
    middles
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(from: f64, to: f64) -> Run {
        Run { from, to }
    }

    #[test]
    fn lines_that_would_cross_take_different_lanes() {
        let one = |from, to| vec![run(from, to)];
        assert_eq!(assign(&[one(0.0, 50.0), one(20.0, 80.0)], 3), [2, 1]);
        assert_eq!(assign(&[one(100.0, 50.0), one(80.0, 20.0)], 3), [2, 1]);
        assert_eq!(assign(&[one(0.0, 50.0), one(70.0, 80.0)], 3), [2, 2]);
    }

    #[test]
    fn boxes_never_touch_and_stay_inside() {
        let middles = spread(
            &[(50.0, 40.0), (52.0, 40.0), (300.0, 40.0)],
            10.0,
            0.0,
            200.0,
        );
        assert_eq!(middles, [50.0, 100.0, 180.0]);
        let crowded = spread(&[(0.0, 40.0), (0.0, 40.0)], 10.0, 0.0, 60.0);
        assert_eq!(crowded, [20.0, 70.0]);
    }
}
