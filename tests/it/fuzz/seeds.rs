//! What the fuzz targets begin with: made of the wire vectors, of the golden scripts, and of short conversations.

use std::collections::BTreeSet;

use kafka_playground::client::config::{ConsumerConfig, ProducerConfig};
use kafka_playground::protocol::api::create_topics::CreatableTopic;
use kafka_playground::protocol::api::fetch::{FetchPartition, FetchTopic};
use kafka_playground::protocol::api::join_group::JoinGroupRequestProtocol;
use kafka_playground::protocol::api::offset_commit::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_playground::protocol::api::produce::{PartitionProduceData, TopicProduceData};
use kafka_playground::protocol::api::{
    CreateTopicsRequest, FetchRequest, HeartbeatRequest, InitProducerIdRequest, JoinGroupRequest,
    LeaveGroupRequest, OffsetCommitRequest, ProduceRequest, SyncGroupRequest,
};
use kafka_playground::protocol::consumer_protocol::{Assignment, StickyData, Subscription};
use kafka_playground::protocol::records::{BatchBuilder, Codec, Header};
use kafka_playground::protocol::{ApiKey, Audience, Chunks, Request, encode_request};
use kafka_playground::script::link;
use kafka_playground::{broker, log};

use super::batches::Made;
use super::frames::{Act, BETWEEN};
use super::messages::As;
use crate::golden::SCRIPTS;
use crate::wire::vectors::wire::{self, Name, Side, VECTORS};

/// Bytes to begin with.
pub struct Seed {
    pub name: String,
    pub bytes: Vec<u8>,
}

fn seed(name: &str, parts: &[&[u8]]) -> Seed {
    Seed {
        name: name.replace('/', "-"),
        bytes: parts.concat(),
    }
}

/// The place of an API in the table, and how far a version is from its first.
fn named(api: ApiKey, version: i16) -> [u8; 2] {
    let place = ApiKey::ALL.iter().position(|known| *known == api);
    let place = place.expect("it is in the table") as u8;
    [place, (version - api.versions().start()) as u8]
}

pub fn messages() -> Vec<Seed> {
    let place = |kind| As::ALL.iter().position(|known| *known == kind);
    let first = |kind| [place(kind).expect("it is one of them") as u8];
    let mut seeds = Vec::new();
    for (name, text) in VECTORS {
        let Name { api, version, side } = Name::parse(name);
        let frame = wire::frame(text).to_vec();
        seeds.push(match side {
            Side::Request => seed(name, &[&first(As::Request), &frame[4..]]),
            Side::Response => {
                let named = named(api, version);
                seed(name, &[&first(As::Response), &named, &frame[4..]])
            }
        });
        if version == api.newest() && side == Side::Request {
            let stream = [&frame[..], &frame[..]].concat();
            let name = format!("{name}-stream");
            seeds.push(seed(&name, &[&first(As::Stream), &[6], &stream]));
            let choices: Vec<u8> = (0..120).map(|n: u8| n.wrapping_mul(37)).collect();
            let name = format!("{name}-choices");
            let named = named(api, version);
            seeds.push(seed(&name, &[&first(As::Choices), &named, &choices]));
        }
    }
    let assignment = Assignment::default().write(0);
    let sticky = StickyData::new(Vec::new(), 3).write();
    let subscription = subscription();
    // A group, a topic and a partition; an offset, its metadata and its time.
    let key = [0, 0, 1, b'g', 0, 1, b'a', 0, 0, 0, 0];
    let value = [0, 0, 0, 0, 0, 0, 0, 5, 0, 1, b'm', 0, 0, 0, 0, 0, 0, 0, 9];
    seeds.push(seed(
        "subscription",
        &[&first(As::Subscription), &subscription],
    ));
    seeds.push(seed("assignment", &[&first(As::Assignment), &assignment]));
    seeds.push(seed("sticky", &[&first(As::Assignment), &sticky]));
    seeds.push(seed("offset-key", &[&first(As::Offsets), &key]));
    seeds.push(seed("offset-value", &[&first(As::Offsets), &[0], &value]));
    seeds
}

fn subscription() -> Vec<u8> {
    let subscription = Subscription {
        topics: vec!["a".into()],
        ..Subscription::default()
    };
    subscription.write(3).to_vec()
}

fn batch(codec: Codec, records: i64) -> BatchBuilder {
    let mut batch = BatchBuilder::new(codec);
    for number in 0..records {
        let header = Header {
            key: "h".into(),
            value: Some("x".into()),
        };
        let value = format!("value {number}, and once more value {number}");
        let key = [b'k', number as u8 % 2];
        let value = Some(value.as_bytes()).filter(|_| number % 3 != 2);
        let time = 1_700_000_000_000 + number;
        batch.append(time, Some(&key), value, &[header]);
    }
    batch
}

