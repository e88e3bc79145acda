//! More connections than a broker wants: some wait, some go, none is forgotten.

use super::*;
use crate::protocol::api::ApiVersionsRequest;

/// How many connections broker 1 has from its own kind.
fn from_brokers() -> usize {
    Bench::new(&[], &[]).broker(1).connections().count()
}

fn is_served(bench: &mut Bench, connection: ConnectionId) -> bool {
    bench.ask(connection, &ApiVersionsRequest::default(), 0);
    bench.run_ms(3);
    bench.answer::<ApiVersionsRequest>(connection, 0).is_some()
}

#[test]
fn w44_who_comes_when_it_is_full_waits_for_another_to_leave() {
    let limit = (from_brokers() + 2).to_string();
    let mut bench = Bench::new(&[("max.connections", &limit)], &[]);
    let guests: Vec<ConnectionId> = (0..4).map(|_| bench.open(1)).collect();
    bench.run_ms(3);
    let served: Vec<bool> = guests
        .iter()
        .map(|guest| is_served(&mut bench, *guest))
        .collect();
    assert_eq!(served, [true, true, false, false]);
    assert!(
        guests.iter().all(|guest| !bench.is_closed(*guest)),
        "nobody is sent away"
    );
    let leaves = Effect::Close {
        connection: guests[0],
    };
    bench.carry(guests[0].opener, leaves);
    bench.run_ms(5);
    // What it had asked while it waited is answered now.
    assert!(bench.answer::<ApiVersionsRequest>(guests[2], 0).is_some());
    assert!(bench.answer::<ApiVersionsRequest>(guests[3], 0).is_none());
    assert_eq!(bench.produce_now(2, -1, "others are not concerned").0, 6);
}

#[test]
fn w44_a_broker_takes_the_place_of_the_longest_silent_client() {
    let limit = (from_brokers() + 2).to_string();
    let mut bench = Bench::new(&[("max.connections", &limit)], &[]);
    let (first, second) = (bench.open(1), bench.open(1));
    bench.run_ms(10);
    assert!(is_served(&mut bench, second) && is_served(&mut bench, first));
    bench.open_as(b(8), 1);
    bench.run_ms(5);
    assert!(bench.is_closed(second), "it has been silent for longer");
    assert!(!bench.is_closed(first));
}

#[test]
fn w44_one_host_has_no_more_connections_than_it_may() {
    let mut bench = Bench::new(&[("max.connections.per.ip", "6")], &[]);
    let crowd: Vec<ConnectionId> = (0..8).map(|_| bench.open(1)).collect();
    let other = bench.open_as(ProcessId::Consumer(1), 1);
    bench.run_ms(3);
    let closed = crowd.iter().filter(|guest| bench.is_closed(**guest));
    assert_eq!(closed.count(), 2);
    assert!(is_served(&mut bench, other));
    let leaves = Effect::Close {
        connection: crowd[0],
    };
    bench.carry(crowd[0].opener, leaves);
    bench.run_ms(3);
    let again = bench.open(1);
    bench.run_ms(3);
    assert!(is_served(&mut bench, again), "one has left");
}

#[test]
fn w44_five_thousand_come_and_go_and_nothing_is_left_of_them() {
    let before = from_brokers();
    let limit = (before + 100).to_string();
    let mut bench = Bench::new(&[("max.connections", &limit)], &[]);
    let deadlines = bench.broker(1).list_deadlines().len();
    let guests: Vec<ConnectionId> = (0..5_000).map(|_| bench.open(1)).collect();
    bench.run_ms(3);
    assert_eq!(bench.broker(1).connections().count(), before + 5_000);
    for guest in guests {
        let leaves = Effect::Close { connection: guest };
        bench.carry(guest.opener, leaves);
    }
    bench.run_ms(3);
    assert_eq!(bench.broker(1).connections().count(), before);
    assert_eq!(
        bench.broker(1).list_deadlines().len(),
        deadlines,
        "nor a timer"
    );
    let late = bench.open(1);
    bench.run_ms(3);
    assert!(is_served(&mut bench, late));
}
