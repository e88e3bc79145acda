//! Actions back to lines.

use std::fmt::Write as _;

use super::token::{quote, value};
use super::verbs::target;
use crate::fact::Crash;
use crate::model::{ProcessId, TopicName, TopicPartition};
use crate::process::{Configured, Election, Errand, Instruction, SeekTo};
use crate::rng::Seed;
use crate::time::Duration;
use crate::world::plan::Start;
use crate::world::{
    ClientPlan, ClockSetting, Command, DiskState, End, Links, Place, Plan, Stamped, TopicPlan, Ways,
};

/// A plan, a seed and commands as a script that leads to `until`, if that is not where the last command leads.
pub fn print(plan: &Plan, seed: Seed, commands: &[Stamped], until: Option<Place>) -> String {
    let mut text = print_plan(plan, seed);
    let mut here = None;
    for stamped in commands {
        let place = stamped.place;
        if here != Some(place) {
            let _ = writeln!(text, "at {}+{}", place.at, place.steps);
            here = Some(place);
        }
        let _ = writeln!(text, "{}", print_command(&stamped.command));
    }
    let _ = match until {
        Some(Place { at, steps }) if steps < u32::MAX => writeln!(text, "at {at}+{steps}"),
        Some(Place { at, .. }) => writeln!(text, "at {at}"),
        None => Ok(()),
    };
    text
}

/// A plan and a seed as the lines that describe a world.
pub fn print_plan(plan: &Plan, seed: Seed) -> String {
    let ids: Vec<String> = plan.brokers.iter().map(ToString::to_string).collect();
    let plain = plan
        .brokers
        .iter()
        .enumerate()
        .all(|(i, id)| id.0 == i as i32 + 1);
    let brokers = if plain {
        ids.len().to_string()
    } else {
        format!("{},", ids.join(","))
    };
    let mut text = format!("world brokers={}", brokers.trim_end_matches(','));
    if plan.start == Start::Cold {
        text.push_str(" start=cold");
    }
    if plan.zookeeper != Plan::default().zookeeper {
        let _ = write!(text, " zookeeper={}", plan.zookeeper);
    }
    let _ = write!(text, " seed={} latency={}", seed.0, plan.latency);
    if plan.jitter > Duration::ZERO {
        let _ = write!(text, " jitter={}", plan.jitter);
    }
    if plan.epoch != Plan::default().epoch {
        let _ = write!(text, " epoch={}", plan.epoch.0);
    }
    if !plan.advertised.is_empty() {
        let addresses = plan.advertised.iter().map(ToString::to_string);
        let list = addresses.collect::<Vec<_>>().join(",");
        let _ = write!(text, " advertised={}", value(list.as_bytes()));
    }
    for (name, setting) in &plan.zookeeper_settings {
        let _ = write!(text, " zookeeper.{name}={}", value(setting.as_bytes()));
    }
    for (name, setting) in &plan.broker_settings {
        let _ = write!(text, " {name}={}", value(setting.as_bytes()));
    }
    text.push('\n');
    for topic in &plan.topics {
        text.push_str(&print_topic(topic));
        text.push('\n');
    }
    for client in &plan.clients {
        text.push_str(&print_client(client));
        text.push('\n');
    }
    text
}

fn print_topic(topic: &TopicPlan) -> String {
    let list = |ids: &Vec<crate::model::BrokerId>| {
        ids.iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(",")
    };
    let replicas: Vec<String> = topic.replicas.iter().map(list).collect();
    let mut text = format!(
        "topic {} partitions={} replicas={}",
        topic.name,
        replicas.len(),
        replicas.join("/")
    );
    for (name, setting) in &topic.configs {
        let _ = write!(text, " {name}={}", value(setting.as_bytes()));
    }
    text
}

fn print_client(client: &ClientPlan) -> String {
    let verb = match client.id {
        ProcessId::Consumer(_) => "consumer",
        ProcessId::Admin(_) => "admin",
        ProcessId::Socket(_) => "socket",
        _ => "producer",
    };
    let mut text = format!("{verb} {}", client.id);
    if client.name.as_ref() != client.id.to_string() {
        let _ = write!(text, " name={}", value(client.name.as_bytes()));
    }
    for (name, setting) in &client.settings {
        let _ = write!(text, " {name}={}", value(setting.as_bytes()));
    }
    text
}

fn print_links(links: Links, ways: Ways) -> String {
    let end = |end: End| match end {
        End::Any => "all".to_owned(),
        End::Only(id) => id.to_string(),
        End::Brokers => "brokers".to_owned(),
        End::Clients => "clients".to_owned(),
        End::ZooKeeper => "zookeeper".to_owned(),
    };
    match (links.to, ways) {
        (End::Any, Ways::Both) => end(links.from),
        (_, Ways::Both) => format!("{}↔{}", end(links.from), end(links.to)),
        (_, Ways::One) => format!("{}→{}", end(links.from), end(links.to)),
    }
}

/// So many bytes of a socket are written out where a command is noted.
const NOTED_BYTES: usize = 64;

