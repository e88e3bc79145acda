//! What `serve` is asked for on the command line.
//!
//! Everything that describes the cluster becomes part of a plan, so that a recorded run begins with it.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use kafka_playground::broker;
use kafka_playground::controller::MAX_PARTITIONS;
use kafka_playground::model::{Address, BrokerId, ProcessId};
use kafka_playground::time::{Duration, Timestamp};
use kafka_playground::world::{ClientPlan, Plan};
use kafka_playground::{rng::Seed, script};

use super::bounds::{self, MEBIBYTE};
use super::kafka;

pub const HELP: &str = "\
kafka-playground serve [OPTION]...   a Kafka cluster on TCP, for real clients; Ctrl-C stops it

  --brokers N               how many brokers (3)
  --listen HOST:PORT        where the first listens; the others at the ports after it (127.0.0.1:9092)
  --advertised HOST:PORT    what clients are told in its place
  --num-partitions N        of topics that are created without saying (1)
  --replication-factor N    likewise (3, or as many as there are brokers)
  --auto-create BOOLEAN     whether asking for an unknown topic creates it (true)
  --group-initial-rebalance-delay MS   how long an empty group waits for more members (3000)
  --config NAME=VALUE       a setting of every broker by its Kafka name; may be given again and again. What is not
                            modelled is refused
  --seed N                  what chance follows from (drawn; a record says it)
  --memory MIB              what all logs and groups together may weigh before producers and members wait (4096, but at
                            most half of what this machine has)
  --plan FILE               a script whose world, topic and client lines describe the cluster
  --record FILE             writes the run as a script, which replays anywhere in the same way; it ends early, with a
                            sentence, when the disk does not keep up

Standard input takes script lines, one at a time, such as: kill b2, restart b2, freeze b1, thaw b1.
";

/// What serve has settled before anybody says otherwise: everything is kept in memory, so there is less of it.
const SETTINGS: [(&str, &str); 8] = [
    ("fetch.max.bytes", "16777216"),
    ("log.initial.task.delay.ms", "1000"),
    ("log.retention.bytes", "67108864"),
    ("log.retention.check.interval.ms", "1000"),
    ("log.segment.bytes", "16777216"),
    ("max.connections", "1000"),
    ("offsets.topic.segment.bytes", "1048576"),
    ("socket.request.max.bytes", "16777216"),
];

/// What is asked for.
pub struct Options {
    pub plan: Plan,
    pub seed: Seed,
    /// What all logs and groups together may weigh, in bytes.
    pub memory: u64,
    pub record: Option<PathBuf>,
    pub(super) listen: Address,
    pub(super) advertised: Option<Address>,
}

/// What was said, before it is put together.
#[derive(Default)]
struct Said {
    brokers: Option<u16>,
    seed: Option<u64>,
    memory: Option<u64>,
    settings: Vec<(String, String)>,
    plan: Option<PathBuf>,
    record: Option<PathBuf>,
    listen: Option<Address>,
    advertised: Option<Address>,
}

impl Options {
    /// Reads the words after `serve`.
    ///
    /// # Errors
    /// A sentence about the first that makes no sense.
    pub fn read(words: &[&str]) -> Result<Options, String> {
        let said = Said::read(words)?;
        let same = |file: &PathBuf| file.canonicalize().ok();
        if let (Some(plan), Some(record)) = (&said.plan, &said.record)
            && same(plan).is_some_and(|plan| Some(plan) == same(record))
        {
            let record = record.display();
            return Err(format!(
                "--record {record}: that is the plan, which would be overwritten"
            ));
        }
        let (mut plan, seed, planned) = match &said.plan {
            Some(_) if said.brokers.is_some() => {
                return Err("--brokers: the plan says how many brokers there are".to_owned());
            }
            Some(file) => read_plan(file)?,
            None => (Plan::default(), drawn(), false),
        };
        if !planned {
            let count = said.brokers.unwrap_or(3);
            plan.brokers = (1..=i32::from(count)).map(BrokerId).collect();
            plan.latency = Duration::ZERO;
        }
        if plan.epoch == Plan::default().epoch {
            let since = SystemTime::now().duration_since(UNIX_EPOCH);
            plan.epoch = Timestamp(since.map_or(0, |since| since.as_millis() as i64));
        }
        let copies = plan.brokers.len().min(3).to_string();
        let copies = [
            "default.replication.factor",
            "offsets.topic.replication.factor",
        ]
        .map(|name| (name, copies.as_str()));
        for (name, value) in SETTINGS.into_iter().chain(copies) {
            let settings = &mut plan.broker_settings;
            settings.entry(name.into()).or_insert(value.into());
        }
        for (name, value) in &said.settings {
            plan.broker_settings
                .insert(name.as_str().into(), value.as_str().into());
        }
        let first = Address {
            host: "127.0.0.1".into(),
            port: 9092,
        };
        let options = Options {
            plan,
            seed: said.seed.map_or(seed, Seed),
            memory: match said.memory {
                Some(mebibytes) => mebibytes.saturating_mul(MEBIBYTE),
                None => bounds::memory(),
            },
            record: said.record,
            listen: said.listen.unwrap_or(first),
            advertised: said.advertised,
        };
        options.plan.check().map_err(|refused| refused.0)?;
        options.check_counts()?;
        options.check_ports()?;
        Ok(options)
    }

