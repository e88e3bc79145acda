//! Who decides, and what stands in ZooKeeper because of it.

use super::{Invariant, PerReplica, View, broker};
use crate::controller::znodes;
use crate::fact::{Entry, Fact};
use crate::model::{BrokerId, LeaderEpoch, TopicName, TopicPartition};
use crate::sorted::SortedMap;
use crate::world::World;

/// Whether somebody owns `/controller`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Office {
    /// A new leader of the ensemble does not say what its predecessor had committed last.
    #[default]
    Unknown,
    Vacant,
    Held,
}

/// A change of an ISR that a leader has asked for.
#[derive(Clone, Debug)]
struct Asked {
    leader_epoch: LeaderEpoch,
    from: Vec<BrokerId>,
}

/// C1 `/controller` has one owner at a time and `/controller_epoch` grows by one; what a controller of an
/// older epoch writes has no effect. C3 a partition's version grows by one with each change, and an ISR
/// that changes without an election does so because its leader has asked for it, having seen the very
/// state that it replaces.
#[derive(Clone, Debug, Default)]
pub struct OneDecides {
    /// Whether `/controller` is there.
    office: Office,
    epoch: Option<i32>,
    /// Who took office in which epoch.
    elected: SortedMap<i32, BrokerId>,
    /// What each broker has asked for last: one that was replaced and does not know it may ask too.
    asked: PerReplica<Asked>,
}

impl Invariant for OneDecides {
    fn name(&self) -> &'static str {
        "OneDecides"
    }

    fn check(&mut self, view: View<'_>, entry: &Entry) -> Result<(), String> {
        match &entry.fact {
            Fact::ZnodeCreated { path, .. } => match **path == *znodes::CONTROLLER {
                true => self.took_office(),
                false => self.state_written(view, path),
            },
            Fact::ZnodeChanged { path, .. } => match **path == *znodes::CONTROLLER_EPOCH {
                true => self.epoch_written(view.world),
                false => self.state_written(view, path),
            },
            Fact::ZnodeDeleted { path } => {
                if **path == *znodes::CONTROLLER {
                    self.office = Office::Vacant;
                }
                Ok(())
            }
            Fact::ZooKeeperLeads { .. } => {
                self.office = Office::Unknown;
                self.epoch = None;
                Ok(())
            }
            Fact::ControllerElected { epoch } => match broker(entry) {
                Some(by) => self.elected(by, *epoch),
                None => Ok(()),
            },
            Fact::IsrChangeAsked {
                partition, from, ..
            } => {
                if let Some(by) = broker(entry) {
                    self.asked(view.world, by, partition, from);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl OneDecides {
    /// A topic is gone. What its leaders asked for may be granted until then, also when their replicas are
    /// gone already.
    pub(super) fn forget_topic(&mut self, topic: &TopicName) {
        self.asked.forget_topic(topic);
    }

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

    // ---- C1, C3

    fn state_written(&mut self, view: View<'_>, path: &str) -> Result<(), String> {
        let Some(name) = znodes::state_of(path) else {
            return Ok(());
        };
        let state = view.world.cluster().partition(&name);
        let Some(state) = state.filter(|state| state.is_born()) else {
            return Ok(());
        };
        let epoch = view.world.truth().controller_epoch();
        if state.controller_epoch != epoch {
            let written = state.controller_epoch;
            return Err(format!(
                "C1: the controller of epoch {written} writes the state of {name} in epoch {epoch}"
            ));
        }
        let version = state.partition_epoch;
        // The first states stand before anybody looks.
        let Some((last, before)) = view.states.before(&name, version) else {
            return Ok(());
        };
        if version != last.next() {
            return Err(format!(
                "C3: the version of {name} goes from {} to {}",
                last.0, version.0
            ));
        }
        if state.leader_epoch != before.leader_epoch || state.isr == before.isr {
            return Ok(());
        }
        let asked = self.asked.get(state.leader, &name);
        let asked = asked.filter(|asked| asked.leader_epoch == state.leader_epoch);
        match asked {
            Some(asked) if asked.from == before.isr => Ok(()),
            Some(asked) => Err(format!(
                "C3: the ISR of {name} goes from {:?} to {:?}, which its leader asked for when it was {:?}",
                before.isr, state.isr, asked.from
            )),
            None => Err(format!(
                "C3: the ISR of {name} goes from {:?} to {:?}, which its leader has not asked for",
                before.isr, state.isr
            )),
        }
    }

    fn asked(&mut self, world: &World, by: BrokerId, name: &TopicPartition, from: &[BrokerId]) {
        let leader = world.broker_by_id(by).and_then(|b| b.partition(name));
        if let Some(leader) = leader {
            let asked = Asked {
                leader_epoch: leader.leader_epoch(),
                from: from.to_vec(),
            };
            self.asked.insert(by, name, asked);
        }
    }
}
