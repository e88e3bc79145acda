//! How members come and go, and what they agree on.

use super::*;

#[test]
fn two_members_join_and_everybody_gets_a_part() {
    let mut bench = Bench::new();
    let one = bench.new_id();
    assert!(one.starts_with("app-"), "{one}");
    let join_one = bench.join(&one);
    bench.pass(2_000);
    let two = bench.new_id();
    let join_two = bench.join(&two);
    bench.pass(1_000);
    assert!(
        bench.waits(join_one),
        "somebody came, so there is another wait"
    );
    bench.pass(2_999);
    assert!(bench.waits(join_one));
    bench.pass(1);
    let (first, second) = (bench.joined(join_one), bench.joined(join_two));
    assert_eq!((first.generation_id, second.generation_id), (1, 1));
    assert_eq!((&first.leader, &second.leader), (&one, &one));
    assert_eq!(first.protocol_name.as_deref(), Some("range"));
    assert_eq!(first.members.len(), 2, "the leader is told of everybody");
    assert!(second.members.is_empty());
    assert_eq!(bench.state(), State::CompletingRebalance);
    let sync_two = bench.sync(&two, 1, &[]);
    assert!(
        bench.waits(sync_two),
        "the leader has not handed anything in"
    );
    assert_eq!(bench.beat(&one, 1), ErrorCode::None);
    let sync_one = bench.sync(&one, 1, &[(&one, "a"), (&two, "b")]);
    assert_eq!(bench.synced(sync_one), Ok("a".to_owned()));
    assert_eq!(bench.synced(sync_two), Ok("b".to_owned()));
    assert_eq!(bench.state(), State::Stable);
    let again = bench.sync(&two, 1, &[]);
    assert_eq!(
        bench.synced(again),
        Ok("b".to_owned()),
        "asking again is safe"
    );
}

#[test]
fn a_lone_member_waits_once() {
    let mut bench = Bench::new();
    let one = bench.new_id();
    let join = bench.join(&one);
    bench.pass(2_999);
    assert!(bench.waits(join));
    bench.pass(1);
    assert_eq!(bench.joined(join).generation_id, 1);
}

#[test]
fn a_newcomer_makes_everybody_join_again() {
    let mut bench = Bench::new();
    let ids = bench.stable(2);
    let three = bench.new_id();
    assert_eq!(bench.state(), State::Stable, "an id alone changes nothing");
    let joins = [bench.join(&three)];
    assert_eq!(bench.state(), State::PreparingRebalance);
    assert_eq!(bench.beat(&ids[0], 1), ErrorCode::RebalanceInProgress);
    let commit = bench.commit(&ids[0], 1, 5);
    assert_eq!(
        bench.committed(commit),
        ErrorCode::None,
        "what was read may still be said"
    );
    let first = bench.join(&ids[0]);
    assert!(bench.waits(first));
    let second = bench.join(&ids[1]);
    for asker in [joins[0], first, second] {
        assert_eq!(
            bench.joined(asker).generation_id,
            2,
            "nobody is missing any more"
        );
    }
    assert_eq!(bench.beat(&ids[0], 1), ErrorCode::IllegalGeneration);
}

#[test]
fn who_left_before_the_first_generation_has_still_said_what_kind_of_group_it_is() {
    let mut bench = Bench::new();
    let one = bench.new_id();
    bench.join(&one);
    assert_eq!(bench.leave(&one, None), ErrorCode::None);
    assert_eq!(bench.state(), State::PreparingRebalance);
    for (kind, error) in [
        ("connect", ErrorCode::InconsistentGroupProtocol),
        ("consumer", ErrorCode::MemberIdRequired),
    ] {
        let other = JoinAsked {
            protocol_type: kind.into(),
            ..bench.joining("", None, &["sticky"], 9)
        };
        let other = bench.join_with(other);
        assert_eq!(bench.joined(other).error_code, error.code());
    }
}

#[test]
fn who_does_not_join_again_in_time_is_left_out() {
    let mut bench = Bench::new();
    let ids = bench.stable(2);
    let three = bench.new_id();
    let join = bench.join(&three);
    let again = bench.join(&ids[0]);
    for _ in 0..60 {
        // The second lives, but does not join.
        bench.beat(&ids[1], 1);
        bench.pass(1_000);
    }
    assert_eq!(bench.joined(again).members.len(), 2);
    assert_eq!(bench.joined(join).generation_id, 2);
    assert_eq!(bench.beat(&ids[1], 2), ErrorCode::UnknownMemberId);
}

