//! Electing leaders and taking replicas out of ISRs: read the states, decide, write them if nobody has
//! written meanwhile, tell the brokers.
//!
//! Laws: a state is written over the version that was read and over no other; whoever was too slow reads
//! again; every election and every replica taken out is a new leader epoch.

use super::batch::Novelty;
use super::partition_state::PartitionState;
use super::reading::{get, written_version};
use super::step::Step;
use super::strategy::{Strategy, Voters, elect};
use super::{Controller, znodes};
use crate::model::{BrokerId, PartitionEpoch, TopicName, TopicPartition};
use crate::process::Outbox;
use crate::protocol::zookeeper::{ANY_VERSION, Answer, Error, Operation, Outcome};
use crate::sorted::SortedSet;

const UNCLEAN: &str = "unclean.leader.election.enable";

impl Controller {
    /// The partitions that nobody leads, or that nobody has ever led
    /// (`triggerOnlinePartitionStateChange`).
    pub(super) fn elect_vacant(&mut self) {
        let mut new = Vec::new();
        let mut vacant = Vec::new();
        for (name, state) in self.store.partitions() {
            if self.is_deleting(&name.topic) {
                continue;
            }
            let someone = state.replicas.iter();
            let mut someone = someone.filter(|id| self.store.is_online(**id, &name));
            if !state.is_born() {
                new.extend(someone.next().map(|_| name));
            } else if !self.store.is_reachable(state.leader, &name) {
                vacant.push(name);
            }
        }
        let mut steps = Vec::new();
        if !vacant.is_empty() {
            steps.extend([Step::Elect(vacant, Strategy::Offline), Step::Flush]);
        }
        if !new.is_empty() {
            steps.extend([Step::Create(new), Step::Flush]);
        }
        self.next_all(steps);
    }

    /// The states, and then the settings of the topics whose ISR is all gone.
    pub(super) fn read_for_election(&self, names: &[TopicPartition]) -> Vec<Operation> {
        let states = names.iter().map(|name| get(znodes::state_path(name)));
        let doubtful = self.doubtful(names);
        let configs = doubtful.iter().map(|topic| get(znodes::config_path(topic)));
        states.chain(configs).collect()
    }

    /// The topics of partitions of which no replica in sync is alive.
    fn doubtful(&self, names: &[TopicPartition]) -> SortedSet<TopicName> {
        let lost = names.iter().filter(|name| {
            let state = self.store.partition(name);
            !state.is_some_and(|state| state.isr.iter().any(|id| self.store.is_online(*id, name)))
        });
        lost.map(|name| name.topic.clone()).collect()
    }

    pub(super) fn hold_election(
        &mut self,
        names: &[TopicPartition],
        strategy: Strategy,
        outcomes: &[Outcome],
    ) {
        let (states, configs) = outcomes.split_at(names.len().min(outcomes.len()));
        let doubtful = self.doubtful(names);
        for (topic, outcome) in doubtful.iter().zip(configs) {
            if let Ok(Answer::Data { data, .. }) = outcome
                && let Some(configs) = znodes::read_configs(data)
            {
                self.store.set_configs(topic, configs);
            }
        }
        self.take_states(names, states);
        let decided = names
            .iter()
            .filter_map(|name| Some((name.clone(), self.choose(name, strategy)?)))
            .collect();
        self.next(Step::WriteElected(decided, strategy));
    }

    fn choose(&self, name: &TopicPartition, strategy: Strategy) -> Option<PartitionState> {
        let state = self.store.partition(name).filter(|state| state.is_born())?;
        let is_online = |id: BrokerId| self.store.is_online(id, name);
        let is_reachable = |id: BrokerId| self.store.is_reachable(id, name);
        let voters = Voters {
            is_online: &is_online,
            is_reachable: &is_reachable,
            unclean_allowed: self.allows_unclean(&name.topic),
        };
        elect(strategy, state, voters)
    }

    /// `unclean.leader.election.enable` of a topic.
    fn allows_unclean(&self, topic: &TopicName) -> bool {
        let configs = self.store.topic(topic).map(|topic| &topic.configs);
        let own = configs.and_then(|all| all.iter().find(|(name, _)| &**name == UNCLEAN));
        own.map_or(self.rules.unclean_leader_election, |(_, value)| {
            value.eq_ignore_ascii_case("true")
        })
    }

    /// Writes of states, each over the version that is known.
    pub(super) fn write_states(
        &self,
        decided: &[(TopicPartition, PartitionState)],
    ) -> Vec<Operation> {
        let writes = decided.iter().map(|(name, state)| {
            let write = Operation::SetData {
                path: znodes::state_path(name),
                data: znodes::write_state(state, self.epoch.0),
                version: match self.rules.compares_versions {
                    true => state.partition_epoch.0,
                    false => ANY_VERSION,
                },
            };
            self.guarded(vec![write])
        });
        writes.collect()
    }

