//! The cluster of the strangers: a world that is watched at every step.
//!
//! It is made once, and each input begins with a copy.

use std::cell::OnceCell;

use bytes::Bytes;
use kafka_playground::broker::OFFSETS_TOPIC;
use kafka_playground::controller::znodes::{self, Entity};
use kafka_playground::fact::Fact;
use kafka_playground::model::{BrokerId, Offset, ProcessId, TopicId, TopicName, TopicPartition};
use kafka_playground::script::{self, Action};
use kafka_playground::time::Duration;
use kafka_playground::world::invariant::judge_logs;
use kafka_playground::world::{Command, Observed, Place, Ran, World};

/// Two topics of the strangers', one of which is compacted, and one that is not theirs.
const PLAN: &str = "\
world brokers=3 seed=1 latency=1ms zookeeper.tickTime=500ms zookeeper.session.timeout.ms=3000 \
 group.initial.rebalance.delay.ms=50 group.min.session.timeout.ms=100 offsets.topic.num.partitions=2 \
 log.retention.check.interval.ms=4000 log.initial.task.delay.ms=1000 log.cleaner.backoff.ms=2000 num.partitions=2
topic a partitions=2 replication=3
topic b partitions=1 replication=2 cleanup.policy=compact segment.bytes=300 min.cleanable.dirty.ratio=0.01
topic orders partitions=1 replication=3 min.insync.replicas=2
producer p1 acks=all enable.idempotence=false
consumer c1 auto.offset.reset=earliest
consumer c2 group.id=ours subscribe=orders auto.offset.reset=earliest
admin a1
socket s1
socket s2
socket s3
";

const ORDERS: &str = "orders";

/// What is done before any stranger acts.
const BEGINNING: &[&str] = &[
    "run 1s",
    "assign c1 orders-0",
    "produce p1 orders-0 \"before\"",
    "connect s1 b1",
    "connect s2 b2",
    "connect s3 b3",
    "run 5s",
];

/// So long may it take until everything is of use again.
const PATIENCE: Duration = Duration::from_secs(120);

thread_local! {
    static BEGUN: OnceCell<Cluster> = const { OnceCell::new() };
}

/// A world and what looks on.
#[derive(Clone)]
pub struct Cluster {
    world: World,
    observed: Observed,
    began: u64,
    topic_ids: Vec<TopicId>,
    /// How the topic of the others was set up, and the one in which their group keeps how far it is.
    orders: Option<Setup>,
    offsets: Option<Setup>,
}

/// What anybody may change of a topic.
#[derive(Clone, Debug, PartialEq)]
struct Setup {
    id: TopicId,
    replicas: Vec<BrokerId>,
    settings: Option<Bytes>,
    is_going: bool,
}

impl Cluster {
    /// A cluster at the beginning of an input.
    pub fn new() -> Cluster {
        BEGUN.with(|begun| begun.get_or_init(Cluster::begin).clone())
    }

    fn begin() -> Cluster {
        let script = script::parse(PLAN).expect("a plan");
        let mut observed = Observed::default();
        let world = World::new(&script.plan, script.seed, &mut observed.journal);
        let mut cluster = Cluster {
            world: world.expect("a plan that can be"),
            observed,
            began: 0,
            topic_ids: Vec::new(),
            orders: None,
            offsets: None,
        };
        BEGINNING.iter().for_each(|line| cluster.take(line));
        let topics = cluster.world.cluster().topics();
        cluster.topic_ids = topics.values().map(|topic| topic.id).collect();
        cluster.orders = cluster.setup(ORDERS);
        cluster.offsets = cluster.setup(OFFSETS_TOPIC);
        assert!(cluster.orders.is_some() && cluster.offsets.is_some());
        cluster.began = cluster.world.steps();
        cluster
    }

    /// How many steps were taken since the beginning of the input.
    pub fn steps(&self) -> u64 {
        self.world.steps() - self.began
    }

    pub fn topic_ids(&self) -> &[TopicId] {
        &self.topic_ids
    }

    /// Carries out a command; whether the world agreed.
    pub fn perform(&mut self, command: &Command) -> bool {
        let done = self.world.perform(command, &mut self.observed.journal);
        self.look();
        done.is_ok()
    }

    pub fn take_received(&mut self, socket: ProcessId) -> Vec<Bytes> {
        self.world.take_received(socket)
    }

    /// Lets time pass.
    pub fn run(&mut self, span: Duration) {
        let until = Place::after(self.world.now() + span);
        while self.world.step_toward(until, &mut self.observed.journal) == Ran::OutOfSteps {
            self.look();
        }
    }