pub fn batches() -> Vec<Seed> {
    let place = |made| Made::ALL.iter().position(|known| *known == made);
    let first = |made| place(made).expect("it is one of them") as u8;
    let mut seeds = Vec::new();
    for codec in Codec::ALL {
        for records in [1, 4] {
            for topic in [0, 2, 0x17] {
                let mut numbered = batch(codec, records);
                numbered.set_producer(7, 0, 0);
                let whole = numbered.build().to_vec();
                let name = format!("{}-{records}-{topic}", codec.name());
                let start = [first(Made::AsTheyAre), topic];
                seeds.push(seed(&name, &[&start, &whole, &whole]));
                let length = (whole.len() as u16 - 61).to_be_bytes();
                let start = [first(Made::Right), topic];
                let name = format!("{name}-right");
                seeds.push(seed(&name, &[&start, &length, &whole, &length, &whole]));
            }
        }
        let records: Vec<u8> = (0..4)
            .flat_map(|n| [100 + n, 3, b'k', n % 2, 4, b'v', b'v', b'v', n, 2, b'h', 0])
            .collect();
        let start = [first(Made::ByAProducer), 3, codec.code() as u8, 4];
        let name = format!("{}-made", codec.name());
        let more = [128 + codec.code() as u8, 1, 4];
        seeds.push(seed(&name, &[&start, &records, &more, &records]));
    }
    seeds
}

/// Golden scripts without what they showed; those of many lines are cut.
pub fn scripts() -> Vec<Seed> {
    let mut seeds = Vec::new();
    for (name, text) in SCRIPTS {
        let mut shown = false;
        let lines = text.lines().filter(|line| {
            shown = (shown || line.trim() == "---") && !line.is_empty();
            !shown && !line.is_empty() && !line.starts_with('#')
        });
        let lines: Vec<&str> = lines.take(30).collect();
        let script = lines.join("\n");
        seeds.push(seed(name, &[script.as_bytes()]));
    }
    let packed = link::pack(&String::from_utf8_lossy(&seeds[0].bytes));
    seeds.push(seed("a-link", &[packed.as_bytes()]));
    seeds
}

/// The words of scripts, as libFuzzer takes a dictionary: those of the golden ones, and the names of all settings.
pub fn words() -> String {
    let mut words: BTreeSet<String> = BTreeSet::new();
    for one in scripts() {
        let text = String::from_utf8_lossy(&one.bytes).into_owned();
        words.extend(text.split_whitespace().map(str::to_owned));
        let names = text
            .split_whitespace()
            .filter_map(|word| word.split_once('='));
        words.extend(names.map(|(name, _)| format!("{name}=")));
    }
    let brokers = broker::settings::settings();
    let names = brokers.iter().map(|setting| setting.name);
    let names = names.chain(log::setting::SETTINGS.iter().map(|setting| setting.name));
    let names = names.chain(ProducerConfig::NAMES.iter().copied());
    let names = names.chain(ConsumerConfig::NAMES.iter().copied());
    words.extend(names.map(|name| format!("{name}=")));
    let plain = words.iter().filter(|word| {
        let plain = |c: char| c.is_ascii_graphic() && c != '"' && c != '\\';
        word.len() < 48 && word.chars().all(plain)
    });
    plain.map(|word| format!("\"{word}\"\n")).collect()
}

/// An act of a stranger: a request.
fn ask<R: Request>(stranger: u8, request: &R, version: i16) -> Vec<u8> {
    let frame = encode_request(request, version, 1, Some("s")).to_vec();
    [&[Act::Ask.byte(stranger)], &frame[4..]].concat()
}

fn wait(millis: u16) -> Vec<u8> {
    [&[Act::Wait.byte(0)], &millis.to_be_bytes()[..]].concat()
}

fn produce(topic: &str, batch: BatchBuilder, acks: i16) -> ProduceRequest {
    let partition = PartitionProduceData {
        index: 0,
        records: Some(Chunks::from(batch.build())),
    };
    ProduceRequest {
        acks,
        timeout_ms: 1_000,
        topic_data: vec![TopicProduceData {
            name: topic.into(),
            partition_data: vec![partition],
        }],
        ..ProduceRequest::default()
    }
}

fn fetch(topic: &str, session: (i32, i32)) -> FetchRequest {
    let partition = FetchPartition {
        partition_max_bytes: 1_000,
        ..FetchPartition::default()
    };
    let mut topic = FetchTopic {
        topic: topic.into(),
        partitions: vec![partition],
        ..FetchTopic::default()
    };
    topic.topic_id.0[0] = 1;
    FetchRequest {
        max_wait_ms: 100,
        min_bytes: 1,
        session_id: session.0,
        session_epoch: session.1,
        topics: vec![topic],
        ..FetchRequest::default()
    }
}

fn join(member: &str) -> JoinGroupRequest {
    JoinGroupRequest {
        group_id: "g".into(),
        session_timeout_ms: 6_000,
        rebalance_timeout_ms: 1_000,
        member_id: member.into(),
        protocol_type: "consumer".into(),
        protocols: vec![JoinGroupRequestProtocol {
            name: "range".into(),
            metadata: subscription().into(),
        }],
        ..JoinGroupRequest::default()
    }
}

