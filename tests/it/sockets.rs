//! Sockets of somebody else's: what the world lets them do.

use kafka_playground::model::ProcessId;
use kafka_playground::script::{self, Action};
use kafka_playground::time::Duration;
use kafka_playground::world::{Command, History, SOCKET_BUFFER, Steps};

fn write(history: &mut History, count: usize) -> Result<(), String> {
    let bytes = vec![0; count];
    let socket = ProcessId::Socket(1);
    let written = history.perform(Command::WriteSocket {
        socket,
        bytes: bytes.into(),
    });
    written.map_err(|refused| refused.to_string())
}

fn act(history: &mut History, line: &str) {
    match script::parse_line(line).unwrap() {
        Action::Command(command) => history.perform(command).unwrap(),
        other => panic!("{other:?} is no command"),
    }
}

fn run(history: &mut History, millis: u64) {
    let to = history.now() + Duration::from_millis(millis);
    history.seek(to, Steps::UNLIMITED);
    is_counted(history);
}

/// One look at all finds what a look at each finds.
fn is_counted(history: &History) {
    let world = history.world();
    let socket = ProcessId::Socket(1);
    assert_eq!(
        world.unsettled().contains(&socket),
        !world.is_settled(socket)
    );
}

fn connected() -> History {
    let text = "world brokers=1 seed=1 latency=1ms\n\
        topic orders partitions=1 replicas=1\nsocket s1\nrun 1s\nconnect s1 b1\nrun 10ms\n";
    script::parse(text).unwrap().play().unwrap()
}

#[test]
fn w19_a_socket_may_not_write_on_while_a_megabyte_is_under_way() {
    let mut history = connected();
    act(&mut history, "hold s1→b1");
    for _ in 0..4 {
        assert_eq!(write(&mut history, SOCKET_BUFFER / 4), Ok(()));
    }
    let refused = write(&mut history, 1).unwrap_err();
    assert!(
        refused.contains("1048576 bytes of s1 are still unread"),
        "{refused}"
    );
    assert_eq!(history.world().unread(ProcessId::Socket(1)), SOCKET_BUFFER);
    is_counted(&history);
    // What it has not written it may still give up.
    act(&mut history, "close s1");
}

#[test]
fn w19_a_socket_may_not_write_on_while_a_megabyte_lies_before_a_busy_broker() {
    let mut history = connected();
    // Fetch 4 of orders-0 from @0: waits ten seconds for a byte.
    let fetch = "bytes s1 0000003b 0001 0004 00000001 ffff ffffffff 00002710 00000001 00100000 00 \
        00000001 0006 6f7264657273 00000001 00000000 0000000000000000 00100000";
    act(&mut history, fetch);
    run(&mut history, 10);
    let broker = history.world().brokers().next().unwrap();
    assert_eq!(broker.parked().len(), 1, "the fetch waits");
    for _ in 0..4 {
        assert_eq!(write(&mut history, SOCKET_BUFFER / 4), Ok(()));
        run(&mut history, 10);
    }
    assert!(write(&mut history, 1).is_err());
    // Ten seconds later the fetch is answered, and what lies behind it is read: zeros are no frame.
    run(&mut history, 10_000);
    assert_eq!(history.world().unread(ProcessId::Socket(1)), 0);
    assert!(history.violation().is_none());
}

#[test]
fn w19_a_socket_may_not_write_on_while_a_machine_without_power_has_not_heard_a_megabyte() {
    let mut history = connected();
    act(&mut history, "kill b1 lossy");
    for _ in 0..4 {
        assert_eq!(write(&mut history, SOCKET_BUFFER / 4), Ok(()));
        run(&mut history, 100);
    }
    assert!(write(&mut history, 1).is_err());
    assert!(!history.world().is_settled(ProcessId::Socket(1)));
    // The machine is back, and knows nothing of the connection.
    act(&mut history, "restart b1");
    run(&mut history, 100);
    assert_eq!(history.world().unread(ProcessId::Socket(1)), 0);
}

#[test]
fn w19_a_socket_may_not_write_on_while_a_megabyte_lies_before_a_broker_that_does_not_serve() {
    let mut history = connected();
    act(&mut history, "kill b1");
    run(&mut history, 100);
    // It may not register before its old session has run out.
    act(&mut history, "restart b1");
    act(&mut history, "connect s1 b1");
    run(&mut history, 100);
    for _ in 0..4 {
        assert_eq!(write(&mut history, SOCKET_BUFFER / 4), Ok(()));
        run(&mut history, 100);
    }
    assert!(write(&mut history, 1).is_err());
    assert!(!history.world().is_settled(ProcessId::Socket(1)));
    // Then it reads what was said, which is no request.
    run(&mut history, 30_000);
    assert_eq!(history.world().unread(ProcessId::Socket(1)), 0);
}
