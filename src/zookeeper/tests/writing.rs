//! Reads and writes as a client sees them.

use super::*;

#[test]
fn a_write_through_a_follower_is_read_back_at_once() {
    let mut bench = Bench::new(3);
    let client = bench.client(1, &[zk(1)]);
    bench.run_ms(10);
    let asked = [
        set("/counter", "one", 0),
        get("/counter", Watch::None),
        set("/counter", "two", 1),
        get("/counter", Watch::None),
    ];
    let tags = asked.map(|operation| bench.ask(client, operation));
    bench.run_ms(10);
    let outcomes = tags.map(|tag| bench.outcome(client, tag).expect("an answer"));
    assert_eq!(text(&outcomes[1]), "one");
    assert_eq!(text(&outcomes[3]), "two");
    let happened = &bench.apps[&client].happened;
    let answered = happened.iter().filter_map(|(_, what)| match what {
        Happened::Answered { tag, .. } => Some(*tag),
        _ => None,
    });
    assert!(answered.eq(tags));
}

#[test]
fn requests_made_before_there_is_a_session_wait_for_it() {
    let mut bench = Bench::cold(3);
    let client = bench.client(1, &[zk(1), zk(2), zk(3)]);
    let tag = bench.ask(client, create("/a", CreateMode::Persistent));
    (1..=3).for_each(|n| bench.start(zk(n)));
    bench.run_ms(40);
    assert!(matches!(bench.outcome(client, tag), Some(Ok(_))));
}

#[test]
fn a_request_is_repeated_after_the_connection_broke() {
    let mut bench = Bench::new(3);
    let client = bench.client_at(zk(1), zk(2));
    // The write is carried out, but its answer does not come.
    bench.hold(zk(1), client);
    let write = bench.ask(client, set("/counter", "mine", 0));
    let read = bench.ask(client, get("/counter", Watch::None));
    bench.run_ms(10);
    bench.kill(zk(1));
    bench
        .stuck
        .retain(|stuck| matches!(stuck.input, Input::Closed { .. }));
    bench.release_all();
    bench.run_secs(4);
    let outcome = bench.outcome(client, write);
    assert_eq!(outcome, Some(Err(Error::BadVersion.into())));
    assert_eq!(text(&bench.outcome(client, read).unwrap()), "mine");
    let expired = bench.noted(|fact| matches!(fact, Fact::SessionExpired { .. }));
    assert!(expired.is_empty());
}

#[test]
fn a_multi_is_all_or_nothing() {
    let mut bench = Bench::new(3);
    let client = bench.client(1, &[zk(1)]);
    bench.run_ms(10);
    let parts = |version| {
        vec![
            create("/controller", CreateMode::Ephemeral),
            set("/counter", "1", version),
        ]
    };
    let failed = bench.answer(client, Operation::Multi(parts(7)));
    let failure = Failure {
        error: Error::BadVersion,
        part: 1,
    };
    assert_eq!(failed, Err(failure));
    assert!(bench.server(1).tree().stat("/controller").is_none());
    let done = bench.answer(client, Operation::Multi(parts(0)));
    assert!(matches!(done, Ok(Answer::Multi(answers)) if answers.len() == 2));
}

#[test]
fn each_change_is_noted_once_by_the_leader() {
    let mut bench = Bench::new(3);
    let client = bench.client(1, &[zk(1)]);
    bench.run_ms(10);
    bench
        .answer(client, create("/ids/1", CreateMode::Ephemeral))
        .unwrap();
    bench.answer(client, set("/counter", "1", 0)).unwrap();
    let noted: Vec<_> = bench
        .facts
        .iter()
        .filter(|(_, _, fact)| {
            matches!(fact, Fact::ZnodeCreated { .. } | Fact::ZnodeChanged { .. })
        })
        .map(|(_, by, fact)| format!("{by} {fact}"))
        .collect();
    let expected = [
        "zk3 creates /ids/1 while b1 lives",
        "zk3 changes /counter to version 1",
    ];
    assert_eq!(noted, expected);
}

#[test]
fn a_peers_nonsense_costs_a_connection_and_nothing_else() {
    let mut bench = Bench::new(3);
    let client = bench.client(1, &[zk(3)]);
    bench.run_ms(10);
    let connection = bench.apps[&client].client.connection().unwrap();
    for message in [
        Message::Pong,
        Message::Connected {
            session: SessionId(1),
            timeout_ms: 1,
        },
    ] {
        let input = Input::Received {
            connection: connection.other_end(),
            payload: Payload::ZooKeeper(message),
        };
        bench.send(client, connection, input);
        bench.run_ms(10);
    }
    assert_eq!(bench.state(client), State::Connecting);
    bench.run_secs(4);
    assert_eq!(bench.state(client), State::Connected);
    assert_eq!(bench.leader(), Some(zk(3)));
}