    /// That topics of which nobody says more can be made.
    fn check_counts(&self) -> Result<(), String> {
        let config = self.plan.broker_config().map_err(|refused| refused.0)?;
        let brokers = self.plan.brokers.len() as u64;
        for (name, copies) in [
            (
                "default.replication.factor",
                u64::from(config.default_replication_factor),
            ),
            (
                "offsets.topic.replication.factor",
                config.groups.offsets_topic_replication_factor as u64,
            ),
        ] {
            if copies > brokers {
                return Err(format!(
                    "{name}={copies}: a partition has a replica on each broker at the most, and there will be {brokers}"
                ));
            }
        }
        let most = MAX_PARTITIONS as u64;
        for (name, count) in [
            ("num.partitions", u64::from(config.num_partitions)),
            (
                "offsets.topic.num.partitions",
                config.groups.offsets_topic_num_partitions as u64,
            ),
        ] {
            if count > most {
                return Err(format!(
                    "{name}={count}: a topic has {most} partitions at the most"
                ));
            }
        }
        Ok(())
    }

    fn check_ports(&self) -> Result<(), String> {
        let more = self.plan.brokers.len() as u32 - 1;
        for (name, address) in [
            ("listen", Some(&self.listen)),
            ("advertised", self.advertised.as_ref()),
        ] {
            if let Some(address) = address.filter(|address| u32::from(address.port) + more > 65_535)
            {
                let count = more + 1;
                return Err(format!(
                    "--{name} {address}: {count} brokers need {count} ports, and the last port is 65535"
                ));
            }
        }
        Ok(())
    }
}

/// A seed that no other run is likely to have: who outlives a cluster can tell the next one from it.
fn drawn() -> Seed {
    // Short enough to be read out.
    let random = RandomState::new().build_hasher().finish();
    Seed(random >> 32)
}

impl Said {
    fn read(words: &[&str]) -> Result<Said, String> {
        let mut said = Said::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let (name, attached) = match word.split_once('=') {
                Some((name, value)) if name.starts_with("--") => (name, Some(value)),
                _ => (*word, None),
            };
            let name = name.strip_prefix("--").ok_or_else(|| {
                format!("{word} is no option of serve; kafka-playground serve --help names them")
            })?;
            let mut value = || {
                let value = attached.or_else(|| words.next().copied());
                value.ok_or_else(|| format!("--{name} needs a value"))
            };
            match name {
                "brokers" => said.brokers = Some(number(name, value()?)?),
                "seed" => said.seed = Some(number(name, value()?)?),
                "memory" => said.memory = Some(number(name, value()?)?),
                "plan" => said.plan = Some(value()?.into()),
                "record" => said.record = Some(value()?.into()),
                "listen" => said.listen = Some(address(name, value()?)?),
                "advertised" => said.advertised = Some(address(name, value()?)?),
                "config" => {
                    let setting = value()?;
                    let (key, value) = setting.split_once('=').ok_or_else(|| {
                        format!(
                            "--config {setting} is not NAME=VALUE, such as log.retention.ms=60000"
                        )
                    })?;
                    said.set("config", key, value)?;
                }
                _ => {
                    let setting = setting(name).ok_or_else(|| {
                        format!(
                            "serve has no --{name}; kafka-playground serve --help names what it has"
                        )
                    })?;
                    said.set(name, setting, value()?)?;
                }
            }
        }
        Ok(said)
    }

    fn set(&mut self, option: &str, name: &str, value: &str) -> Result<(), String> {
        if kafka::has(name) {
            return Err(format!(
                "--{option}: Kafka has {name}; it is not modelled here, and would do nothing"
            ));
        }
        let set = broker::Config::default().set(name, value);
        set.map_err(|sentence| format!("--{option}: {sentence}"))?;
        self.settings.push((name.to_owned(), value.to_owned()));
        Ok(())
    }
}

