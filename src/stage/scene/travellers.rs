//! What moves: a route, two instants, and the shape that is carried along.
//!
//! The place of a traveller is a function of time alone, so pause, scrubbing and playing backwards need no
//! code. The browser paints travellers on a canvas every frame; a still picture draws them once.

use crate::stage::geometry::{Point, along};
use crate::stage::kit;
use crate::stage::layout::Manner;
use crate::stage::motion::travel;
use crate::stage::scene::pen::Pen;
use crate::stage::scene::routes;
use crate::stage::shape::Shape;
use crate::stage::snapshot::Load;
use crate::time::Instant;

/// Something on its way along a route.
#[derive(Clone, Debug, PartialEq)]
pub struct Traveller {
    pub id: u64,
    pub load: Load,
    /// Straight pieces; corners are already rounded.
    pub route: Vec<Point>,
    pub sent_at: Instant,
    pub arrives_at: Instant,
    /// The side of a record in it.
    pub size: f64,
}

impl Traveller {
    /// How much of its time has passed at a moment given in microseconds, from 0 to 1.
    pub fn progress(&self, micros: f64) -> f64 {
        let (from, to) = (
            self.sent_at.as_micros() as f64,
            self.arrives_at.as_micros() as f64,
        );
        if to <= from {
            return 1.0;
        }
        ((micros - from) / (to - from)).clamp(0.0, 1.0)
    }

    /// Where it is at a moment given in microseconds.
    pub fn place(&self, micros: f64) -> Point {
        along(&self.route, travel(self.progress(micros)))
    }

    /// What it looks like, around the origin.
    pub fn shape(&self) -> Shape {
        match &self.load {
            Load::Request { keys } if keys.is_empty() => kit::answer("", self.size * 0.3),
            Load::Request { keys } => kit::capsule(keys, self.size),
            Load::Answer { label } => {
                let wide = label.chars().count() > 3;
                kit::answer(label, self.size / 2.0 + if wide { 4.0 } else { 1.0 })
            }
            Load::ErrorAnswer { code } => kit::error_answer(*code, self.size / 2.0 + 1.0),
            Load::ReplicaCopy { keys } => {
                let side = 15.0;
                let dots = keys.iter().take(3).enumerate().map(|(at, key)| {
                    let form = kit::RecordForm::Dot;
                    let state = crate::stage::snapshot::CellState::Committed;
                    let x = (at as f64 - (keys.len().min(3) as f64 - 1.0) / 2.0) * (side + 1.0);
                    kit::record(Point::new(x, 0.0), side, key, state, form)
                });
                Shape::group("", dots.collect())
            }
            Load::Control { name: None } => kit::diamond(Point::default(), 6.0, ""),
            Load::Control { .. } if self.size < 17.0 => kit::diamond(Point::default(), 8.0, ""),
            Load::Control { name: Some(name) } => {
                kit::control_pill(name, if self.size > 17.0 { 104.0 } else { 98.0 })
            }
        }
    }
}

/// All travellers whose ends are on the stage, in order.
pub(super) fn all(pen: &Pen) -> Vec<Traveller> {
    let size = match pen.layout.manner {
        Manner::Rows | Manner::RowsMid | Manner::Topic => 20.0,
        Manner::Focus => 18.0,
        Manner::Phone => 16.0,
        _ => 17.0,
    };
    pen.snapshot
        .travellers
        .iter()
        .filter_map(|traveller| {
            let route = routes::of_traveller(pen, traveller)?;
            Some(Traveller {
                id: traveller.id,
                load: traveller.load.clone(),
                route: route.pieces(),
                sent_at: traveller.sent_at,
                arrives_at: traveller.arrives_at,
                size,
            })
        })
        .collect()
}
