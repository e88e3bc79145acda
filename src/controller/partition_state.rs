//! A partition's state: who leads it, who is in sync, whose its replicas are and whose they will be.

use crate::model::{BrokerId, LeaderEpoch, PartitionEpoch};

/// Whether a leader has what its partition may have lost in an unclean election.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Recovery {
    #[default]
    Recovered,
    /// Elected out of sync, and not yet done with what that means (KIP-841).
    Recovering,
}

/// A partition's state: what `/brokers/topics/T/partitions/P/state` holds, and its assignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionState {
    /// −1 when nobody leads.
    pub leader: BrokerId,
    /// −1 when nobody has ever led.
    pub leader_epoch: LeaderEpoch,
    /// The replicas that count, in the order in which they joined.
    pub isr: Vec<BrokerId>,
    /// How often the state has changed: the version of its znode. −1 when it has none.
    pub partition_epoch: PartitionEpoch,
    pub recovery: Recovery,
    /// The controller that decided it.
    pub controller_epoch: i32,
    /// The brokers to which the partition is assigned, the preferred leader first.
    pub replicas: Vec<BrokerId>,
    /// What a reassignment adds to the former replicas, and takes from them.
    pub adding: Vec<BrokerId>,
    pub removing: Vec<BrokerId>,
}

impl Default for PartitionState {
    /// Nothing is decided.
    fn default() -> PartitionState {
        PartitionState {
            leader: BrokerId::NONE,
            leader_epoch: LeaderEpoch::NONE,
            isr: Vec::new(),
            partition_epoch: PartitionEpoch(-1),
            recovery: Recovery::Recovered,
            controller_epoch: 0,
            replicas: Vec::new(),
            adding: Vec::new(),
            removing: Vec::new(),
        }
    }
}

impl PartitionState {
    /// Whether its first leader has been chosen.
    pub fn is_born(&self) -> bool {
        self.partition_epoch.0 >= 0
    }

    pub fn is_reassigning(&self) -> bool {
        !self.adding.is_empty() || !self.removing.is_empty()
    }

    /// The replicas as they will be when the reassignment is done.
    pub fn target(&self) -> Vec<BrokerId> {
        let stay = self.replicas.iter().copied();
        stay.filter(|id| !self.removing.contains(id)).collect()
    }

    /// The replicas as they were before the reassignment began.
    pub fn origin(&self) -> Vec<BrokerId> {
        let before = self.replicas.iter().copied();
        before.filter(|id| !self.adding.contains(id)).collect()
    }

    /// Wishes the partition to be on these brokers. Until it is, it is on all of those and on those where it was
    /// before (`ReplicaAssignment.reassignTo`).
    pub(super) fn reassign_to(&mut self, target: &[BrokerId]) {
        let origin = self.origin();
        let mut full = target.to_vec();
        full.extend(origin.iter().filter(|id| !target.contains(id)));
        let without = |list: &[BrokerId]| -> Vec<BrokerId> {
            let full = full.iter().copied();
            full.filter(|id| !list.contains(id)).collect()
        };
        self.adding = without(&origin);
        self.removing = without(target);
        self.replicas = full;
    }

    /// The next state: another leader and ISR, in a new leader epoch (`LeaderAndIsr.newLeaderAndIsr`).
    pub(super) fn led_by(&self, leader: BrokerId, isr: Vec<BrokerId>) -> PartitionState {
        PartitionState {
            leader,
            isr,
            leader_epoch: self.leader_epoch.next(),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_move_begins_where_the_partition_was_before_any_wish() {
        let ids = |ids: &[i32]| -> Vec<BrokerId> { ids.iter().map(|id| BrokerId(*id)).collect() };
        let mut state = PartitionState {
            replicas: ids(&[1, 2, 3]),
            ..PartitionState::default()
        };
        // Wished for; then the replicas, who is added and who goes.
        let table = [
            ids(&[1, 2, 4]),
            ids(&[1, 2, 4, 3]),
            ids(&[4]),
            ids(&[3]),
            ids(&[1, 2, 5]),
            ids(&[1, 2, 5, 3]),
            ids(&[5]),
            ids(&[3]),
            ids(&[5, 4]),
            ids(&[5, 4, 1, 2, 3]),
            ids(&[5, 4]),
            ids(&[1, 2, 3]),
            // Given up.
            ids(&[1, 2, 3]),
            ids(&[1, 2, 3]),
            ids(&[]),
            ids(&[]),
        ];
        for row in table.chunks(4) {
            state.reassign_to(&row[0]);
            let made = [&state.replicas, &state.adding, &state.removing];
            assert_eq!(made, [&row[1], &row[2], &row[3]], "to {:?}", row[0]);
        }
    }
}
