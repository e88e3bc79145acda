//! `Room`: how long an answer may still become.
//!
//! Most answers say as much as they were asked. A few tell a long story of whatever is named, and may be asked for it
//! as often as a request has room for names: all settings of one topic a million times. Those measure what they
//! have gathered before they go on.
//!
//! Unlike Kafka, which tries until its memory or the length of a frame ends: an answer has 32 MiB beside the stored
//! batches in it, of which there is one copy anyway. All settings of ten thousand topics fit in, which are as many as
//! there may be, though not with the documentation of each. Who asks for more is closed the door upon, and the facts
//! say why.

use crate::broker::Broker;
use crate::broker::connections::RequestId;
use crate::process::Outbox;
use crate::protocol::Writer;
use crate::protocol::wire::{Context, Wire};

/// How long an answer may be, beside the stored batches in it.
pub const LONGEST_ANSWER: usize = 32 << 20;

/// What is left of an answer's length.
#[derive(Debug)]
pub(super) struct Room {
    context: Context,
    left: usize,
}

impl Room {
    /// All of it, for the answer to a request.
    pub(super) fn of(request: RequestId) -> Room {
        Room {
            context: Context::new(request.version, request.api.first_flexible()),
            left: LONGEST_ANSWER,
        }
    }

    /// Takes what a part of the answer needs; false when there is not so much.
    pub(super) fn take(&mut self, part: &dyn Wire) -> bool {
        let mut writer = Writer::within(self.left);
        part.write(&mut writer, self.context);
        self.left = self.left.saturating_sub(writer.len());
        !writer.is_full()
    }
}

impl Broker {
    /// Closes the connection of somebody who has asked for more than can be said.
    pub(super) fn refuse_length(&mut self, request: RequestId, out: &mut Outbox) {
        if self.connections.get(request.connection).is_none() {
            return;
        }
        let megabytes = LONGEST_ANSWER >> 20;
        let api = request.api.name();
        let why = format!("the answer to this {api} would be longer than {megabytes} MiB");
        self.reject(request.connection, &why, out);
    }
}
