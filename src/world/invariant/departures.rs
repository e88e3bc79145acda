//! Nobody is taken out of a group before his time.

use super::asked::Asked;
use super::coordinators::home_of;
use super::wire::answer;
use super::{Invariant, View, broker};
use crate::fact::{Departure, Entry, Fact};
use crate::group::{Group, Member, State};
use crate::model::{BrokerId, ConnectionId, ProcessId, Text};
use crate::protocol::api::{HeartbeatRequest, OffsetCommitRequest, SyncGroupRequest};
use crate::protocol::{AnyRequest, ApiKey, Chunks, ErrorCode};
use crate::sorted::{SortedMap, SortedSet};
use crate::time::{Duration, Instant};
use crate::world::World;

/// K8 a member is taken out because it, or somebody for it, has said so, because nothing was heard of it for its
/// session timeout, or because it has let the others wait for the longest of their rebalance timeouts; and for
/// nothing else.
///
/// P3 and nobody waits for the others longer than that: when the longest of their rebalance timeouts is over, and
/// `group.initial.rebalance.delay.ms`, the next generation begins with those who have joined. Where only static members
/// are left and none of them has joined, there is nobody to begin it with and nobody who waits: they may come back under
/// their names, and the group waits as long again.
///
/// When a member was heard of is read off the answers to its heartbeats and SyncGroups, and of its commits from when
/// it sent what was taken. With each generation, of which its JoinGroup is told, and wherever its group is read anew,
/// its time begins anew. Whatever else its coordinator has heard lets it live longer, which is no harm. A group that
/// is full takes nobody in, whatever he was before.
#[derive(Clone, Debug, Default)]
pub struct NobodyIsTakenOutEarly {
    asked: Asked,
    /// Until when the silence of a member is no reason.
    heard: SortedMap<(BrokerId, Text, Text), Instant>,
    /// Until when a group waits for those who have not joined.
    joins: SortedMap<(BrokerId, Text), Instant>,
    /// The groups that prepare their next generation, by when they must have done so.
    preparing: SortedSet<(Instant, BrokerId, Text)>,
    /// Until when it waits for those who have not asked for their part.
    syncs: SortedMap<(BrokerId, Text), Instant>,
}

impl Invariant for NobodyIsTakenOutEarly {
    fn name(&self) -> &'static str {
        "NobodyIsTakenOutEarly"
    }

    fn check(&mut self, view: View<'_>, entry: &Entry) -> Result<(), String> {
        self.asked.follow(view.world, entry, |api| {
            matches!(
                api,
                ApiKey::Heartbeat | ApiKey::SyncGroup | ApiKey::LeaveGroup | ApiKey::OffsetCommit
            )
        });
        self.is_in_time(view.world, entry)?;
        let Some(by) = broker(entry) else {
            return Ok(());
        };
        match &entry.fact {
            Fact::Thawed => {
                // Who stood still may be late.
                self.preparing.retain(|(_, broker, _)| *broker != by);
                Ok(())
            }
            Fact::Started | Fact::Killed { .. } | Fact::Stopped => {
                self.forget(|broker, _| broker == by);
                Ok(())
            }
            Fact::GroupsLoaded { partition, .. } => {
                self.forget(|broker, group| {
                    broker == by && home_of(view, by, group) == Some(*partition)
                });
                let broker = view.world.broker_by_id(by).into_iter();
                let groups = broker.flat_map(|broker| broker.coordinator().groups());
                for group in groups.filter(|it| home_of(view, by, &it.id) == Some(*partition)) {
                    self.begin_anew(by, group, entry.at);
                }
                Ok(())
            }
            Fact::GroupRebalancing { group, .. } => {
                let until = entry.at + longest_wait(view.world, by, group);
                self.joins.insert((by, group.clone()), until);
                self.has_prepared(by, group);
                // Who comes first waits for others, however short the rebalance timeouts are.
                let broker = view.world.broker_by_id(by);
                let first = broker.map(|broker| broker.coordinator().config());
                let first = first.map(|config| entry.at + config.group_initial_rebalance_delay);
                let due = until.max(first.unwrap_or(until));
                self.preparing.insert((due, by, group.clone()));
                Ok(())
            }
            Fact::GroupGenerationBegan { group, .. } => {
                self.has_prepared(by, group);
                let until = entry.at + longest_wait(view.world, by, group);
                self.syncs.insert((by, group.clone()), until);
                if let Some(known) = self::group(view.world, by, group) {
                    self.begin_anew(by, known, entry.at);
                }
                Ok(())
            }
            Fact::ResponseSent {
                connection,
                api: ApiKey::OffsetCommit,
                version,
                correlation_id,
            } => {
                let over = (*connection, *version, *correlation_id);
                self.committed(view.world, by, over);
                Ok(())
            }
            Fact::ResponseSent {
                connection,
                api: api @ (ApiKey::Heartbeat | ApiKey::SyncGroup | ApiKey::LeaveGroup),
                version,
                correlation_id,
            } => {
                let over = (*connection, *version, *correlation_id);
                self.answered(view.world, by, *api, over, entry.at);
                Ok(())
            }
            Fact::MemberLeft { group, member, why } => {
                self.left(by, entry.at, (group, member, *why))
            }
            _ => Ok(()),
        }
    }
}

