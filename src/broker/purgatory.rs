//! Requests that wait for something to become true: what Kafka calls delayed operations.
//!
//! A request waits because what it asks for is not there yet, and because its sender said how long it
//! may take. It is looked at again whenever a partition that it names has changed, and answered at the
//! latest when its time is up. A sender that goes away does not end the wait; the answer is then
//! dropped.

use crate::sorted::SortedMap;

use super::connections::RequestId;
use super::delayed_admin::{DelayedAdmin, Until};
use super::replicas::Slot;
use crate::log::Place;
use crate::model::Offset;
use crate::protocol::ErrorCode;
use crate::protocol::api::{DeleteRecordsResponse, ProduceResponse};
use crate::time::Instant;

use super::partition::Reader;
use super::requests::fetch::FetchPlan;

/// Names a waiting request; later ones are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(u64);

/// A request that waits.
#[derive(Clone, Debug)]
pub struct Parked {
    pub request: RequestId,
    pub since: Instant,
    /// When it is answered whatever has happened.
    pub until: Instant,
    pub(super) wait: Wait,
}

/// What a request waits for.
#[derive(Clone, Debug)]
pub(super) enum Wait {
    /// An `acks=all` produce waits for the ISR.
    Produce(DelayedProduce),
    /// A fetch waits for enough bytes.
    Fetch(DelayedFetch),
    /// A deletion waits until every live replica has heard of it.
    Delete(DelayedDelete),
    /// An admin client waits until the metadata shows what it asked for.
    Admin(DelayedAdmin),
    /// The wait is over, and the request is being answered.
    Over,
}

/// An `acks=all` produce: appended, not yet safe.
#[derive(Clone, Debug)]
pub(super) struct DelayedProduce {
    /// The answer as it will be when everything goes well.
    pub(super) response: ProduceResponse,
    pub(super) waiting: Vec<WaitingAppend>,
}

/// One appended batch that is not yet on every member of the ISR.
#[derive(Clone, Copy, Debug)]
pub(super) struct WaitingAppend {
    pub(super) slot: Slot,
    /// The high watermark must get here.
    pub(super) required: Offset,
    /// Where its answer stands in the response.
    pub(super) topic: usize,
    pub(super) partition: usize,
}

/// A deletion of records: done here, perhaps not everywhere.
#[derive(Clone, Debug)]
pub(super) struct DelayedDelete {
    /// The answer as it will be when everything goes well.
    pub(super) response: DeleteRecordsResponse,
    pub(super) waiting: Vec<WaitingDelete>,
}

/// One log that does not begin late enough on every live replica.
#[derive(Clone, Copy, Debug)]
pub(super) struct WaitingDelete {
    pub(super) slot: Slot,
    /// Every replica must begin here or later.
    pub(super) required: Offset,
    /// Where its answer stands in the response.
    pub(super) topic: usize,
    pub(super) partition: usize,
}

impl DelayedDelete {
    /// Writes down what can be told, and waits for the rest.
    pub(super) fn settle(
        &mut self,
        mut look: impl FnMut(&WaitingDelete) -> Option<(ErrorCode, Offset)>,
    ) {
        let response = &mut self.response;
        self.waiting.retain(|deletion| {
            let found = look(deletion);
            if let Some((error, low)) = found {
                let result = &mut response.topics[deletion.topic].partitions[deletion.partition];
                result.error_code = error.code();
                result.low_watermark = low.0;
            }
            found.is_none()
        });
    }

    /// Time is up: of what is left there is told what was known at first.
    pub(super) fn give_up(&mut self) {
        for late in self.waiting.drain(..) {
            let result = &mut self.response.topics[late.topic].partitions[late.partition];
            result.error_code = ErrorCode::RequestTimedOut.code();
        }
    }
}

/// A fetch that did not find enough.
#[derive(Clone, Debug)]
pub(super) struct DelayedFetch {
    pub(super) plan: FetchPlan,
    pub(super) reader: Reader,
    pub(super) min_bytes: u64,
    /// By slot.
    pub(super) spots: Vec<WaitingRead>,
    /// How many bytes there are for it by now.
    pub(super) available: u64,
}

/// One partition of a waiting fetch.
#[derive(Clone, Copy, Debug)]
pub(super) struct WaitingRead {
    pub(super) slot: Slot,
    pub(super) place: Place,
    pub(super) current_leader_epoch: i32,
    pub(super) last_fetched_epoch: i32,
    pub(super) limit: u32,
    pub(super) available: u32,
}

/// Every waiting request.
#[derive(Clone, Debug, Default)]
pub(super) struct Purgatory {
    next: u64,
    parked: SortedMap<Ticket, Parked>,
}

