//! The lessons: each is read, played and checked, and what its prose claims beyond its own checks is
//! held against the world here.

use kafka_playground::fact::{Fact, Role};
use kafka_playground::lesson::catalogue::Source;
use kafka_playground::lesson::check::check;
use kafka_playground::lesson::fill::View;
use kafka_playground::lesson::inline::plain;
use kafka_playground::lesson::placeholder::Pattern;
use kafka_playground::lesson::play::{Catalogue, Lesson, still};
use kafka_playground::model::{BrokerId, Offset, ProcessId, TopicPartition};
use kafka_playground::protocol::ErrorCode;
use kafka_playground::time::Instant;
use kafka_playground::world::History;

fn catalogue() -> Catalogue {
    Catalogue::read().unwrap_or_else(|(slug, why)| panic!("{slug}: {why}"))
}

fn lesson(slug: &str) -> Lesson {
    catalogue()
        .lesson(slug)
        .unwrap_or_else(|| panic!("there is a lesson {slug}"))
        .clone()
}

/// The right answer of a step, as a reader sees it.
fn right_answer(slug: &str, step: usize) -> String {
    let told = lesson(slug).told().expect("every value is there");
    let asked = told.steps[step - 1]
        .prediction
        .clone()
        .expect("the step asks");
    plain(&asked.answers[asked.right])
}

/// When the first fact that is meant was noted within a step: who noted it, and how its line begins.
fn first_line(slug: &str, step: usize, meant: &str) -> Instant {
    let pattern = Pattern::parse(meant).expect("a pattern");
    first_in_step(slug, step, |by, fact| {
        pattern.matches(by, &fact.to_string())
    })
}

/// When the first fact that is meant was noted within a step.
fn first_in_step(
    slug: &str,
    step: usize,
    meant: impl Fn(Option<ProcessId>, &Fact) -> bool,
) -> Instant {
    let lesson = lesson(slug);
    let from = if step == 1 {
        0
    } else {
        facts_until(&lesson, step - 1)
    };
    let history = lesson.history_at(step).expect("a step");
    let mut news = history.observed().journal.since(from);
    news.find(|entry| meant(entry.by, &entry.fact))
        .expect("it happens")
        .at
}

fn facts_until(lesson: &Lesson, step: usize) -> u64 {
    lesson
        .history_at(step)
        .expect("a step")
        .observed()
        .journal
        .len()
}

fn log_end(history: &History, broker: i32, partition: &TopicPartition) -> Offset {
    let broker = history
        .world()
        .broker_by_id(BrokerId(broker))
        .expect("a broker");
    broker.partition(partition).expect("a replica").log_end()
}

