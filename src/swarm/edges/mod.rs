//! The ways from one state to another that a run has taken: of partitions, replicas, brokers, ZooKeeper's servers
//! and sessions, controllers, producers, consumers, groups and their members.
//!
//! [`all`], whose table is `ways`, holds every way that there can be. One that is taken and does not stand there is a fault of this table
//! or of the code, and fails a test; one that stands there and that no run has taken is told as never hit.
//!
//! Not modelled: the stages within an election of ZooKeeper, and what a follower is about between two fetches. Its
//! errors are counted, and each of its states begins with one.

mod ways;

use crate::broker::{Broker, Registration};
use crate::client::consumer::membership::Stage;
use crate::client::consumer::{Consumer, Doing};
use crate::controller::{Recovery, znodes};
use crate::fact::{Crash, Entry, Fact};
use crate::model::{BrokerId, ProcessId, Text, TopicPartition};
use crate::protocol::zookeeper_peers::Stance;
use crate::sorted::SortedMap;
use crate::world::World;
use crate::world::host::Host;
use crate::zookeeper::Server;

use ways::NOWHERE;
pub use ways::{Edge, all};

/// Whose state it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Whose {
    Partition(TopicPartition),
    Replica(BrokerId, TopicPartition),
    Life(ProcessId),
    Registration(ProcessId),
    Session(ProcessId),
    Controller(ProcessId),
    Stance(ProcessId),
    Numbers(ProcessId),
    Reads(ProcessId, TopicPartition),
    Member(ProcessId),
    /// By the word of a coordinator.
    Group(BrokerId, Text),
}

impl Whose {
    fn kind(&self) -> &'static str {
        match self {
            Whose::Partition(_) => "partition",
            Whose::Replica(..) => "replica",
            Whose::Life(ProcessId::Broker(_)) => "broker",
            Whose::Life(_) => "zookeeper's host",
            Whose::Registration(_) => "registration",
            Whose::Session(_) => "session",
            Whose::Controller(_) => "controller",
            Whose::Stance(_) => "zookeeper",
            Whose::Numbers(_) => "producer's numbers",
            Whose::Reads(..) => "consumer's partition",
            Whose::Member(_) => "member",
            Whose::Group(..) => "group",
        }
    }

    /// Where it is while nobody has said anything of it.
    fn begins(&self) -> &'static str {
        match self {
            Whose::Registration(_) => "waiting",
            Whose::Session(_) | Whose::Controller(_) | Whose::Numbers(_) => "none",
            Whose::Stance(_) => "looks",
            Whose::Member(_) => "unjoined",
            _ => NOWHERE,
        }
    }
}

