//! FindCoordinator: which broker coordinates a group.
//!
//! Any broker knows: it is the leader of the partition of `__consumer_offsets` into which the group's name
//! falls. The first who asks has the topic made.

use super::Asked;
use crate::broker::Broker;
use crate::broker::coordinating::{OFFSETS_TOPIC, offsets_partition};
use crate::model::{Address, BrokerId, Text, TopicName};
use crate::process::Outbox;
use crate::protocol::ErrorCode;
use crate::protocol::api::find_coordinator::{
    Coordinator, FindCoordinatorRequest, FindCoordinatorResponse,
};
use crate::time::Moment;

/// The coordinator of a group, as it is asked for.
const GROUP: i8 = 0;
/// The coordinator of a transaction.
const TRANSACTION: i8 = 1;

/// The first version that asks for several at once.
const SEVERAL_FROM: i16 = 4;

impl Broker {
    pub(super) fn handle_find_coordinator(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: &FindCoordinatorRequest,
        out: &mut Outbox,
    ) {
        let mut response = FindCoordinatorResponse::default();
        if asked.id.version >= SEVERAL_FROM {
            let keys = request.coordinator_keys.iter();
            let found = keys.map(|key| self.coordinator_of(at, key, request.key_type, out));
            response.coordinators = found.collect();
            for found in &mut response.coordinators {
                // Only what cannot be answered at all is explained.
                let error = ErrorCode::from_i16(found.error_code);
                found.error_message = Some(match error {
                    ErrorCode::InvalidRequest => sentence(error).into(),
                    _ => Text::default(),
                });
            }
        } else {
            let found = self.coordinator_of(at, &request.key, request.key_type, out);
            response.error_code = found.error_code;
            let error = ErrorCode::from_i16(found.error_code);
            response.error_message = Some(sentence(error).into());
            response.node_id = found.node_id;
            response.host = found.host;
            response.port = found.port;
        }
        self.answer(at, asked.id, &response, out);
    }

    fn coordinator_of(
        &mut self,
        at: Moment,
        key: &Text,
        key_type: i8,
        out: &mut Outbox,
    ) -> Coordinator {
        let mut found = Coordinator {
            key: key.clone(),
            node_id: BrokerId::NONE.0,
            port: -1,
            ..Coordinator::default()
        };
        match self.find_coordinator(at, key, key_type, out) {
            Ok((id, address)) => {
                found.node_id = id.0;
                found.host = address.host;
                found.port = i32::from(address.port);
            }
            Err(error) => {
                found.error_code = error.code();
            }
        }
        found
    }

    /// # Errors
    /// INVALID_REQUEST (42) for a kind of coordinator that there is not; COORDINATOR_NOT_AVAILABLE (15) while
    /// nobody leads the partition, there is no such topic yet, or it is not known how many partitions it has.
    fn find_coordinator(
        &mut self,
        at: Moment,
        key: &Text,
        key_type: i8,
        out: &mut Outbox,
    ) -> Result<(BrokerId, Address), ErrorCode> {
        match key_type {
            GROUP => {}
            // Not modelled: transactions. Nobody will ever coordinate one.
            TRANSACTION => return Err(ErrorCode::CoordinatorNotAvailable),
            _ => return Err(ErrorCode::InvalidRequest),
        }
        let topic = TopicName(OFFSETS_TOPIC.into());
        if self.metadata.topic(&topic).is_none() {
            let wanted = vec![self.offsets_topic()];
            self.wish_for_topics(at, wanted, out);
            return Err(ErrorCode::CoordinatorNotAvailable);
        }
        if !self.groups.coordinator.knows_partitions() {
            self.count_offsets_partitions(at, out);
            return Err(ErrorCode::CoordinatorNotAvailable);
        }
        let partition = self.groups.coordinator.partition_of(key);
        let state = self.metadata.partition(&offsets_partition(partition));
        let leader = state.map_or(BrokerId::NONE, |state| state.leader);
        let address = self.metadata.brokers().get(&leader).cloned();
        let address = address.ok_or(ErrorCode::CoordinatorNotAvailable)?;
        Ok((leader, address))
    }
}

/// What Kafka says of an error beside its code.
fn sentence(error: ErrorCode) -> &'static str {
    match error {
        ErrorCode::InvalidRequest => {
            "This most likely occurs because of a request being malformed by the client library or the message \
             was sent to an incompatible broker. See the broker logs for more details."
        }
        ErrorCode::CoordinatorNotAvailable => "The coordinator is not available.",
        other => other.name(),
    }
}
