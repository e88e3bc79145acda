//! What clients are told is true.

use crate::sorted::SortedMap;

use super::{Invariant, broker};
use crate::fact::{Entry, Fact, Role};
use crate::model::{ConnectionId, Offset, TopicPartition};
use crate::world::World;

/// P2 answers leave in the order of the requests. R14 nobody reads at or above the high watermark.
/// R17 what was acknowledged with acks=all is committed. R18 what was acknowledged with acks=1 was written.
#[derive(Clone, Debug, Default)]
pub struct ClientsAreToldTheTruth {
    /// How far each partition was ever written by a leader.
    written: SortedMap<TopicPartition, Offset>,
    /// How far each partition was ever committed.
    committed: SortedMap<TopicPartition, Offset>,
    /// The last correlation id answered on each connection.
    answered: SortedMap<ConnectionId, i32>,
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

impl Invariant for ClientsAreToldTheTruth {
    fn name(&self) -> &'static str {
        "ClientsAreToldTheTruth"
    }

    fn check(&mut self, _world: &World, entry: &Entry) -> Result<(), String> {
        match &entry.fact {
            Fact::RecordsAppended {
                partition,
                role: Role::Leader,
                next_offset,
                ..
            } => {
                raise(&mut self.written, partition, *next_offset);
            }
            Fact::HighWatermarkMoved {
                partition,
                role: Role::Leader,
                to,
                ..
            } => {
                raise(&mut self.committed, partition, *to);
            }
            Fact::RecordsAcknowledged {
                partition,
                base_offset,
                records,
                acks,
            } => {
                let end = *base_offset + i64::from(*records);
                let promised = match acks {
                    0 => return Ok(()),
                    1 => at(&self.written, partition),
                    _ => at(&self.committed, partition),
                };
                if end > promised {
                    let law = if *acks == 1 { "R18" } else { "R17" };
                    return Err(format!(
                        "{law}: {partition} was acknowledged up to {end} with acks={acks}, but only {promised} is there"
                    ));
                }
            }
            Fact::RecordsConsumed {
                partition,
                next_offset,
                ..
            } => {
                let committed = at(&self.committed, partition);
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
                if matches!(connection.opener, crate::model::ProcessId::Socket(_)) {
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