impl NobodyIsTakenOutEarly {
    fn has_prepared(&mut self, by: BrokerId, group: &Text) {
        self.preparing
            .retain(|(_, broker, name)| *broker != by || name != group);
    }

    /// P3, of the group that must have prepared its next generation first of all.
    fn is_in_time(&mut self, world: &World, entry: &Entry) -> Result<(), String> {
        // A command is told before what it does, and looked at after: by then a broker may stand no more.
        let command = matches!(entry.fact, Fact::Commanded { .. });
        let due = self.preparing.first();
        if command || due.is_none_or(|(due, ..)| *due >= entry.at) {
            return Ok(());
        }
        let Some((due, by, group)) = self.preparing.pop_first() else {
            return Ok(());
        };
        let host = world.host(ProcessId::from(by));
        let stands = host.filter(|host| !host.is_behind(due, entry.at));
        let broker = stands.and_then(|host| host.broker());
        let known = broker.and_then(|broker| broker.coordinator().group(&group));
        let Some(known) = known.filter(|known| known.state() == State::PreparingRebalance) else {
            return Ok(());
        };
        if nobody_had_come(known, by, entry) {
            let wait = longest_wait(world, by, &group).max(SHORTEST_WAIT);
            self.preparing.insert((due + wait, by, group));
            return Ok(());
        }
        Err(format!(
            "P3: group {group} should have had its next generation at {due}, and still prepares it"
        ))
    }

    fn forget(&mut self, gone: impl Fn(BrokerId, &Text) -> bool) {
        self.preparing.retain(|(_, by, group)| !gone(*by, group));
        self.heard.retain(|(by, group, _), _| !gone(*by, group));
        self.joins.retain(|(by, group), _| !gone(*by, group));
        self.syncs.retain(|(by, group), _| !gone(*by, group));
    }

    /// The time of every member begins anew.
    fn begin_anew(&mut self, by: BrokerId, group: &Group, at: Instant) {
        for member in group.members() {
            let key = (by, group.id.clone(), member.id.clone());
            self.heard.insert(key, at + member.session_timeout);
        }
    }

    /// A commit was taken, of whoever had sent it.
    fn committed(&mut self, world: &World, by: BrokerId, over: (ConnectionId, i16, i32)) {
        let (connection, version, id) = over;
        let Some((sent, frame)) = self.asked.take_sent(connection, id) else {
            return;
        };
        // In version 0 nobody is a member, and ZooKeeper is told.
        if version == 0 {
            return;
        }
        let request = AnyRequest::decode(&frame);
        let told = answer::<OffsetCommitRequest>(world, connection, version, id);
        let (Ok((_, AnyRequest::OffsetCommit(request))), Some(told)) = (request, told) else {
            return;
        };
        let mut codes = told.topics.iter().flat_map(|topic| &topic.partitions);
        let known = group(world, by, &request.group_id);
        let known = known.and_then(|group| group.member(&request.member_id));
        if let Some(member) = known
            && codes.any(|told| told.error_code == 0)
        {
            let until = sent + member.session_timeout;
            let heard = (self.heard).entry((by, request.group_id, request.member_id));
            let heard = heard.or_insert(until);
            *heard = (*heard).max(until);
        }
    }

