//! One session: the partitions that a client reads, and what it was last told of each.

use super::Rank;
use crate::fetch_session::Wanted;
use crate::model::{Text, TopicId};
use crate::protocol::ErrorCode;
use crate::protocol::api::FetchRequest;
use crate::protocol::api::fetch::{FetchTopic, FetchableTopicResponse, PartitionData};
use crate::sorted::Mentions;
use crate::time::Instant;

/// A partition of a session.
#[derive(Clone, Debug)]
pub(super) struct Cached {
    pub(super) wanted: Wanted,
    /// What was last told; −1 after an error, so that whatever comes next is news.
    pub(super) high_watermark: i64,
    pub(super) log_start: i64,
}

/// What is remembered of one reader.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) rank: Rank,
    pub(super) by_id: bool,
    pub(super) created: Instant,
    pub(super) last_used: Instant,
    /// The epoch of the next request.
    pub(super) epoch: i32,
    /// In the order in which they are read: those that gave records last come last.
    pub(super) partitions: Vec<Cached>,
    /// How much memory they take.
    pub(super) bytes: usize,
}

impl Session {
    /// Takes in what a request says is different.
    pub(super) fn update(&mut self, request: &FetchRequest) {
        if request.forgotten_topics_data.is_empty() && request.topics.is_empty() {
            return;
        }
        if !request.forgotten_topics_data.is_empty() {
            let forgotten = request.forgotten_topics_data.iter().flat_map(|topic| {
                let partitions = topic.partitions.iter();
                partitions.map(|partition| (topic.topic_id, &topic.topic, *partition))
            });
            let forgotten = Mentions::of(forgotten);
            self.partitions
                .retain(|cached| !forgotten.is_named(key(&cached.wanted)));
        }
        let said: Vec<Wanted> = all_wanted(&request.topics).collect();
        if !said.is_empty() {
            let known = Mentions::of(self.partitions.iter().map(|cached| key(&cached.wanted)));
            let places: Vec<_> = said.iter().map(|wanted| known.first(key(wanted))).collect();
            for (wanted, place) in said.into_iter().zip(places) {
                match place {
                    Some(place) => self.partitions[place].wanted = wanted,
                    None => self.partitions.push(Cached {
                        wanted,
                        high_watermark: -1,
                        log_start: -1,
                    }),
                }
            }
        }
        self.bytes = self
            .partitions
            .iter()
            .map(|cached| bytes(&cached.wanted))
            .sum();
    }

    /// Leaves in an answer, which speaks of every partition in order, only what is news; what gave
    /// records is read last from now on, so that none starves another.
    pub(super) fn leave_news(&mut self, responses: &mut Vec<FetchableTopicResponse>) {
        let mut cached = std::mem::take(&mut self.partitions).into_iter();
        let mut gave = Vec::new();
        for topic in responses.iter_mut() {
            topic.partitions.retain(|told| {
                let Some(mut cached) = cached.next() else {
                    return true;
                };
                let news = cached.is_news(told);
                match told
                    .records
                    .as_ref()
                    .is_some_and(|records| !records.is_empty())
                {
                    true => gave.push(cached),
                    false => self.partitions.push(cached),
                }
                news
            });
        }
        self.partitions.extend(cached);
        self.partitions.append(&mut gave);
        responses.retain(|topic| !topic.partitions.is_empty());
    }
}

impl Cached {
    /// Whether a reader must be told; if so, it is told now.
    fn is_news(&mut self, told: &PartitionData) -> bool {
        let moved =
            self.high_watermark != told.high_watermark || self.log_start != told.log_start_offset;
        (self.high_watermark, self.log_start) = (told.high_watermark, told.log_start_offset);
        let trouble = told.error_code != ErrorCode::None.code() || told.diverging_epoch.epoch >= 0;
        if trouble {
            self.high_watermark = -1;
        }
        let records = told.records.as_ref();
        moved || trouble || records.is_some_and(|records| !records.is_empty())
    }
}

fn key(wanted: &Wanted) -> (TopicId, &Text, i32) {
    (wanted.topic_id, &wanted.topic, wanted.partition.partition)
}

/// How much memory a session takes for a partition. Its topic's name may be as long as a request has room for.
pub(super) fn bytes(wanted: &Wanted) -> usize {
    size_of::<Cached>() + wanted.topic.len()
}

/// Every partition of a request.
pub(super) fn all_wanted(topics: &[FetchTopic]) -> impl Iterator<Item = Wanted> {
    topics.iter().flat_map(|topic| {
        topic.partitions.iter().map(|partition| Wanted {
            topic: topic.topic.clone(),
            topic_id: topic.topic_id,
            partition: partition.clone(),
        })
    })
}
