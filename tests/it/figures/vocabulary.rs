//! Every drawn thing in every state, on one sheet.

use kafka_playground::stage::geometry::{Point, Rect, Route};
use kafka_playground::stage::kit::{
    self, FlagSide, GroupShape, MarkerKind, Numbers, PoleKind, Tape,
};
use kafka_playground::stage::shape::Shape;
use kafka_playground::stage::snapshot::*;
use kafka_playground::stage::svg;

use super::golden;
use super::made::*;

const SQUARE: kit::RecordForm = kit::RecordForm::Square;

fn at(x: f64, y: f64) -> Point {
    Point::new(x, y)
}

fn caption(x: f64, y: f64, above: &'static str, below: &'static str) -> Vec<Shape> {
    vec![
        Shape::text(x, y, above, "mid b fs11-5"),
        Shape::text(x, y + 14.0, below, "mid s"),
    ]
}

fn title(x: f64, y: f64, text: &'static str) -> Shape {
    Shape::text(x, y, text, "h")
}

fn records(out: &mut Vec<Shape>) {
    let states = [
        (CellState::Committed, "chen", "committed", "below HW"),
        (CellState::Open, "farah", "written", "above HW"),
        (CellState::Ghost, "goran", "dead disk", "committed"),
        (CellState::Stranded, "kofi", "stranded", "unacked"),
        (CellState::Lost, "kofi", "lost", "acked, gone"),
        (CellState::Gone, "asha", "deleted", "retention"),
        (CellState::Tombstone, "bruno", "tombstone", "null value"),
        (CellState::Duplicate, "dina", "duplicate", "same seq"),
    ];
    for (n, (state, key, above, below)) in states.into_iter().enumerate() {
        let x = 60.0 + 86.0 * n as f64;
        out.push(kit::record(at(x, 60.0), 30.0, &mark(key), state, SQUARE));
        out.extend(caption(x, 96.0, above, below));
    }
    out.push(kit::record(
        at(748.0, 60.0),
        30.0,
        &KeyMark::none(),
        CellState::Committed,
        SQUARE,
    ));
    out.extend(caption(748.0, 96.0, "no key", "round robin"));
    out.push(kit::hole(at(828.0, 60.0), 30.0));
    out.extend(caption(828.0, 96.0, "no record", "compacted"));
}

fn in_flight(out: &mut Vec<Shape>) {
    let six = ["chen", "goran", "farah", "kofi", "asha", "bruno", "dina"];
    let place = |shape: Shape, x: f64| Shape::group("", vec![shape]).at(at(x, 166.0));
    out.push(place(kit::capsule(&marks(&["chen"]), 22.0), 60.0));
    out.push(place(
        kit::capsule(&marks(&["chen", "goran", "farah"]), 22.0),
        156.0,
    ));
    out.push(place(kit::capsule(&marks(&six), 22.0), 280.0));
    out.push(place(kit::answer("44", 13.0), 392.0));
    out.push(place(kit::error_answer(6, 13.0), 478.0));
    let dot = kit::RecordForm::Dot;
    out.push(kit::record(
        at(556.0, 166.0),
        15.0,
        &mark("chen"),
        CellState::Committed,
        dot,
    ));
    out.push(kit::diamond(at(638.0, 166.0), 8.0, ""));
    let name = ControlName {
        name: "LeaderAndIsr".into(),
        detail: "epoch 6".into(),
    };
    out.push(place(kit::control_pill(&name, 104.0), 730.0));
    let words = [
        (60.0, "request", "one record"),
        (156.0, "batch", "one request"),
        (280.0, "large batch", "counted"),
        (392.0, "answer", "base offset"),
        (478.0, "error answer", "code"),
        (556.0, "replica copy", "follower fetch"),
        (638.0, "control", "not records"),
        (730.0, "named control", "the step's subject"),
    ];
    for (x, above, below) in words {
        out.extend(caption(x, 204.0, above, below));
    }
}