    /// A member was answered, and lives for another session.
    fn answered(
        &mut self,
        world: &World,
        by: BrokerId,
        api: ApiKey,
        over: (ConnectionId, i16, i32),
        at: Instant,
    ) {
        let (connection, version, id) = over;
        let Some(frame) = self.asked.take(connection, id) else {
            return;
        };
        let told = match api {
            ApiKey::Heartbeat => answer::<HeartbeatRequest>(world, connection, version, id)
                .map(|told| ErrorCode::from_i16(told.error_code)),
            ApiKey::SyncGroup => answer::<SyncGroupRequest>(world, connection, version, id)
                .map(|told| ErrorCode::from_i16(told.error_code))
                .filter(|error| error.is_none()),
            _ => None,
        };
        if !matches!(told, Some(ErrorCode::None | ErrorCode::RebalanceInProgress)) {
            return;
        }
        let (name, member) = match AnyRequest::decode(&frame) {
            Ok((_, AnyRequest::Heartbeat(said))) => (said.group_id, said.member_id),
            Ok((_, AnyRequest::SyncGroup(said))) => (said.group_id, said.member_id),
            _ => return,
        };
        let known = group(world, by, &name).and_then(|group| group.member(&member));
        if let Some(session) = known.map(|known| known.session_timeout) {
            self.heard.insert((by, name, member), at + session);
        }
    }

    fn left(
        &mut self,
        by: BrokerId,
        at: Instant,
        who: (&Text, &Text, Departure),
    ) -> Result<(), String> {
        let (group, member, why) = who;
        let heard = self.heard.remove(&(by, group.clone(), member.clone()));
        let place = (by, group.clone());
        let (until, wrong) = match why {
            Departure::Silent => (heard, "has been heard of"),
            Departure::LateToJoin => (self.joins.get(&place).copied(), "has time to join"),
            Departure::LateToSync => {
                let until = self.syncs.get(&place).copied();
                (until, "has time to ask for its part")
            }
            Departure::GroupFull => return Ok(()),
            Departure::Left => {
                let named = |frame: &Chunks| names(frame, group, member);
                return match self.asked.is_incomplete() || self.asked.all().any(named) {
                    true => Ok(()),
                    false => Err(format!(
                        "K8: broker {by} takes {member} out of group {group}, for which nobody has asked"
                    )),
                };
            }
        };
        match until.filter(|until| *until > at) {
            Some(until) => Err(format!(
                "K8: broker {by} takes {member} out of group {group} at {at}, which {wrong} until {until}"
            )),
            None => Ok(()),
        }
    }
}

fn group<'a>(world: &'a World, by: BrokerId, name: &str) -> Option<&'a Group> {
    world.broker_by_id(by)?.coordinator().group(name)
}

/// How long static members are waited for at least.
const SHORTEST_WAIT: Duration = Duration::from_millis(1);

/// Whether a group has none but static members, and none of them had joined before this happened.
fn nobody_had_come(group: &Group, by: BrokerId, entry: &Entry) -> bool {
    let members = group.members();
    let comes_now = entry.by == Some(ProcessId::from(by))
        && matches!(
            entry.fact,
            Fact::RequestParked {
                api: ApiKey::JoinGroup,
                ..
            }
        );
    let has_not_come = |member: &Member| member.is_static() && (comes_now || !member.is_joining());
    !members.is_empty() && members.iter().all(has_not_come)
}

/// The longest of the rebalance timeouts of a group's members.
fn longest_wait(world: &World, by: BrokerId, name: &str) -> Duration {
    let members = group(world, by, name).into_iter().flat_map(Group::members);
    let timeouts = members.map(|member| member.rebalance_timeout);
    timeouts.max().unwrap_or_default()
}

/// Whether a request asks that a member be taken out, by its id or by a name that is not looked at.
fn names(frame: &Chunks, group: &Text, member: &Text) -> bool {
    let Ok((_, AnyRequest::LeaveGroup(request))) = AnyRequest::decode(frame) else {
        return false;
    };
    let mut members = request.members.iter();
    request.group_id == *group
        && (request.member_id == *member
            || members.any(|named| named.member_id == *member || named.member_id.is_empty()))
}
