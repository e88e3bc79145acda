//! How a world begins: every process of the plan is made, and boots.
//!
//! Laws: what a process is made of is the plan, the seed and its own stream of random numbers, never what
//! other processes do.

use bytes::Bytes;
use std::sync::Arc;

use super::host::{self, Host, Program, Remains};
use super::journal::Journal;
use super::network::Network;
use super::network::Pace;
use super::plan::{ClientPlan, Plan, Refused, Start};
use super::readings::Readings;
use super::{NETWORK_STREAM, Place, Truth, World};
use crate::broker::{self, Broker};
use crate::client::{self, admin, consumer, producer};
use crate::controller::{self, znodes};
use crate::log::planted::Bug;
use crate::model::{BrokerId, ProcessId, TopicId};
use crate::process::{Input, Outbox};
use crate::rng::{Rng, Seed};
use crate::sorted::{SortedMap, SortedSet};
use crate::time::Instant;
use crate::zookeeper::{self, Server, Tree};

/// Nobody needs so many: a plan whose cluster cannot form begins as it is.
const MOST_STEPS_TO_FORM: u32 = 1_000_000;

impl World {
    /// A world at its beginning: every process of the plan is about to boot.
    ///
    /// # Errors
    /// When the plan cannot be; nothing was made.
    pub fn new(plan: &Plan, seed: Seed, journal: &mut Journal) -> Result<World, Refused> {
        plan.check()?;
        let plan = Arc::new(plan.clone());
        let network = Network::new(plan.latency, plan.jitter, Rng::new(seed, NETWORK_STREAM));
        let brokers = plan.brokers.iter();
        let brokers = brokers.map(|id| (plan.address(*id), ProcessId::from(*id)));
        let servers = plan.ensemble().into_iter();
        let addresses = servers.map(|(id, address)| (address, id)).chain(brokers);
        let mut world = World {
            addresses: Arc::new(addresses.collect()),
            plan: plan.clone(),
            seed,
            place: Place::default(),
            steps: 0,
            carried: 0,
            hosts: SortedMap::new(),
            truth: Arc::default(),
            network,
            out: Outbox::default(),
            heard: None,
            stirred: SortedSet::new(),
            acted: None,
            readings: Readings::default(),
        };
        if plan.start == Start::Formed {
            world.network.set_pace(Pace::Instant);
        }
        let tree = world.first_tree();
        world.truth = Arc::new(Truth::of(&tree));
        for (id, _) in plan.ensemble() {
            let disk = zookeeper::Disk::new(tree.clone());
            let program = world.program(id, Remains::ZooKeeper(Box::new(disk)), 1)?;
            world.add(id, program, journal);
        }
        for id in &plan.brokers {
            let id = ProcessId::from(*id);
            let program = world.program(id, Remains::Broker(Box::default()), 1)?;
            world.add(id, program, journal);
            // The first broker of the plan is started a little before the others, and so is controller: by so
            // little that the others are there when it looks.
            let first = |world: &World| world.brokers().all(|broker| broker.session().is_none());
            if plan.start == Start::Formed && first(&world) {
                world.form(journal, |world| !first(world));
            }
        }
        if plan.start == Start::Formed {
            world.form(journal, World::is_formed);
            world.network.set_pace(Pace::Plan);
        }
        for client in &plan.clients {
            world.add_client(client, journal)?;
        }
        Ok(world)
    }

    /// Lets the cluster form before time begins: packets take no time, until there is enough of it.
    fn form(&mut self, journal: &mut Journal, enough: impl Fn(&World) -> bool) {
        for _ in 0..MOST_STEPS_TO_FORM {
            if enough(self) || self.next_at() != Some(Instant::ZERO) {
                break;
            }
            self.step(journal);
            self.place = Place::default();
        }
    }

    /// Whether every broker is registered, every partition has a leader, and everybody has been told.
    fn is_formed(&self) -> bool {
        let Some(controller) = self.controller() else {
            return false;
        };
        let registered = self.truth.store().brokers().len() == self.plan.brokers.len();
        let mut partitions = self.truth.store().partitions();
        let mut queues = controller.queues();
        let everybody_knows = self.brokers().all(|broker| {
            broker.known_controller().is_some() && broker.metadata().controller().is_some()
        });
        registered
            && everybody_knows
            && controller.backlog() == 0
            && controller.store().brokers().len() == self.plan.brokers.len()
            && partitions.all(|(_, state)| state.is_born())
            && queues.all(|(_, queue)| queue.waiting().len() == 0)
    }

