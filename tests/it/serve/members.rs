//! Groups and numbered producers over TCP: what members and producers may not say.

use std::thread;

use kafka_playground::model::Text;
use kafka_playground::protocol::Chunks;
use kafka_playground::protocol::api::join_group::JoinGroupRequestProtocol;
use kafka_playground::protocol::api::offset_commit::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_playground::protocol::api::offset_fetch::OffsetFetchRequestTopic;
use kafka_playground::protocol::api::sync_group::SyncGroupRequestAssignment;
use kafka_playground::protocol::api::{
    DescribeGroupsRequest, FindCoordinatorRequest, InitProducerIdRequest, JoinGroupRequest,
    JoinGroupResponse, LeaveGroupRequest, OffsetCommitRequest, OffsetFetchRequest,
    SyncGroupRequest,
};
use kafka_playground::protocol::records::{BatchBuilder, Codec};

use super::{Client, Served, eventually, is_well, produced};

/// Members are not waited for, and a group of one is there at once.
pub const AT_ONCE: [&str; 4] = ["--brokers", "1", "--group-initial-rebalance-delay", "0"];

/// Waits until groups have a coordinator.
pub fn coordinated(client: &mut Client) {
    let request = FindCoordinatorRequest {
        key: "group".into(),
        ..Default::default()
    };
    eventually("there is a coordinator", || {
        client.call(&request, 2).error_code == 0
    });
    // It may still be reading what it has written in an earlier life.
    let probe = OffsetFetchRequest {
        group_id: "group".into(),
        ..Default::default()
    };
    eventually("it has read its log", || {
        client.call(&probe, 5).error_code == 0
    });
}

fn joining(member: &str) -> JoinGroupRequest {
    let protocol = JoinGroupRequestProtocol {
        name: "range".into(),
        metadata: b"what a member knows".as_slice().into(),
    };
    JoinGroupRequest {
        group_id: "group".into(),
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 10_000,
        member_id: member.into(),
        protocol_type: "consumer".into(),
        protocols: vec![protocol],
        ..Default::default()
    }
}

#[test]
fn w38_members_that_cannot_be_are_refused() {
    let served = Served::start(&AT_ONCE);
    let mut client = served.connect(1);
    coordinated(&mut client);
    // A member, so that the group has a kind and a protocol.
    let member = client.call(&joining(""), 2);
    assert_eq!(member.error_code, 0);
    let protocols = |count: usize| -> Vec<JoinGroupRequestProtocol> {
        let named = (0..count).map(|number| JoinGroupRequestProtocol {
            name: format!("assignor-{number}").into(),
            ..Default::default()
        });
        named.collect()
    };
    let before = served.forget_peak();
    let mut ask = |change: &dyn Fn(&mut JoinGroupRequest)| {
        let mut request = joining("");
        change(&mut request);
        client.call(&request, 5).error_code
    };
    assert_eq!(ask(&|asked| asked.session_timeout_ms = 1), 26);
    assert_eq!(ask(&|asked| asked.session_timeout_ms = i32::MAX), 26);
    assert_eq!(ask(&|asked| asked.session_timeout_ms = -1), 26);
    assert_eq!(ask(&|asked| asked.protocols.clear()), 23);
    assert_eq!(ask(&|asked| asked.protocol_type = "connect".into()), 23);
    assert_eq!(ask(&|asked| asked.protocol_type = "".into()), 23);
    assert_eq!(ask(&|asked| asked.protocols = protocols(10_000)), 23);
    assert_eq!(ask(&|asked| asked.member_id = "nobody".into()), 25);
    assert_eq!(
        ask(&|asked| asked.group_instance_id = Some("gone".into())),
        0
    );
    // A new group, with as many protocols as anybody likes, or ten megabytes of what a member knows.
    let other = |asked: &mut JoinGroupRequest| asked.group_id = "other".into();
    assert_eq!(
        ask(&|asked| {
            other(asked);
            asked.protocols = protocols(10_000);
        }),
        79
    );
    assert_eq!(
        ask(&|asked| {
            other(asked);
            asked.protocols[0].metadata = vec![b'x'; 10 << 20].into();
        }),
        79
    );
    assert_eq!(ask(&|asked| asked.group_id = "".into()), 24);
    let grown = served.peak().saturating_sub(before);
    assert!(grown < 50_000_000, "{grown}");
    is_well(&mut client);
}

/// The id that a newcomer to a group is given.
fn new_id(client: &mut Client, group: &str) -> Text {
    let mut request = joining("");
    request.group_id = group.into();
    let answer = client.call(&request, 5);
    assert_eq!(answer.error_code, 79);
    answer.member_id
}

