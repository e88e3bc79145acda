//! What `serve` promises to people: records that replay, lines that are answered, listeners that follow their
//! brokers, an end in order, and a sentence for what it cannot do.

use std::net::TcpStream;
use std::path::Path;

use kafka_playground::protocol::api::{FetchRequest, MetadataRequest, fetch};
use kafka_playground::script;

use super::{Served, eventually, program};

/// A cluster that misses a dead broker soon.
const PLAN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/cluster.script");

#[test]
fn a_recorded_run_replays_to_the_same_digest_and_keeps_every_law() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("recorded.script");
    let file = file.to_str().expect("a name");
    // What an older one left there may be no record by the rules of today.
    let _ = std::fs::remove_file(file);
    let mut served = Served::start(&["--record", file, "--seed", "7", "--plan", PLAN]);
    let mut client = served.connect(1);
    client.create_topic("orders", 1, 3);
    for number in 0..20 {
        let value = vec![b'x'; 1 + number * 5_000];
        eventually("a record is taken", || {
            let leader = leader(&mut client, "orders");
            leader.is_some_and(|leader| served.connect(leader).produce("orders", &value).is_ok())
        });
    }
    let leader = leader(&mut client, "orders").expect("there is one");
    assert!(
        served
            .tell(&format!("kill broker {leader}"))
            .starts_with("ok ")
    );
    let mut other = served.connect(if leader == 1 { 2 } else { 1 });
    eventually("another leads", || {
        let now = super::clean::leader(&mut other, "orders");
        now.is_some_and(|now| {
            now != leader && served.connect(now).produce("orders", b"last").is_ok()
        })
    });
    assert!(
        served
            .tell(&format!("restart b{leader}"))
            .starts_with("ok ")
    );
    eventually("it is back", || {
        TcpStream::connect(served.brokers[leader - 1]).is_ok()
    });
    let (said, code) = served.stop();
    assert_eq!(code, Some(0), "{said:?}");
    let digest = said
        .iter()
        .find_map(|line| line.split_once("digest ").map(|(_, digest)| digest));
    let text = std::fs::read_to_string(file).expect("a record");
    let history = script::parse_long(&text)
        .expect("a script")
        .play()
        .expect("a run");
    assert_eq!(
        digest,
        Some(&*history.observed().journal.digest().to_string())
    );
    assert_eq!(history.violation(), None);
    let audit = history.world().brokers().count();
    assert_eq!(audit, 0, "every broker has ended");
}

/// Who leads partition 0 of a topic, as a broker says.
pub fn leader(client: &mut super::Client, topic: &str) -> Option<usize> {
    let answer = client.call(&MetadataRequest::default(), 1);
    let topic = answer
        .topics
        .iter()
        .find(|found| found.name.as_deref() == Some(topic))?;
    usize::try_from(topic.partitions.first()?.leader_id).ok()
}

#[test]
fn clients_are_told_real_addresses() {
    let served = Served::start(&["--brokers", "2"]);
    let answer = served.connect(2).call(&MetadataRequest::default(), 1);
    let told: Vec<String> = (answer.brokers.iter())
        .map(|broker| format!("{}:{}", broker.host, broker.port))
        .collect();
    let real: Vec<String> = served.brokers.iter().map(ToString::to_string).collect();
    assert_eq!(told, real);
}

#[test]
fn nobody_listens_for_a_dead_broker() {
    // Who comes back within its old session is served when that has run out.
    let session = "zookeeper.session.timeout.ms=6000";
    let mut served = Served::start(&["--brokers", "2", "--config", session]);
    let mut client = served.connect(2);
    served.tell("kill b2");
    assert!(client.is_closed());
    eventually("connecting is refused", || {
        TcpStream::connect(served.brokers[1]).is_err()
    });
    assert_eq!(
        served.tell("kill b2"),
        "no: b2 does not run; restart b2 starts it again"
    );
    served.tell("restart b2");
    eventually("somebody listens again", || {
        TcpStream::connect(served.brokers[1]).is_ok()
    });
    served.connect(2).call(&MetadataRequest::default(), 1);
}

