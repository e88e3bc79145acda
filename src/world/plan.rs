//! A plan: how a world is described before it begins.
//!
//! ZooKeeper's servers, brokers, topics with the replicas that hold them, clients with their settings, and
//! the network's latency. A world is a function of its plan, its seed and the commands given to it. A plan that cannot
//! be is refused whole, with a sentence that names the field and what would have been accepted.

use crate::sorted::{SortedMap, SortedSet};

use crate::broker;
use crate::client::config::{ConsumerConfig, ProducerConfig};
use crate::model::{Address, BrokerId, ProcessId, Text, TopicName};
use crate::time::{Duration, Timestamp};
use crate::zookeeper::{self, ZooKeeperConfig};

/// The most brokers a plan may have: what the picture can still show.
pub const MAX_BROKERS: u16 = 9;
/// How many servers a ZooKeeper ensemble may have.
pub const ENSEMBLES: [u16; 3] = [1, 3, 5];
/// The last millisecond of the year 9999.
const LATEST_EPOCH: Timestamp = Timestamp(253_402_300_799_999);
/// The most partitions of one topic.
pub const MAX_PARTITIONS: usize = 1_000;

/// One topic and where its replicas are. The first replica of each partition leads at the beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicPlan {
    pub name: TopicName,
    /// For each partition, its replicas in order of preference.
    pub replicas: Vec<Vec<BrokerId>>,
    /// Topic settings by their Kafka names.
    pub configs: SortedMap<Text, Text>,
}

/// One client: a producer, a consumer or an admin client by its id's kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientPlan {
    pub id: ProcessId,
    /// `client.id`, which is also what the picture calls it.
    pub name: Text,
    /// Settings by their Kafka names.
    pub settings: SortedMap<Text, Text>,
}

/// What the first instant of a world finds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// A cluster that stands: it has formed before time began.
    #[default]
    Formed,
    /// Processes that have just been started and know nothing of each other.
    Cold,
}

/// How a world is described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What the hosts' clocks show when the world begins.
    pub epoch: Timestamp,
    /// Time a packet takes from one host to another.
    pub latency: Duration,
    /// Up to this much is added to each packet's latency, drawn from the network's stream.
    pub jitter: Duration,
    pub brokers: Vec<BrokerId>,
    pub start: Start,
    /// How many ZooKeeper servers there are: 1, 3 or 5.
    pub zookeeper: u16,
    /// Settings of every ZooKeeper server by their names.
    pub zookeeper_settings: SortedMap<Text, Text>,
    /// Where brokers say that they listen, one after the other (`advertised.listeners`); where this ends
    /// or is empty, at `broker-2:9092` and the like.
    pub advertised: Vec<Address>,
    /// Settings of every broker by their Kafka names.
    pub broker_settings: SortedMap<Text, Text>,
    pub topics: Vec<TopicPlan>,
    pub clients: Vec<ClientPlan>,
}

/// Why a plan or a command was not carried out: one sentence that says what would have been accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused(pub String);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Default for Plan {
    /// Three brokers on links of one millisecond, with nothing on them.
    fn default() -> Plan {
        Plan {
            epoch: Timestamp(1_700_000_000_000),
            latency: Duration::from_millis(1),
            jitter: Duration::ZERO,
            brokers: (1..=3).map(BrokerId).collect(),
            start: Start::Formed,
            zookeeper: 3,
            zookeeper_settings: SortedMap::new(),
            advertised: Vec::new(),
            broker_settings: SortedMap::new(),
            topics: Vec::new(),
            clients: Vec::new(),
        }
    }
}

impl Plan {
    /// Where a broker listens, as far as anybody in this world knows: where the plan has it say so, or at
    /// `broker-2:9092`.
    pub fn address(&self, broker: BrokerId) -> Address {
        let place = self.brokers.iter().position(|id| *id == broker);
        let advertised = place.and_then(|place| self.advertised.get(place));
        advertised.cloned().unwrap_or_else(|| Address {
            host: format!("broker-{broker}").into(),
            port: 9092,
        })
    }

    /// Where the ZooKeeper servers listen: `zookeeper.connect`.
    pub fn zookeeper_addresses(&self) -> Vec<Address> {
        let servers = self.ensemble().into_iter();
        servers.map(|(_, address)| address).collect()
    }

    /// Every broker's address, which is what clients are given as `bootstrap.servers`.
    pub fn addresses(&self) -> Vec<Address> {
        self.brokers.iter().map(|id| self.address(*id)).collect()
    }

