//! What an application does before partitions are taken from it.

use super::*;

const COMMITS: [(&str, &str); 2] = [
    ("enable.auto.commit", "false"),
    ("application.on.revoked", "commit"),
];

fn with<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    COMMITS.iter().chain(more).copied().collect()
}

#[test]
fn it_commits_what_was_returned_before_everything_is_revoked() {
    let mut bench = stable(&with(&[("partition.assignment.strategy", "range")]));
    give_records(&mut bench, 5);
    let fetch = pick(&mut bench, "Fetch");
    answer_heartbeat(&mut bench, ErrorCode::RebalanceInProgress);
    let (commit, request) = commit_request(&mut bench);
    assert_eq!(request.generation_id_or_member_epoch, 1);
    // It waits inside `poll()`, and nothing is returned that the commit does not know of.
    answer_fetch(&mut bench, &fetch, vec![data(0, 9, batch(7, 2, 0))]);
    bench.pass_ms(500);
    assert_eq!(bench.client.consumed(), 2);
    assert!(!is_asked(&bench, "JoinGroup"), "it has not been answered");
    bench.asked.push_front(commit);
    assert_eq!(answer_commit(&mut bench, ErrorCode::None), 7);
    let lines = bench.lines().join("\n");
    let committed = lines.find("commits orders-0@7");
    let revoked = lines.find("takes back orders-0");
    assert!(committed.is_some() && committed < revoked, "{lines}");
    assert!(is_asked(&bench, "JoinGroup"));
}

#[test]
fn without_it_nothing_is_committed_before_everything_is_revoked() {
    let settings = [
        ("enable.auto.commit", "false"),
        ("partition.assignment.strategy", "range"),
    ];
    let mut bench = stable(&settings);
    give_records(&mut bench, 5);
    answer_heartbeat(&mut bench, ErrorCode::RebalanceInProgress);
    assert!(is_asked(&bench, "JoinGroup") && !is_asked(&bench, "OffsetCommit"));
}

#[test]
fn it_commits_in_the_new_generation_before_a_part_is_taken_that_leaves_something_out() {
    let mut bench = bench(&with(&[(
        "partition.assignment.strategy",
        "cooperative-sticky",
    )]));
    settle(&mut bench, 1, &[0, 1], 5);
    bench.lines();
    answer_heartbeat(&mut bench, ErrorCode::RebalanceInProgress);
    // Nothing is revoked yet.
    assert!(is_asked(&bench, "JoinGroup") && !is_asked(&bench, "OffsetCommit"));
    join(&mut bench, 2);
    sync(&mut bench, &[0]);
    let second = TopicPartition::new("orders", 1);
    assert!(bench.client.partition(&second).is_some(), "it has it still");
    let (commit, request) = commit_request(&mut bench);
    assert_eq!(request.generation_id_or_member_epoch, 2);
    assert_eq!(request.topics[0].partitions.len(), 2);
    bench.pass_ms(1_000);
    assert!(
        !is_asked(&bench, "JoinGroup"),
        "it has a part to take first"
    );
    bench.asked.push_front(commit);
    answer_commit(&mut bench, ErrorCode::None);
    assert!(bench.client.partition(&second).is_none());
    let lines = bench.lines().join("\n");
    assert!(lines.contains("takes back orders-1"), "{lines}");
    let (_, request) = join_request(&mut bench);
    let said = Said::read(&request.protocols[0].metadata).expect("a subscription");
    assert_eq!(said.owned_partitions[0].partitions, [0]);
    assert!(!is_asked(&bench, "OffsetCommit"), "once is enough");
}

#[test]
fn of_what_is_lost_nothing_is_committed() {
    for error in [ErrorCode::IllegalGeneration, ErrorCode::UnknownMemberId] {
        let mut bench = stable(&with(&[]));
        give_records(&mut bench, 5);
        answer_heartbeat(&mut bench, error);
        assert!(is_asked(&bench, "JoinGroup") && !is_asked(&bench, "OffsetCommit"));
        let lines = bench.lines().join("\n");
        assert!(lines.contains("has given away orders-0"), "{lines}");
        assert!(!lines.contains("commit failed"), "{lines}");
    }
}

#[test]
fn a_group_does_not_wait_for_its_commit_for_longer_than_that_may_take() {
    let more = [
        ("partition.assignment.strategy", "range"),
        ("default.api.timeout.ms", "2s"),
    ];
    let mut bench = stable(&with(&more));
    answer_heartbeat(&mut bench, ErrorCode::RebalanceInProgress);
    commit_request(&mut bench);
    bench.pass_ms(1_900);
    assert!(!is_asked(&bench, "JoinGroup"));
    bench.pass_ms(200);
    assert!(is_asked(&bench, "JoinGroup"));
    let lines = bench.lines().join("\n");
    assert!(
        lines.contains("commit failed: REQUEST_TIMED_OUT"),
        "{lines}"
    );
    // A member that is taken out meanwhile has lost what it would have committed.
    let mut bench = stable(&with(&more));
    answer_heartbeat(&mut bench, ErrorCode::RebalanceInProgress);
    let (commit, _) = commit_request(&mut bench);
    bench.asked.push_front(commit);
    answer_commit(&mut bench, ErrorCode::UnknownMemberId);
    assert!(is_asked(&bench, "JoinGroup"));
    let lines = bench.lines().join("\n");
    assert!(lines.contains("has given away orders-0"), "{lines}");
}