#[test]
fn a_silent_member_is_taken_out() {
    let mut bench = Bench::new();
    let ids = bench.stable(2);
    bench.pass(5_000);
    assert_eq!(bench.beat(&ids[0], 1), ErrorCode::None);
    bench.pass(5_000);
    assert_eq!(bench.beat(&ids[0], 1), ErrorCode::RebalanceInProgress);
    let join = bench.join(&ids[0]);
    let answer = bench.joined(join);
    assert_eq!((answer.generation_id, answer.members.len()), (2, 1));
}

#[test]
fn an_id_that_is_not_used_is_forgotten() {
    let mut bench = Bench::new();
    let id = bench.new_id();
    bench.pass(10_000);
    let join = bench.join(&id);
    assert_eq!(
        bench.joined(join).error_code,
        ErrorCode::UnknownMemberId.code()
    );
}

#[test]
fn old_clients_join_without_knowing_their_id() {
    let mut bench = Bench::new();
    let join = bench.join_as("", None, &["range"], 3);
    bench.pass(3_000);
    let answer = bench.joined(join);
    assert_eq!(answer.generation_id, 1);
    assert_eq!(answer.leader, answer.member_id);
}

#[test]
fn the_leader_joins_again_to_have_everybody_join_and_others_are_told_what_is() {
    let mut bench = Bench::new();
    let ids = bench.stable(2);
    let other = bench.join(&ids[1]);
    assert_eq!(
        bench.joined(other).generation_id,
        1,
        "nothing has changed for it"
    );
    let leader = bench.join(&ids[0]);
    assert!(bench.waits(leader));
    assert_eq!(bench.state(), State::PreparingRebalance);
}

#[test]
fn the_assignor_is_one_that_all_know_and_most_prefer() {
    let mut bench = Bench::new();
    let ids: Vec<Text> = (0..3).map(|_| bench.new_id()).collect();
    let lists = [&["a", "b", "c"][..], &["b", "c"], &["c", "b"]];
    let joins: Vec<Asker> = ids
        .iter()
        .zip(lists)
        .map(|(id, list)| bench.join_as(id, None, list, 9))
        .collect();
    bench.pass(6_000);
    for join in joins {
        assert_eq!(bench.joined(join).protocol_name.as_deref(), Some("b"));
    }
    let stranger = bench.join_as("", None, &["a"], 9);
    let answer = bench.joined(stranger);
    assert_eq!(
        answer.error_code,
        ErrorCode::InconsistentGroupProtocol.code()
    );
}

#[test]
fn a_member_that_leaves_is_not_waited_for() {
    let mut bench = Bench::new();
    let ids = bench.stable(2);
    assert_eq!(bench.leave("nobody", None), ErrorCode::UnknownMemberId);
    assert_eq!(bench.leave(&ids[0], None), ErrorCode::None);
    let join = bench.join(&ids[1]);
    let answer = bench.joined(join);
    assert_eq!((answer.generation_id, &answer.leader), (2, &ids[1]));
    assert_eq!(bench.leave(&ids[1], None), ErrorCode::None);
    bench.pass(1);
    assert_eq!(bench.state(), State::Empty, "the last has left");
    assert_eq!(
        bench.coordinator.group("my-group").map(Group::generation),
        Some(3)
    );
}

#[test]
fn a_full_group_takes_nobody_more() {
    let config = GroupConfig {
        group_max_size: 1,
        ..GroupConfig::default()
    };
    let mut bench = Bench::with(config);
    bench.stable(1);
    let join = bench.join("");
    assert_eq!(
        bench.joined(join).error_code,
        ErrorCode::GroupMaxSizeReached.code()
    );
}

#[test]
fn what_makes_no_sense_is_refused() {
    let mut bench = Bench::new();
    let asked = JoinAsked {
        asker: Asker(100),
        group: "".into(),
        member: "".into(),
        instance: None,
        client_id: "app".into(),
        client_host: "/here".into(),
        rebalance_timeout: Duration::from_secs(60),
        session_timeout: Duration::from_secs(10),
        protocol_type: "consumer".into(),
        protocols: vec![("range".into(), Bytes::new())],
        knows: JoinVersion::MemberIds,
    };
    for (change, error) in [
        (asked.clone(), ErrorCode::InvalidGroupId),
        (
            JoinAsked {
                group: "my-group".into(),
                session_timeout: Duration::from_millis(5_999),
                ..asked.clone()
            },
            ErrorCode::InvalidSessionTimeout,
        ),
        (
            JoinAsked {
                group: "my-group".into(),
                member: "nobody".into(),
                ..asked.clone()
            },
            ErrorCode::UnknownMemberId,
        ),
        (
            JoinAsked {
                group: "my-group".into(),
                protocols: Vec::new(),
                ..asked.clone()
            },
            ErrorCode::InconsistentGroupProtocol,
        ),
        (
            JoinAsked {
                group: "group".into(),
                ..asked
            },
            ErrorCode::NotCoordinator,
        ),
    ] {
        let at = bench.at();
        bench.coordinator.join(at, change);
        bench.serve();
        assert_eq!(bench.joined(Asker(100)).error_code, error.code());
    }
}

