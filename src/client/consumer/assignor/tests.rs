//! The examples of Kafka's documentation, and what every assignor must keep.

use super::*;
use crate::model::TopicName;
use crate::rng::{Rng, Seed};
use crate::sorted::SortedSet;

fn member(id: &str, topics: &[&str]) -> Subscriber {
    Subscriber {
        id: id.into(),
        topics: topics.iter().map(|topic| (*topic).into()).collect(),
        generation: -1,
        ..Subscriber::default()
    }
}

fn topics(counts: &[(&str, i32)]) -> Topics {
    counts
        .iter()
        .map(|(topic, count)| ((*topic).into(), *count))
        .collect()
}

fn shown(parts: &Parts) -> Vec<String> {
    let part = |part: &[TopicPartition]| {
        let names = part.iter().map(|p| format!("{}p{}", p.topic, p.partition));
        names.collect::<Vec<_>>().join(" ")
    };
    parts
        .iter()
        .map(|(id, has)| format!("{id}: {}", part(has)))
        .collect()
}

/// The members as they would join again with what they got.
fn again(members: &[Subscriber], parts: &Parts, generation: i32) -> Vec<Subscriber> {
    let members = members.iter().map(|member| Subscriber {
        owned: parts.get(&member.id).cloned().unwrap_or_default(),
        generation,
        ..member.clone()
    });
    members.collect()
}

#[test]
fn range_gives_stretches_topic_by_topic() {
    let members = [member("C0", &["t0", "t1"]), member("C1", &["t0", "t1"])];
    let parts = Assignor::Range.assign(&topics(&[("t0", 3), ("t1", 3)]), &members);
    assert_eq!(shown(&parts), ["C0: t0p0 t0p1 t1p0 t1p1", "C1: t0p2 t1p2"]);
}

#[test]
fn round_robin_deals_them_out() {
    let members = [member("C0", &["t0", "t1"]), member("C1", &["t0", "t1"])];
    let parts = Assignor::RoundRobin.assign(&topics(&[("t0", 3), ("t1", 3)]), &members);
    assert_eq!(shown(&parts), ["C0: t0p0 t0p2 t1p1", "C1: t0p1 t1p0 t1p2"]);
}

#[test]
fn round_robin_skips_those_who_do_not_subscribe() {
    let members = [
        member("C0", &["t0"]),
        member("C1", &["t0", "t1"]),
        member("C2", &["t0", "t1", "t2"]),
    ];
    let counts = topics(&[("t0", 1), ("t1", 2), ("t2", 3)]);
    let parts = Assignor::RoundRobin.assign(&counts, &members);
    assert_eq!(
        shown(&parts),
        ["C0: t0p0", "C1: t1p0", "C2: t1p1 t2p0 t2p1 t2p2"]
    );
}

#[test]
fn static_members_come_first_by_their_names() {
    let mut members = [
        member("C0", &["t0"]),
        member("C1", &["t0"]),
        member("C2", &["t0"]),
    ];
    members[1].instance = Some("b".into());
    members[2].instance = Some("a".into());
    let parts = Assignor::Range.assign(&topics(&[("t0", 2)]), &members);
    assert_eq!(shown(&parts), ["C0: ", "C1: t0p1", "C2: t0p0"]);
}

#[test]
fn sticky_keeps_what_it_can() {
    let all = ["t0", "t1", "t2", "t3"];
    let members = [member("C0", &all), member("C1", &all), member("C2", &all)];
    let counts = topics(&[("t0", 2), ("t1", 2), ("t2", 2), ("t3", 2)]);
    let first = Assignor::Sticky.assign(&counts, &members);
    assert_eq!(
        shown(&first),
        ["C0: t0p0 t1p1 t3p0", "C1: t0p1 t2p0 t3p1", "C2: t1p0 t2p1"]
    );
    let left = again(&[members[0].clone(), members[2].clone()], &first, 1);
    let second = Assignor::Sticky.assign(&counts, &left);
    let sorted = |part: &str| {
        let mut words: Vec<String> = part.split(' ').map(str::to_owned).collect();
        words.sort();
        words.join(" ")
    };
    let shown = shown(&second);
    assert_eq!(sorted(&shown[0][4..]), "t0p0 t0p1 t1p1 t3p0");
    assert_eq!(sorted(&shown[1][4..]), "t1p0 t2p0 t2p1 t3p1");
}

