//! Working off what an input has set in motion: requests that have been waiting, and requests that came behind
//! them.

use super::clock::Timer;
use super::purgatory::{Parked, Seen, Ticket, Wait};
use super::replicas::Slot;
use super::{Broker, requests};
use crate::fact::Fact;
use crate::process::Outbox;
use crate::protocol::ErrorCode;
use crate::time::Moment;

impl Broker {
    /// A replica changed: whoever waits for it is looked at before this input is done.
    pub(super) fn stir(&mut self, slot: Slot) {
        self.stirred.insert(slot);
    }

    pub(super) fn park(&mut self, parked: Parked, out: &mut Outbox) {
        let (request, until) = (parked.request, parked.until);
        out.note(Fact::RequestParked {
            connection: request.connection,
            api: request.api,
            correlation_id: request.correlation_id,
        });
        let ticket = self.purgatory.park(parked);
        self.timers.set(Timer::Parked(ticket), until);
    }

    /// Works off what an input has set in motion: waiting requests that can be answered, and requests
    /// that came behind them.
    pub(super) fn settle(&mut self, at: Moment, out: &mut Outbox) {
        loop {
            while let Some(slot) = self.stirred.pop_first() {
                self.check_waiting(at, slot, out);
            }
            self.admit(at);
            if !self.serving {
                return;
            }
            let Some(connection) = self.connections.next_ready() else {
                return;
            };
            let limit = self.config.socket_request_max_bytes as usize;
            match self.connections.next_frame(connection, limit) {
                Ok(None) => {}
                Ok(Some(frame)) => {
                    self.handle_frame(at, connection, &frame, out);
                }
                Err(malformed) => self.reject(connection, &malformed.to_string(), out),
            }
        }
    }

    /// Looks at the requests that wait for a replica: fetches first, so that nobody is told that his
    /// records are safe before they can be read.
    fn check_waiting(&mut self, at: Moment, slot: Slot, out: &mut Outbox) {
        let replica = self.replicas.get(slot);
        // A replica that was deleted has nothing to wait for.
        let deleted = self.replicas.is_retired(slot);
        let deleted = deleted.then(|| self.why_not_hosted(replica.name()));
        let fetches = self
            .purgatory
            .fetches_completed_by(slot, |reader, spot| match deleted {
                Some(_) => Seen::Complete,
                None => requests::fetch::look(replica, reader, spot),
            });
        let produces = self.purgatory.produces_completed_by(slot, |append| {
            deleted.or_else(|| replica.acknowledges(append.required))
        });
        for ticket in fetches.into_iter().chain(produces) {
            self.finish(at, ticket, out);
        }
        if self.purgatory.has_deletions() {
            self.check_deletions(at, slot, out);
        }
        self.check_group_writes(at, slot, out);
    }

    /// Looks at the deletions that wait for a replica.
    fn check_deletions(&mut self, at: Moment, slot: Slot, out: &mut Outbox) {
        let mut purgatory = std::mem::take(&mut self.purgatory);
        let completed =
            purgatory.deletions_completed_by(slot, |deletion| self.is_deleted_everywhere(deletion));
        self.purgatory = purgatory;
        for ticket in completed {
            self.finish(at, ticket, out);
        }
    }

    /// Answers a waiting request: it has what it waited for, or its time is up.
    pub(super) fn finish(&mut self, at: Moment, ticket: Ticket, out: &mut Outbox) {
        let Some(mut parked) = self.purgatory.take(ticket) else {
            return;
        };
        self.timers.cancel(&Timer::Parked(ticket));
        let wait = std::mem::replace(&mut parked.wait, Wait::Over);
        match wait {
            Wait::Produce(mut produce) => {
                for append in &produce.waiting {
                    append.settle(&mut produce.response, ErrorCode::RequestTimedOut);
                }
                self.answer(at, parked.request, &produce.response, out);
            }
            Wait::Fetch(fetch) => self.finish_fetch(at, &parked, &fetch, out),
            Wait::Delete(mut delayed) => {
                delayed.give_up();
                self.answer(at, parked.request, &delayed.response, out);
            }
            Wait::Admin(delayed) => self.finish_admin(at, parked.request, delayed, out),
            Wait::Over => {}
        }
    }
}
