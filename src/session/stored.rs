//! What can be done to what a topic stores: its settings changed while it runs, records deleted, a tombstone sent.
//!
//! Each is what an admin client or a producer is told to do, so it goes to the brokers as a request like any other, is a line
//! of the script, and can be taken back. Where there is no admin client yet, the first command brings one.
//!
//! Laws: what Kafka would refuse is refused here first, with a sentence that says what it takes; what is told of a
//! setting is what a broker answers to DescribeConfigs.

use bytes::Bytes;

use crate::broker::{Broker, Partition};
use crate::controller::znodes;
use crate::log::LogConfig;
use crate::log::setting::{self, Effect};
use crate::model::{Offset, ProcessId, Text, TopicName, TopicPartition};
use crate::process::{Configured, Errand, Instruction, NewRecord};
use crate::sorted::SortedMap;
use crate::stage::Thing;
use crate::world::{ClientPlan, Command, World};

/// Who says what a setting is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Topic,
    /// The broker, while it runs.
    Broker,
    /// All brokers, while they run.
    Brokers,
    /// The broker's file.
    File,
    Default,
}

impl Source {
    fn of(number: i8) -> Source {
        match number {
            1 => Source::Topic,
            2 => Source::Broker,
            3 => Source::Brokers,
            4 => Source::File,
            _ => Source::Default,
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Source::Topic => "set by the topic",
            Source::Broker => "set for the broker while it runs",
            Source::Brokers => "set for all brokers while they run",
            Source::File => "from the broker's file",
            Source::Default => "Kafka's default",
        }
    }
}

/// A setting of a topic as a broker tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub name: &'static str,
    pub value: String,
    pub source: Source,
    /// What it is good for.
    pub about: &'static str,
}

/// How a setting is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// Something typed; the unit behind it.
    Typed(&'static str),
}

/// A setting that can be changed by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Changeable {
    pub name: &'static str,
    pub form: Form,
    /// What it takes, as a sentence goes on.
    pub takes: &'static str,
}

const fn typed(name: &'static str, unit: &'static str, takes: &'static str) -> Changeable {
    let form = Form::Typed(unit);
    Changeable { name, form, takes }
}

const POLICIES: &[&str] = &["delete", "compact", "compact,delete"];
const CLOCKS: &[&str] = &["CreateTime", "LogAppendTime"];
const SPAN_OR_NONE: &str = "a whole number of milliseconds from 0, or -1 for no limit";
const SPAN: &str = "a whole number of milliseconds from 0";

/// The settings that say how long records stay, in the order in which they are shown.
pub const CHANGEABLE: [Changeable; 8] = [
    Changeable {
        name: "cleanup.policy",
        form: Form::Choice(POLICIES),
        takes: "delete, compact, or compact,delete",
    },
    typed("retention.ms", "ms", SPAN_OR_NONE),
    typed(
        "retention.bytes",
        "bytes",
        "a whole number of bytes, below 0 for no limit",
    ),
    typed(
        "segment.bytes",
        "bytes",
        "a whole number of bytes from 14 to 2147483647",
    ),
    typed("segment.ms", "ms", "a whole number of milliseconds from 1"),
    typed(
        "min.cleanable.dirty.ratio",
        "of 1",
        "a decimal number from 0 to 1",
    ),
    typed("delete.retention.ms", "ms", SPAN),
    Changeable {
        name: "message.timestamp.type",
        form: Form::Choice(CLOCKS),
        takes: "CreateTime or LogAppendTime",
    },
];

/// The topic that a thing is, or that it belongs to.
pub fn topic_of(thing: &Thing) -> Option<&TopicName> {
    match thing {
        Thing::Topic(topic) => Some(topic),
        Thing::Partition(partition) | Thing::Replica(partition, _) => Some(&partition.topic),
        _ => None,
    }
}

