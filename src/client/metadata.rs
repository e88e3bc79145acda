//! `Metadata`: what a client believes about the cluster.
//!
//! Which brokers there are and where they listen, which topics exist, who leads each partition and in
//! which epoch. Any broker may be asked, each answers from its own cache, and caches lag: so an answer
//! may be older than what the client knows already. The leader epoch tells; an answer with an older
//! epoch for a partition is ignored for that partition (KIP-320).
//!
//! Metadata is asked for when it is first needed, when an answer says that it is wrong, when a
//! connection is lost, and when it has reached `metadata.max.age.ms`; but not again and again: between
//! two requests lies the retry back-off, which grows while the answers bring nothing new.
//!
//! Unlike Kafka, where a producer asks for new topics alone and for all of its topics later, all topics
//! of interest are asked for each time, and one that becomes of interest while a request is under way
//! is asked for as soon as the answer is there. Not modelled: racks, `metadata.max.idle.ms`, a metadata
//! recovery strategy (KIP-899), authorization.

use crate::sorted::{SortedMap, SortedSet, sort_by_key};

use super::backoff::Backoff;
use super::config::NetworkConfig;
use crate::fact::Fact;
use crate::model::{Address, BrokerId, LeaderEpoch, TopicId, TopicName, TopicPartition};
use crate::process::Outbox;
use crate::protocol::ErrorCode;
use crate::protocol::api::metadata::{
    MetadataRequest, MetadataRequestTopic, MetadataResponse, MetadataResponsePartition,
    MetadataResponseTopic,
};
use crate::rng::Rng;
use crate::time::Instant;

/// A topic as the client knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Zero when the broker is too old to tell.
    pub id: TopicId,
    /// By partition number, without gaps.
    pub partitions: Vec<Partition>,
    /// The numbers of the partitions that have a leader, ascending.
    pub available: Vec<i32>,
}

/// Who leads a partition, as the client knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    /// [`BrokerId::NONE`] when nobody does.
    pub leader: BrokerId,
    /// [`LeaderEpoch::NONE`] when the broker did not tell.
    pub epoch: LeaderEpoch,
}

const UNKNOWN: Partition = Partition {
    leader: BrokerId::NONE,
    epoch: LeaderEpoch::NONE,
};

/// What a client believes about the cluster, and when it should ask again.
#[derive(Clone, Debug, Default)]
pub struct Metadata {
    brokers: SortedMap<BrokerId, Address>,
    controller: Option<BrokerId>,
    topics: SortedMap<TopicName, Topic>,
    errors: SortedMap<TopicName, ErrorCode>,
    /// The topics the client has asked about or will.
    wanted: SortedSet<TopicName>,
    /// Counts the answers.
    version: u64,
    refresh: Refresh,
}

/// When to ask.
#[derive(Clone, Debug, Default)]
struct Refresh {
    /// Something said that what is known is wrong or not enough.
    requested: bool,
    /// A request is under way.
    under_way: bool,
    /// No earlier than this, whatever was requested.
    not_before: Instant,
    last_success: Option<Instant>,
    failures: u32,
    /// A topic became of interest and was not asked for yet.
    fresh: bool,
    /// How many answers in a row brought nothing new although something was requested.
    idle_answers: u32,
}

impl Metadata {
    // ---- what is known

    /// Every broker that the last answer named.
    pub fn brokers(&self) -> &SortedMap<BrokerId, Address> {
        &self.brokers
    }

    /// The broker that is the controller, if the last answer named one.
    pub fn controller(&self) -> Option<BrokerId> {
        self.controller
    }

    /// A topic, if the last answer had it.
    pub fn topic(&self, name: &TopicName) -> Option<&Topic> {
        self.topics.get(name)
    }

    /// Why the last answer did not have a topic.
    pub fn error(&self, name: &TopicName) -> Option<ErrorCode> {
        self.errors.get(name).copied()
    }

    /// Who leads a partition, if anybody is known to.
    pub fn leader(&self, partition: &TopicPartition) -> Option<(BrokerId, LeaderEpoch)> {
        self.topics
            .get(&partition.topic)?
            .leader(partition.partition)
    }

