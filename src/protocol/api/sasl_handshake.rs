//! SaslHandshake: a client that wants to say who it is asks how.

use crate::model::Text;
use crate::protocol::message::messages;

messages! {
    /// Asks for a way.
    pub struct SaslHandshakeRequest [flexible i16::MAX] {
        mechanism: Text [0..];
    }

    /// Whether it may be that, and which ways there are.
    pub struct SaslHandshakeResponse [flexible i16::MAX] {
        error_code: i16 [0..];
        mechanisms: Vec<Text> [0..];
    }
}
