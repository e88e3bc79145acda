//! `sticky`: as even as can be, and within that everybody keeps what he has (`AbstractStickyAssignor`).
//!
//! When all members subscribe to the same topics, each keeps up to its share, and what is left over goes to
//! those that have too few. When they do not, partitions are given out one by one, those that few could take
//! first, and then moved as long as that makes it more even.

use super::movements::Movements;
use super::{Parts, Subscriber, Topics, nothing, partitions_of};
use crate::model::{Text, TopicPartition};
use crate::sorted::{SortedMap, SortedSet, sort_by};

pub(super) fn assign(topics: &Topics, members: &[Subscriber]) -> Parts {
    if members.is_empty() {
        return Parts::new();
    }
    let claims = Claims::of(topics, members);
    match share_topics(members) {
        true => share_evenly(topics, members, &claims),
        false => share_as_evenly_as_can_be(topics, members, &claims),
    }
}

/// What would be taken from one member and given to another is given to nobody yet: its owner gives it up
/// first, and the next generation hands it over.
///
/// The owner is who claims it in the newest generation. If several do, all of them may be reading it, so
/// nobody gets it before they have given it up.
pub(super) fn hold_back(mut parts: Parts, members: &[Subscriber]) -> Parts {
    let mut owners: SortedMap<TopicPartition, (i32, Vec<Text>)> = SortedMap::new();
    for member in members {
        for partition in &member.owned {
            let newest = owners.entry(partition.clone()).or_default();
            if newest.1.is_empty() || newest.0 < member.generation {
                *newest = (member.generation, Vec::new());
            }
            if newest.0 == member.generation {
                newest.1.push(member.id.clone());
            }
        }
    }
    for (id, part) in &mut parts {
        part.retain(|partition| {
            let owners = owners.get(partition);
            owners.is_none_or(|(_, owners)| owners.as_slice() == [id.clone()])
        });
    }
    parts
}

/// What members may keep: what they say they have and nobody with a better right says so too.
struct Claims {
    owned: SortedMap<Text, Vec<TopicPartition>>,
    /// Who had a partition in an older generation.
    former: SortedMap<TopicPartition, Text>,
    /// Somebody has what he does not subscribe to any more: something moves in any case.
    forced: bool,
}

impl Claims {
    fn of(topics: &Topics, members: &[Subscriber]) -> Claims {
        let mut holders: SortedMap<TopicPartition, Vec<&Subscriber>> = SortedMap::new();
        let mut forced = false;
        for member in members {
            for partition in &member.owned {
                let topic = &partition.topic.0;
                let count = topics.get(topic).copied().unwrap_or(0);
                if !(0..count).contains(&partition.partition) {
                    continue;
                }
                if member.topics.contains(topic) {
                    holders.entry(partition.clone()).or_default().push(member);
                } else {
                    forced = true;
                }
            }
        }
        let mut owned: SortedMap<Text, Vec<TopicPartition>> = nothing(members);
        let mut former = SortedMap::new();
        for (partition, holders) in holders {
            let newest = holders.iter().map(|member| member.generation).max();
            let newest = newest.unwrap_or(-1);
            let latest: Vec<_> = holders.iter().filter(|m| m.generation == newest).collect();
            // Two that claim the same in one generation contradict each other: neither is believed.
            if let [member] = latest.as_slice() {
                let part = owned.get_mut(&member.id).expect("every member has a part");
                part.push(partition.clone());
            }
            let older = holders.iter().filter(|member| member.generation < newest);
            let before = older.max_by_key(|member| member.generation);
            if let Some(member) = before {
                former.insert(partition, member.id.clone());
            }
        }
        Claims {
            owned,
            former,
            forced,
        }
    }
}

fn share_topics(members: &[Subscriber]) -> bool {
    let topics = |member: &Subscriber| member.topics.iter().cloned().collect::<SortedSet<Text>>();
    let first = topics(&members[0]);
    members.iter().all(|member| topics(member) == first)
}

/// Every partition that somebody may get, by topic and number.
fn all_partitions(topics: &Topics, members: &[Subscriber]) -> Vec<TopicPartition> {
    let read = |topic: &Text| members.iter().any(|member| member.topics.contains(topic));
    let topics = topics.iter().filter(|(topic, _)| read(topic));
    topics
        .flat_map(|(topic, count)| partitions_of(topic, *count))
        .collect()
}

