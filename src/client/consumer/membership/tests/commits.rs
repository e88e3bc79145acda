//! What becomes of offsets: who speaks for whom, in which order, and when it is said again.

use super::*;
use crate::time::Duration;

#[test]
fn a_commit_of_what_was_chosen_by_hand_speaks_for_nobody() {
    let mut bench = by_hand(&[("group.instance.id", "first")]);
    restore(&mut bench, 5);
    bench.tell(Instruction::Commit);
    let (_, request) = commit_request(&mut bench);
    assert_eq!(request.group_instance_id, None);
    assert_eq!(&*request.member_id, "");
    assert_eq!(request.generation_id_or_member_epoch, -1);
}

#[test]
fn a_commit_that_is_waited_for_wakes_its_consumer_when_the_coordinator_is_gone() {
    let settings = [("application.commits", "sync"), ("poll.interval.ms", "50")];
    let mut bench = by_hand(&settings);
    restore(&mut bench, 0);
    give_records(&mut bench, 0);
    bench.disconnect(2);
    bench.down = vec![2];
    bench.pass_ms(50);
    bench.coordinator = 3;
    bench.pass_ms(5_000);
    let question = bench.asked.iter();
    let commit = question.filter(|asked| asked.request.api().name() == "OffsetCommit");
    let brokers: Vec<i32> = commit.map(|asked| asked.broker.0).collect();
    assert_eq!(brokers, [3]);
}

#[test]
fn what_stands_before_a_batch_that_cannot_be_read_is_committed_one_by_one() {
    let settings = [
        ("application.commits", "each"),
        ("check.crcs", "false"),
        ("poll.interval.ms", "50"),
    ];
    let mut bench = by_hand(&settings);
    restore(&mut bench, 0);
    let fetch = pick(&mut bench, "Fetch");
    let mut bytes = batch(0, 2, 0).to_vec();
    bytes.extend(unreadable(2));
    answer_fetch(&mut bench, &fetch, vec![data(0, 4, Chunks::from(bytes))]);
    for behind in [1, 2] {
        bench.pass_ms(50);
        assert_eq!(answer_commit(&mut bench, ErrorCode::None), behind);
    }
    let lines = bench.lines().join("\n");
    let consumed = lines.find("consumes 2 from @0, next @2");
    let failed = lines.find("reading failed CORRUPT_MESSAGE");
    assert!(consumed.is_some() && consumed < failed, "{lines}");
}

#[test]
fn what_was_returned_before_reading_failed_is_committed_by_the_clock() {
    let settings = [
        ("enable.auto.commit", "true"),
        ("auto.commit.interval.ms", "1s"),
        ("poll.interval.ms", "50"),
    ];
    let mut bench = by_hand(&settings);
    restore(&mut bench, 0);
    let fetch = pick(&mut bench, "Fetch");
    let mut bytes = batch(0, 2, 0).to_vec();
    let mut changed = batch(2, 1, 0).to_vec();
    *changed.last_mut().expect("a byte") ^= 1;
    bytes.extend(changed);
    answer_fetch(&mut bench, &fetch, vec![data(0, 3, Chunks::from(bytes))]);
    assert_eq!(answer_commit(&mut bench, ErrorCode::None), 2);
    let lines = bench.lines().join("\n");
    assert!(lines.contains("reading failed CORRUPT_MESSAGE"), "{lines}");
}

#[test]
fn a_commit_that_is_waited_for_ends_with_its_time() {
    let settings = [
        ("application.commits", "sync"),
        ("poll.interval.ms", "50"),
        ("default.api.timeout.ms", "3s"),
    ];
    let never = Some((ErrorCode::CoordinatorNotAvailable, -1, -1));
    let mut bench = by_hand(&settings);
    restore(&mut bench, 0);
    give_records(&mut bench, 0);
    bench.disconnect(2);
    bench.odd_coordinators = [never; 100].into();
    bench.pass_ms(3_100);
    let lines = bench.lines().join("\n");
    assert!(
        lines.ends_with("3.050s c1 billing commit failed: REQUEST_TIMED_OUT"),
        "{lines}"
    );
}

#[test]
fn a_commit_is_tried_again_less_and_less_often() {
    let mut bench = stable(&[("enable.auto.commit", "false")]);
    bench.tell(Instruction::Commit);
    let mut last = bench.now;
    for least in [0, 80, 160, 320, 640, 800] {
        answer_commit(&mut bench, ErrorCode::CoordinatorLoadInProgress);
        assert!(bench.now >= last + Duration::from_millis(least), "{least}");
        last = bench.now;
    }
}

#[test]
fn one_commit_does_not_end_with_the_answer_to_another() {
    let mut bench = stable(&[]);
    bench.tell(Instruction::Commit);
    let (by_person, _) = commit_request(&mut bench);
    bench.topic("more", &[1]);
    bench.configure("subscribe", "orders,more");
    let (before_joining, _) = commit_request(&mut bench);
    bench.asked.push_front(by_person);
    answer_commit(&mut bench, ErrorCode::None);
    assert!(!is_asked(&bench, "JoinGroup"), "its last word is under way");
    bench.asked.push_front(before_joining);
    answer_commit(&mut bench, ErrorCode::None);
    assert!(is_asked(&bench, "JoinGroup"));
}

#[test]
fn a_commit_that_is_sent_again_says_no_less_than_what_was_sent_meanwhile() {
    let settings = [
        ("enable.auto.commit", "false"),
        ("application.commits", "async"),
        ("poll.interval.ms", "10"),
    ];
    let mut bench = stable(&settings);
    let fetch = pick(&mut bench, "Fetch");
    bench.tell(Instruction::Commit);
    assert_eq!(
        answer_commit(&mut bench, ErrorCode::CoordinatorLoadInProgress),
        5
    );
    answer_fetch(&mut bench, &fetch, vec![data(0, 7, batch(5, 2, 0))]);
    bench.pass_ms(10);
    assert_eq!(answer_commit(&mut bench, ErrorCode::None), 7);
    assert_eq!(answer_commit(&mut bench, ErrorCode::None), 7, "not 5");
}