#[test]
fn every_lesson_says_what_is_so() {
    let wrong: Vec<String> = catalogue().all().flat_map(check).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// A lesson whose second step is made up by a test.
fn made_up(body: &str, fields: &str) -> Vec<String> {
    let page = format!(
        "---\nslug: made-up\nnumber: 1\ntitle: T\nlens: topic\nlead: L\n---\n\
         ## A\nBody.\n\nlabel: A\n## B\n{body}\n\nlabel: B\n{fields}\n## C\nBody.\n\nlabel: C\n\
         ask: Why?\n- So\n- [x] Thus\nbecause: It is.\nevent: p1 t-0 queues\n"
    );
    let script = "world brokers=1 latency=40ms\ntopic t partitions=1\nproducer p1\n\
        produce p1 t-0 \"a\"\nrun 1s\n#@ 2\nrun 1s\nproduce p1 t-0 \"b\"\nrun 1s\n\
        #@ 3\nrun 1s\nproduce p1 t-0 \"c\"\nrun 1s\n";
    let source = Source {
        slug: "made-up",
        page: page.leak(),
        script,
    };
    check(&Lesson::read(&source).unwrap_or_else(|why| panic!("{why}")))
}

#[test]
fn a_lesson_that_says_what_is_not_so_is_found_out() {
    let fields = "wash: t-0@1 b1\nevent: b1 t-0 leader appends\ncheck: {count t-0} = 2\n\
        check: {time} = 00:03.000\ncheck: {latency} = 40 ms\ncheck: {count t-0|start} < {count t-0}";
    assert_eq!(
        made_up("At [here](#t-0@0), {count t-0} lie.", fields),
        [""; 0]
    );
    for (body, fields, complaint) in [
        (
            "B.",
            "check: {count t-0} = 3",
            "{count t-0} = 3 does not hold: 2 = 3",
        ),
        ("B.", "check: {isr t-0} > 3", "does not hold"),
        ("B.", "check: {time} > 3", "is not a whole number"),
        (
            "B.",
            "event: b1 t-0 truncates",
            "its event, b1 t-0 truncates, does not happen",
        ),
        ("B.", "wash: t-0@2", "points at t-0@2, which is not there"),
        ("B [here](#b2) B.", "", "points at b2, which is not there"),
        ("{leader u-0} leads.", "", "there is no topic u"),
        ("{leo t-0 b2} ends.", "", "broker 2 has no replica of t-0"),
        ("{value t-0@2} stands.", "", "t-0 holds no record at @2"),
        (
            "{next t-0|word}, {hash a|word}.",
            "",
            "is not a number that prose writes as a word",
        ),
    ] {
        let wrong = made_up(body, fields);
        assert!(
            wrong.len() == 1 && wrong[0].contains(complaint),
            "{body} {fields}: {wrong:?}"
        );
    }
}

#[test]
fn the_lessons_are_there_in_order() {
    let catalogue = catalogue();
    let found: Vec<_> = catalogue
        .lessons
        .iter()
        .map(|l| (l.number, l.slug.to_string()))
        .collect();
    let expected = [
        (2, "topics"),
        (3, "groups"),
        (4, "keys"),
        (5, "map"),
        (6, "retention"),
        (7, "message"),
        (8, "choose"),
        (9, "metadata"),
        (10, "append"),
        (12, "offsets"),
        (13, "failover"),
        (15, "acks"),
        (16, "idempotence"),
    ];
    assert_eq!(
        found,
        expected.map(|(number, slug)| (number, slug.to_owned()))
    );
    assert!(
        catalogue
            .all()
            .all(|lesson| (3..=8).contains(&lesson.steps.len()))
    );
    let asks = |lesson: &Lesson| lesson.steps.iter().any(|step| step.prediction.is_some());
    assert!(catalogue.lessons.iter().all(asks));
}

#[test]
fn a_step_begins_where_the_one_before_it_ends() {
    for lesson in catalogue().all() {
        for pair in lesson.steps.windows(2) {
            assert_eq!(pair[0].to, pair[1].from, "{}", lesson.slug);
            assert!(pair[1].from < pair[1].to, "{}", lesson.slug);
        }
        // No command stands on a border, so going to a border never performs the next step's.
        for stamped in lesson.history().commands() {
            let mut borders = lesson.steps.iter().map(|step| step.to);
            assert!(
                borders.all(|to| to.at != stamped.place.at),
                "{}",
                lesson.slug
            );
        }
    }
}

#[test]
fn a_script_of_a_lesson_is_an_ordinary_script() {
    for lesson in catalogue().all() {
        let history = lesson.history();
        let printed = kafka_playground::script::parse(&history.to_script()).expect("it reads");
        let again = printed.play().expect("it plays");
        let digest = |history: &History| history.observed().journal.digest();
        assert_eq!(digest(&again), digest(&history), "{}", lesson.slug);
    }
}

#[test]
fn a_still_is_the_world_where_a_step_ends() {
    let history = still("keys", 2).expect("there is such a step");
    assert_eq!(history.now(), lesson("keys").steps[1].to.at);
    assert!(still("keys", 0).is_none());
    assert!(still("keys", 99).is_none());
    assert!(still("nothing", 1).is_none());
}

#[test]
fn topics_billing_reads_everything_until_it_has_a_topic_of_its_own() {
    let lesson = lesson("topics");
    let mut views = Vec::new();
    lesson
        .walk(|history| views.push(View::of(history)))
        .expect("it plays");
    assert_eq!(right_answer("topics", 2), "15, all of them");
    assert_eq!(right_answer("topics", 4), "They stay, all 15");
    // What billing was handed in the last step are trips and nothing else.
    let before = views[4].observed.journal.len();
    let given = views[5]
        .observed
        .journal
        .since(before)
        .filter_map(|entry| match &entry.fact {
            Fact::RecordsConsumed { partition, .. } if entry.by == Some(ProcessId::Consumer(1)) => {
                Some(partition.to_string())
            }
            _ => None,
        });
    assert!(
        given
            .into_iter()
            .all(|partition| partition == "trip-updates-0")
    );
}

#[test]
fn keys_one_driver_is_read_in_the_order_in_which_he_drove() {
    assert_eq!(right_answer("keys", 3), "To P0 again");
    let history = lesson("keys").history();
    let leader = history.world().broker_by_id(BrokerId(2)).expect("a broker");
    let replica = leader
        .partition(&TopicPartition::new("driver-locations", 0))
        .expect("a replica");
    let batches = replica.log().batches(Offset(0), replica.log_end());
    let records = batches.flat_map(|stored| stored.batch().records().flatten().collect::<Vec<_>>());
    let goran: Vec<_> = records
        .filter(|record| record.key.as_deref() == Some(b"goran"))
        .collect();
    assert!(
        goran
            .windows(2)
            .all(|pair| pair[0].timestamp < pair[1].timestamp)
    );
    assert_eq!(goran.len(), 4);
}

#[test]
fn message_copies_are_the_bytes_that_the_producer_sealed() {
    let history = lesson("message").history();
    let partition = TopicPartition::new("driver-locations", 2);
    let bytes = |broker: i32| {
        let broker = history
            .world()
            .broker_by_id(BrokerId(broker))
            .expect("a broker");
        let log = broker.partition(&partition).expect("a replica").log();
        let batches = log
            .batches(log.start(), log.end())
            .map(|stored| stored.batch());
        batches
            .map(|batch| {
                assert_eq!(batch.verify_crc(), Ok(()));
                batch.to_chunks().to_bytes()
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(bytes(1), bytes(2));
    assert_eq!(bytes(1), bytes(3));
    assert_eq!(right_answer("message", 3), "Behind it, at offset 1");
    assert_eq!(right_answer("message", 5), "One for all three");
}

#[test]
fn choose_the_right_answers_are_what_the_producer_does() {
    assert_eq!(right_answer("choose", 2), "P1");
    assert_eq!(right_answer("choose", 3), "All of them in one");
    assert_eq!(right_answer("choose", 5), "In three");
}

#[test]
fn append_the_high_watermark_waits_for_the_slow_copy() {
    let partition = TopicPartition::new("trip-updates", 0);
    let slow = first_in_step("append", 3, |by, fact| {
        let copied = matches!(
            fact,
            Fact::RecordsAppended {
                role: Role::Follower,
                ..
            }
        );
        by == Some(ProcessId::Broker(3)) && copied
    });
    let quick = first_in_step("append", 3, |by, fact| {
        let copied = matches!(
            fact,
            Fact::RecordsAppended {
                role: Role::Follower,
                ..
            }
        );
        by == Some(ProcessId::Broker(1)) && copied
    });
    let readable = first_in_step("append", 3, |by, fact| {
        let moved = matches!(
            fact,
            Fact::HighWatermarkMoved {
                role: Role::Leader,
                ..
            }
        );
        by == Some(ProcessId::Broker(2)) && moved
    });
    let told = first_in_step("append", 3, |_, fact| {
        matches!(fact, Fact::RecordsAcknowledged { .. })
    });
    assert!(quick < slow && slow < readable && readable < told);
    assert_eq!(right_answer("append", 2), "4, the next at the end");
    assert_eq!(
        right_answer("append", 3),
        "When all three in-sync copies have it"
    );
    assert_eq!(right_answer("append", 4), "All 6");
    let history = lesson("append").history();
    assert!((1..=3).all(|broker| log_end(&history, broker, &partition) == Offset(7)));
}

#[test]
fn append_the_outsider_is_told_why() {
    let history = lesson("append").history_at(5).expect("a step");
    let socket = history
        .world()
        .host(ProcessId::Socket(1))
        .and_then(|host| host.socket());
    let received = socket.expect("the outsider").received.concat();
    // A Produce v8 answer of one partition: size, correlation id, one topic by its name, one partition,
    // index, error code, base offset.
    let at = 4 + 4 + 4 + 2 + "trip-updates".len() + 4 + 4;
    let code = i16::from_be_bytes([received[at], received[at + 1]]);
    assert_eq!(ErrorCode::from_i16(code), ErrorCode::InvalidRecord);
    let base: [u8; 8] = received[at + 2..at + 10].try_into().expect("eight bytes");
    assert_eq!(i64::from_be_bytes(base), -1);
}

#[test]
fn map_the_fastest_broker_becomes_controller() {
    assert_eq!(right_answer("map", 3), "Whichever creates the znode first");
    assert_eq!(right_answer("map", 5), "Never");
    // Nobody of the clients ever spoke to ZooKeeper.
    let history = lesson("map").history();
    let mut connections = history.observed().journal.since(0).filter(|entry| {
        let client = entry.by.is_some_and(|by| by.broker().is_none());
        client && entry.fact.to_string().starts_with("connected to zk")
    });
    assert!(connections.next().is_none());
}

#[test]
fn retention_a_segment_goes_when_all_of_it_is_old_and_nobody_is_asked() {
    assert_eq!(
        right_answer("retention", 3),
        "With its segment, when its youngest message is that old"
    );
    assert_eq!(right_answer("retention", 4), "Nothing");
    // The first message was older than that for a while, and one reader had not come beyond its segment.
    let gone = first_line("retention", 3, "b2 driver-locations-0 log start");
    assert!(gone > Instant::from_secs(20 + 4), "{gone}");
    let moved = |by: &str| {
        first_line(
            "retention",
            3,
            &format!("{by} driver-locations-0 log start"),
        )
    };
    assert_eq!(
        (moved("b1"), moved("b3")),
        (gone, gone),
        "each broker looks for itself"
    );
    let history = lesson("retention").history_at(3).expect("a step");
    let reader = history.world().host(ProcessId::Consumer(2));
    let reader = reader.and_then(|host| host.consumer()).expect("it runs");
    let position = reader.partitions().next().expect("it reads").position;
    assert_eq!(position, Some(Offset(3)));
}

#[test]
fn retention_who_comes_too_late_is_told_so_and_goes_by_its_policy() {
    assert_eq!(
        right_answer("retention", 5),
        "At 8, where the log begins now"
    );
    let told = first_in_step("retention", 5, |by, fact| {
        let late = matches!(fact, Fact::PositionSet { to: Offset(8), why, .. } if why.contains("out of range"));
        by == Some(ProcessId::Consumer(2)) && late
    });
    let read = first_line("retention", 5, "c2 driver-locations-0 consumes");
    assert!(told < read);
}

#[test]
fn retention_a_tombstone_outlives_what_it_buries_and_then_goes() {
    let status = TopicPartition::new("driver-status", 0);
    let keys = |step: usize| {
        let history = lesson("retention").history_at(step).expect("a step");
        let leader = history.world().broker_by_id(BrokerId(3)).expect("a broker");
        let log = leader.partition(&status).expect("a replica").log();
        let batches = log.batches(log.start(), log.end());
        let records =
            batches.flat_map(|stored| stored.batch().records().flatten().collect::<Vec<_>>());
        let told = records.map(|record| {
            let key = record
                .key
                .map(|key| String::from_utf8_lossy(&key).into_owned());
            (
                record.offset.0,
                key.unwrap_or_default(),
                record.value.is_some(),
            )
        });
        told.collect::<Vec<_>>()
    };
    let of = |told: &[(i64, &str, bool)]| -> Vec<(i64, String, bool)> {
        told.iter()
            .map(|(offset, key, value)| (*offset, (*key).to_owned(), *value))
            .collect()
    };
    let first = [
        (2, "goran", true),
        (4, "farah", true),
        (5, "chen", true),
        (6, "goran", true),
    ];
    assert_eq!(keys(6), of(&first));
    let buried = [
        (6, "goran", true),
        (7, "farah", false),
        (8, "chen", true),
        (9, "goran", true),
    ];
    assert_eq!(keys(7), of(&buried));
    let gone = [(10, "chen", true), (11, "goran", true), (12, "chen", true)];
    assert_eq!(keys(8), of(&gone));
    assert_eq!(right_answer("retention", 8), "Nothing");
}

#[test]
fn metadata_the_client_is_wrong_twice_and_finds_out() {
    let handed_over = first_line("metadata", 2, "b1 trip-updates-0 decided leader 3");
    let told = first_line("metadata", 3, "b4 knows");
    let learned = first_line("metadata", 3, "p1 trip-updates-0 learns leader 3");
    assert!(handed_over < told && told < learned);
    assert_eq!(right_answer("metadata", 2), "Broker 2, as before");
    let refused = first_line("metadata", 5, "b3 trip-updates-0 refuses");
    let again = first_line("metadata", 5, "p1 trip-updates-0 learns leader 2");
    assert!(refused < again);
    assert_eq!(
        right_answer("metadata", 5),
        "It refuses with NOT_LEADER_OR_FOLLOWER"
    );
}

#[test]
fn failover_is_about_one_partition_at_every_step() {
    let lesson = lesson("failover");
    let subjects: Vec<String> = (lesson.steps.iter())
        .map(|step| step.subject().map_or_else(String::new, |it| it.to_string()))
        .collect();
    assert!(
        subjects[2..6].iter().all(|it| it == "driver-locations-0"),
        "{subjects:?}"
    );
}

#[test]
fn failover_everything_happens_in_the_order_in_which_it_is_told() {
    let order = [
        first_line("failover", 2, "b2 killed"),
        first_line("failover", 3, "zk3 ends session"),
        first_line("failover", 4, "b1 sees broker 2 go"),
        first_line("failover", 4, "b1 driver-locations-0 decided leader 3"),
        first_line("failover", 4, "b3 driver-locations-0 leads e1"),
        first_line("failover", 5, "b3 knows 2 brokers"),
        first_line("failover", 6, "p1 driver-locations-0 learns leader 3"),
        first_line("failover", 6, "p1 ⇒ driver-locations-0"),
        first_line("failover", 7, "b2 registers"),
        first_line("failover", 7, "b2 driver-locations-0 truncates"),
        first_line("failover", 7, "b3 driver-locations-0 isr"),
    ];
    assert!(order.is_sorted(), "{order:?}");
    assert_eq!(right_answer("failover", 4), "Broker 3");
    assert_eq!(
        right_answer("failover", 6),
        "21, where the new leader's log ended"
    );
}

#[test]
fn failover_nobody_else_ever_had_the_record_that_is_cut_off() {
    let partition = TopicPartition::new("driver-locations", 0);
    let history = lesson("failover").history();
    let copies = history.observed().journal.since(0).filter(|entry| {
        matches!(
            &entry.fact,
            Fact::RecordsAppended { partition: at, epoch, next_offset, .. }
                if *at == partition && epoch.0 == 0 && *next_offset > Offset(21)
        )
    });
    let by: Vec<_> = copies.map(|entry| entry.by).collect();
    assert_eq!(by, [Some(ProcessId::Broker(2))]);
}

#[test]
fn acks_only_the_careful_producer_waits_for_slow_copies() {
    let sent = first_line("acks", 2, "b2 trip-updates-2 leader appends");
    let quick = first_line("acks", 2, "p2 ⇒ trip-updates-1");
    let slow = first_line("acks", 2, "p3 ⇒ trip-updates-2");
    assert!(quick.since(sent).as_millis() < 100);
    assert!(slow.since(sent).as_millis() > 1_000);
    assert_eq!(right_answer("acks", 2), "Only billing");
    assert_eq!(right_answer("acks", 4), "Only that of billing");
    assert_eq!(right_answer("acks", 6), "One, as before");
}

#[test]
fn idempotence_numbers_make_one_of_two() {
    assert_eq!(right_answer("idempotence", 2), "Two times");
    assert_eq!(
        right_answer("idempotence", 4),
        "It appends nothing and answers as if it had"
    );
    assert_eq!(right_answer("idempotence", 5), "One time");
    // The answers were lost, not the requests.
    for (step, offset) in [(2, 2), (4, 5), (5, 6)] {
        let appended = first_in_step("idempotence", step, |_, fact| {
            matches!(fact, Fact::RecordsAppended { role: Role::Leader, next_offset, .. }
                if *next_offset == Offset(offset))
        });
        let again = first_in_step("idempotence", step, |_, fact| {
            matches!(fact, Fact::BatchSent { attempt: 2, .. })
        });
        assert!(appended < again);
    }
}

#[test]
fn first_the_button_kills_a_leader_and_nothing_acknowledged_is_lost() {
    let lesson = catalogue().first;
    let mut reports = Vec::new();
    let last = lesson
        .walk(|history| {
            reports.push(history.observed().audit.report(history.world()));
        })
        .expect("it plays");
    assert!(reports.iter().all(|report| report.lost == 0));
    assert!(reports.iter().all(|report| report.duplicated == 0));
    assert_eq!(last.violation(), None);
    // While ZooKeeper waits, nothing of any partition is acknowledged; once it has given up, all is.
    assert_eq!(reports[3].acknowledged, reports[2].acknowledged);
    assert!(reports[4].acknowledged > reports[3].acknowledged);
    assert!(reports[5].acknowledged > reports[4].acknowledged);
    let journal = &last.observed().journal;
    let killed = journal
        .since(0)
        .find(|entry| matches!(entry.fact, Fact::Killed { .. }))
        .expect("it is killed");
    let gone = journal
        .since(killed.number)
        .find(|entry| matches!(entry.fact, Fact::SessionRanOut { .. }))
        .expect("its session runs out");
    assert_eq!(gone.by, Some(ProcessId::ZooKeeper(3)));
    let waited = gone.at.since(killed.at).as_millis();
    assert!((17_000..20_000).contains(&waited), "{waited} ms of silence");
}

#[test]
fn topics_two_members_read_every_location_once() {
    let history = lesson("topics").history();
    let mut read = std::collections::BTreeSet::new();
    for entry in history.observed().journal.since(0) {
        if let Fact::RecordsConsumed {
            partition,
            base_offset,
            next_offset,
            ..
        } = &entry.fact
            && partition.topic.as_str() == "driver-locations"
        {
            for offset in base_offset.0..next_offset.0 {
                assert!(
                    read.insert((partition.clone(), offset)),
                    "{partition}@{offset} twice"
                );
            }
        }
    }
    assert_eq!(read.len(), 12);
}

#[test]
fn groups_the_right_answers_are_what_the_group_does() {
    assert_eq!(right_answer("groups", 2), "One has two, the other one");
    assert_eq!(
        right_answer("groups", 3),
        "They give up all their partitions and join again"
    );
    assert_eq!(right_answer("groups", 4), "Wait, without any partition");
    assert_eq!(right_answer("groups", 5), "After 10 s without a heartbeat");
    // Nobody reads between giving up and being given again.
    let given_up = first_line("groups", 3, "c1 driver-location-group takes back");
    let given = first_line("groups", 3, "c1 driver-location-group gives");
    let mut reads = Vec::new();
    for entry in lesson("groups").history().observed().journal.since(0) {
        let within = given_up < entry.at && entry.at < given;
        if within && matches!(entry.fact, Fact::RecordsConsumed { .. }) {
            reads.push(entry.clone());
        }
    }
    assert!(reads.is_empty(), "{reads:?}");
    let killed = first_line("groups", 5, "c2 killed");
    let taken = first_line("groups", 5, "c4 driver-location-group gives");
    let waited = taken.since(killed).as_millis();
    assert!((9_000..13_000).contains(&waited), "{waited} ms");
}

#[test]
fn offsets_one_log_three_promises() {
    assert_eq!(right_answer("offsets", 2), "Only mailer");
    assert_eq!(
        right_answer("offsets", 4),
        "mailer never finishes its own; the others begin theirs again"
    );
    let history = lesson("offsets").history();
    assert_eq!(history.violation(), None);
    // All three were killed at one instant.
    let killed = |client: &str| first_line("offsets", 3, &format!("{client} killed"));
    assert_eq!(killed("c1"), killed("c2"));
    assert_eq!(killed("c2"), killed("c3"));
    // How often each reader was done with each of the twelve messages, counted here once more. Committed before the
    // work: none twice, and the one in hand at the crash never. Committed after each: the one in hand was not done yet,
    // and is done once. By the clock: what was done since the last commit is done again.
    let times = |client: &str| {
        let by = ProcessId::parse(client);
        let mut times = [0; 12];
        for entry in history.observed().journal.since(0) {
            if let Fact::RecordsProcessed {
                base_offset,
                next_offset,
                ..
            } = &entry.fact
                && entry.by == by
            {
                for offset in base_offset.0..next_offset.0 {
                    times[offset as usize] += 1;
                }
            }
        }
        let count = |wanted: fn(&i32) -> bool| times.iter().filter(|it| wanted(it)).count();
        (
            count(|it| *it > 0),
            count(|it| *it > 1),
            count(|it| *it == 0),
        )
    };
    assert_eq!(times("c1"), (11, 0, 1), "done, twice, missed");
    assert_eq!(times("c2"), (12, 0, 0), "done, twice, missed");
    let (done, twice, missed) = times("c3");
    assert_eq!((done, missed), (12, 0), "done, missed");
    assert!(twice > 0, "{twice} were done twice");
    // Each commits in its own way: before its work, after it, and by the clock.
    let script = lesson("offsets").script.clone();
    let setting = |client: usize, name: &str| {
        let settings = &script.plan.clients[client].settings;
        settings.get(name).map(ToString::to_string)
    };
    assert_eq!(setting(1, "application.commits").as_deref(), Some("first"));
    assert_eq!(setting(2, "application.commits").as_deref(), Some("each"));
    assert_eq!(setting(3, "enable.auto.commit"), None);
}
