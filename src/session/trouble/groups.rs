//! What is done to groups: they get more consumers.

use super::{Offer, Trouble, offer};
use crate::model::{ProcessId, Text};
use crate::stage::Thing;
use crate::world::{ClientPlan, Command, Host, World};

/// Consumers that a reader may make by button; a stage with more cannot be read.
const MOST: usize = 12;

/// What can be done to a group.
pub(super) fn of_group(world: &World, name: &str) -> Option<Offer> {
    let consumers = world
        .hosts()
        .filter(|host| matches!(host.id, ProcessId::Consumer(_)));
    if consumers.count() >= MOST {
        return None;
    }
    let like = member_plan(world, name)?;
    let id = next_consumer(world)?;
    let plan = ClientPlan {
        id,
        name: id.to_string().into(),
        settings: like.settings,
    };
    Some(offer(
        Trouble::Join,
        "Add a consumer",
        Command::AddClient(plan),
    ))
}

/// The group to which a consumer belongs that shares the partitions with others.
pub fn group_of(host: &Host) -> Option<&Text> {
    let config = host.consumer()?.config();
    (!config.subscribe.0.is_empty()).then_some(&config.group_id)
}

/// The group that a person means who has pointed at nothing: the first there is.
pub fn first_group(world: &World) -> Option<Thing> {
    let mut groups = world.hosts().filter_map(group_of);
    groups.next().map(|group| Thing::Group(group.clone()))
}

/// A consumer's id that nobody has.
pub fn next_consumer(world: &World) -> Option<ProcessId> {
    let taken = world.hosts().filter_map(|host| match host.id {
        ProcessId::Consumer(number) => Some(number),
        _ => None,
    });
    let next = taken.max().unwrap_or(0).checked_add(1)?;
    Some(ProcessId::Consumer(next))
}

/// How the last member of a group was planned, without what is its alone.
fn member_plan(world: &World, name: &str) -> Option<ClientPlan> {
    let mut plans = world.plan().clients.iter().rev();
    let is_member = |plan: &&ClientPlan| {
        let config = plan.consumer_config();
        matches!(plan.id, ProcessId::Consumer(_))
            && config.is_ok_and(|c| *c.group_id == *name && !c.subscribe.0.is_empty())
    };
    let mut plan = plans.find(is_member)?.clone();
    plan.settings.remove("group.instance.id");
    Some(plan)
}
