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
    "controller/a_broker_comes_back_too_soon",
    "controller/a_controller_frozen_past_its_session",
    "controller/a_leader_cut_off_from_its_cluster",
    "controller/a_leader_frozen_past_its_session",
    "controller/a_partition_moves",
    "controller/a_session_ends",
    "controller/a_topic_grows",
    "controller/a_topic_is_deleted",
    "controller/settings_change",
    "controller/a_topic_while_a_broker_is_down",
    "controller/an_unclean_election_on_demand",
    "controller/brokers_race_for_the_controller",
    "controller/killed_controller",
    "controller/nobody_in_sync_and_nobody_leads",
    "controller/the_preferred_leader_returns",
    "controller/two_failovers_in_a_row",
    "controller/unclean_election_loses_a_record",
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
    "replication/a_killed_follower_stalls_acks_all",
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
