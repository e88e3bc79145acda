//! What coordinators keep of groups is bounded, whoever stays in them: what would add to it waits, and who is a member
//! already goes on.

use std::time::Duration;

use kafka_playground::protocol::api::join_group::JoinGroupRequestProtocol;
use kafka_playground::protocol::api::offset_commit::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_playground::protocol::api::{
    HeartbeatRequest, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest, OffsetCommitRequest,
    OffsetCommitResponse, SyncGroupRequest,
};
use kafka_playground::protocol::{Chunks, Request, decode_response, encode_request};

use super::members::{AT_ONCE, coordinated};
use super::{Client, Served, is_well};

const MEBIBYTE: u64 = 1 << 20;

/// Who asks and is not answered for so long waits. The longest that anything here takes is a small part of it.
const SILENCE: Duration = Duration::from_secs(2);

impl Client {
    /// Asks for something under a name. The answer, unless that is long in coming.
    fn asks<R: Request>(&mut self, request: &R, version: i16, name: &str) -> Option<R::Response> {
        self.write(&encode_request(request, version, 1, Some(name)).to_vec());
        self.hears::<R>(version)
    }

    fn hears<R: Request>(&mut self, version: i16) -> Option<R::Response> {
        let stream = &self.stream;
        stream.set_read_timeout(Some(SILENCE)).expect("a socket");
        let silent = stream.peek(&mut [0]).is_err();
        let patience = Some(super::PATIENCE);
        stream.set_read_timeout(patience).expect("a socket");
        if silent {
            return None;
        }
        let answer = Chunks::from(self.read());
        Some(decode_response::<R>(&answer, version).expect("readable").1)
    }
}

fn with_memory(mebibytes: &str) -> (Served, Client) {
    let options = [&AT_ONCE[..], &["--memory", mebibytes]].concat();
    let served = Served::start_with(":", &options);
    let mut client = served.connect(1);
    coordinated(&mut client);
    (served, client)
}

/// A wish to be in a group for half an hour, by somebody who knows so much.
fn joining(group: &str, member: &str, bytes: usize) -> JoinGroupRequest {
    let protocol = JoinGroupRequestProtocol {
        name: "range".into(),
        metadata: vec![b'x'; bytes].into(),
    };
    JoinGroupRequest {
        group_id: group.into(),
        member_id: member.into(),
        session_timeout_ms: 1_800_000,
        // It need not even ask for its part.
        rebalance_timeout_ms: 1_800_000,
        protocol_type: "consumer".into(),
        protocols: vec![protocol],
        ..Default::default()
    }
}

fn committing(group: &str, partitions: i32, note: usize) -> OffsetCommitRequest {
    let partitions = (0..partitions).map(|partition_index| OffsetCommitRequestPartition {
        partition_index,
        committed_offset: 1,
        committed_metadata: Some("x".repeat(note).into()),
        ..Default::default()
    });
    OffsetCommitRequest {
        group_id: group.into(),
        topics: vec![OffsetCommitRequestTopic {
            name: "orders".into(),
            partitions: partitions.collect(),
        }],
        ..Default::default()
    }
}

/// Asks until nobody answers. The answers.
fn until_it_waits<R: Request>(
    client: &mut Client,
    version: i16,
    name: &str,
    request: impl Fn(usize) -> R,
) -> Vec<R::Response> {
    let mut answers = Vec::new();
    while let Some(answer) = client.asks(&request(answers.len()), version, name) {
        answers.push(answer);
        assert!(answers.len() < 10_000, "it never waits");
    }
    answers
}

#[test]
fn w38_what_members_know_who_stay_is_bounded_and_small_groups_go_on() {
    let (served, mut small) = with_memory("32");
    small.create_topic("orders", 1, 1);
    let joined = small.call(&joining("small", "", 100), 2);
    let (generation_id, id) = (joined.generation_id, joined.member_id);
    let part = || SyncGroupRequest {
        group_id: "small".into(),
        generation_id,
        member_id: id.clone(),
        ..Default::default()
    };
    assert_eq!(small.call(&part(), 1).error_code, 0);
    let before = served.forget_peak();
    // Each is the only member of its group, and none leaves.
    let mut greedy = served.connect(1);
    let group = |number: usize| format!("group-{number}");
    let answers = until_it_waits(&mut greedy, 2, "test", |number| {
        joining(&group(number), "", MEBIBYTE as usize)
    });
    assert!(answers.iter().all(|answer| answer.error_code == 0));
    let count = answers.len();
    assert!((20..=30).contains(&count), "{count}");
    // Nor do more of them, or larger ones.
    let mut others: Vec<Client> = (0..5).map(|_| served.connect(1)).collect();
    for (number, other) in others.iter_mut().enumerate() {
        let request = joining(&format!("other-{number}"), "", 10 << 20);
        other.write_what_fits(&encode_request(&request, 2, 1, None).to_vec());
        assert!(other.hears::<JoinGroupRequest>(2).is_none());
    }
    let grown = served.peak().saturating_sub(before);
    // Thirty-two, and what six connections hold of what they have not been able to say.
    assert!(grown < 56 * MEBIBYTE, "{grown}");
    let complaint = served.complaints.recv_timeout(super::PATIENCE);
    let complaint = complaint.expect("it says so");
    assert!(
        complaint.starts_with("The logs and groups weigh ")
            && complaint.contains("and --memory lets them weigh 32 MiB"),
        "{complaint}"
    );
    // Whoever has little to say and is a member goes on, with all that a group does.
    let alive = HeartbeatRequest {
        group_id: "small".into(),
        generation_id,
        member_id: id.clone(),
        ..Default::default()
    };
    assert_eq!(small.call(&alive, 1).error_code, 0);
    assert_eq!(small.call(&part(), 1).error_code, 0);
    let commit = OffsetCommitRequest {
        generation_id_or_member_epoch: generation_id,
        member_id: id.clone(),
        ..committing("small", 1, 10)
    };
    assert_eq!(small.call(&commit, 5).topics[0].partitions[0].error_code, 0);
    let again = small.call(&joining("small", &id, 200), 2);
    assert_eq!(
        (again.error_code, again.generation_id),
        (0, generation_id + 1)
    );
    is_well(&mut small);
    // A newcomer who says as little waits, once the rest is used, until others have left, which they may.
    let mut filling = served.connect(1);
    until_it_waits(&mut filling, 2, "test", |number| {
        joining(&format!("filling-{number}"), "", 12_000)
    });
    let mut newcomer = served.connect(1);
    assert!(
        newcomer
            .asks(&joining("new", "", 13_000), 2, "test")
            .is_none()
    );
    let again = small.call(&joining("small", &id, 14_000), 2);
    assert_eq!(again.error_code, 0);
    leave(&mut small, &answers, group);
    let answer = newcomer.hears::<JoinGroupRequest>(2).expect("an answer");
    assert_eq!(answer.error_code, 0);
}

