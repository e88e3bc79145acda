//! What moves: a route, two instants, and the shape that is carried along.
//!
//! The place of a traveller is a function of time alone, so pause, scrubbing and playing backwards need no
//! code. The browser paints travellers on a canvas every frame; a still picture draws them once.

use crate::model::ProcessId;
use crate::sorted::SortedMap;
use crate::stage::density::Density;
use crate::stage::geometry::{Point, Size, along};
use crate::stage::kit;
use crate::stage::layout::Manner;
use crate::stage::motion::travel;
use crate::stage::scene::pen::Pen;
use crate::stage::scene::routes;
use crate::stage::shape::Shape;
use crate::stage::snapshot::{CellState, KeyMark, Load, Motion, Snapshot, Traveller as Packet};
use crate::time::{Duration, Instant};

/// Travellers that are drawn in letters, and as dots; with more a link shows a stream.
const LETTERS: usize = 120;
const DOTS: usize = 300;
/// The side of a record in a traveller without letters, and of a dot of a stream.
const SMALL: f64 = 11.0;
const STREAM_DOT: f64 = 8.0;
/// The least room between cards and readers for a control message with its name.
const NAMED: f64 = 84.0;
/// The radius of the dots that go to ZooKeeper and back.
const WHISPER: f64 = 2.5;

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

    /// The least width of a control message with its name.
    fn pill(&self) -> f64 {
        if self.size > 17.0 { routes::PILL } else { 98.0 }
    }

    /// How much room it takes, edges included.
    pub fn extent(&self) -> Size {
        let round = |r: f64| Size::new(2.0 * r, 2.0 * r);
        let Size { w, h } = match &self.load {
            Load::Request { keys } if keys.is_empty() => round(self.size * 0.3),
            Load::Request { keys } => kit::capsule_size(keys.len(), self.size),
            Load::Answer { .. } | Load::ErrorAnswer { .. } => round(self.size / 2.0 + 4.0),
            Load::ReplicaCopy { keys } => Size::new(16.0 * keys.len().clamp(1, 3) as f64, 15.0),
            Load::Stream { .. } => round(STREAM_DOT / 2.0),
            Load::Coordination | Load::Beat => round(WHISPER),
            Load::Control { name: Some(name) } if self.size >= 17.0 => {
                kit::control_pill_size(name, self.pill())
            }
            Load::Control { .. } => round(8.0),
        };
        Size::new((w + 4.0).ceil(), (h + 4.0).ceil())
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
                    let state = CellState::Committed;
                    let x = (at as f64 - (keys.len().min(3) as f64 - 1.0) / 2.0) * (side + 1.0);
                    kit::record(Point::new(x, 0.0), side, key, state, form)
                });
                Shape::group("", dots.collect())
            }
            Load::Stream { key } => {
                let (state, form) = (CellState::Committed, kit::RecordForm::Dot);
                kit::record(Point::default(), STREAM_DOT, key, state, form)
            }
            Load::Coordination | Load::Beat => Shape::circle(0.0, 0.0, WHISPER, "tri"),
            Load::Control { name: None } => kit::diamond(Point::default(), 6.0, ""),
            Load::Control { .. } if self.size < 17.0 => kit::diamond(Point::default(), 8.0, ""),
            Load::Control { name: Some(name) } => kit::control_pill(name, self.pill()),
        }
    }
}

/// All travellers whose ends are on the stage, in order.
pub(super) fn all(pen: &Pen) -> Vec<Traveller> {
    if pen.snapshot.motion == Motion::Still {
        return Vec::new();
    }
    let size = match pen.layout.manner {
        Manner::Rows | Manner::RowsMid | Manner::Topic => 20.0,
        Manner::Focus => 18.0,
        Manner::Phone => 16.0,
        _ => 17.0,
    };
    let mut all = Vec::new();
    let mut streams: SortedMap<(ProcessId, ProcessId), Vec<&Packet>> = SortedMap::new();
    let crowd = crowded(pen);
    for packet in &pen.snapshot.travellers {
        let level = level(pen, packet).max(crowd);
        let shown = match level {
            Density::Letters => size,
            // One in four, too small for letters.
            Density::Strip if packet.id / 64 % 4 == 0 => SMALL,
            Density::Strip => continue,
            Density::Stream | Density::Heat => {
                let link = (packet.from, packet.to);
                streams.entry(link).or_default().push(packet);
                continue;
            }
        };
        all.extend(carried(pen, packet, packet.load.clone(), shown));
    }
    for packets in streams.values() {
        all.extend(stream(pen, packets));
    }
    all
}

