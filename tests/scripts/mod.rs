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
    "consumer/reads_below_the_high_watermark",
    "consumer/reset_policy",
    "consumer/seek",
    "controller/a_partition_moves",
    "controller/a_session_ends",
    "controller/a_topic_grows",
    "controller/a_topic_is_deleted",
    "controller/settings_change",
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
    "producer/a_lost_answer_makes_a_duplicate",
    "producer/a_retry_overtaken_by_the_next_batch",
    "producer/close_waits_for_answers",
    "producer/an_idempotent_producer_writes_once",
    "producer/delivery_timeout",
    "producer/five_in_flight_keep_their_order",
    "producer/giving_up_begins_a_new_epoch",
    "producer/keys_choose_partitions",
    "producer/linger_collects_a_batch",
    "producer/one_in_flight_keeps_the_order",
    "producer/round_robin_partitioner",
    "producer/sticky_partitioner",
    "replication/acks_all_times_out",
    "replication/acks_levels",
    "replication/follower_leaves_and_returns",
    "replication/followers_learn_the_high_watermark_late",
    "replication/idle_follower_stays",
    "replication/min_isr_after_append",
    "replication/min_isr_before_append",
    "replication/one_record",
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
