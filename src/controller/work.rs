//! One event after the other (`ControllerEventManager`).
//!
//! Everything that a controller does, it does because of an event: a watch went off, a broker answered, a
//! leader asked. Events are dealt with in order, each to its end, and an event that has to read or write
//! znodes waits for ZooKeeper while the others wait for it. So an event is a list of steps, and a step
//! that waits is data: what it is about, and the outcomes that have come so far.
//!
//! Laws: at most one step waits; ZooKeeper answers in the order in which it was asked; what is to be told
//! to brokers goes out when a step says so, and at the latest when the event is done.

use super::batch::Data;
use super::create_topics::Creation;
use super::registrations::Registered;
use super::store::PartitionState;
use super::strategy::Strategy;
use super::{Controller, Elected, MoveWish, ProducerIdBlock, Tenure, TopicSetup, znodes};
use crate::model::{BrokerEpoch, BrokerId, TopicName, TopicPartition};
use crate::process::Outbox;
use crate::protocol::ErrorCode;
use crate::protocol::api::create_partitions::CreatePartitionsTopicResult;
use crate::protocol::api::create_topics::CreatableTopicResult;
use crate::protocol::api::{
    AlterPartitionRequest, AlterPartitionResponse, CreatePartitionsRequest, LeaderAndIsrResponse,
    StopReplicaResponse,
};
use crate::protocol::zookeeper::{ANY_VERSION, Answer, Error, Failure, Operation, Outcome};
use crate::time::Instant;

/// Whom a reply is for: the broker that hosts the controller numbers its questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Token(pub u64);

/// Something that somebody asks of the controller.
#[derive(Clone, Debug)]
pub enum Question {
    AlterPartition {
        request: AlterPartitionRequest,
        version: i16,
    },
    /// Topics that have passed every rule; the results for those that have not are there already.
    CreateTopics(Creation),
    /// A broker wants producer ids to give away.
    AllocateProducerIds {
        broker: BrokerId,
        epoch: BrokerEpoch,
    },
    /// Topics that exist and are to go.
    DeleteTopics(Vec<TopicName>),
    CreatePartitions(CreatePartitionsRequest),
    /// Partitions shall move to other brokers.
    Reassign(Vec<MoveWish>),
    /// A person wants elections; of all partitions when none is named.
    ElectLeaders {
        named: Option<Vec<TopicPartition>>,
        strategy: Strategy,
    },
    /// A broker wants to stop.
    ControlledShutdown {
        broker: BrokerId,
        epoch: BrokerEpoch,
    },
}

/// What comes of it.
#[derive(Clone, Debug)]
pub enum Reply {
    AlterPartition(AlterPartitionResponse),
    TopicsCreated(Vec<CreatableTopicResult>),
    /// Topics are marked for deletion.
    TopicsMarked,
    /// Each result with the partitions that are new.
    PartitionsMade(Vec<(CreatePartitionsTopicResult, Vec<TopicPartition>)>),
    Reassigned(Result<Vec<(TopicPartition, ErrorCode)>, ErrorCode>),
    LeadersElected(Vec<(TopicPartition, Elected)>),
    ProducerIds(Result<ProducerIdBlock, ErrorCode>),
    /// The partitions that the broker still leads.
    ShutDown(Result<Vec<TopicPartition>, ErrorCode>),
    /// This controller is none any more.
    NotController,
}

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

/// One step of what an event asks for.
#[derive(Clone, Debug)]
pub(super) enum Step {
    // ---- taking office
    ReadCluster,
    ReadDetails {
        brokers: Vec<BrokerId>,
        topics: Vec<TopicName>,
    },
    /// Reads the states of these partitions.
    ReadStates(Vec<TopicPartition>),
    /// Everything is read: tells everybody, and looks for who is missing.
    Begin,

    // ---- brokers
    ReadRegistrations,
    ReadBrokers(Vec<BrokerId>),
    BrokersCame(Vec<Registered>),
    BrokersWent(Vec<BrokerId>),

    // ---- topics
    ReadTopicNames,
    ReadTopics(Vec<TopicName>),
    WriteTopics(Option<Token>, Creation),

    ReadDeletions,
    WriteDeletions(Token, Vec<TopicName>),
    /// Wishes for topics that there are not.
    ForgetDeletions(Vec<TopicName>),
    /// Goes on with every deletion.
    Delete,
    StopReplicas(Vec<(BrokerId, TopicPartition)>, Data),
    DeleteZnodes(TopicName),
    /// Writes who has replicas of a topic's partitions.
    WriteAssignment(TopicName),
    /// The same with partitions that are new.
    WriteGrowth(TopicName, Vec<Vec<BrokerId>>),

    // ---- partitions
    /// Chooses the first leaders of these, and writes their first states.
    Create(Vec<TopicPartition>),
    WriteCreated(Vec<(TopicPartition, PartitionState)>),
    /// Tells replicas about states that were read.
    TellReplicas(Vec<TopicPartition>),
    /// Elects where nobody leads, or nobody has ever led.
    ElectVacant,
    /// Reads the states, elects, writes; whoever was too slow begins again.
    Elect(Vec<TopicPartition>, Strategy),
    WriteElected(Vec<(TopicPartition, PartitionState)>, Strategy),
    /// Takes a broker out of ISRs.
    Leave(BrokerId, Vec<TopicPartition>),
    WriteLeft(BrokerId, Vec<(TopicPartition, PartitionState)>),
    WriteIsrs(super::alter_partition::Changes),
    CheckIsrs(super::alter_partition::Changes),
    ReadProducerIds(Token, BrokerId),
    WriteProducerIds {
        token: Token,
        broker: BrokerId,
        block: ProducerIdBlock,
        version: i32,
    },
    /// Answers a broker that wants to stop: what it still leads.
    ShutDown(Token, BrokerId),

