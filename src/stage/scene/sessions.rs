//! The lines of brokers to ZooKeeper. One that is in order is thin and dashed; where it is cut a ring with a
//! cross stands at the broker's door.

use crate::model::ProcessId;
use crate::stage::Thing;
use crate::stage::geometry::Rect;
use crate::stage::kit;
use crate::stage::layout::Voice;
use crate::stage::scene::pen::Pen;
use crate::stage::scene::routes;
use crate::stage::shape::Shape;
use crate::stage::snapshot::Load;

/// The lines of brokers to ZooKeeper, along which their sessions live: those that are cut over the others.
pub(super) fn lines(pen: &mut Pen) {
    let snapshot = pen.snapshot;
    let mut cut = Vec::new();
    for broker in &snapshot.brokers {
        let Some(keeper) = broker.keeper else {
            continue;
        };
        let Some(route) = routes::session(pen.layout, broker.id) else {
            continue;
        };
        let id = ProcessId::from(broker.id);
        if !keeper.cut && pen.layout.ask.voice == Voice::Calm && !speaks(pen, id) {
            continue;
        }
        let class = match keeper.cut {
            true => "cut",
            false => pen.line_class(id, keeper.server, "sess"),
        };
        pen.line(id, keeper.server, &route);
        match class {
            "cut" => cut.push((id, keeper.server, route)),
            _ => {
                let thing = Thing::link(id, keeper.server);
                pen.put(&thing, "session", kit::line(&route, class));
            }
        }
    }
    for (id, server, route) in cut {
        let thing = Thing::link(id, server);
        pen.put(&thing, "session", kit::line(&route, "cut"));
    }
}

/// The ring with a cross at the edge of each card whose line to ZooKeeper is cut. Drawn over the cards.
pub(super) fn rings(pen: &mut Pen) {
    let snapshot = pen.snapshot;
    for broker in &snapshot.brokers {
        let Some(keeper) = broker.keeper.filter(|keeper| keeper.cut) else {
            continue;
        };
        let Some(route) = routes::session(pen.layout, broker.id) else {
            continue;
        };
        let id = ProcessId::from(broker.id);
        let at = route.points.last().copied().unwrap_or_default();
        let mut parts = vec![
            Shape::circle(at.x, at.y, 7.0, "ring bad"),
            kit::cross(at, 3.2),
        ];
        if let Some(from) = pen.fault(id, keeper.server).and_then(|fault| fault.from) {
            // What is lost goes up to ZooKeeper, or comes down from it.
            let tail = at.moved(-6.0, -14.0);
            let away = if from == id { -1.0 } else { 1.0 };
            parts.push(kit::arrow(tail, tail, tail.moved(0.0, away)));
        }
        let thing = Thing::link(id, keeper.server);
        pen.put(&thing, "ring", Shape::group("", parts));
        pen.target(thing, Rect::around(at, 24.0, 24.0));
    }
}

/// True while a broker and ZooKeeper have something to say to each other.
fn speaks(pen: &Pen, broker: ProcessId) -> bool {
    let mut travellers = pen.snapshot.travellers.iter();
    travellers.any(|t| t.load == Load::Coordination && (t.from == broker || t.to == broker))
}
