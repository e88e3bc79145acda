//! `Groups`: what the members of groups were told and did, one thing after the other, and what it amounts to.
//!
//! Generations of one number are told apart by their leaders: a group that is forgotten begins to count anew, and a
//! coordinator that has written nothing down is followed by one that counts from where it began.
//!
//! Laws: a generation whose parts were given out is written down, and so is every commit that was answered with
//! success; whatever coordinates the group later knows both.

use std::collections::VecDeque;

use super::finding::{Class, Finding, MOST_FOUND};
use super::register::{Commit, Register};
use super::work::Work;
use crate::group::partition_of;
use crate::model::{Offset, ProcessId, Text, TopicPartition};
use crate::sorted::{SortedMap, SortedSet};
use crate::time::{Duration, Instant};

/// A generation, by its number and its leader.
type Led = (i32, Text);

/// The generation that a member was told of last.
#[derive(Clone, Debug)]
struct Joined {
    led: Led,
    /// How much had happened by then.
    at: u64,
}

/// A commit that has no answer yet.
#[derive(Clone, Debug)]
struct Sent {
    group: Text,
    member: Text,
    generation: i32,
    at: u64,
}

/// What is known of one group.
#[derive(Clone, Debug, Default)]
struct Known {
    members: SortedMap<Text, Joined>,
    /// Generations that a consumer leads that divides well.
    led: VecDeque<Led>,
    /// Who owns what, by generation.
    owners: VecDeque<(Led, SortedMap<TopicPartition, Text>)>,
    /// When the parts of each generation were first given out.
    given: VecDeque<(u64, i32)>,
}

/// So many generations of a group are kept.
const KEPT: usize = 64;

/// So long a group may prepare a generation, and a member ask for its part, before it is stuck.
const PATIENCE: Duration = Duration::from_secs(60);

/// All of them.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    /// How much has happened.
    now: u64,
    work: SortedMap<(Text, TopicPartition), Work>,
    /// Of these nobody can say what there was to be done: some of it was compacted, or it is not the first of its name.
    doubtful: SortedSet<TopicPartition>,
    known: SortedMap<Text, Known>,
    registers: SortedMap<(Text, TopicPartition), Register>,
    /// Of these nothing is said any more: somebody had the group forget them.
    spoiled: SortedSet<(Text, TopicPartition)>,
    sent: SortedMap<u64, Sent>,
    /// How many partitions the topic has had that keeps groups. Where a broker looks for a group depends on when it began:
    /// of a group that may be looked for in several places, nobody is to blame for what is not found.
    counts: SortedSet<i32>,
    /// Who asks for a part, since when.
    asking: SortedMap<ProcessId, (Text, Instant)>,
    /// Which groups prepare a generation by the word of their coordinators, and since when.
    restless: SortedMap<Text, Instant>,
    /// When the last trouble was over. What stood still before that is no wonder.
    healed: Instant,
    pub(super) found: Vec<Finding>,
}

impl Groups {
    fn next(&mut self) -> u64 {
        self.now += 1;
        self.now
    }

    fn find(&mut self, class: Class, group: &Text, partition: &TopicPartition, what: String) {
        // Who owns what is told by one coordinator, wherever it looks for the group.
        let moved = class != Class::DoubleOwner && self.has_moved(group);
        let is_wrong = class != Class::ProcessedTwice && !moved;
        if self.found.len() >= MOST_FOUND {
            return;
        }
        self.found.push(Finding {
            class,
            partition: partition.clone(),
            group: Some(group.clone()),
            is_wrong,
            is_of_the_past: false,
            what: what.into(),
        });
    }

    // ---- generations

    /// A member asks to be one.
    pub fn asks(&mut self, by: ProcessId, group: &Text, at: Instant) {
        let asking = self.asking.entry(by);
        asking.or_insert((group.clone(), at));
    }

    /// A member is no more, or has given up.
    pub fn gone(&mut self, by: ProcessId) {
        self.asking.remove(&by);
    }

    /// A member is told of its generation, and that it leads it, or who does.
    pub fn joined(&mut self, group: &Text, member: &Text, generation: i32, leader: &Text) {
        let at = self.next();
        let led = (generation, leader.clone());
        let known = self.known.entry(group.clone()).or_default();
        if leader == member && !known.led.contains(&led) {
            keep(&mut known.led, led.clone());
        }
        known.members.insert(member.clone(), Joined { led, at });
    }

