//! InitProducerId: a producer asks for the number under which brokers recognise what it sends twice.

use crate::model::Text;
use crate::protocol::message::messages;

messages! {
    /// Asks for a producer id.
    pub struct InitProducerIdRequest [flexible 2] {
        /// Under which name the producer commits transactions; null if it does not.
        transactional_id: Option<Text> [0..] null [0..];
        /// How long a transaction may be idle before it is aborted.
        transaction_timeout_ms: i32 [0..];
        /// The id that a transactional producer already has; −1 for none.
        producer_id: i64 [3..] = -1;
        /// The epoch it already has; −1 for none.
        producer_epoch: i16 [3..] = -1;
    }

    /// The producer's id.
    pub struct InitProducerIdResponse [flexible 2] {
        /// How long the client's next request will wait because of quotas.
        throttle_time_ms: i32 [0..];
        error_code: i16 [0..];
        /// Nobody else has it or ever had it; −1 with an error.
        producer_id: i64 [0..] = -1;
        /// 0 for a new id; −1 with an error.
        producer_epoch: i16 [0..];
    }
}