fn anatomy(out: &mut Vec<Shape>) {
    let keys = [
        "chen", "goran", "farah", "kofi", "chen", "goran", "chen", "farah", "kofi", "goran",
        "chen", "farah", "goran", "chen", "kofi", "farah",
    ];
    let mut records = cells(26, &marks(&keys), 39);
    for cell in records.iter_mut().take(3) {
        cell.state = CellState::Gone;
    }
    let tape = Tape {
        x: 100.0,
        y: 300.0,
        pitch: 32.0,
        size: 27.0,
        from: 26,
        slots: 18,
        flat: false,
    };
    out.push(tape.draw(Role::Leader, &records, Numbers::All));
    let (top, bottom) = (tape.top() - 6.0, tape.bottom() + 3.0);
    let edge = PoleKind::LogEdge;
    let hw = PoleKind::HighWatermark;
    let right = FlagSide::Right;
    out.push(kit::flag(
        tape.edge(29),
        top,
        bottom,
        "log start 29",
        edge,
        right,
    ));
    out.push(kit::flag(
        tape.edge(39),
        top,
        bottom,
        "HW 39",
        hw,
        FlagSide::Left,
    ));
    out.push(kit::flag(tape.edge(42), top, bottom, "LEO 42", edge, right));
    let y = tape.bottom() + 26.0;
    let triangle = GroupShape::Triangle;
    out.push(kit::group_marker(
        at(tape.edge(34), y),
        triangle,
        6.0,
        MarkerKind::Committed,
    ));
    out.push(kit::group_marker(
        at(tape.edge(37), y),
        triangle,
        6.0,
        MarkerKind::Position,
    ));
    out.push(Shape::text(
        tape.edge(34) - 10.0,
        y + 5.0,
        "committed 34",
        "s2 end",
    ));
    out.push(Shape::text(
        tape.edge(37),
        y + 20.0,
        "position 37",
        "s2 mid",
    ));
    let lag = format!(
        "M{} {y}H{}M{} {}v10",
        tape.edge(34) + 8.0,
        tape.edge(39) - 2.0,
        tape.edge(39) - 2.0,
        y - 5.0
    );
    out.push(Shape::path(lag, "lagbar"));
    out.push(Shape::text(
        tape.edge(39) + 6.0,
        y + 4.0,
        "lag 5 = HW − committed",
        "s2 b",
    ));
    out.push(Shape::text(30.0, 298.0, "P0", "h"));
    out.push(Shape::text(30.0, 314.0, "leader", "s2"));
}

fn replicas(out: &mut Vec<Shape>) {
    let log = marks(&["chen", "goran", "farah", "kofi", "chen", "goran", "chen"]);
    let roles = [
        (Role::Leader, "Leader", "solid 2 px", 7),
        (Role::Follower, "In sync", "solid 1 px", 7),
        (Role::Behind(3), "Out of ISR", "dashed", 4),
        (Role::Offline, "Offline", "red dots, hatched", 6),
    ];
    for (n, (role, above, below, has)) in roles.into_iter().enumerate() {
        let y = 400.0 + 36.0 * n as f64;
        let tape = Tape {
            x: 156.0,
            y,
            pitch: 25.0,
            size: 21.0,
            from: 1,
            slots: 9,
            flat: false,
        };
        let mut shown = cells(1, &log[..has], 7);
        if role.is_offline() {
            for cell in &mut shown {
                cell.state = CellState::Ghost;
            }
        }
        out.push(tape.draw(role, &shown, Numbers::None));
        out.push(Shape::text(30.0, y - 1.0, above, "b"));
        out.push(Shape::text(30.0, y + 13.0, below, "s"));
    }
}

fn keys(out: &mut Vec<Shape>) {
    for (n, driver) in DRIVERS.iter().enumerate() {
        let (x, y) = (450.0 + 36.0 * n as f64, 400.0);
        let key = mark(driver);
        out.push(kit::record(
            at(x, y),
            28.0,
            &key,
            CellState::Committed,
            SQUARE,
        ));
        let pattern = Shape::rect(x - 14.0, y + 24.0, 28.0, 16.0, 4.0, "rec pat");
        out.push(Shape::group(kit::hue_class(&key), vec![pattern]));
    }
}