#[test]
fn sticky_asks_members_in_the_order_of_their_ids_also_where_one_is_static() {
    let owning = |id: &str, instance: Option<&str>, owned: &[i32]| Subscriber {
        instance: instance.map(Into::into),
        owned: owned
            .iter()
            .map(|n| TopicPartition::new("t0", *n))
            .collect(),
        generation: 1,
        ..member(id, &["t0"])
    };
    let members = [
        owning("C1", Some("a"), &[2, 3]),
        owning("C0", None, &[0, 1]),
        owning("C2", None, &[]),
    ];
    let parts = Assignor::Sticky.assign(&topics(&[("t0", 4)]), &members);
    assert_eq!(shown(&parts), ["C0: t0p0 t0p1", "C1: t0p2", "C2: t0p3"]);
}

#[test]
fn sticky_shares_as_evenly_as_subscriptions_allow() {
    let members = [
        member("C0", &["t0"]),
        member("C1", &["t0", "t1"]),
        member("C2", &["t0", "t1", "t2"]),
    ];
    let counts = topics(&[("t0", 1), ("t1", 2), ("t2", 3)]);
    let parts = Assignor::Sticky.assign(&counts, &members);
    assert_eq!(
        shown(&parts),
        ["C0: t0p0", "C1: t1p0 t1p1", "C2: t2p0 t2p1 t2p2"]
    );
}

#[test]
fn who_claims_the_same_in_a_newer_generation_keeps_it_and_of_equals_nobody() {
    let t0p0 = TopicPartition {
        topic: TopicName("t0".into()),
        partition: 0,
    };
    let claim = |id: &str, generation: i32| Subscriber {
        owned: vec![t0p0.clone()],
        generation,
        ..member(id, &["t0"])
    };
    let counts = topics(&[("t0", 1)]);
    let newer = Assignor::Sticky.assign(&counts, &[claim("C0", 1), claim("C1", 2)]);
    assert_eq!(shown(&newer), ["C0: ", "C1: t0p0"]);
    let equal = Assignor::Sticky.assign(&counts, &[claim("C1", 2), claim("C0", 2)]);
    assert_eq!(shown(&equal), ["C0: t0p0", "C1: "], "as if nobody had it");
}

#[test]
fn cooperative_hands_over_one_generation_later() {
    let counts = topics(&[("t0", 4)]);
    let one = [member("C0", &["t0"])];
    let first = Assignor::CooperativeSticky.assign(&counts, &one);
    let mut members = again(&one, &first, 1);
    members.push(member("C1", &["t0"]));
    let second = Assignor::CooperativeSticky.assign(&counts, &members);
    assert_eq!(
        shown(&second),
        ["C0: t0p0 t0p1", "C1: "],
        "it gives up two first"
    );
    let third = Assignor::CooperativeSticky.assign(&counts, &again(&members, &second, 2));
    assert_eq!(shown(&third), ["C0: t0p0 t0p1", "C1: t0p2 t0p3"]);
}

#[test]
fn who_claims_last_in_the_list_is_not_the_owner_but_who_claims_it_in_the_newest_generation() {
    let t0p0 = TopicPartition::new("t0", 0);
    let claim = |id: &str, generation: i32| Subscriber {
        owned: vec![t0p0.clone()],
        generation,
        ..member(id, &["t0"])
    };
    let counts = topics(&[("t0", 1)]);
    let stale_last = [claim("C0", 5), claim("C1", 4)];
    let parts = Assignor::CooperativeSticky.assign(&counts, &stale_last);
    assert_eq!(shown(&parts), ["C0: t0p0", "C1: "], "it goes on reading");
    // Both may be reading it: whoever gets it gets it when both have given it up.
    for both in [
        [claim("C0", 5), claim("C1", 5)],
        [claim("C1", 5), claim("C0", 5)],
    ] {
        let parts = Assignor::CooperativeSticky.assign(&counts, &both);
        assert_eq!(shown(&parts), ["C0: ", "C1: "]);
    }
}

#[test]
fn a_claim_to_what_does_not_exist_counts_for_nothing() {
    let greedy = Subscriber {
        owned: vec![
            TopicPartition::new("t0", -1),
            TopicPartition::new("t0", 2),
            TopicPartition::new("t0", 0),
        ],
        generation: 1,
        ..member("C0", &["t0"])
    };
    let counts = topics(&[("t0", 2)]);
    let parts = Assignor::Sticky.assign(&counts, &[greedy, member("C1", &["t0"])]);
    assert_eq!(shown(&parts), ["C0: t0p0", "C1: t0p1"]);
}

