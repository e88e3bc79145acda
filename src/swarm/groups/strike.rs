//! What befalls groups: one fault, as the lines that begin it and the lines that end it.

use super::{ASKER, Drawn, Groups, MOST_MEMBERS, SIMPLE, coordinator_of, home_of};
use crate::fact::{Entry, Fact};
use crate::model::{ProcessId, TopicPartition};
use crate::swarm::abuse::conversation;
use crate::swarm::kind::Kind;
use crate::swarm::strike::Strike;
use crate::swarm::{Budget, Draw, Run, wishes};
use crate::time::Duration;
use crate::world::World;

/// Draws something that befalls a group. Sometimes it waits until the group has come to a turning point, and
/// strikes right there.
pub(in crate::swarm) fn strike(
    kind: Kind,
    run: &mut Run<'_>,
    groups: &Groups,
    partition: &TopicPartition,
    budget: Budget,
    draw: &mut Draw,
) -> Strike {
    let group = groups.a_group(draw);
    if draw.chance(1, 3) {
        let nth = draw.between(0, 5);
        run.until(Duration::from_secs(3), |_, entry| {
            is_turning_point(entry, &group.name, nth).then_some(())
        });
    }
    let world = run.world();
    let lasts = how_long(draw);
    let member = a_member(world, group, draw);
    match kind {
        Kind::HitCoordinator => hit(world, &group.name, budget, draw),
        Kind::AskTheReading => ask_the_reading(run, group, partition, draw),
        Kind::MemberJoins => {
            let nth = draw.between(0, MOST_MEMBERS - 1);
            let name = group.member(nth);
            let id = ProcessId::parse(&name);
            let line = match id.is_some_and(|id| world.host(id).is_some()) {
                true => format!("restart {name}"),
                false => group.line(nth, draw),
            };
            let end = match draw.between(0, 2) {
                0 => vec![format!("stop {name}")],
                1 => vec![format!("kill {name}")],
                _ => Vec::new(),
            };
            Strike {
                begin: vec![line],
                end,
                lasts,
            }
        }
        Kind::MemberLeaves => between("stop", "restart", &member, lasts),
        Kind::MemberDies => {
            let mut strike = between("kill", "restart", &member, lasts);
            if draw.chance(1, 3) {
                strike.begin.append(&mut strike.end);
            }
            strike
        }
        Kind::MemberStandsStill => between("freeze", "thaw", &member, lasts),
        Kind::MemberIsSlow => {
            let works = draw.pick(&["1s", "3s", "6s", "25s"]);
            Strike {
                begin: vec![format!("set {member} poll.interval.ms={works}")],
                end: vec![format!("set {member} poll.interval.ms=0")],
                lasts,
            }
        }
        Kind::MemberCommits => Strike {
            begin: vec![format!("commit {member}")],
            ..Strike::default()
        },
        Kind::MemberPauses => pause(world, &member, lasts, draw),
        Kind::SimpleConsumer => simple_consumer(world, group, partition, draw),
        Kind::MemberWantsOther => {
            let fewer = match draw.chance(1, 2) {
                true => "",
                false => group.topics.split(',').next().unwrap_or_default(),
            };
            Strike {
                begin: vec![format!("set {member} subscribe={fewer}")],
                end: vec![format!("set {member} subscribe={}", group.topics)],
                lasts,
            }
        }
        _ => {
            let broker = coordinator_of(world, &group.name);
            let says = wishes::of_members(&group.name, partition, draw);
            let broker = broker.map_or(1, |id| id.0);
            conversation(&format!("b{broker}"), says.into_iter(), lasts, draw)
        }
    }
}

fn between(first: &str, last: &str, who: &str, lasts: Duration) -> Strike {
    Strike {
        begin: vec![format!("{first} {who}")],
        end: vec![format!("{last} {who}")],
        lasts,
    }
}

/// A coordinator dies, stops, stands still, or is not heard any more.
fn hit(world: &World, group: &str, budget: Budget, draw: &mut Draw) -> Strike {
    let Some(id) = coordinator_of(world, group) else {
        return Strike::default();
    };
    let (broker, lasts) = (format!("b{id}"), how_long(draw));
    match draw.between(0, 4) {
        0 | 1 => {
            let how = match budget == Budget::Harsh && draw.chance(1, 4) {
                true => " lossy",
                false => "",
            };
            let begin = format!("kill {broker}{how}");
            Strike {
                begin: vec![begin],
                end: vec![format!("restart {broker}")],
                lasts,
            }
        }
        2 => between("stop", "restart", &broker, lasts),
        3 => between("freeze", "thaw", &broker, lasts),
        _ => between("cut", "heal", &format!("{broker}↔clients"), lasts),
    }
}