/// All subscribe to the same (`constrainedAssign`).
fn share_evenly(topics: &Topics, members: &[Subscriber], claims: &Claims) -> Parts {
    let all = all_partitions(topics, members);
    let (least, over) = (all.len() / members.len(), all.len() % members.len());
    let most = least + usize::from(over > 0);
    let mut parts = nothing(members);
    let (mut under, mut at_least): (Vec<Text>, Vec<Text>) = (Vec::new(), Vec::new());
    // So many may have the most, and so many have by now.
    let mut with_most = 0;
    let mut taken: SortedSet<TopicPartition> = SortedSet::new();
    // Kafka takes them as they lie in a hash map. A name that stays when its member is away gives no rank here.
    let mut by_id: Vec<&Subscriber> = members.iter().collect();
    sort_by(&mut by_id, |a, b| a.id.cmp(&b.id));
    for member in by_id {
        let mut owned = claims.owned.get(&member.id).cloned().unwrap_or_default();
        sort_by(&mut owned, |a, b| {
            (a.partition, &a.topic).cmp(&(b.partition, &b.topic))
        });
        let keeps = if owned.len() < least {
            under.push(member.id.clone());
            owned.len()
        } else if owned.len() >= most && with_most < over {
            with_most += 1;
            if with_most == over {
                at_least.clear();
            }
            most
        } else {
            if with_most < over {
                at_least.push(member.id.clone());
            }
            least
        };
        owned.truncate(keeps);
        taken.extend(owned.iter().cloned());
        parts.insert(member.id.clone(), owned);
    }
    under.sort();
    at_least.sort();
    let mut under = std::collections::VecDeque::from(under);
    let mut at_least = std::collections::VecDeque::from(at_least);
    for partition in all
        .into_iter()
        .filter(|partition| !taken.contains(partition))
    {
        let id = under.pop_front().or_else(|| at_least.pop_front());
        let Some(id) = id else { break };
        let part = parts.get_mut(&id).expect("every member has a part");
        part.push(partition);
        match part.len() {
            count if count < least => under.push_back(id),
            count if count == least && with_most < over => at_least.push_back(id),
            _ => {}
        }
    }
    parts
}

/// Members subscribe to different topics (`generalAssign`).
fn share_as_evenly_as_can_be(topics: &Topics, members: &[Subscriber], claims: &Claims) -> Parts {
    let mut table = Table::new(topics, members, claims);
    let before = table.parts.clone();
    let initial = before.values().all(Vec::is_empty);
    let mut fresh = table.give_out_the_rest();
    table.set_aside_what_is_fixed();
    let given = table.parts.clone();
    if !claims.forced {
        // What nobody had before may go anywhere without anybody losing anything.
        fresh.retain(|partition| table.movable.contains(partition));
        table.balance(&fresh);
    }
    let moved = table.balance(&table.movable.clone());
    // A shuffle that made nothing more even is not worth it.
    if !initial && moved && table.score() >= score(&given) {
        table.parts = given;
    }
    table.with_the_fixed()
}

/// The partitions and who has them, while they are moved about.
struct Table<'a> {
    parts: Parts,
    /// Parts of members that no move can change.
    fixed: Parts,
    /// For each partition the members that could take it, by id.
    takers: SortedMap<TopicPartition, Vec<Text>>,
    /// By how many could take them, fewest first.
    in_order: Vec<TopicPartition>,
    movable: Vec<TopicPartition>,
    owner: SortedMap<TopicPartition, Text>,
    moved: Movements,
    claims: &'a Claims,
}

