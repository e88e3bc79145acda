//! Lines that describe a world, which come before everything that is done in it.

use super::token::Token;
use super::words::Words;
use crate::controller::assignment;
use crate::model::{Address, BrokerId, ProcessId, TopicName};
use crate::rng::Seed;
use crate::time::Timestamp;
use crate::world::plan::Start;
use crate::world::{ClientPlan, Plan, TopicPlan};
use crate::zookeeper::ZooKeeperConfig;

/// What was described so far.
pub(super) struct Describing {
    pub(super) plan: Plan,
    pub(super) seed: Seed,
    pub(super) worlds: usize,
}

pub(super) fn brokers(text: &str) -> Result<Vec<BrokerId>, String> {
    let id = |part: &str| part.trim().parse().map(BrokerId);
    let ids: Result<Vec<_>, _> = text.split(',').map(id).collect();
    ids.map_err(|_| format!("{text} is not a list of broker ids such as 1,2,3"))
}

impl Describing {
    /// True when the line described the world, false when it is something to do.
    pub(super) fn describe(&mut self, tokens: Vec<Token>) -> Result<bool, String> {
        let mut words = Words::new(tokens)?;
        match words.verb.as_str() {
            "world" => self.world(&mut words)?,
            "topic" => self.topic(&mut words)?,
            "producer" | "consumer" | "admin" | "socket" => {
                let client = client(&mut words)?;
                self.plan.clients.push(client);
            }
            _ => return Ok(false),
        }
        words.done()?;
        Ok(true)
    }

    fn world(&mut self, words: &mut Words) -> Result<(), String> {
        self.worlds += 1;
        if self.worlds > 1 || !self.plan.topics.is_empty() || !self.plan.clients.is_empty() {
            return Err("world comes once, before everything else".to_owned());
        }
        if let Some(text) = words.text("brokers")? {
            self.plan.brokers = match (text.contains(','), text.parse::<i32>()) {
                (false, Ok(count)) if (1..=99).contains(&count) => {
                    (1..=count).map(BrokerId).collect()
                }
                (true, _) => brokers(&text)?,
                _ => {
                    return Err(format!(
                        "brokers={text} is not a count such as 3 or a list such as 1,2,3"
                    ));
                }
            };
        }
        if let Some(seed) = words.number("seed")? {
            self.seed = Seed(seed);
        }
        if let Some(epoch) = words.number("epoch")? {
            self.plan.epoch = Timestamp(epoch);
        }
        match words.text("start")?.as_deref() {
            None | Some("formed") => {}
            Some("cold") => self.plan.start = Start::Cold,
            Some(other) => return Err(format!("start={other} is neither formed nor cold")),
        }
        if let Some(servers) = words.number("zookeeper")? {
            self.plan.zookeeper = servers;
        }
        if let Some(text) = words.text("advertised")? {
            let addresses: Option<Vec<_>> = text.split(',').map(Address::parse).collect();
            self.plan.advertised = addresses.ok_or_else(|| {
                format!("advertised={text} is not a list of addresses such as 127.0.0.1:9092")
            })?;
        }
        for name in ZooKeeperConfig::NAMES {
            if let Some(value) = words.text(&format!("zookeeper.{name}"))? {
                let settings = &mut self.plan.zookeeper_settings;
                settings.insert(name.into(), value.into());
            }
        }
        self.plan.latency = words.span("latency")?.unwrap_or(self.plan.latency);
        self.plan.jitter = words.span("jitter")?.unwrap_or(self.plan.jitter);
        self.plan.broker_settings = words.settings()?;
        Ok(())
    }

    fn topic(&mut self, words: &mut Words) -> Result<(), String> {
        let name = words.word("a name")?;
        let partitions: Option<usize> = words.number("partitions")?;
        let factor: Option<usize> = words.number("replication")?;
        let listed = words.text("replicas")?;
        let replicas = match (listed, factor) {
            (Some(_), Some(_)) => return Err("give replicas= or replication=, not both".to_owned()),
            (Some(text), None) => {
                let lists: Result<Vec<_>, _> = text.split('/').map(brokers).collect();
                let lists = lists?;
                match (lists.len(), partitions) {
                    (1, Some(count)) if count <= 1_000 => vec![lists[0].clone(); count],
                    (count, Some(asked)) if count != asked => {
                        return Err(format!(
                            "replicas= lists {count} partitions, partitions= says {asked}"
                        ));
                    }
                    _ => lists,
                }
            }
            (None, factor) => {
                let count = partitions.unwrap_or(1);
                let factor = factor.unwrap_or(self.plan.brokers.len().min(3));
                if count == 0 || count > 1_000 {
                    return Err(format!("partitions={count} is not from 1 to 1000"));
                }
                if factor == 0 || factor > self.plan.brokers.len() {
                    let most = self.plan.brokers.len();
                    return Err(format!(
                        "replication={factor} is not from 1 to {most}, the brokers there are"
                    ));
                }
                assignment::assign(
                    &self.plan.brokers,
                    count,
                    factor,
                    assignment::Start { first: 0, shift: 0 },
                    0,
                )
            }
        };
        let configs = words.settings()?;
        self.plan.topics.push(TopicPlan {
            name: TopicName::new(&name),
            replicas,
            configs,
        });
        Ok(())
    }
}

pub(super) fn client(words: &mut Words) -> Result<ClientPlan, String> {
    let verb = words.verb.clone();
    let id = words.process("an id such as p1, c1, a1 or s1")?;
    let fits = match id {
        ProcessId::Producer(_) => verb == "producer",
        ProcessId::Consumer(_) => verb == "consumer",
        ProcessId::Admin(_) => verb == "admin",
        ProcessId::Socket(_) => verb == "socket",
        ProcessId::Broker(_) | ProcessId::ZooKeeper(_) => false,
    };
    if !fits {
        let letter = &verb[..1];
        return Err(format!(
            "{id} is not a {verb}; a {verb} is {letter}1, {letter}2 and so on"
        ));
    }
    let name = words.text("name")?.unwrap_or_else(|| id.to_string());
    Ok(ClientPlan {
        id,
        name: name.into(),
        settings: words.settings()?,
    })
}
