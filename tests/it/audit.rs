//! The audit: what was acknowledged, lost, and stands there twice.

use kafka_playground::model::{LeaderEpoch, Offset, TopicPartition};
use kafka_playground::script;
use kafka_playground::world::audit::Report;

/// A record is appended, and the connection breaks before its answer arrives: the producer sends it again.
fn unanswered(producer: &str) -> Report {
    let text = format!(
        "world brokers=1 seed=1 latency=40ms\ntopic a partitions=1\nproducer p1 {producer}\n\
         produce p1 a-0 \"first\"\nrun 2s\nproduce p1 a-0 \"second\"\nrun 60ms\n\
         reset p1↔b1\nrun 5s\n"
    );
    let script = script::parse(&text).expect("it can be read");
    let history = script.play().expect("it can be played");
    let report = history.observed().audit.report(history.world());
    assert_eq!((report.acknowledged, report.lost), (2, 0), "{producer}");
    report
}

#[test]
fn a_retry_without_numbers_is_written_twice_and_counted() {
    for acks in ["acks=1", "acks=all"] {
        let report = unanswered(&format!("{acks} enable.idempotence=false"));
        assert_eq!(report.duplicated, 1, "{acks}");
    }
}

#[test]
fn a_numbered_batch_is_not() {
    assert_eq!(unanswered("acks=all enable.idempotence=true").duplicated, 0);
}

#[test]
fn the_same_value_twice_is_no_duplicate() {
    let text = "world brokers=1 seed=1 latency=40ms\ntopic a partitions=1\n\
                producer p1 enable.idempotence=false\nproduce p1 a-0 \"same\"\nrun 1s\n\
                produce p1 a-0 \"same\"\nrun 60ms\nreset p1↔b1\nrun 5s\n\
                produce p1 a-0 \"same\"\nrun 2s\n";
    let history = script::parse(text).unwrap().play().unwrap();
    let audit = &history.observed().audit;
    assert_eq!(audit.report(history.world()).duplicated, 1);
    let offsets = (0..4).map(Offset);
    let partition = TopicPartition::new("a", 0);
    let twice: Vec<_> = offsets
        .filter(|offset| audit.is_duplicate(&partition, *offset, LeaderEpoch(0)))
        .map(|offset| offset.0)
        .collect();
    assert_eq!(twice, [2], "the second copy, and it alone");
}

#[test]
fn what_was_deleted_with_its_topic_is_not_lost() {
    let text = "world brokers=3 seed=1 latency=1ms\ntopic a partitions=1 replication=3\ntopic b partitions=1\n\
                producer p1 acks=all\nadmin a1\nproduce p1 a-0 \"one\"\nproduce p1 b-0 \"two\"\nrun 1s\n\
                delete-topic a1 a\nrun 3s\ncreate-topic a1 a partitions=1 replication=3\nrun 3s\n\
                produce p1 a-0 \"three\"\nrun 3s\n";
    let history = script::parse(text).unwrap().play().unwrap();
    let report = history.observed().audit.report(history.world());
    let counts = (
        report.acknowledged,
        report.readable,
        report.expired,
        report.waiting,
        report.lost,
    );
    assert_eq!(counts, (3, 2, 1, 0, 0), "{report:?}");
}

/// What the audit says after each of some scripts that go on from one another.
fn told(parts: &[&str]) -> Vec<(u64, u64, u64)> {
    let mut text = String::new();
    let mut told = Vec::new();
    for part in parts {
        text += part;
        let history = script::parse(&text).unwrap().play().unwrap();
        let report = history.observed().audit.report(history.world());
        told.push((report.acknowledged, report.readable, report.lost));
    }
    told
}

