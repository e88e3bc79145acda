//! Histories of groups.

use super::super::{Account, Class, Groups};
use super::C1;
use crate::model::{Offset, Text, TopicPartition};
use crate::time::Instant;

/// A history of a group.
fn group(mut tell: impl FnMut(&mut Groups)) -> Vec<(Class, bool)> {
    let mut account: Account<u32> = Account::default();
    tell(&mut account.groups);
    let found = account.findings();
    found.iter().map(|it| (it.class, it.is_wrong)).collect()
}

fn x(partition: i32) -> TopicPartition {
    TopicPartition::new("x", partition)
}

/// Members a and b join a generation that a leads.
fn join(groups: &mut Groups, generation: i32) {
    for member in ["a", "b"] {
        groups.joined(&"g".into(), &member.into(), generation, &"a".into());
    }
}

fn give(groups: &mut Groups, member: &str, generation: i32, part: &[i32]) {
    let member: Text = member.into();
    let part = part.iter().map(|one| x(*one));
    groups.given(C1, &"g".into(), (&member, None), generation, part);
}

#[test]
fn a_partition_with_two_owners_in_one_generation_is_found() {
    let twice = |second: i32| {
        group(|groups| {
            join(groups, 4);
            give(groups, "a", 4, &[0, 1]);
            join(groups, second);
            give(groups, "b", second, &[1, 2]);
        })
    };
    assert_eq!(twice(4), [(Class::DoubleOwner, true)]);
    assert_eq!(twice(5), []);
    // Asked again it is told the same; who bears a name has what he had before.
    let same = group(|groups| {
        join(groups, 4);
        give(groups, "a", 4, &[0]);
        give(groups, "a", 4, &[0]);
        for member in ["a", "b"] {
            let (group, member, name) = ("g".into(), Text::from(member), Text::from("m"));
            groups.given(C1, &group, (&member, Some(&name)), 4, [x(7)].into_iter());
        }
    });
    assert_eq!(same, []);
    // Another life of the group counts anew, and a stranger may divide as it likes.
    let again = group(|groups| {
        join(groups, 1);
        give(groups, "a", 1, &[0]);
        groups.joined(&"g".into(), &"c".into(), 1, &"c".into());
        give(groups, "c", 1, &[0]);
    });
    assert_eq!(again, []);
    let strange = group(|groups| {
        for member in ["a", "b"] {
            groups.joined(&"g".into(), &member.into(), 1, &"s".into());
            give(groups, member, 1, &[0]);
        }
    });
    assert_eq!(strange, []);
}

/// A member of a generation commits an offset.
fn commit(groups: &mut Groups, (member, generation): (&str, i32), offset: i64) -> u64 {
    groups.commits(
        &"g".into(),
        (&member.into(), generation),
        &[(x(0), Offset(offset))],
    )
}

#[test]
fn a_commit_that_is_taken_from_a_generation_that_is_over_is_found() {
    let zombie = group(|groups| {
        join(groups, 4);
        groups.joined(&"g".into(), &"b".into(), 5, &"b".into());
        give(groups, "b", 5, &[0]);
        let number = commit(groups, ("a", 4), 7);
        groups.taken(number, &x(0));
    });
    assert_eq!(zombie, [(Class::ZombieCommit, true)]);
    // It was sent before; the parts were never given out; the group counts anew.
    let before = group(|groups| {
        join(groups, 4);
        let number = commit(groups, ("a", 4), 7);
        give(groups, "b", 5, &[0]);
        groups.taken(number, &x(0));
    });
    assert_eq!(before, []);
    let unwritten = group(|groups| {
        join(groups, 4);
        groups.joined(&"g".into(), &"b".into(), 5, &"b".into());
        let number = commit(groups, ("a", 4), 7);
        groups.taken(number, &x(0));
    });
    assert_eq!(unwritten, []);
    let anew = group(|groups| {
        join(groups, 5);
        give(groups, "b", 5, &[0]);
        groups.joined(&"g".into(), &"c".into(), 1, &"c".into());
        give(groups, "c", 1, &[0]);
        let number = commit(groups, ("c", 1), 7);
        groups.taken(number, &x(0));
    });
    assert_eq!(anew, []);
}

