//! AllocateProducerIds: a broker asks the controller for producer ids that it may give away.

use crate::protocol::message::messages;

messages! {
    /// Asks for a block of producer ids.
    pub struct AllocateProducerIdsRequest [flexible 0] {
        broker_id: i32 [0..];
        /// The life of the broker that asks; −1 is unknown.
        broker_epoch: i64 [0..] = -1;
    }

    /// A block of producer ids that nobody else has got.
    pub struct AllocateProducerIdsResponse [flexible 0] {
        throttle_time_ms: i32 [0..];
        error_code: i16 [0..];
        /// The first id of the block.
        producer_id_start: i64 [0..];
        /// How many ids it has.
        producer_id_len: i32 [0..];
    }
}
