//! When a machine may lose its power so that Kafka promises to lose nothing by it (D2 and D3): somebody else has
//! everything and stays, and the controller has seen each loss before the next.
//!
//! Nothing else is done to anybody until it has. What was begun before goes on all the while, so whoever is counted
//! on must be in no trouble of that kind either: a leader that is cut off from its followers drops them, and one that
//! stands still loses its session, and then the one that has lost its power would be the last in sync.

use super::Run;
use crate::fact::Entry;
use crate::model::{BrokerId, ProcessId};
use crate::sorted::SortedSet;
use crate::time::{Duration, Instant};
use crate::world::{Life, World};

/// Waits until nobody counts on a broker any more; whether that came to be.
pub(super) fn is_taken_out(run: &mut Run<'_>, victim: BrokerId) -> bool {
    let counts = move |world: &World| {
        let mut all = world.cluster().partitions();
        all.any(|(_, state)| state.isr.contains(&victim))
    };
    let gone = |world: &World, _: &Entry| (!counts(world)).then_some(());
    !counts(run.world()) || run.until(Duration::from_secs(90), gone).is_some()
}

/// Which brokers are in trouble that has not ended, and whether ZooKeeper is.
pub(super) struct Touched {
    brokers: SortedSet<BrokerId>,
    zookeeper: bool,
}

/// Who is named by what is still to be ended. Trouble of a link to ZooKeeper is the broker's.
pub(super) fn touched(endings: &[(Instant, Vec<String>)]) -> Touched {
    let mut touched = Touched {
        brokers: SortedSet::new(),
        zookeeper: false,
    };
    for line in endings.iter().flat_map(|(_, lines)| lines) {
        let words = line.split(|letter: char| !letter.is_ascii_alphanumeric());
        let ids = words.filter_map(ProcessId::parse);
        let ids: Vec<ProcessId> = ids.collect();
        let brokers = ids.iter().filter_map(|id| id.broker());
        touched.brokers.extend(brokers);
        // A split has lines for every pair; whoever is parted from a server of the ensemble is named with it.
        let alone = ids.iter().all(|id| matches!(id, ProcessId::ZooKeeper(_)));
        touched.zookeeper |= alone && !ids.is_empty();
    }
    touched
}

/// Whether a broker may lose its power though not everybody is well: in each of its ISRs somebody has everything
/// who is in no trouble and stays, somebody of that kind leads unless the victim does, and no more have lost
/// their power and are not back than `min.insync.replicas` less one.
pub(super) fn may_lose(run: &Run<'_>, victim: BrokerId, touched: &Touched) -> bool {
    let world = run.world();
    let fine = |id: BrokerId| {
        !touched.brokers.contains(&id)
            && world.cluster().brokers().contains_key(&id)
            && world.hosts().any(|host| {
                let broker = host.broker().filter(|broker| broker.id() == id);
                broker.is_some_and(|broker| broker.is_connected_to_zookeeper())
                    && matches!(host.life(), Life::Running)
            })
    };
    let controller = world.truth().controller().filter(|id| fine(*id));
    if touched.zookeeper || controller.is_none_or(|id| id == victim) {
        return false;
    }
    let mut counts = false;
    let spared = world.cluster().partitions().all(|(name, state)| {
        if !state.isr.contains(&victim) {
            return true;
        }
        counts = true;
        let bereft = |id: &BrokerId| run.losses().is_bereft(&name, *id);
        let leader = world.broker_by_id(state.leader);
        let Some(leader) = leader.and_then(|broker| broker.partition(&name)) else {
            return false;
        };
        let agreed = leader.is_leader()
            && leader.pending().is_none()
            && leader.isr().len() == state.isr.len();
        let mut others = state.isr.iter().filter(|id| **id != victim);
        let kept = match state.leader == victim {
            true => others.any(|id| fine(*id)),
            false => fine(state.leader),
        };
        let lost = state.replicas.iter().filter(|id| bereft(id)).count();
        agreed
            && kept
            && !state.isr.iter().any(bereft)
            && (lost == 0 || lost + 1 < leader.min_isr())
    });
    spared && counts
}

/// Whether each partition of a broker has somebody else in sync, by everybody's word.
pub(super) fn can_spare(world: &World, victim: BrokerId) -> bool {
    world.cluster().partitions().all(|(name, state)| {
        if !state.isr.contains(&victim) {
            return true;
        }
        let leader = world.broker_by_id(state.leader);
        let leader = leader.and_then(|broker| broker.partition(&name));
        state.isr.len() > 1
            && leader.is_some_and(|leader| {
                leader.pending().is_none() && leader.isr().len() == state.isr.len()
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::swarm::Recorder;

    fn ending(lines: &[&str]) -> Vec<(Instant, Vec<String>)> {
        let lines = lines.iter().map(|line| (*line).to_owned());
        vec![(Instant::ZERO, lines.collect())]
    }

    #[test]
    fn who_is_named_by_an_ending_is_in_trouble_until_it_comes() {
        let table: [(&str, &[i32], bool); 8] = [
            ("heal b1↔all", &[1], false),
            ("heal b1↔zookeeper", &[1], false),
            ("heal zk2↔b3", &[3], false),
            ("heal zk2↔zookeeper", &[], true),
            ("restart zk1", &[], true),
            ("release c1↔b2", &[2], false),
            ("latency p1↔brokers default", &[], false),
            ("clock b12 right", &[12], false),
        ];
        for (line, brokers, zookeeper) in table {
            let touched = touched(&ending(&[line]));
            let found: Vec<i32> = touched.brokers.iter().map(|id| id.0).collect();
            assert_eq!(
                (&found[..], touched.zookeeper),
                (brokers, zookeeper),
                "{line}"
            );
        }
    }

    #[test]
    fn power_may_fail_where_the_contract_holds_and_nowhere_else() {
        let plan = "world brokers=4 seed=1 latency=1ms zookeeper.session.timeout.ms=6000\n\
             topic orders partitions=1 replicas=2,3,4 min.insync.replicas=3\n\
             producer p1 acks=all\n";
        let mut recorder = Recorder::default();
        let mut run = Run::begin(plan, &mut recorder);
        for line in ["produce p1 orders-0 \"a\"", "run 2s"] {
            assert!(run.take(line), "{line}");
        }
        let may = |run: &Run<'_>, id: i32, ending_lines: &[&str]| {
            may_lose(run, BrokerId(id), &touched(&ending(ending_lines)))
        };
        assert!(may(&run, 2, &[]) && may(&run, 3, &[]));
        // The controller, somebody without a replica, and whoever the others are not to be counted on.
        assert!(!may(&run, 1, &[]));
        assert!(may(&run, 2, &["heal b3↔brokers"]));
        assert!(!may(&run, 2, &["heal b3↔brokers", "thaw b4"]));
        assert!(!may(&run, 3, &["thaw b2"]), "the leader stands still");
        assert!(!may(&run, 2, &["restart zk1"]));
        // One loss is being dealt with, and another is allowed of three in sync; then no more.
        for line in ["kill b4 lossy", "run 12s"] {
            assert!(run.take(line), "{line}");
        }
        assert!(is_taken_out(&mut run, BrokerId(4)));
        let lost = run
            .losses()
            .is_bereft(&crate::model::TopicPartition::new("orders", 0), BrokerId(4));
        assert!(may(&run, 3, &[]), "{lost}");
        for line in ["kill b3 lossy", "run 12s"] {
            assert!(run.take(line), "{line}");
        }
        assert!(!may(&run, 2, &[]), "it is the last in sync");
    }
}
