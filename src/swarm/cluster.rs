//! What runs: a plan, its loads and its readers.
//!
//! Most clusters are small, for what goes wrong in a large one goes wrong in a small one too, and sooner. One of
//! twenty is large, one of fifty has values of up to a megabyte, in one of thirty no topic can be removed, and where
//! nothing is compacted one of five producers writes some or all of its records without a value. They are drawn from numbers of their own, so that the others are what they
//! were; and so are `groups`.

use std::fmt::Write as _;

use super::compaction::Compaction;
use super::groups::Groups;
use super::{Budget, Draw};
use crate::model::TopicPartition;
use crate::time::Duration;

/// A cluster and its clients, as lines.
#[derive(Clone, Debug)]
pub(super) struct Cluster {
    pub(super) seed: u64,
    plan: String,
    /// What is done when the world begins.
    beginning: Vec<String>,
    pub(super) brokers: u64,
    pub(super) zookeepers: u64,
    pub(super) partitions: Vec<TopicPartition>,
    /// Clients and what each does in every one of its lives.
    pub(super) clients: Vec<(String, String)>,
    /// `zookeeper.session.timeout.ms`.
    pub(super) session: Duration,
    /// `replica.lag.time.max.ms`.
    pub(super) lag: Duration,
    /// `controller.socket.timeout.ms`.
    pub(super) patience: Duration,
    /// Whether its topics compact.
    pub(super) compacts: bool,
    pub(super) groups: Option<Groups>,
}

/// The random numbers of what is rare, beside those of everything else.
const RARE: u64 = 0x200;
/// The random numbers of who writes records without a value.
const NULLS: u64 = 0x500;

const TOPICS: [&str; 8] = [
    "orders", "events", "logs", "users", "clicks", "prices", "mails", "carts",
];

/// The client that administers.
pub(super) const ADMIN: &str = "a1";

impl Cluster {
    /// `extra` is what else is set of the brokers, such as ` planted=M7`.
    pub(super) fn draw(seed: u64, budget: Budget, extra: &str, draw: &mut Draw) -> Cluster {
        let mut rare = Draw::new(seed, budget.stream() + RARE);
        let is_large = rare.chance(1, 20);
        let has_large_values = rare.chance(1, 50);
        let brokers = draw.pick(&[1, 2, 3, 3, 3, 3, 3, 4, 5, 6]);
        let brokers = match is_large {
            true => rare.between(6, 9),
            false => brokers,
        };
        let zookeepers = draw.pick(&[1, 3, 3, 3, 5]);
        let way = Way::draw(draw);
        // A session has to outlive a connection that is made anew, which takes a few round trips.
        let tick = draw.pick(&[100, 200, 500, 500, 3_000]).max(way.millis * 4);
        let session = (tick * draw.between(3, 12)).max(way.millis * 60);
        let lag = draw.pick(&[500, 1_000, 2_000, 6_000, 30_000]);
        let patience = draw.pick(&[800, 2_000, 5_000, 30_000]);
        let times = Times {
            tick,
            session,
            lag,
            patience,
        };
        let mut plan = world(seed, (brokers, zookeepers), times, &way, draw);
        if rare.chance(1, 30) {
            plan.insert_str(plan.len() - 1, " delete.topic.enable=false");
        }
        let mut compaction = Compaction::draw(seed, budget);
        if let Some(compaction) = &mut compaction {
            plan.insert_str(plan.len() - 1, &compaction.of_brokers());
        }
        plan.insert_str(plan.len() - 1, extra);
        let mut groups = Groups::draw(seed, budget, brokers);
        if let Some(groups) = &groups {
            let settings = groups.settings(&plan);
            plan.insert_str(plan.len() - 1, &settings);
        }
        let mut partitions = Vec::new();
        let mut names = Vec::new();
        let topics = draw.pick(&[1, 1, 1, 2, 3]);
        let topics = match is_large {
            true => rare.between(2, 8) as usize,
            false => topics,
        };
        for name in TOPICS.into_iter().take(topics) {
            let mut count = draw.between(1, 4);
            let mut factor = draw.pick(&[1, 2, 3, 3, 3, 3, 4]).min(brokers);
            if is_large && rare.chance(1, 4) {
                (count, factor) = (rare.between(5, 12), rare.between(1, 5));
            }
            let min_isr = draw.pick(&[1, 1, 2, 2, 2, 3]);
            let _ = write!(
                plan,
                "topic {name} partitions={count} replication={factor} min.insync.replicas={min_isr}"
            );
            if draw.chance(1, 4) {
                let bytes = draw.pick(&[300, 2_000, 20_000]);
                let _ = write!(plan, " segment.bytes={bytes}");
            }
            if draw.chance(1, 8) {
                plan.push_str(" retention.bytes=20000");
            }
            if draw.chance(1, 6) {
                let every = draw.pick(&[1, 20]);
                let _ = write!(plan, " flush.messages={every}");
            }
            if budget == Budget::Harsh && draw.chance(1, 4) {
                plan.push_str(" unclean.leader.election.enable=true");
            }
            if let Some(compaction) = &mut compaction {
                let already = plan.lines().last().unwrap_or_default().to_owned();
                plan.push_str(&compaction.of_topic(&already));
            }
            plan.push('\n');
            names.push(name);
            let all = (0..count as i32).map(|partition| TopicPartition::new(name, partition));
            partitions.extend(all);
        }
        let mut clients = Vec::new();
        let mut nulls = Draw::new(seed, budget.stream() + NULLS);
        for number in 1..=draw.pick(&[1, 2, 2, 3, 4]) {
            let name = format!("p{number}");
            let _ = writeln!(plan, "producer {name}{}", producer(draw));
            let topic = draw.pick(&names);
            let mut work = load(&name, topic, draw);
            if has_large_values && number == 1 {
                let size = rare.pick(&[50_000, 300_000, 1_000_000]);
                work = format!("load {name} {topic} every=900ms size={size}");
            }
            if let Some(compaction) = &mut compaction {
                work.push_str(&compaction.of_load(&work));
            } else if nulls.chance(1, 5) {
                let _ = write!(work, " tombstones={}", nulls.pick(&[1, 2, 7, 7]));
            }
            clients.push((name, work));
        }
        for number in 1..=draw.pick(&[0, 1, 1, 2]) {
            let name = format!("c{number}");
            let reset = draw.pick(&["earliest", "earliest", "latest"]);
            // Who has no position and may not choose one waits for a seek.
            let reset = match rare.chance(1, 15) {
                true => "none",
                false => reset,
            };
            let _ = write!(plan, "consumer {name} auto.offset.reset={reset}");
            if draw.chance(1, 3) {
                let (least, wait) = (draw.pick(&[0, 1, 500]), draw.pick(&[0, 20, 2_000]));
                let _ = write!(plan, " fetch.min.bytes={least} fetch.max.wait.ms={wait}");
            }
            plan.push('\n');
            let all = partitions.iter().map(|partition| format!(" {partition}"));
            let work = format!("assign {name}{}", all.collect::<String>());
            clients.push((name, work));
        }
        for (name, line) in groups.iter_mut().flat_map(|groups| groups.members(&names)) {
            plan.push_str(&line);
            plan.push('\n');
            // It subscribes when it starts.
            clients.push((name, String::new()));
        }
        let _ = writeln!(plan, "admin {ADMIN}");
        let works = clients.iter().map(|(_, work)| work.clone());
        let beginning = works.filter(|work| !work.is_empty()).collect();
        Cluster {
            seed,
            plan,
            beginning,
            brokers,
            zookeepers,
            partitions,
            clients,
            session: Duration::from_millis(session),
            lag: Duration::from_millis(lag),
            patience: Duration::from_millis(patience),
            compacts: compaction.is_some(),
            groups,
        }
    }

