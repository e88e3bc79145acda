//! Keeping apart the lines between brokers and readers.
//!
//! A reader's line runs right from its partition's row, along a vertical lane and right again into its box.
//! Two lines may share a lane while their vertical pieces do not touch. Of lines that run down, the upper one
//! takes the outer lane; of lines that run up, the lower one: so they never cross.

/// A vertical piece that wants a lane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Run {
    pub from: f64,
    pub to: f64,
}

/// The free space between two vertical pieces on one lane.
const CLEAR: f64 = 10.0;

/// A lane's number for each run, 0 being the innermost, with `lanes` of them to give.
pub(super) fn assign(runs: &[Run], lanes: usize) -> Vec<usize> {
    let lanes = lanes.max(1);
    let mut order: Vec<usize> = (0..runs.len()).collect();
    order.sort_by(|&a, &b| rank(&runs[a]).total_cmp(&rank(&runs[b])).then(a.cmp(&b)));
    let mut taken: Vec<Vec<Run>> = vec![Vec::new(); lanes];
    let mut given = vec![0; runs.len()];
    for index in order {
        let run = runs[index];
        let free = (0..lanes)
            .rev()
            .find(|&lane| taken[lane].iter().all(|other| run.clear_of(other)));
        let lane = free.unwrap_or(index % lanes);
        taken[lane].push(run);
        given[index] = lane;
    }
    given
}

/// Lines that run down go first, from the top; then lines that run up, from the bottom.
fn rank(run: &Run) -> f64 {
    if run.to >= run.from {
        run.from
    } else {
        100_000.0 - run.from
    }
}

impl Run {
    fn clear_of(&self, other: &Run) -> bool {
        let (top, bottom) = (self.from.min(self.to), self.from.max(self.to));
        let (above, below) = (other.from.min(other.to), other.from.max(other.to));
        bottom + CLEAR < above || below + CLEAR < top
    }
}

/// Moves the middles of boxes apart until none touches the next, staying between `top` and `bottom` as long
/// as they fit. `boxes` are (wanted middle, height) in any order; the answer is in the same order.
pub(super) fn spread(boxes: &[(f64, f64)], gap: f64, top: f64, bottom: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..boxes.len()).collect();
    order.sort_by(|&a, &b| boxes[a].0.total_cmp(&boxes[b].0).then(a.cmp(&b)));
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
        assert_eq!(assign(&[run(0.0, 50.0), run(20.0, 80.0)], 3), [2, 1]);
        assert_eq!(assign(&[run(100.0, 50.0), run(80.0, 20.0)], 3), [2, 1]);
        assert_eq!(assign(&[run(0.0, 50.0), run(70.0, 80.0)], 3), [2, 2]);
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