    /// A member is given its part. Who bears a name owns what it had under another id.
    pub fn given(
        &mut self,
        by: ProcessId,
        group: &Text,
        (member, name): (&Text, Option<&Text>),
        generation: i32,
        part: impl Iterator<Item = TopicPartition>,
    ) {
        let at = self.next();
        self.asking.remove(&by);
        let known = self.known.entry(group.clone()).or_default();
        if known
            .given
            .back()
            .is_none_or(|(_, last)| *last != generation)
        {
            keep(&mut known.given, (at, generation));
        }
        let joined = known.members.get(member);
        let joined = joined.filter(|joined| joined.led.0 == generation);
        // A leader of somebody else's may divide as it likes.
        let led = joined.map(|joined| joined.led.clone());
        let Some(led) = led.filter(|led| known.led.contains(led)) else {
            return;
        };
        let owner = name.unwrap_or(member);
        if known.owners.iter().all(|(other, _)| *other != led) {
            keep(&mut known.owners, (led.clone(), SortedMap::new()));
        }
        let owners = known.owners.iter_mut().find(|(other, _)| *other == led);
        let Some((_, owners)) = owners else {
            return;
        };
        let mut twice = Vec::new();
        for partition in part {
            let other = owners.insert(partition.clone(), owner.clone());
            twice.extend(
                other
                    .filter(|other| other != owner)
                    .map(|other| (partition, other)),
            );
        }
        for (partition, other) in twice {
            let what =
                format!("generation {generation} of {group} gives it to {other} and {owner}");
            self.find(Class::DoubleOwner, group, &partition, what);
        }
    }

    /// A group prepares a generation.
    pub fn stirs(&mut self, group: &Text, at: Instant) {
        self.restless.entry(group.clone()).or_insert(at);
    }

    /// Everybody has his part, or nobody is left.
    pub fn rests(&mut self, group: &Text) {
        self.restless.remove(group);
    }

    /// Groups were read anew, and stand as they were written down: at rest.
    pub fn are_read_anew(&mut self, is_among: impl Fn(&Text) -> bool) {
        self.restless.retain(|group, _| !is_among(group));
    }

    /// The last trouble is over.
    pub fn heal(&mut self, at: Instant) {
        self.healed = at;
    }

    /// In the end: which group has not come to rest, and who still asks for its part. `home` is the partition that
    /// keeps a group.
    pub fn end(&mut self, at: Instant, home: impl Fn(&Text) -> TopicPartition) {
        let healed = self.healed;
        let is_stuck = |since: Instant| at.since(since.max(healed)) > PATIENCE;
        let mut stuck = Vec::new();
        for (by, (group, since)) in self
            .asking
            .iter()
            .filter(|(_, (_, since))| is_stuck(*since))
        {
            let what = format!("{by} asks group {group} for its part since {since}");
            stuck.push((group.clone(), what));
        }
        for (group, since) in self.restless.iter().filter(|(_, since)| is_stuck(**since)) {
            let what = format!("group {group} has not come to rest since {since}");
            stuck.push((group.clone(), what));
        }
        for (group, what) in stuck {
            self.find(Class::StuckGroup, &group, &home(&group), what);
        }
    }

    // ---- commits

    /// A member commits; the number of the commit.
    pub fn commits(
        &mut self,
        group: &Text,
        (member, generation): (&Text, i32),
        offsets: &[(TopicPartition, Offset)],
    ) -> u64 {
        let at = self.next();
        for (partition, offset) in offsets {
            let key = (group.clone(), partition.clone());
            self.registers.entry(key).or_default().push(Commit {
                offset: *offset,
                sent: at,
                until: None,
            });
        }
        let sent = Sent {
            group: group.clone(),
            member: member.clone(),
            generation,
            at,
        };
        self.sent.insert(at, sent);
        at
    }

    /// A commit is answered: of this partition with success.
    pub fn taken(&mut self, number: u64, partition: &TopicPartition) {
        let at = self.next();
        let Some(sent) = self.sent.get(&number).cloned() else {
            return;
        };
        let key = (sent.group.clone(), partition.clone());
        if let Some(register) = self.registers.get_mut(&key) {
            let mut commits = register.commits.iter_mut();
            if let Some(commit) = commits.find(|commit| commit.sent == number) {
                commit.until = Some(at);
            }
        }
        let known = self.known.get(&sent.group);
        let joined = known.and_then(|known| known.members.get(&sent.member));
        let joined = joined.filter(|joined| joined.led.0 == sent.generation);
        let (Some(known), Some(joined)) = (known, joined) else {
            return;
        };
        let later = known.given.iter();
        let mut later = later.filter(|(at, _)| joined.at < *at && *at < sent.at);
        if let Some((_, later)) = later.find(|(_, later)| *later > sent.generation) {
            let what = format!(
                "group {} takes a commit of {} of generation {}, after the parts of {later} were given out",
                sent.group, sent.member, sent.generation
            );
            self.find(Class::ZombieCommit, &sent.group, partition, what);
        }
    }

    /// A commit is answered: of this partition in such a way that it was certainly not written.
    pub fn refused(&mut self, number: u64, partition: &TopicPartition) {
        let group = self.sent.get(&number).map(|sent| sent.group.clone());
        let register = group.map(|group| (group, partition.clone()));
        if let Some(register) = register.and_then(|key| self.registers.get_mut(&key)) {
            register.commits.retain(|commit| commit.sent != number);
        }
    }

    /// A commit has its answer, or will have none.
    pub fn settled(&mut self, number: u64) {
        self.sent.remove(&number);
    }

