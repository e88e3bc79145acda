//! The story of the first page: each beat is told as things stood when it came true, however late and however often it is
//! looked at.

use kafka_playground::lesson::inline::plain;
use kafka_playground::script::{Line, parse_line};
use kafka_playground::session::Session;
use kafka_playground::session::beats::come_true;
use kafka_playground::session::book::Book;
use kafka_playground::world::Place;

fn carry_out(session: &mut Session, lines: &str) {
    for line in lines.lines() {
        let action = parse_line(line).expect("it reads");
        let line = Line { number: 1, action };
        session.act(&line).expect("it is carried out");
    }
}

/// What is told now by who looks at it for the first time.
fn told(book: &Book, session: &Session) -> Vec<String> {
    let beats = come_true(session);
    let beats = beats.iter().enumerate();
    let beats = beats.map(|(index, entry)| plain(&book.beat(index, *entry, session)));
    beats.collect()
}

#[test]
fn a_beat_is_told_as_it_was_when_it_came_true() {
    let book = Book::read();
    let mut session = book.first_session().expect("it plays");
    assert_eq!(told(&book, &session), Vec::<String>::new());
    carry_out(&mut session, "kill b2");
    let death = session.place();
    let first = "Broker 2 is gone, and a partition has nobody who leads it.";
    assert_eq!(told(&book, &session), [first]);
    carry_out(&mut session, "run 40s");
    let three = told(&book, &session);
    assert_eq!(three[0], first);
    let third = "Broker 3 leads the partition now, in epoch 1. The clients find it.";
    assert_eq!((three.len(), three[2].as_str()), (3, third));
    carry_out(&mut session, "restart b2\nrun 10s");
    let all = told(&book, &session);
    assert_eq!((all.len(), &all[..3]), (4, &three[..]));
    assert!(all[3].contains("0 are lost"), "{}", all[3]);
    // Later, and there again from the beginning.
    let end = session.place();
    carry_out(&mut session, "run 20s");
    assert_eq!(told(&book, &session), all);
    session.seek_place(Place::default());
    assert_eq!(told(&book, &session), Vec::<String>::new());
    session.seek_place(death);
    assert_eq!(told(&book, &session), all[..1]);
    session.seek_place(end);
    assert_eq!(told(&book, &session), all);
    // Who dies again, and leads nothing, ends no story and begins none.
    carry_out(&mut session, "kill b2\nrun 30s");
    assert_eq!(told(&book, &session), all);
}
