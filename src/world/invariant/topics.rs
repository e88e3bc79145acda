//! What is left of topics that are gone, and where partitions end that move.

use super::{Invariant, PerReplica, View, broker};
use crate::controller::{PartitionState, znodes};
use crate::fact::{Entry, Fact};
use crate::model::{BrokerId, LeaderEpoch, Offset, TopicId, TopicName, TopicPartition};
use crate::sorted::{SortedMap, SortedSet};
use crate::world::World;
use crate::world::host::Host;

/// A topic that is to go.
#[derive(Clone, Debug, Default)]
struct Going {
    id: TopicId,
    /// Who has a replica of which of its partitions, by the last assignment that stood.
    replicas: SortedSet<(TopicPartition, BrokerId)>,
}

/// A partition on its way to other brokers.
#[derive(Clone, Debug)]
struct Move {
    origin: Vec<BrokerId>,
    target: Vec<BrokerId>,
    /// Everybody who stays was in sync at one time, as far as anybody has seen.
    arrived: bool,
}

/// C7 when a topic is gone no broker to which it was assigned has anything of it, and a topic of the same name begins
/// empty, with a log of its own. C8 a move ends where it was wished to end, and not before everybody who stays
/// was in sync; one that is given up ends where it began.
///
/// A broker that was away while a partition moved off it was not told to delete its replica and is no part of the
/// assignment any more. Kafka forgets it too; what it has bears the id of the old topic and is never shown.
#[derive(Clone, Debug, Default)]
pub struct NothingStaysBehind {
    going: SortedMap<TopicName, Going>,
    moving: SortedMap<TopicPartition, Move>,
    /// The topic to which the log of each replica belongs.
    logs: PerReplica<TopicId>,
}

