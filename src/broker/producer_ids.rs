//! Producer ids that this broker may give away: Kafka's `RPCProducerIdManager`.
//!
//! The controller hands ids out in blocks, so that no two brokers give away the same one. When nine tenths
//! of a block are gone the next one is asked for. Whoever asks for an id while there is none is told to
//! ask again later; so is the very first, whose question is what makes the broker ask for a block.
//!
//! Kept in memory alone: a broker that starts again takes a new block, and what was left of the old one is
//! never used.

use std::ops::Range;

use super::controller_line::{ControllerLine, Overdue};
use super::{Broker, Owner};
use crate::channel::Answer;
use crate::model::{BrokerId, ProducerId};
use crate::process::Outbox;
use crate::protocol::api::AllocateProducerIdsRequest;
use crate::protocol::{Chunks, ErrorCode};
use crate::time::{Duration, Instant, Moment, earliest};

const RETRY_BACKOFF: Duration = Duration::from_millis(50);

/// When so many percent of a block are gone the next one is asked for.
const PREFETCH_PERCENT: i64 = 90;

/// The ids of a broker.
#[derive(Clone, Debug)]
pub(super) struct ProducerIds {
    /// What is left of the present block.
    current: Range<i64>,
    /// The id at which the next block is asked for.
    prefetch_at: i64,
    next: Option<Range<i64>>,
    pub(super) line: ControllerLine<()>,
    wants: Wants,
    retry_at: Option<Instant>,
}

/// Whether another block is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wants {
    /// No; and after a refusal not before this.
    Nothing(Instant),
    Block,
}

impl ProducerIds {
    /// No ids. `timeout` is `request.timeout.ms`.
    pub(super) fn new(id: BrokerId, timeout: Duration) -> ProducerIds {
        ProducerIds {
            current: 0..0,
            prefetch_at: -1,
            next: None,
            line: ControllerLine::new(id, "producer-ids", timeout.times(2)),
            wants: Wants::Nothing(Instant::ZERO),
            retry_at: None,
        }
    }

    /// An id that nobody has, if there is one.
    fn claim(&mut self, now: Instant) -> Option<ProducerId> {
        if self.current.is_empty() {
            let Some(next) = self.next.take() else {
                self.want(now);
                return None;
            };
            let count = next.end - next.start;
            self.prefetch_at = next.start + count * PREFETCH_PERCENT / 100;
            self.current = next;
        }
        let id = self.current.next()?;
        if id == self.prefetch_at {
            self.want(now);
        }
        Some(ProducerId(id))
    }

    fn want(&mut self, now: Instant) {
        match self.wants {
            Wants::Nothing(from) if from <= now && self.next.is_none() => {
                self.wants = Wants::Block;
            }
            _ => {}
        }
    }

    fn ask_again(&mut self, now: Instant) {
        if self.wants == Wants::Block {
            self.retry_at = Some(now + RETRY_BACKOFF);
        }
    }

    pub(super) fn next_wakeup(&self) -> Option<Instant> {
        earliest([self.retry_at, self.line.next_timeout()])
    }

    pub(super) fn closed(&mut self, now: Instant, out: &mut Outbox) {
        self.line.closed(out);
        self.ask_again(now);
    }

    pub(super) fn check_overdue(&mut self, now: Instant, out: &mut Outbox) {
        if self.line.check_overdue(now, out) == Overdue::GivenUp {
            self.ask_again(now);
        }
    }
}

impl Broker {
    /// A producer id for somebody who asks for one.
    ///
    /// # Errors
    /// COORDINATOR_LOAD_IN_PROGRESS (14) when there is none at the moment.
    pub(super) fn claim_producer_id(
        &mut self,
        at: Moment,
        out: &mut Outbox,
    ) -> Result<ProducerId, ErrorCode> {
        let claimed = self.producer_ids.claim(at.now);
        self.send_producer_id_wish(at, out);
        claimed.ok_or(ErrorCode::CoordinatorLoadInProgress)
    }