impl<'a> Table<'a> {
    fn new(topics: &Topics, members: &[Subscriber], claims: &'a Claims) -> Table<'a> {
        let mut takers: SortedMap<TopicPartition, Vec<Text>> = SortedMap::new();
        for partition in all_partitions(topics, members) {
            let able = members
                .iter()
                .filter(|member| member.topics.contains(&partition.topic.0));
            let mut able: Vec<Text> = able.map(|member| member.id.clone()).collect();
            able.sort();
            takers.insert(partition, able);
        }
        let mut in_order: Vec<TopicPartition> = takers.keys().cloned().collect();
        sort_by(&mut in_order, |a, b| {
            let key = |p: &TopicPartition| takers.get(p).map_or(0, Vec::len);
            (key(a), a).cmp(&(key(b), b))
        });
        let mut owner = SortedMap::new();
        for (id, owned) in &claims.owned {
            for partition in owned {
                owner.insert(partition.clone(), id.clone());
            }
        }
        Table {
            parts: claims.owned.clone(),
            fixed: Parts::new(),
            takers,
            in_order,
            movable: Vec::new(),
            owner,
            moved: Movements::default(),
            claims,
        }
    }

    fn count(&self, id: &Text) -> usize {
        self.parts.get(id).map_or(usize::MAX, Vec::len)
    }

    /// The one of those who could take it that has least, the first by id of several.
    fn least_loaded(&self, partition: &TopicPartition) -> Option<Text> {
        let able = self.takers.get(partition)?.iter();
        let able = able.filter(|id| self.parts.contains_key(*id));
        able.min_by_key(|id| (self.count(id), (*id).clone()))
            .cloned()
    }

    fn give(&mut self, partition: &TopicPartition, to: &Text) {
        if let Some(old) = self.owner.insert(partition.clone(), to.clone())
            && let Some(part) = self.parts.get_mut(&old)
        {
            part.retain(|other| other != partition);
        }
        if let Some(part) = self.parts.get_mut(to) {
            part.push(partition.clone());
        }
    }

    /// Takes a partition from who has it, or rather undoes an opposite move of the same topic (`reassignPartition`).
    ///
    /// Unlike Kafka, only where its owner has enough too: so each move makes it more even, and they come to an end.
    fn take_over(&mut self, partition: &TopicPartition, from: &Text, to: &Text) {
        let opposite = self.moved.opposite(partition, from, to);
        let opposite = opposite.and_then(|other| Some((self.owner.get(&other)?.clone(), other)));
        let opposite = opposite.filter(|(owner, _)| {
            self.parts.contains_key(owner) && self.count(owner) > self.count(to) + 1
        });
        let (from, partition) = opposite.unwrap_or_else(|| (from.clone(), partition.clone()));
        self.moved.note(&partition, &from, to);
        self.give(&partition, to);
    }

    /// Gives out what nobody has; what that was.
    fn give_out_the_rest(&mut self) -> Vec<TopicPartition> {
        let unassigned: Vec<TopicPartition> = self
            .in_order
            .iter()
            .filter(|partition| !self.owner.contains_key(*partition))
            .cloned()
            .collect();
        for partition in &unassigned {
            if let Some(id) = self.least_loaded(partition) {
                self.give(partition, &id);
            }
        }
        unassigned
    }

    /// What only one member could take stays where it is, and so do members that no move could change.
    fn set_aside_what_is_fixed(&mut self) {
        let choice = |partition: &TopicPartition, takers: &SortedMap<TopicPartition, Vec<Text>>| {
            takers.get(partition).is_some_and(|able| able.len() > 1)
        };
        self.movable = self.in_order.clone();
        self.movable
            .retain(|partition| choice(partition, &self.takers));
        let ids: Vec<Text> = self.parts.keys().cloned().collect();
        for id in ids {
            if !self.can_take_part(&id) {
                let part = self.parts.remove(&id).unwrap_or_default();
                self.movable.retain(|partition| !part.contains(partition));
                self.fixed.insert(id, part);
            }
        }
    }

    /// Whether a member could get more, or something it has could go elsewhere
    /// (`canConsumerParticipateInReassignment`).
    fn can_take_part(&self, id: &Text) -> bool {
        let Some(part) = self.parts.get(id) else {
            return false;
        };
        let able = self.takers.iter().filter(|(_, able)| able.contains(id));
        let most = able.count();
        if part.len() < most {
            return true;
        }
        part.iter()
            .any(|p| self.takers.get(p).is_some_and(|able| able.len() > 1))
    }

    /// Nobody who could take something has two fewer than who has it (`isBalanced`).
    fn is_balanced(&self) -> bool {
        let counts = || self.parts.values().map(Vec::len);
        let (Some(least), Some(most)) = (counts().min(), counts().max()) else {
            return true;
        };
        if least + 1 >= most {
            return true;
        }
        self.takers.iter().all(|(partition, able)| {
            let Some(owner) = self
                .owner
                .get(partition)
                .filter(|id| self.parts.contains_key(*id))
            else {
                return true;
            };
            let has = self.count(owner);
            able.iter()
                .filter(|id| self.parts.contains_key(*id))
                .all(|id| self.count(id) + 1 >= has)
        })
    }

    /// Moves partitions until that makes nothing more even (`performReassignments`); whether any moved.
    fn balance(&mut self, movable: &[TopicPartition]) -> bool {
        let mut any = false;
        loop {
            let mut moved = false;
            for partition in movable {
                if self.is_balanced() {
                    break;
                }
                let Some(owner) = self.owner.get(partition).cloned() else {
                    continue;
                };
                if !self.parts.contains_key(&owner) {
                    continue;
                }
                let has = self.count(&owner);
                let former = self.claims.former.get(partition);
                let former = former.filter(|id| self.parts.contains_key(*id)).cloned();
                if let Some(former) = former
                    && former != owner
                    && has > self.count(&former) + 1
                {
                    self.take_over(partition, &owner, &former);
                    moved = true;
                    continue;
                }
                let Some(to) = self.least_loaded(partition) else {
                    continue;
                };
                if has > self.count(&to) + 1 {
                    self.take_over(partition, &owner, &to);
                    moved = true;
                }
            }
            any |= moved;
            if !moved {
                return any;
            }
        }
    }

    fn score(&self) -> usize {
        score(&self.parts)
    }

    fn with_the_fixed(self) -> Parts {
        let mut parts = self.parts;
        parts.extend(self.fixed);
        parts
    }
}

/// How uneven it is: the sum over all pairs of how much one has more (`getBalanceScore`).
fn score(parts: &Parts) -> usize {
    let counts: Vec<usize> = parts.values().map(Vec::len).collect();
    let pairs = counts.iter().enumerate();
    pairs
        .flat_map(|(nth, a)| counts[nth + 1..].iter().map(|b| a.abs_diff(*b)))
        .sum()
}
