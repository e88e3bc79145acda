//! Groups: generations follow each other, and each gives a partition to one member.

use std::collections::VecDeque;

use super::{Invariant, View, broker};
use crate::client::consumer::assignor::Assignor;
use crate::fact::{Entry, Fact};
use crate::group::Group;
use crate::model::{BrokerId, ProcessId, Text, TopicPartition};
use crate::protocol::consumer_protocol::Assignment;
use crate::sorted::SortedMap;
use crate::world::World;

/// Where a group stands, by the word of its coordinator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// Everybody has to join again after this generation.
    Preparing(i32),
    /// This generation has begun, and nobody has his part yet.
    Completing(i32),
    Stable(i32),
    /// This generation is one of nobody.
    Empty(i32),
}

/// K2 a group goes from one generation to the next by one step: everybody joins again, then everybody gets
/// his part; the number grows by one, exactly when all have joined.
///
/// K4 a generation gives no partition to two members, as far as Kafka's own assignors have divided them.
///
/// A6 no two members of a group bear one id, neither in a generation nor one after the other: a consumer that is begun
/// again is another.
///
/// A coordinator that has just read a group may know an older generation than the one before it has begun:
/// what was not written down was told to nobody as his part.
#[derive(Clone, Debug, Default)]
pub struct GenerationsFollow {
    standings: SortedMap<(BrokerId, Text), Standing>,
    /// Who has borne each id in each group, and in which of his lives.
    named: SortedMap<(Text, Text), (ProcessId, u32)>,
    /// The same ids, the one that was first borne longest ago first.
    oldest: VecDeque<(Text, Text)>,
}

/// So many ids are remembered, those that were first borne last.
const REMEMBERED: usize = 4_096;

impl Invariant for GenerationsFollow {
    fn name(&self) -> &'static str {
        "GenerationsFollow"
    }

    fn check(&mut self, view: View<'_>, entry: &Entry) -> Result<(), String> {
        if let (Fact::GroupJoined { group, member, .. }, Some(by)) = (&entry.fact, entry.by) {
            let life = view.world.host(by).map_or(0, |host| host.lives());
            return self.named(group, member, (by, life));
        }
        let Some(by) = broker(entry) else {
            return Ok(());
        };
        match &entry.fact {
            // What it knew before is of another life,
            Fact::Started | Fact::Killed { .. } | Fact::Stopped => {
                self.standings.retain(|(broker, _), _| *broker != by);
                Ok(())
            }
            // or was read anew.
            Fact::GroupsLoaded { partition, .. } => {
                let broker = view.world.broker_by_id(by);
                let kept = |group: &Text| {
                    let kept_by = broker.map(|broker| broker.coordinator().partition_of(group));
                    kept_by != Some(*partition)
                };
                self.standings
                    .retain(|(broker, group), _| *broker != by || kept(group));
                Ok(())
            }
            Fact::GroupRebalancing { group, generation } => {
                let before = self.stands(by, group, Standing::Preparing(*generation));
                match before {
                    Some(Standing::Preparing(_)) => {
                        Err(format!("K2: {group} prepares a generation twice"))
                    }
                    // It was forgotten, and begins as if it had never been.
                    Some(Standing::Empty(_)) if *generation == 0 => Ok(()),
                    Some(
                        Standing::Completing(known)
                        | Standing::Stable(known)
                        | Standing::Empty(known),
                    ) if known != *generation => Err(format!(
                        "K2: {group} leaves generation {generation}, which was {known}"
                    )),
                    _ => Ok(()),
                }
            }
            Fact::GroupGenerationBegan {
                group,
                generation,
                members,
                ..
            } => {
                let mut ids: Vec<&Text> = members.iter().collect();
                ids.sort_unstable();
                if let Some(twice) = ids.windows(2).find(|pair| pair[0] == pair[1]) {
                    let id = twice[0];
                    return Err(format!(
                        "A6: two members of generation {generation} of {group} bear the id {id}"
                    ));
                }
                let now = match members.is_empty() {
                    true => Standing::Empty(*generation),
                    false => Standing::Completing(*generation),
                };
                match self.stands(by, group, now) {
                    Some(Standing::Preparing(known)) if known + 1 == *generation => Ok(()),
                    before => Err(format!(
                        "K2: {group} begins generation {generation} after {before:?}"
                    )),
                }
            }
            Fact::GroupStabilized { group, generation } => {
                match self.stands(by, group, Standing::Stable(*generation)) {
                    Some(Standing::Completing(known)) if known == *generation => {
                        parts_are_apart(view.world, by, group)
                    }
                    before => Err(format!(
                        "K2: generation {generation} of {group} is stable after {before:?}"
                    )),
                }
            }
            _ => Ok(()),
        }
    }
}

impl GenerationsFollow {
    /// A6, of an id that a consumer bears in a group.
    fn named(&mut self, group: &Text, id: &Text, who: (ProcessId, u32)) -> Result<(), String> {
        let key = (group.clone(), id.clone());
        let before = self.named.insert(key.clone(), who);
        if before.is_none() {
            self.oldest.push_back(key);
        }
        if self.oldest.len() > REMEMBERED
            && let Some(oldest) = self.oldest.pop_front()
        {
            self.named.remove(&oldest);
        }
        match before {
            Some(other) if other != who => Err(format!(
                "A6: {} in its life {} bears the id {id} in {group}, which {} had in its life {}",
                who.0, who.1, other.0, other.1
            )),
            _ => Ok(()),
        }
    }

    fn stands(&mut self, by: BrokerId, group: &Text, now: Standing) -> Option<Standing> {
        self.standings.insert((by, group.clone()), now)
    }
}

fn parts_are_apart(world: &World, by: BrokerId, name: &Text) -> Result<(), String> {
    let broker = world.broker_by_id(by);
    let group = broker.and_then(|broker| broker.coordinator().group(name));
    let Some(group) = group.filter(|group| is_ours(group)) else {
        return Ok(());
    };
    let mut owners: SortedMap<TopicPartition, &Text> = SortedMap::new();
    for member in group.members() {
        let given = Assignment::read(&member.assignment).unwrap_or_default();
        for partition in given.partitions() {
            let shown = partition.to_string();
            if let Some(other) = owners.insert(partition, &member.id) {
                return Err(format!(
                    "K4: generation {} of {name} gives {shown} to {other} and {}",
                    group.generation(),
                    member.id
                ));
            }
        }
    }
    Ok(())
}

/// Whether what the members tell each other is known here.
fn is_ours(group: &Group) -> bool {
    let protocol = group.protocol();
    protocol.is_some_and(|name| Assignor::parse(name).is_some())
}
