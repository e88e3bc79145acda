//! A broker that hosts the controller: what it asks of it, and what it does with the answers.
//!
//! The controller works off one event after the other and waits for ZooKeeper in between, so a question
//! is a number, and the request behind it waits here until the reply with that number comes.

use super::Broker;
use super::requests::Asked;
use super::zookeeper::Asker;
use crate::controller::{Question, Reply, Token};
use crate::model::{BrokerId, TopicPartition};
use crate::process::{Outbox, Serials};
use crate::protocol::ErrorCode;
use crate::protocol::api::create_partitions::CreatePartitionsTopic;
use crate::protocol::api::create_topics::{CreatableTopic, CreatableTopicResult};
use crate::protocol::api::delete_topics::DeletableTopicResult;
use crate::protocol::api::{
    AlterPartitionResponse, ControlledShutdownResponse, CreateTopicsResponse,
};
use crate::time::{Duration, Moment};

/// A request that waits for the controller's reply.
#[derive(Clone, Debug)]
pub(super) enum Pending {
    AlterPartition(Asked),
    CreateTopics {
        asked: Asked,
        topics: Vec<CreatableTopic>,
        timeout: Duration,
    },
    /// A topic that somebody asked about; nobody waits.
    AutoCreate,
    ControlledShutdown(Asked),
    /// Producer ids for a broker.
    ProducerIds(Asked, BrokerId),
    DeleteTopics {
        asked: Asked,
        results: Vec<DeletableTopicResult>,
        timeout: Duration,
    },
    CreatePartitions {
        asked: Asked,
        topics: Vec<CreatePartitionsTopic>,
        timeout: Duration,
    },
    Reassign(Asked),
    ListMoves(Asked),
    ElectLeaders {
        asked: Asked,
        named: Option<Vec<TopicPartition>>,
        timeout: Duration,
    },
}

impl Broker {
    /// Asks the controller here. Answers at once that there is none, if there is none.
    pub(super) fn ask_controller(
        &mut self,
        at: Moment,
        pending: Pending,
        question: Question,
        out: &mut Outbox,
    ) {
        let Some(controller) = &mut self.controller else {
            return self.finish_question(at, pending, Reply::NotController, out);
        };
        self.last_token += 1;
        let token = Token(self.last_token);
        self.questions.insert(token, pending);
        controller.ask(at.now, token, question, out);
    }

    /// Lets candidate and controller go on: what they ask of ZooKeeper, what they reply, what they
    /// send. Whether there was anything.
    pub(super) fn run_controller(&mut self, at: Moment, out: &mut Outbox) -> bool {
        let mut replies = std::mem::take(&mut self.refused_by_controller);
        let asks = self.candidacy.take_asks();
        let mut busy = !asks.is_empty();
        for operation in asks {
            self.zookeeper
                .request(at.now, operation, Asker::Candidacy, out);
        }
        if let Some(controller) = &mut self.controller {
            let asker = Asker::Controller(controller.epoch());
            let asks = controller.take_asks();
            busy |= !asks.is_empty();
            for operation in asks {
                self.zookeeper
                    .request(at.now, operation, asker.clone(), out);
            }
            if controller.has_moved() {
                controller.abandon(out);
            }
            replies.extend(controller.take_replies());
            if controller.has_moved() {
                self.controller = None;
                self.candidacy.look();
                busy = true;
            } else {
                let mut serials = Serials(&mut self.connection_serial);
                controller.pump(at.now, &mut serials, out);
            }
        }
        busy |= !replies.is_empty();
        for (token, reply) in replies {
            if let Some(pending) = self.questions.remove(&token) {
                self.finish_question(at, pending, reply, out);
            }
        }
        busy
    }

