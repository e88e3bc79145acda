//! Plans that cannot be are refused whole, with the field named.

use kafka_playground::model::BrokerId;
use kafka_playground::rng::Seed;
use kafka_playground::script;
use kafka_playground::world::{History, Plan};

/// Text that describes a world, the line at fault, and how the sentence begins.
const REFUSED: &[(&str, usize, &str)] = &[
    // Brokers.
    ("world brokers=0", 1, "brokers=0 is not a count"),
    ("world brokers=-3", 1, "brokers=-3 is not a count"),
    ("world brokers=1e9", 1, "brokers=1e9 is not a count"),
    ("world brokers=10", 1, "brokers: a world has 1 to 9"),
    (
        "world brokers=1,2,2",
        1,
        "brokers: a world has 1 to 9 different",
    ),
    ("world brokers=1,-2", 1, "brokers: a broker id is from 0"),
    (
        "world brokers=3 zookeeper=2",
        1,
        "zookeeper=2: an ensemble has",
    ),
    ("world brokers=3 seed=-1", 1, "seed=-1 is not a number"),
    ("world brokers=3 start=warm", 1, "start=warm is neither"),
    // A replication factor above the brokers, by count and by list.
    (
        "world brokers=3\ntopic orders replication=4",
        2,
        "replication=4 is not from 1 to 3, the brokers there are",
    ),
    (
        "world brokers=3\ntopic orders replication=0",
        2,
        "replication=0 is not from 1 to 3",
    ),
    (
        "world brokers=3\ntopic orders replicas=1,2,3,1",
        2,
        "topic orders: replicas: partition 0 needs one or more different brokers",
    ),
    // Ids that nobody has.
    (
        "world brokers=3\ntopic orders replicas=1,2,4",
        2,
        "topic orders: replicas: partition 0 names broker 4, which the plan lacks",
    ),
    (
        "world brokers=3\ntopic orders replicas=1,2/2,9",
        2,
        "topic orders: replicas: partition 1 names broker 9, which the plan lacks",
    ),
    (
        "world brokers=3\nproducer x1",
        2,
        "x1 is not an id such as p1",
    ),
    ("world brokers=3\nproducer c1", 2, "c1 is not a producer"),
    (
        "world brokers=3\nproducer p1\nproducer p1",
        3,
        "p1: the plan has this client twice",
    ),
    // Topics.
    ("world brokers=3\ntopic a/b", 2, "topic \"a/b\": "),
    (
        "world brokers=3\ntopic a\ntopic a",
        3,
        "topic a: the plan has it twice",
    ),
    (
        "world brokers=3\ntopic a partitions=0",
        2,
        "partitions=0 is not from",
    ),
    (
        "world brokers=3\ntopic a partitions=-1",
        2,
        "partitions=-1 is not a number",
    ),
    (
        "world brokers=3\ntopic a partitions=1001",
        2,
        "partitions=1001 is not from",
    ),
    // Times below zero, and times that are none.
    (
        "world brokers=3 latency=-1ms",
        1,
        "latency=-1ms is not a time",
    ),
    (
        "world brokers=3 jitter=-1ms",
        1,
        "jitter=-1ms is not a time",
    ),
    (
        "world brokers=3 latency=NaN",
        1,
        "latency=NaN is not a time",
    ),
    (
        "world brokers=3 latency=2m",
        1,
        "latency: a packet takes at most 60s",
    ),
    (
        "world brokers=3 replica.lag.time.max.ms=-1",
        1,
        "Invalid value -1 for configuration replica.lag.time.max.ms",
    ),
    (
        "world brokers=3 zookeeper.tickTime=-2000",
        1,
        "tickTime=-2000 is not a time",
    ),
    (
        "world brokers=3\ntopic a segment.ms=-5",
        2,
        "topic a: Invalid value -5 for configuration segment.ms",
    ),
    (
        "world brokers=3\nproducer p1 linger.ms=-1",
        2,
        "p1: linger.ms is not \"-1\" but a time",
    ),
    (
        "world brokers=3\nconsumer c1 fetch.max.wait.ms=-1",
        2,
        "c1: fetch.max.wait.ms is not \"-1\" but a time",
    ),
    ("world brokers=3\nrun -1s", 2, "run -1s is not a time"),
    ("world brokers=3\nat -1s", 2, "-1s is not a place"),
    ("world brokers=3\nlatency b1 -4ms", 2, "-4ms is not a time"),
    // Times at which no clock can tell the time any more.
    (
        "world epoch=9223372036854775807",
        1,
        "epoch: a world begins",
    ),
    ("world epoch=-1", 1, "epoch: a world begins"),
    (
        "world brokers=1\nat 18446744073709551615us",
        2,
        "18446744073709551615us is not a place",
    ),
    // Settings that nobody knows.
    ("world brokers=3 colour=red", 1, "colour"),
    ("world brokers=3\ntopic a colour=red", 2, "topic a: "),
    ("world brokers=3\nproducer p1 colour=red", 2, "p1: "),
];

#[test]
fn a_plan_that_cannot_be_is_refused_with_the_field_named() {
    let mut wrong = Vec::new();
    for (text, line, start) in REFUSED {
        match script::parse(text) {
            Ok(_) => wrong.push(format!("{text:?} is taken")),
            Err(refused) if refused.line == *line && refused.sentence.starts_with(start) => {}
            Err(refused) => wrong.push(format!("{text:?}: {refused}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_of_a_script_takes_effect_when_a_later_line_cannot_be_read() {
    let text = "world brokers=3 latency=1ms\ntopic orders\nproducer p1\nproduce p1 orders-0 \"a\"\n\
                run 1s\nkill b2 gently\n";
    let refused = script::parse(text).unwrap_err();
    assert_eq!(refused.line, 6);
}

#[test]
fn a_plan_made_by_hand_is_held_to_the_same() {
    let plan = script::parse("world brokers=3\ntopic orders replication=3").unwrap();
    let history = History::new(&plan.plan, Seed(1));
    assert!(history.is_ok());
    let fewer = Plan {
        brokers: vec![BrokerId(1), BrokerId(2)],
        ..plan.plan
    };
    let Err(refused) = History::new(&fewer, Seed(1)) else {
        panic!("there is no such world");
    };
    let sentence = "topic orders: replicas: partition 0 names broker 3, which the plan lacks";
    assert_eq!(refused.0, sentence);
}