    /// Takes over a state that was written.
    pub(super) fn take_written(
        &mut self,
        name: &TopicPartition,
        state: PartitionState,
        version: i32,
        out: &mut Outbox,
    ) {
        let state = PartitionState {
            partition_epoch: PartitionEpoch(version),
            controller_epoch: self.epoch.0,
            ..state
        };
        self.store.set_state(name, state);
        self.note_decided(name, out);
    }

    /// Tells every replica that is there about a partition's new state, except on a broker that has just left:
    /// it was told to stop, and would begin again.
    fn tell_replicas(&mut self, name: &TopicPartition, except: Option<BrokerId>) {
        let state = self.store.partition(name);
        let Some(state) = state.filter(|_| !self.is_going(&name.topic)) else {
            return;
        };
        for broker in state.replicas.clone() {
            if self.store.is_reachable(broker, name) && except != Some(broker) {
                self.batch.lead(broker, name, Novelty::Known);
            }
        }
        self.batch.metadata.insert(name.clone());
    }

    pub(super) fn tell_all_replicas(&mut self, names: &[TopicPartition], out: &mut Outbox) {
        for name in names {
            if self
                .store
                .partition(name)
                .is_some_and(PartitionState::is_born)
            {
                self.note_decided(name, out);
                self.tell_replicas(name, None);
            }
        }
    }

    /// Takes over every state that was written and tells its replicas, all or all but one. Gives back the
    /// partitions whose state somebody else had written first: they must be decided again.
    fn take_all_written(
        &mut self,
        decided: Vec<(TopicPartition, PartitionState)>,
        outcomes: &[Outcome],
        except: Option<BrokerId>,
        out: &mut Outbox,
    ) -> Vec<TopicPartition> {
        let mut again = Vec::new();
        for ((name, state), outcome) in decided.into_iter().zip(outcomes) {
            match written_version(outcome) {
                Some(version) => {
                    self.take_written(&name, state, version, out);
                    self.tell_replicas(&name, except);
                }
                None if is_too_slow(outcome) => again.push(name),
                None => {}
            }
        }
        again
    }

    pub(super) fn elected(
        &mut self,
        decided: Vec<(TopicPartition, PartitionState)>,
        strategy: Strategy,
        outcomes: &[Outcome],
        out: &mut Outbox,
    ) {
        let again = self.take_all_written(decided, outcomes, None, out);
        if !again.is_empty() {
            self.next(Step::Elect(again, strategy));
        }
    }

    // ---- leaving

    /// What becomes of partitions when a broker is no part of their ISRs any more
    /// (`doRemoveReplicasFromIsr`): it leads nothing, and is in sync only where nobody else is.
    ///
    /// Where it is out already the others are told all the same: it may have been this controller that took it
    /// out, by a write whose answer was lost.
    pub(super) fn decide_leave(
        &mut self,
        broker: BrokerId,
        names: &[TopicPartition],
        outcomes: &[Outcome],
        out: &mut Outbox,
    ) {
        let epoch = |controller: &Controller, name| {
            let state: Option<&PartitionState> = controller.store.partition(name);
            state.map(|state| state.partition_epoch)
        };
        let before: Vec<_> = names.iter().map(|name| epoch(self, name)).collect();
        self.take_states(names, outcomes);
        for (name, before) in names.iter().zip(before) {
            let state = self.store.partition(name).filter(|state| state.is_born());
            if state.is_some_and(|state| !state.isr.contains(&broker)) {
                if epoch(self, name) != before {
                    self.note_decided(name, out);
                }
                self.tell_replicas(name, Some(broker));
            }
        }
        let left = names.iter().filter_map(|name| {
            let state = self.store.partition(name)?;
            if !state.is_born() || !state.isr.contains(&broker) {
                return None;
            }
            // The last one in sync stays in the list: nobody else has what it has.
            let alone = state.isr.len() == 1;
            let leader = match state.leader {
                leader if leader == broker => BrokerId::NONE,
                leader => leader,
            };
            let isr = state.isr.iter().copied();
            let isr = isr.filter(|id| alone || *id != broker).collect();
            Some((name.clone(), state.led_by(leader, isr)))
        });
        let left = left.collect();
        self.next(Step::WriteLeft(broker, left));
    }

    pub(super) fn left(
        &mut self,
        broker: BrokerId,
        decided: Vec<(TopicPartition, PartitionState)>,
        outcomes: &[Outcome],
        out: &mut Outbox,
    ) {
        let again = self.take_all_written(decided, outcomes, Some(broker), out);
        if !again.is_empty() {
            self.next(Step::Leave(broker, again));
        }
    }
}

/// Somebody else has written first.
fn is_too_slow(outcome: &Outcome) -> bool {
    matches!(outcome, Err(failure) if failure.error == Error::BadVersion)
}