    fn finish_question(&mut self, at: Moment, pending: Pending, reply: Reply, out: &mut Outbox) {
        let not_controller = ErrorCode::NotController.code();
        match (pending, reply) {
            (Pending::AlterPartition(asked), Reply::AlterPartition(response)) => {
                self.answer(at, asked.id, &response, out);
            }
            (Pending::AlterPartition(asked), _) => {
                let response = AlterPartitionResponse {
                    error_code: not_controller,
                    ..AlterPartitionResponse::default()
                };
                self.answer(at, asked.id, &response, out);
            }
            (
                Pending::CreateTopics {
                    asked,
                    topics,
                    timeout,
                },
                Reply::TopicsCreated(results),
            ) => self.topics_made(at, &asked, &topics, timeout, results, out),
            (Pending::CreateTopics { asked, topics, .. }, _) => {
                let results = topics.iter().map(|topic| CreatableTopicResult {
                    name: topic.name.clone(),
                    error_code: not_controller,
                    ..CreatableTopicResult::default()
                });
                let response = CreateTopicsResponse {
                    topics: results.collect(),
                    ..CreateTopicsResponse::default()
                };
                self.answer(at, asked.id, &response, out);
            }
            (Pending::ControlledShutdown(asked), reply) => {
                let response = match reply {
                    Reply::ShutDown(Ok(led)) => ControlledShutdownResponse {
                        remaining_partitions: led.into_iter().map(remaining).collect(),
                        ..ControlledShutdownResponse::default()
                    },
                    Reply::ShutDown(Err(error)) => ControlledShutdownResponse {
                        error_code: error.code(),
                        ..ControlledShutdownResponse::default()
                    },
                    // `ControllerMovedException`, where others say NOT_CONTROLLER.
                    _ => ControlledShutdownResponse {
                        error_code: ErrorCode::StaleControllerEpoch.code(),
                        ..ControlledShutdownResponse::default()
                    },
                };
                self.answer(at, asked.id, &response, out);
            }
            (Pending::ProducerIds(asked, broker), Reply::ProducerIds(allocated)) => {
                self.producer_ids_allocated(at, &asked, broker, allocated, out);
            }
            (Pending::ProducerIds(asked, broker), _) => {
                let refused = Err(ErrorCode::NotController);
                self.producer_ids_allocated(at, &asked, broker, refused, out);
            }
            (
                Pending::DeleteTopics {
                    asked,
                    results,
                    timeout,
                },
                reply,
            ) => {
                let marked = match reply {
                    Reply::TopicsMarked => Ok(()),
                    _ => Err(ErrorCode::NotController),
                };
                self.topics_marked(at, &asked, results, timeout, marked, out);
            }
            (
                Pending::CreatePartitions {
                    asked,
                    topics,
                    timeout,
                },
                reply,
            ) => {
                let results = match reply {
                    Reply::PartitionsMade(results) => results,
                    _ => Broker::refuse_partitions(&topics),
                };
                self.partitions_made(at, &asked, timeout, results, out);
            }
            (Pending::Reassign(asked), reply) => {
                let results = match reply {
                    Reply::Reassigned(results) => results,
                    _ => Err(ErrorCode::NotController),
                };
                self.reassigned(at, &asked, results, out);
            }
            (Pending::ListMoves(asked), reply) => {
                let moves = match reply {
                    Reply::Moves(moves) => Ok(moves),
                    _ => Err(ErrorCode::NotController),
                };
                self.moves_listed(at, &asked, moves, out);
            }
            (
                Pending::ElectLeaders {
                    asked,
                    named,
                    timeout,
                },
                reply,
            ) => {
                let results = match reply {
                    Reply::LeadersElected(results) => results,
                    _ => self.refuse_elections(named),
                };
                self.leaders_elected(at, &asked, timeout, results, out);
            }
            (Pending::AutoCreate, _) => {}
        }
    }
}

fn remaining(
    name: TopicPartition,
) -> crate::protocol::api::controlled_shutdown::RemainingPartition {
    crate::protocol::api::controlled_shutdown::RemainingPartition {
        topic_name: name.topic.0,
        partition_index: name.partition,
    }
}
