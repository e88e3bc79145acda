//! What comes of a fetcher's answers.

use super::fetcher::{Asked, AskedPartition, Progress};
use crate::broker::Broker;
use crate::broker::partition::Copied;
use crate::broker::replicas::Slot;
use crate::channel::Answer;
use crate::fact::{CloseReason, Fact};
use crate::fetch_session::Heard;
use crate::log::EpochEnd;
use crate::model::{BrokerId, LeaderEpoch, Offset, TopicId};
use crate::process::Outbox;
use crate::protocol::api::fetch::PartitionData;
use crate::protocol::api::{FetchRequest, FetchResponse, ListOffsetsRequest};
use crate::protocol::records::read_whole_batches;
use crate::protocol::{Chunks, ErrorCode, Malformed};
use crate::time::Moment;

/// A partition of a fetcher, in the epoch in which it was asked about.
#[derive(Clone, Copy)]
struct Copying {
    source: BrokerId,
    slot: Slot,
    epoch: LeaderEpoch,
}

impl Broker {
    pub(in crate::broker) fn fetcher_opened(
        &mut self,
        at: Moment,
        source: BrokerId,
        out: &mut Outbox,
    ) {
        let timeout = self.config.replica_socket_timeout;
        if let Some(fetcher) = self.fetchers.get_mut(&source) {
            fetcher.channel.opened(at.now, timeout, out);
            fetcher.retry_at = None;
        }
        self.run_fetcher(at, source, out);
    }

    /// The connection is gone: it is tried again after a while.
    pub(in crate::broker) fn fetcher_closed(
        &mut self,
        at: Moment,
        source: BrokerId,
        out: &mut Outbox,
    ) {
        let backoff = self.config.replica_fetch_backoff;
        if let Some(fetcher) = self.fetchers.get_mut(&source) {
            fetcher.channel.closed(out);
            fetcher.session.failed();
            fetcher.retry_at = Some(at.now + backoff);
        }
    }

    pub(in crate::broker) fn fetchers_overdue(&mut self, at: Moment, out: &mut Outbox) {
        let backoff = self.config.replica_fetch_backoff;
        for fetcher in self.fetchers.values_mut() {
            if fetcher.channel.is_overdue(at.now) {
                fetcher.channel.close(CloseReason::RequestTimedOut, out);
                fetcher.session.failed();
                fetcher.retry_at = Some(at.now + backoff);
            }
        }
    }

    pub(in crate::broker) fn fetcher_received(
        &mut self,
        at: Moment,
        source: BrokerId,
        bytes: Chunks,
        out: &mut Outbox,
    ) {
        if self.take_fetched(at, source, bytes, out).is_err() {
            let backoff = self.config.replica_fetch_backoff;
            if let Some(fetcher) = self.fetchers.get_mut(&source) {
                fetcher.channel.close(CloseReason::Malformed, out);
                fetcher.session.failed();
                fetcher.retry_at = Some(at.now + backoff);
            }
        }
        self.run_fetcher(at, source, out);
    }

    fn take_fetched(
        &mut self,
        at: Moment,
        source: BrokerId,
        bytes: Chunks,
        out: &mut Outbox,
    ) -> Result<(), Malformed> {
        let Some(fetcher) = self.fetchers.get_mut(&source) else {
            return Ok(());
        };
        let arrived = fetcher.channel.received(bytes)?;
        for answer in arrived.answers {
            let (tag, answer) = answer.split();
            match tag {
                Asked::Records(asked) => {
                    let response = answer.decode::<FetchRequest>()?;
                    self.take_records(at, source, &asked, &response, out);
                }
                Asked::End(slot, epoch) => {
                    let copying = Copying {
                        source,
                        slot,
                        epoch,
                    };
                    self.take_leader_end(at, copying, listed(&answer)?, out);
                }
                Asked::Start(slot, epoch) => {
                    let copying = Copying {
                        source,
                        slot,
                        epoch,
                    };
                    self.take_leader_start(at, copying, listed(&answer)?, out);
                }
            }
        }
        Ok(())
    }