/// The states of everything, as they were last seen.
#[derive(Clone, Debug, Default)]
pub(super) struct States {
    known: SortedMap<Whose, &'static str>,
    /// What each broker was about when it was looked at last: mostly it is about the same the next time.
    brokers: SortedMap<ProcessId, [&'static str; 3]>,
    /// The same of each consumer, and of a partition that it has paused nothing.
    reads: SortedMap<ProcessId, Vec<(TopicPartition, Option<&'static str>)>>,
    taken: Vec<Edge>,
}

impl States {
    /// The ways that were taken since this was asked last.
    pub(super) fn take(&mut self) -> Vec<Edge> {
        std::mem::take(&mut self.taken)
    }

    fn go(&mut self, whose: Whose, to: &'static str) {
        let from = self.known.get(&whose).copied();
        let from = from.unwrap_or(whose.begins());
        // To stay is worth telling of those alone that begin anew by it.
        if from == to && to == whose.begins() {
            return;
        }
        self.taken.push(Edge {
            of: whose.kind(),
            from,
            to,
        });
        match to == whose.begins() {
            true => drop(self.known.remove(&whose)),
            false => drop(self.known.insert(whose, to)),
        }
    }

    /// As [`go`](Self::go), of what is looked at again and again.
    fn stands(&mut self, whose: Whose, to: &'static str) {
        if self.known.get(&whose).copied().unwrap_or(whose.begins()) != to {
            self.go(whose, to);
        }
    }

    /// Where everybody stands when a world begins, which is not where they come from.
    pub(super) fn begin(&mut self, world: &World) {
        for host in world.hosts() {
            self.look_at(host);
        }
        self.taken.clear();
    }

    /// Looks at whoever has just acted.
    pub(super) fn look(&mut self, world: &World) {
        if let Some(host) = world.acted().and_then(|id| world.host(id)) {
            self.look_at(host);
        }
    }

    fn look_at(&mut self, host: &Host) {
        if let Some(broker) = host.broker() {
            let about = [registration(broker), session(broker), controller(broker)];
            if self.brokers.insert(host.id, about) != Some(about) {
                self.stands(Whose::Registration(host.id), about[0]);
                self.stands(Whose::Session(host.id), about[1]);
                self.stands(Whose::Controller(host.id), about[2]);
            }
        } else if let Some(server) = host.zookeeper() {
            self.stands(Whose::Stance(host.id), stance(server));
        } else if let Some(consumer) = host.consumer() {
            if let Some(to) = member(consumer) {
                self.stands(Whose::Member(host.id), to);
            }
            self.look_at_partitions(host.id, consumer);
        }
    }

    fn look_at_partitions(&mut self, id: ProcessId, consumer: &Consumer) {
        let reads = consumer.partitions().map(|view| {
            let to = match view.doing {
                Doing::Resetting => Some("resetting"),
                Doing::Validating => Some("validating"),
                Doing::Reading => Some("reading"),
                Doing::Failed(_) => Some("failed"),
                Doing::Restoring => Some("restoring"),
                Doing::Paused => None,
            };
            (view.partition, to)
        });
        let before = self.reads.entry(id).or_default();
        let known = before.iter().map(|(partition, to)| (partition, *to));
        if known.eq(reads.clone()) {
            return;
        }
        let reads: Vec<(TopicPartition, Option<&'static str>)> = reads
            .map(|(partition, to)| (partition.clone(), to))
            .collect();
        let before = std::mem::replace(before, reads.clone());
        // Who is given others by hand gives nothing back by a word.
        for (partition, _) in before {
            if !reads.iter().any(|(has, _)| *has == partition) {
                self.stands(Whose::Reads(id, partition), NOWHERE);
            }
        }
        for (partition, to) in reads {
            if let Some(to) = to {
                self.stands(Whose::Reads(id, partition), to);
            }
        }
    }

    /// Learns from a piece of news.
    pub(super) fn see(&mut self, world: &World, entry: &Entry) {
        match &entry.fact {
            Fact::ZnodeDeleted { path } => {
                if let Some(name) = znodes::state_of(path) {
                    self.go(Whose::Partition(name), NOWHERE);
                }
            }
            Fact::ZnodeCreated { path, .. } | Fact::ZnodeChanged { path, .. } => {
                if let Some(name) = znodes::state_of(path) {
                    let to = partition(world, &name);
                    self.go(Whose::Partition(name), to);
                }
            }
            _ => {}
        }
        let Some(by) = entry.by else {
            return;
        };
        self.see_groups(world, by, &entry.fact);
        if let Some(id) = by.broker() {
            match &entry.fact {
                Fact::BecameLeader { partition, .. } => {
                    self.go(Whose::Replica(id, partition.clone()), "leads");
                }
                Fact::BecameFollower { partition, .. } => {
                    self.go(Whose::Replica(id, partition.clone()), "follows");
                }
                Fact::ReplicaStopped { partition } => {
                    self.go(Whose::Replica(id, partition.clone()), "stopped");
                }
                Fact::ReplicaDeleted { partition } => {
                    self.go(Whose::Replica(id, partition.clone()), NOWHERE);
                }
                _ => {}
            }
        }
        if let Fact::ProducerIdTaken { epoch, .. } = &entry.fact {
            let whose = Whose::Numbers(by);
            let to = match (self.known.contains_key(&whose), epoch.0) {
                (false, _) => "first",
                (true, 0) => "another id",
                (true, _) => "newer epoch",
            };
            self.go(whose, to);
        }
        let to = match &entry.fact {
            Fact::Started | Fact::Thawed => "runs",
            Fact::Frozen => "frozen",
            Fact::Killed {
                crash: Crash::Process,
            } => "killed",
            Fact::Killed {
                crash: Crash::Machine,
            } => "without power",
            Fact::Stopped => "stopped",
            _ => return,
        };
        if matches!(by, ProcessId::Broker(_) | ProcessId::ZooKeeper(_)) {
            self.stands(Whose::Life(by), to);
        }
        if matches!(entry.fact, Fact::Killed { .. } | Fact::Stopped) {
            self.dies(by);
        }
    }

    /// Learns of groups: what coordinators decide, and what members give up.
    fn see_groups(&mut self, world: &World, by: ProcessId, fact: &Fact) {
        let (group, to) = match fact {
            Fact::PartitionsRevoked { partitions, .. }
            | Fact::PartitionsLost { partitions, .. } => {
                self.reads.remove(&by);
                for partition in partitions.iter() {
                    self.stands(Whose::Reads(by, partition.clone()), NOWHERE);
                }
                return;
            }
            // What was known of its groups was said by another, or by itself long ago.
            Fact::GroupsLoaded { partition, .. } => {
                let broker = by.broker();
                let coordinator = broker
                    .and_then(|id| world.broker_by_id(id))
                    .map(Broker::coordinator);
                self.known.retain(|whose, _| match whose {
                    Whose::Group(id, group) if Some(*id) == broker => {
                        coordinator.is_some_and(|known| known.partition_of(group) != *partition)
                    }
                    _ => true,
                });
                return;
            }
            Fact::GroupRebalancing { group, .. } => (group, "preparing"),
            Fact::GroupGenerationBegan { group, members, .. } if members.is_empty() => {
                (group, "empty")
            }
            Fact::GroupGenerationBegan { group, .. } => (group, "completing"),
            Fact::GroupStabilized { group, .. } => (group, "stable"),
            _ => return,
        };
        if let Some(id) = by.broker() {
            self.go(Whose::Group(id, group.clone()), to);
        }
    }

    /// Whoever dies knows nothing any more, and its replicas serve nobody.
    fn dies(&mut self, who: ProcessId) {
        let replicas: Vec<Whose> = (self.known.keys())
            .filter(|whose| matches!(whose, Whose::Replica(id, _) if Some(*id) == who.broker()))
            .cloned()
            .collect();
        for whose in replicas {
            self.stands(whose, "down");
        }
        self.reads.remove(&who);
        self.brokers.remove(&who);
        self.known.retain(|whose, _| match whose {
            Whose::Registration(id)
            | Whose::Session(id)
            | Whose::Controller(id)
            | Whose::Stance(id)
            | Whose::Numbers(id)
            | Whose::Reads(id, _)
            | Whose::Member(id) => *id != who,
            Whose::Group(id, _) => Some(*id) != who.broker(),
            _ => true,
        });
    }
}

fn partition(world: &World, name: &TopicPartition) -> &'static str {
    match world.cluster().partition(name) {
        Some(state) if !state.is_born() => NOWHERE,
        Some(state) if state.leader == BrokerId::NONE => "offline",
        Some(state) if state.recovery == Recovery::Recovering => "recovering",
        Some(_) => "online",
        None => NOWHERE,
    }
}

/// How far a consumer has come to be a member; `None` of one that does not want to be.
fn member(consumer: &Consumer) -> Option<&'static str> {
    let membership = consumer.membership()?;
    Some(match membership.stage {
        _ if membership.failure.is_some() => "gave up",
        Stage::Unjoined => "unjoined",
        Stage::Joining => "joining",
        Stage::Leading(_) => "leading",
        Stage::Syncing => "syncing",
        Stage::Stable => "stable",
    })
}

fn registration(broker: &Broker) -> &'static str {
    match broker.registration() {
        Registration::Waiting => "waiting",
        Registration::Preparing => "preparing",
        Registration::Creating => "creating",
        Registration::Checking => "checking",
        Registration::Replacing => "replacing",
        Registration::Refused { .. } => "refused",
        Registration::Registered => "registered",
    }
}