#[test]
fn an_id_that_was_given_away_is_nobodys_who_bears_a_name() {
    let mut bench = Bench::new();
    let first = bench.join_as("", Some("first"), &["range"], 9);
    let id = bench.new_id();
    let join = bench.join_as(&id, Some("first"), &["range"], 9);
    let answer = bench.joined(join);
    assert_eq!(answer.error_code, ErrorCode::UnknownServerError.code());
    assert_eq!(&*answer.member_id, "");
    bench.pass(3_000);
    let answer = bench.joined(first);
    assert_eq!((answer.error_code, answer.members.len()), (0, 1));
    assert_eq!(
        bench.leave("", Some("first")),
        ErrorCode::None,
        "the name is still the first's"
    );
}

#[test]
fn w38_two_members_may_know_a_hundred_thousand_assignors_each() {
    let mut bench = Bench::new();
    let names = |from: usize| {
        (from..from + 100_000)
            .rev()
            .map(|nth| format!("assignor-{nth:06}"))
    };
    let mut join = |member: &str, from: usize| {
        let mut asked = bench.joining(member, None, &[], 2);
        asked.protocols = names(from)
            .map(|name| (name.into(), Bytes::new()))
            .collect();
        bench.join_with(asked)
    };
    let (one, two) = (join("", 0), join("", 99_998));
    bench.pass(6_000);
    let (one, two) = (bench.joined(one), bench.joined(two));
    assert_eq!((one.error_code, two.error_code), (0, 0));
    // The two that both know; both like the larger number better.
    assert_eq!(one.protocol_name.as_deref(), Some("assignor-099999"));
    assert_eq!(one.members.len(), 2);
    let mut asked = bench.joining("", None, &[], 2);
    asked.protocols = names(99_999)
        .map(|name| (name.into(), Bytes::new()))
        .collect();
    let third = bench.join_with(asked);
    assert!(bench.waits(third), "it knows one that all know");
    let mut asked = bench.joining("", None, &[], 2);
    asked.protocols = names(200_000)
        .map(|name| (name.into(), Bytes::new()))
        .collect();
    let stranger = bench.join_with(asked);
    let refusal = ErrorCode::InconsistentGroupProtocol.code();
    assert_eq!(bench.joined(stranger).error_code, refusal);
}

#[test]
fn a_stream_of_members_joins_without_a_walk_through_all_for_each() {
    const MANY: usize = 500;
    let mut bench = Bench::new();
    let join = |bench: &mut Bench, member: &str| bench.join_as(member, None, &["range"], 2);
    let before = bench.walked();
    let askers: Vec<Asker> = (0..MANY).map(|_| join(&mut bench, "")).collect();
    let walked = bench.walked() - before;
    assert!(walked <= MANY, "{walked} looked at while a group begins");
    bench.pass(6_000);
    let ids: Vec<Text> = askers
        .into_iter()
        .map(|asker| bench.joined(asker).member_id)
        .collect();
    // As many more come, all join again, and wait for one that was given an id.
    let late = bench.new_id();
    let before = bench.walked();
    let more: Vec<Asker> = (0..MANY).map(|_| join(&mut bench, "")).collect();
    let again: Vec<Asker> = ids.iter().map(|id| join(&mut bench, id)).collect();
    let walked = bench.walked() - before;
    assert!(walked <= 10 * MANY, "{walked} looked at while it waits");
    assert!(bench.waits(again[0]) && bench.waits(more[MANY - 1]));
    let before = bench.walked();
    let last = bench.join(&late);
    let walked = bench.walked() - before;
    assert!(walked <= 50 * MANY, "{walked} looked at when all are told");
    let response = bench.joined(last);
    assert_eq!((response.error_code, response.generation_id), (0, 2));
    assert_eq!(bench.joined(again[0]).members.len(), 2 * MANY + 1);
}