    fn take_records(
        &mut self,
        at: Moment,
        source: BrokerId,
        asked: &[AskedPartition],
        response: &FetchResponse,
        out: &mut Outbox,
    ) {
        let fetcher = self.fetchers.get_mut(&source);
        let heard = fetcher.map(|fetcher| fetcher.session.answered(response));
        let whole = ErrorCode::from_i16(response.error_code);
        if heard == Some(Heard::Nothing) && whole.is_about_sessions() {
            // The next fetch says everything, at once.
            return;
        }
        if whole != ErrorCode::None {
            for asked in asked {
                self.delay(at, asked.of(source), whole, out);
            }
            return;
        }
        // Answers stand in the order of the questions, so each is found where the last one ended.
        let mut expected = asked.iter();
        for topic in &response.responses {
            for data in &topic.partitions {
                let belongs = |asked: &&AskedPartition| {
                    self.is_named(asked.slot, topic.topic_id, data.partition_index)
                };
                let found = expected.find(belongs);
                let found = found.or_else(|| asked.iter().find(belongs)).copied();
                if let Some(asked) = found {
                    self.take_partition(at, source, asked, data, out);
                }
            }
        }
    }

    fn is_named(&self, slot: Slot, topic: TopicId, index: i32) -> bool {
        let replica = self.replicas.get(slot);
        replica.topic_id() == topic && replica.name().partition == index
    }

    /// How a partition fares, if it is still copied from there in that epoch.
    fn progress(&self, copying: Copying) -> Option<Progress> {
        let fetcher = self.fetchers.get(&copying.source)?;
        let state = fetcher.partitions.get(&copying.slot)?;
        (state.leader_epoch == copying.epoch).then_some(state.progress)
    }

    fn set_progress(&mut self, copying: Copying, progress: Progress) {
        let fetcher = self.fetchers.get_mut(&copying.source);
        let state = fetcher.and_then(|fetcher| fetcher.partitions.get_mut(&copying.slot));
        if let Some(state) = state {
            state.progress = progress;
        }
    }

    /// One partition of an answer, if it still fits: the same leader in the same epoch, and nothing
    /// happened to the log meanwhile.
    fn take_partition(
        &mut self,
        at: Moment,
        source: BrokerId,
        asked: AskedPartition,
        data: &PartitionData,
        out: &mut Outbox,
    ) {
        let (slot, copying) = (asked.slot, asked.of(source));
        let untouched = self.replicas.get(slot).log_end() == asked.offset;
        if self.progress(copying) != Some(Progress::Fetching) || !untouched {
            return;
        }
        match ErrorCode::from_i16(data.error_code) {
            ErrorCode::None if data.diverging_epoch.epoch >= 0 => {
                let leader = EpochEnd {
                    epoch: LeaderEpoch(data.diverging_epoch.epoch),
                    end: Offset(data.diverging_epoch.end_offset),
                };
                let replica = self.replicas.get_mut(slot);
                replica.truncate_to_epoch_end(leader, at, out);
                self.stir(slot);
            }
            ErrorCode::None => self.copy(at, copying, data, out),
            ErrorCode::OffsetOutOfRange => self.set_progress(copying, Progress::AskingForEnd),
            ErrorCode::FencedLeaderEpoch => {
                // The leader is ahead of what this replica was told, and the controller will say.
                self.note_failed(copying, ErrorCode::FencedLeaderEpoch, out);
                self.set_progress(copying, Progress::Fenced);
            }
            error => self.delay(at, copying, error, out),
        }
    }

