//! What `serve --record FILE` promises when the disk stands still, which a pipe does that nobody reads.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::process::Command;
use std::thread;

use kafka_playground::script;

use super::{PATIENCE, Served, eventually, is_well};

#[test]
fn a_disk_that_stands_still_ends_the_record_and_not_the_service() {
    let pipe = Path::new(env!("CARGO_TARGET_TMPDIR")).join("stands-still.script");
    let _ = std::fs::remove_file(&pipe);
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("there is a mkfifo").success());
    // Each side waits for the other to open it.
    let name = pipe.to_str().expect("a name").to_owned();
    let opened = thread::spawn(move || File::open(pipe).expect("a pipe"));
    let served = Served::start_with(":", &["--brokers", "1", "--record", &name]);
    let mut reader = opened.join().expect("it is open");
    let mut client = served.connect(1);
    client.create_topic("orders", 1, 1);
    eventually("it leads", || client.produce("orders", b"first").is_ok());
    // A pipe holds 64 KiB, and what is recorded is twice as long as what is said.
    let value = vec![b'x'; 500_000];
    for offset in 1..=8 {
        assert_eq!(client.produce("orders", &value), Ok(offset));
    }
    assert!(
        served.complaints.try_recv().is_err(),
        "there is room for it"
    );
    for offset in 9..=48 {
        assert_eq!(client.produce("orders", &value), Ok(offset));
    }
    let complaint = served.complaints.recv_timeout(PATIENCE);
    let complaint = complaint.expect("it says so");
    assert_eq!(
        complaint,
        "The run is not recorded any further: 32 MiB of it are still to be written, and the disk does not keep up"
    );
    is_well(&mut client);
    let read = thread::spawn(move || {
        let mut text = String::new();
        reader.read_to_string(&mut text).expect("text");
        text
    });
    let (said, code) = served.stop();
    assert_eq!(code, Some(1), "{said:?}");
    let text = read.join().expect("all of it");
    let last = text.lines().last();
    assert!(last.is_some_and(|last| last.starts_with("# The record ends here: ")));
    assert!(text.len() > 32_000_000, "{}", text.len());
    let script = script::parse_long(&text).expect("a script");
    let history = script.play().expect("it replays up to there");
    assert_eq!(history.violation(), None);
    let broker = history.world().brokers().next().expect("it runs");
    let orders = broker.partitions();
    let mut orders = orders.filter(|(name, _)| name.topic.as_str() == "orders");
    let (_, orders) = orders.next().expect("it is there");
    assert!(orders.log_end().0 > 24, "{}", orders.log_end());
}
