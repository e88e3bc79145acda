//! Who decides, and what stands in ZooKeeper because of it.

use super::{Invariant, broker};
use crate::controller::{Controller, Recovery, Store, znodes};
use crate::fact::{Entry, Fact};
use crate::model::{BrokerId, LeaderEpoch, PartitionEpoch, TopicPartition};
use crate::sorted::{SortedMap, SortedSet};
use crate::world::World;

/// So many states of a partition are remembered, to know one again in a broker's picture.
const REMEMBERED: usize = 256;

/// A partition's state as it stood.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stood {
    leader: BrokerId,
    leader_epoch: LeaderEpoch,
    isr: Vec<BrokerId>,
}

#[derive(Clone, Debug, Default)]
struct Known {
    /// The states that ZooKeeper has held, by version.
    states: SortedMap<PartitionEpoch, Stood>,
    /// The version before which some may have been missed.
    from: Option<PartitionEpoch>,
}

/// A registration that came after another of the same broker, under one controller.
#[derive(Clone, Debug)]
struct Bounce {
    controller_epoch: i32,
    /// Partitions whose ISR has been without the broker since.
    left: SortedSet<TopicPartition>,
}

/// Whether somebody owns `/controller`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Office {
    /// A new leader of the ensemble does not say what its predecessor had committed last.
    #[default]
    Unknown,
    Vacant,
    Held,
}

/// C1 `/controller` has one owner at a time and `/controller_epoch` grows by one; what a controller of an
/// older epoch writes has no effect. C3 a partition's version grows by one with each change. C4 a leader is
/// elected from the ISR, and no replica that comes before it would have done; another only where
/// unclean elections are allowed, and nobody in sync is there. C5 a broker that has been away is out of
/// the ISR before it is given a role again, unless it is alone in it. C6 what a broker believes of a
/// partition has stood in ZooKeeper, and epochs never go back in its picture.
///
/// C5 speaks of one controller: its successor cannot know that a broker was registered before, and Kafka
/// has nothing that would tell it.
#[derive(Clone, Debug, Default)]
pub struct OneDecides {
    /// Whether `/controller` is there.
    office: Office,
    epoch: Option<i32>,
    /// Who took office in which epoch.
    elected: SortedMap<i32, BrokerId>,
    partitions: SortedMap<TopicPartition, Known>,
    /// Under which controller each registration ended.
    gone: SortedMap<BrokerId, i32>,
    bounced: SortedMap<BrokerId, Bounce>,
    /// What each broker believed last.
    believed: SortedMap<BrokerId, SortedMap<TopicPartition, (PartitionEpoch, LeaderEpoch)>>,
}