    /// The same, of which less is asked: another plan, other work for its clients, and the times that the plan leaves
    /// as Kafka has them.
    pub(super) fn at_ease(self, plan: String, clients: Vec<(String, String)>) -> Cluster {
        let works = clients.iter().map(|(_, work)| work.clone());
        Cluster {
            plan,
            beginning: works.filter(|work| !work.is_empty()).collect(),
            clients,
            session: Duration::from_secs(18),
            lag: Duration::from_secs(30),
            patience: Duration::from_secs(30),
            ..self
        }
    }

    /// The lines that describe the world.
    pub(super) fn plan(&self) -> &str {
        &self.plan
    }

    pub(super) fn beginning(&self) -> impl Iterator<Item = &str> {
        self.beginning.iter().map(String::as_str)
    }

    /// What a client does in each of its lives.
    pub(super) fn work_of(&self, client: &str) -> Option<&str> {
        let mut clients = self.clients.iter();
        let found = clients.find(|(name, work)| name == client && !work.is_empty());
        found.map(|(_, work)| work.as_str())
    }

    pub(super) fn a_broker(&self, draw: &mut Draw) -> String {
        format!("b{}", draw.between(1, self.brokers))
    }

    pub(super) fn a_zookeeper(&self, draw: &mut Draw) -> String {
        format!("zk{}", draw.between(1, self.zookeepers))
    }

    pub(super) fn a_client(&self, draw: &mut Draw) -> String {
        let at = draw.between(0, self.clients.len() as u64 - 1);
        self.clients[at as usize].0.clone()
    }
}

/// The way from one host to another.
struct Way {
    latency: &'static str,
    jitter: &'static str,
    /// About how long a packet takes at most.
    millis: u64,
}

impl Way {
    /// Whether an answer is there within a few milliseconds.
    fn is_near(&self) -> bool {
        self.millis < 5
    }

