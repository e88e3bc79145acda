//! What one client can make the program hold, or do, is bounded, whatever it sends and however its broker is.

use std::io::Read as _;
use std::thread;
use std::time::Duration;

use kafka_playground::protocol::api::list_offsets::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_playground::protocol::api::{ApiVersionsRequest, ListOffsetsRequest, ProduceRequest};
use kafka_playground::protocol::encode_request;

use super::{Client, Served, eventually, is_well, long_request, produced};

const MEGABYTE: usize = 1024 * 1024;

/// Says a lot without reading, and demands that most of it is not taken.
fn is_bounded(served: &Served, mut client: Client) {
    let before = served.memory();
    let request = long_request(MEGABYTE / 4);
    let all: Vec<u8> = (0..400).flat_map(|_| request.clone()).collect();
    let taken = client.write_what_fits(&all);
    // The system's own buffers take some megabytes too.
    assert!(taken < all.len() / 2, "{taken}");
    let grown = served.memory().saturating_sub(before);
    assert!(grown < 20_000_000, "{grown}");
}

#[test]
fn a_long_request_waits_for_a_broker_that_stands_still() {
    let mut served = Served::start(&["--brokers", "1"]);
    let mut client = served.connect(1);
    is_well(&mut client);
    assert!(served.tell("freeze b1").starts_with("ok "));
    let mut writer = Client {
        stream: client.stream.try_clone().expect("a socket"),
        ..client
    };
    let writing = thread::spawn(move || writer.write(&long_request(5 * MEGABYTE)));
    // So much of it comes in as may, which is more than a socket of the world takes.
    thread::sleep(Duration::from_millis(500));
    assert!(served.tell("thaw b1").starts_with("ok "));
    writing.join().expect("all of it is taken");
    assert_eq!(client.read()[..4], [0, 0, 0, 1]);
    is_well(&mut client);
}

#[test]
fn a_long_request_comes_over_a_link_that_takes_its_time() {
    let mut served = Served::start(&["--brokers", "1"]);
    let mut client = served.connect(1);
    is_well(&mut client);
    assert!(served.tell("latency all 30ms").starts_with("ok "));
    client.write(&long_request(5 * MEGABYTE));
    assert_eq!(client.read()[..4], [0, 0, 0, 1]);
}

#[test]
fn what_is_said_to_a_machine_without_power_is_bounded() {
    let mut served = Served::start(&["--brokers", "1"]);
    let mut client = served.connect(1);
    is_well(&mut client);
    assert!(served.tell("kill b1 lossy").starts_with("ok "));
    is_bounded(&served, client);
}

#[test]
fn what_is_said_to_a_broker_that_does_not_serve_yet_is_bounded() {
    // It comes back within its old session, and may not register before that has run out.
    let session = "zookeeper.session.timeout.ms=15000";
    let mut served = Served::start(&["--brokers", "1", "--config", session]);
    is_well(&mut served.connect(1));
    assert!(served.tell("kill b1").starts_with("ok "));
    assert!(served.tell("restart b1").starts_with("ok "));
    let mut client = None;
    eventually("somebody listens", || {
        client = std::net::TcpStream::connect(served.brokers[0]).ok();
        client.is_some()
    });
    drop(client);
    is_bounded(&served, served.connect(1));
}

#[test]
fn an_answer_is_read_to_its_end_however_slowly() {
    // Much longer than a connection may be idle, and much more than the buffers of the system hold.
    let options = [
        "--brokers",
        "1",
        "--config",
        "connections.max.idle.ms=1000",
        "--config",
        "fetch.max.bytes=57671680",
        "--config",
        "log.segment.bytes=67108864",
        "--config",
        "log.retention.ms=-1",
    ];
    let served = Served::start(&options);
    let mut client = served.connect(1);
    client.create_topic("orders", 1, 1);
    eventually("it leads", || client.produce("orders", b"first").is_ok());
    for _ in 0..36 {
        let taken = client.produce("orders", &vec![b'x'; 1_000_000]);
        assert!(taken.is_ok(), "{taken:?}");
    }
    let mut slow = served.connect(1);
    let mut request = super::content::fetch(0, 0);
    request.max_bytes = 50 << 20;
    request.topics[0].partitions[0].partition_max_bytes = 50 << 20;
    slow.write(&encode_request(&request, 12, 1, None).to_vec());
    let mut read = 0;
    let mut some = vec![0; 200_000];
    while read < 3_600_000 {
        read += slow.stream.read(&mut some).expect("more comes");
        thread::sleep(Duration::from_millis(400));
    }
    let rest = slow.rest().expect("it is closed at its end");
    assert!(read + rest.len() > 36_000_000, "{}", read + rest.len());
}