/// Every setting of a topic that has an effect, as a broker would tell it now; none where no broker serves.
pub fn settings(world: &World, topic: &TopicName) -> Vec<Told> {
    let Some(broker) = teller(world, topic) else {
        return Vec::new();
    };
    let told = broker.topic_settings(&own(world, topic));
    let told = told.into_iter().filter_map(|told| {
        let setting = setting::find(&told.name).filter(|one| one.effect == Effect::Real)?;
        Some(Told {
            name: setting.name,
            value: told.value.map_or(String::new(), |value| value.to_string()),
            source: Source::of(told.config_source),
            about: setting.about,
        })
    });
    told.collect()
}

/// The leader of the topic's first partition, or else any broker that serves.
fn teller<'a>(world: &'a World, topic: &TopicName) -> Option<&'a Broker> {
    let first = TopicPartition {
        topic: topic.clone(),
        partition: 0,
    };
    world.cluster().topic(topic)?;
    let leader = world.cluster().partition(&first).map(|state| state.leader);
    let leader = leader.and_then(|leader| world.broker_by_id(leader));
    leader.or_else(|| world.brokers().find(|broker| broker.is_serving()))
}

/// What a topic has set itself, as ZooKeeper has it.
fn own(world: &World, topic: &TopicName) -> Vec<(Text, Text)> {
    let path = znodes::config_path(topic);
    let data = world.zookeeper_tree().and_then(|tree| tree.get(&path));
    data.and_then(|(data, _)| znodes::read_configs(data))
        .unwrap_or_default()
}

/// The commands that set a setting of a topic or, without a value, give back what counts without it.
///
/// # Errors
/// What the setting takes, or that nothing would change.
pub fn change(
    world: &World,
    topic: &TopicName,
    name: &str,
    value: Option<&str>,
) -> Result<Vec<Command>, String> {
    let own = own(world, topic);
    let now = own.iter().find(|(known, _)| **known == *name);
    let value = value.map(str::trim);
    match value {
        None if now.is_none() => {
            return Err(format!("{topic} does not set {name} itself."));
        }
        None => {}
        Some(value) => {
            // An empty policy is one, but not what somebody means who says nothing.
            if value.is_empty() || LogConfig::default().set(name, value).is_err() {
                return Err(refusal(name, value));
            }
            if now.is_some_and(|(_, now)| **now == *value) {
                return Err(format!("{name} of {topic} is {value} already."));
            }
        }
    }
    let configs = vec![(Text::from(name), value.map(Text::from))];
    let of = Configured::Topic(topic.clone());
    Ok(by_admin(world, Errand::Alter { of, configs }))
}

fn refusal(name: &str, value: &str) -> String {
    let known = CHANGEABLE.iter().find(|one| one.name == name);
    let takes = known.map_or("another value", |one| one.takes);
    match value {
        "" => format!("{name} takes {takes}."),
        value => format!("{name} takes {takes}; {value} is none."),
    }
}

/// The commands that have everything before an offset deleted; `end` is everything that is committed.
///
/// # Errors
/// Which offsets can be taken, or why none can.
pub fn delete_records(
    world: &World,
    partition: &TopicPartition,
    before: &str,
) -> Result<Vec<Command>, String> {
    let leader = leading(world, partition).ok_or_else(|| {
        format!("{partition} has no leader now: only a leader can delete records.")
    })?;
    let policy = leader.config().cleanup_policy;
    if !policy.deletes() {
        let topic = &partition.topic;
        let what = match policy.compacts() {
            true => "is only compacted",
            false => "keeps everything",
        };
        return Err(format!(
            "{topic} {what}: its leader deletes on request where cleanup.policy has delete."
        ));
    }
    let (start, end) = (leader.log_start().0, leader.high_watermark().0);
    if start == end {
        return Err(format!(
            "{partition} has nothing to delete: nothing from {start} on is committed."
        ));
    }
    let takes = format!(
        "Records are deleted before an offset from {} to {end}, the high watermark, or up to the end",
        start + 1
    );
    let before = match before.trim().trim_start_matches('@') {
        "end" => None,
        digits => match digits.parse::<i64>() {
            Ok(offset) if start < offset && offset <= end => Some(Offset(offset)),
            Ok(offset) => return Err(format!("{takes}; {offset} is none.")),
            Err(_) => return Err(format!("{takes}.")),
        },
    };
    let partition = partition.clone();
    Ok(by_admin(world, Errand::DeleteRecords { partition, before }))
}