fn conversation(name: &str, acts: &[Vec<u8>]) -> Seed {
    Seed {
        name: name.to_owned(),
        bytes: acts.join(&BETWEEN[..]),
    }
}

fn member(version: i16) -> Seed {
    let sync = SyncGroupRequest {
        group_id: "g".into(),
        member_id: "m".into(),
        protocol_type: Some("consumer".into()),
        protocol_name: Some("range".into()),
        ..SyncGroupRequest::default()
    };
    let beat = HeartbeatRequest {
        group_id: "g".into(),
        member_id: "m".into(),
        ..HeartbeatRequest::default()
    };
    let commit = OffsetCommitRequest {
        group_id: "g".into(),
        member_id: "m".into(),
        generation_id_or_member_epoch: 0,
        topics: vec![OffsetCommitRequestTopic {
            name: "a".into(),
            partitions: vec![OffsetCommitRequestPartition {
                committed_offset: 3,
                ..OffsetCommitRequestPartition::default()
            }],
        }],
        ..OffsetCommitRequest::default()
    };
    let leave = LeaveGroupRequest {
        group_id: "g".into(),
        member_id: "m".into(),
        ..LeaveGroupRequest::default()
    };
    let mut acts = vec![ask(0, &find(), 0), wait(1_000)];
    // Whoever coordinates: the same to all three.
    for stranger in 0..3 {
        acts.extend([
            ask(stranger, &join(""), version),
            ask(stranger, &join("m"), version),
            wait(300),
            ask(stranger, &sync, version.min(5)),
            ask(stranger, &beat, version.min(4)),
            ask(stranger, &commit, version),
            ask(stranger, &leave, version.min(2)),
        ]);
    }
    conversation(&format!("a-member-{version}"), &acts)
}

fn find() -> kafka_playground::protocol::api::FindCoordinatorRequest {
    kafka_playground::protocol::api::FindCoordinatorRequest {
        key: "g".into(),
        ..Default::default()
    }
}

pub fn frames() -> Vec<Seed> {
    let mut seeds = Vec::new();
    for (name, text) in VECTORS {
        let Name { api, version, side } = Name::parse(name);
        let is_asked = side == Side::Request && api.audience() == Audience::Clients;
        let is_an_end = version == *api.versions().start() || version == api.newest();
        if is_asked && is_an_end {
            let frame = wire::frame(text).to_vec();
            seeds.push(seed(
                name,
                &[&[Act::Ask.byte(version as u8 % 3)], &frame[4..]],
            ));
        }
    }
    let apis = ApiKey::ALL.iter();
    let apis = apis.filter(|api| api.audience() == Audience::Clients);
    for (place, api) in apis.enumerate() {
        // Every list has one element, and every text one letter.
        let choices: Vec<u8> = [[0, 1], [0, 2], [0, 0]].concat().repeat(10);
        let newest = named(*api, api.newest())[1];
        let start = [Act::Choose.byte(place as u8 % 3), place as u8, newest];
        seeds.push(seed(&format!("{}-chosen", api.name()), &[&start, &choices]));
    }
    for version in [0, 3, 9] {
        seeds.push(member(version));
    }
    let numbered = |sequence| {
        let mut batch = batch(Codec::Lz4, 2);
        batch.set_producer(0, 0, sequence);
        batch
    };
    let begins = InitProducerIdRequest::default();
    for stranger in 0..3 {
        let acts = [
            ask(stranger, &begins, 4),
            ask(stranger, &produce("a", numbered(0), -1), 9),
            ask(stranger, &produce("a", numbered(0), -1), 9),
            ask(stranger, &produce("b", numbered(0), 1), 3),
            ask(stranger, &produce("a", numbered(2), 0), 7),
            ask(stranger, &fetch("a", (0, 0)), 12),
            ask(stranger, &fetch("a", (1, 1)), 16),
            ask(stranger, &fetch("a", (1, 1)), 7),
            wait(3_000),
        ];
        seeds.push(conversation(&format!("a-producer-{stranger}"), &acts));
    }
    let topic = CreatableTopic {
        name: "c".into(),
        num_partitions: 2,
        replication_factor: 2,
        ..CreatableTopic::default()
    };
    let create = CreateTopicsRequest {
        topics: vec![topic],
        timeout_ms: 1_000,
        ..CreateTopicsRequest::default()
    };
    let acts = [
        ask(0, &create, 5),
        vec![Act::Kill.byte(0), 0],
        ask(1, &create, 7),
        vec![Act::Connect.byte(0), 2],
        wait(4_000),
        vec![Act::Kill.byte(0), 0],
        vec![Act::Bytes.byte(2), 0, 0, 0, 9, 0, 18],
        vec![Act::Bytes.byte(2), 0, 0, 0, 0, 0, 1, 0xff, 0xff],
        vec![Act::Frame.byte(1), 0, 3, 0, 99],
    ];
    seeds.push(conversation("an-administrator", &acts));
    seeds
}