/// One command as the journal keeps it: as its line, except that of many bytes only the first stand there,
/// and how many there were.
pub fn note_command(command: &Command) -> String {
    match command {
        Command::WriteSocket { socket, bytes } if bytes.len() > NOTED_BYTES => {
            let first = Command::WriteSocket {
                socket: *socket,
                bytes: bytes.slice(..NOTED_BYTES),
            };
            format!("{}… {} bytes", print_command(&first), bytes.len())
        }
        command => print_command(command),
    }
}

/// One command as the line that gives it.
pub fn print_command(command: &Command) -> String {
    match command {
        Command::Tell {
            client,
            instruction,
        } => print_instruction(*client, instruction),
        Command::AddClient(client) => print_client(client),
        Command::Hold { links, ways } => format!("hold {}", print_links(*links, *ways)),
        Command::Release { links, ways } => format!("release {}", print_links(*links, *ways)),
        Command::Latency {
            links,
            ways,
            latency,
        } => {
            let span = latency.map_or("default".to_owned(), |span| span.to_string());
            format!("latency {} {span}", print_links(*links, *ways))
        }
        Command::Cut { links, ways } => format!("cut {}", print_links(*links, *ways)),
        Command::Heal { links, ways } => format!("heal {}", print_links(*links, *ways)),
        Command::Reset { links } => format!("reset {}", print_links(*links, Ways::Both)),
        Command::Kill {
            process,
            crash: Crash::Process,
        } => format!("kill {process}"),
        Command::Kill {
            process,
            crash: Crash::Machine,
        } => format!("kill {process} lossy"),
        Command::Stop { process } => format!("stop {process}"),
        Command::Restart { process } => format!("restart {process}"),
        Command::Expire { process } => format!("expire {process}"),
        Command::Freeze { process } => format!("freeze {process}"),
        Command::Thaw { process } => format!("thaw {process}"),
        Command::Disk { broker, state } => match state {
            DiskState::Fine => format!("disk {broker} fine"),
            DiskState::Slow(takes) => format!("disk {broker} slow={takes}"),
            DiskState::Fails => format!("disk {broker} fails"),
        },
        Command::Clock { host, setting } => match setting {
            ClockSetting::Right => format!("clock {host} right"),
            ClockSetting::Drift(ppm) => format!("clock {host} drift={ppm}ppm"),
            ClockSetting::Ahead(micros) => {
                let sign = if *micros < 0 { '-' } else { '+' };
                let span = Duration::from_micros(micros.unsigned_abs());
                format!("clock {host} {sign}{span}")
            }
        },
        Command::OpenSocket { socket, to, from } => match from {
            Some(from) => format!("connect {socket} {to} from={from}"),
            None => format!("connect {socket} {to}"),
        },
        Command::WriteSocket { socket, bytes } => {
            let mut text = format!("bytes {socket} ");
            text.reserve(2 * bytes.len());
            let digit = |half: u8| char::from(b"0123456789abcdef"[usize::from(half)]);
            text.extend(
                bytes
                    .iter()
                    .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]),
            );
            text
        }
        Command::CloseSocket { socket } => format!("close {socket}"),
    }
}

fn print_instruction(client: ProcessId, instruction: &Instruction) -> String {
    match instruction {
        Instruction::Produce {
            topic,
            partition,
            record,
        } => {
            let plain = match partition {
                Some(partition) => format!("{topic}-{partition}"),
                None => topic.to_string(),
            };
            // A topic whose own name ends in a number would read as a partition.
            let mut text = match target(&plain) {
                Ok((name, at)) if (&name, &at) == (topic, partition) => {
                    format!("produce {client} {plain}")
                }
                _ => {
                    let name = value(topic.as_str().as_bytes());
                    let mut text = format!("produce {client} topic={name}");
                    if let Some(partition) = partition {
                        let _ = write!(text, " partition={partition}");
                    }
                    text
                }
            };
            if let Some(key) = &record.key {
                let _ = write!(text, " key={}", value(key));
            }
            if let Some(timestamp) = record.timestamp {
                let _ = write!(text, " timestamp={}", timestamp.0);
            }
            for (name, header) in &record.headers {
                let _ = write!(
                    text,
                    " header.{name}={}",
                    value(header.as_deref().unwrap_or_default())
                );
            }
            match &record.value {
                Some(bytes) => text + " " + &quote(bytes),
                None => text + " null",
            }
        }
        Instruction::StartLoad(load) => {
            let mut text = format!("load {client} {} every={}", load.topic, load.interval);
            let _ = match load.burst {
                1 => Ok(()),
                burst => write!(text, " burst={burst}"),
            };
            if !load.keys.is_empty() {
                let _ = write!(text, " keys={}", value(load.keys.join(",").as_bytes()));
            }
            let _ = write!(text, " size={}", load.value_size);
            if let Some(every) = load.tombstones {
                let _ = write!(text, " tombstones={every}");
            }
            if let Some(limit) = load.limit {
                let _ = write!(text, " limit={limit}");
            }
            text
        }
        Instruction::StopLoad => format!("stop-load {client}"),
        Instruction::Assign { partitions } => print_named("assign", client, partitions),
        Instruction::Seek { partition, to } => match to {
            SeekTo::Beginning => format!("seek {client} {partition} beginning"),
            SeekTo::End => format!("seek {client} {partition} end"),
            SeekTo::Offset(offset) => format!("seek {client} {partition} {offset}"),
        },
        Instruction::Commit => format!("commit {client}"),
        Instruction::Pause { partitions } => print_named("pause", client, partitions),
        Instruction::Resume { partitions } => print_named("resume", client, partitions),
        Instruction::CreateTopic {
            topic,
            partitions,
            replication_factor,
            configs,
        } => {
            let mut text = format!(
                "create-topic {client} {topic} partitions={partitions} replication={replication_factor}"
            );
            for (name, setting) in configs {
                let _ = write!(text, " {name}={}", value(setting.as_bytes()));
            }
            text
        }
        Instruction::Administer(errand) => print_errand(client, errand),
        Instruction::ExpireSession(_) => format!("expire {client}"),
        Instruction::Configure {
            name,
            value: setting,
        } => {
            format!("set {client} {name}={}", value(setting.as_bytes()))
        }
    }
}

