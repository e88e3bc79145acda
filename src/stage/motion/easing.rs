//! Easings: how progress in time becomes progress in place.

/// The curves of the style sheet, as functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Easing {
    Linear,
    /// Quick, then settling: things that arrive.
    Out,
    /// Slow at both ends: things that change place.
    InOut,
    /// Slow, then gone: things that leave.
    In,
}

impl Easing {
    /// The place after `part` of the time, both from 0 to 1.
    pub fn at(self, part: f64) -> f64 {
        let part = part.clamp(0.0, 1.0);
        match self {
            Easing::Linear => part,
            Easing::Out => bezier(part, 0.2, 0.8, 0.2, 1.0),
            Easing::InOut => bezier(part, 0.65, 0.0, 0.35, 1.0),
            Easing::In => bezier(part, 0.6, 0.0, 0.9, 0.4),
        }
    }
}

/// The changes that take time on the stage, and how long at even pace and speed 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beat {
    /// A request or an answer travels.
    Travel,
    /// A record that arrived becomes a square.
    Append,
    /// A copy travels to a follower.
    Copy,
    /// The high watermark moves and the squares behind it fill.
    HighWatermark,
    /// A follower's outline becomes dashed.
    IsrShrink,
    Crash,
    /// The countdown ring of a session is struck through.
    SessionExpiry,
    /// The outline of a new leader grows and the lines of its clients move over.
    NewLeader,
    Truncate,
    /// The oldest records of a log are deleted.
    Delete,
    /// The cleaner goes along a log.
    Clean,
    /// One partition hops to its new owner.
    Rebalance,
}

impl Beat {
    /// Between two changes that share an instant, in order of cause.
    pub const APART: u64 = 80;

    /// The longest of the changes of a log.
    pub const LONGEST: u64 = 640;

    /// How long it takes, in milliseconds of stage time.
    pub fn millis(self) -> u64 {
        match self {
            Beat::Travel | Beat::Copy => 420,
            Beat::Append | Beat::SessionExpiry => 160,
            Beat::HighWatermark | Beat::IsrShrink | Beat::Rebalance => 240,
            Beat::Crash | Beat::Truncate | Beat::Delete => 320,
            Beat::NewLeader | Beat::Clean => 640,
        }
    }

    /// Its progress after `part` of that time.
    pub fn at(self, part: f64) -> f64 {
        let easing = match self {
            Beat::Travel => return travel(part),
            Beat::Copy | Beat::SessionExpiry => Easing::Linear,
            Beat::Append | Beat::IsrShrink => Easing::Out,
            Beat::HighWatermark | Beat::NewLeader | Beat::Rebalance | Beat::Clean => Easing::InOut,
            Beat::Crash | Beat::Truncate | Beat::Delete => Easing::In,
        };
        easing.at(part)
    }
}

/// The place of a traveller after `part` of its time: constant speed, settling on the last fifth.
///
/// The speed never jumps: the last fifth is a parabola that begins with the speed of the straight part
/// and ends at rest. It takes twice the time it would at full speed, so the straight part is a little
/// faster than constant speed all the way would be.
pub fn travel(part: f64) -> f64 {
    const STRAIGHT: f64 = 0.8;
    const SPEED: f64 = 1.0 / (STRAIGHT + (1.0 - STRAIGHT) / 2.0);
    let part = part.clamp(0.0, 1.0);
    if part <= STRAIGHT {
        return part * SPEED;
    }
    let rest = (1.0 - part) / (1.0 - STRAIGHT);
    1.0 - SPEED * (1.0 - STRAIGHT) / 2.0 * rest * rest
}

/// A cubic Bézier curve from (0, 0) to (1, 1), solved for its x by bisection: 40 halvings, so the answer
/// is the same everywhere.
fn bezier(x: f64, x1: f64, y1: f64, x2: f64, y2: f64) -> f64 {
    let curve = |t: f64, a: f64, b: f64| {
        let u = 1.0 - t;
        3.0 * u * u * t * a + 3.0 * u * t * t * b + t * t * t
    };
    if x <= 0.0 || x >= 1.0 {
        return x;
    }
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..40 {
        let mid = (low + high) / 2.0;
        if curve(mid, x1, x2) < x {
            low = mid;
        } else {
            high = mid;
        }
    }
    curve((low + high) / 2.0, y1, y2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_easing_starts_ends_and_never_turns_back() {
        let all = [Easing::Linear, Easing::Out, Easing::InOut, Easing::In];
        for easing in all {
            assert_eq!((easing.at(0.0), easing.at(1.0)), (0.0, 1.0));
            let places: Vec<f64> = (0..=100).map(|n| easing.at(f64::from(n) / 100.0)).collect();
            assert!(
                places.windows(2).all(|pair| pair[0] <= pair[1]),
                "{easing:?}"
            );
        }
        let half = Easing::InOut.at(0.5);
        assert!((half - 0.5).abs() < 1e-9);
    }

    #[test]
    fn a_traveller_keeps_its_speed_and_settles() {
        assert_eq!((travel(0.0), travel(1.0)), (0.0, 1.0));
        let speed = |part: f64| (travel(part + 0.001) - travel(part)) / 0.001;
        assert!((speed(0.1) - speed(0.7)).abs() < 1e-9);
        assert!((speed(0.7) - speed(0.8)).abs() < 0.02);
        assert!(speed(0.998) < 0.05);
    }
}
