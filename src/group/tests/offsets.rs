//! What is committed, and who may commit.

use super::*;

#[test]
fn offsets_count_once_they_are_written() {
    let mut bench = Bench::new();
    let ids = bench.stable(1);
    bench.holds = true;
    let commit = bench.commit(&ids[0], 1, 7);
    assert!(bench.waits(commit));
    assert_eq!(bench.offset(), None);
    bench.write_held();
    assert_eq!(bench.committed(commit), ErrorCode::None);
    assert_eq!(bench.offset(), Some(7));
    let back = bench.commit(&ids[0], 1, 3);
    assert_eq!(
        bench.committed(back),
        ErrorCode::None,
        "offsets need not grow"
    );
    assert_eq!(bench.offset(), Some(3));
}

#[test]
fn what_is_forgotten_while_it_is_written_stays_forgotten() {
    let mut bench = Bench::new();
    let first = bench.commit("", -1, 3);
    bench.committed(first);
    bench.holds = true;
    let commit = bench.commit("", -1, 7);
    let at = bench.at();
    let gone = [TopicPartition::new("orders", 0)];
    bench.coordinator.partitions_deleted(at, &gone);
    bench.serve();
    bench.write_held();
    assert_eq!(bench.committed(commit), ErrorCode::None);
    assert_eq!(bench.offset(), None);
    bench.move_on();
    assert_eq!(bench.offset(), None, "as the log says");
}

#[test]
fn who_may_commit() {
    let mut bench = Bench::new();
    let simple = bench.commit("", -1, 4);
    assert_eq!(
        bench.committed(simple),
        ErrorCode::None,
        "a group that only keeps offsets"
    );
    let late = bench.commit("nobody", 3, 4);
    assert_eq!(bench.committed(late), ErrorCode::UnknownMemberId);
    let ids = bench.stable(1);
    for (member, generation, error) in [
        (&*ids[0], 1, ErrorCode::None),
        (&*ids[0], 2, ErrorCode::IllegalGeneration),
        ("nobody", 1, ErrorCode::UnknownMemberId),
        ("", -1, ErrorCode::UnknownMemberId),
    ] {
        let commit = bench.commit(member, generation, 5);
        assert_eq!(bench.committed(commit), error, "{member} {generation}");
    }
    let long = "n".repeat(4_097);
    let commit = bench.commit_noted(&ids[0], 1, 6, &long);
    assert_eq!(bench.committed(commit), ErrorCode::OffsetMetadataTooLarge);
    bench.refusal = Some(ErrorCode::NotEnoughReplicas);
    let commit = bench.commit(&ids[0], 1, 6);
    assert_eq!(bench.committed(commit), ErrorCode::CoordinatorNotAvailable);
    assert_eq!(bench.offset(), Some(5));
}

#[test]
fn a_generation_without_a_group_is_illegal() {
    let mut bench = Bench::new();
    let commit = bench.commit("somebody", 3, 4);
    assert_eq!(bench.committed(commit), ErrorCode::IllegalGeneration);
}

#[test]
fn what_is_committed_after_something_was_forgotten_counts() {
    for forget in [Bench::delete_offset, Bench::delete_group] {
        let mut bench = Bench::new();
        bench.holds = true;
        let before = bench.commit("", -1, 7);
        assert_eq!(forget(&mut bench), ErrorCode::None);
        let after = bench.commit("", -1, 9);
        bench.write_held();
        assert_eq!(bench.committed(before), ErrorCode::None);
        assert_eq!(bench.committed(after), ErrorCode::None);
        assert_eq!(bench.offset(), Some(9), "what was answered is there");
        bench.move_on();
        assert_eq!(bench.offset(), Some(9), "and in the log");
    }
}

#[test]
fn who_commits_nothing_that_there_is_has_not_been_heard_of() {
    let mut bench = Bench::new();
    let ids = bench.stable(1);
    bench.pass(9_000);
    let asker = bench.asker();
    let request = OffsetCommitRequest {
        group_id: "my-group".into(),
        generation_id_or_member_epoch: 1,
        member_id: ids[0].clone(),
        topics: vec![OffsetCommitRequestTopic {
            name: "payments".into(),
            partitions: vec![OffsetCommitRequestPartition::default()],
        }],
        ..OffsetCommitRequest::default()
    };
    let at = bench.at();
    bench.coordinator.commit(at, asker, request, &|_| false);
    bench.serve();
    let unknown = ErrorCode::UnknownTopicOrPartition;
    assert_eq!(bench.committed(asker), unknown);
    bench.pass(1_000);
    assert_eq!(bench.state(), State::Empty, "its session has ended");
}

#[test]
fn a_partition_that_is_named_twice_is_committed_once_as_it_was_named_last() {
    let mut bench = Bench::new();
    let asker = bench.asker();
    let topic = |name: &str, offsets: &[(i32, i64)]| OffsetCommitRequestTopic {
        name: name.into(),
        partitions: (offsets.iter())
            .map(|(index, offset)| OffsetCommitRequestPartition {
                partition_index: *index,
                committed_offset: *offset,
                ..OffsetCommitRequestPartition::default()
            })
            .collect(),
    };
    let request = OffsetCommitRequest {
        group_id: "my-group".into(),
        generation_id_or_member_epoch: -1,
        topics: vec![
            topic("orders", &[(0, 5), (1, 1), (0, 6)]),
            topic("payments", &[(0, 1)]),
            topic("orders", &[(0, 7)]),
        ],
        ..OffsetCommitRequest::default()
    };
    let before = bench.log.len();
    bench
        .coordinator
        .commit(bench.at(), asker, request, &|_| true);
    bench.serve();
    let Some(Answer::OffsetCommit(answer)) = bench.answer_to(asker) else {
        panic!("no answer to OffsetCommit");
    };
    let told = answer.topics.iter().map(|topic| {
        let partitions = topic.partitions.iter();
        let partitions = partitions.map(|one| (one.partition_index, one.error_code));
        (&*topic.name, partitions.collect::<Vec<_>>())
    });
    assert_eq!(
        told.collect::<Vec<_>>(),
        [("orders", vec![(0, 0), (1, 0)]), ("payments", vec![(0, 0)])]
    );
    assert_eq!(bench.log.len() - before, 3);
    assert_eq!(bench.offset(), Some(7));
}
