//! How sessions begin, move and end.

use super::*;
use crate::process::Instruction;
use crate::protocol::zookeeper_peers::Stance;

fn ephemeral(bench: &mut Bench, client: ProcessId, path: &str) {
    let made = bench.answer(client, create(path, CreateMode::Ephemeral));
    assert!(made.is_ok(), "{made:?}");
}

#[test]
fn a_session_lives_on_pings_alone() {
    let mut bench = Bench::new(3);
    let client = bench.client(1, &[zk(1)]);
    bench.run_ms(10);
    ephemeral(&mut bench, client, "/ids/1");
    bench.run_secs(120);
    assert_eq!(bench.state(client), State::Connected);
    assert!(bench.server(2).tree().stat("/ids/1").is_some());
    let lost = bench.noted(|fact| matches!(fact, Fact::Disconnected { .. }));
    assert!(lost.is_empty());
}

#[test]
fn a_dead_client_is_missed_exactly_at_the_end_of_a_tick() {
    for server in [zk(3), zk(1)] {
        let mut bench = Bench::new(3);
        let client = bench.client(1, &[server]);
        bench.run_ms(10);
        ephemeral(&mut bench, client, "/ids/1");
        bench.run_secs(2);
        bench.kill_client(client);
        // Heard last in the first tick, with a timeout of 18 s and ticks of 3 s.
        bench.run(Instant::from_millis(20_999).since(bench.now));
        assert!(bench.server(3).tree().stat("/ids/1").is_some());
        bench.run_ms(10);
        for n in 1..=3 {
            assert!(bench.server(n).tree().stat("/ids/1").is_none());
        }
        let ended = bench
            .noted(|fact| matches!(fact, Fact::SessionRanOut { owner, .. } if *owner == client));
        assert_eq!(ended.len(), 1);
        let gone = bench.noted(|fact| matches!(fact, Fact::ZnodeDeleted { .. }));
        assert_eq!(gone, ended);
    }
}

#[test]
fn a_clean_close_takes_the_ephemerals_at_once() {
    let mut bench = Bench::new(3);
    let client = bench.client(1, &[zk(1)]);
    bench.run_ms(10);
    ephemeral(&mut bench, client, "/ids/1");
    bench.close_client(client);
    bench.run_ms(10);
    assert!(bench.server(2).tree().stat("/ids/1").is_none());
    assert_eq!(bench.server(2).sessions().count(), 0);
    let ran_out = bench.noted(|fact| matches!(fact, Fact::SessionRanOut { .. }));
    assert!(ran_out.is_empty());
}

#[test]
fn a_session_survives_the_move_to_another_server() {
    let mut bench = Bench::new(3);
    let client = bench.client_at(zk(1), zk(2));
    ephemeral(&mut bench, client, "/ids/1");
    let session = bench.session(client);
    bench.kill(zk(1));
    bench.run_secs(5);
    assert_eq!(bench.session(client), session);
    assert_eq!(bench.state(client), State::Connected);
    bench.run_secs(60);
    assert!(bench.server(3).tree().stat("/ids/1").is_some());
}

#[test]
fn a_client_leaves_a_silent_server_before_its_session_is_over() {
    let mut bench = Bench::new(3);
    let client = bench.client_at(zk(1), zk(2));
    ephemeral(&mut bench, client, "/ids/1");
    let opened = |fact: &Fact| matches!(fact, Fact::SessionOpened { .. });
    let before = bench.noted(opened).len();
    bench.hold(client, zk(1));
    bench.hold(zk(1), client);
    bench.run_secs(16);
    assert_eq!(bench.state(client), State::Connected);
    bench.release_all();
    bench.run_secs(30);
    assert!(bench.server(3).tree().stat("/ids/1").is_some());
    assert_eq!(bench.noted(opened).len(), before);
}

