//! The calm after the trouble, and how the cluster has to be then.
//!
//! Every fault is taken away and everybody is started again. Within [`LIMIT`] every partition has a leader,
//! every replica is in sync and has the leader's log, everything is committed, there is one controller,
//! and every broker's picture of the cluster is what stands in ZooKeeper. Then the cluster is used again: a
//! new producer writes to every partition and a new consumer reads everything from the beginning.

use super::Run;
use super::promises::{LAST_PRODUCER, LAST_READER};
use crate::broker::{Broker, Partition};
use crate::controller::PartitionState;
use crate::model::{BrokerId, ProcessId, TopicPartition};
use crate::time::Duration;
use crate::world::invariant::Losses;
use crate::world::{DiskState, Life, World};

/// Within this time everything is well.
pub const LIMIT: Duration = Duration::from_secs(120);
/// And in this time what is written anew is written, and something more is read.
const USE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(500);

/// Takes every fault away and stops every load.
pub(super) fn calm(run: &mut Run<'_>) {
    for line in ["release all", "heal", "latency all default"] {
        run.take(line);
    }
    let hosts: Vec<ProcessId> = run.world().hosts().map(|host| host.id).collect();
    for id in hosts.iter().copied() {
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
    }
    // Whoever has more to send than that had more than the cluster could take.
    run.take("run 5s");
    for id in hosts {
        let alive = run
            .world()
            .host(id)
            .is_some_and(|host| host.life().is_alive());
        if matches!(id, ProcessId::Producer(_)) && alive {
            run.take(&format!("kill {id}"));
        }
    }
}

/// Starts whoever is gone, except for clients, who have done their part.
fn restart_the_gone(run: &mut Run<'_>) {
    let gone = run.world().hosts().filter(|host| !host.life().is_alive());
    let servers =
        gone.filter(|host| matches!(host.id, ProcessId::Broker(_) | ProcessId::ZooKeeper(_)));
    let lines: Vec<String> = servers.map(|host| format!("restart {}", host.id)).collect();
    for line in lines {
        run.take(&line);
    }
}

/// Waits until the cluster is well.
pub(super) fn recover(run: &mut Run<'_>) {
    let until = run.now() + LIMIT;
    loop {
        restart_the_gone(run);
        if run.failure().is_some() || is_well(run) {
            return;
        }
        if run.now() >= until {
            let all = complaints(run.world(), run.losses()).join("; ");
            return run.fail("EverythingRecovers", format!("L1: after {LIMIT} {all}"));
        }
        run.run_for(LOOK);
    }
}

/// Whether nobody has anything to complain about.
pub(super) fn is_well(run: &Run<'_>) -> bool {
    complaints(run.world(), run.losses()).is_empty()
}

/// What is not well, a sentence each.
pub fn complaints(world: &World, losses: &Losses) -> Vec<String> {
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
    for id in &world.plan().brokers {
        match world.broker_by_id(*id) {
            Some(broker) => all.extend(complaints_of(world, broker)),
            None => all.push(format!("broker {id} does not run")),
        }
    }
    let whole = world.cluster().partitions();
    for (name, state) in whole.filter(|(name, _)| !losses.is_torn(name)) {
        all.extend(complaint_about(world, &name, state));
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
        let known = image.partition(&name);
        let same = known.is_some_and(|known| {
            (known.leader, known.leader_epoch, known.partition_epoch)
                == (state.leader, state.leader_epoch, state.partition_epoch)
                && known.isr == state.isr
        });
        (!same).then(|| format!("broker {id} believes something else of {name} than is true"))
    })
}

fn complaint_about(world: &World, name: &TopicPartition, state: &PartitionState) -> Option<String> {
    if state.leader == BrokerId::NONE {
        return Some(format!("nobody leads {name}"));
    }
    if state.isr.len() != state.replicas.len() {
        return Some(format!("{name} has only {:?} in sync", state.isr));
    }
    let replica = |id: BrokerId| world.broker_by_id(id)?.partition(name);
    let Some(leader) = replica(state.leader).filter(|leader| leader.is_leader()) else {
        return Some(format!("broker {} does not lead {name}", state.leader));
    };
    if leader.high_watermark() != leader.log_end() {
        let (mark, end) = (leader.high_watermark(), leader.log_end());
        return Some(format!("{name} is committed up to {mark} of {end}"));
    }
    let lags = |id: &&BrokerId| {
        replica(**id).is_none_or(|replica: &Partition| replica.log_end() != leader.log_end())
    };
    let behind = state.replicas.iter().find(lags)?;
    Some(format!(
        "broker {behind} has another end of {name} than its leader"
    ))
}

/// A new producer writes to every partition, and a new consumer reads everything.
pub(super) fn use_again(run: &mut Run<'_>) {
    if run.failure().is_some() {
        return;
    }
    let names = run.world().cluster().partitions().map(|(name, _)| name);
    let names: Vec<TopicPartition> = names.filter(|name| !run.losses().is_torn(name)).collect();
    if names.is_empty() {
        return;
    }
    let assigned: String = names.iter().map(|name| format!(" {name}")).collect();
    run.take(&format!("producer {LAST_PRODUCER} acks=all"));
    run.take(&format!(
        "consumer {LAST_READER} auto.offset.reset=earliest"
    ));
    for name in &names {
        run.take(&format!("produce {LAST_PRODUCER} {name} \"last\""));
    }
    run.take(&format!("assign {LAST_READER}{assigned}"));
    let (mut until, mut read) = (run.now() + USE, 0);
    loop {
        run.run_for(LOOK);
        // Whoever reads on will come to the end.
        let now: i64 = names.iter().map(|name| run.promises().read(name).0).sum();
        if now > read {
            (until, read) = (run.now() + USE, now);
        }
        if run.failure().is_some() {
            return;
        }
        let mut left = complaints(run.world(), run.losses());
        left.extend(names.iter().filter_map(|name| unread(run, name)));
        if (run.promises().confirmed() as usize) < names.len() {
            let confirmed = run.promises().confirmed();
            let count = names.len();
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

/// What is not read yet, or not known by a follower to be committed.
fn unread(run: &Run<'_>, name: &TopicPartition) -> Option<String> {
    let world = run.world();
    let state = world.cluster().partition(name)?;
    let replica = |id: BrokerId| world.broker_by_id(id)?.partition(name);
    let end = replica(state.leader)?.log_end();
    let read = run.promises().read(name);
    if read < end {
        return Some(format!("{name} is read up to {read} of {end}"));
    }
    let behind = |id: &&BrokerId| {
        replica(**id).is_none_or(|replica: &Partition| replica.high_watermark() != end)
    };
    let behind = state.replicas.iter().find(behind)?;
    Some(format!(
        "broker {behind} does not know that all of {name} is committed"
    ))
}
