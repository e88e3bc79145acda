//! One event after the other (`ControllerEventManager`).
//!
//! Everything that a controller does, it does because of an event: a watch went off, a broker answered, a
//! leader asked. Events are dealt with in order, each to its end, and an event that has to read or write
//! znodes waits for ZooKeeper while the others wait for it. So an event is a list of steps, and a step
//! that waits is data: what it is about, and the outcomes that have come so far.
//!
//! Laws: at most one step waits; ZooKeeper answers in the order in which it was asked; what is to be told
//! to brokers goes out when a step says so, and at the latest when the event is done.

use super::question::{Question, Reply, Token};
use super::reading::{children, get, read_brokers, read_states, read_topics, watch_children};
use super::step::Step;
use super::{Controller, Tenure, znodes};
use crate::model::{BrokerId, TopicName, TopicPartition};
use crate::process::Outbox;
use crate::protocol::api::{LeaderAndIsrResponse, StopReplicaResponse};
use crate::protocol::zookeeper::{ANY_VERSION, Error, Failure, Operation, Outcome};
use crate::time::Instant;

/// Why a controller does something.
#[derive(Clone, Debug)]
pub(super) enum Event {
    TookOffice,
    BrokersChanged,
    TopicsChanged,
    TopicModified(TopicName),
    DeletionsChanged,
    LeadersAnswered(BrokerId, LeaderAndIsrResponse),
    ReplicasDeleted(BrokerId, StopReplicaResponse),
    Asked(Token, Question),
    /// It is time to look after preferred leaders.
    Rebalance,
    UncleanEnabled,
}

/// A step that waits for ZooKeeper.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    step: Step,
    open: usize,
    outcomes: Vec<Outcome>,
}

impl Controller {
    /// Asks something of the controller; the reply is taken out later.
    pub fn ask(&mut self, now: Instant, token: Token, question: Question, out: &mut Outbox) {
        self.push_event(Event::Asked(token, question));
        self.work(now, out);
    }

    pub(super) fn push_event(&mut self, event: Event) {
        self.events.push_back(event);
    }

    /// Does what can be done without ZooKeeper's next answer.
    pub(super) fn work(&mut self, now: Instant, out: &mut Outbox) {
        while self.tenure != Tenure::Over && self.waiting.is_none() {
            if let Some(step) = self.steps.pop_front() {
                self.take_step(step, now, out);
                continue;
            }
            self.flush();
            let Some(event) = self.events.pop_front() else {
                return;
            };
            self.take_event(event);
        }
        if self.tenure == Tenure::Over {
            self.refuse_questions();
        }
    }

    /// Nobody waits for a controller that is none.
    fn refuse_questions(&mut self) {
        for event in std::mem::take(&mut self.events) {
            if let Event::Asked(token, _) = event {
                self.replies.push((token, Reply::NotController));
            }
        }
        let at_hand = self.waiting.take().map(|waiting| waiting.step);
        for step in at_hand.into_iter().chain(std::mem::take(&mut self.steps)) {
            let token = match step {
                Step::WriteIsrs(changes) | Step::CheckIsrs(changes) => Some(changes.token),
                Step::WriteTopics(token, _)
                | Step::ShutDown(token, _)
                | Step::WriteDeletions(token, _)
                | Step::ReadProducerIds(token, _)
                | Step::Reply(token, _)
                | Step::ReportElections(token, ..)
                | Step::WriteProducerIds { token, .. } => Some(token),
                _ => None,
            };
            if let Some(token) = token {
                self.replies.push((token, Reply::NotController));
            }
        }
    }

    /// Ends a tenure; whoever waits for an answer is told.
    pub fn abandon(&mut self, out: &mut Outbox) {
        if self.tenure != Tenure::Over {
            self.resign(out);
        }
        self.refuse_questions();
    }

    fn take_event(&mut self, event: Event) {
        match event {
            Event::TookOffice => self.then(Step::ReadCluster),
            Event::BrokersChanged => self.then(Step::ReadRegistrations),
            Event::TopicsChanged => self.then(Step::ReadTopicNames),
            Event::DeletionsChanged => self.then(Step::ReadDeletions),
            Event::TopicModified(topic) => {
                if self.store.topic(&topic).is_some() {
                    self.then(Step::ReadTopics(vec![topic]));
                }
            }
            Event::LeadersAnswered(broker, said) => self.leaders_answered(broker, &said),
            Event::ReplicasDeleted(broker, said) => self.replicas_deleted(broker, &said),
            Event::Asked(token, question) => match question {
                Question::AlterPartition { request, version } => {
                    self.alter_partition(token, &request, version);
                }
                Question::CreateTopics(mut creation) => {
                    self.refuse_existing(&mut creation);
                    self.then(Step::WriteTopics(token, creation));
                }
                Question::AllocateProducerIds { broker, epoch } => {
                    self.want_producer_ids(token, broker, epoch);
                }
                Question::DeleteTopics(topics) => self.then(Step::WriteDeletions(token, topics)),
                Question::CreatePartitions(request) => self.create_partitions(token, &request),
                Question::Reassign(wishes) => self.reassign(token, &wishes),
                Question::ListMoves(named) => {
                    let moves = self.list_moves(named.as_deref());
                    self.replies.push((token, Reply::Moves(moves)));
                }
                Question::ElectLeaders { named, strategy } => {
                    self.elect_as_asked(token, named, strategy);
                }
                Question::ControlledShutdown { broker, epoch } => {
                    self.shut_down(token, broker, epoch);
                }
            },
            Event::Rebalance => self.rebalance(),
            Event::UncleanEnabled => self.then(Step::ElectVacant),
        }
    }