    /// A process of the plan in one of its lives, with what its last life left.
    ///
    /// # Errors
    /// When the plan does not have it, or has a setting that cannot be.
    pub(super) fn program(
        &self,
        id: ProcessId,
        remains: Remains,
        life: u32,
    ) -> Result<Program, Refused> {
        match (id.broker(), remains) {
            (Some(id), Remains::Broker(disk)) => {
                let broker = Broker::with_disk(self.setup(id, life)?, *disk);
                Ok(Program::Broker(Box::new(broker)))
            }
            (None, Remains::ZooKeeper(disk)) => {
                let setup = zookeeper::Setup {
                    id,
                    servers: self.plan.ensemble(),
                    config: self.plan.zookeeper_config()?,
                    tree: Tree::new(),
                };
                let server = Server::with_disk(setup, *disk);
                Ok(Program::ZooKeeper(Box::new(server)))
            }
            (_, Remains::Client(remains)) => {
                let client = self.plan.clients.iter().find(|client| client.id == id);
                self.client(client.ok_or_else(|| self.unknown(id))?, remains, life)
            }
            (None, Remains::Broker(_)) => Err(Refused(format!("{id} is not a broker"))),
            (Some(_), Remains::ZooKeeper(_)) => Err(Refused(format!("{id} is a broker"))),
        }
    }

    /// What stands in ZooKeeper before anybody has come: the plan's topics, as if somebody had created them while
    /// no broker was there, and where the cluster has been formed before, what its first broker has made.
    fn first_tree(&self) -> Tree {
        let mut tree = Tree::new();
        let mut ids = Rng::new(self.seed, NETWORK_STREAM - 1);
        if self.plan.start == Start::Formed {
            for path in znodes::PERSISTENT {
                tree.plant(path, Bytes::new());
            }
            let id = Rng::new(self.seed, NETWORK_STREAM - 2).uuid();
            tree.plant(znodes::CLUSTER_ID, znodes::write_cluster_id(id));
        }
        for topic in &self.plan.topics {
            let configs = topic.configs.iter();
            let setup = controller::TopicSetup {
                name: topic.name.clone(),
                id: TopicId(ids.uuid()),
                replicas: topic.replicas.clone(),
                configs: configs.map(|(k, v)| (k.clone(), v.clone())).collect(),
            };
            let configs = znodes::write_configs(&setup.configs);
            tree.plant(&znodes::config_path(&setup.name), configs);
            let assignment = znodes::write_topic(&setup.assignment());
            tree.plant(&znodes::topic_path(&setup.name), assignment);
        }
        tree
    }

    fn setup(&self, id: BrokerId, life: u32) -> Result<broker::Setup, Refused> {
        Ok(broker::Setup {
            id,
            address: self.plan.address(id),
            config: self.plan.broker_config()?,
            zookeeper: self.plan.zookeeper_addresses(),
            rng: self.stream(ProcessId::from(id), life),
        })
    }

    pub(super) fn add_client(
        &mut self,
        client: &ClientPlan,
        journal: &mut Journal,
    ) -> Result<(), Refused> {
        client.check()?;
        if self.hosts.contains_key(&client.id) {
            return Err(Refused(format!("{} is already there", client.id)));
        }
        let program = self.client(client, client::Remains::default(), 1)?;
        self.add(client.id, program, journal);
        Ok(())
    }

    fn client(
        &self,
        client: &ClientPlan,
        remains: client::Remains,
        life: u32,
    ) -> Result<Program, Refused> {
        let (id, client_id) = (client.id, client.name.clone());
        let (bootstrap, rng) = (self.plan.addresses(), self.stream(id, life));
        Ok(match id {
            ProcessId::Producer(_) => {
                let config = client.producer_config()?;
                let setup = producer::Setup {
                    id,
                    client_id,
                    bootstrap,
                    config,
                    rng,
                };
                Program::Producer(Box::new(producer::Producer::restarted(setup, remains)))
            }
            ProcessId::Consumer(_) => {
                let config = client.consumer_config()?;
                let planted = self.plan.broker_config()?.log.planted;
                let setup = consumer::Setup {
                    id,
                    client_id,
                    bootstrap,
                    config,
                    rng,
                    commits_fetched: planted.has(Bug::CommitFetched),
                };
                Program::Consumer(Box::new(consumer::Consumer::restarted(setup, remains)))
            }
            ProcessId::Admin(_) => {
                let setup = admin::Setup {
                    id,
                    client_id,
                    bootstrap,
                    rng,
                };
                Program::Admin(Box::new(admin::Admin::restarted(setup, remains)))
            }
            ProcessId::Socket(_) => Program::Socket(host::Socket::default()),
            ProcessId::Broker(_) | ProcessId::ZooKeeper(_) => {
                return Err(Refused(format!("{id} is not a client")));
            }
        })
    }

    fn add(&mut self, id: ProcessId, program: Program, journal: &mut Journal) {
        self.hosts.insert(id, Arc::new(Host::new(id, program)));
        self.give(id, Input::Booted, journal);
    }
}
