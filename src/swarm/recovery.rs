//! The calm after the trouble, and how the cluster has to be then.
//!
//! Every fault is taken away and everybody is started again; in half of the runs only a [`Core`] is, to which a
//! member of each ISR belongs, and the others are killed, if they are not dead yet, and stay so: who died during the
//! trouble may never return. Within [`LIMIT`] every partition has a leader,
//! every living replica is in sync and has the leader's log, everything is committed, there is one
//! controller, and every broker's picture of the cluster is what stands in ZooKeeper. Whoever was a client of the
//! cluster has then finished ([`clients`]), and goes. Then the cluster is used again: a new producer writes to every
//! partition and a new consumer reads everything from the beginning.
//!
//! What cannot be is excused: a partition whose whole ISR is dead has no leader; one that has fewer replicas
//! than `min.insync.replicas` commits nothing; a topic stays as long as one of its replicas is dead; and of one that
//! is torn nothing is asked but a leader that leads.

use super::promises::{LAST_PRODUCER, LAST_READER};
use super::{Budget, Draw, Run, clients, groups};
use crate::broker::OFFSETS_TOPIC;
use crate::broker::{Broker, Partition};
use crate::controller::{PartitionState, znodes};
use crate::model::{BrokerId, ProcessId, TopicName, TopicPartition};
use crate::sorted::SortedSet;
use crate::time::Duration;
use crate::world::invariant::Losses;
use crate::world::{DiskState, Life, World};

/// Within this time everything is well.
pub const LIMIT: Duration = Duration::from_secs(120);
/// Who has read something is given so much more.
const READING_ON: Duration = Duration::from_secs(10);
/// And in this time what is written anew is written, and something more is read.
const USE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(500);
/// The random numbers with which the core is chosen, beside those of the trouble.
const STREAM: u64 = 0x100;

/// Who takes part in the recovery: everybody but those who stay dead.
#[derive(Clone, Debug, Default)]
pub struct Core {
    dead: SortedSet<BrokerId>,
}

impl Core {
    /// Chooses, while the trouble still lasts, and kills who is not chosen and not dead yet. A function of the seed and
    /// of how the cluster is, so that a run that is played again from its lines has the same core.
    pub(super) fn choose(run: &mut Run<'_>, budget: Budget) -> Core {
        let mut core = Core::default();
        let seed = run.world().seed().0;
        let mut draw = Draw::new(seed, budget.stream() + STREAM);
        if budget == Budget::Client || draw.chance(1, 2) {
            return core;
        }
        for id in run.world().plan().brokers.clone() {
            if draw.chance(1, 2) {
                core.dead.insert(id);
                if !core.is_enough(run) {
                    core.dead.remove(&id);
                }
            }
        }
        for id in &core.dead {
            // Of who is dead already the world refuses it.
            run.take(&format!("kill b{}", id.0));
        }
        core
    }

    /// Everybody but one.
    #[cfg(test)]
    pub(super) fn without(id: BrokerId) -> Core {
        Core {
            dead: [id].into_iter().collect(),
        }
    }

    /// Whether each partition has somebody left who has everything.
    fn is_enough(&self, run: &Run<'_>) -> bool {
        let mut all = run.world().cluster().partitions();
        let alive = self.dead.len() < run.world().plan().brokers.len();
        alive
            && all.all(|(name, state)| {
                let mut isr = state.isr.iter();
                isr.any(|id| !self.dead.contains(id) && !run.losses().is_bereft(&name, *id))
            })
    }

    fn has(&self, id: BrokerId) -> bool {
        !self.dead.contains(&id)
    }

    /// Whether enough brokers are left to make the topic in which groups are kept.
    pub(super) fn can_make_offsets_topic(&self, world: &World) -> bool {
        let living = world.plan().brokers.iter().filter(|id| self.has(**id));
        let brokers = living.clone().find_map(|id| world.broker_by_id(*id));
        brokers.is_some_and(|broker| {
            let config = broker.coordinator().config();
            living.count() >= config.offsets_topic_replication_factor as usize
        })
    }

    /// The replicas that are not dead.
    fn living<'a>(&'a self, state: &'a PartitionState) -> impl Iterator<Item = BrokerId> + 'a {
        let replicas = state.replicas.iter().copied();
        replicas.filter(|id| self.has(*id))
    }

    /// Whether nothing can be asked of a partition, for everybody who could lead it is dead, or it waits for
    /// a dead one in order to go.
    pub(super) fn excuses(
        &self,
        world: &World,
        name: &TopicPartition,
        state: &PartitionState,
    ) -> bool {
        let bereft = !state.isr.iter().any(|id| self.has(*id));
        bereft || !self.dead.is_empty() && is_going(world, &name.topic)
    }
}