    /// Does a step, or asks ZooKeeper what it needs to know for it.
    fn take_step(&mut self, step: Step, now: Instant, out: &mut Outbox) {
        let operations = match &step {
            Step::Flush => return self.flush(),
            Step::Begin => return self.begin(now),
            Step::BrokersCame(brokers) => return self.brokers_came(&brokers.clone(), out),
            Step::BrokersWent(brokers) => return self.brokers_went(&brokers.clone(), out),
            Step::ElectVacant => return self.elect_vacant(),
            Step::Create(names) => return self.create(&names.clone()),
            Step::TellReplicas(names) => return self.tell_all_replicas(&names.clone(), out),
            Step::ShutDown(token, broker) => return self.let_go(*token, *broker),
            Step::Delete => return self.go_on_deleting(),
            Step::EndMoves => return self.end_moves(),
            Step::EndMove(name) => return self.end_move_in_turn(&name.clone()),
            Step::TellMetadata(names) => return self.batch.tell(names),
            Step::Reply(token, reply) => return self.replies.push((*token, reply.clone())),
            Step::ReportElections(token, asked, strategy) => {
                return self.report_elections(*token, asked.clone(), *strategy);
            }
            Step::WriteAssignment(topic) => self.write_assignment(topic),
            Step::WriteGrowth(topic, replicas) => self.write_growth(topic, replicas),
            Step::StopReplicas(replicas, data) => {
                return self.stop_replicas(&replicas.clone(), *data);
            }
            Step::ReadProducerIds(..) => vec![get(znodes::PRODUCER_IDS)],
            Step::WriteProducerIds {
                broker,
                block,
                version,
                ..
            } => vec![Controller::write_producer_ids(*broker, *block, *version)],
            Step::ReadDeletions => vec![watch_children(znodes::DELETE_TOPICS)],
            Step::WriteDeletions(_, topics) => Controller::write_deletions(topics),
            Step::ForgetDeletions(topics) => self.forget_deletions(topics),
            Step::DeleteZnodes(topic) => self.delete_znodes(topic),
            Step::ReadCluster => self.read_cluster(),
            Step::ReadDetails { brokers, topics } => self.read_details(brokers, topics),
            Step::ReadStates(names) => read_states(names),
            Step::ReadRegistrations => vec![watch_children(znodes::BROKER_IDS)],
            Step::ReadBrokers(brokers) => read_brokers(brokers),
            Step::ReadTopicNames => vec![watch_children(znodes::TOPICS)],
            Step::ReadTopics(topics) => read_topics(topics),
            Step::WriteTopics(_, creation) => creation.operations(),
            Step::WriteCreated(created) => self.write_created(created),
            Step::Elect(names, _) => self.read_for_election(names),
            Step::Leave(_, names) => read_states(names),
            Step::WriteElected(decided, _) | Step::WriteLeft(_, decided) => {
                self.write_states(decided)
            }
            Step::WriteIsrs(changes) => {
                let accepted: Vec<_> = changes.accepted().collect();
                self.write_states(&accepted)
            }
            Step::CheckIsrs(changes) => {
                let names: Vec<TopicPartition> = changes.accepted().map(|(name, _)| name).collect();
                read_states(&names)
            }
        };
        let waiting = Waiting {
            step,
            open: operations.len(),
            outcomes: Vec::with_capacity(operations.len()),
        };
        self.asks.extend(operations);
        match waiting.open {
            0 => self.go_on(waiting.step, Vec::new(), out),
            _ => self.waiting = Some(waiting),
        }
    }

    /// Takes ZooKeeper's next answer; the step goes on when it was the last.
    pub(super) fn take_outcome(&mut self, outcome: Outcome, out: &mut Outbox) {
        if self.tenure == Tenure::Over {
            return;
        }
        if self.is_the_end(&outcome) {
            return self.resign(out);
        }
        let Some(waiting) = &mut self.waiting else {
            return;
        };
        waiting.outcomes.push(outcome);
        if waiting.outcomes.len() < waiting.open {
            return;
        }
        if let Some(Waiting { step, outcomes, .. }) = self.waiting.take() {
            self.go_on(step, outcomes, out);
        }
    }