/// A traveller for a packet, unless one of its ends is not on the stage.
fn carried(pen: &Pen, packet: &Packet, load: Load, size: f64) -> Option<Traveller> {
    let named =
        matches!(load, Load::Control { name: Some(_) }) && pen.layout.manner != Manner::Phone;
    let (route, size) = match named {
        // Between the cards and the readers there is no room for a name.
        true if pen.layout.columns.gap() < NAMED => (routes::of_traveller(pen, packet)?, SMALL),
        true => (routes::of_named(pen, packet)?, size),
        false => (routes::of_traveller(pen, packet)?, size),
    };
    Some(Traveller {
        id: packet.id,
        load,
        route: route.pieces(),
        sent_at: packet.sent_at,
        arrives_at: packet.arrives_at,
        size,
    })
}

/// How a packet is drawn: as its partition is; faults and control always in full.
fn level(pen: &Pen, packet: &Packet) -> Density {
    let snapshot = pen.snapshot;
    let partition = match packet.load {
        Load::ErrorAnswer { .. } | Load::Control { .. } | Load::Coordination | Load::Beat => None,
        _ => packet.partition.as_ref(),
    };
    let partition = partition.and_then(|id| snapshot.partition(id));
    match partition {
        None => Density::Letters,
        Some(_) if snapshot.motion == Motion::Fast => Density::Stream,
        Some(partition) => pen.layout.ask.density_of(snapshot, partition),
    }
}

/// The least level that so many travellers ask for, unless the reader chose one.
fn crowded(pen: &Pen) -> Density {
    match (pen.layout.ask.density, pen.snapshot.travellers.len()) {
        (Some(_), _) | (None, 0..=LETTERS) => Density::Letters,
        (None, ..=DOTS) => Density::Strip,
        (None, _) => Density::Stream,
    }
}

/// Three dots on a link, in the colours of what is under way on it. They stand for all of it, so where they
/// are follows from the time alone.
fn stream(pen: &Pen, packets: &[&Packet]) -> Vec<Traveller> {
    let Some(first) = packets.first() else {
        return Vec::new();
    };
    let flight = first.arrives_at.since(first.sent_at).as_micros().max(1);
    let keys: Vec<&KeyMark> = packets
        .iter()
        .flat_map(|packet| marks(&packet.load))
        .collect();
    let now = pen.snapshot.at.as_micros();
    let dot = |nth: u64| {
        let packet = packets[nth as usize * packets.len() / 3];
        let key = keys.get(nth as usize * keys.len() / 3).copied();
        let passed = (now + nth * flight / 3) % flight;
        let sent_at = Instant::from_micros(now.saturating_sub(passed));
        let dot = Packet {
            sent_at,
            arrives_at: sent_at + Duration::from_micros(flight),
            ..packet.clone()
        };
        let load = match key {
            Some(key) => Load::Stream { key: key.clone() },
            None => Load::Answer { label: "".into() },
        };
        carried(pen, &dot, load, SMALL)
    };
    (0..3).filter_map(dot).collect()
}

fn marks(load: &Load) -> &[KeyMark] {
    match load {
        Load::Request { keys } | Load::ReplicaCopy { keys } => keys,
        _ => &[],
    }
}

/// True for a link on which packets are no longer drawn one by one.
pub(super) fn streams(snapshot: &Snapshot, density: Density) -> bool {
    density >= Density::Strip || snapshot.motion == Motion::Fast
}