#[test]
fn w38_who_knows_ten_thousand_assignors_is_a_member_like_any_other() {
    let served = Served::start(&AT_ONCE);
    let (mut first, mut second) = (served.connect(1), served.connect(1));
    coordinated(&mut first);
    let knowing = |member: &Text, from: usize| {
        let named = (from..from + 10_000).rev();
        let named = named.map(|number| JoinGroupRequestProtocol {
            name: format!("assignor-{number:05}").into(),
            ..Default::default()
        });
        JoinGroupRequest {
            protocols: named.collect(),
            ..joining(member)
        }
    };
    let one = new_id(&mut first, "group");
    let alone = first.call(&knowing(&one, 0), 5);
    assert_eq!((alone.error_code, alone.members.len()), (0, 1));
    // Who knows none of the group's assignors is not even given an id.
    let newcomer = second.call(&knowing(&"".into(), 9_998), 5);
    assert_eq!(newcomer.error_code, 79);
    let two = newcomer.member_id;
    let joins = thread::spawn(move || second.call(&knowing(&two, 9_998), 5));
    let mut again = alone;
    eventually("both are there", || {
        again = first.call(&knowing(&one, 0), 5);
        again.members.len() == 2
    });
    let joined = joins.join().expect("an answer");
    assert_eq!((again.error_code, joined.error_code), (0, 0));
    assert_eq!(joined.protocol_name.as_deref(), Some("assignor-09999"));
    is_well(&mut first);
}

#[test]
fn w38_what_a_member_knows_goes_with_it() {
    let served = Served::start(&AT_ONCE);
    let mut client = served.connect(1);
    coordinated(&mut client);
    let mut memory = Vec::new();
    for group in ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"] {
        let id = new_id(&mut client, group);
        let mut request = joining(&id);
        request.group_id = group.into();
        request.protocols[0].metadata = vec![b'x'; 10 << 20].into();
        let joined = client.call(&request, 5);
        assert_eq!((joined.error_code, joined.members.len()), (0, 1));
        assert_eq!(joined.members[0].metadata.len(), 10 << 20);
        // Its generation cannot be written down: a record is not so long.
        let part = SyncGroupRequest {
            group_id: group.into(),
            ..syncing(&joined, &[(&id, b"all".as_slice())])
        };
        assert_eq!(client.call(&part, 3).error_code, -1);
        let leaving = LeaveGroupRequest {
            group_id: group.into(),
            member_id: id,
            ..Default::default()
        };
        assert_eq!(client.call(&leaving, 2).error_code, 0);
        memory.push(served.peak());
    }
    // What the first leave behind is used again by those that follow.
    let grown = memory[11].saturating_sub(memory[5]);
    assert!(grown < 20_000_000, "{memory:?}");
}

#[test]
fn a_member_is_where_its_client_is() {
    let served = Served::start(&AT_ONCE);
    let mut client = served.connect(1);
    coordinated(&mut client);
    assert_eq!(client.call(&joining(""), 2).error_code, 0);
    let request = DescribeGroupsRequest {
        groups: vec!["group".into()],
        ..Default::default()
    };
    let group = client.call(&request, 5).groups.remove(0);
    assert_eq!(&*group.members[0].client_host, "/127.0.0.1");
}

/// A client at another address of this machine.
#[cfg(target_os = "linux")]
#[test]
fn a_member_from_elsewhere_is_where_its_client_is_and_a_record_says_so() {
    let file = std::env::temp_dir().join(format!("elsewhere-{}.script", std::process::id()));
    let name = file.to_str().expect("a name");
    let served = Served::start(&[&AT_ONCE[..], &["--record", name]].concat());
    coordinated(&mut served.connect(1));
    let mut client = super::Client::from("127.0.0.2", served.brokers[0]);
    assert_eq!(client.call(&joining(""), 2).error_code, 0);
    let request = DescribeGroupsRequest {
        groups: vec!["group".into()],
        ..Default::default()
    };
    let group = client.call(&request, 5).groups.remove(0);
    assert_eq!(&*group.members[0].client_host, "/127.0.0.2");
    served.stop();
    let text = std::fs::read_to_string(&file).expect("a record");
    std::fs::remove_file(&file).expect("it can go");
    let connects = text.lines().filter(|line| line.starts_with("connect s"));
    let connects: Vec<&str> = connects.collect();
    assert!(
        connects[0].ends_with(" b1 from=127.0.0.1") && connects[1].ends_with(" b1 from=127.0.0.2"),
        "{connects:?}"
    );
    let digest = text.lines().find_map(|line| line.strip_prefix("# digest "));
    let script = kafka_playground::script::parse(&text).expect("a script");
    let replayed = script.play().expect("it replays");
    let replayed = replayed.observed().journal.digest().to_string();
    assert_eq!(Some(&*replayed), digest);
}

