//! What travels, read from the bytes that are under way.
//!
//! A packet becomes one traveller for each partition that it carries records for or answers about. Packets
//! that carry neither, such as a fetch that asks, are drawn only on the control plane. What a broker and
//! ZooKeeper say to each other is drawn as small dots; of pings nothing is drawn. Between a member of a group and
//! its coordinator a request is a diamond and a heartbeat a dot, and of the answers those are drawn that refuse
//! something.

use crate::model::{ProcessId, Side, TopicName, TopicPartition};
use crate::process::Payload;
use crate::protocol::api::fetch::FetchRequest;
use crate::protocol::api::produce::ProduceRequest;
use crate::protocol::api::{
    HeartbeatRequest, JoinGroupRequest, OffsetCommitRequest, SyncGroupRequest,
};
use crate::protocol::frame::{FrameBuffer, decode_response};
use crate::protocol::header::RequestHeader;
use crate::protocol::reader::Reader;
use crate::protocol::records::read_batches;
use crate::protocol::zookeeper::Message;
use crate::protocol::{AnyRequest, ApiKey, Chunks, ErrorCode};
use crate::stage::extract::groups::is_internal;
use crate::stage::extract::memory::{Memory, Packet};
use crate::stage::snapshot::{ControlName, KeyMark, Load, Traveller};
use crate::world::{InFlight, Parcel, World};

/// Records whose keys are read from one batch.
const KEYS: usize = 64;
/// Bytes that a batch may inflate to for the sake of a picture.
const INFLATED: usize = 1 << 16;
/// Travellers of one picture.
const MOST: usize = 2_400;
/// The longest frame that is looked into.
const FRAME: usize = 1 << 20;

pub(super) fn travellers(world: &World, memory: &mut Memory) -> Vec<Traveller> {
    let mut packets: Vec<&InFlight> = world.in_flight().collect();
    // There may be thousands, in the order of a heap.
    packets.sort_unstable_by_key(|packet| packet.number);
    forget_arrived(&packets, memory);
    let mut travellers = Vec::new();
    for packet in packets {
        let loads = match &packet.parcel {
            Parcel::Bytes(Payload::Kafka(bytes)) => known(world, memory, packet, bytes),
            Parcel::Bytes(Payload::ZooKeeper(_)) if is_drawn(packet) => {
                vec![(None, Load::Coordination)]
            }
            _ => continue,
        };
        for (index, (partition, load)) in loads.into_iter().enumerate() {
            if travellers.len() == MOST {
                return travellers;
            }
            let id = packet.number * 64 + index as u64 % 64;
            let (mut sent_at, mut arrives_at) = (packet.sent_at, packet.arrives_at);
            if let Some(since) = packet.held_since {
                // It stands where it stood when its link was held.
                let stood = world.now().since(since);
                sent_at += stood;
                arrives_at += stood;
                memory.held.insert(id);
            }
            travellers.push(Traveller {
                id,
                load,
                from: packet.from,
                to: packet.to,
                partition,
                sent_at,
                arrives_at,
            });
        }
    }
    travellers
}

/// True for what may be seen on its way: Kafka's bytes, and what a broker and ZooKeeper have to say to each
/// other.
pub fn is_drawn(packet: &InFlight) -> bool {
    use ProcessId::{Broker, ZooKeeper};
    match &packet.parcel {
        Parcel::Bytes(Payload::Kafka(_)) => true,
        Parcel::Bytes(Payload::ZooKeeper(Message::Ping | Message::Pong | Message::Peer(_))) => {
            false
        }
        Parcel::Bytes(Payload::ZooKeeper(_)) => matches!(
            (packet.from, packet.to),
            (Broker(_), ZooKeeper(_)) | (ZooKeeper(_), Broker(_))
        ),
        _ => false,
    }
}

/// What one packet carries, for each partition that it concerns.
pub(super) type Loads = Vec<(Option<TopicPartition>, Load)>;

/// What arrived need not be known any more.
fn forget_arrived(packets: &[&InFlight], memory: &mut Memory) {
    let under_way = |number: &u64| {
        packets
            .binary_search_by_key(number, |packet| packet.number)
            .is_ok()
    };
    memory.packets.retain(|number, _| under_way(number));
}

/// What a packet carries, decoded once as long as it is the same packet.
fn known(world: &World, memory: &mut Memory, packet: &InFlight, bytes: &Chunks) -> Loads {
    let same = |known: &&Packet| {
        known.edition == memory.edition
            && known.connection == packet.connection
            && known.bytes == *bytes
    };
    if let Some(known) = memory.packets.get(&packet.number).filter(same) {
        return known.loads.clone();
    }
    let loads = loads(world, memory, packet, bytes);
    let known = Packet {
        edition: memory.edition,
        connection: packet.connection,
        bytes: bytes.clone(),
        loads: loads.clone(),
    };
    memory.packets.insert(packet.number, known);
    loads
}

