//! K8 and P3 can fail.

use super::super::departures::NobodyIsTakenOutEarly;
use super::*;
use crate::fact::Departure;
use crate::protocol::api::LeaveGroupRequest;
use crate::protocol::encode_request;

type Law = Watched<NobodyIsTakenOutEarly>;

const GROUP: &str = "world brokers=1 seed=1 latency=1ms offsets.topic.num.partitions=1 \
    offsets.topic.replication.factor=1 group.initial.rebalance.delay.ms=0\n\
    topic orders partitions=1 replicas=1\n\
    consumer c1 group.id=billing subscribe=orders session.timeout.ms=6s max.poll.interval.ms=8s\n\
    run 7s\n";

fn leaves(watched: &Law, why: Departure) -> Fact {
    let broker = watched.world.broker_by_id(BrokerId(1)).expect("a broker");
    let group = broker.coordinator().group("billing").expect("a group");
    Fact::MemberLeft {
        group: "billing".into(),
        member: group.members().first().expect("a member").id.clone(),
        why,
    }
}

#[test]
fn k8_who_has_been_heard_of_is_not_silent() {
    let mut watched = Law::run(GROUP);
    let silent = leaves(&watched, Departure::Silent);
    is_about(watched.hears(1, silent), "K8");
    // When its session is over, it is.
    let mut watched = Law::run(GROUP);
    let fact = leaves(&watched, Departure::Silent);
    let late = watched.world.now() + crate::time::Duration::from_secs(6);
    let entry = entry(late, Some(ProcessId::Broker(1)), fact);
    assert_eq!(watched.law.check(&watched.world, &entry), Ok(()));
    let all = Watched::<NobodyIsTakenOutEarly>::run(&format!("{GROUP}kill c1\nrun 20s\n"));
    let broker = all.world.broker_by_id(BrokerId(1)).expect("a broker");
    let group = broker.coordinator().group("billing").expect("a group");
    assert!(group.members().is_empty());
}

#[test]
fn k8_silence_counts_from_when_the_group_is_read_anew() {
    // Another broker has the group by now, and knows of nobody but what was written down.
    let loaded = Fact::GroupsLoaded {
        partition: 0,
        groups: 1,
    };
    let mut watched = Law::run(GROUP);
    watched.law = Shown::default();
    let silent = leaves(&watched, Departure::Silent);
    assert_eq!(watched.hears(1, silent.clone()), Ok(()));
    assert_eq!(watched.hears(1, loaded), Ok(()));
    is_about(watched.hears(1, silent), "K8");
}

#[test]
fn k8_silence_counts_from_when_a_generation_begins() {
    let began = Fact::GroupGenerationBegan {
        group: "billing".into(),
        generation: 1,
        members: Vec::new().into(),
        leader: None,
    };
    let mut watched = Law::run(GROUP);
    watched.law = Shown::default();
    assert_eq!(watched.hears(1, began), Ok(()));
    let silent = leaves(&watched, Departure::Silent);
    is_about(watched.hears(1, silent), "K8");
}

#[test]
fn k8_who_commits_is_not_silent() {
    // Its heartbeats are as far apart as they may be; what it has read it commits all the time.
    let text = GROUP.replace(
        "session.timeout.ms=6s",
        "session.timeout.ms=6s heartbeat.interval.ms=5900 auto.commit.interval.ms=100 \
         auto.offset.reset=earliest",
    );
    let text = format!("{}producer p1\nproduce p1 orders-0 \"a\"\nrun 1s\n", text);
    let (mut watched, _) = Watched::<NobodyIsTakenOutEarly>::run_without(&text, |fact| {
        let by_others = matches!(
            fact,
            Fact::ResponseSent {
                api: ApiKey::Heartbeat | ApiKey::SyncGroup,
                ..
            }
        );
        by_others || matches!(fact, Fact::GroupGenerationBegan { .. })
    });
    let silent = leaves(&watched, Departure::Silent);
    is_about(watched.hears(1, silent), "K8");
}

#[test]
fn k8_who_has_time_left_is_not_late() {
    let rebalancing = Fact::GroupRebalancing {
        group: "billing".into(),
        generation: 1,
    };
    let began = Fact::GroupGenerationBegan {
        group: "billing".into(),
        generation: 1,
        members: Vec::new().into(),
        leader: None,
    };
    for (first, why) in [
        (rebalancing, Departure::LateToJoin),
        (began, Departure::LateToSync),
    ] {
        let mut watched = Law::run(GROUP);
        assert_eq!(watched.hears(1, first.clone()), Ok(()));
        let late = leaves(&watched, why);
        is_about(watched.hears(1, late.clone()), "K8");
        let mut watched = Law::run(GROUP);
        assert_eq!(watched.hears(1, first), Ok(()));
        let over = watched.world.now() + crate::time::Duration::from_secs(8);
        let entry = entry(over, Some(ProcessId::Broker(1)), late);
        assert_eq!(watched.law.check(&watched.world, &entry), Ok(()));
    }
}