    /// Says why this plan cannot be, if it cannot.
    ///
    /// # Errors
    /// A sentence that names the first field at fault.
    pub fn check(&self) -> Result<(), Refused> {
        let refuse = |sentence: String| Err(Refused(sentence));
        let ids: SortedSet<BrokerId> = self.brokers.iter().copied().collect();
        if ids.is_empty() || ids.len() != self.brokers.len() || ids.len() > MAX_BROKERS.into() {
            return refuse(format!(
                "brokers: a world has 1 to {MAX_BROKERS} different brokers"
            ));
        }
        if ids.iter().any(|id| id.0 < 0 || id.0 > 999) {
            return refuse("brokers: a broker id is from 0 to 999".to_owned());
        }
        if self.latency > Duration::from_secs(60) || self.jitter > Duration::from_secs(60) {
            return refuse("latency: a packet takes at most 60s".to_owned());
        }
        if !(Timestamp(0)..=LATEST_EPOCH).contains(&self.epoch) {
            return refuse(format!(
                "epoch: a world begins from 1970 to 9999, at 0 to {} milliseconds",
                LATEST_EPOCH.0
            ));
        }
        if !ENSEMBLES.contains(&self.zookeeper) {
            return refuse(format!(
                "zookeeper={}: an ensemble has 1, 3 or 5 servers",
                self.zookeeper
            ));
        }
        let addresses: SortedSet<Address> = self.addresses().into_iter().collect();
        if self.advertised.len() > ids.len() || addresses.len() != ids.len() {
            return refuse("advertised: each broker has an address of its own".to_owned());
        }
        self.zookeeper_config()?;
        self.broker_config()?;
        let mut names = SortedSet::new();
        for topic in &self.topics {
            topic.check(&ids, &self.broker_settings)?;
            if !names.insert(&topic.name) {
                return refuse(format!("topic {}: the plan has it twice", topic.name));
            }
        }
        let mut clients = SortedSet::new();
        for client in &self.clients {
            client.check()?;
            if !clients.insert(client.id) {
                return refuse(format!("{}: the plan has this client twice", client.id));
            }
        }
        Ok(())
    }

    /// The ZooKeeper servers' settings, parsed.
    ///
    /// # Errors
    /// A sentence that names the setting at fault.
    pub fn zookeeper_config(&self) -> Result<ZooKeeperConfig, Refused> {
        let mut config = ZooKeeperConfig::default();
        for (name, value) in &self.zookeeper_settings {
            config.set(name, value).map_err(Refused)?;
        }
        Ok(config)
    }

    /// The ZooKeeper servers and where they listen.
    pub fn ensemble(&self) -> Vec<(ProcessId, Address)> {
        let numbers = 1..=self.zookeeper;
        numbers
            .map(|number| (ProcessId::ZooKeeper(number), zookeeper::address(number)))
            .collect()
    }

    /// The brokers' settings, parsed.
    ///
    /// # Errors
    /// A sentence that names the setting at fault.
    pub fn broker_config(&self) -> Result<broker::Config, Refused> {
        let mut config = broker::Config::default();
        for (name, value) in &self.broker_settings {
            config.set(name, value).map_err(Refused)?;
        }
        config.check().map_err(Refused)?;
        Ok(config)
    }
}

impl TopicPlan {
    fn check(
        &self,
        ids: &SortedSet<BrokerId>,
        brokers: &SortedMap<Text, Text>,
    ) -> Result<(), Refused> {
        let name = &self.name;
        let refuse = |sentence: String| Err(Refused(format!("topic {name}: {sentence}")));
        if let Err(rule) = TopicName::check(name.as_str()) {
            return Err(Refused(format!("topic {:?}: {rule}", name.as_str())));
        }
        if self.replicas.is_empty() || self.replicas.len() > MAX_PARTITIONS {
            return refuse(format!("partitions is from 1 to {MAX_PARTITIONS}"));
        }
        for (partition, replicas) in self.replicas.iter().enumerate() {
            let distinct: SortedSet<_> = replicas.iter().collect();
            if replicas.is_empty() || distinct.len() != replicas.len() {
                return refuse(format!(
                    "replicas: partition {partition} needs one or more different brokers"
                ));
            }
            if let Some(unknown) = replicas.iter().find(|id| !ids.contains(id)) {
                return refuse(format!(
                    "replicas: partition {partition} names broker {unknown}, which the plan lacks"
                ));
            }
        }
        let mut config = broker::Config::default();
        for (key, value) in brokers {
            config.set(key, value).map_err(Refused)?;
        }
        let overrides: Vec<(Text, Text)> = self
            .configs
            .iter()
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        config.topic(&overrides).map(drop).or_else(refuse)
    }
}

impl ClientPlan {
    /// Says why this client cannot be, if it cannot.
    ///
    /// # Errors
    /// A sentence that names the setting at fault.
    pub fn check(&self) -> Result<(), Refused> {
        match self.id {
            ProcessId::Producer(_) => self.producer_config().map(drop),
            ProcessId::Consumer(_) => self.consumer_config().map(drop),
            ProcessId::Admin(_) | ProcessId::Socket(_) => match self.settings.keys().next() {
                None => Ok(()),
                Some(name) => Err(self.refused(&format!(
                    "{name} is not a setting of this client, which has none"
                ))),
            },
            ProcessId::Broker(_) | ProcessId::ZooKeeper(_) => Err(self
                .refused("a client is a producer p1, a consumer c1, an admin a1 or a socket s1")),
        }
    }

    /// A producer's settings, parsed.
    ///
    /// # Errors
    /// A sentence that names the setting at fault.
    pub fn producer_config(&self) -> Result<ProducerConfig, Refused> {
        let mut config = ProducerConfig::default();
        config
            .set_all(self.pairs())
            .map_err(|sentence| self.refused(&sentence))?;
        Ok(config)
    }

    /// A consumer's settings, parsed.
    ///
    /// # Errors
    /// A sentence that names the setting at fault.
    pub fn consumer_config(&self) -> Result<ConsumerConfig, Refused> {
        let mut config = ConsumerConfig::default();
        config
            .set_all(self.pairs())
            .map_err(|sentence| self.refused(&sentence))?;
        Ok(config)
    }

    fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.settings
            .iter()
            .map(|(name, value)| (&**name, &**value))
    }

    fn refused(&self, sentence: &str) -> Refused {
        Refused(format!("{}: {sentence}", self.id))
    }
}