    /// Ends the moves that can be ended.
    EndMoves,
    /// Everybody is told about these.
    TellMetadata(Vec<TopicPartition>),
    ReportElections(
        Token,
        Vec<(TopicPartition, Result<i32, ErrorCode>)>,
        Strategy,
    ),
    /// Answers, now that what was asked for is done.
    Reply(Token, Reply),

    /// Sends what has been gathered.
    Flush,
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
                Step::WriteTopics(token, _) => token,
                Step::WriteIsrs(changes) | Step::CheckIsrs(changes) => Some(changes.token),
                Step::ShutDown(token, _)
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
                Question::CreateTopics(creation) => {
                    self.then(Step::WriteTopics(Some(token), creation));
                }
                Question::AllocateProducerIds { broker, epoch } => {
                    self.want_producer_ids(token, broker, epoch);
                }
                Question::DeleteTopics(topics) => self.then(Step::WriteDeletions(token, topics)),
                Question::CreatePartitions(request) => self.create_partitions(token, &request),
                Question::Reassign(wishes) => self.reassign(token, &wishes),
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
            Step::ReadProducerIds(..) => vec![get(znodes::PRODUCER_IDS.into())],
            Step::WriteProducerIds {
                broker,
                block,
                version,
                ..
            } => vec![Controller::write_producer_ids(*broker, *block, *version)],
            Step::ReadDeletions => vec![self.watch_children(znodes::DELETE_TOPICS)],
            Step::WriteDeletions(_, topics) => Controller::write_deletions(topics),
            Step::ForgetDeletions(topics) => Controller::forget_deletions(topics),
            Step::DeleteZnodes(topic) => self.delete_znodes(topic),
            Step::ReadCluster => self.read_cluster(),
            Step::ReadDetails { brokers, topics } => self.read_details(brokers, topics),
            Step::ReadStates(names) => read_states(names),
            Step::ReadRegistrations => vec![self.watch_children(znodes::BROKER_IDS)],
            Step::ReadBrokers(brokers) => read_brokers(brokers),
            Step::ReadTopicNames => vec![self.watch_children(znodes::TOPICS)],
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
            Step::Leave(broker, names) => self.decide_leave(broker, &names, &outcomes),
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

    pub(super) fn watch_children(&self, path: &str) -> Operation {
        Operation::GetChildren {
            path: path.into(),
            watch: crate::protocol::zookeeper::Watch::Leave,
        }
    }
}

impl Step {
    /// Whether each of its writes begins with the guard of the controller's epoch.
    fn is_guarded(&self) -> bool {
        matches!(
            self,
            Step::WriteCreated(_)
                | Step::WriteElected(..)
                | Step::WriteLeft(..)
                | Step::WriteIsrs(_)
                | Step::DeleteZnodes(_)
                | Step::WriteAssignment(_)
                | Step::WriteGrowth(..)
        )
    }
}

impl TopicSetup {
    /// The names of its partitions.
    pub fn partitions(&self) -> impl Iterator<Item = TopicPartition> + '_ {
        (0..self.replicas.len() as i32).map(|partition| TopicPartition {
            topic: self.name.clone(),
            partition,
        })
    }
}

// ---- what is asked, and how answers are read

pub(super) fn get(path: crate::model::Text) -> Operation {
    Operation::GetData {
        path,
        watch: crate::protocol::zookeeper::Watch::None,
    }
}

fn read_states(names: &[TopicPartition]) -> Vec<Operation> {
    let paths = names.iter().map(znodes::state_path);
    paths.map(get).collect()
}

fn read_brokers(brokers: &[BrokerId]) -> Vec<Operation> {
    let paths = brokers.iter().map(|id| znodes::broker_path(*id));
    paths.map(get).collect()
}

/// Each topic's assignment, with a watch on it, then each topic's settings.
pub(super) fn read_topics(topics: &[TopicName]) -> Vec<Operation> {
    let watched = topics.iter().map(|topic| Operation::GetData {
        path: znodes::topic_path(topic),
        watch: crate::protocol::zookeeper::Watch::Leave,
    });
    let configs = topics.iter().map(|topic| get(znodes::config_path(topic)));
    watched.chain(configs).collect()
}

/// The names of a znode's children; none when there is no such znode.
pub(super) fn children(outcome: Option<&Outcome>) -> Vec<crate::model::Text> {
    match outcome {
        Some(Ok(Answer::Children { names, .. })) => names.clone(),
        _ => Vec::new(),
    }
}

/// The version that a guarded write has given to its znode.
pub(super) fn written_version(outcome: &Outcome) -> Option<i32> {
    let Ok(Answer::Multi(answers)) = outcome else {
        return None;
    };
    match answers.last()? {
        Answer::Set { stat } | Answer::Created { stat, .. } => Some(stat.version),
        _ => None,
    }
}