    /// Whether an outcome says that this controller is none any more: its session is over, or its epoch
    /// is not the one that stands in ZooKeeper (`ControllerMovedException`).
    fn is_the_end(&self, outcome: &Outcome) -> bool {
        match outcome {
            Err(Failure {
                error: Error::SessionExpired,
                ..
            }) => true,
            // The guard stands first in every write.
            Err(Failure {
                error: Error::BadVersion | Error::NoNode,
                part: 0,
            }) => self.waiting.as_ref().is_some_and(|at| at.step.is_guarded()),
            _ => false,
        }
    }

    /// Goes on with a step whose answers are all there.
    fn go_on(&mut self, step: Step, outcomes: Vec<Outcome>, out: &mut Outbox) {
        match step {
            Step::ReadCluster => self.cluster_read(&outcomes),
            Step::ReadDetails { brokers, topics } => {
                self.details_read(&brokers, &topics, &outcomes, out);
            }
            Step::ReadStates(names) => self.take_states(&names, &outcomes),
            Step::ReadRegistrations => {
                let brokers = children(outcomes.first()).into_iter();
                let brokers = brokers.filter_map(|name| name.parse().ok().map(BrokerId));
                self.next(Step::ReadBrokers(brokers.collect()));
            }
            Step::ReadBrokers(brokers) => self.registrations_read(&brokers, &outcomes, out),
            Step::ReadTopicNames => self.topic_names_read(&children(outcomes.first())),
            Step::ReadTopics(topics) => self.topics_read(&topics, &outcomes),
            Step::WriteTopics(token, creation) => self.topics_written(token, creation, &outcomes),
            Step::WriteCreated(created) => self.created(created, &outcomes, out),
            Step::Elect(names, strategy) => self.hold_election(&names, strategy, &outcomes),
            Step::WriteElected(decided, strategy) => {
                self.elected(decided, strategy, &outcomes, out)
            }
            Step::Leave(broker, names) => self.decide_leave(broker, &names, &outcomes, out),
            Step::WriteLeft(broker, decided) => self.left(broker, decided, &outcomes, out),
            Step::WriteIsrs(changes) => self.isrs_written(changes, &outcomes, out),
            Step::CheckIsrs(changes) => self.isrs_checked(changes, &outcomes, out),
            Step::ReadDeletions => {
                let names = children(outcomes.first()).into_iter();
                self.deletions_read(names.map(TopicName).collect());
            }
            Step::ReadProducerIds(token, broker) => {
                self.producer_ids_read(token, broker, outcomes.first());
            }
            Step::WriteProducerIds {
                token,
                broker,
                block,
                ..
            } => self.producer_ids_written(token, broker, block, outcomes.first()),
            Step::WriteDeletions(token, _) => self.replies.push((token, Reply::TopicsMarked)),
            Step::ForgetDeletions(_) => {}
            Step::DeleteZnodes(topic) => self.znodes_deleted(&topic, out),
            // The watch on the topic tells what stands there now.
            Step::WriteAssignment(_) | Step::WriteGrowth(..) => {}
            Step::Flush
            | Step::Delete
            | Step::EndMoves
            | Step::EndMove(_)
            | Step::TellMetadata(_)
            | Step::Reply(..)
            | Step::ReportElections(..)
            | Step::StopReplicas(..)
            | Step::Begin
            | Step::BrokersCame(_)
            | Step::BrokersWent(_)
            | Step::ElectVacant
            | Step::Create(_)
            | Step::TellReplicas(_)
            | Step::ShutDown(..) => unreachable!("these steps ask ZooKeeper nothing"),
        }
    }

    /// After everything that is already to be done for this event.
    pub(super) fn then(&mut self, step: Step) {
        self.steps.push_back(step);
    }

    /// Before everything else that is to be done for this event.
    pub(super) fn next(&mut self, step: Step) {
        self.steps.push_front(step);
    }

    /// Several steps, the first of them next.
    pub(super) fn next_all(&mut self, steps: Vec<Step>) {
        for step in steps.into_iter().rev() {
            self.next(step);
        }
    }

    /// Sends what has been gathered.
    fn flush(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        self.send(batch);
    }

    /// A write that has no effect unless this controller is still in office.
    pub(super) fn guarded(&self, operations: Vec<Operation>) -> Operation {
        let guard = Operation::Check {
            path: znodes::CONTROLLER_EPOCH.into(),
            version: match self.rules.is_fenced {
                true => self.epoch_version,
                false => ANY_VERSION,
            },
        };
        Operation::Multi(std::iter::once(guard).chain(operations).collect())
    }
}
