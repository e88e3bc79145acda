//! Topics that clients would like to have, asked for on their behalf: Kafka's
//! `AutoTopicCreationManager`.
//!
//! A wish is sent to the controller once. Whether it comes true is told to nobody; the client asks for
//! the metadata again, and by then the topic is there or is wished for again.

use crate::sorted::{Mentions, SortedMap};

use super::controller_line::{ControllerLine, Overdue};
use super::{Broker, Owner};
use crate::controller::MAX_PARTITIONS_OF_ALL;
use crate::model::{BrokerId, Text};
use crate::process::Outbox;
use crate::protocol::Chunks;
use crate::protocol::api::CreateTopicsRequest;
use crate::protocol::api::create_topics::CreatableTopic;
use crate::time::{Duration, Instant, Moment};

#[derive(Clone, Debug)]
pub(super) struct TopicWishes {
    /// By name; the ones in flight are still here.
    wishes: SortedMap<Text, CreatableTopic>,
    pub(super) line: ControllerLine<Vec<Text>>,
}

impl TopicWishes {
    /// `timeout` is `request.timeout.ms`.
    pub(super) fn new(id: BrokerId, timeout: Duration) -> TopicWishes {
        TopicWishes {
            wishes: SortedMap::new(),
            // Longer than the controller takes, so that its answer comes before this end gives up.
            line: ControllerLine::new(id, "forwarding", timeout.times(2)),
        }
    }

    pub(super) fn closed(&mut self, out: &mut Outbox) {
        self.line.closed(out);
        self.wishes.clear();
    }

    pub(super) fn check_overdue(&mut self, now: Instant, out: &mut Outbox) {
        if self.line.check_overdue(now, out) == Overdue::GivenUp {
            self.wishes.clear();
        }
    }
}

impl Broker {
    /// Wishes for topics, unless they are already wished for. What is more than a cluster may have is not.
    pub(super) fn ask_for_topics(
        &mut self,
        at: Moment,
        topics: Vec<CreatableTopic>,
        out: &mut Outbox,
    ) {
        let wishes = &mut self.topic_wishes.wishes;
        let room = MAX_PARTITIONS_OF_ALL.saturating_sub(wishes.len());
        let new = topics
            .into_iter()
            .filter(|topic| !wishes.contains_key(&topic.name));
        let new: Vec<CreatableTopic> = new.take(room).collect();
        wishes.gather(new.into_iter().map(|topic| (topic.name.clone(), topic)));
        self.send_topic_wishes(at, out);
    }

    pub(super) fn send_topic_wishes(&mut self, at: Moment, out: &mut Outbox) {
        if self.topic_wishes.wishes.is_empty()
            || !self.line_is_free(at, Owner::TopicWishes, |me| &mut me.topic_wishes.line, out)
        {
            return;
        }
        let topics: Vec<CreatableTopic> = self.topic_wishes.wishes.values().cloned().collect();
        let names = topics.iter().map(|topic| topic.name.clone()).collect();
        let request = CreateTopicsRequest {
            topics,
            timeout_ms: self.config.request_timeout.as_millis_i32(),
            validate_only: false,
        };
        self.topic_wishes.line.ask(at.now, &request, names, out);
    }

    pub(super) fn topic_wishes_answered(&mut self, at: Moment, bytes: Chunks, out: &mut Outbox) {
        let Some(arrived) = self.topic_wishes.line.received(bytes, out) else {
            return self.topic_wishes.wishes.clear();
        };
        let told = arrived.answers.iter().flat_map(|answer| &answer.tag);
        let told = Mentions::of(told);
        let wishes = &mut self.topic_wishes.wishes;
        wishes.retain(|name, _| !told.is_named(name));
        self.send_topic_wishes(at, out);
    }
}