/// What is found when a group is told this after commits of 5 and then 7.
fn told_after_two(told: Option<i64>) -> Vec<(Class, bool)> {
    group(|groups| {
        for offset in [5, 7] {
            let number = commit(groups, ("a", 4), offset);
            groups.taken(number, &x(0));
            groups.settled(number);
        }
        let asked = groups.wonders();
        groups.told(asked, &"g".into(), &x(0), told.map(Offset));
    })
}

#[test]
fn what_a_group_is_told_is_what_it_committed_last() {
    assert_eq!(told_after_two(Some(7)), []);
    assert_eq!(told_after_two(Some(5)), [(Class::CommitLost, true)]);
    for spurious in [None, Some(0)] {
        let found = told_after_two(spurious);
        assert_eq!(found, [(Class::SpuriousOffset, true)]);
    }
    let nothing = |told: Option<i64>| {
        group(|groups| {
            let asked = groups.wonders();
            groups.told(asked, &"g".into(), &x(0), told.map(Offset));
        })
    };
    assert_eq!(nothing(None), []);
    assert_eq!(nothing(Some(0)), [(Class::SpuriousOffset, true)]);
    // Where the topic has grown that keeps groups, some are looked for elsewhere.
    let grown = |to: i32| {
        group(|groups| {
            groups.are_kept_by(1);
            groups.are_kept_by(to);
            let asked = groups.wonders();
            groups.told(asked, &"g".into(), &x(0), Some(Offset(0)));
        })
    };
    let home = |count| crate::group::partition_of("g", count);
    assert_eq!((home(1), home(6), home(103)), (0, 1, 0));
    assert_eq!(grown(6), [(Class::SpuriousOffset, false)]);
    assert_eq!(grown(103), [(Class::SpuriousOffset, true)]);
}

#[test]
fn a_commit_counts_from_when_it_is_sent_and_may_whatever_it_is_answered() {
    // Nobody knows what became of the first, nor has the last an answer when somebody asks.
    for told in [3, 5, 9] {
        let found = group(|groups| {
            commit(groups, ("a", 4), 3);
            let number = commit(groups, ("a", 4), 5);
            groups.taken(number, &x(0));
            let last = commit(groups, ("a", 4), 9);
            let asked = groups.wonders();
            groups.taken(last, &x(0));
            groups.told(asked, &"g".into(), &x(0), Some(Offset(told)));
        });
        assert_eq!(found, [], "{told}");
    }
    // What was refused was not written.
    let refused = group(|groups| {
        let number = commit(groups, ("a", 4), 5);
        groups.refused(number, &x(0));
        let asked = groups.wonders();
        groups.told(asked, &"g".into(), &x(0), Some(Offset(5)));
    });
    assert_eq!(refused, [(Class::SpuriousOffset, true)]);
    // What somebody had it forget may be there or not.
    let forgotten = group(|groups| {
        let number = commit(groups, ("a", 4), 5);
        groups.taken(number, &x(0));
        groups.forgets(&"g".into(), &x(0));
        let asked = groups.wonders();
        groups.told(asked, &"g".into(), &x(0), None);
    });
    assert_eq!(forgotten, []);
    // So much was committed since that the first is not kept; the last is still what counts.
    for (told, expected) in [(999, vec![]), (0, vec![(Class::SpuriousOffset, true)])] {
        let found = group(|groups| {
            for offset in 0..1_000 {
                let number = commit(groups, ("a", 4), offset);
                groups.taken(number, &x(0));
            }
            let asked = groups.wonders();
            groups.told(asked, &"g".into(), &x(0), Some(Offset(told)));
        });
        assert_eq!(found, expected);
    }
}

#[test]
fn a_member_that_asks_for_its_part_for_long_is_stuck() {
    let stuck = |seconds: u64| {
        group(|groups| {
            groups.asks(C1, &"g".into(), Instant::from_secs(1));
            groups.end(Instant::from_secs(1 + seconds), |_| x(0));
        })
    };
    assert_eq!(stuck(61), [(Class::StuckGroup, true)]);
    assert_eq!(stuck(60), []);
    let given = group(|groups| {
        groups.asks(C1, &"g".into(), Instant::from_secs(1));
        give(groups, "a", 4, &[0]);
        groups.end(Instant::from_secs(100), |_| x(0));
    });
    assert_eq!(given, []);
}

