//! Points, boxes and routes in CSS pixels.
//!
//! Nothing on the stage is ever scaled, so a pixel here is a pixel there and text of 11 stays 11. This is
//! the first layer that may use floating point: the world below counts in whole microseconds.
//! Only operations that IEEE 754 fixes to the last bit are used (no sine, no power), so a picture is
//! byte for byte the same natively and in the browser.

/// A place.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    pub x: f64,
    pub y: f64,
}

/// An extent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Size {
    pub w: f64,
    pub h: f64,
}

/// A box.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rect {
    pub x: f64,
    pub y: f64,
    pub w: f64,
    pub h: f64,
}

/// A line through points whose corners are rounded: what lines are drawn along and travellers run on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Route {
    pub points: Vec<Point>,
    /// The radius of a corner, where both of its legs have room for it.
    pub radius: f64,
}

impl Point {
    pub const fn new(x: f64, y: f64) -> Point {
        Point { x, y }
    }

    pub fn moved(self, dx: f64, dy: f64) -> Point {
        Point::new(self.x + dx, self.y + dy)
    }

    pub fn distance(self, to: Point) -> f64 {
        let (dx, dy) = (to.x - self.x, to.y - self.y);
        (dx * dx + dy * dy).sqrt()
    }

    /// The point at `part` of the way to another.
    pub fn toward(self, to: Point, part: f64) -> Point {
        Point::new(
            self.x + (to.x - self.x) * part,
            self.y + (to.y - self.y) * part,
        )
    }
}

impl Size {
    pub const fn new(w: f64, h: f64) -> Size {
        Size { w, h }
    }
}

impl Rect {
    pub const fn new(x: f64, y: f64, w: f64, h: f64) -> Rect {
        Rect { x, y, w, h }
    }

    /// A box around a point.
    pub fn around(mid: Point, w: f64, h: f64) -> Rect {
        Rect::new(mid.x - w / 2.0, mid.y - h / 2.0, w, h)
    }

    pub fn right(&self) -> f64 {
        self.x + self.w
    }

    pub fn bottom(&self) -> f64 {
        self.y + self.h
    }

    pub fn mid(&self) -> Point {
        Point::new(self.x + self.w / 2.0, self.y + self.h / 2.0)
    }

    pub fn contains(&self, point: Point) -> bool {
        (self.x..=self.right()).contains(&point.x) && (self.y..=self.bottom()).contains(&point.y)
    }

    /// True when the two share more than an edge.
    pub fn overlaps(&self, other: &Rect) -> bool {
        self.x < other.right()
            && other.x < self.right()
            && self.y < other.bottom()
            && other.y < self.bottom()
    }

    /// The smallest box around both.
    pub fn around_both(self, other: Rect) -> Rect {
        let (x, y) = (self.x.min(other.x), self.y.min(other.y));
        let right = self.right().max(other.right());
        let bottom = self.bottom().max(other.bottom());
        Rect::new(x, y, right - x, bottom - y)
    }

    /// The same box, larger on every side.
    pub fn grown(&self, by: f64) -> Rect {
        Rect::new(
            self.x - by,
            self.y - by,
            self.w + 2.0 * by,
            self.h + 2.0 * by,
        )
    }

    /// The same middle, at least so large: what a finger or a pointer can hit.
    pub fn at_least(&self, side: f64) -> Rect {
        Rect::around(self.mid(), self.w.max(side), self.h.max(side))
    }
}

impl Route {
    /// A route through points. Points that repeat the one before, and points on the straight way from the
    /// one before to the next, are dropped: they have no corner.
    pub fn through(points: impl IntoIterator<Item = (f64, f64)>) -> Route {
        let mut kept: Vec<Point> = Vec::new();
        for (x, y) in points {
            let point = Point::new(x, y);
            if kept.last().is_some_and(|last| last.distance(point) <= 0.01) {
                continue;
            }
            if let [.., before, last] = kept.as_slice() {
                let there = before.distance(*last) + last.distance(point);
                if there - before.distance(point) < 0.001 {
                    kept.pop();
                }
            }
            kept.push(point);
        }
        Route {
            points: kept,
            radius: 10.0,
        }
    }

    pub fn with_radius(mut self, radius: f64) -> Route {
        self.radius = radius;
        self
    }

