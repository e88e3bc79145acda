//! The control channel: whatever stands on it, and whoever reads the answers, the cluster goes on.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::{Client, Served, eventually, is_well, program};

/// A cluster whose output nobody reads any further than to its addresses.
fn unheard(brokers: &str) -> (Child, Vec<SocketAddr>, impl std::io::Read) {
    let mut child = program()
        .args(["serve", "--listen", "127.0.0.1:0", "--brokers", brokers])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut output = BufReader::new(child.stdout.take().expect("it has an output"));
    let mut first = String::new();
    output.read_line(&mut first).expect("it says where");
    let (_, addresses) = first.trim().split_once(" at ").expect("it says where");
    let addresses = addresses
        .split(',')
        .map(|one| one.parse().expect("an address"));
    let addresses = addresses.collect();
    let mut line = String::new();
    while line.trim() != "ready" {
        line.clear();
        output.read_line(&mut line).expect("it says more");
    }
    (child, addresses, output)
}

fn interrupt(child: &mut Child) -> Option<i32> {
    let id = child.id().to_string();
    let killed = Command::new("kill").args(["-INT", &id]).status();
    assert!(killed.expect("there is a kill").success());
    let mut code = None;
    eventually("it ends", || match child.try_wait() {
        Ok(Some(status)) => {
            code = status.code();
            true
        }
        _ => false,
    });
    code
}

#[test]
fn bytes_that_are_no_text_are_answered_too() {
    let mut served = Served::start(&["--brokers", "1"]);
    let answer = served.tell_bytes(b"\xff\xfe\xfd\n");
    assert!(answer.starts_with("no: "), "{answer}");
    let answer = served.tell_bytes(&[&[b'x'; 200_000][..], b"\n"].concat());
    assert!(
        answer.starts_with("no: ") && answer.len() < 100_000,
        "{}",
        answer.len()
    );
    assert!(served.tell("show digest").starts_with("digest "));
}

#[test]
fn a_cluster_whose_answers_nobody_hears_goes_on_and_ends_in_order() {
    let (mut child, addresses, output) = unheard("2");
    drop(output);
    let mut input = child.stdin.take().expect("it listens");
    input
        .write_all(b"kill b2\nrestart b2\nexplode\n")
        .expect("it takes lines");
    let mut client = Client::to(addresses[0]);
    for _ in 0..20 {
        is_well(&mut client);
        std::thread::sleep(Duration::from_millis(10));
    }
    drop(client);
    assert_eq!(interrupt(&mut child), Some(0));
}

#[test]
fn who_does_not_read_the_answers_stops_nobody_else() {
    let (mut child, addresses, mut output) = unheard("1");
    let mut input = child.stdin.take().expect("it listens");
    // Far more answers than a pipe holds.
    let telling = std::thread::spawn(move || {
        let _ = input.write_all("explode\n".repeat(20_000).as_bytes());
        input
    });
    std::thread::sleep(Duration::from_millis(500));
    let mut client = Client::to(addresses[0]);
    (0..20).for_each(|_| is_well(&mut client));
    // Once somebody reads, all of them are there.
    let mut heard = 0;
    let mut piece = [0; 65_536];
    while heard < 20_000 {
        let count = output.read(&mut piece).expect("it says more");
        assert!(count > 0, "{heard} answers");
        heard += piece[..count].iter().filter(|byte| **byte == b'\n').count();
    }
    drop(telling.join());
    assert_eq!(interrupt(&mut child), Some(0));
}

#[test]
fn a_frozen_broker_keeps_nobody_from_ending_in_order() {
    // The seed is settled although nothing should hang on it: what failed here would fail again.
    let mut served = Served::start(&["--brokers", "3", "--seed", "1"]);
    // Not the first, which is controller at the beginning, and without which nobody can hand over.
    assert!(served.tell("freeze b2").starts_with("ok "));
    let (said, code) = served.stop();
    assert_eq!(code, Some(0), "{said:?}");
    // Two hand over and end; the one that stands still is killed. Had anybody waited for it until the time was up, two
    // would have been.
    let last = said.iter().find(|line| line.contains("digest "));
    assert!(
        last.is_some_and(|line| line.contains("the last without anybody")),
        "{said:?}"
    );
}

#[test]
fn who_hears_that_all_is_ready_may_stop_it_at_once() {
    for _ in 0..10 {
        let (said, code) = Served::start(&["--brokers", "1"]).stop();
        assert_eq!(code, Some(0), "{said:?}");
        assert!(said.iter().any(|line| line.contains("digest ")), "{said:?}");
    }
}

/// A job in the background of a terminal that reads the terminal is stopped by the system, and with it all clients.
#[cfg(target_os = "linux")]
#[test]
fn in_the_background_of_a_terminal_it_serves() {
    let binary = env!("CARGO_BIN_EXE_kafka-playground");
    let said = std::env::temp_dir().join(format!("background-{}", std::process::id()));
    let said = said.to_str().expect("a name");
    // With job control, as in a shell that somebody types into.
    let job = format!(
        "set -m; {binary} serve --brokers 1 --listen 127.0.0.1:0 >{said} & sleep 4; kill -INT %1; wait %1; echo ended $?"
    );
    let mut terminal = Command::new("script")
        .args(["-q", "-c", &format!("bash -c '{job}'"), "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("there is a script, which makes a terminal");
    let mut address = None;
    eventually("it says where", || {
        let text = std::fs::read_to_string(said).unwrap_or_default();
        let at = text.lines().next().and_then(|line| line.split_once(" at "));
        address = at.and_then(|(_, address)| address.parse::<SocketAddr>().ok());
        address.is_some() && text.contains("ready")
    });
    let mut client = Client::to(address.expect("it was said"));
    std::thread::sleep(Duration::from_millis(500));
    (0..5).for_each(|_| is_well(&mut client));
    let input = terminal.stdin.take();
    let output = terminal.wait_with_output().expect("it ends");
    drop(input);
    let output = String::from_utf8_lossy(&output.stdout);
    assert!(output.contains("ended 0"), "{output}");
    std::fs::remove_file(said).expect("it was there");
}