    fn look(&mut self) {
        if let Err(violation) = self.observed.look(&self.world) {
            panic!("a law does not hold: {violation}");
        }
    }

    fn take(&mut self, line: &str) {
        match script::parse_line(line) {
            Ok(Action::Command(command)) => {
                assert!(self.perform(&command), "{line}");
            }
            Ok(Action::Run { span, .. }) => self.run(span),
            other => panic!("{line}: {other:?}"),
        }
    }

    /// Kills a broker if all live, or starts the one that does not.
    pub fn kill(&mut self, broker: u16) {
        match self.dead() {
            Some(dead) => self.take(&format!("restart {dead}")),
            None => self.take(&format!("kill b{broker}")),
        }
    }

    fn dead(&self) -> Option<ProcessId> {
        let mut hosts = self.world.hosts();
        let dead = hosts.find(|host| !host.life().is_alive());
        dead.map(|host| host.id)
    }

    fn setup(&self, topic: &str) -> Option<Setup> {
        let partition = TopicPartition::new(topic, 0);
        let cluster = self.world.cluster();
        let state = cluster.partition(&partition)?;
        let tree = self.world.zookeeper_tree()?;
        let settings = tree.get(&znodes::config_path(&partition.topic));
        Some(Setup {
            id: cluster.topic(&partition.topic)?.id,
            replicas: state.replicas.clone(),
            settings: settings.map(|(data, _)| data.clone()),
            is_going: tree.get(&znodes::deletion_path(&partition.topic)).is_some(),
        })
    }

    /// Whether the settings of brokers were changed, after which nothing needs to be as it was.
    fn has_other_brokers(&self) -> bool {
        let ids = self.world.plan().brokers.iter().copied();
        let mut entities = ids.map(Entity::Broker).chain([Entity::Brokers]);
        let tree = self.world.zookeeper_tree();
        tree.is_none_or(|tree| {
            entities.any(|entity| tree.get(&znodes::entity_path(&entity)).is_some())
        })
    }

    /// Everybody is started again, and somebody writes, and somebody reads.
    ///
    /// # Panics
    /// When that takes too long.
    pub fn is_of_use(&mut self) {
        while let Some(dead) = self.dead() {
            self.take(&format!("restart {dead}"));
        }
        if !self.has_other_brokers() {
            self.takes_a_record();
        }
        if let Err(violation) = judge_logs(&self.world) {
            panic!("a log is not in order: {violation}");
        }
    }

    fn takes_a_record(&mut self) {
        let seen = self.observed.journal.len();
        if self.setup(ORDERS) == self.orders {
            self.take("produce p1 orders-0 \"after\"");
            self.is_read(ORDERS, "c1", seen);
            if self.setup(OFFSETS_TOPIC) == self.offsets {
                self.is_read(ORDERS, "c2", seen);
            }
        }
        const NEW: &str = "the-last-of-all";
        if self.world.cluster().topic(&TopicName::new(NEW)).is_none() {
            self.take(&format!("create-topic a1 {NEW} partitions=1 replication=3"));
            self.run(Duration::from_millis(50));
            let seen = self.observed.journal.len();
            self.take(&format!("assign c1 {NEW}-0"));
            self.take(&format!("produce p1 {NEW}-0 \"last\""));
            self.is_read(NEW, "c1", seen);
        }
    }

    /// Waits until a record is acknowledged and read.
    fn is_read(&mut self, topic: &str, consumer: &str, mut seen: u64) {
        let partition = TopicPartition::new(topic, 0);
        let (producer, consumer) = (ProcessId::parse("p1"), ProcessId::parse(consumer));
        let until = self.world.now() + PATIENCE;
        let (mut written, mut read) = (None, Offset(0));
        while written.is_none_or(|written| read <= written) {
            assert!(
                self.world.now() < until,
                "{partition}: written at {written:?}, read by {consumer:?} up to {read}"
            );
            for entry in self.observed.journal.since(seen) {
                match &entry.fact {
                    Fact::RecordsAcknowledged {
                        partition: of,
                        base_offset,
                        ..
                    } if entry.by == producer && *of == partition => written = Some(*base_offset),
                    Fact::RecordsConsumed {
                        partition: of,
                        next_offset,
                        ..
                    } if entry.by == consumer && *of == partition => read = *next_offset,
                    Fact::SendFailed { error, .. } if entry.by == producer => {
                        panic!("{partition}: {error:?}")
                    }
                    _ => {}
                }
            }
            seen = self.observed.journal.len();
            self.run(Duration::from_millis(20));
        }
    }
}
