//! `range`: each topic by itself, a stretch of its partitions for each member (`RangeAssignor`).
//!
//! When a topic has not as many partitions as members could share evenly, the first members get one more. So
//! with many topics the first members get more of everything; but partitions of the same number end up with
//! the same member when topics have equally many.

use super::{Parts, Subscriber, Topics, in_order, nothing, partitions_of};

pub(super) fn assign(topics: &Topics, members: &[Subscriber]) -> Parts {
    let mut parts = nothing(members);
    let ordered = in_order(members);
    for (topic, count) in topics {
        let readers = ordered
            .iter()
            .filter(|member| member.topics.contains(topic));
        let readers: Vec<&&Subscriber> = readers.collect();
        if readers.is_empty() {
            continue;
        }
        let (each, more) = (
            *count as usize / readers.len(),
            *count as usize % readers.len(),
        );
        let mut partitions = partitions_of(topic, *count);
        for (nth, member) in readers.into_iter().enumerate() {
            let takes = each + usize::from(nth < more);
            let part = parts.get_mut(&member.id).expect("every member has a part");
            part.extend(partitions.by_ref().take(takes));
        }
    }
    parts
}
