//! The layer of what travels: worked out once for a picture, then only placed and copied every frame.

use web_sys::CanvasRenderingContext2d;

use super::sprites::{Sprite, Sprites};
use crate::stage::extract::Memory;
use crate::stage::geometry::Point;
use crate::stage::motion::travel;
use crate::stage::scene::Traveller;

/// Everything that travels on the last picture.
pub struct Flights {
    sprites: Sprites,
    all: Vec<Flight>,
}

/// One traveller: its way with how far along each of its corners is, its time, and its sprite.
struct Flight {
    way: Vec<(f64, Point)>,
    sent_at: f64,
    arrives_at: f64,
    /// Where it stands, if its link is held: it is there whatever the time.
    held_at: Option<Point>,
    sprite: Sprite,
}

impl Flights {
    /// No travellers, on a screen of this sharpness, in the colours of the theme as it is now.
    pub fn new(scale: f64) -> Flights {
        Flights {
            sprites: Sprites::new(scale),
            all: Vec::new(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Takes over the travellers of a new picture.
    pub fn take(&mut self, travellers: Vec<Traveller>, memory: &Memory) {
        self.all.clear();
        self.sprites.begin();
        for traveller in travellers {
            let Some(sprite) = self.sprites.find(&traveller) else {
                continue;
            };
            let (sent_at, arrives_at) = (
                traveller.sent_at.as_micros() as f64,
                traveller.arrives_at.as_micros() as f64,
            );
            let mut flight = Flight {
                way: measured(&traveller.route),
                sent_at,
                arrives_at,
                held_at: None,
                sprite,
            };
            if memory.is_held(traveller.id) {
                flight.held_at = Some(flight.place(memory.now() as f64));
            }
            self.all.push(flight);
        }
    }

    /// Draws everything where it is at a moment in microseconds; says whether anything was.
    pub fn draw(&self, context: &CanvasRenderingContext2d, micros: f64) -> bool {
        let mut any = false;
        for flight in &self.all {
            let at = match flight.held_at {
                Some(at) => at,
                None if flight.arrives_at <= micros || flight.sent_at > micros => continue,
                None => flight.place(micros),
            };
            self.sprites.stamp(context, flight.sprite, at);
            any = true;
        }
        any
    }
}

impl Flight {
    fn place(&self, micros: f64) -> Point {
        let span = (self.arrives_at - self.sent_at).max(1.0);
        let part = travel((micros - self.sent_at) / span);
        let Some((length, last)) = self.way.last() else {
            return Point::default();
        };
        let passed = length * part;
        let next = self.way.partition_point(|(at, _)| *at <= passed);
        match (self.way.get(next.wrapping_sub(1)), self.way.get(next)) {
            (Some((from, a)), Some((to, b))) => a.toward(*b, (passed - from) / (to - from)),
            _ => *last,
        }
    }
}

/// A way with the length up to each of its points.
fn measured(route: &[Point]) -> Vec<(f64, Point)> {
    let mut length = 0.0;
    let mut before: Option<Point> = None;
    route
        .iter()
        .map(|point| {
            length += before.map_or(0.0, |before| before.distance(*point));
            before = Some(*point);
            (length, *point)
        })
        .collect()
}
