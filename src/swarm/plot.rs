//! Trouble in several acts, each of which waits for what the one before it brings about.
//!
//! A fault that strikes at any time seldom meets the few milliseconds for which a fence was built. Each of
//! these leads a cluster to one of the known fences and pushes: a broker that comes back before it was missed
//! (KIP-380), an order of a controller that is none any more, an end that a fresh leader does not know yet, a
//! question that arrives after its answer, records that two leaders have had without each other (KIP-279),
//! answers that nobody hears. Whether it succeeds depends on the run; what the world refuses is left out.

use super::cluster::{ADMIN, Cluster};
use super::errand::a_partition;
use super::kind::Kind;
use super::{Draw, Run};
use crate::controller::PartitionState;
use crate::fact::{Entry, Fact, Role};
use crate::model::{BrokerId, TopicPartition};
use crate::time::Duration;

/// What is still to be ended, after how long.
pub(super) type Ending = (Duration, Vec<String>);

const SOON: Duration = Duration::from_secs(3);

/// A partition and those who matter to it.
struct Scene {
    name: TopicPartition,
    state: PartitionState,
    controller: BrokerId,
}

impl Scene {
    /// A partition with a leader, under a controller that is there.
    fn find(run: &Run<'_>, draw: &mut Draw) -> Option<Scene> {
        let name = a_partition(run.world(), draw)?;
        let state = run.world().cluster().partition(&name)?.clone();
        let controller = run.world().truth().controller()?;
        let runs = |id| run.world().broker_by_id(id).is_some();
        let ready = runs(state.leader) && runs(controller);
        ready.then_some(Scene {
            name,
            state,
            controller,
        })
    }

    fn leader(&self) -> BrokerId {
        self.state.leader
    }

    /// A member of the ISR that neither leads nor is controller.
    fn follower(&self) -> Option<BrokerId> {
        let mut isr = self.state.isr.iter().copied();
        isr.find(|id| *id != self.leader() && *id != self.controller)
    }
}

/// Plays the plot of a kind. What it leaves behind; `None` when it could not begin.
pub(super) fn play(
    kind: Kind,
    run: &mut Run<'_>,
    cluster: &Cluster,
    draw: &mut Draw,
) -> Option<Vec<Ending>> {
    let scene = Scene::find(run, draw)?;
    match kind {
        Kind::Bounce => bounce(&scene, run, cluster, draw),
        Kind::Depose => depose(&scene, run, cluster, draw),
        Kind::AskTheFresh => ask_the_fresh(&scene, run, cluster, draw),
        Kind::LateQuestion => late_question(&scene, run, cluster, draw),
        Kind::Relay => relay(&scene, run, cluster, draw),
        Kind::ComeBackShort => come_back_short(&scene, run, draw),
        Kind::LoseAnswers => lose_answers(&scene, run, cluster, draw),
        _ => None,
    }
}

/// Somebody in sync dies and is back before the controller has looked.
fn bounce(
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
    run.take(&format!("kill b{victim}"));
    run.take(&format!("expire b{victim}"));
    run.take(&format!("restart b{victim}"));
    let most = Duration::from_millis(cluster.session.as_millis() * 2 / 3);
    run.until(most, |_, entry| {
        let back = matches!(entry.fact, Fact::BrokerRegistered { .. });
        (back && by(entry) == Some(victim)).then_some(())
    });
    run.take(&end);
    looked_away.then(Vec::new)
}

