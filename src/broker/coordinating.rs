//! The group coordinator's place in the broker: its partitions, its writes and its answers.
//!
//! The coordinator knows no log and no connection. While this broker leads a partition of
//! `__consumer_offsets`, the coordinator has read it ([`loading`](super::loading)); what it wants written is
//! appended there like an `acks=all` produce, and it is told once the high watermark has passed it. Its answers go back the way the
//! questions came.
//!
//! How many partitions there are is asked of ZooKeeper once this broker has heard of the topic: what the
//! controller tells of leaves out partitions that have never been led.
//!
//! Unlike Kafka, which asks when it starts and, if the topic is not there yet, goes by its own setting even if
//! another broker makes it by another.

use super::Broker;
use super::clock::Timer;
use super::connections::RequestId;
use super::loading::Loading;
use super::partition::Around;
use super::replicas::Slot;
use super::zookeeper;
use crate::controller::znodes;
#[cfg(test)]
use crate::group::Group;
use crate::group::{Answer, Append, Asker, Coordinator, Effect, GroupConfig, Token};
use crate::log::planted::Bug;
use crate::model::{ConnectionId, Offset, Text, TopicName, TopicPartition};
use crate::process::Outbox;
use crate::protocol::ErrorCode;
use crate::protocol::api::create_topics::{CreatableTopic, CreateableTopicConfig};
use crate::protocol::records::{BatchBuilder, Codec};
use crate::protocol::zookeeper::{Answer as ZooKeeperAnswer, Operation, Outcome, Watch};
use crate::rng::Rng;
use crate::sorted::SortedMap;
use crate::time::Moment;

/// Where groups are kept.
pub const OFFSETS_TOPIC: &str = "__consumer_offsets";

/// The coordinator, and what the broker keeps for it.
#[derive(Clone, Debug)]
pub(super) struct Coordinating {
    pub(super) coordinator: Coordinator,
    /// The requests that wait for its answers.
    askers: SortedMap<Asker, RequestId>,
    last_asker: u64,
    writes: SortedMap<Token, Write>,
    /// ZooKeeper was asked how many partitions there are.
    counting: bool,
    pub(super) loading: Loading,
}

/// A write that is not committed yet.
#[derive(Clone, Copy, Debug)]
struct Write {
    slot: Slot,
    base: Offset,
    /// The high watermark must get here.
    required: Offset,
}

impl Coordinating {
    pub(super) fn new(config: GroupConfig, rng: Rng) -> Coordinating {
        Coordinating {
            coordinator: Coordinator::new(config, rng),
            askers: SortedMap::new(),
            last_asker: 0,
            writes: SortedMap::new(),
            counting: false,
            loading: Loading::default(),
        }
    }

    /// Whether anybody waits for the coordinator.
    #[cfg(test)]
    pub(super) fn waits_for_answers(&self) -> bool {
        !self.askers.is_empty()
    }

    /// A connection is gone: whoever asked over it is answered no more.
    pub(super) fn closed(&mut self, connection: ConnectionId) {
        self.askers
            .retain(|_, request| request.connection != connection);
    }
}

/// A partition of the offsets topic.
pub(super) fn offsets_partition(partition: i32) -> TopicPartition {
    TopicPartition {
        topic: TopicName(OFFSETS_TOPIC.into()),
        partition,
    }
}

impl Broker {
    /// A name under which the coordinator can answer a request.
    pub(super) fn asker(&mut self, request: RequestId) -> Asker {
        self.groups.last_asker += 1;
        let asker = Asker(self.groups.last_asker);
        self.groups.askers.insert(asker, request);
        asker
    }

    /// Does what the coordinator wants done, until it wants nothing more.
    pub(super) fn serve_groups(&mut self, at: Moment, out: &mut Outbox) {
        loop {
            let effects = self.groups.coordinator.take_effects();
            if effects.is_empty() {
                return;
            }
            for effect in effects {
                match effect {
                    Effect::Answer(asker, answer) => {
                        if let Some(request) = self.groups.askers.remove(&asker) {
                            self.answer_member(at, request, answer, out);
                        }
                    }
                    Effect::Append(append) => self.write_for_groups(at, append, out),
                    Effect::Note(fact) => out.note(fact),
                }
            }
        }
    }