#[test]
fn a_small_batch_keeps_nothing_else_in_memory() {
    let kept = ["--brokers", "1", "--config", "log.retention.ms=-1"];
    let served = Served::start(&kept);
    let mut client = served.connect(1);
    client.create_topic("orders", 1, 1);
    eventually("it leads", || client.produce("orders", b"first").is_ok());
    let small = encode_request(&produced("orders", b"small"), 7, 1, None).to_vec();
    let both = [small, long_request(MEGABYTE / 4)].concat();
    let round = |client: &mut Client| {
        client.write(&both);
        (client.read(), client.read())
    };
    (0..50).for_each(|_| drop(round(&mut client)));
    let before = served.memory();
    (0..300).for_each(|_| drop(round(&mut client)));
    let grown = served.memory().saturating_sub(before);
    assert!(grown < 8_000_000, "{grown}");
}

#[test]
fn a_request_is_as_long_as_the_broker_allows() {
    let served = Served::start(&["--brokers", "1"]);
    let mut client = served.connect(1);
    client.write(&long_request(15 * MEGABYTE));
    assert_eq!(client.read()[..4], [0, 0, 0, 1]);
    let mut too_long = served.connect(1);
    too_long.write_what_fits(&long_request(17 * MEGABYTE));
    assert!(too_long.is_closed());
    is_well(&mut client);
}

#[test]
fn a_request_whose_rest_is_long_in_coming_is_still_one() {
    let served = Served::start(&["--brokers", "1"]);
    let mut client = served.connect(1);
    let asked = ApiVersionsRequest {
        client_software_name: "a-client".into(),
        client_software_version: "1".into(),
    };
    let asked = encode_request(&asked, 3, 7, None).to_vec();
    for cut in [2, 4, 5, 11] {
        client.write(&asked[..cut]);
        thread::sleep(Duration::from_millis(100));
        client.write(&asked[cut..]);
        assert_eq!(client.read()[..4], [0, 0, 0, 7], "cut at {cut}");
    }
}

#[test]
fn many_partitions_in_one_question_take_no_time_that_others_notice() {
    let served = Served::start(&["--brokers", "1"]);
    let mut client = served.connect(1);
    client.create_topic("orders", 1, 1);
    let partitions = (0..300_000).map(|partition_index| ListOffsetsPartition {
        partition_index,
        timestamp: -1,
        ..Default::default()
    });
    let topic = ListOffsetsTopic {
        name: "orders".into(),
        partitions: partitions.collect(),
    };
    let request = ListOffsetsRequest {
        replica_id: -1,
        topics: vec![topic],
        ..Default::default()
    };
    let answer = client.call(&request, 4);
    let partitions = &answer.topics[0].partitions;
    assert_eq!(partitions.len(), 300_000);
    assert!(partitions[1..].iter().all(|one| one.error_code == 3));
}

#[test]
fn what_nobody_confirms_is_taken_while_its_broker_works() {
    let served = Served::start(&["--brokers", "1"]);
    let mut client = served.connect(1);
    client.create_topic("orders", 1, 1);
    eventually("it leads", || client.produce("orders", b"first").is_ok());
    let request = ProduceRequest {
        acks: 0,
        ..produced("orders", &[b'x'; 100_000])
    };
    let asked = encode_request(&request, 7, 1, None).to_vec();
    let mut hasty = served.connect(1);
    (0..200).for_each(|_| hasty.write(&asked));
    eventually("all of it is there", || {
        client
            .produce("orders", b"last")
            .is_ok_and(|last| last > 200)
    });
}
