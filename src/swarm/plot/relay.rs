//! Leaders take turns, each of which has what no other has (KIP-279).

use super::{Ending, SOON, Scene, a_producer, dies_in_public, leads, next_leader, writes};
use crate::fact::{Fact, Role};
use crate::model::{BrokerId, TopicPartition};
use crate::swarm::cluster::{ADMIN, Cluster};
use crate::swarm::{Draw, Run};

/// Two replicas lead in turn, and each writes what the other never gets: then one follows the other.
///
/// The first must neither copy what the second writes in its newest epoch nor hand on what it writes in its own, and
/// yet hear the controller. So it is parted from all others at once, and from the controller, which may be a
/// replica too, only when it has been told to lead.
pub(super) fn relay(
    scene: &Scene,
    run: &mut Run<'_>,
    cluster: &Cluster,
    draw: &mut Draw,
) -> Option<Vec<Ending>> {
    let name = &scene.name;
    let first = *scene.state.replicas.first()?;
    if scene.controller == first {
        // Whoever decides must not die of it: another shall, next time.
        run.take(&format!("expire b{first}"));
        return Some(Vec::new());
    }
    let restart = vec![(draw.span(1, 2_000), vec![format!("restart b{first}")])];
    let second = match scene.leader() {
        leader if leader == first => {
            dies_in_public(run, first);
            let second = next_leader(run, name, first);
            run.run_for(draw.span(1, 300));
            run.take(&format!("restart b{first}"));
            run.until(SOON, |_, entry| match &entry.fact {
                Fact::IsrChanged { partition, to, .. } if partition == name => {
                    to.contains(&first).then_some(())
                }
                _ => None,
            })?;
            second?
        }
        leader => leader,
    };
    let controller = run.world().truth().controller()?;
    if first == controller || second == controller {
        return None;
    }
    let order = another_order(run, scene, cluster, controller)?;
    let all = (1..=cluster.brokers as i32).map(BrokerId);
    let others: Vec<BrokerId> = all.filter(|id| *id != first).collect();
    let deaf = others.iter().filter(|id| **id != controller);
    for id in deaf {
        run.take(&format!("hold b{first}↔b{id}"));
    }
    // A new epoch for the second, of which the first gets no record: it comes with another assignment.
    run.take(&format!("move {ADMIN} {name} {order}"));
    let goes_on = leads(run, name, |id| id == second);
    let writer = a_producer(cluster, draw);
    write(run, &writer, name, second);
    run.take(&format!("elect {ADMIN} {name} preferred"));
    let turned = leads(run, name, |id| id == first);
    run.take(&format!("hold b{first}→b{controller}"));
    write(run, &writer, name, first);
    dies_in_public(run, first);
    for id in &others {
        run.take(&format!("release b{first}↔b{id}"));
    }
    if goes_on.is_some() && turned.is_some() {
        let third = next_leader(run, name, first);
        if let Some(third) = third {
            write(run, &writer, name, third);
        }
    }
    Some(restart)
}

/// The replicas of a partition, the first before all others and these in another order; or one more, where there is
/// but one of these.
fn another_order(
    run: &Run<'_>,
    scene: &Scene,
    cluster: &Cluster,
    controller: BrokerId,
) -> Option<String> {
    let state = run.world().cluster().partition(&scene.name)?;
    let (first, others) = state.replicas.split_first()?;
    let mut others: Vec<BrokerId> = others.to_vec();
    others.reverse();
    if others.len() < 2 {
        let all = (1..=cluster.brokers as i32).map(BrokerId);
        let strangers: Vec<BrokerId> = all.filter(|id| !state.replicas.contains(id)).collect();
        let deaf = strangers.iter().find(|id| **id != controller);
        others.push(*deaf.or(strangers.first())?);
    }
    let all = std::iter::once(first).chain(&others);
    let all: Vec<String> = all.map(|id| id.0.to_string()).collect();
    Some(all.join(","))
}

/// Has a record written, and waits a moment until a leader has it.
fn write(run: &mut Run<'_>, producer: &str, name: &TopicPartition, leader: BrokerId) {
    run.take(&format!("produce {producer} {name} \"relay\""));
    writes(run, name, leader, Role::Leader);
}
