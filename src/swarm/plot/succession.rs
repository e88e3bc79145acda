//! Somebody takes over, and another does not know it yet.

use super::{Ending, SOON, Scene, dies_in_public, leads};
use crate::fact::Fact;
use crate::swarm::cluster::{ADMIN, Cluster};
use crate::swarm::{Draw, Run};

/// Orders to one broker are held up, the controller is replaced, and then the orders arrive.
pub(super) fn depose(
    scene: &Scene,
    run: &mut Run<'_>,
    cluster: &Cluster,
    draw: &mut Draw,
) -> Option<Vec<Ending>> {
    let controller = scene.controller;
    let all = 1..=cluster.brokers as i32;
    let others: Vec<i32> = all.filter(|id| *id != controller.0).collect();
    if others.is_empty() {
        return None;
    }
    let late = draw.pick(&others);
    run.take(&format!("hold b{controller}→b{late}"));
    // Something that makes the controller speak.
    let third = others.iter().copied().find(|id| *id != late);
    match third {
        Some(third) if draw.chance(2, 3) => drop(run.take(&format!("expire b{third}"))),
        _ => {
            let number = draw.between(1, 3);
            run.take(&format!(
                "create-topic {ADMIN} spare{number} partitions=2 replication=1"
            ));
        }
    }
    run.run_for(draw.span(20, 600));
    let deposed = match draw.chance(1, 2) {
        true => run.take(&format!("expire b{controller}")),
        false => {
            let stopped = run.take(&format!("freeze b{controller}"));
            run.take(&format!("expire b{controller}"));
            stopped
        }
    };
    run.until(SOON, |_, entry| {
        matches!(entry.fact, Fact::ControllerElected { .. }).then_some(())
    });
    run.run_for(draw.span(20, 1_500));
    run.take(&format!("thaw b{controller}"));
    run.take(&format!("release b{controller}→b{late}"));
    deposed.then(Vec::new)
}

/// A leader gives way to another, whose followers cannot come to it, and a consumer asks for the end.
pub(super) fn ask_the_fresh(
    scene: &Scene,
    run: &mut Run<'_>,
    cluster: &Cluster,
    draw: &mut Draw,
) -> Option<Vec<Ending>> {
    let (name, old) = (&scene.name, scene.leader());
    let (consumer, _) = (cluster.clients.iter()).find(|(name, _)| name.starts_with('c'))?;
    // The next leader hears no more how far this one has come.
    let deaf = format!("b{old}→brokers");
    if draw.chance(2, 3) {
        run.take(&format!("hold {deaf}"));
        run.run_for(draw.span(20, 200));
    }
    let goes = match draw.chance(2, 3) {
        true => dies_in_public(run, old),
        false => run.take(&format!("expire b{old}")),
    };
    let fresh = leads(run, name, |_| true);
    run.take(&format!("release {deaf}"));
    let fresh = fresh.filter(|_| goes);
    let Some(fresh) = fresh else {
        return Some(vec![(SOON, vec![format!("restart b{old}")])]);
    };
    run.take(&format!("hold brokers→b{fresh}"));
    for _ in 0..3 {
        run.take(&format!("seek {consumer} {name} end"));
        run.run_for(draw.span(50, 500));
    }
    run.take(&format!("release brokers→b{fresh}"));
    let restart = format!("restart b{old}");
    Some(vec![(draw.span(1, 5_000), vec![restart])])
}
