//! The story of the first page: a broker is killed, a client finds nobody, another leads, the dead one is back in sync.
//!
//! Laws: each of its beats is true by an entry of the journal, so going back takes it back and going on brings it again.

use crate::fact::{CloseReason, Entry, Fact};
use crate::model::{BrokerId, ProcessId, TopicPartition};
use crate::session::Session;
use crate::sorted::SortedSet;
use crate::world::World;

/// The broker that the button kills, and that leads one of the three partitions.
pub const VICTIM: BrokerId = BrokerId(2);

/// Entries of the journal among which the death is looked for.
const LONGEST: u64 = 30_000;

/// Which entries of the journal made the beats true, one after the other; none before the broker was killed. Who kills it
/// again, when all is told or before, begins no other story.
pub fn come_true(session: &Session) -> Vec<u64> {
    let victim = ProcessId::from(VICTIM);
    let died = |entry: &&Entry| {
        entry.by == Some(victim) && matches!(entry.fact, Fact::Killed { .. } | Fact::Stopped)
    };
    let journal = session.journal();
    let mut newest = journal.since(journal.len().saturating_sub(LONGEST));
    let Some(death) = newest.find(died) else {
        return Vec::new();
    };
    let world = session.world();
    let mut true_by = vec![death.number];
    let mut missed = SortedSet::default();
    for entry in journal.since(death.number) {
        follow(&mut missed, world, &entry.fact);
        let next = match true_by.len() {
            1 => finds_nobody(world, entry),
            2 => another_leads(world, entry),
            // Where it was missing it is in sync again.
            3 => missed.is_empty(),
            _ => break,
        };
        if next {
            true_by.push(entry.number);
        }
    }
    true_by
}

/// True when a producer asks for a connection and nobody is there.
fn finds_nobody(world: &World, entry: &Entry) -> bool {
    let address = world.plan().address(VICTIM).to_string();
    let Fact::Disconnected { to, reason, .. } = &entry.fact else {
        return false;
    };
    let asks = matches!(entry.by, Some(ProcessId::Producer(_)));
    asks && *reason == CloseReason::Refused && **to == *address
}

/// True when the controller has another lead what the dead broker led.
fn another_leads(world: &World, entry: &Entry) -> bool {
    let Fact::PartitionStateDecided {
        partition, leader, ..
    } = &entry.fact
    else {
        return false;
    };
    let state = world.cluster().partition(partition);
    let was = state.and_then(|state| state.replicas.first()) == Some(&VICTIM);
    was && *leader != VICTIM && *leader != BrokerId::NONE
}

/// Keeps the partitions of which some replica is not in sync.
fn follow(missed: &mut SortedSet<TopicPartition>, world: &World, fact: &Fact) {
    let Fact::PartitionStateDecided { partition, isr, .. } = fact else {
        return;
    };
    let state = world.cluster().partition(partition);
    let all = state.map_or(0, |state| state.replicas.len());
    match isr.len() < all {
        true => missed.insert(partition.clone()),
        false => missed.remove(partition),
    };
}
