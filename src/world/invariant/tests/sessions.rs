//! C2 can fail.

use super::super::sessions::ZnodesHaveLivingOwners;
use super::*;
use crate::protocol::zookeeper::SessionId;
use crate::time::Duration;
use crate::zookeeper::Silence;

type Law = Shown<ZnodesHaveLivingOwners>;

fn registered(id: i32) -> Fact {
    Fact::ZnodeCreated {
        path: znodes::broker_path(BrokerId(id)),
        owner: Some(ProcessId::Broker(1)),
    }
}

fn ran_out(session: SessionId) -> Fact {
    Fact::SessionRanOut {
        session,
        owner: ProcessId::Broker(1),
    }
}

/// The server that leads the others.
fn leader_of(world: &World) -> ProcessId {
    let leader = world.zookeepers().find(|server| server.is_leader());
    leader.expect("one of them leads").id()
}

/// The leader says that a session ran out after so much silence, which is found if it is wrong.
fn ends_after(world: &mut World, session: SessionId, silence: Silence, is_wrong: bool) {
    let leader = leader_of(world);
    let host = world.hosts.get_mut(&leader);
    match &mut Arc::make_mut(host.expect("it is there")).program {
        Program::ZooKeeper(server) => server.plant_silence(session, silence),
        _ => panic!("it is a server"),
    }
    let news = entry(world.now(), Some(leader), ran_out(session));
    let said = Law::default().check(world, &news);
    match is_wrong {
        true => is_about(said, "C2"),
        false => assert_eq!(said, Ok(())),
    }
}

#[test]
fn c2_a_registration_that_goes_before_its_session_is_found() {
    let (world, mut law) = (world(), Law::default());
    let came = from_zookeeper(&world, registered(1));
    assert_eq!(law.check(&world, &came), Ok(()));
    let path = znodes::broker_path(BrokerId(1));
    let went = from_zookeeper(&world, Fact::ZnodeDeleted { path });
    is_about(law.check(&world, &went), "C2");
}

#[test]
fn c2_what_an_ended_session_creates_is_found() {
    let (world, mut law) = (world(), Law::default());
    let session = world.session_of(BrokerId(1)).expect("it is registered");
    let ended = from_zookeeper(&world, ran_out(session));
    assert_eq!(law.check(&world, &ended), Ok(()));
    let came = from_zookeeper(&world, registered(1));
    is_about(law.check(&world, &came), "C2");
    let other = from_zookeeper(&world, registered(2));
    assert_eq!(law.check(&world, &other), Ok(()));
}

#[test]
fn c2_a_session_that_runs_out_before_its_time_is_found() {
    let (world, mut law) = (world(), Law::default());
    let (session, timeout) = (SessionId(7), Duration::from_secs(6));
    let to = "zk1:2181".into();
    let connection = to_consumer();
    holds(&mut law, &world, 1, Fact::Connected { connection, to });
    let opened = || Fact::SessionOpened { session, timeout };
    holds(&mut law, &world, 1, opened());
    let later = |wait: Duration| {
        let zookeeper = Some(ProcessId::ZooKeeper(1));
        entry(world.now() + wait, zookeeper, ran_out(session))
    };
    let early = later(timeout - Duration::TICK);
    is_about(law.clone().check(&world, &early), "C2");
    assert_eq!(law.clone().check(&world, &later(timeout)), Ok(()));
    // People may do as they like.
    let line = "expire b1".into();
    let told = entry(world.now(), None, Fact::Commanded { line });
    assert_eq!(law.check(&world, &told), Ok(()));
    assert_eq!(law.check(&world, &early), Ok(()));
}

#[test]
fn c2_a_session_that_runs_out_though_it_was_heard_is_found() {
    let mut world = world();
    let (session, timeout) = (SessionId(7), Duration::from_secs(6));
    for (wait, early) in [(timeout, false), (timeout - Duration::TICK, true)] {
        let heard = world.now();
        let silence = Silence {
            heard,
            timeout,
            ended: heard + wait,
            server: None,
            told_until: None,
        };
        ends_after(&mut world, session, silence, early);
    }
}

#[test]
fn c2_a_session_that_runs_out_though_the_server_that_had_its_client_heard_it_is_found() {
    let mut world = played(
        "world brokers=3 zookeeper=3 seed=1 latency=1ms\n\
         topic orders partitions=1 replicas=1,2,3\nrun 40s\n",
    );
    let leader = leader_of(&world);
    // Whoever is served by the leader itself, and whoever is served by one that follows it.
    let mut served: Vec<(ProcessId, SessionId)> = Vec::new();
    for server in world.zookeepers() {
        let sessions = server.clients().filter_map(|(_, client)| client.session());
        served.extend(sessions.map(|session| (server.id(), session)));
    }
    assert!(
        served.iter().any(|(server, _)| *server != leader),
        "{served:?}"
    );
    for (server, session) in served {
        let ProcessId::ZooKeeper(number) = server else {
            panic!("{server} is no server");
        };
        let had_by = world.host(server).and_then(|host| host.zookeeper());
        let heard = had_by.and_then(|server| server.heard(session));
        let heard = heard.expect("it was heard");
        let timeout = Duration::from_secs(18);
        // The leader believes that it has heard nothing for long.
        let silence = |ended: Instant, told_until: Instant| Silence {
            heard: Instant::ZERO,
            timeout,
            ended,
            server: Some(number),
            told_until: Some(told_until),
        };
        let early = heard + (timeout - Duration::TICK);
        for (silence, is_wrong) in [
            (silence(early, early), true),
            (silence(heard + timeout, heard + timeout), false),
            // It was not told yet, or it was heard only while its session was being ended.
            (silence(early, heard), false),
            (silence(heard, heard + timeout), false),
        ] {
            ends_after(&mut world, session, silence, is_wrong);
        }
    }
}