impl Purgatory {
    pub(super) fn park(&mut self, parked: Parked) -> Ticket {
        self.next += 1;
        let ticket = Ticket(self.next);
        self.parked.insert(ticket, parked);
        ticket
    }

    pub(super) fn take(&mut self, ticket: Ticket) -> Option<Parked> {
        self.parked.remove(&ticket)
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = &Parked> {
        self.parked.values()
    }

    /// The fetches that a changed partition completes, oldest first. `look` says what a fetch finds
    /// there now.
    pub(super) fn fetches_completed_by(
        &mut self,
        slot: Slot,
        mut look: impl FnMut(Reader, &WaitingRead) -> Seen,
    ) -> Vec<Ticket> {
        let mut completed = Vec::new();
        for (ticket, parked) in &mut self.parked {
            let Wait::Fetch(fetch) = &mut parked.wait else {
                continue;
            };
            let Ok(at) = fetch.spots.binary_search_by_key(&slot, |spot| spot.slot) else {
                continue;
            };
            let spot = &mut fetch.spots[at];
            match look(fetch.reader, spot) {
                Seen::Complete => completed.push(*ticket),
                Seen::Bytes(bytes) => {
                    fetch.available += u64::from(bytes);
                    fetch.available -= u64::from(spot.available);
                    spot.available = bytes;
                    if fetch.available >= fetch.min_bytes {
                        completed.push(*ticket);
                    }
                }
            }
        }
        completed
    }

    /// The produces that a changed partition completes, oldest first. `look` says whether an append
    /// is safe by now, or that it never will be.
    pub(super) fn produces_completed_by(
        &mut self,
        slot: Slot,
        mut look: impl FnMut(&WaitingAppend) -> Option<ErrorCode>,
    ) -> Vec<Ticket> {
        let mut completed = Vec::new();
        for (ticket, parked) in &mut self.parked {
            let Wait::Produce(produce) = &mut parked.wait else {
                continue;
            };
            let response = &mut produce.response;
            let before = produce.waiting.len();
            produce.waiting.retain(|append| {
                let verdict = (append.slot == slot).then(|| look(append)).flatten();
                if let Some(error) = verdict {
                    append.settle(response, error);
                }
                verdict.is_none()
            });
            if before > 0 && produce.waiting.is_empty() {
                completed.push(*ticket);
            }
        }
        completed
    }

    /// The deletions that a changed partition completes, oldest first.
    pub(super) fn deletions_completed_by(
        &mut self,
        slot: Slot,
        mut look: impl FnMut(&WaitingDelete) -> Option<(ErrorCode, Offset)>,
    ) -> Vec<Ticket> {
        let mut completed = Vec::new();
        for (ticket, parked) in &mut self.parked {
            let Wait::Delete(delayed) = &mut parked.wait else {
                continue;
            };
            delayed.settle(|deletion| {
                let concerned = deletion.slot == slot;
                concerned.then(|| look(deletion)).flatten()
            });
            if delayed.waiting.is_empty() {
                completed.push(*ticket);
            }
        }
        completed
    }

    /// Whether anybody waits for a deletion.
    pub(super) fn has_deletions(&self) -> bool {
        let mut all = self.parked.values();
        all.any(|parked| matches!(parked.wait, Wait::Delete(_)))
    }

    /// The admin requests that are complete, oldest first.
    pub(super) fn admin_completed(&mut self, is_shown: impl Fn(&Until) -> bool) -> Vec<Ticket> {
        let mut completed = Vec::new();
        for (ticket, parked) in &mut self.parked {
            let Wait::Admin(delayed) = &mut parked.wait else {
                continue;
            };
            delayed.waiting.retain(|(_, until)| !is_shown(until));
            if delayed.waiting.is_empty() {
                completed.push(*ticket);
            }
        }
        completed
    }
}

/// What a waiting fetch finds in one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// There is a reason to answer at once.
    Complete,
    /// So many bytes are there.
    Bytes(u32),
}

impl WaitingAppend {
    /// Writes the outcome into the answer.
    pub(super) fn settle(&self, response: &mut ProduceResponse, error: ErrorCode) {
        let answer = &mut response.responses[self.topic].partition_responses[self.partition];
        answer.error_code = error.code();
    }
}

impl Parked {
    /// What it waits for, in words.
    pub fn why(&self) -> &'static str {
        match &self.wait {
            Wait::Produce(_) => "until every in-sync replica has the records",
            Wait::Fetch(fetch) => match fetch.reader {
                Reader::Follower { .. } => "until the leader has something new",
                _ => "until something new is committed",
            },
            Wait::Delete(_) => "until every live replica begins there",
            Wait::Admin(_) => "until the metadata shows what was asked for",
            Wait::Over => "no more",
        }
    }
}
