//! One broker coordinates a group, and what it tells of the group is in the committed log.

use super::asked::Asked;
use super::wire::answer;
use super::{Invariant, View, broker};
use crate::broker::OFFSETS_TOPIC;
use crate::fact::{Entry, Fact};
use crate::model::{BrokerId, ConnectionId, LeaderEpoch, Offset, Text, TopicName, TopicPartition};
use crate::protocol::api::OffsetFetchRequest;
use crate::protocol::{AnyRequest, ApiKey};
use crate::sorted::{SortedMap, SortedSet};

/// K1 whoever decides anything about a group leads the partition that keeps it and has read it, and in one epoch of
/// that partition nobody else does. What is told as committed stands in its log below the high watermark: what a
/// coordinator writes that was replaced and does not know it never gets there.
///
/// K7 while a broker has not read a partition of the offsets topic, it tells nobody what its groups have
/// committed: not even that this is nothing.
///
/// Two brokers may believe at one time that they coordinate a group, each in an epoch of its own. What is gone with
/// the partition is excused.
#[derive(Clone, Debug, Default)]
pub struct OneCoordinates {
    /// Which partitions of the offsets topic each broker leads, and since which epoch.
    leads: SortedMap<(BrokerId, i32), LeaderEpoch>,
    /// Those of which it has read the groups.
    read: SortedSet<(BrokerId, i32)>,
    /// Who has acted in the newest epoch of each in which anybody did.
    acted: SortedMap<i32, (LeaderEpoch, BrokerId)>,
    asked: Asked,
}

impl Invariant for OneCoordinates {
    fn name(&self) -> &'static str {
        "OneCoordinates"
    }

    fn check(&mut self, view: View<'_>, entry: &Entry) -> Result<(), String> {
        self.asked
            .follow(view.world, entry, |api| api == ApiKey::OffsetFetch);
        let Some(by) = broker(entry) else {
            return Ok(());
        };
        match &entry.fact {
            Fact::Started | Fact::Killed { .. } | Fact::Stopped => {
                self.leads.retain(|(leader, _), _| *leader != by);
                self.read.retain(|(leader, _)| *leader != by);
                Ok(())
            }
            Fact::BecameLeader {
                partition, epoch, ..
            } if is_home(partition) => {
                self.leads.insert((by, partition.partition), *epoch);
                Ok(())
            }
            // Who is told to stop a replica and keep its log coordinates on until it hears of another leader.
            Fact::BecameFollower { partition, .. } | Fact::ReplicaDeleted { partition }
                if is_home(partition) =>
            {
                self.leads.remove(&(by, partition.partition));
                self.read.remove(&(by, partition.partition));
                Ok(())
            }
            Fact::TopicDeleted { topic } if topic.as_str() == OFFSETS_TOPIC => {
                self.acted.clear();
                Ok(())
            }
            Fact::GroupsLoaded { partition, .. } => {
                match self.leads.contains_key(&(by, *partition)) {
                    true => {
                        self.read.insert((by, *partition));
                        Ok(())
                    }
                    false => Err(format!(
                        "K1: broker {by} reads the groups of partition {partition}, which it does not lead"
                    )),
                }
            }
            Fact::GroupRebalancing { group, .. }
            | Fact::GroupGenerationBegan { group, .. }
            | Fact::GroupStabilized { group, .. }
            | Fact::MemberLeft { group, .. }
            | Fact::OffsetForgotten { group, .. } => self.acts(view, by, group),
            Fact::OffsetCommitted {
                group, partition, ..
            } => {
                self.acts(view, by, group)?;
                is_committed(view, by, group, partition)
            }
            Fact::ResponseSent {
                connection,
                api: ApiKey::OffsetFetch,
                version,
                correlation_id,
            } => self.told(view, by, (*connection, *version, *correlation_id)),
            _ => Ok(()),
        }
    }
}

/// The first version of OffsetFetch that asks for several groups at once.
const SEVERAL_FROM: i16 = 8;

