//! How a world begins: every process of the plan is made, and boots.
//!
//! Laws: what a process is made of is the plan, the seed and its own stream of random numbers, never what
//! other processes do.

use std::sync::Arc;

use super::host::{self, Host, Program};
use super::journal::Journal;
use super::network::Network;
use super::plan::{ClientPlan, Plan, Refused};
use super::{NETWORK_STREAM, Place, World};
use crate::broker::{self, Broker};
use crate::client::{admin, consumer, producer};
use crate::controller;
use crate::model::{BrokerEpoch, BrokerId, ControllerEpoch, ProcessId, TopicId};
use crate::process::{Input, Outbox};
use crate::rng::{Rng, Seed};
use crate::sorted::SortedMap;

impl World {
    /// A world at its beginning: every process of the plan is about to boot.
    ///
    /// # Errors
    /// When the plan cannot be; nothing was made.
    pub fn new(plan: &Plan, seed: Seed, journal: &mut Journal) -> Result<World, Refused> {
        plan.check()?;
        let plan = Arc::new(plan.clone());
        let network = Network::new(plan.latency, plan.jitter, Rng::new(seed, NETWORK_STREAM));
        let addresses = plan
            .brokers
            .iter()
            .map(|id| (Plan::address(*id), ProcessId::from(*id)));
        let mut world = World {
            addresses: Arc::new(addresses.collect()),
            plan: plan.clone(),
            seed,
            place: Place::default(),
            steps: 0,
            carried: 0,
            hosts: SortedMap::new(),
            network,
            out: Outbox::default(),
        };
        for id in &plan.brokers {
            let broker = world.broker(*id)?;
            world.add(
                ProcessId::from(*id),
                Program::Broker(Box::new(broker)),
                journal,
            );
        }
        for client in &plan.clients {
            world.add_client(client, journal)?;
        }
        Ok(world)
    }

    fn broker(&self, id: BrokerId) -> Result<Broker, Refused> {
        // The czxid of a registration grows with each; the plan's brokers registered in order.
        let epoch = |id: BrokerId| BrokerEpoch(1 + i64::from(id.0));
        let setup = broker::Setup {
            id,
            address: Plan::address(id),
            epoch: epoch(id),
            config: self.plan.broker_config()?,
            controller: (id == self.plan.controller).then(|| {
                let mut ids = Rng::new(self.seed, NETWORK_STREAM - 1);
                let brokers = self.plan.brokers.iter();
                controller::Setup {
                    epoch: ControllerEpoch(1),
                    brokers: brokers
                        .map(|id| (*id, epoch(*id), Plan::address(*id)))
                        .collect(),
                    topics: (self.plan.topics.iter())
                        .map(|topic| controller::TopicSetup {
                            name: topic.name.clone(),
                            id: TopicId(ids.uuid()),
                            replicas: topic.replicas.clone(),
                            configs: (topic.configs.iter())
                                .map(|(name, value)| (name.clone(), value.clone()))
                                .collect(),
                        })
                        .collect(),
                }
            }),
            rng: self.stream(ProcessId::from(id)),
        };
        Ok(Broker::new(setup))
    }

    fn stream(&self, id: ProcessId) -> Rng {
        Rng::new(self.seed, id.stream())
    }

    pub(super) fn add_client(
        &mut self,
        client: &ClientPlan,
        journal: &mut Journal,
    ) -> Result<(), Refused> {
        client.check()?;
        let (id, client_id) = (client.id, client.name.clone());
        if self.hosts.contains_key(&id) {
            return Err(Refused(format!("{id} is already there")));
        }
        let (bootstrap, rng) = (self.plan.addresses(), self.stream(id));
        let program = match id {
            ProcessId::Producer(_) => {
                let config = client.producer_config()?;
                let setup = producer::Setup {
                    id,
                    client_id,
                    bootstrap,
                    config,
                    rng,
                };
                Program::Producer(Box::new(producer::Producer::new(setup)))
            }
            ProcessId::Consumer(_) => {
                let config = client.consumer_config()?;
                let setup = consumer::Setup {
                    id,
                    client_id,
                    bootstrap,
                    config,
                    rng,
                };
                Program::Consumer(Box::new(consumer::Consumer::new(setup)))
            }
            ProcessId::Admin(_) => {
                let setup = admin::Setup {
                    id,
                    client_id,
                    bootstrap,
                    rng,
                };
                Program::Admin(Box::new(admin::Admin::new(setup)))
            }
            ProcessId::Socket(_) => Program::Socket(host::Socket::default()),
            ProcessId::Broker(_) | ProcessId::ZooKeeper(_) => {
                return Err(Refused(format!("{id} is not a client")));
            }
        };
        self.add(id, program, journal);
        Ok(())
    }

    fn add(&mut self, id: ProcessId, program: Program, journal: &mut Journal) {
        self.hosts.insert(
            id,
            Arc::new(Host {
                id,
                program,
                wakeup: None,
            }),
        );
        self.give(id, Input::Booted, journal);
    }
}