#[test]
fn the_timer_stays_due_while_there_is_no_coordinator() {
    let mut bench = stable(&[("auto.commit.interval.ms", "3s")]);
    bench.pass_ms(2_900);
    let never = Some((ErrorCode::CoordinatorNotAvailable, -1, -1));
    bench.odd_coordinators = [never; 3].into();
    bench.disconnect(2);
    commit_request(&mut bench);
    let late = Instant::ZERO + Duration::from_millis(4_500);
    assert!(bench.now < late, "{}", bench.now);
}

#[test]
fn a_commit_that_nobody_waits_for_waits_for_the_coordinator() {
    let settings = [("application.commits", "async"), ("poll.interval.ms", "10")];
    let mut bench = by_hand(&settings);
    restore(&mut bench, 0);
    give_records(&mut bench, 0);
    stop_fetching(&mut bench);
    bench.disconnect(2);
    bench.pass_ms(10);
    assert_eq!(answer_commit(&mut bench, ErrorCode::None), 2);
    let lines = bench.lines().join("\n");
    assert!(!lines.contains("commit failed"), "{lines}");
}

#[test]
fn a_commit_for_a_membership_that_is_over_does_not_end_the_next() {
    let settings = [
        ("group.instance.id", "first"),
        ("max.poll.interval.ms", "8s"),
        ("poll.interval.ms", "20s"),
        ("enable.auto.commit", "false"),
    ];
    let mut bench = bench(&settings);
    settle(&mut bench, 1, &[0], 0);
    give_records(&mut bench, 0);
    bench.tell(Instruction::Commit);
    let (question, _) = commit_request(&mut bench);
    bench.pass_ms(8_000);
    assert!(!member(&bench).is_stable(), "it has not polled");
    bench.asked.push_front(question);
    answer_commit(&mut bench, ErrorCode::FencedInstanceId);
    assert_eq!(member(&bench).failure, None);
}

#[test]
fn what_a_member_has_when_it_leaves_is_lost_if_others_may_have_it() {
    let mut bench = stable(&[("enable.auto.commit", "false")]);
    answer_heartbeat(&mut bench, ErrorCode::IllegalGeneration);
    let lines = bench.lines().join("\n");
    assert!(lines.contains("has given away orders-0"), "{lines}");
    // In the middle of a rebalance nobody can tell; here a cooperative member keeps what it has.
    let settings = [
        ("partition.assignment.strategy", "cooperative-sticky"),
        ("enable.auto.commit", "false"),
    ];
    let mut bench = stable(&settings);
    answer_heartbeat(&mut bench, ErrorCode::RebalanceInProgress);
    join_request(&mut bench);
    bench.configure("subscribe", "");
    let lines = bench.lines().join("\n");
    assert!(lines.contains("has given away orders-0"), "{lines}");
}

#[test]
fn a_commit_that_is_waited_for_is_sent_again_while_that_may_help() {
    use ErrorCode::*;
    let settings = [("enable.auto.commit", "false")];
    for error in [CoordinatorLoadInProgress, UnknownTopicOrPartition] {
        let mut bench = stable(&settings);
        bench.tell(Instruction::Commit);
        answer_commit(&mut bench, error);
        assert_eq!(answer_commit(&mut bench, None), 5, "{error:?}");
        let lines = bench.lines().join("\n");
        assert!(lines.ends_with("billing commits orders-0@5"), "{lines}");
    }
    for error in [NotCoordinator, RequestTimedOut] {
        let mut bench = stable(&settings);
        bench.tell(Instruction::Commit);
        bench.coordinator = 3;
        answer_commit(&mut bench, error);
        let (question, _) = commit_request(&mut bench);
        assert_eq!(question.broker.0, 3, "{error:?}");
    }
    for (error, rejoins) in [
        (OffsetMetadataTooLarge, false),
        (RebalanceInProgress, true),
        (IllegalGeneration, true),
        (UnknownMemberId, true),
    ] {
        let mut bench = stable(&settings);
        bench.tell(Instruction::Commit);
        answer_commit(&mut bench, error);
        let lines = bench.lines().join("\n");
        assert!(
            lines.contains(&format!("commit failed: {}", error.name())),
            "{lines}"
        );
        assert_eq!(is_asked(&bench, "JoinGroup"), rejoins, "{error:?}");
    }
}

#[test]
fn offsets_are_committed_every_interval_and_when_it_is_closed() {
    let mut bench = stable(&[("auto.commit.interval.ms", "1s")]);
    let mut times = Vec::new();
    for _ in 0..2 {
        assert_eq!(answer_commit(&mut bench, ErrorCode::None), 5);
        times.push(bench.now.as_millis() / 1_000);
    }
    assert_eq!(times, [1, 2]);
    bench.lines();
    bench.give(Input::Stopping);
    answer_commit(&mut bench, ErrorCode::None);
    let leave = asked(&mut bench, "LeaveGroup");
    assert_eq!(
        bench
            .lines()
            .iter()
            .map(|line| line.split_once(" c1 ").expect("a line of c1").1)
            .collect::<Vec<_>>(),
        [
            "billing commits orders-0@5",
            "billing takes back orders-0",
            "leaves billing: it is closed",
        ]
    );
    bench.answer(
        &leave,
        &AnyResponse::LeaveGroup(LeaveGroupResponse::default()),
    );
}