fn links(out: &mut Vec<Shape>) {
    let kinds = [
        ("data", "client data"),
        ("repl", "replica fetch"),
        ("ctl", "control plane"),
        ("sess", "session, heartbeat"),
        ("slow", "slow link"),
        ("cut", "cut link"),
    ];
    for (n, (class, words)) in kinds.into_iter().enumerate() {
        let (x, y) = (
            450.0 + 190.0 * (n % 2) as f64,
            480.0 + 44.0 * (n / 2) as f64,
        );
        let points = [
            (x, y + 12.0),
            (x + 40.0, y + 12.0),
            (x + 62.0, y - 10.0),
            (x + 150.0, y - 10.0),
        ];
        out.push(kit::line(&Route::through(points), class));
        out.push(Shape::text(x + 70.0, y + 9.0, words, "s2"));
        let mid = at(x + 112.0, y - 10.0);
        let travelling = |shape: Shape| Shape::group("", vec![shape]).at(mid);
        match class {
            "data" => out.push(travelling(kit::capsule(&marks(&["chen"]), 16.0))),
            "ctl" => out.push(kit::diamond(mid, 5.5, "")),
            "slow" => out.push(kit::chip(mid, 46.0, "400 ms", "box", "mid fs10-5")),
            "cut" => {
                out.push(Shape::circle(mid.x, mid.y, 8.0, "ring bad"));
                out.push(kit::cross(mid, 3.5));
            }
            _ => {}
        }
    }
}

fn flows(out: &mut Vec<Shape>) {
    let four = ["chen", "farah", "goran", "kofi"];
    let strip = marks(&pick(4, &four, 60));
    let slots = strip.iter().enumerate();
    let slots: Vec<_> = slots
        .map(|(slot, key)| (slot, key, CellState::Committed))
        .collect();
    let area = |y: f64, h: f64| Rect::new(160.0, y, 404.0, h);
    out.push(kit::strip(area(632.0, 18.0), &slots, 60, Role::Leader));
    out.push(kit::strip(area(656.0, 18.0), &slots, 60, Role::Offline));
    let shares: Vec<u32> = pick(12, &["1", "2", "3", "5", "9"], 404)
        .iter()
        .map(|n| n.parse().unwrap())
        .collect();
    let buckets: Vec<Bucket> = shares
        .chunks(4)
        .map(|counts| Bucket {
            counts: (0..).zip(counts.iter().copied()).collect(),
        })
        .collect();
    out.push(kit::stream(area(682.0, 26.0), &buckets, Role::Leader));
    let quiet: Vec<Bucket> = shares
        .iter()
        .map(|n| Bucket {
            counts: vec![(0, n * n)],
        })
        .collect();
    out.push(kit::heat(area(716.0, 11.0), &quiet));
    let words = [
        (645.0, "Strip"),
        (669.0, "Strip, offline"),
        (699.0, "Stream"),
        (726.0, "Heat"),
    ];
    for (y, word) in words {
        out.push(Shape::text(30.0, y, word, "b"));
    }
}

fn marks_of_groups(out: &mut Vec<Shape>) {
    for (n, kind) in [MarkerKind::Committed, MarkerKind::Position]
        .into_iter()
        .enumerate()
    {
        for group in 0..5 {
            let place = at(630.0 + 26.0 * group as f64, 690.0 + 26.0 * n as f64);
            out.push(kit::group_marker(place, GroupShape::of(group), 6.0, kind));
        }
    }
    out.push(Shape::text(760.0, 694.0, "filled: committed", "s2"));
    out.push(Shape::text(760.0, 720.0, "hollow: position", "s2"));
    out.push(kit::dot(at(630.0, 650.0), 5.0));
    out.push(kit::half_dot(at(656.0, 650.0)));
    out.push(kit::cross(at(682.0, 650.0), 4.5));
    out.push(kit::badge(
        at(702.0, 640.0),
        "Controller",
        92.0,
        kit::BadgeKind::Now,
    ));
    out.push(kit::icon(at(802.0, 642.0), kit::FLAG, 1.0));
}

#[test]
fn vocabulary() {
    let mut out = vec![
        title(
            30.0,
            30.0,
            "Record in a log: square. Filled means committed.",
        ),
        title(
            30.0,
            138.0,
            "In flight: round. Filled carries records, hollow is an answer.",
        ),
        title(30.0, 246.0, "Partition log"),
        title(30.0, 378.0, "Replica: the outline says who it is"),
        title(450.0, 378.0, "Key: hue, letter and pattern"),
        title(450.0, 470.0, "Links"),
        title(30.0, 616.0, "Density"),
        title(610.0, 616.0, "Marks"),
    ];
    records(&mut out);
    in_flight(&mut out);
    anatomy(&mut out);
    replicas(&mut out);
    keys(&mut out);
    links(&mut out);
    flows(&mut out);
    marks_of_groups(&mut out);
    golden("vocabulary", &svg::specimen(880.0, 750.0, &out));
}