/// Orders to one broker are held up, the controller is replaced, and then the orders arrive.
fn depose(
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
fn ask_the_fresh(
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
    let killed = draw.chance(2, 3);
    let goes = match killed {
        true => run.take(&format!("kill b{old}")),
        false => run.take(&format!("expire b{old}")),
    };
    if killed {
        run.take(&format!("expire b{old}"));
    }
    let fresh = run.until(SOON, |_, entry| match &entry.fact {
        Fact::BecameLeader { partition, .. } if partition == name => by(entry),
        _ => None,
    });
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

/// A leader's question about its ISR takes so long that it is asked again, answered, and out of date.
fn late_question(
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

/// Two replicas lead in turn, and each writes what the other never gets: then one follows the other.
fn relay(
    scene: &Scene,
    run: &mut Run<'_>,
    cluster: &Cluster,
    draw: &mut Draw,
) -> Option<Vec<Ending>> {
    let name = &scene.name;
    let first = *scene.state.replicas.first()?;
    if scene.controller == first || scene.state.isr.contains(&scene.controller) {
        // Whoever decides must reach both of them: another shall, next time.
        run.take(&format!("expire b{}", scene.controller));
        run.run_for(draw.span(500, 2_000));
    }
    let controller = run.world().truth().controller()?;
    let second = (scene.state.isr.iter().copied()).find(|id| *id != first && *id != controller)?;
    if first == controller {
        return None;
    }
    let third = (1..=cluster.brokers as i32).map(BrokerId);
    let mut third = third.filter(|id| *id != first && *id != second);
    let third = third.next_back()?;
    let leads = |run: &mut Run<'_>, who: BrokerId| {
        run.until(SOON, |_, entry| match &entry.fact {
            Fact::BecameLeader { partition, .. } if partition == name => {
                (by(entry) == Some(who)).then_some(())
            }
            _ => None,
        })
    };
    let writes = |run: &mut Run<'_>, who: BrokerId| {
        run.until(Duration::from_secs(1), |_, entry| match &entry.fact {
            Fact::RecordsAppended {
                partition,
                role: Role::Leader,
                ..
            } if partition == name => (by(entry) == Some(who)).then_some(()),
            _ => None,
        })
    };
    let restart = vec![(draw.span(1, 2_000), vec![format!("restart b{first}")])];
    if scene.leader() == first {
        // The second has to lead first.
        run.take(&format!("kill b{first}"));
        run.take(&format!("expire b{first}"));
        let second_leads = leads(run, second);
        run.run_for(draw.span(1, 300));
        run.take(&format!("restart b{first}"));
        second_leads?;
        run.until(SOON, |_, entry| match &entry.fact {
            Fact::IsrChanged { partition, to, .. } if partition == name => {
                to.contains(&first).then_some(())
            }
            _ => None,
        })?;
    } else if scene.leader() != second {
        return None;
    }
    let apart = format!("b{first}↔b{second}");
    run.take(&format!("hold {apart}"));
    // A new epoch for the second, of which the first gets no record: it comes with another assignment.
    let order = match scene.state.replicas.get(1) {
        Some(before) if *before == second => [first, third, second],
        _ => [first, second, third],
    };
    let order = order.map(|id| id.0.to_string()).join(",");
    run.take(&format!("move {ADMIN} {name} {order}"));
    leads(run, second);
    writes(run, second);
    run.take(&format!("elect {ADMIN} {name} preferred"));
    let turned = leads(run, first);
    writes(run, first);
    run.take(&format!("kill b{first}"));
    run.take(&format!("expire b{first}"));
    run.take(&format!("release {apart}"));
    if turned.is_some() {
        leads(run, second);
        writes(run, second);
    }
    Some(restart)
}

/// A follower dies, the others go on without being able to commit, the leader dies too; and then the first one is
/// back, with everything that is committed and not with everything that the new leader has.
fn come_back_short(scene: &Scene, run: &mut Run<'_>, draw: &mut Draw) -> Option<Vec<Ending>> {
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
    run.until(Duration::from_secs(1), |_, entry| match &entry.fact {
        Fact::RecordsAppended {
            partition,
            role: Role::Follower,
            ..
        } if partition == name => (by(entry) == Some(next)).then_some(()),
        _ => None,
    });
    for id in [old, short] {
        run.take(&format!("kill b{id}"));
        run.take(&format!("expire b{id}"));
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

/// What a leader answers a producer is held up and then lost.
fn lose_answers(
    scene: &Scene,
    run: &mut Run<'_>,
    cluster: &Cluster,
    draw: &mut Draw,
) -> Option<Vec<Ending>> {
    let producers = cluster.clients.iter().map(|(name, _)| name.as_str());
    let producers: Vec<&str> = producers.filter(|name| name.starts_with('p')).collect();
    let (leader, producer) = (scene.leader(), draw.pick(&producers));
    run.take(&format!("hold b{leader}→{producer}"));
    run.run_for(draw.span(20, 1_500));
    run.take(&format!("reset {producer}↔b{leader}"));
    run.take(&format!("release b{leader}→{producer}"));
    Some(Vec::new())
}

fn by(entry: &Entry) -> Option<BrokerId> {
    entry.by?.broker()
}
