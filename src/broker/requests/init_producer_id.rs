//! InitProducerId, and AllocateProducerIds, by which brokers get what they give away.
//!
//! Any broker gives ids to producers without transactions; the controller gives blocks of ids to brokers.

use super::Asked;
use crate::broker::Broker;
use crate::broker::controlling::Pending;
use crate::controller::{ProducerIdBlock, Question};
use crate::fact::Fact;
use crate::model::{BrokerEpoch, BrokerId, ProducerId};
use crate::process::Outbox;
use crate::protocol::ErrorCode;
use crate::protocol::api::{
    AllocateProducerIdsRequest, AllocateProducerIdsResponse, InitProducerIdRequest,
    InitProducerIdResponse,
};
use crate::time::Moment;

impl Broker {
    pub(super) fn handle_init_producer_id(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: &InitProducerIdRequest,
        out: &mut Outbox,
    ) {
        let given = check(request).and_then(|()| self.claim_producer_id(at, out));
        let response = match given {
            Ok(producer_id) => {
                out.note(Fact::ProducerIdGiven { producer_id });
                InitProducerIdResponse {
                    producer_id: producer_id.0,
                    producer_epoch: 0,
                    ..InitProducerIdResponse::default()
                }
            }
            Err(error) => InitProducerIdResponse {
                error_code: error.code(),
                producer_id: ProducerId::NONE.0,
                producer_epoch: -1,
                ..InitProducerIdResponse::default()
            },
        };
        self.answer(at, asked.id, &response, out);
    }

    pub(super) fn handle_allocate_producer_ids(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: &AllocateProducerIdsRequest,
        out: &mut Outbox,
    ) {
        let broker = BrokerId(request.broker_id);
        let question = Question::AllocateProducerIds {
            broker,
            epoch: BrokerEpoch(request.broker_epoch),
        };
        let pending = Pending::ProducerIds(asked.clone(), broker);
        self.ask_controller(at, pending, question, out);
    }

    /// The controller has given a block, or refused.
    pub(in crate::broker) fn producer_ids_allocated(
        &mut self,
        at: Moment,
        asked: &Asked,
        sender: BrokerId,
        allocated: Result<ProducerIdBlock, ErrorCode>,
        out: &mut Outbox,
    ) {
        let response = match allocated {
            Ok(block) => {
                out.note(Fact::ProducerIdsAllocated {
                    broker: sender,
                    first: block.first,
                    count: block.count,
                });
                AllocateProducerIdsResponse {
                    producer_id_start: block.first.0,
                    producer_id_len: block.count,
                    ..AllocateProducerIdsResponse::default()
                }
            }
            Err(error) => AllocateProducerIdsResponse {
                error_code: error.code(),
                ..AllocateProducerIdsResponse::default()
            },
        };
        self.answer(at, asked.id, &response, out);
    }
}

/// What is checked before an id is given, in Kafka's order.
fn check(request: &InitProducerIdRequest) -> Result<(), ErrorCode> {
    if (request.producer_id == -1) != (request.producer_epoch == -1) {
        return Err(ErrorCode::InvalidRequest);
    }
    match request.transactional_id.as_deref() {
        None => Ok(()),
        Some("") => Err(ErrorCode::InvalidRequest),
        // Not modelled: transactions. Unlike Kafka, which says so only to those who have no right to the
        // id: nobody has, and a client knows what that means.
        Some(_) => Err(ErrorCode::TransactionalIdAuthorizationFailed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_for_producers_without_transactions() {
        let mut request = InitProducerIdRequest::default();
        assert_eq!(check(&request), Ok(()));
        request.producer_epoch = 3;
        assert_eq!(check(&request), Err(ErrorCode::InvalidRequest));
        request.producer_id = 4;
        assert_eq!(check(&request), Ok(()));
        request.transactional_id = Some("".into());
        assert_eq!(check(&request), Err(ErrorCode::InvalidRequest));
        request.transactional_id = Some("transfers".into());
        let refused = Err(ErrorCode::TransactionalIdAuthorizationFailed);
        assert_eq!(check(&request), refused);
    }
}