/// Options that are settings of brokers under another name.
fn setting(option: &str) -> Option<&'static str> {
    Some(match option {
        "num-partitions" => "num.partitions",
        "replication-factor" => "default.replication.factor",
        "auto-create" => "auto.create.topics.enable",
        "group-initial-rebalance-delay" => "group.initial.rebalance.delay.ms",
        _ => return None,
    })
}

fn number<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, String> {
    let number = value.parse();
    number.map_err(|_| format!("--{name} {value}: that is no number that fits"))
}

fn address(name: &str, value: &str) -> Result<Address, String> {
    let address = Address::parse(value);
    address
        .ok_or_else(|| format!("--{name} {value}: that is not an address such as 127.0.0.1:9092"))
}

/// A plan, its seed, and that it is one.
fn read_plan(file: &PathBuf) -> Result<(Plan, Seed, bool), String> {
    let name = file.display();
    let text = std::fs::read_to_string(file).map_err(|error| format!("--plan {name}: {error}"))?;
    let script =
        script::parse(&text).map_err(|unreadable| format!("--plan {name}: {unreadable}"))?;
    if let Some(line) = script.lines.first() {
        return Err(format!(
            "--plan {name}: line {} does something; a plan only describes, and lines to do come over standard input",
            line.number
        ));
    }
    if !script.plan.advertised.is_empty() {
        return Err(format!(
            "--plan {name}: advertised= is what --listen and --advertised say"
        ));
    }
    let socket = |client: &&ClientPlan| matches!(client.id, ProcessId::Socket(_));
    if let Some(socket) = script.plan.clients.iter().find(socket) {
        return Err(format!(
            "--plan {name}: socket {} is for a script that says its bytes; here sockets are those of the clients that connect",
            socket.id
        ));
    }
    Ok((script.plan, script.seed, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(words: &[&str]) -> String {
        Options::read(words).err().unwrap_or_default()
    }

    #[test]
    fn what_cannot_be_is_refused_in_a_sentence() {
        for (words, part) in [
            (&["--brokers", "0"][..], "a world has 1 to 9"),
            (&["--brokers", "many"], "--brokers many: that is no number"),
            (&["--listen", "9092"], "that is not an address such as"),
            (&["--listen", "127.0.0.1:65534"], "3 brokers need 3 ports"),
            (&["--config", "retention"], "is not NAME=VALUE"),
            (
                &["--config", "log.retention.byte=1"],
                "is not a setting of a broker",
            ),
            (
                &["--auto-create", "perhaps"],
                "--auto-create: Invalid value perhaps for configuration auto.create.topics.enable",
            ),
            (
                &["--config", "transaction.state.log.replication.factor=1"],
                "Kafka has transaction.state.log.replication.factor; it is not modelled here",
            ),
            (
                &["--replication-factor", "5"],
                "default.replication.factor=5: a partition has a replica on each broker at the most, and there will be 3",
            ),
            (
                &["--num-partitions", "100000"],
                "num.partitions=100000: a topic has 1000 partitions at the most",
            ),
            (&["--colour", "blue"], "serve has no --colour"),
            (&["9092"], "9092 is no option of serve"),
            (&["--seed"], "--seed needs a value"),
            (&["--plan", "/no/such/file"], "--plan /no/such/file: "),
        ] {
            let refusal = refusal(words);
            assert!(refusal.contains(part), "{words:?}: {refusal}");
        }
    }

    #[test]
    fn every_run_has_a_seed_of_its_own_unless_it_is_told() {
        let seed = |words: &[&str]| Options::read(words).map(|options| options.seed);
        assert_ne!(seed(&[]), seed(&[]));
        assert_eq!(seed(&["--seed", "7"]), Ok(Seed(7)));
    }
}