fn loads(world: &World, memory: &mut Memory, packet: &InFlight, bytes: &Chunks) -> Loads {
    let mut frames = FrameBuffer::new();
    frames.push(bytes.clone());
    let mut loads = Vec::new();
    while let Ok(Some(frame)) = frames.next(FRAME) {
        match packet.connection.side {
            Side::Server => request(memory, packet, &frame, &mut loads),
            Side::Client => response(world, memory, packet, &frame, &mut loads),
        }
    }
    loads
}

fn request(memory: &mut Memory, packet: &InFlight, frame: &Chunks, loads: &mut Loads) {
    let mut reader = Reader::new(frame);
    let Ok(header) = RequestHeader::decode(&mut reader) else {
        return;
    };
    let Some(api) = header.api() else { return };
    match api {
        ApiKey::Produce => {
            let Ok(AnyRequest::Produce(request)) =
                AnyRequest::decode_body(api, header.api_version, &mut reader)
            else {
                return;
            };
            for topic in request.topic_data {
                let name = TopicName(topic.name);
                for data in topic.partition_data {
                    let keys = data
                        .records
                        .map_or_else(Vec::new, |records| keys(memory, &name, &records));
                    let partition = TopicPartition {
                        topic: name.clone(),
                        partition: data.index,
                    };
                    loads.push((Some(partition), Load::Request { keys }));
                }
            }
        }
        // That a member is still there is said all the time; what becomes of it is seen in its answer.
        ApiKey::Heartbeat => loads.push((None, Load::Beat)),
        _ if of_group(api) => loads.push((None, Load::Control { name: None })),
        _ if controls(packet, api) => {
            let request = AnyRequest::decode_body(api, header.api_version, &mut reader);
            let name = request.ok().and_then(|request| named(&request));
            loads.push((None, Load::Control { name }));
        }
        _ => {}
    }
}

/// True for what the controller and the brokers say to each other about who does what.
fn controls(packet: &InFlight, api: ApiKey) -> bool {
    let between =
        matches!((packet.from, packet.to), (ProcessId::Broker(a), ProcessId::Broker(b)) if a != b);
    between
        && matches!(
            api,
            ApiKey::LeaderAndIsr
                | ApiKey::UpdateMetadata
                | ApiKey::StopReplica
                | ApiKey::AlterPartition
                | ApiKey::ControlledShutdown
        )
}

/// True for what members and their coordinator say to each other about who reads what, and how far.
fn of_group(api: ApiKey) -> bool {
    matches!(
        api,
        ApiKey::FindCoordinator
            | ApiKey::JoinGroup
            | ApiKey::SyncGroup
            | ApiKey::LeaveGroup
            | ApiKey::OffsetCommit
            | ApiKey::OffsetFetch
    )
}

/// What a coordinator refuses: the code of its answer, if it is an error.
fn refusal(frame: &Chunks, api: ApiKey, version: i16) -> Option<i16> {
    let code = match api {
        ApiKey::JoinGroup => {
            decode_response::<JoinGroupRequest>(frame, version)
                .ok()?
                .1
                .error_code
        }
        ApiKey::SyncGroup => {
            decode_response::<SyncGroupRequest>(frame, version)
                .ok()?
                .1
                .error_code
        }
        ApiKey::Heartbeat => {
            decode_response::<HeartbeatRequest>(frame, version)
                .ok()?
                .1
                .error_code
        }
        ApiKey::OffsetCommit => {
            let (_, answer) = decode_response::<OffsetCommitRequest>(frame, version).ok()?;
            let mut topics = answer.topics.iter().flat_map(|topic| &topic.partitions);
            topics.find(|one| one.error_code != 0)?.error_code
        }
        _ => return None,
    };
    // A new member is told its id by way of an error; that refuses nothing.
    let ordinary = [ErrorCode::None, ErrorCode::MemberIdRequired].map(ErrorCode::code);
    Some(code).filter(|code| !ordinary.contains(code))
}

