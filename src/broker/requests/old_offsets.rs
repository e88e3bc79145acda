//! OffsetCommit and OffsetFetch in version 0: how far groups have read, as ZooKeeper knows it.
//!
//! Until Kafka 0.8.2 a consumer wrote that down itself, a persistent znode for each partition:
//! `/consumers/GROUP/offsets/TOPIC/PARTITION` holds the offset as a decimal number. In version 0 a broker does it for
//! them, and that is all: any broker does, nobody has to be a member of anything, a note beside the offset is lost, and
//! nothing is ever forgotten. Coordinators know nothing of it, and what they know is not to be found here.
//!
//! ZooKeeper is asked of one partition after the other. A commit writes to the znode; if there is none, it creates one,
//! and where that has no parent it goes up until something can be created, and comes down again. Its connection is mute
//! meanwhile, so whoever asks more over it waits too, while the broker serves everybody else.
//!
//! A question that was lost with a connection to ZooKeeper is asked again, as long as it takes. With a session ends the
//! question that was open: of that partition the answer says UNKNOWN_SERVER_ERROR (−1), as of everything else that
//! ZooKeeper refuses, though it may have been written; the next is asked in the next session. Who has hung up
//! has committed all the same, unless very many have, and is not read for any more.
//!
//! Unlike Kafka, a partition that is named twice is written once, as it was named last, and told of once.

use std::collections::VecDeque;

use super::Asked;
use crate::broker::Broker;
use crate::broker::connections::RequestId;
use crate::broker::zookeeper::Asker;
use crate::controller::znodes;
use crate::group::named_once;
use crate::model::{ConnectionId, Text, TopicName, TopicPartition};
use crate::process::Outbox;
use crate::protocol::ErrorCode;
use crate::protocol::api::offset_commit::{
    OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use crate::protocol::api::offset_fetch::{
    OffsetFetchRequestTopic, OffsetFetchResponsePartition, OffsetFetchResponseTopic,
};
use crate::protocol::api::{
    OffsetCommitRequest, OffsetCommitResponse, OffsetFetchRequest, OffsetFetchResponse,
};
use crate::protocol::zookeeper::{
    ANY_VERSION, Answer, CreateMode, Error, Operation, Outcome, Watch,
};
use crate::sorted::Mentions;
use crate::time::Moment;

/// So many commits of those who have hung up are kept until ZooKeeper can be asked.
const MOST_LEFT: usize = 1_000;

/// A request that waits for ZooKeeper.
#[derive(Clone, Debug)]
pub(in crate::broker) struct OldOffsets {
    id: RequestId,
    group: Text,
    response: Response,
    /// What is still open of it; the first is asked of now.
    open: VecDeque<Open>,
    step: Step,
    /// Whether it is a commit of somebody who has hung up.
    is_left: bool,
}

/// What is told so far.
#[derive(Clone, Debug)]
enum Response {
    Commit(OffsetCommitResponse),
    Fetch(OffsetFetchResponse),
}

/// A partition of which ZooKeeper has not told everything.
#[derive(Clone, Copy, Debug)]
struct Open {
    /// Its place in the answer.
    topic: usize,
    partition: usize,
    /// What is to be committed.
    offset: i64,
}

/// How far the first open partition has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Reads the znode, or writes to it.
    There,
    /// There is none: creates what the first so many bytes of its path name.
    Upward(usize),
    /// A parent is there now.
    Downward(usize),
}

impl Broker {
    pub(super) fn commit_in_zookeeper(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: OffsetCommitRequest,
        out: &mut Outbox,
    ) {
        let most = self.groups.coordinator.config().offset_metadata_max_bytes;
        let mut response = OffsetCommitResponse::default();
        let mut open = VecDeque::new();
        for topic in named_once(request.topics) {
            let mut answers = Vec::with_capacity(topic.partitions.len());
            for wanted in topic.partitions {
                let note = wanted.committed_metadata.as_deref().unwrap_or_default();
                let error = if !self.knows(&topic.name, wanted.partition_index) {
                    ErrorCode::UnknownTopicOrPartition
                } else if note.encode_utf16().count() > most {
                    ErrorCode::OffsetMetadataTooLarge
                } else {
                    open.push_back(Open {
                        topic: response.topics.len(),
                        partition: answers.len(),
                        offset: wanted.committed_offset,
                    });
                    ErrorCode::None
                };
                answers.push(OffsetCommitResponsePartition {
                    partition_index: wanted.partition_index,
                    error_code: error.code(),
                });
            }
            response.topics.push(OffsetCommitResponseTopic {
                name: topic.name,
                partitions: answers,
            });
        }
        let response = Response::Commit(response);
        self.begin_old_offsets(at, asked.id, request.group_id, (response, open), out);
    }