#[test]
fn what_is_new_is_moved_before_what_somebody_has() {
    let mut members = [
        member("C0", &["t0", "t2"]),
        member("C1", &["t1", "t2"]),
        member("C2", &["t0", "t1"]),
    ];
    members[0].owned = vec![TopicPartition::new("t0", 0)];
    members[0].generation = 1;
    let counts = topics(&[("t0", 1), ("t1", 1), ("t2", 2)]);
    let parts = Assignor::Sticky.assign(&counts, &members);
    // The others got both of t2 and t1; t1 moves, not what C0 had.
    assert_eq!(shown(&parts), ["C0: t0p0 t2p0", "C1: t2p1", "C2: t1p0"]);
}

/// Two members of which each has got a partition of one topic that the other had, and the topic.
fn exchanged(members: &[Subscriber], parts: &Parts) -> Option<(Text, Text, Text)> {
    let moved = members.iter().flat_map(|member| {
        let gone = member.owned.iter().filter_map(move |had| {
            let mut others = parts.iter().filter(|(id, _)| **id != member.id);
            let (to, _) = others.find(|(_, part)| part.contains(had))?;
            Some((member.id.clone(), to.clone(), had.topic.0.clone()))
        });
        gone.filter(|(_, _, topic)| member.topics.contains(topic))
    });
    let moved: Vec<(Text, Text, Text)> = moved.collect();
    let back = |(from, to, topic): &(Text, Text, Text)| (to.clone(), from.clone(), topic.clone());
    moved.iter().find(|one| moved.contains(&back(one))).cloned()
}

#[test]
fn whatever_comes_everything_is_given_once_and_evenly() {
    let mut rng = Rng::new(Seed(7), 0);
    for _ in 0..300 {
        let counts: Topics = (0..rng.between(1, 4))
            .map(|n| (Text::from(format!("t{n}")), rng.between(0, 6) as i32))
            .collect();
        let names: Vec<Text> = counts.keys().cloned().collect();
        let mut members: Vec<Subscriber> = (0..rng.between(1, 5))
            .map(|n| Subscriber {
                id: format!("C{n}").into(),
                topics: names.iter().filter(|_| rng.chance(2, 3)).cloned().collect(),
                generation: -1,
                ..Subscriber::default()
            })
            .collect();
        for round in 0..3 {
            let wanted: SortedSet<TopicPartition> = counts
                .iter()
                .filter(|(topic, _)| members.iter().any(|m| m.topics.contains(topic)))
                .flat_map(|(topic, count)| partitions_of(topic, *count))
                .collect();
            for assignor in [Assignor::Range, Assignor::RoundRobin, Assignor::Sticky] {
                let parts = assignor.assign(&counts, &members);
                assert_eq!(parts.len(), members.len());
                let given: Vec<&TopicPartition> = parts.values().flatten().collect();
                let set: SortedSet<TopicPartition> = given.iter().map(|p| (*p).clone()).collect();
                assert_eq!(set, wanted, "{assignor:?} {members:?}");
                assert_eq!(
                    given.len(),
                    wanted.len(),
                    "{assignor:?} gives something twice"
                );
                for member in &members {
                    let part = parts.get(&member.id).expect("a part");
                    assert!(part.iter().all(|p| member.topics.contains(&p.topic.0)));
                }
            }
            let parts = Assignor::Sticky.assign(&counts, &members);
            for (a, b) in parts.iter().flat_map(|a| parts.iter().map(move |b| (a, b))) {
                let able = members
                    .iter()
                    .find(|member| member.id == *b.0)
                    .expect("a member");
                let could = a.1.iter().any(|p| able.topics.contains(&p.topic.0));
                assert!(
                    !could || a.1.len() <= b.1.len() + 1,
                    "{} has two more than {}",
                    a.0,
                    b.0
                );
            }
            assert_eq!(
                exchanged(&members, &parts),
                None,
                "both had one of the topic: {members:?} {parts:?}"
            );
            let alike = members.iter().all(|one| one.topics == members[0].topics);
            for member in members.iter().filter(|_| alike) {
                let part = parts.get(&member.id).expect("a part");
                let lost = member.owned.iter().any(|had| !part.contains(had));
                assert!(
                    !lost || part.len() >= wanted.len() / members.len(),
                    "{} lost something and has less than its share: {parts:?}",
                    member.id
                );
            }
            for (id, part) in &Assignor::CooperativeSticky.assign(&counts, &members) {
                let mut others = members.iter().filter(|member| member.id != *id);
                assert!(
                    others.all(|other| !other.owned.iter().any(|had| part.contains(had))),
                    "what another has is given to {id}"
                );
            }
            members = again(&members, &parts, round);
            if members.len() > 1 {
                members.pop();
            }
        }
    }
}
