//! The admin client: creates, enlarges and deletes topics, moves partitions, asks for elections.
//!
//! Only the controller does these things, and any broker can say who that is. Between the question and the
//! request the controller may have changed; then the broker that was asked answers NOT_CONTROLLER, and the
//! client asks for metadata and tries again, until `default.api.timeout.ms` is over.
//!
//! A call that is made again after a lost connection may find that the first one had worked: then the
//! answer is TOPIC_ALREADY_EXISTS, as in Kafka.
//!
//! Two things go elsewhere: the settings of a broker are its own affair, and the records of a partition its
//! leader's.
//!
//! - [`job`]: each thing that can be asked for, as a request and as an answer;
//! - [`settings`]: those that are about settings.
//!
//! Left out: groups, describing topics and clusters.

pub mod job;
mod settings;

use std::collections::VecDeque;

use job::{Addressee, Job, NewTopic, Request, Wish};

use super::Remains;
use super::backoff::Backoff;
use super::config::AdminConfig;
use super::metadata::Metadata;
use super::network::{Event, Network, Readiness};
use crate::channel::Answer;
use crate::fact::{CloseReason, Fact};

use crate::model::{Address, BrokerId, ProcessId, Text};
use crate::process::{Deadline, Input, Instruction, Outbox, Process};
use crate::protocol::ErrorCode;
use crate::rng::Rng;
use crate::sorted::sort_by_key;
use crate::time::{Instant, Moment, earliest};

/// What an admin client is made of. It begins with the default settings.
#[derive(Clone, Debug)]
pub struct Setup {
    pub id: ProcessId,
    /// `client.id`: the name that brokers see.
    pub client_id: Text,
    /// `bootstrap.servers`: whom to ask first.
    pub bootstrap: Vec<Address>,
    pub rng: Rng,
}

/// An admin client and the person who uses it.
#[derive(Clone, Debug)]
pub struct Admin {
    config: AdminConfig,
    network: Network<Job>,
    waiting: VecDeque<Job>,
    rng: Rng,
    wake_at: Option<Instant>,
}

impl Admin {
    pub fn new(setup: Setup) -> Admin {
        Admin::restarted(setup, Remains::default())
    }

    /// An admin client on a host where an earlier one died.
    pub fn restarted(setup: Setup, remains: Remains) -> Admin {
        let config = AdminConfig::default();
        let network = config.network();
        let network = Network::new(setup.id, setup.client_id, setup.bootstrap, network);
        Admin {
            network: network.with_opened(remains.opened),
            config,
            waiting: VecDeque::new(),
            rng: setup.rng,
            wake_at: None,
        }
    }

    pub fn config(&self) -> &AdminConfig {
        &self.config
    }

    /// What the client believes about the cluster.
    pub fn metadata(&self) -> &Metadata {
        self.network.metadata()
    }

    /// What waits to be asked for, and what was.
    pub fn jobs(&self) -> impl Iterator<Item = &Job> {
        let asked = self.network.calls().map(|(_, job)| job);
        self.waiting.iter().chain(asked)
    }

    /// Says whether an instruction can be carried out.
    ///
    /// # Errors
    /// A sentence that says what would have been accepted.
    pub fn accepts(&self, instruction: &Instruction) -> Result<(), String> {
        match instruction {
            Instruction::CreateTopic { .. } | Instruction::Administer(_) => Ok(()),
            Instruction::Configure { name, value } => self.config.clone().set(name, value),
            _ => Err("an admin client sees to topics and partitions and is configured".to_owned()),
        }
    }

    fn told(&mut self, now: Instant, instruction: Instruction) {
        match instruction {
            Instruction::CreateTopic {
                topic,
                partitions,
                replication_factor,
                configs,
            } => self.begin(
                now,
                Wish::Create(NewTopic {
                    topic,
                    partitions,
                    replication_factor,
                    configs,
                }),
            ),
            Instruction::Administer(errand) => self.begin(now, Wish::SeeTo(errand)),
            // What cannot be accepted was refused before it came here.
            Instruction::Configure { name, value } if self.config.set(&name, &value).is_ok() => {
                self.network.reconfigure(self.config.network());
            }
            _ => {}
        }
    }

    fn begin(&mut self, now: Instant, wish: Wish) {
        self.waiting.push_back(Job {
            wish,
            gives_up_at: now + self.config.default_api_timeout,
            attempts: 0,
            not_before: now,
        });
    }