#[test]
fn who_comes_back_too_late_is_told_and_begins_anew() {
    let mut bench = Bench::new(3);
    let client = bench.client(1, &[zk(1)]);
    bench.run_ms(10);
    ephemeral(&mut bench, client, "/ids/1");
    let old = bench.session(client);
    bench.hold(client, zk(1));
    bench.hold(zk(1), client);
    let tag = bench.ask(client, get("/counter", Watch::Leave));
    bench.run_secs(30);
    assert!(bench.server(1).tree().stat("/ids/1").is_none());
    // Cut off, it cannot know.
    assert_eq!(bench.session(client), old);
    bench.release_all();
    bench.run_secs(10);
    let outcome = bench.outcome(client, tag);
    assert_eq!(outcome, Some(Err(Error::SessionExpired.into())));
    let happened = &bench.apps[&client].happened;
    let expired = happened
        .iter()
        .filter(|(_, what)| *what == Happened::Expired);
    assert_eq!(expired.count(), 1);
    assert_ne!(bench.session(client), old);
    assert_eq!(bench.state(client), State::Connected);
}

#[test]
fn a_new_leader_gives_every_session_its_whole_timeout() {
    let mut bench = Bench::new(3);
    let client = bench.client(1, &[zk(1)]);
    bench.run_ms(10);
    ephemeral(&mut bench, client, "/ids/1");
    bench.kill_client(client);
    bench.run_secs(17);
    bench.kill(zk(3));
    bench.run_secs(10);
    assert!(bench.server(2).tree().stat("/ids/1").is_some());
    // Elected after 17.3 s: 18 s later is in the tick that ends at 36 s.
    bench.run(Instant::from_millis(35_900).since(bench.now));
    assert!(bench.server(2).tree().stat("/ids/1").is_some());
    bench.run_ms(200);
    assert!(bench.server(2).tree().stat("/ids/1").is_none());
}

#[test]
fn a_client_is_not_served_from_the_past() {
    let mut bench = Bench::new(3);
    let ahead = bench.client_at(zk(3), zk(1));
    // The follower hears nothing of what the leader commits with the other.
    bench.hold(zk(3), zk(1));
    bench.answer(ahead, set("/counter", "new", 0)).unwrap();
    bench.hold(zk(3), ahead);
    bench.run_secs(14);
    // It has tried the follower, which refused it as soon as it said what it had seen.
    let met = bench.noted(|fact| matches!(fact, Fact::Connected { to, .. } if **to == *"zk1"));
    let left = bench.noted(|fact| matches!(fact, Fact::Disconnected { to, .. } if **to == *"zk1"));
    let (met, left) = (met.last().unwrap(), left.last().unwrap());
    assert_eq!(left.since(*met), LATENCY.times(2));
    assert_eq!(bench.state(ahead), State::Connecting);
}

#[test]
fn what_a_left_server_still_brings_is_not_its_clients_any_more() {
    let mut bench = Bench::new(3);
    let client = bench.client_at(zk(1), zk(2));
    // The first attempt gets no further than the follower.
    bench.hold(zk(1), zk(3));
    bench.ask(client, set("/counter", "old", ANY_VERSION));
    bench.run_ms(5);
    bench.hold(zk(1), client);
    let newer = bench.ask(client, set("/counter", "new", ANY_VERSION));
    bench.run_secs(14);
    assert!(matches!(bench.outcome(client, newer), Some(Ok(_))));
    bench.release_all();
    bench.run_ms(50);
    let (data, stat) = bench.server(3).tree().get("/counter").expect("a znode");
    assert_eq!((data.as_ref(), stat.version), (b"new".as_ref(), 2));
}

#[test]
fn a_leader_that_does_not_serve_yet_ends_no_session() {
    let mut bench = Bench::cold(3);
    (1..=3).for_each(|n| bench.start(zk(n)));
    let over = Input::Told(Instruction::ExpireSession(SessionId(7)));
    let not_yet = (0..2_000).any(|_| {
        bench.run_ms(1);
        let server = bench.server(3);
        server.role() == Stance::Leading && !server.is_serving()
    });
    assert!(not_yet, "a leader waits for a majority first");
    bench.give(zk(3), over);
    bench.run_secs(1);
    assert!(bench.server(3).is_serving());
    assert!(
        bench
            .noted(|fact| matches!(fact, Fact::SessionRanOut { .. }))
            .is_empty()
    );
}