    pub(super) fn fetch_from_zookeeper(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: OffsetFetchRequest,
        out: &mut Outbox,
    ) {
        let mut response = OffsetFetchResponse::default();
        let mut open = VecDeque::new();
        for (name, indexes) in asked_once(&request.topics.unwrap_or_default()) {
            let mut answers = Vec::with_capacity(indexes.len());
            for index in indexes {
                if self.knows(&name, index) {
                    open.push_back(Open {
                        topic: response.topics.len(),
                        partition: answers.len(),
                        offset: -1,
                    });
                }
                // As of a partition that nobody knows is told of one that the group has never read.
                answers.push(OffsetFetchResponsePartition {
                    partition_index: index,
                    committed_offset: -1,
                    error_code: ErrorCode::UnknownTopicOrPartition.code(),
                    ..OffsetFetchResponsePartition::default()
                });
            }
            response.topics.push(OffsetFetchResponseTopic {
                name,
                partitions: answers,
            });
        }
        let response = Response::Fetch(response);
        self.begin_old_offsets(at, asked.id, request.group_id, (response, open), out);
    }

    fn knows(&self, topic: &Text, partition: i32) -> bool {
        let name = TopicPartition {
            topic: TopicName(topic.clone()),
            partition,
        };
        self.metadata.partition(&name).is_some()
    }

    fn begin_old_offsets(
        &mut self,
        at: Moment,
        id: RequestId,
        group: Text,
        (response, open): (Response, VecDeque<Open>),
        out: &mut Outbox,
    ) {
        self.last_token += 1;
        let waiting = OldOffsets {
            id,
            group,
            response,
            open,
            step: Step::There,
            is_left: false,
        };
        self.go_on_with_old_offsets(at, self.last_token, waiting, out);
    }

    /// Asks ZooKeeper the next question, or answers if there is none.
    fn go_on_with_old_offsets(
        &mut self,
        at: Moment,
        number: u64,
        mut waiting: OldOffsets,
        out: &mut Outbox,
    ) {
        while let Some(open) = waiting.open.front().copied() {
            if let Some(question) = waiting.question(open) {
                self.old_offsets.insert(number, waiting);
                let asker = Asker::OldOffsets(number);
                return self.zookeeper.request(at.now, question, asker, out);
            }
            waiting.conclude(Err(ErrorCode::UnknownServerError));
        }
        match &waiting.response {
            Response::Commit(response) => self.answer(at, waiting.id, response, out),
            Response::Fetch(response) => self.answer(at, waiting.id, response, out),
        }
    }

    /// ZooKeeper has answered a request that waits for it.
    pub(in crate::broker) fn old_offsets_answered(
        &mut self,
        at: Moment,
        number: u64,
        outcome: &Outcome,
        out: &mut Outbox,
    ) {
        if let Some(mut waiting) = self.old_offsets.remove(&number) {
            waiting.hear(outcome);
            self.go_on_with_old_offsets(at, number, waiting, out);
        }
    }

    /// A connection is gone: nothing is read for it any more, and of what it commits only that is kept, as long as there
    /// is room for it.
    pub(in crate::broker) fn unask_old_offsets(&mut self, connection: ConnectionId) {
        let mut left = 0;
        self.old_offsets.retain(|_, waiting| {
            if waiting.id.connection == connection {
                waiting.forget_the_answer();
            }
            let has_left = waiting.is_left;
            left += usize::from(has_left);
            waiting.id.connection != connection || has_left && left <= MOST_LEFT
        });
    }
}

impl OldOffsets {
    /// Nobody will be told: of a commit what is still to be written stays.
    fn forget_the_answer(&mut self) {
        let Response::Commit(response) = &mut self.response else {
            return;
        };
        self.is_left = true;
        let mut topics: Vec<OffsetCommitResponseTopic> = Vec::new();
        let mut from = None;
        for open in &mut self.open {
            let topic = &response.topics[open.topic];
            if from != Some(open.topic) {
                from = Some(open.topic);
                topics.push(OffsetCommitResponseTopic {
                    name: topic.name.clone(),
                    partitions: Vec::new(),
                });
            }
            let told = topic.partitions[open.partition].clone();
            open.topic = topics.len() - 1;
            open.partition = topics[open.topic].partitions.len();
            topics[open.topic].partitions.push(told);
        }
        response.topics = topics;
    }

    /// The znode of a partition, if the group can have any.
    fn path(&self, open: Open) -> Option<Text> {
        let (topic, partition) = match &self.response {
            Response::Commit(response) => {
                let topic = &response.topics[open.topic];
                (
                    &topic.name,
                    topic.partitions[open.partition].partition_index,
                )
            }
            Response::Fetch(response) => {
                let topic = &response.topics[open.topic];
                (
                    &topic.name,
                    topic.partitions[open.partition].partition_index,
                )
            }
        };
        let name = TopicPartition {
            topic: TopicName(topic.clone()),
            partition,
        };
        znodes::offset_path(&self.group, &name)
    }

