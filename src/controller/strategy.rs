//! Who shall lead: the four rules by which a leader is chosen (`Election.scala`).
//!
//! Pure functions of a partition's state and of who is there. The order is that of the assignment, never
//! that of ids, and never that of the longest log: whoever is in sync has everything that is committed.

use super::partition_state::{PartitionState, Recovery};
use crate::model::BrokerId;

/// On what occasion a leader is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// Nobody leads: the first replica that is alive and in sync. When there is none: nobody, or, where
    /// `unclean.leader.election.enable` says so, the first that is alive.
    Offline,
    /// The same, and out of sync if need be whatever the topic's settings say: asked for by a person.
    Unclean,
    /// The first of the replicas that a reassignment leaves.
    Reassign,
    /// The first replica of the assignment, and no other.
    Preferred,
    /// The leader leads on, in a new epoch: the replicas around it have changed.
    Stay,
    /// The leader's broker is about to stop: the first that is not.
    ControlledShutdown,
}

/// What an election must know besides the state.
#[derive(Clone, Copy)]
pub struct Voters<'a> {
    /// Alive and not on its way out.
    pub is_online: &'a dyn Fn(BrokerId) -> bool,
    /// Alive, perhaps on its way out.
    pub is_reachable: &'a dyn Fn(BrokerId) -> bool,
    /// `unclean.leader.election.enable` of the topic.
    pub unclean_allowed: bool,
}

/// The next state of a partition; `None` when nobody may lead.
pub fn elect(
    strategy: Strategy,
    state: &PartitionState,
    voters: Voters<'_>,
) -> Option<PartitionState> {
    let online = |id: &&BrokerId| (voters.is_online)(**id);
    let in_sync = |id: &&BrokerId| state.isr.contains(id);
    match strategy {
        Strategy::Offline | Strategy::Unclean => {
            let unclean = strategy == Strategy::Unclean || voters.unclean_allowed;
            let mut candidates = state.replicas.iter().filter(online);
            if let Some(leader) = candidates.clone().find(in_sync) {
                let isr = state.isr.iter().filter(online).copied().collect();
                return Some(state.led_by(*leader, isr));
            }
            let leader = candidates.next().filter(|_| unclean)?;
            Some(PartitionState {
                recovery: Recovery::Recovering,
                ..state.led_by(*leader, vec![*leader])
            })
        }
        Strategy::Reassign => {
            let target = state.target();
            let leader = target.iter().filter(online).find(in_sync)?;
            Some(state.led_by(*leader, state.isr.clone()))
        }
        Strategy::Preferred => {
            let preferred = state.replicas.first()?;
            let fit = (voters.is_online)(*preferred) && state.isr.contains(preferred);
            fit.then(|| state.led_by(*preferred, state.isr.clone()))
        }
        Strategy::Stay => Some(state.led_by(state.leader, state.isr.clone())),
        Strategy::ControlledShutdown => {
            let leaving = |id: &BrokerId| (voters.is_reachable)(*id) && !(voters.is_online)(*id);
            let mut candidates = state.replicas.iter().filter(online);
            let leader = candidates.find(in_sync)?;
            let isr = state.isr.iter().filter(|id| !leaving(id)).copied();
            Some(state.led_by(*leader, isr.collect()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{LeaderEpoch, PartitionEpoch};

    fn ids(ids: &[i32]) -> Vec<BrokerId> {
        ids.iter().map(|id| BrokerId(*id)).collect()
    }

    fn state(leader: i32, isr: &[i32]) -> PartitionState {
        PartitionState {
            leader: BrokerId(leader),
            leader_epoch: LeaderEpoch(3),
            isr: ids(isr),
            partition_epoch: PartitionEpoch(5),
            replicas: ids(&[2, 1, 3]),
            ..PartitionState::default()
        }
    }

    fn run(
        strategy: Strategy,
        state: &PartitionState,
        online: &[i32],
        leaving: &[i32],
        unclean_allowed: bool,
    ) -> Option<(i32, Vec<i32>)> {
        let is_online = |id: BrokerId| online.contains(&id.0);
        let is_reachable = |id: BrokerId| online.contains(&id.0) || leaving.contains(&id.0);
        let voters = Voters {
            is_online: &is_online,
            is_reachable: &is_reachable,
            unclean_allowed,
        };
        let next = elect(strategy, state, voters)?;
        assert_eq!(next.leader_epoch, LeaderEpoch(4), "an election is an epoch");
        let isr = next.isr.iter().map(|id| id.0).collect();
        Some((next.leader.0, isr))
    }

    #[test]
    fn the_first_of_the_assignment_that_is_alive_and_in_sync_leads() {
        let state = state(2, &[3, 2, 1]);
        let next = run(Strategy::Offline, &state, &[1, 3], &[], false);
        assert_eq!(next, Some((1, vec![3, 1])));
        assert_eq!(
            run(Strategy::Offline, &state, &[3], &[], false),
            Some((3, vec![3]))
        );
        assert_eq!(run(Strategy::Offline, &state, &[], &[], true), None);
    }

    #[test]
    fn out_of_sync_only_where_it_is_allowed() {
        let state = state(2, &[2]);
        assert_eq!(run(Strategy::Offline, &state, &[1, 3], &[], false), None);
        let next = run(Strategy::Offline, &state, &[1, 3], &[], true);
        assert_eq!(next, Some((1, vec![1])));
        let next = run(Strategy::Unclean, &state, &[3], &[], false);
        assert_eq!(next, Some((3, vec![3])));
        // In sync comes first, allowed or not.
        let next = run(Strategy::Unclean, &state, &[1, 2], &[], true);
        assert_eq!(next, Some((2, vec![2])));
    }

    #[test]
    fn the_preferred_replica_leads_or_nobody_new() {
        let led = state(1, &[1, 2]);
        let next = run(Strategy::Preferred, &led, &[1, 2, 3], &[], false);
        assert_eq!(next, Some((2, vec![1, 2])));
        let behind = state(1, &[1, 3]);
        let next = run(Strategy::Preferred, &behind, &[1, 2, 3], &[], false);
        assert_eq!(next, None);
        assert_eq!(run(Strategy::Preferred, &led, &[1, 3], &[], false), None);
    }

    #[test]
    fn a_broker_on_its_way_out_hands_over_and_leaves_the_isr() {
        let led = state(2, &[1, 2, 3]);
        let next = run(Strategy::ControlledShutdown, &led, &[1, 3], &[2], false);
        assert_eq!(next, Some((1, vec![1, 3])));
        let alone = state(2, &[2]);
        let next = run(Strategy::ControlledShutdown, &alone, &[1, 3], &[2], false);
        assert_eq!(next, None);
    }

    #[test]
    fn a_reassignment_moves_the_lead_to_who_stays() {
        let mut moving = state(2, &[2, 1, 3]);
        moving.removing = ids(&[2, 1]);
        let next = run(Strategy::Reassign, &moving, &[1, 2, 3], &[], false);
        assert_eq!(next, Some((3, vec![2, 1, 3])));
    }
}
