//! What clients are told is true.

use super::{Invariant, View, broker};
use crate::controller::znodes;
use crate::fact::{Entry, Fact, Role};
use crate::model::{ConnectionId, Offset, ProcessId, TopicPartition};
use crate::sorted::{SortedMap, SortedSet};

/// P2 answers leave in the order of the requests. R14 nobody reads at or above the high watermark.
/// R17 what was acknowledged with acks=all is committed. R18 what was acknowledged with acks=1 was written,
/// and nothing is said of where a record is with acks=0. R14 too: a consumer reads on where it has stopped,
/// without a gap and nothing twice, until its position is set anew.
#[derive(Clone, Debug, Default)]
pub struct ClientsAreToldTheTruth {
    /// How far each partition was ever written by a leader.
    written: SortedMap<TopicPartition, Offset>,
    /// Partitions of which there was one before that is gone. Clients may still hear of that one, so what they
    /// hear of its successor is not judged.
    buried: SortedSet<TopicPartition>,
    /// The last correlation id answered on each connection.
    answered: SortedMap<ConnectionId, i32>,
    /// Where each consumer reads on.
    positions: SortedMap<ProcessId, SortedMap<TopicPartition, Offset>>,
}

fn raise(map: &mut SortedMap<TopicPartition, Offset>, partition: &TopicPartition, to: Offset) {
    match map.get_mut(partition) {
        Some(known) => *known = (*known).max(to),
        None => drop(map.insert(partition.clone(), to)),
    }
}

fn at(map: &SortedMap<TopicPartition, Offset>, partition: &TopicPartition) -> Offset {
    map.get(partition).copied().unwrap_or_default()
}

impl ClientsAreToldTheTruth {
    /// A consumer reads on here; where it would have before.
    fn position(
        &mut self,
        by: Option<ProcessId>,
        partition: &TopicPartition,
        to: Offset,
    ) -> Option<Offset> {
        let positions = self.positions.entry(by?).or_default();
        match positions.get_mut(partition) {
            Some(known) => Some(std::mem::replace(known, to)),
            None => positions.insert(partition.clone(), to),
        }
    }
}

impl Invariant for ClientsAreToldTheTruth {
    fn name(&self) -> &'static str {
        "ClientsAreToldTheTruth"
    }

    fn check(&mut self, view: View<'_>, entry: &Entry) -> Result<(), String> {
        match &entry.fact {
            Fact::RecordsAppended {
                partition,
                role: Role::Leader,
                next_offset,
                ..
            } => {
                raise(&mut self.written, partition, *next_offset);
            }
            Fact::ZnodeDeleted { path } => {
                if let Some(partition) = znodes::state_of(path) {
                    self.written.remove(&partition);
                    self.buried.insert(partition);
                }
            }
            Fact::RecordsAcknowledged { partition, .. }
            | Fact::RecordsConsumed { partition, .. }
                if self.buried.contains(partition) => {}
            Fact::RecordsAcknowledged {
                partition,
                base_offset,
                records,
                acks,
            } => {
                let end = *base_offset + i64::from(*records);
                let promised = match acks {
                    0 if *base_offset == Offset(-1) => return Ok(()),
                    0 => {
                        return Err(format!(
                            "R18: {partition} was acknowledged at {base_offset} with acks=0"
                        ));
                    }
                    1 => at(&self.written, partition),
                    _ => view.committed.ever(partition),
                };
                if end > promised {
                    let law = if *acks == 1 { "R18" } else { "R17" };
                    return Err(format!(
                        "{law}: {partition} was acknowledged up to {end} with acks={acks}, but only {promised} is there"
                    ));
                }
            }
            Fact::PositionSet { partition, to, .. } => {
                self.position(entry.by, partition, *to);
            }
            Fact::Started | Fact::Killed { .. } | Fact::Stopped => {
                if let Some(by) = entry.by {
                    self.positions.remove(&by);
                }
            }
            Fact::RecordsConsumed {
                partition,
                base_offset,
                next_offset,
                ..
            } => {
                let before = self.position(entry.by, partition, *next_offset);
                let before = before.filter(|before| before != base_offset);
                // What was compacted away is not missed.
                let before =
                    before.filter(|before| !over_a_gap(view, partition, *before, *base_offset));
                if let Some(before) = before {
                    return Err(format!(
                        "R14: a consumer of {partition} goes on at {base_offset}, it was at {before}"
                    ));
                }
                let committed = view.committed.ever(partition);
                if *next_offset > committed {
                    return Err(format!(
                        "R14: {partition} was read up to {next_offset}, committed is {committed}"
                    ));
                }
            }
            Fact::ResponseSent {
                connection,
                correlation_id,
                ..
            } if broker(entry).is_some() => {
                // Our own clients count up; somebody else's socket may send whatever it likes.
                if matches!(connection.opener, ProcessId::Socket(_)) {
                    return Ok(());
                }
                match self.answered.insert(*connection, *correlation_id) {
                    Some(last) if last >= *correlation_id => {
                        return Err(format!(
                            "P2: {connection} is answered #{correlation_id} after #{last}"
                        ));
                    }
                    _ => {}
                }
            }
            Fact::Disconnected { connection, .. } => {
                self.answered.remove(&connection.other_end());
            }
            _ => {}
        }
        Ok(())
    }
}

/// Whether what a consumer has passed over was compacted away, from the log of anybody from whom it may have read; of
/// who is gone nobody can tell.
fn over_a_gap(view: View<'_>, partition: &TopicPartition, from: Offset, to: Offset) -> bool {
    let brokers = view.world.plan().brokers.iter();
    let mut brokers = brokers.map(|id| view.world.broker_by_id(*id));
    brokers.any(|broker| match broker {
        None => to <= view.cleaned.until(partition),
        Some(broker) => broker
            .partition(partition)
            .is_some_and(|replica| view.cleaned.is_gap(partition, replica.log(), from, to)),
    })
}
