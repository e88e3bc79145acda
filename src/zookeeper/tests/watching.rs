//! What clients are told of changes that others make.

use super::*;

fn event(kind: WatchKind, path: &str) -> WatchEvent {
    let path = path.into();
    WatchEvent { kind, path }
}

#[test]
fn a_watch_tells_once_and_before_the_new_data_can_be_read() {
    let mut bench = Bench::new(3);
    let watcher = bench.client(1, &[zk(1)]);
    let writer = bench.client(2, &[zk(2)]);
    bench.run_ms(10);
    bench
        .answer(watcher, get("/counter", Watch::Leave))
        .unwrap();
    bench.answer(writer, set("/counter", "1", 0)).unwrap();
    bench.answer(writer, set("/counter", "2", 1)).unwrap();
    let changed = event(WatchKind::NodeDataChanged, "/counter");
    assert_eq!(bench.fired(watcher), [changed]);
    let read = bench.answer(watcher, get("/counter", Watch::None));
    assert_eq!(text(&read), "2");
    assert_eq!(bench.server(1).watches(), 0);
}

#[test]
fn an_exist_watch_sees_the_znode_come_and_its_end_on_expiry() {
    let mut bench = Bench::new(3);
    let watcher = bench.client(1, &[zk(1)]);
    let owner = bench.client(2, &[zk(2)]);
    bench.run_ms(10);
    let exists = Operation::Exists {
        path: "/controller".into(),
        watch: Watch::Leave,
    };
    let absent = bench.answer(watcher, exists.clone());
    assert_eq!(absent, Ok(Answer::Exists(None)));
    bench
        .answer(owner, create("/controller", CreateMode::Ephemeral))
        .unwrap();
    let there = bench.answer(watcher, exists);
    assert!(matches!(there, Ok(Answer::Exists(Some(_)))));
    bench.kill_client(owner);
    bench.run_secs(25);
    let expected = [
        event(WatchKind::NodeCreated, "/controller"),
        event(WatchKind::NodeDeleted, "/controller"),
    ];
    assert_eq!(bench.fired(watcher), expected);
}

#[test]
fn a_child_watch_sees_the_list_change() {
    let mut bench = Bench::new(3);
    let watcher = bench.client(1, &[zk(1)]);
    let owner = bench.client(2, &[zk(2)]);
    bench.run_ms(10);
    let children = Operation::GetChildren {
        path: "/ids".into(),
        watch: Watch::Leave,
    };
    bench.answer(watcher, children).unwrap();
    bench
        .answer(owner, create("/ids/2", CreateMode::Ephemeral))
        .unwrap();
    let changed = event(WatchKind::NodeChildrenChanged, "/ids");
    assert_eq!(bench.fired(watcher), [changed]);
}

#[test]
fn watches_move_along_and_tell_what_was_missed() {
    let mut bench = Bench::new(3);
    let watcher = bench.client_at(zk(1), zk(2));
    let writer = bench.client(9, &[zk(3)]);
    bench.run_ms(10);
    for path in ["/counter", "/ids"] {
        bench.answer(watcher, get(path, Watch::Leave)).unwrap();
    }
    bench.kill(zk(1));
    bench.run_ms(2);
    bench.answer(writer, set("/counter", "missed", 0)).unwrap();
    bench.run_secs(5);
    let missed = event(WatchKind::NodeDataChanged, "/counter");
    assert_eq!(bench.fired(watcher), std::slice::from_ref(&missed));
    // The other watch is still there, at the other server.
    bench.answer(writer, set("/ids", "later", 0)).unwrap();
    let later = event(WatchKind::NodeDataChanged, "/ids");
    assert_eq!(bench.fired(watcher), [missed, later]);
}
