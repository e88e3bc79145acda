//! Every golden script, embedded, so that the host and the browser run the same.

/// Declares the scripts by their paths under `tests/scripts/`, without the ending.
macro_rules! scripts {
    ($($path:literal),* $(,)?) => {
        /// Path and text of every golden script.
        pub const SCRIPTS: &[(&str, &str)] = &[
            $(($path, include_str!(concat!($path, ".script")))),*
        ];
    };
}

scripts![
    "anomalies/x01_nobody_answers_unsafe",
    "anomalies/x01_nobody_answers_safe",
    "anomalies/x02_one_copy_unsafe",
    "anomalies/x02_one_copy_safe",
    "anomalies/x03_a_leader_nobody_follows_unsafe",
    "anomalies/x03_a_leader_nobody_follows_safe",
    "anomalies/x04_the_last_in_sync_unsafe",
    "anomalies/x04_the_last_in_sync_safe",
    "anomalies/x05_nobody_may_lead_unsafe",
    "anomalies/x05_nobody_may_lead_safe",
    "anomalies/x06_a_leader_not_in_sync_unsafe",
    "anomalies/x06_a_leader_not_in_sync_safe",
    "anomalies/x07_power_fails_everywhere_unsafe",
    "anomalies/x07_power_fails_everywhere_safe",
    "anomalies/x08_a_lost_answer_unsafe",
    "anomalies/x08_a_lost_answer_safe",
    "anomalies/x09_a_retry_overtaken_unsafe",
    "anomalies/x09_a_retry_overtaken_safe",
    "anomalies/x10_the_application_sends_again_unsafe",
    "anomalies/x10_the_application_sends_again_safe",
    "anomalies/x11_told_that_it_failed_unsafe",
    "anomalies/x11_told_that_it_failed_safe",
    "anomalies/x12_too_few_in_sync_unsafe",
    "anomalies/x12_too_few_in_sync_safe",
    "anomalies/x13_acknowledged_and_not_to_be_read_unsafe",
    "anomalies/x13_acknowledged_and_not_to_be_read_safe",
    "consumer/a_broker_stands_still_and_answers_late",
    "consumer/reads_below_the_high_watermark",
    "consumer/reset_policy",
    "consumer/seek",
    "controller/a_broker_comes_back_too_soon",
    "controller/a_broker_returns_to_a_topic_that_is_going",
    "controller/a_controller_frozen_past_its_session",
    "controller/a_leader_cut_off_from_its_cluster",
    "controller/a_leader_frozen_past_its_session",
    "controller/a_move_changes_its_mind",
    "controller/a_partition_moves",
    "controller/a_session_ends",
    "controller/a_topic_grows",
    "controller/a_topic_is_deleted",
    "controller/a_topic_is_deleted_beside_another",
    "controller/settings_change",
    "controller/settings_outlive_a_session",
    "controller/a_topic_while_a_broker_is_down",
    "controller/an_unclean_election_on_demand",
    "controller/brokers_race_for_the_controller",
    "controller/killed_controller",
    "controller/the_preferred_leader_returns",
    "controller/two_failovers_in_a_row",
    "controller/two_moves_end_together",
    "controller/zookeeper_without_a_majority",
    "crash/failing_disk",
    "crash/flushed_log",
    "crash/frozen_broker",
    "crash/killed_follower",
    "crash/killed_leader",
    "crash/lossy_follower",
    "crash/power_lost_leader",
    "crash/slow_disk",
    "crash/stopped_broker",
    "crash/wrong_clock",
    "log/retention_by_size",
    "log/segments_roll",
    "network/cut_follower",
    "network/held_link",
    "network/isolated_leader",
    "network/malformed_frame",
    "network/reset_before_the_answer",
    "network/reset_before_the_request",
    "network/slow_link",
    "producer/close_waits_for_answers",
    "producer/delivery_timeout",
    "producer/giving_up_begins_a_new_epoch",
    "producer/keys_choose_partitions",
    "producer/linger_collects_a_batch",
    "producer/more_partitions_move_keys",
    "producer/one_in_flight_keeps_the_order",
    "producer/round_robin_partitioner",
    "producer/sticky_partitioner",
    "replication/a_killed_follower_stalls_acks_all",
    "replication/a_naive_retry_writes_twice",
    "replication/a_retry_across_a_failover",
    "replication/acks_all_times_out",
    "replication/acks_levels",
    "replication/cut_from_the_leader_only",
    "replication/follower_leaves_and_returns",
    "replication/followers_learn_the_high_watermark_late",
    "replication/idle_follower_stays",
    "replication/min_isr_after_append",
    "replication/min_isr_before_append",
    "replication/one_record",
    "replication/stopped_followers_and_min_isr",
    "replication/the_new_leader_knows_less_of_the_high_watermark",
    "replication/truncation_by_epoch",
    "storage/who_says_what_a_topic_has_set",
    "storage/records_are_deleted",
    "zookeeper/a_leader_that_is_cut_off",
    "zookeeper/an_ensemble_elects_a_leader",
];

/// The digest of the journal of every script, a line each: the same on every target.
pub const DIGESTS: &str = include_str!("digests.txt");

/// The digest that is stored for a script.
pub fn stored_digest(name: &str) -> Option<&'static str> {
    let mut lines = DIGESTS.lines().filter_map(|line| line.split_once(' '));
    lines
        .find(|(known, _)| *known == name)
        .map(|(_, digest)| digest)
}