    /// Asks for a block, if one is wanted and the controller is known.
    pub(super) fn send_producer_id_wish(&mut self, at: Moment, out: &mut Outbox) {
        let ids = &mut self.producer_ids;
        let too_soon = ids.retry_at.is_some_and(|retry| retry > at.now);
        if ids.wants != Wants::Block || too_soon {
            return;
        }
        ids.retry_at = None;
        if !self.line_is_free(at, Owner::ProducerIds, |me| &mut me.producer_ids.line, out) {
            return;
        }
        let request = AllocateProducerIdsRequest {
            broker_id: self.id.0,
            broker_epoch: self.epoch.0,
        };
        self.producer_ids.line.ask(at.now, &request, (), out);
    }

    pub(super) fn producer_ids_answered(&mut self, at: Moment, bytes: Chunks, out: &mut Outbox) {
        let Some(arrived) = self.producer_ids.line.received(bytes, out) else {
            return self.producer_ids.ask_again(at.now);
        };
        for answer in arrived.answers {
            self.take_producer_ids(at.now, &answer);
        }
    }

    fn take_producer_ids(&mut self, now: Instant, answer: &Answer<()>) {
        let ids = &mut self.producer_ids;
        let Ok(response) = answer.decode::<AllocateProducerIdsRequest>() else {
            return ids.ask_again(now);
        };
        let (start, count) = (response.producer_id_start, response.producer_id_len);
        match ErrorCode::from_i16(response.error_code) {
            ErrorCode::None if start >= ids.current.end.max(0) && count > 0 => {
                let end = start.saturating_add(i64::from(count));
                ids.next = Some(start..end);
                ids.wants = Wants::Nothing(now);
            }
            // The next UpdateMetadata says where the controller is.
            ErrorCode::NotController => ids.ask_again(now),
            // Whoever asks for an id then makes the broker ask again.
            _ => ids.wants = Wants::Nothing(now + RETRY_BACKOFF),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids() -> ProducerIds {
        ProducerIds::new(BrokerId(1), Duration::from_secs(30))
    }

    #[test]
    fn the_first_claim_finds_nothing_and_makes_the_broker_ask() {
        let mut ids = ids();
        assert_eq!(ids.claim(Instant::ZERO), None);
        assert_eq!(ids.wants, Wants::Block);
        ids.next = Some(2_000..3_000);
        ids.wants = Wants::Nothing(Instant::ZERO);
        assert_eq!(ids.claim(Instant::ZERO), Some(ProducerId(2_000)));
        assert_eq!(ids.wants, Wants::Nothing(Instant::ZERO));
    }

    #[test]
    fn the_next_block_is_asked_for_when_nine_tenths_are_gone() {
        let mut ids = ids();
        ids.next = Some(0..10);
        for id in 0..=8 {
            assert_eq!(ids.claim(Instant::ZERO), Some(ProducerId(id)));
            assert_eq!(ids.wants, Wants::Nothing(Instant::ZERO), "{id}");
        }
        assert_eq!(ids.claim(Instant::ZERO), Some(ProducerId(9)));
        assert_eq!(ids.wants, Wants::Block);
        assert_eq!(ids.claim(Instant::ZERO), None);
        ids.next = Some(40..50);
        ids.wants = Wants::Nothing(Instant::ZERO);
        assert_eq!(ids.claim(Instant::ZERO), Some(ProducerId(40)));
    }

    #[test]
    fn after_a_refusal_nobody_asks_for_a_while() {
        let mut ids = ids();
        let later = Instant::ZERO + RETRY_BACKOFF;
        ids.wants = Wants::Nothing(later);
        assert_eq!(ids.claim(Instant::ZERO), None);
        assert_eq!(ids.wants, Wants::Nothing(later));
        assert_eq!(ids.claim(later), None);
        assert_eq!(ids.wants, Wants::Block);
    }
}
