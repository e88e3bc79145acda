//! The picture is a function of where one stands: whichever way one came there, it is the same.

use kafka_playground::model::{BrokerId, ProcessId};
use kafka_playground::script::{self, Action};
use kafka_playground::session::book::Book;
use kafka_playground::session::{Pace, Session, Showing, Speed};
use kafka_playground::stage::density::STREAM_FROM;
use kafka_playground::stage::extract::{self, Memory};
use kafka_playground::stage::snapshot::{
    BrokerState, ClientState, Consumer, Coordination, GroupState, Load, Role, Snapshot, What, Word,
};
use kafka_playground::stage::{Ask, Lens, Thing, layout, scene, svg};
use kafka_playground::time::{Duration, Instant};
use kafka_playground::world::ribbon::{Mark, MarkKind};

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
fn retention_and_the_cleaner_are_seen_at_work() {
    let lesson = Book::read().get("retention").unwrap();
    let mut session = lesson.session().unwrap();
    let (mut memory, showing) = (Memory::default(), showing(Pace::Steady));
    // At a quarter of its speed a beat of 320 ms takes 80 ms of the cluster's time, one of 640 ms twice that.
    let mut part = |millis: u64, on: i32, of: fn(&What) -> Option<BrokerId>| {
        session.seek(Instant::from_millis(millis));
        let snapshot = showing.snapshot(&session, &mut memory);
        let mut changes = snapshot.changes.iter();
        let found = changes.find(|change| of(&change.what) == Some(BrokerId(on)));
        found.map(|change| change.part)
    };
    let deleted = |what: &What| match what {
        What::Deleted { on, .. } => Some(*on),
        _ => None,
    };
    let cleaned = |what: &What| match what {
        What::Cleaned { on, .. } => Some(*on),
        _ => None,
    };
    assert_eq!(part(24_990, 2, deleted), None);
    let (early, late) = (part(25_010, 2, deleted), part(25_060, 2, deleted));
    assert!(early.is_some() && early < late, "{early:?} {late:?}");
    assert_eq!(part(25_100, 2, deleted), None);
    let (early, late) = (part(35_010, 3, cleaned), part(35_140, 3, cleaned));
    assert!(early.is_some() && early < late, "{early:?} {late:?}");
    assert_eq!(part(35_180, 3, cleaned), None);
    session.seek(Instant::from_secs(26));
    let places = drawn(&session, &mut memory, &showing, Lens::ByTopic);
    assert!(places.contains("rec gone") && places.contains("log start 3"));
    session.seek(Instant::from_secs(41));
    let buried = drawn(&session, &mut memory, &showing, Lens::ByBroker);
    assert!(buried.contains("x-tomb") && buried.contains("class=\"hole\""));
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

#[test]
fn whom_a_cut_separates_waits_and_its_lines_are_cut() {
    // A follower is given up before its session runs out: there is news for a broker that is cut off.
    let text = include_str!("../../www/lessons/first.script");
    let (text, _) = text.split_once("run 8s").unwrap();
    let text = text.replace("seed=7", "seed=7 replica.lag.time.max.ms=10000");
    let mut session = Session::play_script(&script::parse(&text).unwrap()).unwrap();
    let mut memory = Memory::default();
    let still = showing(Pace::Steady);
    let victim = ProcessId::from(BrokerId(2));
    let copied = |snapshot: &Snapshot| {
        let mut travellers = snapshot.travellers.iter();
        travellers.any(|t| t.to == victim && matches!(t.load, Load::ReplicaCopy { .. }))
    };
    let mut moments = (400..500).map(|hundredth| Instant::from_millis(10 * hundredth));
    let found = moments.find(|moment| {
        session.seek(*moment);
        copied(&still.snapshot(&session, &mut memory))
    });
    assert!(found.is_some(), "a copy is on its way to broker 2");
    assert!(!drawn(&session, &mut memory, &still, Lens::ByBroker).contains("ln cut"));
    // A new topic gives the controller something to say to broker 2.
    for line in ["hold b2", "admin a1", "create-topic a1 trips replication=3"] {
        let Ok(Action::Command(command)) = script::parse_line(line) else {
            panic!("{line} is a command");
        };
        session.perform(command).unwrap();
    }
    let mut seen = (false, false);
    for second in 6..30 {
        session.seek(Instant::from_secs(second));
        let snapshot = still.snapshot(&session, &mut memory);
        for consumer in &snapshot.consumers {
            let cut_off = consumer.reads[0].broker == Some(BrokerId(2));
            let waits = consumer.state == ClientState::Waiting;
            assert_eq!(waits, cut_off, "{} at {second} s", consumer.name);
            let note = consumer.note.join(" ");
            assert_eq!(
                note,
                if cut_off {
                    "waits for an answer"
                } else {
                    "reading"
                }
            );
        }
        let picture = scene(
            &snapshot,
            &layout(&snapshot, &Ask::new(Lens::ByBroker, 1000.0, 720.0)),
        );
        for node in &picture.structure {
            let line = format!("{:?}", node.shape);
            let into_two = |word: &str| node.key.part == word && line.contains("ln cut");
            seen.0 |= into_two("replicate");
            seen.1 |= into_two("control");
            let of_victim =
                matches!(&node.key.thing, Thing::Link(a, b) if [*a, *b].contains(&victim));
            assert!(node.key.part != "control" || !of_victim || line.contains("ln cut"));
        }
    }
    assert_eq!(seen, (true, true), "copies and control are held in the cut");
    let marks = &session.history().observed().ribbon;
    let cut = |mark: &Mark| mark.kind == MarkKind::Cut;
    assert!(!marks.marks().iter().any(cut), "to hold is not to cut");
}

#[test]
fn catching_up_is_no_rate() {
    let book = Book::read();
    let mut session = book.first_session().unwrap();
    let act = |session: &mut Session, second: u64, line: &str| {
        session.seek(Instant::from_secs(second));
        let Ok(Action::Command(command)) = script::parse_line(line) else {
            panic!("{line} is a command");
        };
        session.perform(command).unwrap();
    };
    act(&mut session, 5, "hold b2");
    act(&mut session, 22, "release b2");
    let playing = Showing {
        playing: true,
        speed: Speed::ONE.faster(),
        ..showing(Pace::Steady)
    };
    let (mut mean, mut steady) = (0.0_f64, 0.0_f64);
    for tick in 0..100 {
        session.seek(Instant::from_millis(22_000 + 40 * tick));
        for (_, rate) in extract::rates(session.journal(), &playing.ages(&session)) {
            (mean, steady) = (mean.max(rate.mean), steady.max(rate.steady));
        }
    }
    assert!(
        mean > STREAM_FROM,
        "everything kept back comes at once: {mean}"
    );
    assert!(steady < STREAM_FROM, "and stays in letters: {steady}");
}

#[test]
fn what_is_written_in_a_second_is_told_by_the_clusters_clock() {
    let mut session = Book::read().first_session().unwrap();
    let act = |session: &mut Session, line: &str| {
        let action = script::parse_line(line).unwrap();
        session.act(&script::Line { number: 1, action }).unwrap();
    };
    act(&mut session, "stop-load p1");
    act(&mut session, "load p1 driver-locations every=500ms");
    let quick = Showing {
        playing: true,
        speed: Speed::ONE.faster().faster().faster(),
        ..showing(Pace::Steady)
    };
    act(&mut session, "run 10s");
    let all: f64 = extract::written(session.journal(), session.now())
        .values()
        .sum();
    assert!((1.5..=2.5).contains(&all), "two in a second: {all}");
    // For the reader, to whom they come eight times as fast, it is another rate.
    let rates = extract::rates(session.journal(), &quick.ages(&session));
    assert!(rates.values().map(|rate| rate.mean).sum::<f64>() > 4.0);
    act(&mut session, "stop-load p1");
    act(&mut session, "run 3s");
    assert!(extract::written(session.journal(), session.now()).is_empty());
}

#[test]
fn what_stands_in_zookeeper_is_shown_with_what_it_was() {
    let mut session = Book::read().first_session().unwrap();
    let (mut memory, still) = (Memory::default(), showing(Pace::Steady));
    let Ok(Action::Command(kill)) = script::parse_line("kill b2") else {
        panic!("kill is a command");
    };
    session.perform(kill).unwrap();
    let killed = session.now();
    session.seek(killed + Duration::from_secs(10));
    let snapshot = still.snapshot(&session, &mut memory);
    let broker = snapshot.broker(BrokerId(2)).unwrap();
    let note = "Killed 10 s ago".into();
    assert_eq!(broker.state, BrokerState::Crashed { note });
    let said = broker.session.as_deref().unwrap();
    assert!(said.starts_with("session runs out in "), "{said}");
    assert_eq!(
        snapshot.partitions().next().unwrap().replicas[0].role,
        Role::WasLeader
    );
    let decided = |session: &Session| {
        session
            .world()
            .cluster()
            .partitions()
            .next()
            .unwrap()
            .1
            .leader
    };
    while decided(&session) == BrokerId(2) {
        assert!(session.forward());
    }
    let snapshot = still.snapshot(&session, &mut memory);
    let Coordination::ZooKeeper(zookeeper) = &snapshot.coordination else {
        panic!("there is ZooKeeper");
    };
    let [controller, ids, state] = zookeeper.znodes.as_slice() else {
        panic!("three znodes are shown");
    };
    assert_eq!(controller.value[0], Word::Plain("broker 1".into()));
    assert!(ids.value.contains(&Word::Lost("2".into())));
    assert_eq!(ids.remark.as_deref(), Some("session expired"));
    assert!(state.changed && state.path.ends_with("/0/state"));
    let turned = [Word::Was("2".into()), Word::New("3".into())];
    assert!(
        state.value.windows(2).any(|pair| pair == turned),
        "{state:?}"
    );
    let written = zookeeper.written.as_deref();
    let said = "broker 1 saw /brokers/ids change and wrote the new state";
    assert_eq!(written, Some(said));
    // The picture does not depend on the way to it.
    assert_eq!(still.snapshot(&session, &mut Memory::default()), snapshot);
    let here = session.place();
    session.seek(killed);
    still.snapshot(&session, &mut memory);
    session.seek_place(here);
    assert_eq!(still.snapshot(&session, &mut memory), snapshot);
}

/// A group as it forms, as one of its members dies and as another takes over, read from a run.
#[test]
fn a_group_is_drawn_as_its_coordinator_has_it() {
    const SCRIPT: &str = "world brokers=3 seed=1 latency=20ms offsets.topic.num.partitions=1 group.initial.rebalance.delay.ms=500
topic orders partitions=3 replication=3
producer p1
consumer c1 group.id=billing subscribe=orders auto.offset.reset=earliest session.timeout.ms=6s heartbeat.interval.ms=1s
consumer c2 group.id=billing subscribe=orders auto.offset.reset=earliest session.timeout.ms=6s heartbeat.interval.ms=1s
consumer c3 group.id=billing subscribe=orders auto.offset.reset=earliest session.timeout.ms=6s heartbeat.interval.ms=1s
consumer c4 group.id=billing subscribe=orders auto.offset.reset=earliest session.timeout.ms=6s heartbeat.interval.ms=1s
load p1 orders every=100ms keys=a,b,c,d,e,f
run 12s
kill c2
run 30s
";
    let mut session = Session::play_script(&script::parse(SCRIPT).unwrap()).unwrap();
    let (mut memory, still) = (Memory::default(), showing(Pace::Steady));
    let mut states = Vec::new();
    let mut notes = Vec::new();
    for tenth in 0..420 {
        session.seek(Instant::from_millis(100 * tenth));
        let snapshot = still.snapshot(&session, &mut memory);
        assert!(
            snapshot
                .topics
                .iter()
                .all(|topic| topic.name.as_str() == "orders")
        );
        let [group] = snapshot.groups.as_slice() else {
            panic!("there is one group");
        };
        let word = match &group.state {
            GroupState::Unknown(word) => word.to_string(),
            GroupState::Rebalancing {
                generation, phase, ..
            } => format!("{phase} {generation}"),
            GroupState::Stable { generation } => format!("stable {generation}"),
            other => format!("{other:?}"),
        };
        if states.last() != Some(&word) {
            states.push(word);
        }
        let second = snapshot.consumers[1].note.join(" ");
        if let Some(start) = second
            .split(" in ")
            .next()
            .filter(|s| notes.last() != Some(&s.to_string()))
        {
            notes.push(start.to_owned());
        }
    }
    assert_eq!(states[0], "no coordinator");
    let wanted = [
        "JoinGroup 1",
        "SyncGroup 1",
        "stable 1",
        "JoinGroup 2",
        "stable 2",
    ];
    let mut seen = states.iter();
    for state in wanted {
        assert!(
            seen.any(|s| s == state),
            "{state} after what came before it: {states:?}"
        );
    }
    assert!(notes.iter().any(|note| note == "killed, out"), "{notes:?}");
    let snapshot = still.snapshot(&session, &mut memory);
    assert!(snapshot.groups[0].coordinator.is_some());
    let shares: Vec<usize> = snapshot.consumers.iter().map(|c| c.reads.len()).collect();
    assert_eq!(shares, [1, 0, 1, 1], "the fourth has what the second had");
    assert!(snapshot.consumers.iter().filter(|c| c.leads).count() == 1);
    for consumer in snapshot.consumers.iter().filter(|c| !c.reads.is_empty()) {
        let reading = &consumer.reads[0];
        let (at, committed) = (reading.position.unwrap(), reading.committed.unwrap());
        assert!(committed <= at && reading.lag.unwrap() >= 0);
    }
}

/// The consumers as they are drawn after these lines.
fn consumers(lines: &str) -> Vec<Consumer> {
    let text = format!(
        "world brokers=3 seed=1 latency=1ms zookeeper.session.timeout.ms=6000 auto.leader.rebalance.enable=false\n\
         topic orders partitions=2 replicas=1,2\nproducer p1 acks=1\n\
         consumer c1 auto.offset.reset=earliest\nrun 1s\nassign c1 orders-0 orders-1\nrun 1s\n{lines}"
    );
    let script = script::parse(&text).expect("the script reads");
    let history = script.play().expect("the script plays");
    extract::snapshot(&history, &mut Memory::default()).consumers
}

fn note(consumer: &Consumer) -> String {
    consumer.note.join(" ")
}

#[test]
fn what_is_paused_is_said_and_is_behind_by_what_it_does_not_hear_of() {
    let write =
        "produce p1 orders-0 \"a\"\nproduce p1 orders-1 \"b\"\nproduce p1 orders-1 \"c\"\nrun 2s\n";
    let lags = |consumer: &Consumer| -> Vec<Option<i64>> {
        consumer.reads.iter().map(|reading| reading.lag).collect()
    };
    let all = consumers(write);
    assert_eq!(note(&all[0]), "reading");
    assert_eq!(lags(&all[0]), [Some(0), Some(0)]);
    let all = consumers(&format!("pause c1 orders-1\n{write}"));
    assert_eq!(note(&all[0]), "reading, 1 paused");
    assert_eq!(lags(&all[0]), [Some(0), Some(2)]);
    let all = consumers(&format!("pause c1\n{write}"));
    assert_eq!(note(&all[0]), "paused");
    assert_eq!(lags(&all[0]), [Some(1), Some(2)]);
    assert_eq!(all[0].state, ClientState::Active);
}

#[test]
fn who_waits_waits_for_what_is_not_paused() {
    let gone = "kill b1\nkill b2\nrun 10s\n";
    let all = consumers(&format!("pause c1 orders-1\n{gone}"));
    assert_eq!(note(&all[0]), "waits for a leader");
    assert_eq!(all[0].state, ClientState::Waiting);
    let all = consumers(&format!("pause c1\n{gone}"));
    assert_eq!(note(&all[0]), "paused");
}

#[test]
fn who_reads_what_is_gone_is_told_so() {
    // A consumer that asks for a topic has it created again, as Kafka's do, and with one partition alone.
    let all = consumers("pause c1 orders-0\nadmin a1\ndelete-topic a1 orders\nrun 10s\n");
    assert_eq!(note(&all[0]), "no such partition");
    assert_eq!(all[0].state, ClientState::Waiting);
    let all = consumers("admin a1\ndelete-topic a1 orders\nrun 10s\n");
    assert_eq!(note(&all[0]), "reading");
    // Nor is a partition without a leader gone.
    let all = consumers("kill b1\nkill b2\nrun 10s\nadmin a1\ndelete-topic a1 orders\nrun 1s\n");
    assert_eq!(note(&all[0]), "waits for a leader");
}