/// Two members of one generation: the leader and the other.
fn two(served: &Served) -> [(Client, JoinGroupResponse); 2] {
    let mut first = served.connect(1);
    coordinated(&mut first);
    let alone = first.call(&joining(""), 2);
    assert_eq!((alone.error_code, &alone.leader), (0, &alone.member_id));
    let mut second = served.connect(1);
    let joins = thread::spawn(move || {
        let joined = second.call(&joining(""), 2);
        (second, joined)
    });
    let mut again = alone.clone();
    // Until the other is there, whoever joins again is alone in another generation.
    eventually("both are there", || {
        again = first.call(&joining(&alone.member_id), 2);
        again.members.len() == 2
    });
    let (second, joined) = joins.join().expect("an answer");
    assert_eq!(again.generation_id, joined.generation_id);
    [(first, again), (second, joined)]
}

fn syncing(member: &JoinGroupResponse, parts: &[(&Text, &[u8])]) -> SyncGroupRequest {
    let parts = parts
        .iter()
        .map(|(member, part)| SyncGroupRequestAssignment {
            member_id: (*member).clone(),
            assignment: part.to_vec().into(),
        });
    SyncGroupRequest {
        group_id: "group".into(),
        generation_id: member.generation_id,
        member_id: member.member_id.clone(),
        assignments: parts.collect(),
        ..Default::default()
    }
}

#[test]
fn w39_parts_are_what_the_leader_says_whatever_they_are() {
    let served = Served::start(&AT_ONCE);
    let [(mut first, leader), (mut second, other)] = two(&served);
    assert_eq!(leader.leader, leader.member_id);
    let stolen = [(&other.member_id, b"stolen".as_slice())];
    let stealing = syncing(&other, &stolen);
    let steals = thread::spawn(move || second.call(&stealing, 3));
    thread::sleep(std::time::Duration::from_millis(300));
    let nobody = Text::from("nobody");
    let garbage = [0xff, 0, 0xfe];
    let parts = [
        (&leader.member_id, b"mine".as_slice()),
        (&other.member_id, &garbage),
        (&nobody, b"a ghost's"),
    ];
    let mine = first.call(&syncing(&leader, &parts), 3);
    assert_eq!(
        (mine.error_code, &*mine.assignment),
        (0, b"mine".as_slice())
    );
    let theirs = steals.join().expect("an answer");
    assert_eq!(
        (theirs.error_code, &*theirs.assignment),
        (0, garbage.as_slice())
    );
    // A generation that is over, a generation to come, and somebody else.
    let mut asks = |change: &dyn Fn(&mut SyncGroupRequest)| {
        let mut request = syncing(&leader, &[]);
        change(&mut request);
        first.call(&request, 3).error_code
    };
    assert_eq!(asks(&|asked| asked.generation_id -= 1), 22);
    assert_eq!(asks(&|asked| asked.generation_id += 1), 22);
    assert_eq!(asks(&|asked| asked.member_id = "nobody".into()), 25);
}

