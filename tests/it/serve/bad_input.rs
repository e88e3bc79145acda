//! Bad input over TCP: the rows of the project's list that are about bytes on a socket.
//!
//! What each row means for a broker is shown in its own tests; here it is shown that a real socket makes no
//! difference, that nobody else notices, and that what a client can make the program hold is bounded.

use std::io::Write as _;
use std::net::Shutdown;
use std::time::{Duration, Instant};

use kafka_playground::protocol::api::{ApiVersionsRequest, FetchRequest, MetadataRequest, fetch};
use kafka_playground::protocol::{Chunks, decode_response, encode_request};

use super::{Client, Served, eventually, produced};

fn frame(body: &[u8]) -> Vec<u8> {
    let mut bytes = (body.len() as i32).to_be_bytes().to_vec();
    bytes.extend_from_slice(body);
    bytes
}

/// A request by its header of version 1: number 1, no client id.
fn request(api: i16, version: i16, body: &[u8]) -> Vec<u8> {
    let mut bytes = api.to_be_bytes().to_vec();
    bytes.extend(version.to_be_bytes());
    bytes.extend([0, 0, 0, 1, 0xff, 0xff]);
    bytes.extend_from_slice(body);
    frame(&bytes)
}

fn is_well(client: &mut Client) {
    let answer = client.call(&MetadataRequest::default(), 1);
    assert_eq!(answer.brokers.len(), 1);
}

#[test]
fn bytes_that_are_no_request_cost_their_connection_and_nothing_else() {
    let served = Served::start(&["--brokers", "1"]);
    let mut bystander = served.connect(1);
    is_well(&mut bystander);
    for (what, bytes) in [
        (
            "W1 a web browser",
            b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(),
        ),
        ("W2 a size of nothing", vec![0, 0, 0, 0]),
        ("W3 a size below nothing", vec![0xff, 0xff, 0xff, 0xff]),
        ("W4 two gigabytes", vec![0x7f, 0xff, 0xff, 0xff, 1, 2, 3]),
        (
            "W8 a TLS hello",
            vec![0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc],
        ),
        ("W9 an unknown API", request(999, 0, &[])),
        ("W9 an API below nothing", request(-1, 0, &[])),
        ("W10 a version that is not served", request(0, 99, &[])),
        (
            "W13 a client id of -2",
            frame(&[0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xfe]),
        ),
        (
            "W14 two thousand million topics",
            request(3, 0, &[0x7f, 0xff, 0xff, 0xff]),
        ),
        ("W37 an order of a controller", request(4, 0, &[0; 16])),
    ] {
        let mut client = served.connect(1);
        client.write(&bytes);
        let since = Instant::now();
        assert!(client.is_closed(), "{what}");
        assert!(since.elapsed() < Duration::from_secs(5), "{what}");
        is_well(&mut bystander);
    }
    assert!(served.memory() < 100_000_000, "{}", served.memory());
}