#[test]
fn k8_nobody_leaves_unasked() {
    let mut watched = Law::run(GROUP);
    let left = leaves(&watched, Departure::Left);
    is_about(watched.hears(1, left), "K8");
    // Who is closed says so.
    Law::run(&format!("{GROUP}stop c1\nrun 2s\n"));
    // That there is a stranger is no excuse, unless it has asked for that, in however many pieces.
    let with_stranger = format!("{GROUP}socket s1\nconnect s1 b1\nrun 1s\n");
    let mut watched = Law::run(&with_stranger);
    let left = leaves(&watched, Departure::Left);
    is_about(watched.hears(1, left), "K8");
    let mut watched = Law::run(&with_stranger);
    let left = leaves(&watched, Departure::Left);
    let Fact::MemberLeft { member, .. } = &left else {
        panic!("{left:?}");
    };
    let request = LeaveGroupRequest {
        group_id: "billing".into(),
        member_id: member.clone(),
        ..LeaveGroupRequest::default()
    };
    let bytes = encode_request(&request, 2, 1, None).to_bytes();
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let (first, rest) = text.split_at(14);
    for piece in [first, rest] {
        assert_eq!(
            watched.line(&format!("bytes s1 {piece}")),
            Vec::<String>::new()
        );
    }
    assert_eq!(watched.hears(1, left), Ok(()));
    // And then it is taken out, with which the law agrees.
    assert_eq!(watched.line("run 10ms"), Vec::<String>::new());
}

#[test]
fn p3_a_group_that_waits_for_its_members_longer_than_any_of_them_allows_is_found() {
    let mut watched = Law::run(&format!(
        "{GROUP}freeze c1\nconsumer c2 group.id=billing subscribe=orders max.poll.interval.ms=8s\nrun 2s\n"
    ));
    let broker = watched.world.broker_by_id(BrokerId(1)).expect("a broker");
    let group = broker.coordinator().group("billing").expect("a group");
    assert_eq!(group.state(), crate::group::State::PreparingRebalance);
    let generation = group.generation();
    let prepares = || Fact::GroupRebalancing {
        group: "billing".into(),
        generation,
    };
    assert_eq!(watched.hears(1, prepares()), Ok(()));
    let allowed = crate::time::Duration::from_secs(8);
    let now = watched.world.now();
    let later = |wait| entry(now + wait, None, Fact::Started);
    let mut law = watched.law.clone();
    assert_eq!(law.check(&watched.world, &later(allowed)), Ok(()));
    let late = later(allowed + crate::time::Duration::TICK);
    is_about(law.check(&watched.world, &late), "P3");
    // Who stood still may be late.
    assert_eq!(watched.hears(1, Fact::Thawed), Ok(()));
    assert_eq!(watched.law.check(&watched.world, &late), Ok(()));
}

#[test]
fn p3_static_members_none_of_whom_has_joined_are_waited_for_again() {
    let with_names = GROUP.replace("subscribe=orders", "subscribe=orders group.instance.id=n1");
    let with_names = with_names.replace("session.timeout.ms=6s", "session.timeout.ms=60s");
    // Who has asked for another generation is gone while the other stands still.
    let mut watched = Law::run(&format!(
        "{with_names}freeze c1\nconsumer c2 group.id=billing subscribe=orders session.timeout.ms=6s \
         max.poll.interval.ms=8s\nrun 2s\nkill c2\nrun 40s\n"
    ));
    let broker = watched.world.broker_by_id(BrokerId(1)).expect("a broker");
    let group = broker.coordinator().group("billing").expect("a group");
    assert_eq!(group.state(), crate::group::State::PreparingRebalance);
    let members = group.members().iter();
    let members: Vec<(bool, bool)> = members
        .map(|it| (it.is_static(), it.is_joining()))
        .collect();
    assert_eq!(members, [(true, false)]);
    // It comes back, and nobody has waited too long.
    assert_eq!(watched.line("thaw c1"), Vec::<String>::new());
    assert_eq!(watched.line("run 20s"), Vec::<String>::new());
}