    fn turn(&mut self, at: Moment, input: Input, out: &mut Outbox) {
        let mut events = Vec::new();
        let now = at.now;
        let (network, rng) = (&mut self.network, &mut self.rng);
        network.begin_turn();
        network.handle(now, input, rng, &mut events, out);
        network.expire(now, rng, &mut events, out);
        while !events.is_empty() {
            for event in std::mem::take(&mut events) {
                self.hear(now, event, &mut events, out);
            }
        }
        self.give_up(now, out);
        self.ask(now, out);
        self.network.refresh_metadata(now, &mut self.rng, out);
    }

    fn hear(
        &mut self,
        now: Instant,
        event: Event<Job>,
        events: &mut Vec<Event<Job>>,
        out: &mut Outbox,
    ) {
        match event {
            Event::Answered { from, call, answer } => {
                if self.answered(now, &call, &answer, out).is_err() {
                    events.push(Event::Lost {
                        to: from,
                        calls: vec![call],
                        error: ErrorCode::NetworkException,
                    });
                    let reason = CloseReason::Malformed;
                    (self.network).close(now, from, reason, &mut self.rng, events, out);
                }
            }
            Event::Lost { calls, .. } => {
                for job in calls {
                    self.again(now, job);
                }
            }
        }
    }

    fn answered(
        &mut self,
        now: Instant,
        job: &Job,
        answer: &Answer<()>,
        out: &mut Outbox,
    ) -> Result<(), CloseReason> {
        let result = job.wish.read(answer)?;
        let error = result.error;
        if error.is_none() {
            for fact in job.wish.done(&result) {
                out.note(fact);
            }
        } else if job.wish.passes(error)
            && i64::from(job.attempts) <= i64::from(self.config.retries)
        {
            self.network.metadata_mut().request_update();
            self.again(now, job.clone());
        } else {
            out.note(job.wish.refused(error));
        }
        Ok(())
    }

    fn again(&mut self, now: Instant, mut job: Job) {
        let backoff = Backoff {
            first: self.config.retry_backoff,
            most: self.config.retry_backoff_max.max(self.config.retry_backoff),
        };
        job.not_before = now + backoff.after(job.attempts, &mut self.rng);
        self.waiting.push_back(job);
    }

    fn give_up(&mut self, now: Instant, out: &mut Outbox) {
        self.waiting.retain(|job| {
            if job.gives_up_at > now {
                return true;
            }
            out.note(job.wish.refused(ErrorCode::RequestTimedOut));
            false
        });
    }

    fn ask(&mut self, now: Instant, out: &mut Outbox) {
        if self.waiting.iter().all(|job| job.not_before > now) {
            return;
        }
        for mut job in std::mem::take(&mut self.waiting) {
            if job.not_before > now {
                self.waiting.push_back(job);
                continue;
            }
            let Some(to) = self.whom_to_ask(&job) else {
                self.network.metadata_mut().request_update();
                self.waiting.push_back(job);
                continue;
            };
            if self.network.ensure(now, to, &mut self.rng, out) != Readiness::Ready {
                self.waiting.push_back(job);
                continue;
            }
            let Some(version) = self.network.version(to, job.wish.api()) else {
                out.note(job.wish.refused(ErrorCode::UnsupportedVersion));
                continue;
            };
            job.attempts += 1;
            self.send(now, to, job, version, out);
        }
    }

    /// The broker that can do it, if it is known who that is.
    fn whom_to_ask(&mut self, job: &Job) -> Option<BrokerId> {
        match job.wish.addressee() {
            Addressee::Controller => self.network.metadata().controller(),
            Addressee::Broker(id) => Some(id),
            Addressee::Leader(partition) => {
                self.network.metadata_mut().want(&partition.topic);
                let leader = self.network.metadata().leader(&partition);
                leader.map(|(leader, _)| leader)
            }
        }
    }

    fn send(&mut self, now: Instant, to: BrokerId, job: Job, version: i16, out: &mut Outbox) {
        let network = &mut self.network;
        match job
            .wish
            .request(self.config.request_timeout.as_millis_i32())
        {
            Request::CreateTopics(asked) => network.call(now, to, &asked, version, job, out),
            Request::DeleteTopics(asked) => network.call(now, to, &asked, version, job, out),
            Request::CreatePartitions(asked) => network.call(now, to, &asked, version, job, out),
            Request::Move(asked) => network.call(now, to, &asked, version, job, out),
            Request::Alter(asked) => network.call(now, to, &asked, version, job, out),
            Request::Describe(asked) => network.call(now, to, &asked, version, job, out),
            Request::DeleteRecords(asked) => network.call(now, to, &asked, version, job, out),
            Request::Elect(asked) => network.call(now, to, &asked, version, job, out),
        }
    }