#[test]
fn w6_w7_w11_however_requests_are_cut_they_are_answered() {
    let served = Served::start(&["--brokers", "1"]);
    let mut client = served.connect(1);
    let one = encode_request(&ApiVersionsRequest::default(), 0, 7, None).to_vec();
    for byte in &one {
        client.write(&[*byte]);
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(client.read()[..4], [0, 0, 0, 7]);
    let two = encode_request(&ApiVersionsRequest::default(), 0, 8, None).to_vec();
    client.write(&[one.clone(), two].concat());
    assert_eq!(client.read()[..4], [0, 0, 0, 7]);
    assert_eq!(client.read()[..4], [0, 0, 0, 8]);
    // A version of ApiVersions that nobody knows is answered with those that are known.
    client.write(&request(18, 99, &[0]));
    let answer = Chunks::from(client.read());
    let (_, answer) = decode_response::<ApiVersionsRequest>(&answer, 0).expect("version 0");
    assert_eq!(answer.error_code, 35);
    is_well(&mut client);
}

#[test]
fn w5_a_client_that_says_nothing_is_closed_and_one_that_is_slow_is_not() {
    let served = Served::start(&["--brokers", "1", "--config", "connections.max.idle.ms=1500"]);
    let (mut silent, mut slow) = (served.connect(1), served.connect(1));
    let since = Instant::now();
    silent.write(&[0, 0, 0, 100, 1, 2, 3]);
    let request = encode_request(&ApiVersionsRequest::default(), 0, 7, None).to_vec();
    for part in request.chunks(request.len().div_ceil(6)) {
        slow.write(part);
        std::thread::sleep(Duration::from_millis(500));
    }
    assert_eq!(slow.read()[..4], [0, 0, 0, 7]);
    assert!(silent.is_closed());
    assert!(since.elapsed() >= Duration::from_millis(1_500));
}

#[test]
fn w19_what_is_asked_without_reading_waits_in_the_socket() {
    let served = Served::start(&["--brokers", "1"]);
    let mut client = served.connect(1);
    client.create_topic("orders", 1, 1);
    eventually("it leads", || {
        client.produce("orders", &[b'x'; 900_000]).is_ok()
    });
    let partition = fetch::FetchPartition {
        partition_max_bytes: 1_000_000,
        ..Default::default()
    };
    let topic = fetch::FetchTopic {
        topic: "orders".into(),
        partitions: vec![partition],
        ..Default::default()
    };
    let request = FetchRequest {
        min_bytes: 1,
        max_bytes: 1_000_000,
        topics: vec![topic],
        ..Default::default()
    };
    // Nine gigabytes of answers, if anybody made them.
    let mut greedy = served.connect(1);
    greedy
        .stream
        .set_write_timeout(Some(Duration::from_millis(300)))
        .expect("a socket");
    for number in 0..10_000 {
        let bytes = encode_request(&request, 11, number, None).to_vec();
        if greedy.stream.write_all(&bytes).is_err() {
            break;
        }
    }
    std::thread::sleep(Duration::from_millis(500));
    assert!(served.memory() < 100_000_000, "{}", served.memory());
    is_well(&mut client);
    // It may still read what it asked for, in order.
    for number in 0..20_i32 {
        assert_eq!(greedy.read()[..4], number.to_be_bytes());
    }
}

#[test]
fn what_was_said_before_the_end_counts() {
    let served = Served::start(&["--brokers", "1"]);
    let mut client = served.connect(1);
    client.create_topic("orders", 1, 1);
    eventually("it leads", || client.produce("orders", b"first").is_ok());
    // Records that nobody confirms, and a client that is gone as soon as it has sent them.
    let mut hasty = served.connect(1);
    for _ in 0..50 {
        let request = kafka_playground::protocol::api::ProduceRequest {
            acks: 0,
            ..produced("orders", b"more")
        };
        hasty.write(&encode_request(&request, 7, 1, None).to_vec());
    }
    drop(hasty);
    let mut last = 0;
    eventually("all of them are there", || {
        last = client.produce("orders", b"last").expect("it is taken");
        last > 50
    });
    // Half a connection: who has closed its side is heard to the end and then let go.
    let mut half = served.connect(1);
    half.write(&encode_request(&produced("orders", b"half"), 7, 1, None).to_vec());
    half.stream.shutdown(Shutdown::Write).expect("a socket");
    assert!(half.is_closed());
    eventually("it is there", || {
        client.produce("orders", b"after").expect("taken") > last + 1
    });
}

#[test]
fn w44_a_storm_of_connections_leaves_nothing_behind() {
    let served = Served::start(&["--brokers", "1", "--config", "max.connections=60"]);
    let before = served.memory();
    for round in 0..20 {
        let mut clients: Vec<Client> = (0..50).map(|_| served.connect(1)).collect();
        if round % 2 == 0 {
            is_well(&mut clients[49]);
        }
    }
    // The broker's own connections count too. Whoever is too many waits until another leaves.
    let mut inside: Vec<Client> = (0..65).map(|_| served.connect(1)).collect();
    let mut late = served.connect(1);
    late.write(&encode_request(&ApiVersionsRequest::default(), 0, 9, None).to_vec());
    eventually("it is full", || {
        inside[..50].iter_mut().for_each(is_well);
        true
    });
    late.stream
        .set_read_timeout(Some(Duration::from_millis(300)))
        .expect("a socket");
    let mut byte = [0];
    assert!(
        std::io::Read::read(&mut late.stream, &mut byte).is_err(),
        "it waits"
    );
    late.stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .expect("a socket");
    drop(inside);
    assert_eq!(late.read()[..4], [0, 0, 0, 9]);
    let grown = served.memory().saturating_sub(before);
    assert!(grown < 30_000_000, "{grown}");
}

#[test]
fn one_host_may_have_so_many_connections() {
    let served = Served::start(&["--brokers", "1", "--config", "max.connections.per.ip=3"]);
    let mut first: Vec<Client> = (0..3).map(|_| served.connect(1)).collect();
    first.iter_mut().for_each(is_well);
    assert!(served.connect(1).is_closed());
    first.pop();
    eventually("there is room again", || {
        let mut client = served.connect(1);
        let request = encode_request(&ApiVersionsRequest::default(), 0, 9, None).to_vec();
        client.stream.write_all(&request).is_ok()
            && std::io::Read::read(&mut client.stream, &mut [0]).is_ok_and(|count| count > 0)
    });
}
