//! Reading a partition: by consumers below the high watermark, by followers up to the end.

use super::leader::FollowerFetch;
use super::{Around, IsrProposal, Partition};
use crate::log::planted::Bug;
use crate::log::{AtLeastOne, EpochEnd, Place};
use crate::model::{BrokerEpoch, BrokerId, LeaderEpoch, Offset};
use crate::process::Outbox;
use crate::protocol::{Chunks, ErrorCode};

/// Who reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    Follower {
        id: BrokerId,
        epoch: BrokerEpoch,
    },
    /// A consumer of Fetch v10 or older, which only a leader serves.
    OldConsumer,
    /// A consumer of v11 or later, which any replica serves, up to its own high watermark (KIP-392).
    Consumer,
}

impl Reader {
    pub(crate) fn needs_leader(self) -> bool {
        self != Reader::Consumer
    }
}

/// What one partition of a Fetch asks for.
#[derive(Clone, Copy, Debug)]
pub struct ReadPartition {
    pub reader: Reader,
    /// The epoch that the reader believes in; −1 is none.
    pub current_leader_epoch: i32,
    pub fetch_offset: Offset,
    /// The epoch of the reader's last record; −1 is unknown.
    pub last_fetched_epoch: i32,
    /// The start of the follower's log.
    pub log_start: Offset,
    pub limit: u32,
    pub at_least_one: AtLeastOne,
}

/// What a read gave.
#[derive(Clone, Debug)]
pub struct PartitionRead {
    pub records: Chunks,
    pub high_watermark: Offset,
    pub log_start: Offset,
    pub log_end: Offset,
    /// Where the reader's log parts from this one.
    pub diverging: Option<EpochEnd>,
    /// Where the wanted offset lies; unknown when the logs diverge.
    pub place: Option<Place>,
}

impl Partition {
    /// Whether a reader may read here at all, as it believes in the epoch it names.
    ///
    /// # Errors
    /// 74 and 75 for another epoch; 6 when only a leader may answer and this is none; for a follower
    /// that is not assigned 75 or, if it named no epoch, 6.
    pub fn admit(&self, reader: Reader, current_leader_epoch: i32) -> Result<(), ErrorCode> {
        self.check_epoch(current_leader_epoch)?;
        if reader.needs_leader() {
            self.check_leads()?;
        }
        if let Reader::Follower { id, .. } = reader
            && !self
                .followers()
                .iter()
                .any(|follower| follower.broker() == id)
        {
            return Err(match current_leader_epoch {
                0.. => ErrorCode::UnknownLeaderEpoch,
                _ => ErrorCode::NotLeaderOrFollower,
            });
        }
        Ok(())
    }

    /// Reads without changing anything.
    ///
    /// # Errors
    /// As [`Partition::admit`]; OFFSET_OUT_OF_RANGE (1) below the start or above the end of the log,
    /// or when nothing is known of the reader's last epoch.
    pub fn read(&self, ask: &ReadPartition) -> Result<PartitionRead, ErrorCode> {
        self.admit(ask.reader, ask.current_leader_epoch)?;
        let mut read = PartitionRead {
            records: Chunks::new(),
            high_watermark: self.high_watermark,
            log_start: self.log.start(),
            log_end: self.log.end(),
            diverging: None,
            place: None,
        };
        if ask.last_fetched_epoch >= 0 {
            let end = self
                .end_of_epoch(LeaderEpoch(ask.last_fetched_epoch))
                .ok_or(ErrorCode::OffsetOutOfRange)?;
            if ask.fetch_offset < self.log.start() {
                return Err(ErrorCode::OffsetOutOfRange);
            }
            if end.epoch.0 < ask.last_fetched_epoch || end.end < ask.fetch_offset {
                read.diverging = Some(end);
                return Ok(read);
            }
        }
        let until = self.readable_until(ask.reader);
        let found = self
            .log
            .read(ask.fetch_offset, until, ask.limit, ask.at_least_one)
            .map_err(|_| ErrorCode::OffsetOutOfRange)?;
        read.place = Some(found.place);
        // A batch that does not fit is left out rather than cut: its reader could do nothing with it.
        if !found.first_batch_is_cut {
            read.records = found.records;
        }
        Ok(read)
    }

    /// The first offset that a reader may not read.
    pub fn readable_until(&self, reader: Reader) -> Offset {
        match reader {
            Reader::Follower { .. } => self.log.end(),
            _ if self.config.planted.has(Bug::ReadUncommitted) => self.log.end(),
            Reader::OldConsumer | Reader::Consumer => self.high_watermark,
        }
    }

    /// Where an epoch ends in this log; `None` when nothing is known.
    pub fn end_of_epoch(&self, epoch: LeaderEpoch) -> Option<EpochEnd> {
        self.log.epochs().end_of(epoch, self.log.end())
    }

    /// What a read by a follower says about the follower: it has everything before the offset it asks
    /// for. Nothing, when the logs diverge.
    pub(crate) fn after_read(
        &mut self,
        ask: &ReadPartition,
        read: &PartitionRead,
        around: Around<'_>,
        out: &mut Outbox,
    ) -> Option<IsrProposal> {
        let Reader::Follower { id, epoch } = ask.reader else {
            return None;
        };
        if read.diverging.is_some() {
            return None;
        }
        let fetch = FollowerFetch {
            follower: id,
            broker_epoch: epoch,
            fetch_offset: ask.fetch_offset,
            log_start: ask.log_start,
            leader_log_end: read.log_end,
        };
        self.follower_fetched(fetch, around, out)
    }
}
