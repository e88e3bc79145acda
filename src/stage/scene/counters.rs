//! What is under way, counted on its link: for readers who asked that nothing moves.

use crate::sorted::SortedMap;
use crate::stage::Thing;
use crate::stage::geometry::{Point, Route};
use crate::stage::kit;
use crate::stage::scene::pen::Pen;
use crate::stage::scene::routes;
use crate::stage::shape::Shape;
use crate::stage::snapshot::{Load, Motion};

/// One counter: where it stands, how many packets it counts, and what the newest answer among them says.
struct Counter {
    route: Route,
    count: usize,
    answer: Option<String>,
}

/// "1 out" beside a request, "ack 43" beside an answer; copies of one partition are counted together.
pub(super) fn draw(pen: &mut Pen) {
    let snapshot = pen.snapshot;
    if snapshot.motion != Motion::Still {
        return;
    }
    let mut counters: SortedMap<(Thing, &'static str), Counter> = SortedMap::new();
    for traveller in &snapshot.travellers {
        let (thing, part, answer) = match &traveller.load {
            Load::Request { .. } => (Thing::link(traveller.from, traveller.to), "out", None),
            Load::ReplicaCopy { .. } => match &traveller.partition {
                Some(partition) => (Thing::Partition(partition.clone()), "out", None),
                None => continue,
            },
            Load::Answer { label } => {
                let link = Thing::link(traveller.from, traveller.to);
                (link, "ack", Some(format!("ack {label}")))
            }
            Load::ErrorAnswer { code } => {
                let link = Thing::link(traveller.from, traveller.to);
                (link, "ack", Some(format!("error {code}")))
            }
            Load::Control { .. } | Load::Coordination | Load::Beat | Load::Stream { .. } => {
                continue;
            }
        };
        let Some(route) = routes::of_traveller(pen, traveller) else {
            continue;
        };
        let counter = counters.entry((thing, part)).or_insert(Counter {
            route,
            count: 0,
            answer: None,
        });
        counter.count += 1;
        counter.answer = answer.or(counter.answer.take());
    }
    for ((thing, part), counter) in counters {
        let text = match counter.answer {
            Some(answer) => answer,
            None => format!("{} out", counter.count),
        };
        // A request and an answer of one link stand apart.
        let at = counter.route.at(if part == "ack" { 0.62 } else { 0.5 });
        pen.put(&thing, part, pill(at, text));
    }
}

fn pill(at: Point, text: String) -> Shape {
    let w = (kit::text_width(&text, 11.0) + 14.0).round();
    let parts = vec![
        Shape::rect(-w / 2.0, -9.0, w, 18.0, 9.0, "pill"),
        Shape::text(0.0, 4.0, text, "mid b fs11"),
    ];
    Shape::group("", parts).at(at)
}
