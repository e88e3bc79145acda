//! SaslHandshake: what a client hears that wants to say who it is where nobody asks.
//!
//! Not modelled: SASL. As with a listener of Kafka's that is PLAINTEXT, ILLEGAL_SASL_STATE (34) is the answer.

use super::Asked;
use crate::broker::Broker;
use crate::process::Outbox;
use crate::protocol::ErrorCode;
use crate::protocol::api::SaslHandshakeResponse;
use crate::time::Moment;

impl Broker {
    pub(super) fn handle_sasl_handshake(&mut self, at: Moment, asked: &Asked, out: &mut Outbox) {
        let response = SaslHandshakeResponse {
            error_code: ErrorCode::IllegalSaslState.code(),
            ..SaslHandshakeResponse::default()
        };
        self.answer(at, asked.id, &response, out);
    }
}
