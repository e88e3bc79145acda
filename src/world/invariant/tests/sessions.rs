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
    let leader = world.zookeepers().find(|server| server.is_leader());
    let leader = leader.expect("one of them leads").id();
    for (wait, early) in [(timeout, false), (timeout - Duration::TICK, true)] {
        let heard = world.now();
        let silence = Silence {
            heard,
            timeout,
            ended: heard + wait,
        };
        let host = world.hosts.get_mut(&leader);
        match &mut Arc::make_mut(host.expect("it is there")).program {
            Program::ZooKeeper(server) => server.plant_silence(session, silence),
            _ => panic!("it is a server"),
        }
        let news = entry(world.now(), Some(leader), ran_out(session));
        let said = Law::default().check(&world, &news);
        match early {
            true => is_about(said, "C2"),
            false => assert_eq!(said, Ok(())),
        }
    }
}