    /// How many answers there were; a change means that something may have been learnt.
    pub fn version(&self) -> u64 {
        self.version
    }

    // ---- when to ask

    /// Adds a topic to those of interest. One that is new is asked for at once.
    pub fn want(&mut self, topic: &TopicName) {
        if !self.wanted.contains(topic) {
            self.wanted.insert(topic.clone());
            self.refresh.requested = true;
            self.refresh.fresh = true;
        }
    }

    /// Makes these the topics of interest, and no others.
    pub fn want_only(&mut self, topics: impl Iterator<Item = TopicName>) {
        let wanted: SortedSet<TopicName> = topics.collect();
        self.wanted.retain(|topic| wanted.contains(topic));
        for topic in &wanted {
            self.want(topic);
        }
    }

    /// What is known is wrong or not enough.
    pub fn request_update(&mut self) {
        self.refresh.requested = true;
    }

    /// When to ask next; `None` while a request is under way.
    pub fn next_request(&self, config: &NetworkConfig) -> Option<Instant> {
        let refresh = &self.refresh;
        if refresh.under_way {
            return None;
        }
        let wish = match refresh.last_success {
            Some(last) if !refresh.requested => last + config.metadata_max_age,
            _ => Instant::ZERO,
        };
        if refresh.fresh && refresh.failures == 0 {
            return Some(wish);
        }
        Some(wish.max(refresh.not_before))
    }

    /// The request, which the caller is about to send.
    pub(super) fn request(&mut self, config: &NetworkConfig) -> MetadataRequest {
        self.refresh.under_way = true;
        self.refresh.fresh = false;
        let topics = self.wanted.iter().map(|name| MetadataRequestTopic {
            topic_id: TopicId::default(),
            name: Some(name.0.clone()),
        });
        MetadataRequest {
            topics: Some(topics.collect()),
            allow_auto_topic_creation: config.allow_auto_create_topics,
            ..MetadataRequest::default()
        }
    }

    /// The request was lost with its connection.
    pub(super) fn failed(&mut self, now: Instant, config: &NetworkConfig, rng: &mut Rng) {
        self.refresh.under_way = false;
        self.refresh.failures = self.refresh.failures.saturating_add(1);
        self.pause(now, config, rng);
    }

    /// No request before the back-off is over.
    fn pause(&mut self, now: Instant, config: &NetworkConfig, rng: &mut Rng) {
        let backoff = Backoff {
            first: config.retry_backoff,
            most: config.retry_backoff_max,
        };
        let worst = self.refresh.failures.max(self.refresh.idle_answers).max(1);
        self.refresh.not_before = now + backoff.after(worst, rng);
    }

    // ---- learning

    /// Takes in an answer and notes who leads what now.
    pub(super) fn learn(
        &mut self,
        now: Instant,
        response: &MetadataResponse,
        config: &NetworkConfig,
        rng: &mut Rng,
        out: &mut Outbox,
    ) {
        let brokers_before = std::mem::take(&mut self.brokers);
        let topics_before = std::mem::take(&mut self.topics);
        self.version += 1;
        let brokers = response.brokers.iter().filter_map(|broker| {
            let port = u16::try_from(broker.port).ok()?;
            let host = broker.host.clone();
            Some((BrokerId(broker.node_id), Address { host, port }))
        });
        self.brokers = brokers.collect();
        let controller = BrokerId(response.controller_id);
        self.controller = Some(controller).filter(|id| self.brokers.contains_key(id));
        self.errors.clear();
        let mut incomplete = false;
        for topic in &response.topics {
            let Some(name) = topic.name.as_deref().map(TopicName::new) else {
                continue;
            };
            let error = ErrorCode::from_i16(topic.error_code);
            incomplete |= error.is_invalid_metadata();
            if error.is_none() {
                let old = topics_before.get(&name);
                let (new, leaderless) = merge(topic, old);
                // A leader of whom an older answer knew may be one that this answer does not know the way to.
                let mut leaders = new.partitions.iter().map(|known| known.leader);
                let lost =
                    leaders.any(|id| id != BrokerId::NONE && !self.brokers.contains_key(&id));
                incomplete |= leaderless || lost;
                note_leaders(&name, old, &new, out);
                self.topics.insert(name, new);
            } else {
                self.errors.insert(name, error);
            }
        }
        let same = self.brokers == brokers_before && self.topics == topics_before;
        let refresh = &mut self.refresh;
        refresh.idle_answers = match same && refresh.requested {
            true => refresh.idle_answers.saturating_add(1),
            false => 0,
        };
        refresh.under_way = false;
        refresh.failures = 0;
        refresh.last_success = Some(now);
        refresh.requested = incomplete || refresh.fresh;
        self.pause(now, config, rng);
    }

