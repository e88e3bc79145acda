//! Groups of consumers: who is in them, what befalls them, and how they have to be in the end.
//!
//! A third of the runs have groups. They are drawn from numbers of their own, so that the other runs are what
//! they were. The members of a group agree on most of their settings, or it would never come to rest; in a few
//! groups some of them do not, and are refused.
//!
//! - `rare`: what only some of them have, such as an offsets topic that is compacted, and simple consumers;
//! - `strike`: members come, go, die, stand still and are slow; coordinators die;
//! - [`health`]: in the end every group is stable or empty, every partition has one living owner, and nothing is
//!   left to read.

pub mod health;
mod rare;
mod strike;

use std::fmt::Write as _;

use self::rare::Rare;
use super::kind::Kind;
use super::{Budget, Draw};
use crate::broker::OFFSETS_TOPIC;
use crate::group;
use crate::model::{BrokerId, TopicName, TopicPartition};
use crate::world::World;

pub(super) use strike::strike;

/// The random numbers of groups, beside those of everything else.
const STREAM: u64 = 0x300;
/// A group has so many members at most, those that come later included.
const MOST_MEMBERS: u64 = 8;
/// The place of somebody who asks how far a group has read, behind those of its members.
const ASKER: u64 = MOST_MEMBERS;
/// And that of a simple consumer, who commits for it.
const SIMPLE: u64 = MOST_MEMBERS + 1;

/// The groups of a run.
#[derive(Clone, Debug)]
pub(super) struct Groups {
    groups: Vec<Drawn>,
    /// What brokers are set to.
    settings: String,
    draw: Draw,
    rare: Rare,
}

/// One of them.
#[derive(Clone, Debug)]
struct Drawn {
    name: String,
    /// The number of its first member.
    first: u64,
    /// What all of its members are set to.
    common: String,
    /// What it reads.
    topics: String,
    /// Whether its members bear names.
    is_static: bool,
}

impl Groups {
    /// Two runs of three have none.
    pub(super) fn draw(seed: u64, budget: Budget, brokers: u64) -> Option<Groups> {
        let mut draw = Draw::new(seed, budget.stream() + STREAM);
        if !draw.chance(1, 3) {
            return None;
        }
        let partitions = draw.pick(&[1, 1, 2, 5]);
        let factor = draw.pick(&[1, 2, 3, 3, 3]).min(brokers);
        let delay = draw.pick(&[0, 0, 100, 1_000, 3_000]);
        let mut settings = format!(
            " offsets.topic.num.partitions={partitions} offsets.topic.replication.factor={factor} \
             group.initial.rebalance.delay.ms={delay} group.min.session.timeout.ms=500"
        );
        if draw.chance(1, 8) {
            settings.push_str(" group.max.size=2");
        }
        if draw.chance(1, 4) {
            settings.push_str(" offsets.commit.timeout.ms=500");
        }
        if draw.chance(1, 8) {
            settings
                .push_str(" offsets.retention.minutes=1 offsets.retention.check.interval.ms=5000");
        }
        // Where a piece is small, a coordinator is a while in reading.
        if draw.chance(1, 2) {
            let size = draw.pick(&[1, 200, 4_096]);
            let _ = write!(settings, " offsets.load.buffer.size={size}");
        }
        Some(Groups {
            groups: Vec::new(),
            settings,
            draw,
            rare: Rare::draw(seed, budget),
        })
    }

    /// What brokers are set to besides what they are set to already.
    pub(super) fn settings(&self, already: &str) -> String {
        format!("{}{}", self.settings, self.rare.of_brokers(already))
    }

    /// What befalls them besides what befalls all groups.
    pub(super) fn kinds(&self) -> &[Kind] {
        &self.rare.kinds
    }

    /// The members that are there from the beginning, each with the line that describes it. `topics` are there to
    /// be read.
    pub(super) fn members(&mut self, topics: &[&str]) -> Vec<(String, String)> {
        let mut draw = self.draw.clone();
        let mut members = Vec::new();
        for number in 1..=draw.pick(&[1, 1, 1, 2]) {
            let mut group = Drawn::draw(number, topics, &mut draw);
            let more = self.rare.of_members(&group.common);
            group.common.push_str(&more);
            for nth in 0..draw.pick(&[1, 2, 2, 3, 3, 4]) {
                members.push((group.member(nth), group.line(nth, &mut draw)));
            }
            self.groups.push(group);
        }
        self.draw = draw;
        members
    }

