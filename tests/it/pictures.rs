//! The picture is a function of where one stands: whichever way one came there, it is the same.

use kafka_playground::session::book::Book;
use kafka_playground::session::{Pace, Session, Showing, Speed};
use kafka_playground::stage::extract::{self, Memory};
use kafka_playground::stage::snapshot::What;
use kafka_playground::stage::{Ask, Lens, layout, scene, svg};
use kafka_playground::time::Instant;

const PLACES: u64 = 100;

fn showing(pace: Pace) -> Showing {
    Showing {
        playing: false,
        pace,
        speed: Speed::notch(4),
        reduced: false,
    }
}

/// The stage as the painter draws it, as text.
fn drawn(session: &Session, memory: &mut Memory, showing: &Showing, lens: Lens) -> String {
    let mut snapshot = showing.snapshot(session, memory);
    if lens == Lens::Record {
        extract::take_apart(&mut snapshot, session.world(), memory, &[]);
    }
    let ask = Ask::new(lens, 1000.0, 720.0);
    let picture = scene(&snapshot, &layout(&snapshot, &ask));
    svg::picture(&picture, snapshot.at.as_micros() as f64)
}

#[test]
fn lessons_look_the_same_forward_and_backward() {
    let book = Book::read();
    for lesson in book.lessons() {
        for pace in [Pace::Even, Pace::Steady] {
            let mut session = lesson.session().unwrap();
            let (mut memory, showing) = (Memory::default(), showing(pace));
            let end = session.end().as_micros();
            let at = |n: u64| Instant::from_micros(end * n / PLACES);
            let mut pictures = Vec::new();
            for n in 0..=PLACES {
                session.seek(at(n));
                pictures.push(drawn(&session, &mut memory, &showing, lesson.lens()));
            }
            for n in (0..=PLACES).rev() {
                session.seek(at(n));
                let again = drawn(&session, &mut memory, &showing, lesson.lens());
                assert_eq!(
                    pictures[n as usize], again,
                    "{} at {} of {PLACES}",
                    lesson.slug, n
                );
            }
        }
    }
}

#[test]
fn changes_play_backward_when_time_does() {
    let book = Book::read();
    let mut session = book.first_session().unwrap();
    session.seek(Instant::from_secs(6));
    let (mut memory, showing) = (Memory::default(), showing(Pace::Steady));
    let mut parts = Vec::new();
    let places: Vec<u64> = (4_300_000..4_700_000).step_by(1_000).collect();
    // A beat of 160 ms takes 40 ms of the cluster's time at a quarter of its speed.
    for &micros in &places {
        session.seek(Instant::from_micros(micros));
        let snapshot = showing.snapshot(&session, &mut memory);
        let settling = snapshot
            .changes
            .iter()
            .find_map(|change| match change.what {
                What::Appended { on, from, .. } => Some((on, from, change.part)),
                _ => None,
            });
        parts.push(settling);
    }
    let seen = parts.iter().flatten().count();
    assert!(seen > 40, "something settles most of the time: {seen}");
    for pair in parts.windows(2) {
        if let [Some((a, x, before)), Some((b, y, after))] = pair
            && (a, x) == (b, y)
        {
            assert!(before < after, "a beat goes forward with time");
            assert!((after - before - 0.025).abs() < 1e-6, "and evenly");
        }
    }
    for (micros, before) in places.iter().zip(parts).rev() {
        session.seek(Instant::from_micros(*micros));
        let snapshot = showing.snapshot(&session, &mut memory);
        let part = snapshot
            .changes
            .iter()
            .find_map(|change| match change.what {
                What::Appended { on, from, .. } => Some((on, from, change.part)),
                _ => None,
            });
        assert_eq!(part, before, "at {micros}");
    }
}

#[test]
fn nothing_is_half_done_where_one_stands_behind_an_event() {
    let book = Book::read();
    let mut session = book.first_session().unwrap();
    session.seek(Instant::from_secs(2));
    let mut memory = Memory::default();
    for _ in 0..60 {
        assert!(session.forward());
        let snapshot = showing(Pace::Even).snapshot(&session, &mut memory);
        assert!(snapshot.changes.is_empty(), "{:?}", snapshot.changes);
    }
}

#[test]
fn where_nothing_may_move_links_count_and_rings_mark() {
    let book = Book::read();
    let mut session = book.first_session().unwrap();
    session.seek(Instant::from_secs(2));
    let (mut memory, mut all) = (Memory::default(), String::new());
    let still = Showing {
        reduced: true,
        ..showing(Pace::Even)
    };
    for _ in 0..120 {
        assert!(session.forward());
        let picture = drawn(&session, &mut memory, &still, Lens::ByBroker);
        assert!(!picture.contains("<g transform=\"translate(NaN"));
        all += &picture;
    }
    for word in ["1 out", "ack "] {
        assert!(all.contains(word), "{word} is never said");
    }
}