/// Whether a topic is to be deleted.
pub(super) fn is_going(world: &World, topic: &TopicName) -> bool {
    let tree = world.zookeeper_tree();
    tree.is_some_and(|tree| tree.get(&znodes::deletion_path(topic)).is_some())
}

/// Takes every fault away, stops every load, has everybody read on and starts whoever of the core is gone.
pub(super) fn calm(run: &mut Run<'_>, core: &Core) {
    for line in ["release all", "heal", "latency all default"] {
        run.take(line);
    }
    let hosts: Vec<ProcessId> = run.world().hosts().map(|host| host.id).collect();
    for id in hosts {
        let Some(host) = run.world().host(id) else {
            continue;
        };
        let (life, right) = (host.life(), host.clock().is_right());
        let slow = host.disk_state() != DiskState::Fine;
        if matches!(life, Life::Frozen { .. }) {
            run.take(&format!("thaw {id}"));
        }
        if !right {
            run.take(&format!("clock {id} right"));
        }
        if slow {
            run.take(&format!("disk {id} fine"));
        }
        if matches!(id, ProcessId::Producer(_)) && life.is_alive() {
            run.take(&format!("stop-load {id}"));
        }
        let host = run.world().host(id);
        let consumer = host.and_then(|host| host.consumer());
        if consumer.is_some_and(|it| it.partitions().any(|view| view.is_paused)) {
            run.take(&format!("resume {id}"));
        }
    }
    clients::hurry(run);
    restart_the_gone(run, core);
    run.take("run 5s");
}

/// Starts whoever is gone, except for brokers that stay dead, and for clients, who have done their part.
fn restart_the_gone(run: &mut Run<'_>, core: &Core) {
    let gone = run.world().hosts().filter(|host| !host.life().is_alive());
    let servers = gone.filter(|host| match host.id {
        ProcessId::Broker(number) => core.has(BrokerId(i32::from(number))),
        id => matches!(id, ProcessId::ZooKeeper(_)),
    });
    let lines: Vec<String> = servers.map(|host| format!("restart {}", host.id)).collect();
    for line in lines {
        run.take(&line);
    }
}

/// How far all readers have got together.
fn how_far(world: &World) -> i64 {
    let readers = world.hosts().filter_map(|host| host.consumer());
    let views = readers.flat_map(|reader| reader.partitions());
    views.filter_map(|view| Some(view.position?.0)).sum()
}

/// Waits until the cluster is well.
pub(super) fn recover(run: &mut Run<'_>, core: &Core) {
    let (mut until, mut read) = (run.now() + LIMIT, 0);
    loop {
        restart_the_gone(run, core);
        if run.failure().is_some() {
            return;
        }
        let mut all = complaints(run.world(), run.losses(), core);
        if all.is_empty() {
            all = groups::health::complaints(run.world(), run.losses(), core);
            all.extend(clients::complaints(run.world(), run.losses(), core));
        }
        if all.is_empty() {
            return clients::dismiss(run);
        }
        // Whoever reads on comes to the end: a fetch is told no more than a segment has, and some are of one record.
        let now = how_far(run.world());
        if now > read {
            (until, read) = (until.max(run.now() + READING_ON), now);
        }
        if run.now() >= until {
            let all = all.join("; ");
            return run.fail("EverythingRecovers", format!("L1: after {LIMIT} {all}"));
        }
        run.run_for(LOOK);
    }
}

/// Whether nobody has anything to complain about.
pub(super) fn is_well(run: &Run<'_>, core: &Core) -> bool {
    complaints(run.world(), run.losses(), core).is_empty()
}

/// What is not well, a sentence each.
pub fn complaints(world: &World, losses: &Losses, core: &Core) -> Vec<String> {
    let mut all = Vec::new();
    let controller = world.controller().filter(|controller| {
        world.truth().controller() == Some(controller.host())
            && controller.epoch().0 == world.truth().controller_epoch()
    });
    match controller {
        None => all.push("there is no controller".to_owned()),
        Some(controller) => {
            let mut queues = controller.queues();
            if queues.any(|(_, queue)| queue.waiting().len() > 0) || controller.backlog() > 0 {
                all.push("the controller has work left".to_owned());
            }
        }
    }
    for id in world.plan().brokers.iter().filter(|id| core.has(**id)) {
        match world.broker_by_id(*id) {
            Some(broker) => all.extend(complaints_of(world, broker)),
            None => all.push(format!("broker {id} does not run")),
        }
    }
    for (name, state) in world.cluster().partitions() {
        if !core.excuses(world, &name, state) {
            let torn = losses.is_torn(&name);
            all.extend(complaint_about(world, &name, state, (core, torn)));
        }
    }
    all
}