/// A coordinator dies, and everybody learns it at once. Whoever takes over has to read what the group has committed,
/// and is asked for it meanwhile, by somebody who reads a partition without being a member.
fn ask_the_reading(
    run: &mut Run<'_>,
    group: &Drawn,
    partition: &TopicPartition,
    draw: &mut Draw,
) -> Strike {
    let world = run.world();
    let home = home_of(world, &group.name);
    let (Some(home), Some(old)) = (home, coordinator_of(world, &group.name)) else {
        return Strike::default();
    };
    run.take(&format!("kill b{old}"));
    run.take(&format!("expire b{old}"));
    run.until(Duration::from_secs(3), |_, entry| match &entry.fact {
        Fact::BecameLeader { partition, .. } => (*partition == home).then_some(()),
        _ => None,
    });
    // The others have to hear of the new one first.
    run.run_for(draw.span(1, 12));
    let reader = group.member(ASKER);
    let comes = comes(run.world(), group, &reader, "enable.auto.commit=false");
    Strike {
        begin: vec![comes, format!("assign {reader} {partition}")],
        end: vec![format!("kill {reader}"), format!("restart b{old}")],
        lasts: how_long(draw),
    }
}

/// The line with which somebody comes who names the group and is no member of it; or comes back.
fn comes(world: &World, group: &Drawn, reader: &str, settings: &str) -> String {
    let there = ProcessId::parse(reader).is_some_and(|id| world.host(id).is_some());
    match there {
        true => format!("restart {reader}"),
        false => format!("consumer {reader} group.id={} {settings}", group.name),
    }
}

/// Somebody who has chosen a partition himself reads it and commits in the name of a group. As long as that has members
/// he is refused; so in half of the cases all of them go first, and come back to what he has left.
fn simple_consumer(
    world: &World,
    group: &Drawn,
    partition: &TopicPartition,
    draw: &mut Draw,
) -> Strike {
    let reader = group.member(SIMPLE);
    let mut strike = Strike {
        lasts: how_long(draw),
        ..Strike::default()
    };
    strike.end.push(match draw.chance(1, 2) {
        true => format!("stop {reader}"),
        false => format!("kill {reader}"),
    });
    if draw.chance(1, 2) {
        for member in living(world, group) {
            strike.begin.push(format!("stop {member}"));
            strike.end.push(format!("restart {member}"));
        }
        strike.begin.push(format!("run {}", draw.span(200, 3_000)));
    }
    let reset = draw.pick(&["earliest", "earliest", "latest"]);
    let commits = draw.pick(&[
        "enable.auto.commit=false",
        "enable.auto.commit=false application.commits=sync",
        "enable.auto.commit=false application.commits=async",
        "auto.commit.interval.ms=500",
    ]);
    let settings = format!("auto.offset.reset={reset} default.api.timeout.ms=4000 {commits}");
    strike.begin.push(comes(world, group, &reader, &settings));
    strike.begin.push(format!("assign {reader} {partition}"));
    strike.begin.push(format!("run {}", draw.span(100, 2_000)));
    strike.begin.push(format!("commit {reader}"));
    if draw.chance(1, 3) {
        // It has read the wrong thing, and takes the group back.
        strike
            .begin
            .push(format!("seek {reader} {partition} beginning"));
        strike.begin.push(format!("run {}", draw.span(5, 200)));
        strike.begin.push(format!("commit {reader}"));
    }
    strike
}

/// A member pauses a partition that it reads, or all of them.
fn pause(world: &World, member: &str, lasts: Duration, draw: &mut Draw) -> Strike {
    let consumer = ProcessId::parse(member).and_then(|id| world.host(id));
    let consumer = consumer.and_then(|host| host.consumer());
    let views = consumer
        .into_iter()
        .flat_map(|consumer| consumer.partitions());
    let reads: Vec<&TopicPartition> = views.map(|view| view.partition).collect();
    if reads.is_empty() {
        return Strike::default();
    }
    let one = reads[draw.between(0, reads.len() as u64 - 1) as usize];
    let begin = match draw.chance(1, 3) {
        true => format!("pause {member}"),
        false => format!("pause {member} {one}"),
    };
    Strike {
        begin: vec![begin],
        end: vec![format!("resume {member}")],
        lasts,
    }
}

fn how_long(draw: &mut Draw) -> Duration {
    match draw.between(0, 2) {
        0 => draw.span(1, 800),
        1 => draw.span(800, 5_000),
        _ => draw.span(3_000, 15_000),
    }
}

/// A member that there is, or the first.
fn a_member(world: &World, group: &Drawn, draw: &mut Draw) -> String {
    let living = living(world, group);
    let at = draw.between(0, living.len().max(1) as u64 - 1) as usize;
    living.get(at).cloned().unwrap_or_else(|| group.member(0))
}

/// Those members of a group that run.
fn living(world: &World, group: &Drawn) -> Vec<String> {
    let all = (0..MOST_MEMBERS).map(|nth| group.member(nth));
    let lives = |name: &String| {
        let host = ProcessId::parse(name).and_then(|id| world.host(id));
        host.is_some_and(|host| host.life().is_alive())
    };
    all.filter(lives).collect()
}

/// Whether a group has just come to where trouble hurts most.
fn is_turning_point(entry: &Entry, name: &str, nth: u64) -> bool {
    match &entry.fact {
        Fact::GroupRebalancing { group, .. } => nth == 0 && **group == *name,
        Fact::GroupGenerationBegan { group, .. } => nth == 1 && **group == *name,
        Fact::GroupStabilized { group, .. } => nth == 2 && **group == *name,
        Fact::OffsetCommitted { group, .. } => nth == 3 && **group == *name,
        Fact::GroupsLoaded { .. } => nth == 4,
        Fact::PartitionsRevoked { group, .. } => nth == 5 && **group == *name,
        _ => false,
    }
}