fn session(broker: &Broker) -> &'static str {
    match (broker.session(), broker.is_connected_to_zookeeper()) {
        (None, _) => "none",
        (Some(_), true) => "connected",
        (Some(_), false) => "unheard",
    }
}

fn controller(broker: &Broker) -> &'static str {
    match broker.controller() {
        Some(controller) if controller.is_settled() => "decides",
        // Whoever was replaced is none any more, though it is still there.
        Some(controller) if controller.has_moved() => "none",
        Some(_) => "begins",
        None => "none",
    }
}

fn stance(server: &Server) -> &'static str {
    match (server.role(), server.is_serving()) {
        (Stance::Looking, _) => "looks",
        (Stance::Following, false) => "follows",
        (Stance::Following, true) => "serves",
        (Stance::Leading, false) => "leads",
        (Stance::Leading, true) => "decides",
    }
}

#[cfg(test)]
mod tests {
    use crate::swarm::Recorder;
    use crate::swarm::run::Run;

    #[test]
    fn what_is_taken_away_by_hand_is_nowhere_before_it_comes_again() {
        let plan = "world brokers=3 seed=1 latency=1ms\ntopic orders partitions=2 replication=1\n\
                    consumer c1 group.id=g1 enable.auto.commit=false auto.offset.reset=earliest\n";
        let mut recorder = Recorder::default();
        let mut run = Run::begin(plan, &mut recorder);
        for line in [
            "run 1s",
            "assign c1 orders-0",
            "run 5s",
            "assign c1 orders-1",
            "run 1s",
            "pause c1",
            "assign c1 orders-0",
            "run 1s",
            "assign c1 orders-1",
            "run 1s",
        ] {
            assert!(run.take(line), "{line}");
        }
        assert_eq!(run.failure(), None);
        let coverage = run.coverage();
        let told = |seen: &crate::swarm::coverage::Seen| seen.to_string();
        let unforeseen: Vec<String> = coverage.unforeseen().map(|seen| told(&seen)).collect();
        assert_eq!(unforeseen, Vec::<String>::new());
        let mut seen = coverage.seen();
        let gone = seen.find(|(seen, _)| told(seen).ends_with("reading → nowhere"));
        assert_eq!(gone.map(|(_, times)| times), Some(3));
    }
}