impl OneCoordinates {
    /// A broker decides something about a group.
    fn acts(&mut self, view: View<'_>, by: BrokerId, group: &Text) -> Result<(), String> {
        let Some(home) = home_of(view, by, group) else {
            return Ok(());
        };
        let Some(epoch) = self.leads.get(&(by, home)).copied() else {
            return Err(format!(
                "K1: broker {by} decides about group {group}, and does not lead partition {home}"
            ));
        };
        if !self.read.contains(&(by, home)) {
            return Err(format!(
                "K1: broker {by} decides about group {group}, and has not read partition {home}"
            ));
        }
        match self.acted.get(&home) {
            Some((known, other)) if *known == epoch && *other != by => Err(format!(
                "K1: brokers {other} and {by} both coordinate group {group} in epoch {}",
                epoch.0
            )),
            Some((known, _)) if *known > epoch => Ok(()),
            _ => {
                self.acted.insert(home, (epoch, by));
                Ok(())
            }
        }
    }

    /// Somebody is told what groups have committed.
    fn told(
        &mut self,
        view: View<'_>,
        by: BrokerId,
        over: (ConnectionId, i16, i32),
    ) -> Result<(), String> {
        let (connection, version, id) = over;
        let request = self.asked.take(connection, id);
        // What ZooKeeper knows no coordinator has to have read.
        if version == 0 {
            return Ok(());
        }
        let unread = |group: &Text| {
            let home = home_of(view, by, group);
            home.is_some_and(|home| !self.read.contains(&(by, home)))
        };
        let Some(told) = answer::<OffsetFetchRequest>(view.world, connection, version, id) else {
            return Ok(());
        };
        // Newer answers say of which group they speak.
        let mut newer = told.groups.iter();
        if let Some(group) = newer.find(|told| told.error_code == 0 && unread(&told.group_id)) {
            return Err(nothing_read(by, &group.group_id));
        }
        let request = request.and_then(|frame| AnyRequest::decode(&frame).ok());
        let Some((_, AnyRequest::OffsetFetch(request))) = request else {
            return Ok(());
        };
        let mut partitions = told.topics.iter().flat_map(|topic| &topic.partitions);
        // Before version 2 an error is told of partitions alone, and who asks for none is told none.
        let says = version >= 2 || told.topics.iter().any(|topic| !topic.partitions.is_empty());
        let answered = says && told.error_code == 0 && partitions.all(|told| told.error_code == 0);
        // Newer ones ask for several groups at once, perhaps for none.
        match version < SEVERAL_FROM && answered && unread(&request.group_id) {
            true => Err(nothing_read(by, &request.group_id)),
            false => Ok(()),
        }
    }
}

fn nothing_read(by: BrokerId, group: &Text) -> String {
    format!("K7: broker {by} tells what group {group} has committed, and has not read it")
}

fn is_home(partition: &TopicPartition) -> bool {
    partition.topic.as_str() == OFFSETS_TOPIC
}

/// The partition of the offsets topic in which a broker looks for a group.
pub(super) fn home_of(view: View<'_>, by: BrokerId, group: &str) -> Option<i32> {
    let broker = view.world.broker_by_id(by)?;
    Some(broker.coordinator().partition_of(group))
}

/// Whether the record of what a group has committed is committed itself.
fn is_committed(
    view: View<'_>,
    by: BrokerId,
    name: &Text,
    partition: &TopicPartition,
) -> Result<(), String> {
    let coordinator = view.world.broker_by_id(by).map(|it| it.coordinator());
    let group = coordinator.and_then(|coordinator| coordinator.group(name));
    let written = group.and_then(|group| group.offsets().written_at(partition));
    let (Some(written), Some(home)) = (written, home_of(view, by, name)) else {
        return Ok(());
    };
    let home = TopicPartition {
        topic: TopicName::new(OFFSETS_TOPIC),
        partition: home,
    };
    // Several commits may be settled in one step, of which this is not the last: what is looked at is how they stand
    // after all of them.
    let replica = view.world.broker_by_id(by);
    let replica = replica.and_then(|broker| broker.partition(&home));
    let known = replica.map_or(Offset::ZERO, |replica| replica.high_watermark());
    let until = view.committed.until(&home).max(known);
    let excused = view.losses.is_lost(&home) || view.losses.is_torn(&home);
    match excused || written < until {
        true => Ok(()),
        false => Err(format!(
            "K1: broker {by} tells that group {name} has committed {partition}, at {written} of {home}, of which \
             {until} is committed"
        )),
    }
}