    /// The same line, walked the other way.
    pub fn reversed(mut self) -> Route {
        self.points.reverse();
        self
    }

    /// This line and then another.
    pub fn then(mut self, other: Route) -> Route {
        let more = other.points.into_iter().map(|point| (point.x, point.y));
        let all: Vec<(f64, f64)> = self.points.iter().map(|p| (p.x, p.y)).chain(more).collect();
        self = Route::through(all).with_radius(self.radius);
        self
    }

    /// The path as SVG writes it.
    pub fn path(&self) -> String {
        let Some(first) = self.points.first() else {
            return String::new();
        };
        let mut d = format!("M{} {}", number(first.x), number(first.y));
        for (enter, corner, leave) in self.corners() {
            d += &format!(
                "L{} {}Q{} {} {} {}",
                number(enter.x),
                number(enter.y),
                number(corner.x),
                number(corner.y),
                number(leave.x),
                number(leave.y)
            );
        }
        let last = self.points[self.points.len() - 1];
        d += &format!("L{} {}", number(last.x), number(last.y));
        d
    }

    /// The same line as straight pieces only: the way of a traveller.
    pub fn pieces(&self) -> Vec<Point> {
        const STEPS: u32 = 6;
        let mut pieces: Vec<Point> = self.points.first().copied().into_iter().collect();
        for (enter, corner, leave) in self.corners() {
            for step in 0..=STEPS {
                let t = f64::from(step) / f64::from(STEPS);
                let point = enter.toward(corner, t).toward(corner.toward(leave, t), t);
                if pieces.last().is_none_or(|last| last.distance(point) > 0.01) {
                    pieces.push(point);
                }
            }
        }
        pieces.extend(self.points.last().filter(|_| self.points.len() > 1));
        pieces
    }

    pub fn length(&self) -> f64 {
        self.pieces()
            .windows(2)
            .map(|pair| pair[0].distance(pair[1]))
            .sum()
    }

    /// The point at `part` of the way along.
    pub fn at(&self, part: f64) -> Point {
        along(&self.pieces(), part)
    }

    /// How far a point is from the line, its corners taken as sharp.
    pub fn distance(&self, point: Point) -> f64 {
        let pairs = self.points.windows(2).map(|pair| {
            let (a, b) = (pair[0], pair[1]);
            let (dx, dy) = (b.x - a.x, b.y - a.y);
            let along = (point.x - a.x) * dx + (point.y - a.y) * dy;
            let part = along / (dx * dx + dy * dy).max(0.01);
            a.toward(b, part.clamp(0.0, 1.0)).distance(point)
        });
        pairs.fold(f64::MAX, f64::min)
    }

    /// Where each corner begins, where it would be sharp, and where it ends.
    fn corners(&self) -> impl Iterator<Item = (Point, Point, Point)> + '_ {
        self.points.windows(3).map(|three| {
            let [before, corner, after] = [three[0], three[1], three[2]];
            let (l1, l2) = (before.distance(corner), corner.distance(after));
            let k = self.radius.min(l1 / 2.0).min(l2 / 2.0);
            (
                corner.toward(before, k / l1),
                corner,
                corner.toward(after, k / l2),
            )
        })
    }
}

/// The point at `part` of the way along straight pieces, by length.
pub fn along(pieces: &[Point], part: f64) -> Point {
    let total: f64 = pieces
        .windows(2)
        .map(|pair| pair[0].distance(pair[1]))
        .sum();
    if part >= 1.0 {
        return pieces.last().copied().unwrap_or_default();
    }
    let mut left = total * part.max(0.0);
    for pair in pieces.windows(2) {
        let length = pair[0].distance(pair[1]);
        if left <= length && length > 0.0 {
            return pair[0].toward(pair[1], left / length);
        }
        left -= length;
    }
    pieces.last().copied().unwrap_or_default()
}

/// A coordinate as the picture writes it: at most two decimals, no trailing zeros, no minus zero.
pub fn number(value: f64) -> String {
    let hundredths = (value * 100.0).round() as i64;
    let (whole, part) = (hundredths.abs() / 100, hundredths.abs() % 100);
    let sign = if hundredths < 0 { "-" } else { "" };
    match (part, part % 10) {
        (0, _) => format!("{sign}{whole}"),
        (_, 0) => format!("{sign}{whole}.{}", part / 10),
        _ => format!("{sign}{whole}.{part:02}"),
    }
}

