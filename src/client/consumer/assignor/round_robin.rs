//! `roundrobin`: all partitions in a row, dealt out one by one (`RoundRobinAssignor`).
//!
//! Even as long as everybody subscribes to the same topics; a member that joins or leaves shifts nearly
//! everything.

use super::{Parts, Subscriber, Topics, in_order, nothing, partitions_of};

pub(super) fn assign(topics: &Topics, members: &[Subscriber]) -> Parts {
    let mut parts = nothing(members);
    let ordered = in_order(members);
    let mut next = 0;
    for (topic, count) in topics {
        let reads = |member: &&Subscriber| member.topics.contains(topic);
        if !ordered.iter().any(reads) {
            continue;
        }
        for partition in partitions_of(topic, *count) {
            while !reads(&ordered[next % ordered.len()]) {
                next += 1;
            }
            let member = ordered[next % ordered.len()];
            parts
                .get_mut(&member.id)
                .expect("every member has a part")
                .push(partition);
            next += 1;
        }
    }
    parts
}
