//! Who is elected, and who counts after having been away.

use super::wire::Frames;
use super::{Invariant, View, broker};
use crate::broker::Broker;
use crate::controller::{Controller, Recovery, Store, znodes};
use crate::fact::{Entry, Fact};
use crate::model::{BrokerId, PartitionEpoch, TopicPartition};
use crate::protocol::{AnyRequest, ApiKey};
use crate::sorted::{SortedMap, SortedSet};
use crate::world::World;

use super::states::Stood;

const UNCLEAN: &str = "unclean.leader.election.enable";

/// How ElectLeaders asks for an election out of sync.
const UNCLEAN_ELECTION: i8 = 1;

/// A registration that came after another of the same broker, under one controller.
#[derive(Clone, Debug)]
struct Bounce {
    controller_epoch: i32,
    /// Partitions in whose ISR it was, and from which it has not been taken since.
    stays: SortedSet<TopicPartition>,
}

/// C4 a leader is elected from the ISR, and no replica that comes before it would have done; another only
/// where unclean elections are allowed or one was asked for, and nobody in sync is there. C5 a broker that
/// has been away is out of the ISR before it is given a role again, unless it is alone in it.
///
/// C5 speaks of one controller: its successor cannot know that a broker was registered before, and Kafka
/// has nothing that would tell it.
#[derive(Clone, Debug, Default)]
pub struct LeadersAreInSync {
    /// Under which controller each registration ended.
    gone: SortedMap<BrokerId, i32>,
    bounced: SortedMap<BrokerId, Bounce>,
    /// Each partition's replicas when it last got another leader.
    assigned: SortedMap<TopicPartition, Vec<BrokerId>>,
    /// Elections that were asked for and not answered yet.
    asked: Frames,
}

impl Invariant for LeadersAreInSync {
    fn name(&self) -> &'static str {
        "LeadersAreInSync"
    }

    fn check(&mut self, view: View<'_>, entry: &Entry) -> Result<(), String> {
        self.asked
            .follow(view.world, entry, |api| api == ApiKey::ElectLeaders);
        match &entry.fact {
            Fact::ZnodeCreated { path, .. } => {
                if let Some(id) = znodes::broker_of(path) {
                    self.registered(view.world, id);
                }
                Ok(())
            }
            Fact::ZnodeChanged { path, .. } => {
                if let Some(name) = znodes::state_of(path) {
                    self.state_written(view.world, &name);
                }
                Ok(())
            }
            Fact::ZnodeDeleted { path } => {
                if let Some(id) = znodes::broker_of(path) {
                    self.went(view.world, id);
                } else if let Some(name) = znodes::state_of(path) {
                    self.assigned.remove(&name);
                    for bounce in self.bounced.values_mut() {
                        bounce.stays.remove(&name);
                    }
                }
                Ok(())
            }
            Fact::PartitionStateDecided { partition, .. } => match broker(entry) {
                Some(by) => self.decided(view, by, partition),
                None => Ok(()),
            },
            Fact::BecameLeader { partition, .. } | Fact::BecameFollower { partition, .. } => {
                match broker(entry) {
                    Some(by) => self.role_given(view.world, by, partition),
                    None => Ok(()),
                }
            }
            Fact::ResponseSent {
                connection,
                correlation_id,
                api: ApiKey::ElectLeaders,
                ..
            } => {
                self.asked.take(*connection, *correlation_id);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl LeadersAreInSync {
    // ---- C4

    /// A controller says what it has decided; its own knowledge is what it decided by.
    fn decided(
        &mut self,
        view: View<'_>,
        by: BrokerId,
        name: &TopicPartition,
    ) -> Result<(), String> {
        let broker = view.world.broker_by_id(by);
        let store = broker.and_then(Broker::controller).map(Controller::store);
        let (Some(broker), Some(store)) = (broker, store) else {
            return Ok(());
        };
        let Some(state) = store.partition(name) else {
            return Ok(());
        };
        let before = PartitionEpoch(state.partition_epoch.0 - 1);
        let Some(before) = view.states.at(name, before) else {
            return Ok(());
        };
        let leader = state.leader;
        // Who has nobody to elect goes on with what the last election left to be done.
        if leader == BrokerId::NONE {
            return Ok(());
        }
        let unclean = state.recovery == Recovery::Recovering
            && state.leader_epoch != before.leader_epoch
            && !before.isr.contains(&leader);
        if unclean {
            if let Some(id) = before.isr.iter().find(|id| store.is_online(**id, name)) {
                return Err(format!(
                    "C4: broker {leader} is elected for {name} out of sync, though {id} is in sync"
                ));
            }
            if !allows_unclean(broker, store, name) && !self.is_asked_for(view.world, name) {
                return Err(format!(
                    "C4: broker {leader} is elected for {name} out of sync, which nobody has allowed"
                ));
            }
            return Ok(());
        }
        if leader == before.leader || state.is_reassigning() {
            return Ok(());
        }
        let earlier = self.assigned.insert(name.clone(), state.replicas.clone());
        if !before.isr.contains(&leader) {
            return Err(format!(
                "C4: broker {leader} is elected for {name}, and was not in sync"
            ));
        }
        // In the same step another assignment may have been written.
        let by_old = earlier.map(|old| first_in_sync(store, &old, before, name, leader));
        match by_old {
            Some(Ok(())) => Ok(()),
            _ => first_in_sync(store, &state.replicas, before, name, leader),
        }
    }

    /// Whether somebody has asked that this partition be led, if need be out of sync.
    fn is_asked_for(&self, world: &World, name: &TopicPartition) -> bool {
        if self.asked.is_incomplete(world) {
            return true;
        }
        self.asked.all().any(|frame| {
            let Ok((_, AnyRequest::ElectLeaders(request))) = AnyRequest::decode(frame) else {
                return false;
            };
            let named = request.topic_partitions.as_ref().is_none_or(|topics| {
                topics.iter().any(|topic| {
                    *topic.topic == *name.topic.0 && topic.partitions.contains(&name.partition)
                })
            });
            request.election_type == UNCLEAN_ELECTION && named
        })
    }

    // ---- C5

    fn state_written(&mut self, world: &World, name: &TopicPartition) {
        let Some(state) = world.cluster().partition(name).filter(|s| s.is_born()) else {
            return;
        };
        for (id, bounce) in self.bounced.iter_mut() {
            if !state.isr.contains(id) || state.isr.len() == 1 {
                bounce.stays.remove(name);
            }
        }
    }

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
            let stays = world.cluster().partitions();
            let stays = stays.filter(|(_, state)| state.isr.contains(&id) && state.isr.len() > 1);
            let bounce = Bounce {
                controller_epoch,
                stays: stays.map(|(name, _)| name).collect(),
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
        let stays = state.isr.contains(&by) && state.isr.len() > 1 && bounce.stays.contains(name);
        match stays && registered {
            true => Err(format!(
                "C5: broker {by} has been away and is still in the ISR {:?} of {name}",
                state.isr
            )),
            false => Ok(()),
        }
    }
}

/// Whether the settings let a partition be led by somebody out of sync: its topic's, or else those of the
/// controller's broker.
fn allows_unclean(broker: &Broker, store: &Store, name: &TopicPartition) -> bool {
    let configs = store.topic(&name.topic).map(|topic| &topic.configs);
    let own = configs.and_then(|all| all.iter().find(|(name, _)| &**name == UNCLEAN));
    own.map_or(broker.config().log.unclean_leader_election, |(_, value)| {
        value.eq_ignore_ascii_case("true")
    })
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