    fn answer_member(&mut self, at: Moment, request: RequestId, answer: Answer, out: &mut Outbox) {
        match answer {
            Answer::Join(mut response) => {
                if request.version < 7 && response.protocol_name.is_none() {
                    response.protocol_name = Some(Text::default());
                }
                if request.version >= 7 && response.protocol_name.as_deref() == Some("") {
                    response.protocol_name = None;
                }
                self.answer(at, request, &response, out);
            }
            Answer::Sync(response) => self.answer(at, request, &response, out),
            Answer::Heartbeat(response) => self.answer(at, request, &response, out),
            Answer::Leave(mut response) => {
                // Older versions speak of one member, whose error is that of the whole.
                if request.version < 3
                    && let Some(member) = response.members.first()
                {
                    response.error_code = member.error_code;
                }
                self.answer(at, request, &response, out);
            }
            Answer::OffsetCommit(response) => self.answer(at, request, &response, out),
            Answer::DeleteGroups(response) => self.answer(at, request, &response, out),
            Answer::OffsetDelete(response) => self.answer(at, request, &response, out),
        }
    }

    /// Has the coordinator believe something else of a group, without anybody having been asked.
    #[cfg(test)]
    pub(crate) fn plant_in_groups(&mut self, name: &str, change: impl FnOnce(&mut Group)) {
        self.groups.coordinator.plant(name, change);
    }

    // ---- writes

    fn write_for_groups(&mut self, at: Moment, append: Append, out: &mut Outbox) {
        let token = append.token;
        let written = self.append_for_groups(at, append, out);
        if let Ok(write) = &written {
            self.stir(write.slot);
        }
        let early = self.config.log.planted.has(Bug::CommitEarly);
        match (token, written) {
            (Some(token), Ok(write)) if early => {
                self.groups.coordinator.appended(at, token, Ok(write.base));
            }
            (Some(token), Ok(write)) => {
                self.groups.writes.insert(token, write);
                let timeout = self.groups.coordinator.config().offsets_commit_timeout;
                self.arm(Timer::GroupWrite(token), at, timeout);
            }
            (Some(token), Err(error)) => {
                self.groups.coordinator.appended(at, token, Err(error));
            }
            (None, _) => {}
        }
    }

    fn append_for_groups(
        &mut self,
        at: Moment,
        append: Append,
        out: &mut Outbox,
    ) -> Result<Write, ErrorCode> {
        let slot = self.replicas.slot(&offsets_partition(append.partition));
        let slot = slot.ok_or(ErrorCode::NotLeaderOrFollower)?;
        if !self.replicas.get(slot).is_leader() {
            return Err(ErrorCode::NotLeaderOrFollower);
        }
        let mut batch = BatchBuilder::new(Codec::None);
        for record in &append.records {
            let value = record.value.as_deref();
            batch.append(at.wall.0, Some(&record.key), value, &[]);
        }
        let cluster = self.metadata.clone();
        let around = Around {
            at,
            lag: self.config.replica_lag_time_max,
            cluster: &cluster,
        };
        let acks = match append.token {
            Some(_) => -1,
            None => 0,
        };
        let replica = self.replicas.get_mut(slot);
        let written = replica.append(&batch.build_batch(), acks, around, out);
        let written = written.map_err(|refused| refused.error)?;
        Ok(Write {
            slot,
            base: written.base_offset,
            required: written.next_offset,
        })
    }