#[test]
fn each_line_gets_one_answer() {
    let mut served = Served::start(&["--brokers", "1"]);
    assert!(served.tell("freeze broker 1").starts_with("ok "));
    assert!(served.tell("thaw b1").starts_with("ok "));
    assert!(served.tell("show digest").starts_with("digest "));
    for (line, part) in [
        ("kill b9", "b9 is not in this world"),
        ("run 1s", "time passes by itself"),
        ("explode", "explode is none of"),
        ("bytes s1 00", "sockets are those"),
    ] {
        let answer = served.tell(line);
        assert!(
            answer.starts_with("no: ") && answer.contains(part),
            "{answer}"
        );
    }
}

#[test]
fn a_long_poll_is_answered_when_something_comes() {
    let served = Served::start(&["--brokers", "1"]);
    let mut producer = served.connect(1);
    producer.create_topic("orders", 1, 1);
    let partition = fetch::FetchPartition {
        partition_max_bytes: 1_000_000,
        ..Default::default()
    };
    let request = FetchRequest {
        max_wait_ms: 15_000,
        min_bytes: 1,
        max_bytes: 1_000_000,
        topics: vec![fetch::FetchTopic {
            topic: "orders".into(),
            partitions: vec![partition],
            ..Default::default()
        }],
        ..Default::default()
    };
    eventually("it leads", || producer.produce("orders", b"first").is_ok());
    let mut consumer = served.connect(1);
    let asked = FetchRequest {
        topics: vec![fetch::FetchTopic {
            partitions: vec![fetch::FetchPartition {
                fetch_offset: 1,
                ..request.topics[0].partitions[0].clone()
            }],
            ..request.topics[0].clone()
        }],
        ..request
    };
    let since = std::time::Instant::now();
    let waits = std::thread::spawn(move || consumer.call(&asked, 11));
    std::thread::sleep(std::time::Duration::from_millis(200));
    assert_eq!(producer.produce("orders", b"second"), Ok(1));
    let answer = waits.join().expect("an answer");
    assert!(since.elapsed() < std::time::Duration::from_secs(5));
    let records = answer.responses[0].partitions[0].records.as_ref();
    assert!(records.is_some_and(|records| !records.is_empty()));
}

#[test]
fn a_record_that_cannot_be_written_is_said_at_once_and_costs_no_digest() {
    let served = Served::start_with(":", &["--brokers", "1", "--record", "/dev/full"]);
    let complaint = served.complaints.recv_timeout(super::PATIENCE);
    let complaint = complaint.expect("it complains");
    assert!(
        complaint.starts_with("The run is not recorded any further"),
        "{complaint}"
    );
    super::is_well(&mut served.connect(1));
    let (said, code) = served.stop();
    assert_eq!(code, Some(1), "{said:?}");
    assert!(said.iter().any(|line| line.contains("digest ")), "{said:?}");
}

#[test]
fn help_is_given_wherever_it_is_asked_for() {
    for words in [&["--help"][..], &["-h"], &["--brokers", "3", "--help"]] {
        let output = program().arg("serve").args(words).output();
        let output = output.expect("it starts");
        assert_eq!(output.status.code(), Some(0), "{words:?}");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains("--replication-factor N"), "{said}");
    }
}

#[test]
fn what_cannot_be_ends_with_a_sentence_and_code_2() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let taken = taken.local_addr().expect("bound").to_string();
    for (options, part) in [
        (&["--colour", "blue"][..], "serve has no --colour"),
        (
            &["--listen", "nowhere.invalid:9092"],
            "is not the name of a host here",
        ),
        (&["--listen", "9092"], "is not an address such as"),
        (
            &["--brokers", "1", "--listen", &taken],
            "is in use by another program",
        ),
        (&["--brokers", "12"], "a world has 1 to 9"),
        (
            &["--config", "retention=1"],
            "retention is not a setting of a broker",
        ),
        (
            &["--config", "num.io.threads=8"],
            "Kafka has num.io.threads; it is not modelled here",
        ),
        (
            &["--replication-factor", "5", "--listen", "127.0.0.1:0"],
            "a replica on each broker at the most, and there will be 3",
        ),
        (
            &[
                "--record",
                concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"),
                "--listen",
                "127.0.0.1:0",
            ],
            "README.md: that file is there and is no record",
        ),
        (
            &["--record", "/no/such/place", "--listen", "127.0.0.1:0"],
            "--record /no/such/place",
        ),
    ] {
        let output = program()
            .arg("serve")
            .args(options)
            .output()
            .expect("it starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{options:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(said.contains(part), "{said}");
    }
}