fn leave(client: &mut Client, answers: &[JoinGroupResponse], group: impl Fn(usize) -> String) {
    for (number, answer) in answers.iter().enumerate() {
        let request = LeaveGroupRequest {
            group_id: group(number).into(),
            member_id: answer.member_id.clone(),
            ..Default::default()
        };
        assert_eq!(client.call(&request, 1).error_code, 0);
    }
}

#[test]
fn w38_what_is_kept_of_a_request_does_not_keep_all_of_it() {
    let (served, mut client) = with_memory("256");
    let before = served.memory();
    // A member that knows little, in a request that goes on for a megabyte behind its end.
    for number in 0..60 {
        let request = joining(&format!("group-{number}"), "", 100);
        let mut bytes = encode_request(&request, 2, 1, None).to_vec();
        bytes.resize(1_000_000, 7);
        let length = (bytes.len() - 4) as u32;
        bytes[..4].copy_from_slice(&length.to_be_bytes());
        client.write(&bytes);
        let answer = client.hears::<JoinGroupRequest>(2).expect("an answer");
        assert_eq!(answer.error_code, 0);
    }
    let grown = served.memory().saturating_sub(before);
    assert!(grown < 20 * MEBIBYTE, "{grown}");
}

#[test]
fn w38_ids_that_were_given_away_are_bounded() {
    let (served, mut greedy) = with_memory("16");
    let before = served.forget_peak();
    // An id begins with the name of the client.
    let name = "n".repeat(30_000);
    let answers = until_it_waits(&mut greedy, 5, &name, |number| {
        joining(&format!("group-{number}"), "", 10)
    });
    assert!(answers.iter().all(|answer| answer.error_code == 79));
    let given: usize = answers.iter().map(|answer| answer.member_id.len()).sum();
    assert!(
        (8 * MEBIBYTE..16 * MEBIBYTE).contains(&(given as u64)),
        "{given}"
    );
    let grown = served.peak().saturating_sub(before);
    assert!(grown < 40 * MEBIBYTE, "{grown}");
    is_well(&mut served.connect(1));
}

#[test]
fn w40_what_groups_without_members_commit_is_bounded() {
    let (served, mut greedy) = with_memory("16");
    greedy.create_topic("orders", 50, 1);
    super::eventually("it is known", || {
        let answer = greedy.call(&committing("first", 50, 0), 2);
        let partitions = &answer.topics[0].partitions;
        partitions.iter().all(|answer| answer.error_code == 0)
    });
    let before = served.forget_peak();
    // Each with two hundred kilobytes of notes, which are kept and stand in the log.
    let answers = until_it_waits(&mut greedy, 2, "test", |number| {
        committing(&format!("group-{number}"), 50, 4_000)
    });
    let code = |answer: &OffsetCommitResponse| answer.topics[0].partitions[0].error_code;
    assert!(answers.iter().all(|answer| code(answer) == 0));
    assert!((20..=40).contains(&answers.len()), "{}", answers.len());
    let grown = served.peak().saturating_sub(before);
    assert!(grown < 40 * MEBIBYTE, "{grown}");
    is_well(&mut served.connect(1));
}

#[test]
fn w40_what_zookeeper_keeps_for_the_oldest_clients_is_bounded() {
    let (served, mut greedy) = with_memory("16");
    greedy.create_topic("orders", 50, 1);
    super::eventually("it is known", || {
        let answer = greedy.call(&committing("first", 50, 0), 0);
        let partitions = &answer.topics[0].partitions;
        partitions.iter().all(|answer| answer.error_code == 0)
    });
    let before = served.forget_peak();
    // Fifty znodes and their parents, under a name that is as long as a name can be.
    let name = "n".repeat(30_000);
    let answers = until_it_waits(&mut greedy, 0, "test", |number| {
        committing(&format!("{name}-{number}"), 50, 0)
    });
    let code = |answer: &OffsetCommitResponse| answer.topics[0].partitions[0].error_code;
    assert!(answers.iter().all(|answer| code(answer) == 0));
    assert!((80..=200).contains(&answers.len()), "{}", answers.len());
    let grown = served.peak().saturating_sub(before);
    assert!(grown < 60 * MEBIBYTE, "{grown}");
    is_well(&mut served.connect(1));
}
