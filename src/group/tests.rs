//! Tests of the coordinator as a whole: what members are told, and when.

use super::*;
use crate::model::{Offset, Text, TopicName, TopicPartition};
use crate::protocol::ErrorCode;
use crate::protocol::api::heartbeat::HeartbeatRequest;
use crate::protocol::api::join_group::JoinGroupResponse;
use crate::protocol::api::leave_group::MemberIdentity;
use crate::protocol::api::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use crate::protocol::api::offset_delete::{
    OffsetDeleteRequest, OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use crate::protocol::api::sync_group::{SyncGroupRequest, SyncGroupRequestAssignment};
use crate::protocol::consumer_protocol::Subscription;
use crate::rng::{Rng, Seed};
use crate::time::{Duration, Instant, Moment, Timestamp};
use bytes::Bytes;

/// The partition that keeps "my-group".
const HOME: i32 = 12;
/// When the tests begin.
const EPOCH: i64 = 1_700_000_000_000;

/// A coordinator, a log that takes everything at once, and what was answered.
struct Bench {
    coordinator: Coordinator,
    now: Instant,
    log: Vec<Record>,
    /// What writes come to from now on.
    refusal: Option<ErrorCode>,
    /// Writes wait for [`Bench::write`].
    holds: bool,
    held: Vec<Append>,
    asked: u64,
    answers: Vec<(Asker, Answer)>,
}

impl Bench {
    fn new() -> Bench {
        Bench::with(GroupConfig::default())
    }

    fn with(config: GroupConfig) -> Bench {
        let mut coordinator = Coordinator::new(config, Rng::new(Seed(1), 0));
        coordinator.begin_loading(HOME);
        let mut bench = Bench {
            coordinator,
            now: Instant::ZERO,
            log: Vec::new(),
            refusal: None,
            holds: false,
            held: Vec::new(),
            asked: 0,
            answers: Vec::new(),
        };
        bench.load();
        bench
    }

    fn at(&self) -> Moment {
        Moment {
            now: self.now,
            wall: Timestamp(EPOCH + self.now.as_millis() as i64),
        }
    }

    fn load(&mut self) {
        let records = self.log.iter().enumerate();
        let records = records.map(|(at, r)| (Offset(at as i64), &r.key, r.value.as_ref()));
        self.coordinator.loaded(self.at(), HOME, records);
        self.serve();
    }

    /// The coordinator moves to another broker, which knows only the log.
    fn move_on(&mut self) {
        self.coordinator.unload(self.at(), HOME);
        self.serve();
        let config = *self.coordinator.config();
        self.coordinator = Coordinator::new(config, Rng::new(Seed(2), 0));
        self.coordinator.begin_loading(HOME);
        self.load();
    }

    fn serve(&mut self) {
        loop {
            let effects = self.coordinator.take_effects();
            if effects.is_empty() {
                return;
            }
            for effect in effects {
                match effect {
                    Effect::Answer(asker, answer) => self.answers.push((asker, answer)),
                    Effect::Append(append) if self.holds => self.held.push(append),
                    Effect::Append(append) => self.write(append),
                    Effect::Note(_) => {}
                }
            }
        }
    }

    fn write(&mut self, append: Append) {
        assert_eq!(append.partition, HOME);
        let result = match self.refusal {
            Some(error) => Err(error),
            None => Ok(Offset(self.log.len() as i64)),
        };
        if result.is_ok() {
            self.log.extend(append.records);
        }
        self.coordinator.appended(self.at(), append.token, result);
        self.serve();
    }

    fn write_held(&mut self) {
        self.holds = false;
        for append in std::mem::take(&mut self.held) {
            self.write(append);
        }
    }

    fn pass(&mut self, millis: u64) {
        let until = self.now + Duration::from_millis(millis);
        while let Some(due) = self.coordinator.next_wakeup().filter(|due| *due <= until) {
            self.now = due;
            self.coordinator.wake(self.at());
            self.serve();
        }
        self.now = until;
    }

    fn asker(&mut self) -> Asker {
        self.asked += 1;
        Asker(self.asked)
    }

    fn answer_to(&mut self, asker: Asker) -> Option<Answer> {
        let place = self.answers.iter().position(|(to, _)| *to == asker)?;
        Some(self.answers.remove(place).1)
    }

    // ---- what members ask

    fn join(&mut self, member: &str) -> Asker {
        self.join_as(member, None, &["range"], 9)
    }

    fn join_as(
        &mut self,
        member: &str,
        instance: Option<&str>,
        protocols: &[&str],
        version: i16,
    ) -> Asker {
        let asker = self.asker();
        let subscription = Subscription {
            topics: vec!["orders".into()],
            ..Subscription::default()
        };
        let metadata = subscription.write(0);
        let protocols = protocols.iter();
        let asked = JoinAsked {
            asker,
            group: "my-group".into(),
            member: member.into(),
            instance: instance.map(Into::into),
            client_id: "app".into(),
            client_host: "/here".into(),
            rebalance_timeout: Duration::from_secs(60),
            session_timeout: Duration::from_secs(10),
            protocol_type: "consumer".into(),
            protocols: protocols
                .map(|name| ((*name).into(), metadata.clone()))
                .collect(),
            knows: JoinVersion::of(version),
        };
        self.coordinator.join(self.at(), asked);
        self.serve();
        asker
    }

    /// The id that a newcomer is given.
    fn new_id(&mut self) -> Text {
        let asker = self.join("");
        let answer = self.joined(asker);
        assert_eq!(answer.error_code, ErrorCode::MemberIdRequired.code());
        assert_eq!(answer.generation_id, -1);
        answer.member_id
    }

    fn joined(&mut self, asker: Asker) -> JoinGroupResponse {
        match self.answer_to(asker) {
            Some(Answer::Join(response)) => response,
            other => panic!("an answer to JoinGroup, not {other:?}"),
        }
    }

    fn waits(&mut self, asker: Asker) -> bool {
        self.answers.iter().all(|(to, _)| *to != asker)
    }

    fn sync(&mut self, member: &str, generation: i32, parts: &[(&str, &str)]) -> Asker {
        let asker = self.asker();
        let parts = parts
            .iter()
            .map(|(member, part)| SyncGroupRequestAssignment {
                member_id: (*member).into(),
                assignment: Bytes::copy_from_slice(part.as_bytes()),
            });
        let request = SyncGroupRequest {
            group_id: "my-group".into(),
            generation_id: generation,
            member_id: member.into(),
            assignments: parts.collect(),
            ..SyncGroupRequest::default()
        };
        self.coordinator.sync(self.at(), asker, request);
        self.serve();
        asker
    }

    fn synced(&mut self, asker: Asker) -> Result<String, ErrorCode> {
        match self.answer_to(asker) {
            Some(Answer::Sync(response)) => match ErrorCode::from_i16(response.error_code) {
                ErrorCode::None => Ok(String::from_utf8_lossy(&response.assignment).into_owned()),
                error => Err(error),
            },
            other => panic!("an answer to SyncGroup, not {other:?}"),
        }
    }

    fn beat(&mut self, member: &str, generation: i32) -> ErrorCode {
        let asker = self.asker();
        let request = HeartbeatRequest {
            group_id: "my-group".into(),
            generation_id: generation,
            member_id: member.into(),
            group_instance_id: None,
        };
        self.coordinator.heartbeat(self.at(), asker, &request);
        self.serve();
        match self.answer_to(asker) {
            Some(Answer::Heartbeat(response)) => ErrorCode::from_i16(response.error_code),
            other => panic!("an answer to Heartbeat, not {other:?}"),
        }
    }

    fn leave(&mut self, member: &str, instance: Option<&str>) -> ErrorCode {
        let asker = self.asker();
        let leaving = MemberIdentity {
            member_id: member.into(),
            group_instance_id: instance.map(Into::into),
            reason: None,
        };
        let group = "my-group".into();
        self.coordinator
            .leave(self.at(), asker, &group, vec![leaving]);
        self.serve();
        match self.answer_to(asker) {
            Some(Answer::Leave(response)) => ErrorCode::from_i16(response.members[0].error_code),
            other => panic!("an answer to LeaveGroup, not {other:?}"),
        }
    }

    fn commit(&mut self, member: &str, generation: i32, offset: i64) -> Asker {
        self.commit_noted(member, generation, offset, "")
    }

    fn commit_noted(&mut self, member: &str, generation: i32, offset: i64, note: &str) -> Asker {
        let asker = self.asker();
        let request = OffsetCommitRequest {
            group_id: "my-group".into(),
            generation_id_or_member_epoch: generation,
            member_id: member.into(),
            topics: vec![OffsetCommitRequestTopic {
                name: "orders".into(),
                partitions: vec![OffsetCommitRequestPartition {
                    partition_index: 0,
                    committed_offset: offset,
                    committed_metadata: Some(note.into()),
                    ..OffsetCommitRequestPartition::default()
                }],
            }],
            ..OffsetCommitRequest::default()
        };
        let exists = |partition: &TopicPartition| partition.topic.as_str() == "orders";
        self.coordinator.commit(self.at(), asker, request, &exists);
        self.serve();
        asker
    }

    fn committed(&mut self, asker: Asker) -> ErrorCode {
        match self.answer_to(asker) {
            Some(Answer::OffsetCommit(response)) => {
                ErrorCode::from_i16(response.topics[0].partitions[0].error_code)
            }
            other => panic!("an answer to OffsetCommit, not {other:?}"),
        }
    }

    fn offset(&self) -> Option<i64> {
        let group = self.coordinator.group("my-group")?;
        let committed = group.offsets().get(&TopicPartition::new("orders", 0))?;
        Some(committed.offset.0)
    }

    fn state(&self) -> State {
        let group = self.coordinator.group("my-group");
        group.map_or(State::Dead, Group::state)
    }

    /// A stable group of so many members, its leader first.
    fn stable(&mut self, members: usize) -> Vec<Text> {
        let ids: Vec<Text> = (0..members).map(|_| self.new_id()).collect();
        let joins: Vec<Asker> = ids.iter().map(|id| self.join(id)).collect();
        self.pass(6_000);
        let answers: Vec<JoinGroupResponse> =
            joins.into_iter().map(|asker| self.joined(asker)).collect();
        let generation = answers[0].generation_id;
        let leader = answers[0].leader.clone();
        let parts: Vec<(&str, &str)> = ids.iter().map(|id| (&**id, "part")).collect();
        for id in &ids {
            let parts = if *id == leader { &parts[..] } else { &[] };
            self.sync(id, generation, parts);
        }
        self.answers.clear();
        assert_eq!(self.state(), State::Stable);
        ids
    }
}

#[test]
fn a_group_is_kept_where_java_would_keep_it() {
    for (group, partition) in [
        ("test-group", 12),
        ("group", 47),
        ("my-group", 12),
        ("group-1", 49),
        ("demo", 1),
        ("console-consumer", 40),
        ("order-service", 26),
        ("a", 47),
        ("g1", 42),
        ("consumer-group-1", 20),
        ("payments", 13),
        ("my-app", 0),
        ("polygenelubricants", 0),
    ] {
        assert_eq!(partition_of(group, 50), partition, "{group}");
    }
}

#[test]
fn two_members_join_and_everybody_gets_a_part() {
    let mut bench = Bench::new();
    let one = bench.new_id();
    assert!(one.starts_with("app-"), "{one}");
    let join_one = bench.join(&one);
    bench.pass(2_000);
    let two = bench.new_id();
    let join_two = bench.join(&two);
    bench.pass(1_000);
    assert!(
        bench.waits(join_one),
        "somebody came, so there is another wait"
    );
    bench.pass(2_999);
    assert!(bench.waits(join_one));
    bench.pass(1);
    let (first, second) = (bench.joined(join_one), bench.joined(join_two));
    assert_eq!((first.generation_id, second.generation_id), (1, 1));
    assert_eq!((&first.leader, &second.leader), (&one, &one));
    assert_eq!(first.protocol_name.as_deref(), Some("range"));
    assert_eq!(first.members.len(), 2, "the leader is told of everybody");
    assert!(second.members.is_empty());
    assert_eq!(bench.state(), State::CompletingRebalance);
    let sync_two = bench.sync(&two, 1, &[]);
    assert!(
        bench.waits(sync_two),
        "the leader has not handed anything in"
    );
    assert_eq!(bench.beat(&one, 1), ErrorCode::None);
    let sync_one = bench.sync(&one, 1, &[(&one, "a"), (&two, "b")]);
    assert_eq!(bench.synced(sync_one), Ok("a".to_owned()));
    assert_eq!(bench.synced(sync_two), Ok("b".to_owned()));
    assert_eq!(bench.state(), State::Stable);
    let again = bench.sync(&two, 1, &[]);
    assert_eq!(
        bench.synced(again),
        Ok("b".to_owned()),
        "asking again is safe"
    );
}

#[test]
fn a_lone_member_waits_once() {
    let mut bench = Bench::new();
    let one = bench.new_id();
    let join = bench.join(&one);
    bench.pass(2_999);
    assert!(bench.waits(join));
    bench.pass(1);
    assert_eq!(bench.joined(join).generation_id, 1);
}

#[test]
fn a_newcomer_makes_everybody_join_again() {
    let mut bench = Bench::new();
    let ids = bench.stable(2);
    let three = bench.new_id();
    assert_eq!(bench.state(), State::Stable, "an id alone changes nothing");
    let joins = [bench.join(&three)];
    assert_eq!(bench.state(), State::PreparingRebalance);
    assert_eq!(bench.beat(&ids[0], 1), ErrorCode::RebalanceInProgress);
    let commit = bench.commit(&ids[0], 1, 5);
    assert_eq!(
        bench.committed(commit),
        ErrorCode::None,
        "what was read may still be said"
    );
    let first = bench.join(&ids[0]);
    assert!(bench.waits(first));
    let second = bench.join(&ids[1]);
    for asker in [joins[0], first, second] {
        assert_eq!(
            bench.joined(asker).generation_id,
            2,
            "nobody is missing any more"
        );
    }
    assert_eq!(bench.beat(&ids[0], 1), ErrorCode::IllegalGeneration);
}

#[test]
fn who_does_not_join_again_in_time_is_left_out() {
    let mut bench = Bench::new();
    let ids = bench.stable(2);
    let three = bench.new_id();
    let join = bench.join(&three);
    let again = bench.join(&ids[0]);
    for _ in 0..60 {
        // The second lives, but does not join.
        bench.beat(&ids[1], 1);
        bench.pass(1_000);
    }
    assert_eq!(bench.joined(again).members.len(), 2);
    assert_eq!(bench.joined(join).generation_id, 2);
    assert_eq!(bench.beat(&ids[1], 2), ErrorCode::UnknownMemberId);
}

#[test]
fn a_silent_member_is_taken_out() {
    let mut bench = Bench::new();
    let ids = bench.stable(2);
    bench.pass(5_000);
    assert_eq!(bench.beat(&ids[0], 1), ErrorCode::None);
    bench.pass(5_000);
    assert_eq!(bench.beat(&ids[0], 1), ErrorCode::RebalanceInProgress);
    let join = bench.join(&ids[0]);
    let answer = bench.joined(join);
    assert_eq!((answer.generation_id, answer.members.len()), (2, 1));
}

#[test]
fn an_id_that_is_not_used_is_forgotten() {
    let mut bench = Bench::new();
    let id = bench.new_id();
    bench.pass(10_000);
    let join = bench.join(&id);
    assert_eq!(
        bench.joined(join).error_code,
        ErrorCode::UnknownMemberId.code()
    );
}

#[test]
fn old_clients_join_without_knowing_their_id() {
    let mut bench = Bench::new();
    let join = bench.join_as("", None, &["range"], 3);
    bench.pass(3_000);
    let answer = bench.joined(join);
    assert_eq!(answer.generation_id, 1);
    assert_eq!(answer.leader, answer.member_id);
}

#[test]
fn the_leader_joins_again_to_have_everybody_join_and_others_are_told_what_is() {
    let mut bench = Bench::new();
    let ids = bench.stable(2);
    let other = bench.join(&ids[1]);
    assert_eq!(
        bench.joined(other).generation_id,
        1,
        "nothing has changed for it"
    );
    let leader = bench.join(&ids[0]);
    assert!(bench.waits(leader));
    assert_eq!(bench.state(), State::PreparingRebalance);
}

#[test]
fn the_assignor_is_one_that_all_know_and_most_prefer() {
    let mut bench = Bench::new();
    let ids: Vec<Text> = (0..3).map(|_| bench.new_id()).collect();
    let lists = [&["a", "b", "c"][..], &["b", "c"], &["c", "b"]];
    let joins: Vec<Asker> = ids
        .iter()
        .zip(lists)
        .map(|(id, list)| bench.join_as(id, None, list, 9))
        .collect();
    bench.pass(6_000);
    for join in joins {
        assert_eq!(bench.joined(join).protocol_name.as_deref(), Some("b"));
    }
    let stranger = bench.join_as("", None, &["a"], 9);
    let answer = bench.joined(stranger);
    assert_eq!(
        answer.error_code,
        ErrorCode::InconsistentGroupProtocol.code()
    );
}

#[test]
fn a_member_that_leaves_is_not_waited_for() {
    let mut bench = Bench::new();
    let ids = bench.stable(2);
    assert_eq!(bench.leave("nobody", None), ErrorCode::UnknownMemberId);
    assert_eq!(bench.leave(&ids[0], None), ErrorCode::None);
    let join = bench.join(&ids[1]);
    let answer = bench.joined(join);
    assert_eq!((answer.generation_id, &answer.leader), (2, &ids[1]));
    assert_eq!(bench.leave(&ids[1], None), ErrorCode::None);
    bench.pass(1);
    assert_eq!(bench.state(), State::Empty, "the last has left");
    assert_eq!(
        bench.coordinator.group("my-group").map(Group::generation),
        Some(3)
    );
}

#[test]
fn a_static_member_comes_back_without_a_rebalance_and_its_double_is_fenced() {
    let mut bench = Bench::new();
    let join = bench.join_as("", Some("first"), &["range"], 9);
    bench.pass(3_000);
    let old = bench.joined(join).member_id;
    assert!(old.starts_with("first-"), "{old}");
    bench.sync(&old, 1, &[(&old, "all")]);
    let join = bench.join_as("", Some("first"), &["range"], 9);
    let answer = bench.joined(join);
    assert_eq!(answer.generation_id, 1, "nobody else notices");
    assert!(answer.skip_assignment);
    assert_ne!(answer.member_id, old);
    assert_eq!(answer.leader, answer.member_id);
    let sync = bench.sync(&answer.member_id, 1, &[]);
    assert_eq!(bench.synced(sync), Ok("all".to_owned()));
    let double = bench.join_as(&old, Some("first"), &["range"], 9);
    assert_eq!(
        bench.joined(double).error_code,
        ErrorCode::FencedInstanceId.code()
    );
    bench.move_on();
    assert_eq!(
        bench.beat(&answer.member_id, 1),
        ErrorCode::None,
        "the new id was written down"
    );
    assert_eq!(bench.leave("", Some("first")), ErrorCode::None);
}

#[test]
fn an_older_static_leader_is_told_that_it_does_not_lead() {
    let mut bench = Bench::new();
    let join = bench.join_as("", Some("first"), &["range"], 5);
    bench.pass(3_000);
    let old = bench.joined(join).member_id;
    bench.sync(&old, 1, &[(&old, "all")]);
    let join = bench.join_as("", Some("first"), &["range"], 5);
    let answer = bench.joined(join);
    assert_eq!(answer.leader, old, "so that it takes the part it has");
    assert!(answer.members.is_empty() && !answer.skip_assignment);
}

#[test]
fn parts_that_cannot_be_written_are_not_handed_out() {
    for (error, told) in [
        (
            ErrorCode::NotEnoughReplicas,
            ErrorCode::CoordinatorNotAvailable,
        ),
        (ErrorCode::NotLeaderOrFollower, ErrorCode::NotCoordinator),
        (ErrorCode::RequestTimedOut, ErrorCode::RebalanceInProgress),
        (ErrorCode::MessageTooLarge, ErrorCode::UnknownServerError),
    ] {
        let mut bench = Bench::new();
        let one = bench.new_id();
        let join = bench.join(&one);
        bench.pass(3_000);
        bench.joined(join);
        bench.refusal = Some(error);
        let sync = bench.sync(&one, 1, &[(&one, "all")]);
        assert_eq!(bench.synced(sync), Err(told));
        assert_eq!(bench.state(), State::PreparingRebalance);
    }
}

#[test]
fn who_does_not_ask_for_its_part_in_time_is_taken_out() {
    let mut bench = Bench::new();
    let ids = [bench.new_id(), bench.new_id()];
    let joins = [bench.join(&ids[0]), bench.join(&ids[1])];
    bench.pass(6_000);
    let _ = joins.map(|join| bench.joined(join));
    let sync = bench.sync(&ids[1], 1, &[]);
    for _ in 0..60 {
        bench.beat(&ids[0], 1);
        bench.pass(1_000);
    }
    assert_eq!(bench.synced(sync), Err(ErrorCode::RebalanceInProgress));
    assert_eq!(bench.beat(&ids[0], 1), ErrorCode::UnknownMemberId);
}

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
fn the_next_coordinator_knows_what_this_one_knew() {
    let mut bench = Bench::new();
    let ids = bench.stable(2);
    let commit = bench.commit(&ids[0], 1, 42);
    bench.committed(commit);
    bench.move_on();
    assert_eq!(bench.state(), State::Stable);
    assert_eq!(bench.offset(), Some(42));
    for id in &ids {
        assert_eq!(
            bench.beat(id, 1),
            ErrorCode::None,
            "nobody has to join again"
        );
    }
    let group = bench.coordinator.group("my-group").expect("it is there");
    assert_eq!(&group.members()[1].assignment[..], b"part");
    bench.pass(5_000);
    bench.beat(&ids[0], 1);
    bench.pass(5_000);
    assert_eq!(
        bench.state(),
        State::PreparingRebalance,
        "its members are watched here too"
    );
}

#[test]
fn while_groups_are_read_and_where_they_are_not_everybody_is_told_so() {
    let mut bench = Bench::new();
    let ids = bench.stable(2);
    let join = bench.join(&ids[0]);
    bench.coordinator.unload(bench.at(), HOME);
    bench.serve();
    assert_eq!(
        bench.joined(join).error_code,
        ErrorCode::NotCoordinator.code()
    );
    assert_eq!(bench.beat(&ids[0], 1), ErrorCode::NotCoordinator);
    bench.coordinator.begin_loading(HOME);
    assert_eq!(bench.beat(&ids[0], 1), ErrorCode::None);
    let sync = bench.sync(&ids[0], 1, &[]);
    assert_eq!(bench.synced(sync), Err(ErrorCode::RebalanceInProgress));
    let commit = bench.commit(&ids[0], 1, 4);
    assert_eq!(
        bench.committed(commit),
        ErrorCode::CoordinatorLoadInProgress
    );
    let list = bench.coordinator.list(&[], &[]);
    assert_eq!(list.error_code, ErrorCode::CoordinatorLoadInProgress.code());
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
    let delete = |bench: &mut Bench| {
        let asker = bench.asker();
        let at = bench.at();
        bench.coordinator.delete(at, asker, &["my-group".into()]);
        bench.serve();
        match bench.answer_to(asker) {
            Some(Answer::DeleteGroups(response)) => {
                ErrorCode::from_i16(response.results[0].error_code)
            }
            other => panic!("an answer to DeleteGroups, not {other:?}"),
        }
    };
    let forget = |bench: &mut Bench| {
        let asker = bench.asker();
        let request = OffsetDeleteRequest {
            group_id: "my-group".into(),
            topics: vec![OffsetDeleteRequestTopic {
                name: "orders".into(),
                partitions: vec![OffsetDeleteRequestPartition { partition_index: 0 }],
            }],
        };
        let at = bench.at();
        let exists = |topic: &TopicName| topic.as_str() == "orders";
        bench
            .coordinator
            .delete_offsets(at, asker, &request, &exists);
        bench.serve();
        match bench.answer_to(asker) {
            Some(Answer::OffsetDelete(response)) => match response.topics.first() {
                Some(topic) => ErrorCode::from_i16(topic.partitions[0].error_code),
                None => ErrorCode::from_i16(response.error_code),
            },
            other => panic!("an answer to OffsetDelete, not {other:?}"),
        }
    };
    assert_eq!(delete(&mut bench), ErrorCode::NonEmptyGroup);
    assert_eq!(forget(&mut bench), ErrorCode::GroupSubscribedToTopic);
    assert_eq!(bench.leave(&ids[0], None), ErrorCode::None);
    assert_eq!(forget(&mut bench), ErrorCode::None);
    assert_eq!(bench.offset(), None);
    assert_eq!(delete(&mut bench), ErrorCode::None);
    assert_eq!(delete(&mut bench), ErrorCode::GroupIdNotFound);
    assert_eq!(forget(&mut bench), ErrorCode::GroupIdNotFound);
    bench.move_on();
    assert_eq!(bench.state(), State::Dead);
}

#[test]
fn a_full_group_takes_nobody_more() {
    let config = GroupConfig {
        group_max_size: 1,
        ..GroupConfig::default()
    };
    let mut bench = Bench::with(config);
    bench.stable(1);
    let join = bench.join("");
    assert_eq!(
        bench.joined(join).error_code,
        ErrorCode::GroupMaxSizeReached.code()
    );
}

#[test]
fn what_makes_no_sense_is_refused() {
    let mut bench = Bench::new();
    let asked = JoinAsked {
        asker: Asker(100),
        group: "".into(),
        member: "".into(),
        instance: None,
        client_id: "app".into(),
        client_host: "/here".into(),
        rebalance_timeout: Duration::from_secs(60),
        session_timeout: Duration::from_secs(10),
        protocol_type: "consumer".into(),
        protocols: vec![("range".into(), Bytes::new())],
        knows: JoinVersion::MemberIds,
    };
    for (change, error) in [
        (asked.clone(), ErrorCode::InvalidGroupId),
        (
            JoinAsked {
                group: "my-group".into(),
                session_timeout: Duration::from_millis(5_999),
                ..asked.clone()
            },
            ErrorCode::InvalidSessionTimeout,
        ),
        (
            JoinAsked {
                group: "my-group".into(),
                member: "nobody".into(),
                ..asked.clone()
            },
            ErrorCode::UnknownMemberId,
        ),
        (
            JoinAsked {
                group: "my-group".into(),
                protocols: Vec::new(),
                ..asked.clone()
            },
            ErrorCode::InconsistentGroupProtocol,
        ),
        (
            JoinAsked {
                group: "group".into(),
                ..asked
            },
            ErrorCode::NotCoordinator,
        ),
    ] {
        let at = bench.at();
        bench.coordinator.join(at, change);
        bench.serve();
        assert_eq!(bench.joined(Asker(100)).error_code, error.code());
    }
}

#[test]
fn administrators_see_groups_as_they_are() {
    let mut bench = Bench::new();
    let my_group: Text = "my-group".into();
    assert_eq!(&*bench.coordinator.describe(&my_group).group_state, "Dead");
    let ids = bench.stable(2);
    let group = bench.coordinator.describe(&my_group);
    assert_eq!(
        (&*group.group_state, &*group.protocol_data),
        ("Stable", "range")
    );
    assert_eq!(&group.members[0].member_assignment[..], b"part");
    assert_eq!(&*group.members[0].client_host, "/here");
    let listed = bench.coordinator.list(&["stable".into()], &[]);
    assert_eq!(listed.groups.len(), 1);
    assert_eq!(&*listed.groups[0].group_type, "classic");
    assert!(
        bench
            .coordinator
            .list(&["Empty".into()], &[])
            .groups
            .is_empty()
    );
    bench.join(&ids[0]);
    let group = bench.coordinator.describe(&my_group);
    assert_eq!(
        (&*group.group_state, &*group.protocol_data),
        ("PreparingRebalance", "")
    );
    assert!(group.members[0].member_metadata.is_empty());
}
