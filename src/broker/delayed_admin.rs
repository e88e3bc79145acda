//! Requests of admin clients that are carried out and not yet known to be: they wait until this broker's
//! own metadata shows what they asked for, as Kafka's `DelayedOperation`s of topics do.
//!
//! What was asked for happens all the same when their time is up; they only say that nobody can tell.

use super::Broker;
use super::connections::RequestId;
use super::purgatory::{Parked, Wait};
use crate::model::{BrokerId, TopicName, TopicPartition};
use crate::process::Outbox;
use crate::protocol::ErrorCode;
use crate::protocol::api::{
    CreatePartitionsResponse, CreateTopicsResponse, DeleteTopicsResponse, ElectLeadersResponse,
};
use crate::time::{Duration, Moment};

/// The answer as it will be when everything goes well.
#[derive(Clone, Debug)]
pub(super) enum AdminAnswer {
    CreateTopics(CreateTopicsResponse),
    DeleteTopics(DeleteTopicsResponse),
    CreatePartitions(CreatePartitionsResponse),
    ElectLeaders(ElectLeadersResponse),
}

/// What the metadata must show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Until {
    /// Each of these has a leader.
    Led(Vec<TopicPartition>),
    /// There is no such topic.
    Gone(TopicName),
    /// This broker leads the partition.
    LedBy(TopicPartition, BrokerId),
}

/// Where in an answer something stands: a topic, and a partition of it.
pub(super) type Place = (usize, usize);

/// A request that waits.
#[derive(Clone, Debug)]
pub(super) struct DelayedAdmin {
    pub(super) answer: AdminAnswer,
    /// What is not shown yet, by its place in the answer.
    pub(super) waiting: Vec<(Place, Until)>,
}

impl AdminAnswer {
    fn set_error(&mut self, place: Place, error: ErrorCode) {
        let code = match self {
            AdminAnswer::CreateTopics(response) => {
                let topic = &mut response.topics[place.0];
                topic.forget_what_it_would_be();
                &mut topic.error_code
            }
            AdminAnswer::DeleteTopics(response) => &mut response.responses[place.0].error_code,
            AdminAnswer::CreatePartitions(response) => &mut response.results[place.0].error_code,
            AdminAnswer::ElectLeaders(response) => {
                let topic = &mut response.replica_election_results[place.0];
                &mut topic.partition_result[place.1].error_code
            }
        };
        *code = error.code();
    }
}

impl Broker {
    /// Answers now if there is nothing to wait for or no time to wait; else later.
    pub(super) fn answer_when_known(
        &mut self,
        at: Moment,
        request: RequestId,
        timeout: Duration,
        delayed: DelayedAdmin,
        out: &mut Outbox,
    ) {
        if delayed.waiting.is_empty() || timeout.is_zero() {
            return self.finish_admin(at, request, delayed, out);
        }
        let parked = Parked {
            request,
            since: at.now,
            until: at.now + timeout,
            wait: Wait::Admin(delayed),
        };
        self.park(parked, out);
        self.check_waiting_admin(at, out);
    }

    /// Answers: with a timeout where something is still not shown.
    pub(super) fn finish_admin(
        &mut self,
        at: Moment,
        request: RequestId,
        delayed: DelayedAdmin,
        out: &mut Outbox,
    ) {
        let mut answer = delayed.answer;
        for (place, _) in delayed.waiting {
            answer.set_error(place, ErrorCode::RequestTimedOut);
        }
        match answer {
            AdminAnswer::CreateTopics(response) => self.answer(at, request, &response, out),
            AdminAnswer::DeleteTopics(response) => self.answer(at, request, &response, out),
            AdminAnswer::CreatePartitions(response) => self.answer(at, request, &response, out),
            AdminAnswer::ElectLeaders(response) => self.answer(at, request, &response, out),
        }
    }

    /// The metadata has changed: whoever waited for that is answered.
    pub(super) fn check_waiting_admin(&mut self, at: Moment, out: &mut Outbox) {
        let metadata = self.metadata.clone();
        let leader = |name: &TopicPartition| metadata.partition(name).map(|known| known.leader);
        let is_shown = |until: &Until| match until {
            Until::Led(names) => names
                .iter()
                .all(|name| leader(name).is_some_and(|leader| leader != BrokerId::NONE)),
            Until::Gone(topic) => metadata.topic(topic).is_none(),
            Until::LedBy(name, broker) => leader(name) == Some(*broker),
        };
        for ticket in self.purgatory.admin_completed(is_shown) {
            self.finish(at, ticket, out);
        }
    }
}