    /// Takes in what an answer to Produce or Fetch says about a partition's leader (KIP-951).
    pub fn learn_leader(
        &mut self,
        partition: &TopicPartition,
        leader: BrokerId,
        epoch: LeaderEpoch,
        out: &mut Outbox,
    ) {
        if leader.0 < 0 || epoch.0 < 0 || !self.brokers.contains_key(&leader) {
            return;
        }
        let Some(topic) = self.topics.get_mut(&partition.topic) else {
            return;
        };
        let number = usize::try_from(partition.partition).unwrap_or(usize::MAX);
        let Some(known) = topic.partitions.get_mut(number) else {
            return;
        };
        if known.epoch >= epoch {
            return;
        }
        *known = Partition { leader, epoch };
        topic.count_available();
        self.version += 1;
        out.note(Fact::LeaderLearned {
            partition: partition.clone(),
            leader,
            epoch,
        });
    }
}

impl Topic {
    /// Who leads a partition, if anybody is known to.
    pub fn leader(&self, partition: i32) -> Option<(BrokerId, LeaderEpoch)> {
        let number = usize::try_from(partition).ok()?;
        let known = self.partitions.get(number)?;
        (known.leader != BrokerId::NONE).then_some((known.leader, known.epoch))
    }

    fn count_available(&mut self) {
        let numbered = (0..).zip(&self.partitions);
        let led = numbered.filter(|(_, known)| known.leader != BrokerId::NONE);
        self.available = led.map(|(number, _)| number).collect();
    }
}

/// The topic as an answer has it, except where an older answer knew a newer leader; and whether a
/// partition has no leader.
fn merge(topic: &MetadataResponseTopic, old: Option<&Topic>) -> (Topic, bool) {
    let mut leaderless = false;
    let same = old.filter(|old| old.id == topic.topic_id);
    let mut sorted: Vec<&MetadataResponsePartition> = topic.partitions.iter().collect();
    sort_by_key(&mut sorted, |partition| partition.partition_index);
    let mut partitions = Vec::with_capacity(sorted.len());
    for partition in sorted {
        let Ok(number) = usize::try_from(partition.partition_index) else {
            continue;
        };
        // Partitions are numbered without gaps; what comes behind a gap is not believed.
        if number != partitions.len() {
            continue;
        }
        let error = ErrorCode::from_i16(partition.error_code);
        let told = Partition {
            leader: BrokerId(partition.leader_id.max(-1)),
            epoch: LeaderEpoch(partition.leader_epoch),
        };
        let known = same.and_then(|old| old.partitions.get(number)).copied();
        let known = known.filter(|known| told.epoch.0 >= 0 && known.epoch > told.epoch);
        leaderless |= error.is_invalid_metadata() || told.leader == BrokerId::NONE;
        partitions.push(known.unwrap_or(told));
    }
    let mut new = Topic {
        id: topic.topic_id,
        partitions,
        available: Vec::new(),
    };
    new.count_available();
    (new, leaderless)
}

fn note_leaders(name: &TopicName, old: Option<&Topic>, new: &Topic, out: &mut Outbox) {
    for (number, partition) in (0..).zip(&new.partitions) {
        let before = old.and_then(|old| old.partitions.get(number as usize));
        if before == Some(partition) || (before.is_none() && *partition == UNKNOWN) {
            continue;
        }
        out.note(Fact::LeaderLearned {
            partition: TopicPartition {
                topic: name.clone(),
                partition: number,
            },
            leader: partition.leader,
            epoch: partition.epoch,
        });
    }
}
