//! Bad input over TCP: the rows of the project's list that are about bytes on a socket.
//!
//! What each row means for a broker is shown in its own tests; here it is shown that a real socket makes no
//! difference, that nobody else notices, and that what a client can make the program hold is bounded.

use std::io::Write as _;
use std::net::Shutdown;
use std::time::{Duration, Instant};

use kafka_playground::protocol::api::{ApiVersionsRequest, MetadataRequest, ProduceRequest};
use kafka_playground::protocol::{Chunks, decode_response, encode_request};

use super::{Client, Served, eventually, frame, is_well, produced, request};

#[test]
fn bytes_that_are_no_request_cost_their_connection_and_nothing_else() {
    let served = Served::start(&["--brokers", "1"]);
    let mut bystander = served.connect(1);
    is_well(&mut bystander);
    let (before, reserved) = (served.forget_peak(), served.most_reserved());
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
        ("W37 LeaderAndIsr", request(4, 0, &[0; 16])),
        ("W37 StopReplica", request(5, 0, &[0; 16])),
        ("W37 UpdateMetadata", request(6, 0, &[0; 16])),
        ("W37 ControlledShutdown", request(7, 1, &[0; 4])),
        ("W37 WriteTxnMarkers", request(27, 0, &[0; 4])),
        // Well-formed: tags, a broker with its epoch, no topics, tags.
        (
            "W37 AlterPartition",
            request(56, 0, &[0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]),
        ),
        ("W37 AllocateProducerIds", request(67, 0, &[0; 16])),
    ] {
        let mut client = served.connect(1);
        client.write(&bytes);
        let since = Instant::now();
        assert!(client.is_closed(), "{what}");
        assert!(since.elapsed() < Duration::from_secs(5), "{what}");
        is_well(&mut bystander);
    }
    // Neither two gigabytes nor a part of them, not even as a promise of the system.
    let grown = served.peak().saturating_sub(before);
    assert!(grown < 1_000_000, "{grown}");
    let reserved = served.most_reserved() - reserved;
    assert!(reserved < 100_000_000, "{reserved}");
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
    // An answer of some kilobytes, which is made anew each time.
    for number in 0..150 {
        client.create_topic(&format!("a-topic-with-a-long-name-{number}"), 1, 1);
    }
    let request = MetadataRequest::default();
    let question = encode_request(&request, 1, 0, None).to_vec();
    let mut greedy = served.connect(1);
    greedy.write(&question);
    let length = greedy.read().len();
    assert!(length > 8_000, "{length}");
    let before = served.memory();
    // A million questions, whose answers would come to ten gigabytes.
    let numbered = |number: i32| {
        let mut question = question.clone();
        question[8..12].copy_from_slice(&number.to_be_bytes());
        question
    };
    let asked: Vec<u8> = (0..1_000_000).flat_map(numbered).collect();
    let taken = greedy.write_what_fits(&asked);
    assert!(taken < asked.len(), "all of it was taken");
    let grown = served.memory().saturating_sub(before);
    assert!(grown < 30_000_000, "{grown}");
    is_well(&mut client);
    // It may still read what it asked for, in order.
    for number in 0..1_000_i32 {
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
        let request = ProduceRequest {
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
    let answer = half.rest().expect("it is closed");
    assert_eq!(answer.get(4..8), Some(&[0, 0, 0, 1][..]), "{answer:?}");
    let answered = Chunks::from(answer[4..].to_vec());
    let (_, answered) = decode_response::<ProduceRequest>(&answered, 7).expect("an answer");
    let taken = &answered.responses[0].partition_responses[0];
    assert_eq!((taken.error_code, taken.base_offset), (0, last + 1));
    // Also one that waits for a while, and what was asked behind it.
    let mut patient = served.connect(1);
    let waits = encode_request(&super::content::fetch(last + 2, 700), 12, 3, None).to_vec();
    let asks = encode_request(&ApiVersionsRequest::default(), 0, 4, None).to_vec();
    patient.write(&[waits, asks].concat());
    patient.stream.shutdown(Shutdown::Write).expect("a socket");
    assert_eq!(patient.read()[..4], [0, 0, 0, 3]);
    assert_eq!(patient.read()[..4], [0, 0, 0, 4]);
    let since = Instant::now();
    assert!(patient.is_closed());
    assert!(since.elapsed() < Duration::from_millis(300), "{since:?}");
}

#[test]
fn w44_a_storm_of_connections_leaves_nothing_behind() {
    let served = Served::start(&["--brokers", "1", "--config", "max.connections=60"]);
    let before = served.descriptors();
    let mut memory = Vec::new();
    for round in 1..=5_000 / 50 {
        let mut clients: Vec<Client> = (0..50).map(|_| served.connect(1)).collect();
        if round % 2 == 0 {
            is_well(&mut clients[49]);
        }
        drop(clients);
        // What the first thousand leave behind is used again by those that follow.
        if round % 20 == 0 {
            eventually("all of them are gone", || served.descriptors() == before);
            memory.push(served.memory());
        }
    }
    let grown = memory[memory.len() - 1].saturating_sub(memory[0]);
    assert!(grown < 2_000_000, "{memory:?}");
}

#[test]
fn w44_five_thousand_clients_at_once_are_served() {
    const MOST: usize = 5_000;
    // The sockets of the clients are in this process, those of the broker in its own.
    let mine = std::process::id().to_string();
    let raise =
        "soft=$(ulimit -Hn); prlimit --pid \"$0\" --nofile=\"$soft:$soft\" && echo \"$soft\"";
    let raised = std::process::Command::new("sh")
        .args(["-c", raise, &mine])
        .output();
    let raised = raised.expect("there is a shell").stdout;
    let limit = String::from_utf8_lossy(&raised).trim().to_owned();
    // Where the system allows fewer, as many as it does; with fewer than a thousand this would show nothing.
    let limit = match limit.as_str() {
        "unlimited" => usize::MAX,
        limit => limit.parse().expect("a number of sockets"),
    };
    let all = MOST.min(limit.saturating_sub(500));
    assert!(all >= 1_000, "the system allows {limit} sockets");
    // Few are what a shell allows as a rule; the program asks for more.
    let options = ["--brokers", "1", "--config", "max.connections=6000"];
    let served = Served::start_with("ulimit -Sn 256", &options);
    let (before, memory) = (served.descriptors(), served.memory());
    let mut clients: Vec<Client> = (0..all).map(|_| served.connect(1)).collect();
    clients.iter_mut().step_by(50).for_each(is_well);
    is_well(&mut clients[all - 1]);
    assert!(served.descriptors() >= before + all);
    let each = served.memory().saturating_sub(memory) / all as u64;
    assert!(each < 10_000, "{each} bytes for each");
    drop(clients);
    eventually("all of them are gone", || served.descriptors() == before);
    assert!(served.complaints.try_recv().is_err());
}

#[test]
fn whom_the_system_does_not_let_in_waits_and_that_is_said_once() {
    let served = Served::start_with("ulimit -n 60", &["--brokers", "1"]);
    let mut inside: Vec<Client> = (0..80).map(|_| served.connect(1)).collect();
    let complaint = served.complaints.recv_timeout(super::PATIENCE);
    let complaint = complaint.expect("it complains");
    assert!(
        complaint.starts_with("The system lets no more connections in: "),
        "{complaint}"
    );
    inside[..30].iter_mut().for_each(is_well);
    let mut late = inside.pop().expect("the last");
    late.write(&encode_request(&ApiVersionsRequest::default(), 0, 9, None).to_vec());
    assert!(late.is_silent_for(Duration::from_millis(500)), "it waits");
    drop(inside);
    assert_eq!(late.read()[..4], [0, 0, 0, 9]);
    assert!(served.complaints.try_recv().is_err(), "once is enough");
}

#[test]
fn w44_whoever_is_too_many_waits_until_another_leaves() {
    // The broker's own connections count too.
    let served = Served::start(&["--brokers", "1", "--config", "max.connections=60"]);
    let mut inside: Vec<Client> = (0..65).map(|_| served.connect(1)).collect();
    let mut late = served.connect(1);
    late.write(&encode_request(&ApiVersionsRequest::default(), 0, 9, None).to_vec());
    inside[..50].iter_mut().for_each(is_well);
    assert!(late.is_silent_for(Duration::from_millis(300)), "it waits");
    drop(inside);
    assert_eq!(late.read()[..4], [0, 0, 0, 9]);
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