fn complaints_of(world: &World, broker: &Broker) -> Option<String> {
    let (id, truth) = (broker.id(), world.cluster());
    if !truth.brokers().contains_key(&id) {
        return Some(format!("broker {id} is not registered"));
    }
    let image = broker.metadata();
    if !image.brokers().keys().eq(truth.brokers().keys()) {
        return Some(format!("broker {id} knows other brokers than there are"));
    }
    truth.partitions().find_map(|(name, state)| {
        if is_going(world, &name.topic) || !state.is_born() {
            // Nobody is told of it any more, or yet: whoever may hold it has never been there.
            return None;
        }
        let known = image.partition(&name);
        let same = known.is_some_and(|known| {
            (known.leader, known.leader_epoch, known.partition_epoch)
                == (state.leader, state.leader_epoch, state.partition_epoch)
                && known.isr == state.isr
        });
        (!same).then(|| format!("broker {id} believes something else of {name} than is true"))
    })
}

fn complaint_about(
    world: &World,
    name: &TopicPartition,
    state: &PartitionState,
    (core, is_torn): (&Core, bool),
) -> Option<String> {
    if is_going(world, &name.topic) {
        return Some(format!("{name} is to be deleted and is still there"));
    }
    if state.leader == BrokerId::NONE {
        return Some(format!("nobody leads {name}"));
    }
    if !is_torn && state.is_reassigning() && state.replicas.iter().all(|id| core.has(*id)) {
        return Some(format!("{name} has not moved yet"));
    }
    let replica = |id: BrokerId| world.broker_by_id(id)?.partition(name);
    let Some(leader) = replica(state.leader).filter(|leader| leader.is_leader()) else {
        return Some(format!("broker {} does not lead {name}", state.leader));
    };
    if is_torn {
        // Who holds other records than its leader in one epoch may never be able to follow it again.
        return None;
    }
    if state.isr.len() != core.living(state).count() {
        return Some(format!("{name} has only {:?} in sync", state.isr));
    }
    // Groups that live commit again and again, and some of it is always on its way.
    if name.topic.as_str() == OFFSETS_TOPIC {
        return None;
    }
    if leader.high_watermark() != leader.log_end() && state.isr.len() >= leader.min_isr() {
        let (mark, end) = (leader.high_watermark(), leader.log_end());
        return Some(format!("{name} is committed up to {mark} of {end}"));
    }
    let lags = |id: &BrokerId| {
        replica(*id).is_none_or(|replica: &Partition| replica.log_end() != leader.log_end())
    };
    let behind = core.living(state).find(lags)?;
    Some(format!(
        "broker {behind} has another end of {name} than its leader"
    ))
}

/// A new producer writes to every partition, and a new consumer reads everything.
pub(super) fn use_again(run: &mut Run<'_>, core: &Core) {
    if run.failure().is_some() {
        return;
    }
    let all = run.world().cluster().partitions().map(|(name, _)| name);
    let names: Vec<TopicPartition> = all.filter(|name| is_of_use(run, core, name)).collect();
    if names.is_empty() {
        return;
    }
    let assigned: String = names.iter().map(|name| format!(" {name}")).collect();
    run.take(&format!("producer {LAST_PRODUCER} acks=all"));
    run.take(&format!(
        "consumer {LAST_READER} auto.offset.reset=earliest"
    ));
    for name in &names {
        let state = run.world().cluster().partition(name);
        let leader = state.and_then(|state| run.world().broker_by_id(state.leader));
        let leader = leader.and_then(|leader| leader.partition(name));
        let key = match leader.is_some_and(|one| one.config().cleanup_policy.compacts()) {
            true => " key=last",
            false => "",
        };
        run.take(&format!("produce {LAST_PRODUCER} {name}{key} \"last\""));
    }
    run.take(&format!("assign {LAST_READER}{assigned}"));
    let (mut until, mut read) = (run.now() + USE, 0);
    loop {
        run.run_for(LOOK);
        // Who was about to stop may stop only now.
        restart_the_gone(run, core);
        // Whoever reads on will come to the end.
        let now: i64 = names.iter().map(|name| run.promises().read(name).0).sum();
        if now > read {
            (until, read) = (run.now() + USE, now);
        }
        if run.failure().is_some() {
            return;
        }
        let mut left = complaints(run.world(), run.losses(), core);
        left.extend(groups::health::complaints(run.world(), run.losses(), core));
        left.extend(clients::complaints(run.world(), run.losses(), core));
        // Settings that were asked for before may count only now, and want more in sync than there are.
        let names = names.iter().filter(|name| is_of_use(run, core, name));
        let names: Vec<&TopicPartition> = names.collect();
        left.extend(names.iter().filter_map(|name| unread(run, core, name)));
        let count = names.len();
        let confirmed = names.iter().filter(|name| run.promises().confirmed(name));
        let confirmed = confirmed.count();
        if confirmed < count {
            left.push(format!(
                "{confirmed} of {count} new records are acknowledged"
            ));
        }
        if left.is_empty() {
            return;
        }
        if run.now() >= until {
            let all = left.join("; ");
            return run.fail("EverythingIsOfUseAgain", format!("L2: after {USE} {all}"));
        }
    }
}