impl Invariant for OneDecides {
    fn name(&self) -> &'static str {
        "OneDecides"
    }

    fn check(&mut self, world: &World, entry: &Entry) -> Result<(), String> {
        match &entry.fact {
            Fact::ZnodeCreated { path, .. } => {
                if **path == *znodes::CONTROLLER {
                    return self.took_office();
                }
                if let Some(id) = znodes::broker_of(path) {
                    self.registered(world, id);
                    return Ok(());
                }
                self.state_written(world, path)
            }
            Fact::ZnodeChanged { path, .. } => {
                if **path == *znodes::CONTROLLER_EPOCH {
                    return self.epoch_written(world);
                }
                self.state_written(world, path)
            }
            Fact::ZnodeDeleted { path } => {
                if **path == *znodes::CONTROLLER {
                    self.office = Office::Vacant;
                } else if let Some(id) = znodes::broker_of(path) {
                    self.went(world, id);
                } else if let Some(name) = znodes::state_of(path) {
                    self.partitions.remove(&name);
                }
                Ok(())
            }
            Fact::ZooKeeperLeads { .. } => {
                self.begin_anew(world);
                Ok(())
            }
            Fact::ControllerElected { epoch } => match broker(entry) {
                Some(by) => self.elected(by, *epoch),
                None => Ok(()),
            },
            Fact::PartitionStateDecided { partition, .. } => match broker(entry) {
                Some(by) => self.decided(world, by, partition),
                None => Ok(()),
            },
            Fact::BecameLeader { partition, .. } | Fact::BecameFollower { partition, .. } => {
                match broker(entry) {
                    Some(by) => self.role_given(world, by, partition),
                    None => Ok(()),
                }
            }
            Fact::MetadataCacheUpdated { .. } => match broker(entry) {
                Some(by) => self.believes(world, by),
                None => Ok(()),
            },
            Fact::Started | Fact::Killed { .. } | Fact::Stopped => {
                if let Some(by) = broker(entry) {
                    self.believed.remove(&by);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl OneDecides {
    // ---- C1

    fn took_office(&mut self) -> Result<(), String> {
        match std::mem::replace(&mut self.office, Office::Held) {
            Office::Unknown | Office::Vacant => Ok(()),
            Office::Held => Err("C1: /controller is created while it is there".to_owned()),
        }
    }

    fn epoch_written(&mut self, world: &World) -> Result<(), String> {
        let epoch = world.truth().controller_epoch();
        match self.epoch.replace(epoch) {
            Some(before) if epoch != before + 1 => Err(format!(
                "C1: the controller's epoch goes from {before} to {epoch}"
            )),
            _ => Ok(()),
        }
    }

    fn elected(&mut self, by: BrokerId, epoch: i32) -> Result<(), String> {
        match self.elected.insert(epoch, by) {
            Some(other) if other != by => Err(format!(
                "C1: brokers {other} and {by} are both controller in epoch {epoch}"
            )),
            _ => Ok(()),
        }
    }

    /// A new leader of the ensemble may have committed what its predecessor never told of.
    fn begin_anew(&mut self, world: &World) {
        self.office = Office::Unknown;
        self.epoch = None;
        for (name, state) in world.cluster().partitions() {
            if !state.is_born() {
                continue;
            }
            let known = self.partitions.entry(name).or_default();
            if known.states.contains_key(&state.partition_epoch) {
                continue;
            }
            known.from = Some(state.partition_epoch);
            known.remember(state.partition_epoch, stood(state));
        }
    }

    // ---- C1, C3

    fn state_written(&mut self, world: &World, path: &str) -> Result<(), String> {
        let Some(name) = znodes::state_of(path) else {
            return Ok(());
        };
        let Some(state) = world.cluster().partition(&name).filter(|s| s.is_born()) else {
            return Ok(());
        };
        let epoch = world.truth().controller_epoch();
        if state.controller_epoch != epoch {
            let written = state.controller_epoch;
            return Err(format!(
                "C1: the controller of epoch {written} writes the state of {name} in epoch {epoch}"
            ));
        }
        for (id, bounce) in self.bounced.iter_mut() {
            if !state.isr.contains(id) || state.isr.len() == 1 {
                bounce.left.insert(name.clone());
            }
        }
        let known = self.partitions.entry(name.clone()).or_default();
        let (version, fresh) = (state.partition_epoch, stood(state));
        let last = known.states.last_key_value().map(|(version, _)| *version);
        known.remember(version, fresh);
        match last {
            // The first states stand before anybody looks.
            Some(last) if version != last && version != last.next() => Err(format!(
                "C3: the version of {name} goes from {} to {}",
                last.0, version.0
            )),
            _ => Ok(()),
        }
    }

    // ---- C4

    /// A controller says what it has decided; its own knowledge is what it decided by.
    fn decided(
        &mut self,
        world: &World,
        by: BrokerId,
        name: &TopicPartition,
    ) -> Result<(), String> {
        let controller = world.broker_by_id(by).and_then(|b| b.controller());
        let Some(store) = controller.map(Controller::store) else {
            return Ok(());
        };
        let Some(state) = store.partition(name) else {
            return Ok(());
        };
        let Some(known) = self.partitions.get(name) else {
            return Ok(());
        };
        let before = PartitionEpoch(state.partition_epoch.0 - 1);
        let Some(before) = known.states.get(&before) else {
            return Ok(());
        };
        let leader = state.leader;
        if leader == before.leader || leader == BrokerId::NONE || state.is_reassigning() {
            return Ok(());
        }
        if state.recovery == Recovery::Recovering {
            let in_sync = before.isr.iter().find(|id| store.is_online(**id, name));
            return match in_sync {
                Some(id) => Err(format!(
                    "C4: broker {leader} is elected for {name} out of sync, though {id} is in sync"
                )),
                None => Ok(()),
            };
        }
        if !before.isr.contains(&leader) {
            return Err(format!(
                "C4: broker {leader} is elected for {name}, and was not in sync"
            ));
        }
        first_in_sync(store, state.replicas.as_slice(), before, name, leader)
    }

    // ---- C5

    /// A registration ends. It counts when the controller has known of it.
    fn went(&mut self, world: &World, id: BrokerId) {
        let epoch = world.truth().controller_epoch();
        let knows = |controller: &Controller| {
            controller.epoch().0 == epoch && controller.store().broker_epoch(id).is_some()
        };
        if world.controller().is_some_and(knows) {
            self.gone.insert(id, epoch);
        }
    }

    fn registered(&mut self, world: &World, id: BrokerId) {
        if let Some(controller_epoch) = self.gone.remove(&id) {
            let left = world.cluster().partitions();
            let left = left.filter(|(_, state)| !state.isr.contains(&id) || state.isr.len() == 1);
            let left = left.map(|(name, _)| name).collect();
            let bounce = Bounce {
                controller_epoch,
                left,
            };
            self.bounced.insert(id, bounce);
        }
    }

    fn role_given(
        &mut self,
        world: &World,
        by: BrokerId,
        name: &TopicPartition,
    ) -> Result<(), String> {
        let Some(bounce) = self.bounced.get(&by) else {
            return Ok(());
        };
        if bounce.controller_epoch != world.truth().controller_epoch() {
            self.bounced.remove(&by);
            return Ok(());
        }
        let Some(state) = world.cluster().partition(name) else {
            return Ok(());
        };
        // Until it hears that it is registered anew, it obeys what was meant for its former life.
        let known = world.broker_by_id(by).map(|broker| broker.epoch());
        let registered = world.cluster().broker_epoch(by) == known;
        let stays = state.isr.contains(&by) && state.isr.len() > 1 && !bounce.left.contains(name);
        match stays && registered {
            true => Err(format!(
                "C5: broker {by} has been away and is still in the ISR {:?} of {name}",
                state.isr
            )),
            false => Ok(()),
        }
    }

    // ---- C6

    fn believes(&mut self, world: &World, by: BrokerId) -> Result<(), String> {
        let Some(broker) = world.broker_by_id(by) else {
            return Ok(());
        };
        let believed = self.believed.entry(by).or_default();
        for (topic, image) in broker.metadata().topics() {
            for (partition, state) in &image.partitions {
                let name = TopicPartition {
                    topic: topic.clone(),
                    partition: *partition,
                };
                let fresh = (state.partition_epoch, state.leader_epoch);
                match believed.get_mut(&name) {
                    Some(known) if *known == fresh => continue,
                    Some(known) if known.1 > fresh.1 => {
                        return Err(format!(
                            "C6: broker {by} goes back from {} to {} in its picture of {name}",
                            known.1, fresh.1
                        ));
                    }
                    Some(known) => *known = fresh,
                    None => drop(believed.insert(name.clone(), fresh)),
                }
                let Some(known) = self.partitions.get(&name) else {
                    continue;
                };
                let oldest = known.states.first_key_value().map(|(version, _)| *version);
                if known.from.is_some_and(|from| fresh.0 <= from)
                    || oldest.is_none_or(|oldest| fresh.0 < oldest)
                {
                    continue;
                }
                let stood = known.states.get(&fresh.0);
                let same = stood.is_some_and(|stood| {
                    stood.leader == state.leader
                        && stood.leader_epoch == state.leader_epoch
                        && stood.isr == state.isr
                });
                if !same {
                    return Err(format!(
                        "C6: broker {by} believes of {name} that {} leads in {} with {:?} in sync, which never was",
                        state.leader, state.leader_epoch, state.isr
                    ));
                }
            }
        }
        Ok(())
    }
}

impl Known {
    fn remember(&mut self, version: PartitionEpoch, state: Stood) {
        self.states.insert(version, state);
        if self.states.len() > REMEMBERED {
            self.states.pop_first();
        }
    }
}

fn stood(state: &crate::controller::PartitionState) -> Stood {
    Stood {
        leader: state.leader,
        leader_epoch: state.leader_epoch,
        isr: state.isr.clone(),
    }
}

/// That nobody who stands before the elected one in the assignment was there and in sync. The first of
/// all may be passed over only by whoever it is that stops.
fn first_in_sync(
    store: &Store,
    replicas: &[BrokerId],
    before: &Stood,
    name: &TopicPartition,
    leader: BrokerId,
) -> Result<(), String> {
    let earlier = replicas.iter().take_while(|id| **id != leader);
    let mut fit = earlier.filter(|id| before.isr.contains(id) && store.is_online(**id, name));
    match fit.next() {
        Some(other) => Err(format!(
            "C4: broker {leader} is elected for {name}, though {other} comes before it"
        )),
        None => Ok(()),
    }
}
