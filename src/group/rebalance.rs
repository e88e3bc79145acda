//! From one generation to the next: everybody is waited for, and then everybody is told.
//!
//! The first members of an empty group are a special case. Were the first of them told at once that it is
//! alone, the group would be rebalanced for each of the others that come a moment later. So an empty group
//! waits `group.initial.rebalance.delay.ms`, and again as long as somebody came meanwhile, but never longer
//! than the members' rebalance timeout in all.

use super::desk::{Desk, Timer, Writing};
use super::join::{generation_for, refusal};
use super::member::Member;
use super::record::group_record;
use super::state::{Group, State, Waits};
use super::sync;
use crate::fact::{Departure, Fact};
use crate::model::Text;
use crate::protocol::ErrorCode;
use crate::time::Duration;

/// How long static members are waited for at least before it is looked again whether any has come.
const SHORTEST_WAIT: Duration = Duration::from_millis(1);

/// Begins to prepare a generation unless one is being prepared (`maybePrepareRebalance`).
pub(super) fn prepare_if_possible(group: &mut Group, desk: &mut Desk) {
    if group.can_rebalance() {
        prepare(group, desk);
    }
}

/// Begins to prepare a generation (`prepareRebalance`).
pub(super) fn prepare(group: &mut Group, desk: &mut Desk) {
    if group.state == State::CompletingRebalance {
        sync::call_off(group, ErrorCode::RebalanceInProgress, desk);
    }
    desk.timers.cancel(&sync_timer(group));
    group.unsynced.clear();
    let timeout = group.rebalance_timeout();
    let wait = match group.state {
        State::Empty => {
            let delay = desk.config.group_initial_rebalance_delay;
            group.waits = Waits::ForMore {
                delay,
                remaining: less(timeout, delay),
            };
            delay
        }
        _ => {
            group.waits = Waits::ForMembers;
            timeout
        }
    };
    group.go(State::PreparingRebalance, desk.at.wall);
    desk.note(Fact::GroupRebalancing {
        group: group.id.clone(),
        generation: group.generation,
    });
    desk.timers.set(join_timer(group), desk.at.now + wait);
    complete_if_all_have_joined(group, desk);
}

/// Ends the waiting early when nobody is missing. The first members of a group are always waited for.
pub(super) fn complete_if_all_have_joined(group: &mut Group, desk: &mut Desk) {
    let waits = group.state == State::PreparingRebalance && group.waits == Waits::ForMembers;
    if waits && group.all_have_joined() {
        complete(group, desk);
    }
}

/// The waiting is over, whoever has come.
pub(super) fn join_is_over(group: &mut Group, desk: &mut Desk) {
    if group.state != State::PreparingRebalance {
        return;
    }
    match group.waits {
        Waits::ForMore { delay, remaining } if group.grew && !remaining.is_zero() => {
            group.grew = false;
            let again = desk.config.group_initial_rebalance_delay.min(remaining);
            group.waits = Waits::ForMore {
                delay: again,
                remaining: less(remaining, delay),
            };
            desk.timers.set(join_timer(group), desk.at.now + again);
        }
        _ => complete(group, desk),
    }
}