#[test]
fn what_a_later_leader_has_still_is_lost_no_more() {
    let alone = "world brokers=3 seed=1 latency=1ms zookeeper.session.timeout.ms=6000 replica.lag.time.max.ms=2000\n\
                 topic t partitions=1 replicas=2,3 unclean.leader.election.enable=true min.insync.replicas=1\n\
                 producer p1 acks=all\nrun 1s\nproduce p1 t-0 \"a\"\nrun 1s\nkill b3\nrun 12s\n\
                 produce p1 t-0 \"b\"\nrun 3s\n";
    // Broker 3 has never heard of the second record.
    let without = "kill b2\nrestart b3\nrun 20s\n";
    // Nobody has cut it off from broker 2's log.
    let again = "kill b3\nrun 12s\nrestart b2\nrun 20s\n";
    assert_eq!(
        told(&[alone, without, again]),
        [(2, 2, 0), (2, 1, 1), (2, 2, 0)]
    );
    // What is lost stays lost when the topic goes, with the rest of it.
    let gone = "admin a1\ndelete-topic a1 t\nrestart b2\nrun 20s\n";
    assert_eq!(told(&[alone, without, gone])[2], (2, 0, 1));
    // And it stays, whoever else leads, and in whatever epoch.
    let later = "restart b3\nrun 20s\nkill b3\nrun 12s\n";
    assert_eq!(told(&[alone, without, again, later])[3], (2, 2, 0));
    // But what was written in its place stays lost.
    let more = "produce p1 t-0 \"c\"\nrun 3s\n";
    assert_eq!(
        told(&[alone, without, more, again]),
        [(2, 2, 0), (2, 1, 1), (3, 2, 1), (3, 2, 1)]
    );
}

#[test]
fn who_hears_late_of_a_topic_that_is_gone_was_promised_nothing_of_the_new_one() {
    let text = "world brokers=1 seed=1 latency=1ms\ntopic a partitions=1\nproducer p1 acks=1\nadmin a1\n\
                produce p1 a-0 \"none\"\nrun 1s\nlatency b1→p1 3s\nproduce p1 a-0 \"one\"\nrun 100ms\ndelete-topic a1 a\nrun 1s\n\
                create-topic a1 a partitions=1 replication=1\nrun 6s\n";
    let more = "latency b1→p1 1ms\nrun 10s\nproduce p1 a-0 \"two\"\nrun 5s\n";
    // Both of the first are gone with their topic.
    assert_eq!(told(&[text, more]), [(2, 0, 0), (3, 1, 0)]);
}

#[test]
fn a_second_copy_counts_where_whoever_leads_has_it() {
    // Broker 3 is dead when broker 2 writes a record twice, and broker 2 is when broker 3 leads.
    let twice = "world brokers=3 seed=1 latency=40ms zookeeper.session.timeout.ms=6000 replica.lag.time.max.ms=2000\n\
                 topic t partitions=1 replicas=2,3 unclean.leader.election.enable=true min.insync.replicas=1\n\
                 producer p1 acks=1 enable.idempotence=false\nrun 1s\nproduce p1 t-0 \"a\"\nrun 1s\n\
                 kill b3\nrun 12s\nproduce p1 t-0 \"b\"\nrun 60ms\nreset p1↔b2\nrun 5s\n";
    let others =
        "kill b2\nrestart b3\nrun 20s\nload p1 t every=100ms\nrun 2s\nstop-load p1\nrun 1s\n";
    let again = "kill b3\nrun 12s\nrestart b2\nrun 20s\n";
    let mut text = String::new();
    let counts = [twice, others, again].map(|part| {
        text += part;
        let history = script::parse(&text).unwrap().play().unwrap();
        let report = history.observed().audit.report(history.world());
        (report.duplicated, report.lost)
    });
    let (others, more) = (counts[1], counts[2]);
    assert_eq!(counts[0], (1, 0));
    assert_eq!(others, (0, 1), "another record stands in its place");
    assert_eq!(more.0, 1, "it is there once more");
    assert!(more.1 > 5, "what broker 3 has written is not: {more:?}");
}
