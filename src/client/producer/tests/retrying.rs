//! What comes back with an error: it goes again, to whoever leads now, until its time is over.

use super::*;
use crate::protocol::api::produce::LeaderIdAndEpoch;

#[test]
fn a_failed_batch_goes_first_again_after_a_pause() {
    let mut bench = bench(&[("max.in.flight.requests.per.connection", "1")]);
    bench.produce("orders", Some(0), None, "a");
    let first = bench.next_asked();
    bench.produce("orders", Some(0), None, "b");
    bench.lines();
    answer(&mut bench, &first, ErrorCode::NotEnoughReplicas, 0);
    assert!(bench.asked.is_empty(), "neither may go during the pause");
    bench.pass_ms(79);
    assert!(bench.asked.is_empty());
    bench.pass_ms(42);
    let again = bench.next_asked();
    assert_eq!(produced(&again), [(0, vec!["a".to_owned()])]);
    answer(&mut bench, &again, ErrorCode::None, 0);
    assert_eq!(produced(&bench.next_asked()), [(0, vec!["b".to_owned()])]);
    let lines = bench.lines();
    assert!(lines[0].contains("orders-0 retries in"), "{lines:?}");
    assert!(
        lines[1].ends_with("orders-0 sends 1 again, attempt 2"),
        "{lines:?}"
    );
}

#[test]
fn with_several_in_flight_a_retry_can_be_overtaken() {
    let mut bench = bench(&[]);
    bench.produce("orders", Some(0), None, "a");
    bench.produce("orders", Some(0), None, "b");
    let (first, second) = (bench.next_asked(), bench.next_asked());
    answer(&mut bench, &first, ErrorCode::NotEnoughReplicas, 0);
    answer(&mut bench, &second, ErrorCode::None, 0);
    bench.pass_ms(120);
    let again = bench.next_asked();
    assert_eq!(produced(&again), [(0, vec!["a".to_owned()])]);
    answer(&mut bench, &again, ErrorCode::None, 1);
    let acknowledged: Vec<_> = bench
        .lines()
        .into_iter()
        .filter(|line| line.contains('⇒'))
        .collect();
    assert!(
        acknowledged[0].ends_with("orders-0@0"),
        "b was written first"
    );
    assert!(acknowledged[1].ends_with("orders-0@1"));
}

#[test]
fn not_leader_asks_for_metadata_and_a_new_leader_ends_the_pause() {
    let mut bench = bench(&[("retry.backoff.ms", "1000")]);
    bench.produce("orders", Some(0), None, "a");
    let asked = bench.next_asked();
    bench.pass_ms(1_300);
    bench
        .leaders
        .insert(TopicPartition::new("orders", 0), (2, 1));
    answer(&mut bench, &asked, ErrorCode::NotLeaderOrFollower, 0);
    bench.pass_ms(1);
    let again = bench.next_asked();
    assert_eq!(again.broker, BrokerId(2));
    assert!(
        bench
            .lines()
            .iter()
            .any(|line| line.ends_with("orders-0 learns leader 2 e1"))
    );
}

#[test]
fn a_leader_that_the_answer_names_is_asked_at_once() {
    let mut bench = bench(&[("retry.backoff.ms", "1000")]);
    bench.produce("orders", Some(0), None, "a");
    let asked = bench.next_asked();
    // Brokers and their addresses are known; only who leads has changed.
    let mut response = answer_of(&asked, ErrorCode::NotLeaderOrFollower, -1);
    response.responses[0].partition_responses[0].current_leader = LeaderIdAndEpoch {
        leader_id: 2,
        leader_epoch: 1,
    };
    bench.answer(&asked, &AnyResponse::Produce(response));
    let again = bench.next_asked();
    assert_eq!(again.broker, BrokerId(2));
    assert_eq!(produced(&again), [(0, vec!["a".to_owned()])]);
}

#[test]
fn an_older_epoch_is_not_believed() {
    let mut bench = bench(&[]);
    bench
        .leaders
        .insert(TopicPartition::new("orders", 0), (2, 7));
    bench.produce("orders", Some(0), None, "a");
    let asked = bench.next_asked();
    assert_eq!(asked.broker, BrokerId(2));
    bench
        .leaders
        .insert(TopicPartition::new("orders", 0), (1, 6));
    bench.pass_ms(200);
    answer(&mut bench, &asked, ErrorCode::NotLeaderOrFollower, 0);
    bench.pass_ms(150);
    assert_eq!(bench.next_asked().broker, BrokerId(2));
}

#[test]
fn what_cannot_pass_fails_at_once() {
    let mut bench = bench(&[]);
    bench.produce("orders", Some(0), None, "a");
    let asked = bench.next_asked();
    answer(&mut bench, &asked, ErrorCode::InvalidRequiredAcks, 0);
    let lines = bench.lines();
    let last = lines.last().expect("a line");
    assert_eq!(last, "0.000s p1 ⇒ orders-0 1 failed INVALID_REQUIRED_ACKS");
    assert_eq!(bench.client.memory(), 0);
}

#[test]
fn retries_count_the_times_after_the_first() {
    let mut bench = bench(&[("retries", "1")]);
    bench.produce("orders", Some(0), None, "a");
    for _ in 0..2 {
        let asked = bench.next_asked();
        answer(&mut bench, &asked, ErrorCode::NotEnoughReplicas, 0);
        bench.pass_ms(500);
    }
    assert!(bench.asked.is_empty());
    assert_eq!(bench.client.tally().failed, 1);
}

#[test]
fn delivery_timeout_fails_a_batch_in_the_queue() {
    let settings = [("delivery.timeout.ms", "3s"), ("request.timeout.ms", "1s")];
    let mut bench = bench(&settings);
    bench.down = vec![1];
    bench.produce("orders", Some(0), None, "a");
    bench.pass_ms(2_999);
    assert_eq!(bench.client.tally().failed, 0);
    bench.pass_ms(1);
    assert_eq!(bench.client.tally().failed, 1);
    let lines = bench.lines();
    assert!(
        lines
            .iter()
            .any(|line| line == "3.000s p1 ⇒ orders-0 1 failed REQUEST_TIMED_OUT")
    );
    assert_eq!(bench.client.memory(), 0);
}

#[test]
fn a_request_without_an_answer_costs_the_connection_and_is_sent_again() {
    let settings = [("delivery.timeout.ms", "3s"), ("request.timeout.ms", "1s")];
    let mut bench = bench(&settings);
    bench.produce("orders", Some(0), None, "a");
    let first = bench.next_asked();
    bench.pass_ms(1_300);
    let again = bench.next_asked();
    assert_ne!(again.connection, first.connection);
    assert_eq!(produced(&again), [(0, vec!["a".to_owned()])]);
    bench.pass_ms(1_700);
    assert_eq!(
        bench.client.tally().failed,
        1,
        "three seconds are over, wherever it is"
    );
    assert_eq!(bench.client.memory(), 0);
    bench.pass_ms(60_000);
    assert_eq!(bench.client.tally().failed, 1);
}

#[test]
fn a_lost_connection_is_opened_again_after_a_growing_pause() {
    let mut bench = bench(&[]);
    bench.produce("orders", Some(0), None, "a");
    bench.next_asked();
    bench.disconnect(1);
    bench.pass_ms(130);
    assert_eq!(produced(&bench.next_asked()), [(0, vec!["a".to_owned()])]);
    let lines = bench.lines();
    assert!(
        lines
            .iter()
            .any(|line| line.ends_with("after NETWORK_EXCEPTION")),
        "{lines:?}"
    );
}
