//! What is forgotten with a topic is that topic's.

use super::super::replication::CommittedIsReplicated;
use super::*;
use crate::model::TopicName;

#[test]
fn a_topic_that_is_deleted_takes_nothing_of_another_with_it() {
    let history = history(
        "world brokers=3 seed=1 latency=1ms\n\
         topic orders partitions=1 replicas=1,2,3\n\
         topic tea partitions=1 replicas=2,3,1\n\
         producer p1 acks=all\nadmin a1\nrun 1s\n\
         produce p1 orders-0 \"a\"\nproduce p1 tea-0 \"a\"\nrun 1s\n\
         delete-topic a1 tea\nrun 5s\n",
    );
    let checker = &history.observed().checker;
    assert_eq!(checker.committed(&orders()), Offset(1));
    assert_eq!(checker.committed(&TopicPartition::new("tea", 0)), Offset(0));
    // What its name owes is forgotten too: an epoch may have another leader.
    let (world, mut law) = (history.world(), Shown::<CommittedIsReplicated>::default());
    holds(&mut law, world, 1, led(5));
    let gone = |topic: &str| Fact::TopicDeleted {
        topic: TopicName::new(topic),
    };
    law.law.forget_topic(&TopicName::new("tea"));
    holds(&mut law, world, 1, gone("tea"));
    breaks(&mut law.clone(), world, 2, led(5), "R2");
    law.law.forget_topic(&orders().topic);
    holds(&mut law, world, 2, led(5));
}