#[test]
fn w40_offsets_are_stored_whatever_they_are() {
    let served = Served::start(&AT_ONCE);
    let mut client = served.connect(1);
    client.create_topic("orders", 3, 1);
    coordinated(&mut client);
    let mut reader = served.connect(1);
    let committing =
        |group: &str, partitions: Vec<OffsetCommitRequestPartition>| OffsetCommitRequest {
            group_id: group.into(),
            topics: vec![OffsetCommitRequestTopic {
                name: "orders".into(),
                partitions,
            }],
            ..Default::default()
        };
    let at = |partition_index, committed_offset, note: String| OffsetCommitRequestPartition {
        partition_index,
        committed_offset,
        committed_metadata: Some(note.into()),
        ..Default::default()
    };
    let mut codes = |request: &OffsetCommitRequest| -> Vec<i16> {
        let answer = client.call(request, 7);
        let partitions = answer.topics[0].partitions.iter();
        partitions.map(|partition| partition.error_code).collect()
    };
    let various = vec![
        at(0, -1, String::new()),
        at(1, i64::MAX, "x".repeat(4_096)),
        at(2, 7, "x".repeat(4_097)),
        at(3, 7, String::new()),
        at(-1, 7, String::new()),
    ];
    assert_eq!(codes(&committing("group", various)), [0, 0, 12, 3, 3]);
    let fetching = OffsetFetchRequest {
        group_id: "group".into(),
        topics: Some(vec![OffsetFetchRequestTopic {
            name: "orders".into(),
            partition_indexes: vec![0, 1],
        }]),
        ..Default::default()
    };
    let stored = served.connect(1).call(&fetching, 5);
    let [first, second] = &stored.topics[0].partitions[..] else {
        panic!("{stored:?}");
    };
    let note = |told: Option<&str>| told.map_or(0, str::len);
    assert_eq!(
        (first.committed_offset, note(first.metadata.as_deref())),
        (-1, 0)
    );
    let stored = (second.committed_offset, note(second.metadata.as_deref()));
    assert_eq!(stored, (i64::MAX, 4_096));
    let mut stored = |group: &str| -> Vec<i64> {
        let topic = OffsetFetchRequestTopic {
            name: "orders".into(),
            partition_indexes: vec![0, 1, 2, 9],
        };
        let request = OffsetFetchRequest {
            group_id: group.into(),
            topics: Some(vec![topic]),
            ..Default::default()
        };
        let answer = reader.call(&request, 5);
        let partitions = answer.topics[0].partitions.iter();
        partitions.map(|told| told.committed_offset).collect()
    };
    assert_eq!(stored("group"), [-1, i64::MAX, -1, -1]);
    // That the first was stored and not left out is to be seen where something stood before.
    assert_eq!(
        codes(&committing("group", vec![at(0, 5, String::new())])),
        [0]
    );
    assert_eq!(stored("group")[0], 5);
    assert_eq!(
        codes(&committing("group", vec![at(0, -1, String::new())])),
        [0]
    );
    assert_eq!(stored("group")[0], -1);
    // A group without a name may commit, as in Kafka, where only members need one.
    let plain = vec![at(0, 5, String::new())];
    assert_eq!(codes(&committing("", plain)), [0]);
    assert_eq!(stored(""), [5, -1, -1, -1]);
    let before = served.forget_peak();
    let many = (0..100_000)
        .rev()
        .map(|index| at(index, 1, String::new()))
        .collect();
    let found = codes(&committing("group", many));
    assert_eq!(found.len(), 100_000);
    let (unknown, known) = found.split_at(100_000 - 3);
    assert!(known.iter().all(|code| *code == 0) && unknown.iter().all(|code| *code == 3));
    // The same number of topics.
    let topics = (0..100_000).rev().map(|number| OffsetCommitRequestTopic {
        name: format!("topic-{number:05}").into(),
        partitions: vec![at(0, 1, String::new())],
    });
    let request = OffsetCommitRequest {
        group_id: "group".into(),
        topics: topics.collect(),
        ..Default::default()
    };
    assert_eq!(reader.call(&request, 7).topics.len(), 100_000);
    let grown = served.peak().saturating_sub(before);
    assert!(grown < 64_000_000, "{grown}");
    let request = OffsetFetchRequest {
        group_id: "group".into(),
        topics: None,
        ..Default::default()
    };
    let answer = served.connect(1).call(&request, 5);
    let partitions = answer.topics[0].partitions.iter();
    let offsets: Vec<i64> = partitions.map(|told| told.committed_offset).collect();
    assert_eq!((answer.topics.len(), offsets), (1, vec![1, 1, 1]));
}

#[test]
fn w41_numbers_that_do_not_follow_are_refused() {
    let served = Served::start(&AT_ONCE);
    let mut client = served.connect(1);
    client.create_topic("orders", 1, 1);
    eventually("it leads", || client.produce("orders", b"first").is_ok());
    let mut id = -1;
    eventually("there are ids", || {
        id = client
            .call(&InitProducerIdRequest::default(), 4)
            .producer_id;
        id >= 0
    });
    let mut numbered = |id: i64, epoch: i16, sequence: i32| {
        let mut batch = BatchBuilder::new(Codec::None);
        batch.set_producer(id, epoch, sequence);
        batch.append(1_700_000_000_000, None, Some(b"x"), &[]);
        let mut request = produced("orders", b"");
        let records = Chunks::from(batch.build());
        request.topic_data[0].partition_data[0].records = Some(records);
        let answer = client.call(&request, 7);
        answer.responses[0].partition_responses[0].error_code
    };
    assert_eq!(numbered(id, 0, 0), 0);
    assert_eq!(numbered(id, 0, 2), 45, "a gap");
    assert_eq!(numbered(id, 0, -1), 87, "a number that is none");
    assert_eq!(numbered(id, 1, 5), 45, "a new epoch begins at 0");
    assert_eq!(numbered(id, 1, 0), 0);
    assert_eq!(numbered(id, 0, 1), 47, "an old epoch");
    // A number that was given to nobody is a producer like any other, wherever it begins.
    assert_eq!(numbered(4_000_000, 0, 5), 0);
    assert_eq!(numbered(4_000_000, 0, 7), 45);
    assert_eq!(numbered(4_000_000, 0, 6), 0);
    // An epoch of -1 is that of a producer of whom no epoch is known: where nothing is known of it, any number does,
    // and where something is, it is an old one. A number below 0 is none, whatever the epoch.
    assert_eq!(numbered(5_000_000, -1, 5), 0);
    assert_eq!(numbered(id, -1, 5), 47);
    assert_eq!(numbered(id, -1, 2), 47);
    assert_eq!(numbered(5_000_000, -1, -1), 87);
    assert_eq!(numbered(id, 1, -1), 87);
}
