//! What ends, and who ends it.

use super::*;
use crate::protocol::offsets_topic::GroupMetadataValue;

#[test]
fn a_group_that_came_to_nothing_is_dropped() {
    let mut bench = Bench::new();
    let at = bench.at();
    bench.coordinator.start(at);
    bench.new_id();
    assert_eq!(bench.state(), State::Empty);
    bench.pass(1_300_000);
    assert_eq!(bench.state(), State::Dead);
}

#[test]
fn offsets_of_a_group_that_is_gone_end() {
    let mut bench = Bench::new();
    let at = bench.at();
    bench.coordinator.start(at);
    let ids = bench.stable(1);
    let commit = bench.commit(&ids[0], 1, 42);
    bench.committed(commit);
    assert_eq!(bench.leave(&ids[0], None), ErrorCode::None);
    let week = 7 * 24 * 3_600 * 1_000;
    bench.pass(week - 3_600_000);
    assert_eq!(bench.offset(), Some(42));
    bench.pass(2 * 3_600_000);
    assert_eq!(bench.offset(), None);
    assert_eq!(bench.state(), State::Dead);
    bench.move_on();
    assert!(
        bench.coordinator.group("my-group").is_none(),
        "that was written down"
    );
}

#[test]
fn groups_and_offsets_are_deleted_when_nobody_needs_them() {
    let mut bench = Bench::new();
    let ids = bench.stable(1);
    let commit = bench.commit(&ids[0], 1, 42);
    bench.committed(commit);
    assert_eq!(bench.delete_group(), ErrorCode::NonEmptyGroup);
    assert_eq!(bench.delete_offset(), ErrorCode::GroupSubscribedToTopic);
    assert_eq!(bench.leave(&ids[0], None), ErrorCode::None);
    assert_eq!(bench.delete_offset(), ErrorCode::None);
    assert_eq!(bench.offset(), None);
    assert_eq!(bench.state(), State::Dead, "that was all there was");
    assert_eq!(bench.delete_group(), ErrorCode::GroupIdNotFound);
    assert_eq!(bench.delete_offset(), ErrorCode::GroupIdNotFound);
    bench.move_on();
    assert_eq!(bench.state(), State::Dead);
}

#[test]
fn what_is_deleted_while_it_is_written_stays_deleted() {
    let mut bench = Bench::new();
    bench.holds = true;
    bench.commit("", -1, 7);
    assert_eq!(bench.delete_group(), ErrorCode::None);
    bench.write_held();
    assert_eq!(bench.state(), State::Dead);
    bench.move_on();
    assert_eq!(bench.state(), State::Dead, "as the log says");
}

#[test]
fn what_is_forgotten_is_written_down_however_few_replicas_are_in_sync() {
    let mut bench = Bench::new();
    let ids = bench.stable(1);
    let commit = bench.commit(&ids[0], 1, 42);
    bench.committed(commit);
    assert_eq!(bench.leave(&ids[0], None), ErrorCode::None);
    bench.pass(1);
    bench.refusal = Some(ErrorCode::NotEnoughReplicas);
    assert_eq!(bench.delete_group(), ErrorCode::None);
    bench.move_on();
    assert_eq!(bench.state(), State::Dead);
}

#[test]
fn offsets_of_what_there_is_not_and_of_no_group_are_not_deleted() {
    let mut bench = Bench::new();
    let ids = bench.stable(1);
    assert_eq!(bench.leave(&ids[0], None), ErrorCode::None);
    bench.pass(1);
    let mut request = OffsetDeleteRequest {
        group_id: "my-group".into(),
        topics: vec![OffsetDeleteRequestTopic {
            name: "orders".into(),
            partitions: vec![OffsetDeleteRequestPartition { partition_index: 1 }],
        }],
    };
    let answer = bench.delete_offsets(&request);
    let unknown = ErrorCode::UnknownTopicOrPartition.code();
    assert_eq!(answer.topics[0].partitions[0].error_code, unknown);
    assert_eq!(bench.state(), State::Empty, "nothing was to be forgotten");
    request.group_id = "".into();
    let answer = bench.delete_offsets(&request);
    assert_eq!(answer.error_code, ErrorCode::InvalidGroupId.code());
}

#[test]
fn who_is_to_be_deleted_twice_is_deleted_once() {
    let mut bench = Bench::new();
    let commit = bench.commit("", -1, 7);
    bench.committed(commit);
    let asker = bench.asker();
    let names = ["my-group".into(), "my-group".into()];
    bench.coordinator.delete(bench.at(), asker, &names);
    bench.serve();
    let Some(Answer::DeleteGroups(answer)) = bench.answer_to(asker) else {
        panic!("no answer to DeleteGroups");
    };
    let codes: Vec<i16> = answer.results.iter().map(|one| one.error_code).collect();
    assert_eq!(codes, [0]);
}

#[test]
fn the_topics_of_a_generation_are_those_with_which_it_began() {
    let mut bench = Bench::new();
    let ids = bench.stable(1);
    let commit = bench.commit(&ids[0], 1, 42);
    bench.committed(commit);
    let other = bench.new_id();
    let elsewhere = JoinAsked {
        protocols: vec![("range".into(), subscribed_to("payments"))],
        ..bench.joining(&ids[0], None, &[], 9)
    };
    bench.join_with(elsewhere);
    assert_eq!(
        bench.delete_offset(),
        ErrorCode::GroupSubscribedToTopic,
        "it waits for the other's id, and so is not in its next generation yet"
    );
    assert_eq!(bench.leave(&other, None), ErrorCode::None);
    assert_eq!(bench.state(), State::CompletingRebalance);
    assert_eq!(bench.delete_offset(), ErrorCode::None);
}

#[test]
fn no_more_is_read_of_a_subscription_than_all_versions_have() {
    let mut bench = Bench::new();
    let id = bench.new_id();
    // Version 3, and nothing of what came after version 0.
    let mut said = subscribed_to("payments").to_vec();
    said[1] = 3;
    let asked = JoinAsked {
        protocols: vec![("range".into(), Bytes::from(said))],
        ..bench.joining(&id, None, &[], 9)
    };
    bench.join_with(asked);
    bench.pass(3_000);
    assert_eq!(bench.state(), State::CompletingRebalance);
    assert_eq!(
        bench.delete_offset(),
        ErrorCode::None,
        "nobody reads the topic"
    );
}

#[test]
fn where_a_group_was_written_down_without_its_time_each_offset_counts_from_its_commit() {
    let day: i64 = 24 * 3_600 * 1_000;
    for (written, stays) in [(5 * day, true), (-1, false)] {
        let mut bench = Bench::new();
        let at = bench.at();
        bench.coordinator.start(at);
        let commit = bench.commit("", -1, 42);
        bench.committed(commit);
        let value = GroupMetadataValue {
            protocol_type: "consumer".into(),
            generation: 3,
            current_state_timestamp: match written {
                -1 => -1,
                later => at.wall.0 + later,
            },
            ..GroupMetadataValue::default()
        };
        let record = record::group_record(&"my-group".into(), Some(&value));
        bench.log.push(record);
        bench.pass(5 * day.unsigned_abs());
        bench.move_on();
        let at = bench.at();
        bench.coordinator.start(at);
        bench.pass(3 * day.unsigned_abs());
        assert_eq!(bench.offset().is_some(), stays, "{written}");
    }
}