/// What a control message is called, and what it is about. UpdateMetadata tells of partitions, or of nothing but
/// who is alive.
fn named(request: &AnyRequest) -> Option<ControlName> {
    let many = |count: usize| match count {
        1 => "1 partition".to_owned(),
        count => format!("{count} partitions"),
    };
    let (name, detail) = match request {
        AnyRequest::LeaderAndIsr(request) => {
            let grouped = request
                .topic_states
                .iter()
                .flat_map(|t| &t.partition_states);
            let states: Vec<_> = grouped.chain(&request.ungrouped_partition_states).collect();
            let detail = match states.as_slice() {
                [one] => format!("epoch {}", one.leader_epoch),
                all => many(all.len()),
            };
            ("LeaderAndIsr", detail)
        }
        AnyRequest::UpdateMetadata(request) => {
            let grouped = request.topic_states.iter();
            let count = grouped.map(|t| t.partition_states.len()).sum::<usize>()
                + request.ungrouped_partition_states.len();
            let detail = match count {
                0 => format!("{} alive", request.live_brokers.len()),
                count => many(count),
            };
            ("UpdateMetadata", detail)
        }
        AnyRequest::StopReplica(request) => {
            let grouped = request
                .topic_states
                .iter()
                .map(|t| t.partition_states.len());
            let older = request.topics.iter().map(|t| t.partition_indexes.len());
            let count = grouped.chain(older).sum::<usize>() + request.ungrouped_partitions.len();
            ("StopReplica", many(count))
        }
        AnyRequest::AlterPartition(request) => {
            let partitions = request.topics.iter().flat_map(|topic| &topic.partitions);
            ("AlterPartition", many(partitions.count()))
        }
        AnyRequest::ControlledShutdown(request) => {
            ("Shutdown", format!("broker {}", request.broker_id))
        }
        _ => return None,
    };
    let (name, detail) = (name.into(), detail.into());
    Some(ControlName { name, detail })
}

fn response(
    world: &World,
    memory: &mut Memory,
    packet: &InFlight,
    frame: &Chunks,
    loads: &mut Loads,
) {
    let Some(correlation_id) = correlation_id(frame) else {
        return;
    };
    let Some((api, version)) = memory.asked(packet.connection, correlation_id) else {
        return;
    };
    match api {
        ApiKey::Produce => {
            let Ok((_, answer)) = decode_response::<ProduceRequest>(frame, version) else {
                return;
            };
            for topic in answer.responses {
                for result in topic.partition_responses {
                    let partition = TopicPartition {
                        topic: TopicName(topic.name.clone()),
                        partition: result.index,
                    };
                    let load = match result.error_code {
                        0 => Load::Answer {
                            label: result.base_offset.to_string().into(),
                        },
                        code => Load::ErrorAnswer { code },
                    };
                    loads.push((Some(partition), load));
                }
            }
        }
        ApiKey::Fetch => {
            let Ok((_, answer)) = decode_response::<FetchRequest>(frame, version) else {
                return;
            };
            for topic in answer.responses {
                let Some(name) = topic_name(world, topic.topic, topic.topic_id) else {
                    continue;
                };
                if is_internal(&name) {
                    continue;
                }
                for data in topic.partitions {
                    let partition = TopicPartition {
                        topic: name.clone(),
                        partition: data.partition_index,
                    };
                    if data.error_code != 0 {
                        loads.push((
                            Some(partition),
                            Load::ErrorAnswer {
                                code: data.error_code,
                            },
                        ));
                        continue;
                    }
                    let keys = data
                        .records
                        .map_or_else(Vec::new, |records| keys(memory, &name, &records));
                    if keys.is_empty() {
                        continue;
                    }
                    let load = match packet.to {
                        ProcessId::Broker(_) => Load::ReplicaCopy { keys },
                        _ => Load::Request { keys },
                    };
                    loads.push((Some(partition), load));
                }
            }
        }
        _ => {
            let refused = refusal(frame, api, version);
            loads.extend(refused.map(|code| (None, Load::ErrorAnswer { code })));
        }
    }
}

fn correlation_id(frame: &Chunks) -> Option<i32> {
    let head = frame.slice(0, frame.len().min(4)).to_bytes();
    head.as_ref().try_into().ok().map(i32::from_be_bytes)
}

fn topic_name(
    world: &World,
    name: crate::model::Text,
    id: crate::model::TopicId,
) -> Option<TopicName> {
    if !name.is_empty() {
        return Some(TopicName(name));
    }
    world.cluster().name_of(id).cloned()
}

fn keys(memory: &mut Memory, topic: &TopicName, records: &Chunks) -> Vec<KeyMark> {
    let batches = read_batches(records).unwrap_or_default();
    let records = batches
        .iter()
        .flat_map(|batch| batch.records_within(INFLATED).map_while(Result::ok));
    let records: Vec<_> = records.take(KEYS).collect();
    records
        .into_iter()
        .map(|record| {
            let mark = memory.mark(topic, record.key.as_deref());
            match record.value {
                Some(_) => mark,
                None => mark.of_tombstone(),
            }
        })
        .collect()
}