    /// What ZooKeeper is asked next of the first open partition.
    fn question(&self, open: Open) -> Option<Operation> {
        let path = self.path(open)?;
        let data = znodes::write_offset(open.offset);
        Some(match (&self.response, self.step) {
            (Response::Fetch(_), _) => Operation::GetData {
                path,
                watch: Watch::None,
            },
            (Response::Commit(_), Step::There) => Operation::SetData {
                path,
                data,
                version: ANY_VERSION,
            },
            (Response::Commit(_), Step::Upward(length) | Step::Downward(length)) => {
                Operation::Create {
                    data: match length == path.len() {
                        true => data,
                        false => bytes::Bytes::new(),
                    },
                    path: path[..length].into(),
                    mode: CreateMode::Persistent,
                }
            }
        })
    }

    /// ZooKeeper has said something of the first open partition.
    fn hear(&mut self, outcome: &Outcome) {
        let Some(open) = self.open.front().copied() else {
            return;
        };
        match &self.response {
            Response::Fetch(_) => self.conclude(found(outcome)),
            Response::Commit(_) => match self.next_step(open, outcome) {
                Some(step) => self.step = step,
                None => self.conclude(written(outcome)),
            },
        }
    }

    /// What a commit does next about a partition; `None` when that is over (`KafkaZkClient.createRecursive`).
    fn next_step(&self, open: Open, outcome: &Outcome) -> Option<Step> {
        let path = self.path(open)?;
        let error = outcome.as_ref().err().map(|failure| failure.error);
        let parent = |length: usize| path[..length].rfind('/').filter(|length| *length > 0);
        match (self.step, error) {
            (Step::There, Some(Error::NoNode)) => Some(Step::Upward(path.len())),
            (Step::Upward(length), Some(Error::NoNode)) => parent(length).map(Step::Upward),
            // Somebody else may have made the parent meanwhile, which is as well.
            (Step::Upward(length) | Step::Downward(length), None | Some(Error::NodeExists))
                if length < path.len() =>
            {
                let next = path[length + 1..].find('/');
                let next = next.map_or(path.len(), |next| length + 1 + next);
                Some(Step::Downward(next))
            }
            _ => None,
        }
    }

    /// All is known of the first open partition: an offset, that there is none, or that nobody can tell.
    fn conclude(&mut self, result: Result<Option<i64>, ErrorCode>) {
        let Some(open) = self.open.pop_front() else {
            return;
        };
        self.step = Step::There;
        let error = result.err().unwrap_or(ErrorCode::None);
        match &mut self.response {
            Response::Commit(response) => {
                let topic = &mut response.topics[open.topic];
                topic.partitions[open.partition].error_code = error.code();
            }
            Response::Fetch(response) => {
                let topic = &mut response.topics[open.topic];
                let told = &mut topic.partitions[open.partition];
                match result {
                    Ok(Some(offset)) => {
                        told.committed_offset = offset;
                        told.error_code = error.code();
                    }
                    // As it stands there.
                    Ok(None) => {}
                    Err(error) => told.error_code = error.code(),
                }
            }
        }
    }
}

/// What a read has found.
fn found(outcome: &Outcome) -> Result<Option<i64>, ErrorCode> {
    match outcome {
        Ok(Answer::Data { data, .. }) => {
            znodes::read_offset(data).map_err(|_| ErrorCode::UnknownServerError)
        }
        Err(failure) if failure.error == Error::NoNode => Ok(None),
        _ => Err(ErrorCode::UnknownServerError),
    }
}

/// What a write has come to.
fn written(outcome: &Outcome) -> Result<Option<i64>, ErrorCode> {
    match outcome {
        Ok(_) => Ok(None),
        Err(_) => Err(ErrorCode::UnknownServerError),
    }
}

/// The partitions that are asked for, each once.
fn asked_once(topics: &[OffsetFetchRequestTopic]) -> Vec<(Text, Vec<i32>)> {
    let names = Mentions::of(topics.iter().map(|topic| &topic.name));
    let unique = names.firsts().map(|first| {
        let name = &topics[first].name;
        let places = names.places(name).iter();
        let indexes = places.flat_map(|place| &topics[*place].partition_indexes);
        let indexes: Vec<i32> = indexes.copied().collect();
        let mentions = Mentions::of(indexes.iter().copied());
        let unique = mentions.firsts().map(|first| indexes[first]);
        (name.clone(), unique.collect())
    });
    unique.collect()
}
