//! What was asked comes late, and what was answered never comes.

use super::{Ending, SOON, Scene, a_producer};
use crate::fact::Fact;
use crate::swarm::cluster::Cluster;
use crate::swarm::{Draw, Run};

/// A leader's question about its ISR takes so long that it is asked again, answered, and out of date.
pub(super) fn late_question(
    scene: &Scene,
    run: &mut Run<'_>,
    cluster: &Cluster,
    draw: &mut Draw,
) -> Option<Vec<Ending>> {
    let (leader, controller) = (scene.leader(), scene.controller);
    let follower = scene.follower()?;
    if leader == controller || cluster.lag > SOON || cluster.patience > SOON {
        return None;
    }
    let changed = |run: &mut Run<'_>, wanted: bool| {
        let most = cluster.lag.times(2) + cluster.patience.times(2) + SOON;
        run.until(most, |_, entry| match &entry.fact {
            Fact::IsrChanged { partition, to, .. } if *partition == scene.name => {
                (to.contains(&follower) == wanted).then_some(())
            }
            _ => None,
        })
    };
    let (hold, release) = (
        format!("hold b{follower}→b{leader}"),
        format!("release b{follower}→b{leader}"),
    );
    run.take(&hold);
    let left = changed(run, false);
    let late = cluster.lag.times(2) + cluster.patience.times(2) + draw.span(1_000, 3_000);
    run.take(&format!("latency b{leader}→b{controller} {late}"));
    run.take(&release);
    if left.is_some() {
        run.until(SOON, |_, entry| match &entry.fact {
            Fact::IsrChangeAsked { partition, to, .. } if *partition == scene.name => {
                to.contains(&follower).then_some(())
            }
            _ => None,
        });
    }
    run.take(&format!("latency b{leader}→b{controller} default"));
    left?;
    changed(run, true)?;
    run.take(&hold);
    changed(run, false);
    run.run_for(late);
    run.take(&release);
    Some(Vec::new())
}

/// What a leader answers a producer is held up and then lost.
pub(super) fn lose_answers(
    scene: &Scene,
    run: &mut Run<'_>,
    cluster: &Cluster,
    draw: &mut Draw,
) -> Option<Vec<Ending>> {
    let (leader, producer) = (scene.leader(), a_producer(cluster, draw));
    run.take(&format!("hold b{leader}→{producer}"));
    run.run_for(draw.span(20, 1_500));
    run.take(&format!("reset {producer}↔b{leader}"));
    run.take(&format!("release b{leader}→{producer}"));
    Some(Vec::new())
}