fn leading<'a>(world: &'a World, partition: &TopicPartition) -> Option<&'a Partition> {
    let state = world.cluster().partition(partition)?;
    let held = world.broker_by_id(state.leader)?.partition(partition)?;
    held.is_leader().then_some(held)
}

/// The command that has a producer send a record without a value: its key is gone.
///
/// # Errors
/// When there is no key, or nobody to send it.
pub fn tombstone(world: &World, topic: &TopicName, key: &str) -> Result<Vec<Command>, String> {
    if key.is_empty() {
        return Err("A tombstone takes a key: it says that this key is gone.".to_owned());
    }
    let mut hosts = world.hosts().filter(|host| host.life().is_alive());
    let producer = hosts.find(|host| matches!(host.id, ProcessId::Producer(_)));
    let Some(producer) = producer else {
        return Err(
            "No producer runs: say producer p9, or restart the one that was killed.".to_owned(),
        );
    };
    let record = NewRecord {
        key: Some(Bytes::copy_from_slice(key.as_bytes())),
        value: None,
        ..NewRecord::default()
    };
    Ok(vec![Command::Tell {
        client: producer.id,
        instruction: Instruction::Produce {
            topic: topic.clone(),
            partition: None,
            record,
        },
    }])
}

/// An errand for an admin client that runs, or for one that comes for it.
fn by_admin(world: &World, errand: Errand) -> Vec<Command> {
    let admins = |alive: bool| {
        let hosts = world
            .hosts()
            .filter(move |host| host.life().is_alive() || !alive);
        hosts.filter_map(|host| match host.id {
            ProcessId::Admin(number) => Some(number),
            _ => None,
        })
    };
    let tell = |client| Command::Tell {
        client,
        instruction: Instruction::Administer(errand.clone()),
    };
    if let Some(number) = admins(true).next() {
        return vec![tell(ProcessId::Admin(number))];
    }
    let id = ProcessId::Admin(admins(false).max().map_or(1, |last| last + 1));
    let client = ClientPlan {
        id,
        name: id.to_string().into(),
        settings: SortedMap::new(),
    };
    vec![Command::AddClient(client), tell(id)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::{self, print_command};
    use crate::session::Session;
    use crate::time::Duration;

    const SCRIPT: &str = "world brokers=1 seed=1 latency=1ms log.retention.ms=600000\n\
        topic orders partitions=1 segment.bytes=400\n\
        topic carts partitions=1 cleanup.policy=compact\nproducer p1\n\
        load p1 orders every=200ms size=50 limit=8\nrun 3s\n";

    fn session() -> Session {
        Session::play_script(&script::parse(SCRIPT).unwrap()).unwrap()
    }

    fn perform(session: &mut Session, commands: Vec<Command>) -> Vec<String> {
        let lines = commands.iter().map(print_command).collect();
        for command in commands {
            session.perform(command).unwrap();
        }
        let to = session.now() + Duration::from_secs(1);
        session.seek(to);
        lines
    }

    fn told(session: &Session, topic: &TopicName, name: &str) -> (String, Source) {
        let told = settings(session.world(), topic).into_iter();
        let found = told.into_iter().find(|told| told.name == name).unwrap();
        (found.value, found.source)
    }

    #[test]
    fn a_setting_is_changed_by_an_admin_client_and_given_back() {
        let (mut session, orders) = (session(), TopicName::new("orders"));
        let retention = |session: &Session| told(session, &orders, "retention.ms");
        assert_eq!(retention(&session), ("600000".to_owned(), Source::File));
        let own = told(&session, &orders, "segment.bytes");
        assert_eq!(own, ("400".to_owned(), Source::Topic));
        let set = change(session.world(), &orders, "retention.ms", Some(" 5000 ")).unwrap();
        assert_eq!(
            perform(&mut session, set),
            ["admin a1", "alter a1 orders retention.ms=5000"]
        );
        assert_eq!(retention(&session), ("5000".to_owned(), Source::Topic));
        let again = change(session.world(), &orders, "retention.ms", Some("5000"));
        assert_eq!(
            again.unwrap_err(),
            "retention.ms of orders is 5000 already."
        );
        let back = change(session.world(), &orders, "retention.ms", None).unwrap();
        assert_eq!(
            perform(&mut session, back),
            ["alter a1 orders retention.ms"]
        );
        assert_eq!(retention(&session), ("600000".to_owned(), Source::File));
        assert!(session.undo().is_some());
        assert_eq!(retention(&session), ("5000".to_owned(), Source::Topic));
    }

    #[test]
    fn every_setting_says_what_it_takes() {
        let (session, orders) = (session(), TopicName::new("orders"));
        for one in CHANGEABLE {
            assert!(setting::find(one.name).is_some(), "{}", one.name);
            for wrong in ["", "soon", "-0.5", "1e3"] {
                let refused = change(session.world(), &orders, one.name, Some(wrong));
                let sentence = refused.expect_err(one.name);
                assert!(sentence.starts_with(one.name), "{sentence}");
                assert!(sentence.contains(one.takes), "{sentence}");
            }
            let fine: &[&str] = match one.form {
                Form::Choice(words) => words,
                Form::Typed("of 1") => &["0", "0.25", "1"],
                Form::Typed(_) => &["14", "60000"],
            };
            for value in fine {
                let done = change(session.world(), &orders, one.name, Some(value));
                assert!(done.is_ok(), "{}={value}: {done:?}", one.name);
            }
        }
    }

    #[test]
    fn records_are_deleted_where_that_can_be() {
        let mut session = session();
        let orders = TopicPartition::new("orders", 0);
        let takes = "Records are deleted before an offset from 1 to 8, the high watermark, or up to the end";
        for (before, said) in [
            ("0", format!("{takes}; 0 is none.")),
            ("9", format!("{takes}; 9 is none.")),
            ("all", format!("{takes}.")),
        ] {
            let refused = delete_records(session.world(), &orders, before);
            assert_eq!(refused.unwrap_err(), said);
        }
        let carts = TopicPartition::new("carts", 0);
        let refused = delete_records(session.world(), &carts, "end").unwrap_err();
        assert!(refused.starts_with("carts is only compacted"), "{refused}");
        let without = SCRIPT.replace("cleanup.policy=compact", "cleanup.policy=");
        let emptied = Session::play_script(&script::parse(&without).unwrap()).unwrap();
        let refused = delete_records(emptied.world(), &carts, "end").unwrap_err();
        assert!(refused.starts_with("carts keeps everything"), "{refused}");
        let done = delete_records(session.world(), &orders, "@5").unwrap();
        let lines = perform(&mut session, done);
        assert_eq!(lines, ["admin a1", "delete-records a1 orders-0 @5"]);
        let start = leading(session.world(), &orders).unwrap().log_start();
        assert_eq!(start, Offset(5));
        let all = delete_records(session.world(), &orders, "end").unwrap();
        perform(&mut session, all);
        let refused = delete_records(session.world(), &orders, "end").unwrap_err();
        assert!(refused.contains("nothing to delete"), "{refused}");
    }

    #[test]
    fn a_tombstone_has_a_key_and_no_value() {
        let (mut session, carts) = (session(), TopicName::new("carts"));
        assert!(tombstone(session.world(), &carts, "").is_err());
        let sent = tombstone(session.world(), &carts, "ann").unwrap();
        let lines = perform(&mut session, sent);
        assert_eq!(lines, ["produce p1 carts key=ann null"]);
        let held = leading(session.world(), &TopicPartition::new("carts", 0)).unwrap();
        assert_eq!(held.log_end(), Offset(1));
    }
}