#[test]
fn who_comes_to_a_group_of_many_makes_nobody_look_at_all_of_them() {
    const MANY: usize = 500;
    let mut bench = Bench::new();
    let join = |bench: &mut Bench, seconds: u64| {
        let asked = JoinAsked {
            rebalance_timeout: Duration::from_secs(seconds),
            ..bench.joining("", None, &["range"], 2)
        };
        bench.join_with(asked)
    };
    let joins = (0..MANY).map(|nth| join(&mut bench, 20 + nth as u64 % 30));
    let joins: Vec<Asker> = joins.collect();
    bench.pass(6_000);
    let answers = joins.into_iter().map(|join| bench.joined(join));
    let ids: Vec<Text> = answers.map(|answer| answer.member_id).collect();
    bench.sync(&ids[0], 1, &[]);
    assert_eq!(bench.state(), State::Stable);
    let before = bench.walked();
    let late = join(&mut bench, 15);
    assert_eq!(bench.state(), State::PreparingRebalance);
    assert_eq!(bench.walked() - before, 0, "looked at for one who comes");
    // Whoever does not come again is waited for as long as any of them said.
    for _ in 0..9 {
        bench.pass(5_000);
        for id in &ids {
            bench.beat(id, 1);
        }
    }
    assert!(bench.waits(late), "45 seconds have passed");
    bench.pass(5_000);
    let answer = bench.joined(late);
    assert_eq!((answer.error_code, answer.members.len()), (0, 1));
}

#[test]
fn members_are_found_and_what_they_know_is_counted_as_they_come_and_go() {
    const MANY: usize = 1_000;
    let mut members = crate::group::Members::default();
    let protocols = vec![
        ("range".into(), bytes::Bytes::new()),
        ("sticky".into(), bytes::Bytes::new()),
    ];
    let member = |nth: usize| crate::group::Member {
        id: format!("c-{nth}").into(),
        instance_id: None,
        client_id: "c".into(),
        client_host: "/".into(),
        rebalance_timeout: crate::time::Duration::from_secs(1),
        session_timeout: crate::time::Duration::from_secs(1),
        protocols: protocols.clone(),
        assignment: bytes::Bytes::new(),
        joining: None,
        syncing: None,
        is_new: true,
    };
    for nth in 0..MANY {
        assert!(members.get(&format!("c-{nth}")).is_none());
        assert!(members.all_know("range"), "all {nth} do");
        members.push(member(nth));
    }
    assert_eq!(members.len(), MANY);
    assert!(members.all_know("sticky") && !members.all_know("roundrobin"));
    let seconds = crate::time::Duration::from_secs;
    assert_eq!(members.longest_timeout(), seconds(1));
    // Of several who say the longest, one takes it back, another is called something else, and the last goes.
    for id in ["c-1", "c-2", "c-3"] {
        members.set_timeout(id, seconds(9));
    }
    members.set_timeout("c-1", seconds(2));
    assert!(members.rename("c-2", &"e".into()).is_some());
    assert_eq!(members.longest_timeout(), seconds(9));
    assert!(members.remove("e").is_some());
    assert_eq!(members.longest_timeout(), seconds(9));
    assert!(members.remove("c-3").is_some());
    assert_eq!(members.longest_timeout(), seconds(2));
    members.set_timeout("nobody", seconds(9));
    members.set_timeout("c-1", seconds(1));
    assert_eq!(members.longest_timeout(), seconds(1));
    members.push(member(2));
    members.push(member(3));
    // One that knows less, under another name, in the same place.
    members.learn("c-0", vec![("range".into(), bytes::Bytes::new())]);
    assert!(members.all_know("range") && !members.all_know("sticky"));
    assert!(members.rename("c-0", &"d".into()).is_some());
    assert_eq!(
        members.first().map(|first| first.id.to_string()).as_deref(),
        Some("d")
    );
    assert!(members.get("c-0").is_none());
    // When it is gone, all know both again.
    assert!(members.remove("d").is_some());
    assert!(members.all_know("sticky"));
    assert_eq!(
        members.first().map(|first| first.id.to_string()).as_deref(),
        Some("c-1")
    );
    for nth in (1..MANY).rev() {
        assert!(members.remove(&format!("c-{nth}")).is_some());
    }
    assert!(members.is_empty() && members.all_know("anything"));
    assert_eq!(members.longest_timeout(), seconds(0));
}