/// Reads what `number` writes: digits, perhaps a sign and a fraction.
pub fn read_number(text: &str) -> Option<f64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let (whole, scale) = (whole.parse::<u32>().ok()?, 10_f64.powi(part.len() as i32));
    let part = match part {
        "" => 0,
        part => part.parse::<u32>().ok()?,
    };
    let value = f64::from(whole) + f64::from(part) / scale;
    Some(if negative { -value } else { value })
}

/// From where on a view of a length shows a span, when it shows what comes from `at` on: as little further as it takes.
/// Of what is longer than the view it shows the beginning.
pub fn scrolled(at: f64, length: f64, from: f64, to: f64) -> f64 {
    match to - from > length || from < at {
        true => from.max(0.0),
        false => at.max(to - length),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_scrolls_as_little_as_it_takes() {
        let seen = |from, to| scrolled(100.0, 300.0, from, to);
        assert_eq!(seen(150.0, 200.0), 100.0);
        assert_eq!(seen(20.0, 60.0), 20.0);
        assert_eq!(seen(-5.0, 60.0), 0.0);
        assert_eq!(seen(380.0, 450.0), 150.0);
        assert_eq!(seen(300.0, 900.0), 300.0, "it is longer than the view");
    }

    #[test]
    fn a_box_around_two_has_the_corners_of_both() {
        let (a, b) = (
            Rect::new(0.0, 10.0, 20.0, 20.0),
            Rect::new(50.0, 5.0, 10.0, 10.0),
        );
        assert_eq!(a.around_both(b), Rect::new(0.0, 5.0, 60.0, 25.0));
    }

    #[test]
    fn numbers_are_short() {
        for (value, text) in [
            (0.0, "0"),
            (-0.001, "0"),
            (12.0, "12"),
            (0.1 + 0.2, "0.3"),
            (1.0 / 3.0, "0.33"),
            (-7.125, "-7.13"),
            (3.05, "3.05"),
            (-0.5, "-0.5"),
        ] {
            assert_eq!(number(value), text);
            let read = read_number(text).expect("a number");
            assert!((read - value).abs() <= 0.005, "{text} {read}");
        }
        for text in ["", "-", ".5", "1e3", "1.2.3", "NaN", "1.-2"] {
            assert_eq!(read_number(text), None, "{text}");
        }
    }

    #[test]
    fn a_route_rounds_its_corners() {
        let route = Route::through([(0.0, 0.0), (30.0, 0.0), (30.0, 40.0)]);
        assert_eq!(route.path(), "M0 0L20 0Q30 0 30 10L30 40");
        let tight = Route::through([(0.0, 0.0), (4.0, 0.0), (4.0, 40.0)]);
        assert_eq!(tight.path(), "M0 0L2 0Q4 0 4 2L4 40");
    }

    #[test]
    fn a_traveller_starts_and_ends_at_the_ends() {
        let route = Route::through([(0.0, 0.0), (30.0, 0.0), (30.0, 40.0)]);
        assert_eq!(route.at(0.0), Point::new(0.0, 0.0));
        assert_eq!(route.at(1.0), Point::new(30.0, 40.0));
        let early = route.at(0.25);
        assert!(
            early.y == 0.0 && early.x > 15.0 && early.x < 17.5,
            "{early:?}"
        );
        assert_eq!(route.clone().reversed().at(1.0), route.at(0.0));
    }

    #[test]
    fn a_point_is_as_far_from_a_route_as_from_its_nearest_piece() {
        let route = Route::through([(0.0, 0.0), (30.0, 0.0), (30.0, 40.0)]);
        assert_eq!(route.distance(Point::new(10.0, 3.0)), 3.0);
        assert_eq!(route.distance(Point::new(36.0, 20.0)), 6.0);
        assert_eq!(route.distance(Point::new(-3.0, 4.0)), 5.0);
        assert_eq!(route.distance(Point::new(30.0, 45.0)), 5.0);
    }

    #[test]
    fn a_route_of_one_point_stands_still() {
        assert_eq!(
            Route::through([(3.0, 4.0), (3.0, 4.0)]).at(0.7),
            Point::new(3.0, 4.0)
        );
        assert_eq!(Route::default().path(), "");
    }
}
