//! Settings that change while brokers run, and what the system is asked for on behalf of clients.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use kafka_playground::protocol::api::{
    ApiVersionsRequest, IncrementalAlterConfigsRequest, incremental_alter_configs,
};
use kafka_playground::protocol::encode_request;

use super::{Client, PATIENCE, Served, eventually, is_well};

/// Sets a setting of broker 1.
fn alter(client: &mut Client, name: &str, value: &str) {
    let config = incremental_alter_configs::AlterableConfig {
        name: name.into(),
        config_operation: 0,
        value: Some(value.into()),
    };
    let request = IncrementalAlterConfigsRequest {
        resources: vec![incremental_alter_configs::AlterConfigsResource {
            resource_type: 4,
            resource_name: "1".into(),
            configs: vec![config],
        }],
        validate_only: false,
    };
    let answer = client.call(&request, 0);
    assert_eq!(answer.responses[0].error_code, 0, "{answer:?}");
}

fn question() -> Vec<u8> {
    encode_request(&ApiVersionsRequest::default(), 0, 9, None).to_vec()
}

/// Whether one more is answered.
fn is_let_in(served: &Served) -> bool {
    let mut client = served.connect(1);
    let written = client.stream.write_all(&question());
    written.is_ok() && client.stream.read(&mut [0]).is_ok_and(|count| count > 0)
}

#[test]
fn how_many_one_host_may_have_changes_while_a_broker_runs() {
    let served = Served::start(&["--brokers", "1"]);
    let mut clients: Vec<Client> = (0..3).map(|_| served.connect(1)).collect();
    clients.iter_mut().for_each(is_well);
    assert!(is_let_in(&served));
    alter(&mut clients[0], "max.connections.per.ip", "3");
    eventually("a fourth is turned away", || !is_let_in(&served));
    alter(&mut clients[0], "max.connections.per.ip", "4");
    eventually("a fourth is let in", || is_let_in(&served));
    clients.iter_mut().for_each(is_well);
}

#[test]
fn how_many_a_broker_lets_in_changes_while_it_runs() {
    // The broker's own connections count too.
    let served = Served::start(&["--brokers", "1", "--config", "max.connections=20"]);
    let mut clients: Vec<Client> = (0..25).map(|_| served.connect(1)).collect();
    clients[..10].iter_mut().for_each(is_well);
    let mut late = served.connect(1);
    late.write(&question());
    assert!(late.is_silent_for(Duration::from_millis(300)), "it waits");
    alter(&mut clients[0], "max.connections", "60");
    assert_eq!(late.read()[..4], [0, 0, 0, 9]);
    clients.iter_mut().for_each(is_well);
}

#[test]
fn a_port_that_another_program_took_is_complained_about_and_taken_back() {
    let options = [
        "--brokers",
        "2",
        "--config",
        "zookeeper.session.timeout.ms=6000",
    ];
    let mut served = Served::start_with(":", &options);
    assert!(served.tell("kill b2").starts_with("ok "));
    let mut other = None;
    eventually("the port is free", || {
        other = TcpListener::bind(served.brokers[1]).ok();
        other.is_some()
    });
    assert!(served.tell("restart b2").starts_with("ok "));
    let complaint = served
        .complaints
        .recv_timeout(PATIENCE)
        .expect("it complains");
    assert!(
        complaint.starts_with("b2 runs, and nobody can connect to it")
            && complaint.contains("in use by another program"),
        "{complaint}"
    );
    drop(other);
    eventually("it listens again", || {
        std::net::TcpStream::connect(served.brokers[1]).is_ok()
    });
    assert!(served.complaints.try_recv().is_err(), "once is enough");
}

/// The system looks from time to time whether the other end is still there.
#[cfg(target_os = "linux")]
#[test]
fn a_client_whose_machine_vanished_is_found_out_in_the_end() {
    let served = Served::start(&["--brokers", "1"]);
    let mut client = served.connect(1);
    is_well(&mut client);
    let port = |address: std::io::Result<std::net::SocketAddr>| {
        format!(":{:04X}", address.expect("a socket").port())
    };
    let (theirs, mine) = (
        port(client.stream.peer_addr()),
        port(client.stream.local_addr()),
    );
    // A line of the table: its number, local and remote address, state, queues, the timer that runs and when it ends.
    let timer = || -> Option<String> {
        let table = std::fs::read_to_string("/proc/net/tcp").expect("there is a table");
        let lines = table.lines().map(|line| line.split_whitespace().collect());
        let ours = |fields: &Vec<&str>| {
            fields.get(1).is_some_and(|local| local.ends_with(&theirs))
                && fields.get(2).is_some_and(|remote| remote.ends_with(&mine))
        };
        lines
            .into_iter()
            .find(ours)?
            .get(5)
            .map(|timer| (*timer).to_owned())
    };
    eventually("a timer for silence runs", || {
        timer().is_some_and(|timer| timer.starts_with("02:"))
    });
}
