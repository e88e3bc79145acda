//! Trouble in several acts, each of which waits for what the one before it brings about.
//!
//! A fault that strikes at any time seldom meets the few milliseconds for which a fence was built. Each of
//! these leads a cluster to one of the known fences and pushes: a broker that comes back before it was missed
//! (KIP-380), an order of a controller that is none any more, an end that a fresh leader does not know yet, a
//! question that arrives after its answer, records that two leaders have had without each other (KIP-279),
//! answers that nobody hears. Whether it succeeds depends on the run; what the world refuses is left out.
//!
//! - `absence`: somebody is away, and comes back too early or with too little;
//! - `succession`: somebody takes over, and another does not know it;
//! - `relay`: leaders take turns, each of which has what no other has;
//! - `delay`: what was asked or answered comes late.

mod absence;
mod delay;
mod relay;
mod succession;

use super::cluster::Cluster;
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
        Kind::Bounce => absence::bounce(&scene, run, cluster, draw),
        Kind::Depose => succession::depose(&scene, run, cluster, draw),
        Kind::AskTheFresh => succession::ask_the_fresh(&scene, run, cluster, draw),
        Kind::LateQuestion => delay::late_question(&scene, run, cluster, draw),
        Kind::Relay => relay::relay(&scene, run, cluster, draw),
        Kind::ComeBackShort => absence::come_back_short(&scene, run, draw),
        Kind::LoseAnswers => delay::lose_answers(&scene, run, cluster, draw),
        _ => None,
    }
}

/// Waits until another than this one has come to lead, and says who.
fn next_leader(run: &mut Run<'_>, name: &TopicPartition, before: BrokerId) -> Option<BrokerId> {
    leads(run, name, |id| id != before)
}

/// Waits until one of these comes to lead, and says who.
fn leads(
    run: &mut Run<'_>,
    name: &TopicPartition,
    who: impl Fn(BrokerId) -> bool,
) -> Option<BrokerId> {
    run.until(SOON, |_, entry| match &entry.fact {
        Fact::BecameLeader { partition, .. } if partition == name => {
            by(entry).filter(|id| who(*id))
        }
        _ => None,
    })
}

/// Waits a moment until a replica has written something.
fn writes(run: &mut Run<'_>, name: &TopicPartition, who: BrokerId, wanted: Role) {
    run.until(Duration::from_secs(1), |_, entry| match &entry.fact {
        Fact::RecordsAppended {
            partition, role, ..
        } if partition == name && *role == wanted => (by(entry) == Some(who)).then_some(()),
        _ => None,
    });
}

/// A broker dies, and everybody learns it at once. Whether it lived.
fn dies_in_public(run: &mut Run<'_>, id: BrokerId) -> bool {
    let lived = run.take(&format!("kill b{id}"));
    run.take(&format!("expire b{id}"));
    lived
}

/// One of the producers, of which there is one at least.
fn a_producer(cluster: &Cluster, draw: &mut Draw) -> String {
    let producers = cluster.clients.iter().map(|(name, _)| name.as_str());
    let producers: Vec<&str> = producers.filter(|name| name.starts_with('p')).collect();
    draw.pick(&producers).to_owned()
}

fn by(entry: &Entry) -> Option<BrokerId> {
    entry.by?.broker()
}