    fn find_wakeup(&self, now: Instant) -> Option<Instant> {
        let waiting = self.waiting.iter();
        let waiting = waiting.flat_map(|job| {
            let pause = Some(job.not_before).filter(|at| *at > now);
            [pause, Some(job.gives_up_at)]
        });
        earliest([waiting.flatten().min(), self.network.next_wakeup(now)])
    }
}

impl Process for Admin {
    type Disk = Remains;

    fn handle(&mut self, at: Moment, input: Input, out: &mut Outbox) {
        match input {
            Input::Booted => {
                out.note(Fact::Started);
                self.network.metadata_mut().request_update();
                self.turn(at, Input::Woken, out);
            }
            Input::Told(instruction) => {
                self.told(at.now, instruction);
                self.turn(at, Input::Woken, out);
            }
            Input::Stopping => out.exit(),
            other => self.turn(at, other, out),
        }
        self.wake_at = self.find_wakeup(at.now);
    }

    fn next_wakeup(&self) -> Option<Instant> {
        self.wake_at
    }

    fn deadlines(&self) -> Vec<Deadline> {
        let mut deadlines = Vec::new();
        for job in self.jobs() {
            deadlines.push(Deadline {
                at: job.gives_up_at,
                why: format!("gives up {}", job.wish.words()).into(),
            });
        }
        self.network.deadlines(&mut deadlines);
        sort_by_key(&mut deadlines, |deadline| deadline.at);
        deadlines
    }

    fn crash(self) -> Remains {
        Remains {
            opened: self.network.opened(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::bench::{Asked, Bench, addresses};
    use crate::model::TopicName;
    use crate::protocol::api::create_topics::{CreatableTopicResult, CreateTopicsResponse};
    use crate::protocol::{AnyRequest, AnyResponse};
    use crate::rng::Seed;

    fn bench() -> Bench<Admin> {
        let id = ProcessId::Admin(1);
        let admin = Admin::new(Setup {
            id,
            client_id: "a1".into(),
            bootstrap: addresses(),
            rng: Rng::new(Seed(1), 1),
        });
        let mut bench = Bench::new(id, admin);
        bench.controller = 2;
        bench.boot();
        bench.tell(Instruction::CreateTopic {
            topic: TopicName::new("orders"),
            partitions: 3,
            replication_factor: 2,
            configs: vec![("min.insync.replicas".into(), "2".into())],
        });
        bench
    }

    fn answer(bench: &mut Bench<Admin>, asked: &Asked, error: ErrorCode) {
        let response = CreateTopicsResponse {
            topics: vec![CreatableTopicResult {
                name: "orders".into(),
                error_code: error.code(),
                num_partitions: if error.is_none() { 3 } else { -1 },
                ..CreatableTopicResult::default()
            }],
            ..CreateTopicsResponse::default()
        };
        bench.answer(asked, &AnyResponse::CreateTopics(response));
    }

    #[test]
    fn the_controller_is_asked() {
        let mut bench = bench();
        let asked = bench.next_asked();
        assert_eq!(asked.broker, BrokerId(2));
        let AnyRequest::CreateTopics(request) = &asked.request else {
            panic!("a CreateTopics request");
        };
        assert_eq!(request.topics[0].num_partitions, 3);
        assert_eq!(&*request.topics[0].configs[0].name, "min.insync.replicas");
        answer(&mut bench, &asked, ErrorCode::None);
        assert_eq!(
            bench.lines(),
            ["0.000s a1 ⇒ topic orders with 3 partitions"]
        );
    }

    #[test]
    fn another_controller_is_looked_for() {
        let mut bench = bench();
        let asked = bench.next_asked();
        bench.controller = 3;
        answer(&mut bench, &asked, ErrorCode::NotController);
        bench.pass_ms(400);
        let mut asked = bench.next_asked();
        while asked.broker != BrokerId(3) {
            answer(&mut bench, &asked, ErrorCode::NotController);
            bench.pass_ms(400);
            asked = bench.next_asked();
        }
        answer(&mut bench, &asked, ErrorCode::TopicAlreadyExists);
        let lines = bench.lines();
        let last = lines.last().expect("a line");
        assert!(
            last.ends_with("topic orders TOPIC_ALREADY_EXISTS"),
            "{last}"
        );
    }

    #[test]
    fn a_person_does_not_wait_for_ever() {
        let mut bench = bench();
        bench.controller = -1;
        bench.down = vec![1, 2, 3];
        bench.disconnect(2);
        bench.pass_ms(60_000);
        let lines = bench.lines();
        assert_eq!(lines, ["60.000s a1 ⇒ topic orders REQUEST_TIMED_OUT"]);
    }
}