    /// Somebody asks how far groups have read; the number of the question.
    pub fn wonders(&mut self) -> u64 {
        self.next()
    }

    /// He is told, and what he is told of a partition is not what it could be.
    pub fn told(
        &mut self,
        asked: u64,
        group: &Text,
        partition: &TopicPartition,
        told: Option<Offset>,
    ) {
        let key = (group.clone(), partition.clone());
        if self.spoiled.contains(&key) {
            return;
        }
        let known = self.registers.get(&key);
        let verdict = known.map_or(told.map(|_| Class::SpuriousOffset), |register| {
            register.wrong_with(asked, told)
        });
        if let Some(class) = verdict {
            let what = match told {
                Some(told) => {
                    format!("group {group} is told {told}, which is not what it committed last")
                }
                None => format!("group {group} is told that nothing was committed, and it was"),
            };
            self.find(class, group, partition, what);
        }
    }

    /// A group forgets how far it has read.
    pub fn forgets(&mut self, group: &Text, partition: &TopicPartition) {
        let key = (group.clone(), partition.clone());
        self.registers.remove(&key);
        self.spoiled.insert(key);
    }

    /// The topic that keeps all groups has so many partitions now.
    pub fn are_kept_by(&mut self, partitions: i32) {
        self.counts.insert(partitions);
    }

    /// Whether a group may be looked for in several places.
    fn has_moved(&self, group: &Text) -> bool {
        let mut homes = self.counts.iter().map(|count| partition_of(group, *count));
        let first = homes.next();
        homes.any(|home| Some(home) != first)
    }

    /// What keeps all groups is gone.
    pub fn forget_all(&mut self) {
        self.counts.clear();
        self.known.clear();
        self.registers.clear();
        self.sent.clear();
        self.asking.clear();
        self.restless.clear();
    }

    // ---- work

    fn work_on(&mut self, group: &Text, partition: &TopicPartition) -> &mut Work {
        let key = (group.clone(), partition.clone());
        self.work.entry(key).or_default()
    }

    /// A member is done with records.
    pub fn processed(
        &mut self,
        group: &Text,
        partition: &TopicPartition,
        from: Offset,
        to: Offset,
    ) {
        if self.work_on(group, partition).done(from, to) {
            let what = format!("group {group} is done with some of {from} to {to} once more");
            self.find(Class::ProcessedTwice, group, partition, what);
        }
    }

    /// Of this partition nobody can say any more what there was to be done.
    pub fn doubt(&mut self, partition: &TopicPartition) {
        self.doubtful.insert(partition.clone());
    }

    /// What lies between where a member stood and here may be passed over: it was told to begin here, or commits before
    /// its work.
    pub fn may_pass_over(
        &mut self,
        group: &Text,
        partition: &TopicPartition,
        (stood, to): (Offset, Offset),
    ) {
        self.work_on(group, partition).may_pass_over(stood, to);
    }

    /// A member of the group's own asks to have this remembered.
    pub fn claims(&mut self, group: &Text, partition: &TopicPartition, offset: Offset) {
        self.work_on(group, partition).claims(offset);
    }

    /// A member goes on where its group has got to.
    pub fn resumes(&mut self, group: &Text, partition: &TopicPartition, at: Offset) {
        self.work_on(group, partition).resumes(at);
    }

    /// A group remembers how far it has read.
    pub fn committed(&mut self, group: &Text, partition: &TopicPartition, offset: Offset) {
        self.work_on(group, partition).commits(offset);
    }

    /// A topic is gone; what groups have committed of it is forgotten when its coordinators hear of it.
    pub(super) fn forget(&mut self, partition: &TopicPartition) {
        self.work.retain(|(_, known), _| known != partition);
        self.doubt(partition);
        let groups = self
            .known
            .keys()
            .chain(self.registers.keys().map(|(group, _)| group));
        let groups: SortedSet<Text> = groups.cloned().collect();
        for group in &groups {
            self.forgets(group, partition);
        }
    }

    /// How many offsets the members of groups were done with once, twice, and so on.
    pub(super) fn times(&self) -> impl Iterator<Item = (u32, u64)> {
        self.work.values().flat_map(Work::times)
    }

    /// What groups have passed over. It is wrong where their members commit when their work is done.
    pub(super) fn passed_over(&self) -> impl Iterator<Item = Finding> {
        self.work.iter().filter_map(|((group, partition), work)| {
            let (from, is_wrong) = work.passed_over(self.doubtful.contains(partition))?;
            let committed = work.committed();
            let what =
                format!("group {group} has committed {committed}, and nobody was done with {from}");
            Some(Finding {
                class: Class::NeverProcessed,
                partition: partition.clone(),
                group: Some(group.clone()),
                is_wrong,
                is_of_the_past: false,
                what: what.into(),
            })
        })
    }
}

/// Adds to what is kept, of which the oldest goes.
fn keep<T>(kept: &mut VecDeque<T>, one: T) {
    if kept.len() == KEPT {
        kept.pop_front();
    }
    kept.push_back(one);
}