/// Whether a partition can be written to by who wants every replica in sync to have what is written.
fn is_of_use(run: &Run<'_>, core: &Core, name: &TopicPartition) -> bool {
    let world = run.world();
    let Some(state) = world.cluster().partition(name) else {
        return false;
    };
    let leader = world.broker_by_id(state.leader);
    let leader = leader.and_then(|broker| broker.partition(name));
    name.topic.as_str() != OFFSETS_TOPIC
        && !run.losses().is_torn(name)
        && !core.excuses(world, name, state)
        && leader.is_some_and(|leader| state.isr.len() >= leader.min_isr())
}

/// What is not read yet, or not known by a follower to be committed.
fn unread(run: &Run<'_>, core: &Core, name: &TopicPartition) -> Option<String> {
    let world = run.world();
    let state = world.cluster().partition(name)?;
    let replica = |id: BrokerId| world.broker_by_id(id)?.partition(name);
    let leader = replica(state.leader)?;
    let end = leader.log_end();
    // What retention takes before anybody has read it will not be read.
    let read = run.promises().read(name).max(leader.log_start());
    if read < end {
        return Some(format!("{name} is read up to {read} of {end}"));
    }
    let behind = |id: &BrokerId| {
        replica(*id).is_none_or(|replica: &Partition| replica.high_watermark() != end)
    };
    let behind = core.living(state).find(behind)?;
    Some(format!(
        "broker {behind} does not know that all of {name} is committed"
    ))
}

#[cfg(test)]
mod tests {
    use super::super::Recorder;
    use super::*;
    use crate::swarm::bench::played;

    #[test]
    fn who_has_died_and_is_not_of_the_core_does_not_return() {
        let (mut stayed, mut returned) = (0, 0);
        for seed in 1..=24 {
            let mut recorder = Recorder::default();
            let plan = format!("world brokers=3 seed={seed} latency=1ms\n");
            let mut run = Run::begin(&plan, &mut recorder);
            for line in ["run 2s", "kill b2", "run 1s"] {
                assert!(run.take(line), "{line}");
            }
            let core = Core::choose(&mut run, Budget::Harsh);
            calm(&mut run, &core);
            for id in [1, 2, 3] {
                let lives = run.world().broker_by_id(BrokerId(id)).is_some();
                assert_eq!(lives, core.has(BrokerId(id)), "b{id} of seed {seed}");
            }
            let begins = run.lines().contains(&"restart b2".to_owned());
            assert_eq!(begins, core.has(BrokerId(2)), "seed {seed}");
            match begins {
                true => returned += 1,
                false => stayed += 1,
            }
        }
        assert!(stayed > 0 && returned > 0, "{stayed} and {returned}");
    }

    #[test]
    fn of_a_torn_partition_it_is_asked_that_somebody_leads_it() {
        let topic = "world brokers=3 seed=1 latency=1ms zookeeper.session.timeout.ms=6000 replica.lag.time.max.ms=2000\n\
             topic orders partitions=1 replicas=1,2\nproducer p1 acks=all\nrun 2s\n";
        let orders = TopicPartition::new("orders", 0);
        let said_after = |lines: &str| {
            let history = played(&format!("{topic}{lines}"));
            let mut losses = Losses::default();
            let whole = complaints(history.world(), &losses, &Core::default());
            losses.plant_torn(orders.clone());
            let torn = complaints(history.world(), &losses, &Core::default());
            let of_it = |all: Vec<String>| -> Vec<String> {
                all.into_iter()
                    .filter(|one| one.contains("orders-0"))
                    .collect()
            };
            (of_it(whole), of_it(torn))
        };
        // A follower that cannot follow is excused,
        let (whole, torn) = said_after("freeze b2\nrun 20s\n");
        assert!(whole.iter().any(|one| one.contains("in sync")), "{whole:?}");
        assert!(!torn.iter().any(|one| one.contains("in sync")), "{torn:?}");
        // and that nobody leads is not.
        let (whole, torn) = said_after("kill b1\nkill b2\nrun 20s\n");
        assert!(
            whole.contains(&"nobody leads orders-0".to_owned()),
            "{whole:?}"
        );
        assert!(
            torn.contains(&"nobody leads orders-0".to_owned()),
            "{torn:?}"
        );
    }
}