/// Begins the next generation with those who have joined (`onCompleteJoin`).
fn complete(group: &mut Group, desk: &mut Desk) {
    desk.timers.cancel(&join_timer(group));
    let missing = group.members.iter();
    let missing = missing.filter(|member| !member.is_joining() && !member.is_static());
    let missing: Vec<Text> = missing.map(|member| member.id.clone()).collect();
    for id in missing {
        take_out(group, &id, Departure::LateToJoin, desk);
    }
    if !group.elect_joined_leader() && !group.members.is_empty() {
        // Only static members are left, and they may come back under their names.
        group.waits = Waits::ForMembers;
        // Time must pass: at one instant the timer would follow itself for ever.
        let wait = group.rebalance_timeout().max(SHORTEST_WAIT);
        let again = desk.at.now + wait;
        return desk.timers.set(join_timer(group), again);
    }
    // Unlike Kafka, where who came in the last of several waits makes the next first generation wait again.
    group.grew = false;
    group.next_generation(desk.at.wall);
    desk.note(Fact::GroupGenerationBegan {
        group: group.id.clone(),
        generation: group.generation,
        members: group
            .members
            .iter()
            .map(|member| member.id.clone())
            .collect(),
        leader: group.leader.clone(),
    });
    if group.members.is_empty() {
        let value = group.written(&|member| member.assignment.clone());
        let records = vec![group_record(&group.id, Some(&value))];
        desk.write(&group.id, records, Writing::Rest);
        return;
    }
    for id in group.member_ids() {
        let response = generation_for(group, &id);
        let member = group.member_mut(&id).expect("it is in the list");
        member.is_new = false;
        if let Some(asker) = group.members.set_joining(&id, None) {
            desk.answer(asker, response);
        }
        desk.heard(group, &id);
        group.unsynced.insert(id);
    }
    let until = desk.at.now + group.rebalance_timeout();
    desk.timers.set(sync_timer(group), until);
}

/// Takes a member out, if it is one, and has the others share what it had (`removeMemberAndUpdateGroup`).
pub(super) fn remove(group: &mut Group, id: &str, why: Departure, desk: &mut Desk) {
    if !take_out(group, id, why, desk) {
        return;
    }
    match group.state {
        State::Dead | State::Empty => {}
        State::Stable | State::CompletingRebalance => prepare(group, desk),
        State::PreparingRebalance => complete_if_all_have_joined(group, desk),
    }
}

/// Takes a member out and tells it so, whatever it waits for. False when it is none.
pub(super) fn take_out(group: &mut Group, id: &str, why: Departure, desk: &mut Desk) -> bool {
    let Some(member) = group.remove(id) else {
        return false;
    };
    desk.unwatch(&group.id, &member.id);
    dismiss(&member, &Text::default(), ErrorCode::UnknownMemberId, desk);
    desk.note(Fact::MemberLeft {
        group: group.id.clone(),
        member: member.id,
        why,
    });
    true
}

/// An id that was given away will not be used.
pub(super) fn drop_pending(group: &mut Group, id: &Text, desk: &mut Desk) {
    group.pending.remove(id);
    desk.unwatch(&group.id, id);
    complete_if_all_have_joined(group, desk);
}

/// The group is coordinated elsewhere, or no more: whoever waits is told so, and nothing falls due.
pub(super) fn send_away(group: &mut Group, error: ErrorCode, desk: &mut Desk) {
    desk.timers.cancel(&join_timer(group));
    desk.timers.cancel(&sync_timer(group));
    for id in std::mem::take(&mut group.pending).iter() {
        desk.unwatch(&group.id, id);
    }
    let members = std::mem::take(&mut group.members);
    for member in &members {
        desk.unwatch(&group.id, &member.id);
        dismiss(member, &member.id, error, desk);
    }
    group.go(State::Dead, desk.at.wall);
}

/// Answers whatever a member waits for. Its JoinGroup names `id`.
///
/// Unlike Kafka, which forgets the SyncGroup of a member that is taken out, so that its client waits for the
/// timeout.
fn dismiss(member: &Member, id: &Text, error: ErrorCode, desk: &mut Desk) {
    if let Some(asker) = member.joining {
        desk.answer(asker, refusal(id, error));
    }
    if let Some(asker) = member.syncing {
        desk.answer(asker, sync::refusal(error));
    }
}

fn less(from: Duration, what: Duration) -> Duration {
    Duration::from_micros(from.as_micros().saturating_sub(what.as_micros()))
}

pub(super) fn join_timer(group: &Group) -> Timer {
    let group = group.id.clone();
    Timer::Join { group }
}

pub(super) fn sync_timer(group: &Group) -> Timer {
    let group = group.id.clone();
    Timer::Sync { group }
}