    fn draw(draw: &mut Draw) -> Way {
        let (latency, long) = draw.pick(&[
            ("200us", 1),
            ("1ms", 1),
            ("1ms", 1),
            ("5ms", 5),
            ("30ms", 30),
        ]);
        let (jitter, more) = draw.pick(&[("0us", 0), ("90us", 0), ("900us", 1), ("10ms", 10)]);
        Way {
            latency,
            jitter,
            millis: long + more,
        }
    }
}

/// How long brokers wait for what, in milliseconds.
struct Times {
    tick: u64,
    session: u64,
    lag: u64,
    patience: u64,
}

fn world(seed: u64, size: (u64, u64), times: Times, way: &Way, draw: &mut Draw) -> String {
    let (brokers, zookeepers) = size;
    let Times {
        tick,
        session,
        lag,
        patience,
    } = times;
    let (latency, jitter) = (way.latency, way.jitter);
    let mut text = format!(
        "world brokers={brokers} zookeeper={zookeepers} seed={seed} latency={latency} \
         jitter={jitter} zookeeper.tickTime={tick}ms zookeeper.session.timeout.ms={session} \
         replica.lag.time.max.ms={lag} replica.socket.timeout.ms={patience} \
         controller.socket.timeout.ms={patience}"
    );
    if draw.chance(1, 3) {
        let wait = match draw.pick(&[0, 20, 100, 300]) {
            // Who asks thousands of times a second shows nothing that who asks a hundred times does not.
            0 if way.is_near() => 10,
            wait => wait,
        };
        let _ = write!(text, " replica.fetch.wait.max.ms={wait}");
    }
    if draw.chance(1, 3) {
        let backoff = draw.pick(&[10, 100, 400]);
        let _ = write!(text, " replica.fetch.backoff.ms={backoff}");
    }
    if draw.chance(1, 4) {
        let every = draw.pick(&[1, 3, 10]);
        let _ = write!(text, " leader.imbalance.check.interval.seconds={every}");
    } else if draw.chance(1, 4) {
        text.push_str(" auto.leader.rebalance.enable=false");
    }
    if draw.chance(1, 4) {
        let slots = draw.pick(&[0, 1, 2]);
        let _ = write!(text, " max.incremental.fetch.session.cache.slots={slots}");
    }
    if draw.chance(1, 4) {
        text.push_str(" replica.high.watermark.checkpoint.interval.ms=200");
    }
    if draw.chance(1, 5) {
        text.push_str(" replica.fetch.max.bytes=20000");
    }
    if draw.chance(1, 3) {
        text.push_str(" controlled.shutdown.retry.backoff.ms=500");
    }
    if draw.chance(1, 3) {
        text.push_str(" log.retention.check.interval.ms=3000");
    }
    text.push('\n');
    text
}

fn producer(draw: &mut Draw) -> String {
    let acks = draw.pick(&[
        "all", "all", "all", "all", "all", "all", "all", "1", "1", "0",
    ]);
    let mut text = format!(" acks={acks}");
    if draw.chance(1, 2) {
        text.push_str(" enable.idempotence=false");
        let in_flight = draw.pick(&[1, 2, 5, 20]);
        let _ = write!(text, " max.in.flight.requests.per.connection={in_flight}");
    } else {
        let in_flight = draw.pick(&[1, 2, 5, 5]);
        let _ = write!(text, " max.in.flight.requests.per.connection={in_flight}");
    }
    let request = draw.pick(&["300ms", "800ms", "1500ms", "5s", "30s"]);
    let _ = write!(text, " request.timeout.ms={request}");
    if draw.chance(1, 3) {
        let delivery = draw.pick(&["31s", "60s"]);
        let _ = write!(text, " delivery.timeout.ms={delivery}");
    }
    if draw.chance(1, 2) {
        let linger = draw.pick(&["1ms", "5ms", "50ms"]);
        let _ = write!(text, " linger.ms={linger}");
    }
    if draw.chance(1, 4) {
        text.push_str(" batch.size=200");
    }
    if draw.chance(1, 4) {
        let codec = draw.pick(&["gzip", "snappy", "lz4", "zstd"]);
        let _ = write!(text, " compression.type={codec}");
    }
    text
}

fn load(name: &str, topic: &str, draw: &mut Draw) -> String {
    let (every, burst) = draw.pick(&[
        (5, 1),
        (11, 1),
        (30, 1),
        (30, 3),
        (50, 10),
        (100, 1),
        (100, 3),
        (400, 10),
    ]);
    let size = draw.pick(&[0, 20, 60, 300]);
    let mut text = format!("load {name} {topic} every={every}ms");
    if burst > 1 {
        let _ = write!(text, " burst={burst}");
    }
    if draw.chance(1, 3) {
        text.push_str(" keys=a,b,c,d,e");
    }
    let _ = write!(text, " size={size}");
    text
}
