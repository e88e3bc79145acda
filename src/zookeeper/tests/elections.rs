//! Who leads, who follows, and what becomes of writes when that changes.

use super::*;
use crate::protocol::zookeeper_peers::Stance;

#[test]
fn three_servers_serve_within_a_few_milliseconds() {
    let mut bench = Bench::cold(3);
    (1..=3).for_each(|n| bench.start(zk(n)));
    bench.run_ms(20);
    assert_eq!(bench.leader(), Some(zk(3)));
    assert!((1..=3).all(|n| bench.server(n).is_serving()));
    assert_eq!(bench.server(1).leader(), Some(zk(3)));
    assert_eq!(bench.server(3).followers(), [zk(1), zk(2)]);
    assert_eq!(bench.server(1).epoch(), 1);
}

#[test]
fn one_server_is_its_own_majority() {
    let mut bench = Bench::new(1);
    assert_eq!(bench.leader(), Some(zk(1)));
    let client = bench.client(1, &[zk(1)]);
    bench.run_ms(10);
    let made = bench.answer(client, create("/a", CreateMode::Persistent));
    assert!(made.is_ok());
    bench.kill(zk(1));
    bench.run_ms(10);
    bench.start(zk(1));
    bench.run_secs(3);
    assert!(bench.server(1).tree().stat("/a").is_some());
    assert_eq!(bench.server(1).epoch(), 2);
}

#[test]
fn two_of_three_elect_after_waiting_for_the_third() {
    let mut bench = Bench::cold(3);
    bench.start(zk(1));
    bench.run_secs(1);
    assert_eq!(bench.server(1).role(), Stance::Looking);
    bench.start(zk(2));
    bench.run_ms(150);
    assert_eq!(bench.leader(), None);
    bench.run_ms(100);
    assert_eq!(bench.leader(), Some(zk(2)));
    // The third has a higher number and comes too late for it to matter.
    bench.start(zk(3));
    bench.run_ms(50);
    assert_eq!(bench.leader(), Some(zk(2)));
    assert_eq!(bench.server(3).leader(), Some(zk(2)));
}

#[test]
fn what_was_committed_survives_its_leader() {
    let mut bench = Bench::new(3);
    let client = bench.client(1, &[zk(1), zk(2)]);
    bench.run_ms(10);
    assert!(
        bench
            .answer(client, create("/a", CreateMode::Persistent))
            .is_ok()
    );
    bench.kill(zk(3));
    bench.run_ms(300);
    assert_eq!(bench.leader(), Some(zk(2)));
    assert!(bench.server(1).tree().stat("/a").is_some());
    assert!(bench.server(2).tree().stat("/a").is_some());
    bench.run_secs(3);
    assert_eq!(bench.state(client), State::Connected);
    let set = bench.answer(client, set("/a", "after", 0));
    assert!(set.is_ok(), "{set:?}");
    bench.start(zk(3));
    bench.run_ms(300);
    let (data, _) = bench.server(3).tree().get("/a").expect("a znode");
    assert_eq!(data.as_ref(), b"after");
}

#[test]
fn a_write_that_only_the_old_leader_has_is_lost_with_its_epoch() {
    let mut bench = Bench::new(3);
    let client = bench.client(1, &[zk(3)]);
    bench.run_ms(10);
    // The leader's proposals do not get out: the write stays on its own disk.
    bench.hold(zk(3), zk(1));
    bench.hold(zk(3), zk(2));
    let tag = bench.ask(client, create("/lonely", CreateMode::Persistent));
    bench.run_ms(10);
    assert_eq!(bench.outcome(client, tag), None);
    bench.kill_client(client);
    bench.kill(zk(3));
    // What it had said is lost with it, as when its machine loses power.
    bench
        .stuck
        .retain(|stuck| matches!(stuck.input, Input::Closed { .. }));
    bench.release_all();
    bench.run_ms(300);
    assert_eq!(bench.leader(), Some(zk(2)));
    bench.start(zk(3));
    bench.run_ms(300);
    assert_eq!(bench.server(3).leader(), Some(zk(2)));
    assert!((1..=3).all(|n| bench.server(n).tree().stat("/lonely").is_none()));
}

#[test]
fn a_write_that_a_survivor_has_is_committed_by_the_next_leader() {
    let mut bench = Bench::new(3);
    let client = bench.client(1, &[zk(3)]);
    bench.run_ms(10);
    bench.hold(zk(3), zk(2));
    bench.hold(zk(1), zk(3));
    let tag = bench.ask(client, create("/known", CreateMode::Persistent));
    bench.run_ms(10);
    assert_eq!(bench.outcome(client, tag), None);
    bench.kill_client(client);
    bench.kill(zk(3));
    bench.stuck.clear();
    bench.held.clear();
    bench.run_secs(20);
    // The newer history wins although its server has the lower number.
    assert_eq!(bench.leader(), Some(zk(1)));
    assert!(bench.server(2).tree().stat("/known").is_some());
}

#[test]
fn without_a_majority_nobody_is_served() {
    let mut bench = Bench::new(3);
    let client = bench.client(1, &[zk(3)]);
    bench.run_ms(10);
    bench.kill(zk(1));
    bench.kill(zk(2));
    bench.run_secs(4);
    assert_eq!(bench.server(3).role(), Stance::Looking);
    assert_eq!(bench.state(client), State::Connecting);
    let happened = &bench.apps[&client].happened;
    let lost = happened
        .iter()
        .filter(|(_, what)| *what == Happened::Disconnected);
    assert_eq!(lost.count(), 1);
    let tag = bench.ask(client, create("/a", CreateMode::Persistent));
    bench.run_secs(5);
    assert_eq!(bench.outcome(client, tag), None);
    bench.start(zk(1));
    bench.run_secs(4);
    assert!(matches!(bench.outcome(client, tag), Some(Ok(_))));
}

#[test]
fn a_leader_that_is_cut_off_commits_nothing_while_another_leads() {
    let mut bench = Bench::new(3);
    let old = bench.client(1, &[zk(3)]);
    let new = bench.client(2, &[zk(1), zk(2)]);
    bench.run_ms(10);
    for n in [1, 2] {
        bench.hold(zk(3), zk(n));
        bench.hold(zk(n), zk(3));
    }
    let tag = bench.ask(old, set("/counter", "old", 0));
    bench.run_secs(30);
    assert_eq!(bench.leader(), Some(zk(2)));
    assert!(bench.answer(new, set("/counter", "new", 0)).is_ok());
    assert_eq!(bench.outcome(old, tag), None);
    bench.release_all();
    bench.run_secs(20);
    let outcome = bench.outcome(old, tag);
    assert_eq!(outcome, Some(Err(Error::BadVersion.into())));
    let (data, _) = bench.server(3).tree().get("/counter").expect("a znode");
    assert_eq!(data.as_ref(), b"new");
}

#[test]
fn five_servers_bear_the_loss_of_two() {
    let mut bench = Bench::new(5);
    assert_eq!(bench.leader(), Some(zk(5)));
    bench.kill(zk(5));
    bench.kill(zk(1));
    bench.run_ms(400);
    assert_eq!(bench.leader(), Some(zk(4)));
    let client = bench.client(1, &[zk(2)]);
    bench.run_ms(10);
    let made = bench.answer(client, create("/a", CreateMode::Persistent));
    assert!(made.is_ok());
}