    fn a_group(&self, draw: &mut Draw) -> &Drawn {
        let at = draw.between(0, self.groups.len() as u64 - 1);
        &self.groups[at as usize]
    }
}

impl Drawn {
    fn draw(number: u64, topics: &[&str], draw: &mut Draw) -> Drawn {
        let name = format!("g{number}");
        let strategy = draw.pick(&[
            "range",
            "roundrobin",
            "sticky",
            "cooperative-sticky",
            "cooperative-sticky",
            "range,cooperative-sticky",
            "roundrobin,range",
        ]);
        let (session, beat) = draw.pick(&[
            (600, 200),
            (1_500, 400),
            (3_000, 1_000),
            (6_000, 2_000),
            (10_000, 3_000),
        ]);
        let age = draw.pick(&[1_000, 5_000, 20_000]);
        let mut common = format!(
            "group.id={name} partition.assignment.strategy={strategy} session.timeout.ms={session} \
             heartbeat.interval.ms={beat} metadata.max.age.ms={age}"
        );
        let reset = draw.pick(&["earliest", "earliest", "latest"]);
        let _ = write!(common, " auto.offset.reset={reset}");
        common.push_str(draw.pick(&[
            " auto.commit.interval.ms=1000",
            " auto.commit.interval.ms=5000",
            " auto.commit.interval.ms=200",
            " enable.auto.commit=false application.commits=first",
            " enable.auto.commit=false application.commits=sync",
            " enable.auto.commit=false application.commits=each",
            " enable.auto.commit=false application.commits=async",
            " enable.auto.commit=false",
        ]));
        // Who hears of a rebalance with his next heartbeat must have time to join after it; and who commits for so
        // long before he joins, as he does where a topic has lost partitions, must be through with it in the end.
        let most = match draw.chance(1, 3) {
            true => draw.pick(&[2_000, 5_000, 20_000]).max(beat * 3),
            false => 30_000,
        };
        let _ = write!(common, " max.poll.interval.ms={most}");
        if draw.chance(1, 3) {
            common.push_str(" default.api.timeout.ms=4000");
        }
        if draw.chance(1, 6) {
            common.push_str(" isolation.level=read_committed");
        }
        let topics = match topics {
            [one, _, ..] if draw.chance(1, 4) => (*one).to_owned(),
            all => all.join(","),
        };
        Drawn {
            name,
            first: 10 * number + 1,
            common,
            topics,
            is_static: draw.chance(1, 4),
        }
    }

    fn member(&self, nth: u64) -> String {
        format!("c{}", self.first + nth)
    }

    /// The line that describes a member.
    fn line(&self, nth: u64, draw: &mut Draw) -> String {
        let mut line = format!(
            "consumer {} subscribe={} {}",
            self.member(nth),
            self.topics,
            self.common
        );
        if self.is_static {
            // Two that bear one name fence each other.
            let name = match draw.chance(1, 12) {
                true => 0,
                false => nth,
            };
            let _ = write!(line, " group.instance.id=m{name}");
        }
        let works = draw.pick(&[0, 0, 0, 20, 300]);
        if works > 0 {
            let most = draw.pick(&[1, 5, 500]);
            let _ = write!(line, " poll.interval.ms={works} max.poll.records={most}");
        }
        line
    }
}

/// Where a group is kept.
pub(super) fn home_of(world: &World, group: &str) -> Option<TopicPartition> {
    let topic = TopicName::new(OFFSETS_TOPIC);
    let count = world.cluster().topic(&topic)?.partitions.len();
    Some(TopicPartition {
        topic,
        partition: group::partition_of(group, count as i32),
    })
}

/// The broker that leads the partition that keeps a group.
fn coordinator_of(world: &World, group: &str) -> Option<BrokerId> {
    let state = world.cluster().partition(&home_of(world, group)?)?;
    Some(state.leader).filter(|leader| *leader != BrokerId::NONE)
}