    /// A partition changed: writes that wait for it may be committed, or lost.
    pub(super) fn check_group_writes(&mut self, at: Moment, slot: Slot, out: &mut Outbox) {
        let replica = self.replicas.get(slot);
        let waiting = self.groups.writes.iter();
        let waiting = waiting.filter(|(_, write)| write.slot == slot);
        let settled: Vec<(Token, Result<Offset, ErrorCode>)> = waiting
            .filter_map(|(token, write)| {
                let verdict = replica.acknowledges(write.required)?;
                let result = match verdict {
                    ErrorCode::None => Ok(write.base),
                    error => Err(error),
                };
                Some((*token, result))
            })
            .collect();
        for (token, result) in settled {
            self.settle_group_write(at, token, result, out);
        }
    }

    /// A write has waited for `offsets.commit.timeout.ms`.
    pub(super) fn group_write_is_late(&mut self, at: Moment, token: Token, out: &mut Outbox) {
        let result = Err(ErrorCode::RequestTimedOut);
        self.settle_group_write(at, token, result, out);
    }

    fn settle_group_write(
        &mut self,
        at: Moment,
        token: Token,
        result: Result<Offset, ErrorCode>,
        out: &mut Outbox,
    ) {
        if self.groups.writes.remove(&token).is_none() {
            return;
        }
        self.timers.cancel(&Timer::GroupWrite(token));
        self.groups.coordinator.appended(at, token, result);
        self.serve_groups(at, out);
    }

    // ---- the topic

    /// The cluster has changed: there may be partitions that keep groups now, and how far partitions were read
    /// that are gone is forgotten.
    pub(super) fn groups_learn(&mut self, at: Moment, gone: &[TopicPartition], out: &mut Outbox) {
        self.count_offsets_partitions(at, out);
        if !gone.is_empty() {
            self.groups.coordinator.partitions_deleted(at, gone);
            self.serve_groups(at, out);
        }
    }

    /// Asks how many partitions keep groups, if there are any and that is not known.
    pub(super) fn count_offsets_partitions(&mut self, at: Moment, out: &mut Outbox) {
        let topic = TopicName(OFFSETS_TOPIC.into());
        let known = self.groups.coordinator.knows_partitions();
        if known || self.groups.counting || self.metadata.topic(&topic).is_none() {
            return;
        }
        self.groups.counting = true;
        let read = Operation::GetData {
            path: znodes::topic_path(&topic),
            watch: Watch::None,
        };
        let asker = zookeeper::Asker::OffsetsTopic;
        self.zookeeper.request(at.now, read, asker, out);
    }

    /// ZooKeeper says which partitions keep groups. If it does not, whoever looks for a coordinator next has it
    /// asked again.
    pub(super) fn offsets_partitions_counted(&mut self, outcome: &Outcome) {
        self.groups.counting = false;
        if let Ok(ZooKeeperAnswer::Data { data, .. }) = outcome
            && let Some(assignment) = znodes::read_topic(data)
            && let Some((last, _)) = assignment.replicas.last_key_value()
        {
            self.groups
                .coordinator
                .set_partitions(last.saturating_add(1));
        }
    }

    /// The coordinator does what has fallen due.
    pub(super) fn wake_groups(&mut self, at: Moment, out: &mut Outbox) {
        if self
            .groups
            .coordinator
            .next_wakeup()
            .is_some_and(|due| due <= at.now)
        {
            self.groups.coordinator.wake(at);
            self.serve_groups(at, out);
        }
    }

    /// The topic in which groups are kept, as it is made when somebody first asks for a coordinator.
    pub(super) fn offsets_topic(&self) -> CreatableTopic {
        let config = self.groups.coordinator.config();
        let setting = |name: &str, value: &str| CreateableTopicConfig {
            name: name.into(),
            value: Some(value.into()),
        };
        CreatableTopic {
            name: OFFSETS_TOPIC.into(),
            num_partitions: config.offsets_topic_num_partitions,
            replication_factor: config.offsets_topic_replication_factor,
            configs: vec![
                setting("compression.type", "producer"),
                setting("cleanup.policy", "compact"),
                setting(
                    "segment.bytes",
                    &config.offsets_topic_segment_bytes.to_string(),
                ),
            ],
            ..CreatableTopic::default()
        }
    }
}