/// What is done to partitions that a consumer reads.
fn print_named(verb: &str, client: ProcessId, partitions: &[TopicPartition]) -> String {
    let names = partitions.iter().map(|partition| format!(" {partition}"));
    format!("{verb} {client}{}", names.collect::<String>())
}

/// What has settings; a topic whose name means something else, or is none, is said to be one.
fn configured(of: &Configured) -> String {
    let name = of.to_string();
    match Configured::parse(&name) == *of && TopicName::check(&name).is_ok() {
        true => name,
        false => format!("topic={}", value(name.as_bytes())),
    }
}

fn print_errand(client: ProcessId, errand: &Errand) -> String {
    match errand {
        Errand::DeleteTopic { topic } => format!("delete-topic {client} {topic}"),
        Errand::AddPartitions { topic, count } => {
            format!("add-partitions {client} {topic} {count}")
        }
        Errand::Move {
            partition,
            replicas: None,
        } => format!("move {client} {partition} cancel"),
        Errand::Move {
            partition,
            replicas: Some(ids),
        } => {
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            format!("move {client} {partition} {}", ids.join(","))
        }
        Errand::Alter { of, configs } => {
            let mut text = format!("alter {client} {}", configured(of));
            for (name, setting) in configs {
                let _ = match setting {
                    Some(setting) => write!(text, " {name}={}", value(setting.as_bytes())),
                    None => write!(text, " {name}"),
                };
            }
            text
        }
        Errand::Describe { of, names } => {
            let mut text = format!("describe {client} {}", configured(of));
            for name in names {
                let _ = write!(text, " {name}");
            }
            text
        }
        Errand::DeleteRecords { partition, before } => {
            let before = before.map_or("end".to_owned(), |before| before.to_string());
            format!("delete-records {client} {partition} {before}")
        }
        Errand::Elect {
            partition,
            election,
        } => {
            let election = match election {
                Election::Preferred => "preferred",
                Election::Unclean => "unclean",
            };
            format!("elect {client} {partition} {election}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Action, parse_line, print_command};

    #[test]
    fn topics_that_are_none_read_back_too() {
        for line in [
            "produce p1 orders \"a\"",
            "produce p1 orders-0 \"a\"",
            "produce p1 topic=orders-0 \"a\"",
            "produce p1 topic=orders-0 partition=1 \"a\"",
            "produce p1 topic=orders partition=-1 \"a\"",
            "produce p1 topic=\"or ders\" partition=1 \"a\"",
            "produce p1 topic=\"\" null",
            "alter a1 topic=\"or ders\" retention.ms=1",
            "describe a1 topic=b1 retention.ms",
        ] {
            let read = parse_line(line).expect(line);
            let Action::Command(command) = &read else {
                panic!("{line} is a command");
            };
            let printed = print_command(command);
            assert_eq!(parse_line(&printed), Ok(read), "{printed}");
        }
    }

    #[test]
    fn what_a_consumer_pauses_reads_back_with_its_partitions_and_without() {
        for line in [
            "pause c1",
            "resume c1",
            "pause c1 orders-0 payments-11",
            "resume c1 orders-0",
        ] {
            let Ok(Action::Command(command)) = parse_line(line) else {
                panic!("{line} is a command");
            };
            assert_eq!(print_command(&command), line);
        }
        let told = |line: &str| parse_line(line).expect_err(line);
        assert!(told("pause c1 orders").contains("orders"));
        assert!(told("pause b1 orders-0").contains("freeze b1"));
    }

    #[test]
    fn where_a_socket_is_reads_back_whether_or_not_it_is_said() {
        for line in [
            "connect s1 b1",
            "connect s1 b1 from=127.0.0.2",
            "connect s1 b1 from=0:0:0:0:0:0:0:1",
        ] {
            let Ok(Action::Command(command)) = parse_line(line) else {
                panic!("{line} is a command");
            };
            assert_eq!(print_command(&command), line);
        }
    }
}
