//! Topics that clients would like to have, asked for on their behalf: Kafka's
//! `AutoTopicCreationManager`.
//!
//! A wish is sent to the controller once. Whether it comes true is told to nobody; the client asks for
//! the metadata again, and by then the topic is there or is wished for again.

use crate::sorted::SortedMap;

use super::{Broker, Owner};
use crate::channel::{Channel, Negotiation, State};
use crate::fact::CloseReason;
use crate::model::{BrokerId, ConnectionId, ProcessId, Text};
use crate::process::Outbox;
use crate::protocol::api::CreateTopicsRequest;
use crate::protocol::api::create_topics::CreatableTopic;
use crate::protocol::{ApiKey, Chunks};
use crate::time::{Instant, Moment};

#[derive(Clone, Debug)]
pub(super) struct TopicWishes {
    /// By name; the ones in flight are still here.
    wishes: SortedMap<Text, CreatableTopic>,
    channel: Channel<Vec<Text>>,
}

impl TopicWishes {
    pub(super) fn new(id: BrokerId) -> TopicWishes {
        let name = format!("broker-{id}-forwarding");
        TopicWishes {
            wishes: SortedMap::new(),
            channel: Channel::new(Some(name.into()), Negotiation::Known),
        }
    }

    pub(super) fn next_wakeup(&self) -> Option<Instant> {
        self.channel.next_timeout()
    }

    pub(super) fn connection(&self) -> Option<ConnectionId> {
        self.channel.connection()
    }

    pub(super) fn closed(&mut self, out: &mut Outbox) {
        self.channel.closed(out);
        self.wishes.clear();
    }

    pub(super) fn check_overdue(&mut self, now: Instant, out: &mut Outbox) {
        if self.channel.is_overdue(now) {
            self.channel.close(CloseReason::RequestTimedOut, out);
            self.wishes.clear();
        }
    }
}

impl Broker {
    /// Wishes for a topic, unless it is already wished for.
    pub(super) fn ask_for_topic(&mut self, at: Moment, topic: CreatableTopic, out: &mut Outbox) {
        self.topic_wishes
            .wishes
            .entry(topic.name.clone())
            .or_insert(topic);
        self.send_topic_wishes(at, out);
    }

    pub(super) fn send_topic_wishes(&mut self, at: Moment, out: &mut Outbox) {
        if self.topic_wishes.wishes.is_empty() || self.topic_wishes.channel.in_flight().len() > 0 {
            return;
        }
        let controller = self.metadata.controller();
        let address = controller
            .and_then(|id| self.metadata.brokers().get(&id))
            .cloned();
        let Some(address) = address else {
            return;
        };
        // Longer than the controller takes, so that its answer comes before this end gives up.
        let timeout = self.config.request_timeout.times(2);
        match self.topic_wishes.channel.state() {
            State::Ready if self.topic_wishes.channel.address() != Some(&address) => {
                // The controller has moved.
                self.topic_wishes.channel.close(CloseReason::Done, out);
                self.send_topic_wishes(at, out);
            }
            State::Closed => {
                let serial = self.own_connection(Owner::TopicWishes);
                let opener = ProcessId::from(self.id);
                let channel = &mut self.topic_wishes.channel;
                channel.connect(at.now, opener, serial, address, timeout, out);
            }
            State::Ready => {
                let topics: Vec<CreatableTopic> =
                    self.topic_wishes.wishes.values().cloned().collect();
                let names = topics.iter().map(|topic| topic.name.clone()).collect();
                let request = CreateTopicsRequest {
                    topics,
                    timeout_ms: self.config.request_timeout.as_millis_i32(),
                    validate_only: false,
                };
                let version = *ApiKey::CreateTopics.versions().end();
                let channel = &mut self.topic_wishes.channel;
                channel.send(at.now, &request, version, names, timeout, out);
            }
            State::Connecting | State::Negotiating => {}
        }
    }

    pub(super) fn topic_wishes_opened(&mut self, at: Moment, out: &mut Outbox) {
        let timeout = self.config.request_timeout;
        self.topic_wishes.channel.opened(at.now, timeout, out);
        self.send_topic_wishes(at, out);
    }

    pub(super) fn topic_wishes_answered(&mut self, at: Moment, bytes: Chunks, out: &mut Outbox) {
        match self.topic_wishes.channel.received(bytes) {
            Ok(arrived) => {
                for name in arrived.answers.iter().flat_map(|answer| &answer.tag) {
                    self.topic_wishes.wishes.remove(name);
                }
                self.send_topic_wishes(at, out);
            }
            Err(_) => {
                self.topic_wishes.channel.close(CloseReason::Malformed, out);
                self.topic_wishes.wishes.clear();
            }
        }
    }
}