#[test]
fn a_group_that_does_not_come_to_rest_once_all_is_well_is_stuck() {
    let stuck = |healed: u64, tell: &dyn Fn(&mut Groups)| {
        group(|groups| {
            groups.stirs(&"g".into(), Instant::from_secs(1));
            // Nobody asks for anything any more.
            groups.heal(Instant::from_secs(healed));
            tell(groups);
            groups.end(Instant::from_secs(100), |_| x(0));
        })
    };
    assert_eq!(stuck(39, &|_| {}), [(Class::StuckGroup, true)]);
    assert_eq!(stuck(40, &|_| {}), []);
    assert_eq!(stuck(39, &|groups| groups.rests(&"g".into())), []);
    assert_eq!(stuck(39, &|groups| groups.are_read_anew(|_| true)), []);
    let again = stuck(39, &|groups| {
        groups.rests(&"g".into());
        groups.stirs(&"g".into(), Instant::from_secs(39));
    });
    assert_eq!(again, [(Class::StuckGroup, true)]);
}

/// What is found of a group whose members are done with the offsets up to 5 and commit 9.
fn passed_over(tell: impl Fn(&mut Groups)) -> Vec<(Class, bool)> {
    group(|groups| {
        groups.processed(&"g".into(), &x(0), Offset(0), Offset(5));
        tell(groups);
        groups.claims(&"g".into(), &x(0), Offset(9));
        groups.committed(&"g".into(), &x(0), Offset(9));
    })
}

#[test]
fn a_group_that_commits_what_nobody_was_done_with_is_wrong_unless_it_may() {
    assert_eq!(passed_over(|_| {}), [(Class::NeverProcessed, true)]);
    let done = passed_over(|groups| {
        groups.processed(&"g".into(), &x(0), Offset(5), Offset(9));
    });
    assert_eq!(done, []);
    // A member was put there, or commits before its work.
    for (stood, put, wrong) in [
        (5, 9, false),
        (0, 9, false),
        (5, 7, true),
        (5, 5, true),
        // What it was done with before it jumped is one thing, and what was left out before that another.
        (6, 9, true),
        (20, 90, true),
    ] {
        let found = passed_over(|groups| {
            groups.may_pass_over(&"g".into(), &x(0), (Offset(stood), Offset(put)));
        });
        assert_eq!(found, [(Class::NeverProcessed, wrong)], "{stood} {put}");
    }
    // Of two jumps each is excused.
    let twice = passed_over(|groups| {
        for (stood, put) in [(7, 9), (5, 7)] {
            groups.may_pass_over(&"g".into(), &x(0), (Offset(stood), Offset(put)));
        }
    });
    assert_eq!(twice, [(Class::NeverProcessed, false)]);
    // A jump does not excuse what was claimed before it.
    let later = group(|groups| {
        groups.processed(&"g".into(), &x(0), Offset(0), Offset(5));
        groups.claims(&"g".into(), &x(0), Offset(9));
        groups.may_pass_over(&"g".into(), &x(0), (Offset(5), Offset(20)));
        groups.committed(&"g".into(), &x(0), Offset(20));
    });
    assert_eq!(later, [(Class::NeverProcessed, true)]);
    // What was compacted nobody can be done with.
    let compacted = passed_over(|groups| groups.doubt(&x(0)));
    assert_eq!(compacted, [(Class::NeverProcessed, false)]);
}

#[test]
fn what_a_stranger_has_committed_may_be_passed_over() {
    let resumed = |claimed: i64| {
        group(|groups| {
            groups.processed(&"g".into(), &x(0), Offset(0), Offset(5));
            groups.claims(&"g".into(), &x(0), Offset(claimed));
            groups.resumes(&"g".into(), &x(0), Offset(9));
        })
    };
    assert_eq!(resumed(5), [(Class::NeverProcessed, false)]);
    assert_eq!(resumed(9), [(Class::NeverProcessed, true)]);
}