impl Invariant for NothingStaysBehind {
    fn name(&self) -> &'static str {
        "NothingStaysBehind"
    }

    fn check(&mut self, view: View<'_>, entry: &Entry) -> Result<(), String> {
        match &entry.fact {
            Fact::ZnodeCreated { path, .. } => {
                if let Some(topic) = wish_of(path) {
                    self.goes(view.world, &topic);
                }
                Ok(())
            }
            Fact::ZnodeChanged { path, .. } => {
                if let Some(topic) = znodes::topic_of(path) {
                    return self.assigned(view.world, &topic);
                }
                if let Some(name) = znodes::state_of(path) {
                    self.state_written(view.world, &name);
                }
                Ok(())
            }
            Fact::ZnodeDeleted { path } => {
                if let Some(topic) = znodes::topic_of(path) {
                    self.moving.retain(|name, _| name.topic != topic);
                }
                Ok(())
            }
            Fact::ZooKeeperLeads { .. } => {
                self.begin_anew(view.world);
                Ok(())
            }
            Fact::TopicDeleted { topic } => self.gone(view.world, topic),
            Fact::BecameLeader {
                partition,
                epoch,
                start_offset,
                ..
            } => match broker(entry) {
                Some(by) => self.role_given(view.world, by, partition, *epoch, *start_offset),
                None => Ok(()),
            },
            Fact::BecameFollower {
                partition, epoch, ..
            } => match broker(entry) {
                Some(by) => self.role_given(view.world, by, partition, *epoch, Offset::ZERO),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }
}

impl NothingStaysBehind {
    /// A replica is gone, by order.
    pub(super) fn forget(&mut self, by: BrokerId, partition: &TopicPartition) {
        self.logs.forget(by, partition);
    }

    // ---- C7

    /// Somebody wants a topic gone, or it is assigned anew while it goes.
    fn goes(&mut self, world: &World, topic: &TopicName) {
        let Some(known) = world.cluster().topic(topic) else {
            return;
        };
        let mut going = Going {
            id: known.id,
            ..Going::default()
        };
        for (state, partition) in known.partitions.iter().zip(0..) {
            for id in &state.replicas {
                let topic = topic.clone();
                let name = TopicPartition { topic, partition };
                going.replicas.insert((name, *id));
            }
        }
        self.going.insert(topic.clone(), going);
    }

    /// A controller has done with a topic.
    fn gone(&mut self, world: &World, topic: &TopicName) -> Result<(), String> {
        let Some(going) = self.going.remove(topic) else {
            return Ok(());
        };
        for (name, id) in &going.replicas {
            if holds(world, *id, name, going.id) {
                return Err(format!(
                    "C7: {topic} is deleted, and broker {id} still has a replica of {name}"
                ));
            }
        }
        Ok(())
    }

    /// A broker is told what its replica is: of which topic its log is by now.
    fn role_given(
        &mut self,
        world: &World,
        by: BrokerId,
        name: &TopicPartition,
        epoch: LeaderEpoch,
        start: Offset,
    ) -> Result<(), String> {
        let replica = world.broker_by_id(by).and_then(|b| b.partition(name));
        // Of what happened to it later in the same step other news tells.
        let Some(replica) = replica.filter(|replica| replica.leader_epoch() == epoch) else {
            return Ok(());
        };
        let id = replica.topic_id();
        if id == TopicId::default() {
            return Ok(());
        }
        match self.logs.insert(by, name, id) {
            Some(other) if other != id => Err(format!(
                "C7: broker {by} has {name} with the log of a topic of that name that is gone"
            )),
            None if start > Offset::ZERO => Err(format!(
                "C7: broker {by} leads {name}, which is new to it, and has records up to {start}"
            )),
            _ => Ok(()),
        }
    }

    // ---- C8

    /// A topic's assignment is written: moves begin, change or end.
    fn assigned(&mut self, world: &World, topic: &TopicName) -> Result<(), String> {
        if self.going.contains_key(topic) {
            self.goes(world, topic);
        }
        let Some(known) = world.cluster().topic(topic) else {
            return Ok(());
        };
        let mut wrong = Ok(());
        for (state, partition) in known.partitions.iter().zip(0..) {
            let topic = topic.clone();
            let name = TopicPartition { topic, partition };
            if state.is_reassigning() {
                self.moves(name, state);
            } else if let Some(ended) = self.moving.remove(&name)
                && let Err(what) = ended_well(&name, &ended, state)
                && wrong.is_ok()
            {
                wrong = Err(what);
            }
        }
        wrong
    }

    fn moves(&mut self, name: TopicPartition, state: &PartitionState) {
        let (origin, target) = (state.origin(), state.target());
        let known = self.moving.get(&name);
        let known = known.filter(|known| known.target == target);
        let arrived = known.is_some_and(|known| known.arrived) || has_arrived(state, &target);
        let under_way = Move {
            origin,
            target,
            arrived,
        };
        self.moving.insert(name, under_way);
    }

    fn state_written(&mut self, world: &World, name: &TopicPartition) {
        let Some(under_way) = self.moving.get_mut(name) else {
            return;
        };
        if let Some(state) = world.cluster().partition(name) {
            under_way.arrived |= has_arrived(state, &under_way.target);
        }
    }

    /// What its predecessor had committed last, a new leader of the ensemble does not say.
    fn begin_anew(&mut self, world: &World) {
        self.moving.clear();
        for (name, state) in world.cluster().partitions() {
            if state.is_reassigning() {
                let under_way = Move {
                    origin: state.origin(),
                    target: state.target(),
                    arrived: true,
                };
                self.moving.insert(name, under_way);
            }
        }
        self.going.clear();
        let topics: Vec<TopicName> = world.cluster().topics().keys().cloned().collect();
        for topic in topics {
            let tree = world.zookeeper_tree();
            let wish = znodes::deletion_path(&topic);
            if tree.is_some_and(|tree| tree.get(&wish).is_some()) {
                self.goes(world, &topic);
            }
        }
    }
}

/// The topic whose deletion a znode asks for.
fn wish_of(path: &str) -> Option<TopicName> {
    let name = path.strip_prefix(znodes::DELETE_TOPICS)?;
    name.strip_prefix('/').map(TopicName::new)
}

/// Whether a broker, alive or dead, has a replica of this very topic.
fn holds(world: &World, id: BrokerId, name: &TopicPartition, topic: TopicId) -> bool {
    let known = match world.broker_by_id(id) {
        Some(broker) => broker.topic_of(name),
        None => {
            let mut gone = world.hosts().filter(|host| host.id.broker() == Some(id));
            let disk = gone.next().and_then(Host::disk);
            disk.and_then(|disk| disk.topic_of(name))
        }
    };
    known == Some(topic)
}

fn has_arrived(state: &PartitionState, target: &[BrokerId]) -> bool {
    target.iter().all(|id| state.isr.contains(id))
}

/// That a move has ended where it was to end, or where it began.
fn ended_well(name: &TopicPartition, ended: &Move, state: &PartitionState) -> Result<(), String> {
    let is = |wished: &[BrokerId]| {
        let all: SortedSet<BrokerId> = wished.iter().copied().collect();
        state.replicas.iter().copied().collect::<SortedSet<_>>() == all
    };
    let replicas = &state.replicas;
    if is(&ended.origin) && *replicas != ended.target {
        // Given up, or another order was wished for.
        return Ok(());
    }
    if *replicas != ended.target {
        return Err(format!(
            "C8: {name} was to move to {:?}, and is on {replicas:?} in the end",
            ended.target
        ));
    }
    if !ended.arrived {
        return Err(format!(
            "C8: {name} has moved to {replicas:?}, who never were in sync together"
        ));
    }
    match state.isr.iter().find(|id| !replicas.contains(id)) {
        // The last one in sync stays in the ISR whatever becomes of it.
        Some(id) if state.isr.len() > 1 => Err(format!(
            "C8: {name} has moved to {replicas:?}, and broker {id} counts still"
        )),
        _ => Ok(()),
    }
}
