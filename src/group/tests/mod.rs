//! Tests of the coordinator as a whole: what members are told, and when.

mod forgetting;
mod instances;
mod joining;
mod moving;
mod offsets;
mod parts;
mod views;

use super::*;
use crate::model::{Offset, Text, TopicPartition};
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

/// What a member says that wants a topic.
fn subscribed_to(topic: &str) -> Bytes {
    let subscription = Subscription {
        topics: vec![topic.into()],
        ..Subscription::default()
    };
    subscription.write(0)
}

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
        coordinator.set_partitions(50);
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
        let records = records.map(|(at, r)| (Offset(at as i64), r.key.clone(), r.value.clone()));
        self.coordinator.loaded(self.at(), HOME, records);
        self.serve();
    }

    /// The coordinator moves to another broker, which knows only the log.
    fn move_on(&mut self) {
        self.coordinator.unload(self.at(), HOME);
        self.serve();
        let config = *self.coordinator.config();
        self.coordinator = Coordinator::new(config, Rng::new(Seed(2), 0));
        self.coordinator.set_partitions(50);
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
        let base = Offset(self.log.len() as i64);
        let Some(token) = append.token else {
            // Nobody waits, so nothing is refused.
            return self.log.extend(append.records);
        };
        let result = match self.refusal {
            Some(error) => Err(error),
            None => Ok(base),
        };
        if result.is_ok() {
            self.log.extend(append.records);
        }
        self.coordinator.appended(self.at(), token, result);
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
        let asked = self.joining(member, instance, protocols, version);
        self.join_with(asked)
    }

    fn join_with(&mut self, asked: JoinAsked) -> Asker {
        let asker = asked.asker;
        self.coordinator.join(self.at(), asked);
        self.serve();
        asker
    }

    fn joining(
        &mut self,
        member: &str,
        instance: Option<&str>,
        protocols: &[&str],
        version: i16,
    ) -> JoinAsked {
        let metadata = subscribed_to("orders");
        let protocols = protocols.iter();
        JoinAsked {
            asker: self.asker(),
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
        }
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

    fn delete_group(&mut self) -> ErrorCode {
        let asker = self.asker();
        self.coordinator
            .delete(self.at(), asker, &["my-group".into()]);
        self.serve();
        match self.answer_to(asker) {
            Some(Answer::DeleteGroups(response)) => {
                ErrorCode::from_i16(response.results[0].error_code)
            }
            other => panic!("an answer to DeleteGroups, not {other:?}"),
        }
    }

    fn delete_offset(&mut self) -> ErrorCode {
        let request = OffsetDeleteRequest {
            group_id: "my-group".into(),
            topics: vec![OffsetDeleteRequestTopic {
                name: "orders".into(),
                partitions: vec![OffsetDeleteRequestPartition { partition_index: 0 }],
            }],
        };
        let response = self.delete_offsets(&request);
        match response.topics.first() {
            Some(topic) => ErrorCode::from_i16(topic.partitions[0].error_code),
            None => ErrorCode::from_i16(response.error_code),
        }
    }

    fn delete_offsets(&mut self, request: &OffsetDeleteRequest) -> OffsetDeleteResponse {
        let asker = self.asker();
        let exists = |partition: &TopicPartition| *partition == TopicPartition::new("orders", 0);
        self.coordinator
            .delete_offsets(self.at(), asker, request, &exists);
        self.serve();
        match self.answer_to(asker) {
            Some(Answer::OffsetDelete(response)) => response,
            other => panic!("an answer to OffsetDelete, not {other:?}"),
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

    /// How many members were walked past so far.
    fn walked(&self) -> usize {
        let group = self.coordinator.group("my-group");
        group.map_or(0, |group| {
            let walked = &group.members.walked;
            walked.load(std::sync::atomic::Ordering::Relaxed)
        })
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
