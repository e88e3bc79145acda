//! Producer ids: brokers get them in blocks, each block once.

use super::question::{Reply, Token};
use super::step::Step;
use super::{Controller, znodes};
use crate::model::{BrokerEpoch, BrokerId, ProducerId};
use crate::protocol::ErrorCode;
use crate::protocol::zookeeper::{Answer, Operation, Outcome};

/// How many ids a broker gets at once.
const BLOCK: i32 = 1_000;

/// Ids that one broker may give away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducerIdBlock {
    pub first: ProducerId,
    pub count: i32,
}

impl ProducerIdBlock {
    /// The first block there is: it begins at 0.
    pub const FIRST: ProducerIdBlock = ProducerIdBlock {
        first: ProducerId(0),
        count: BLOCK,
    };
}

impl Controller {
    /// Judges a wish for a block; the znode is read next.
    pub(super) fn want_producer_ids(&mut self, token: Token, broker: BrokerId, epoch: BrokerEpoch) {
        let refusal = match self.store.broker_epoch(broker) {
            None => Some(ErrorCode::BrokerIdNotRegistered),
            Some(known) if known != epoch => Some(ErrorCode::StaleBrokerEpoch),
            Some(_) => None,
        };
        match refusal {
            Some(error) => self.replies.push((token, Reply::ProducerIds(Err(error)))),
            None => self.next(Step::ReadProducerIds(token, broker)),
        }
    }

    /// The last block that was given away; the next one is written over it.
    pub(super) fn producer_ids_read(
        &mut self,
        token: Token,
        broker: BrokerId,
        outcome: Option<&Outcome>,
    ) {
        let Some(Ok(Answer::Data { data, stat })) = outcome else {
            let error = Err(ErrorCode::UnknownServerError);
            return self.replies.push((token, Reply::ProducerIds(error)));
        };
        let block = match znodes::read_producer_ids(data) {
            None => ProducerIdBlock::FIRST,
            Some(latest) => ProducerIdBlock {
                first: ProducerId(latest.last + 1),
                count: BLOCK,
            },
        };
        self.next(Step::WriteProducerIds {
            token,
            broker,
            block,
            version: stat.version,
        });
    }

    /// Written over the version that was read, and over no other: no block is given twice.
    pub(super) fn write_producer_ids(
        broker: BrokerId,
        block: ProducerIdBlock,
        version: i32,
    ) -> Operation {
        let block = znodes::ProducerIds {
            broker,
            first: block.first.0,
            last: block.first.0 + i64::from(block.count) - 1,
        };
        Operation::SetData {
            path: znodes::PRODUCER_IDS.into(),
            data: znodes::write_producer_ids(block),
            version,
        }
    }

    pub(super) fn producer_ids_written(
        &mut self,
        token: Token,
        broker: BrokerId,
        block: ProducerIdBlock,
        outcome: Option<&Outcome>,
    ) {
        match outcome {
            Some(Ok(_)) => self.replies.push((token, Reply::ProducerIds(Ok(block)))),
            // Somebody else was first, or this write was repeated: the next block is nobody's.
            _ => self.next(Step::ReadProducerIds(token, broker)),
        }
    }
}