    fn copy(&mut self, at: Moment, copying: Copying, data: &PartitionData, out: &mut Outbox) {
        let slot = copying.slot;
        let high_watermark = Offset(data.high_watermark);
        let log_start = Offset(data.log_start_offset);
        let records = data.records.as_ref().filter(|records| !records.is_empty());
        let replica = self.replicas.get(slot);
        let nothing_new = records.is_none()
            && replica.high_watermark() == high_watermark.min(replica.log_end())
            && replica.log_start() >= log_start;
        if nothing_new {
            return;
        }
        let batches = match records.map(read_whole_batches) {
            None => Vec::new(),
            Some(Ok(batches)) => batches,
            Some(Err(_)) => return self.delay(at, copying, ErrorCode::CorruptMessage, out),
        };
        let replica = self.replicas.get_mut(slot);
        let copied = replica.copy(&batches, high_watermark, log_start, at, out);
        if replica.log().begins_within_a_segment() {
            self.log_start_moved(at);
        }
        self.stir(slot);
        if copied == Copied::Misfit {
            self.delay(at, copying, ErrorCode::CorruptMessage, out);
        }
    }

    /// Leaves a partition out of the fetches for a while.
    fn delay(&mut self, at: Moment, copying: Copying, error: ErrorCode, out: &mut Outbox) {
        self.note_failed(copying, error, out);
        let until = at.now + self.config.replica_fetch_backoff;
        self.set_progress(copying, Progress::Delayed(until));
    }

    fn note_failed(&self, copying: Copying, error: ErrorCode, out: &mut Outbox) {
        out.note(Fact::FetchFailed {
            partition: self.replicas.get(copying.slot).name().clone(),
            leader: copying.source,
            error,
        });
    }

    /// The leader's log ends here. When that is before the own end, an unclean election has made a
    /// shorter log the leader's, and the rest goes; else its start must be known too.
    fn take_leader_end(
        &mut self,
        at: Moment,
        copying: Copying,
        found: Result<Offset, ErrorCode>,
        out: &mut Outbox,
    ) {
        if self.progress(copying) != Some(Progress::AskingForEnd) {
            return;
        }
        match found {
            Err(error) => self.delay(at, copying, error, out),
            Ok(end) if end < self.replicas.get(copying.slot).log_end() => {
                let replica = self.replicas.get_mut(copying.slot);
                replica.truncate(end, at, out);
                self.set_progress(copying, Progress::Fetching);
                self.stir(copying.slot);
            }
            Ok(_) => self.set_progress(copying, Progress::AskingForStart),
        }
    }

    /// The leader's log begins here. When that is behind the own end, nothing of the own log is left
    /// in it, and the replica begins anew.
    fn take_leader_start(
        &mut self,
        at: Moment,
        copying: Copying,
        found: Result<Offset, ErrorCode>,
        out: &mut Outbox,
    ) {
        if self.progress(copying) != Some(Progress::AskingForStart) {
            return;
        }
        match found {
            Err(error) => self.delay(at, copying, error, out),
            Ok(start) if start > self.replicas.get(copying.slot).log_end() => {
                let replica = self.replicas.get_mut(copying.slot);
                replica.start_again_at(start, at, out);
                self.set_progress(copying, Progress::Fetching);
                self.stir(copying.slot);
            }
            // The own end is within the leader's log after all. Unlike Kafka, not at once: whoever
            // is refused again and again should not ask without a pause.
            Ok(_) => self.delay(at, copying, ErrorCode::OffsetOutOfRange, out),
        }
    }
}

impl AskedPartition {
    fn of(self, source: BrokerId) -> Copying {
        Copying {
            source,
            slot: self.slot,
            epoch: self.epoch,
        }
    }
}

/// The one offset that was asked for.
fn listed(answer: &Answer<()>) -> Result<Result<Offset, ErrorCode>, Malformed> {
    let response = answer.decode::<ListOffsetsRequest>()?;
    let mut partitions = response.topics.iter().flat_map(|topic| &topic.partitions);
    Ok(match partitions.next() {
        None => Err(ErrorCode::UnknownServerError),
        Some(found) => match ErrorCode::from_i16(found.error_code) {
            ErrorCode::None => Ok(Offset(found.offset)),
            error => Err(error),
        },
    })
}
