//! Somebody is away, and comes back before it was missed, or with less than the others have.

use super::{Ending, SOON, Scene, by, dies_in_public, writes};
use crate::fact::{Fact, Role};
use crate::model::BrokerId;
use crate::swarm::cluster::{ADMIN, Cluster};
use crate::swarm::{Draw, Run};
use crate::time::Duration;

/// Somebody in sync dies and is back before the controller has looked.
pub(super) fn bounce(
    scene: &Scene,
    run: &mut Run<'_>,
    cluster: &Cluster,
    draw: &mut Draw,
) -> Option<Vec<Ending>> {
    let controller = scene.controller;
    let mut isr = scene.state.isr.iter().copied();
    let victim = isr.find(|id| *id != controller)?;
    let (begin, end) = match draw.chance(1, 2) {
        true => (
            format!("freeze b{controller}"),
            format!("thaw b{controller}"),
        ),
        false => (
            format!("hold b{controller}↔zookeeper"),
            format!("release b{controller}↔zookeeper"),
        ),
    };
    let looked_away = run.take(&begin);
    dies_in_public(run, victim);
    run.take(&format!("restart b{victim}"));
    let most = Duration::from_millis(cluster.session.as_millis() * 2 / 3);
    run.until(most, |_, entry| {
        let back = matches!(entry.fact, Fact::BrokerRegistered { .. });
        (back && by(entry) == Some(victim)).then_some(())
    });
    run.take(&end);
    looked_away.then(Vec::new)
}

/// A follower dies, the others go on without being able to commit, the leader dies too; and then the first one is
/// back, with everything that is committed and not with everything that the new leader has.
pub(super) fn come_back_short(
    scene: &Scene,
    run: &mut Run<'_>,
    draw: &mut Draw,
) -> Option<Vec<Ending>> {
    let (name, old) = (&scene.name, scene.leader());
    let mut others = scene.state.replicas.iter().copied();
    let in_sync = |id: &BrokerId| *id != old && scene.state.isr.contains(id);
    let next = others.find(in_sync)?;
    let short = others.find(in_sync)?;
    run.take(&format!(
        "alter {ADMIN} {} min.insync.replicas=2",
        name.topic
    ));
    run.run_for(draw.span(20, 300));
    run.take(&format!("kill b{short}"));
    writes(run, name, next, Role::Follower);
    for id in [old, short] {
        dies_in_public(run, id);
    }
    run.take(&format!("restart b{short}"));
    run.until(SOON, |_, entry| match &entry.fact {
        Fact::BecameFollower { partition, .. } if partition == name => {
            (by(entry) == Some(short)).then_some(())
        }
        _ => None,
    });
    run.run_for(draw.span(10, 300));
    Some(vec![(draw.span(1, 5_000), vec![format!("restart b{old}")])])
}
