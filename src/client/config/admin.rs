//! What an admin client can be told.

use super::{MINUTES_5, NetworkConfig, TICK, ms, network};
use crate::client::setting::settings;
use crate::time::Duration;

settings! {
    /// The settings of an admin client.
    pub struct AdminConfig of "an admin client" {
        /// How long to try altogether before giving up.
        "default.api.timeout.ms" default_api_timeout: Duration = ms(60_000), TICK..,
            "a time above zero";
        /// How long to wait for an answer before the connection is given up.
        "request.timeout.ms" request_timeout: Duration = ms(30_000), TICK.., "a time above zero";
        /// How many times a call may be made again.
        "retries" retries: i32 = i32::MAX, 0.., "a whole number from 0";
        /// The first pause before a call is made again; it doubles with each attempt.
        "retry.backoff.ms" retry_backoff: Duration = ms(100), .., "a time such as 100ms";
        /// The longest pause before a call is made again.
        "retry.backoff.max.ms" retry_backoff_max: Duration = ms(1_000), .., "a time such as 1s";
        /// How old metadata may become.
        "metadata.max.age.ms" metadata_max_age: Duration = MINUTES_5, TICK.., "a time above zero";
        /// The first pause before a lost connection is opened again; it doubles with each failure.
        "reconnect.backoff.ms" reconnect_backoff: Duration = ms(50), .., "a time such as 50ms";
        /// The longest pause before a lost connection is opened again.
        "reconnect.backoff.max.ms" reconnect_backoff_max: Duration = ms(1_000), ..,
            "a time such as 1s";
        /// How long a connection may take to stand.
        "socket.connection.setup.timeout.ms" socket_connection_setup_timeout: Duration = ms(10_000),
            TICK.., "a time above zero";
        /// To how much that time grows when connections fail to stand.
        "socket.connection.setup.timeout.max.ms" socket_connection_setup_timeout_max: Duration =
            ms(30_000), TICK.., "a time above zero";
        /// How long an unused connection is kept.
        "connections.max.idle.ms" connections_max_idle: Duration = MINUTES_5, TICK..,
            "a time above zero";
    }
}

impl AdminConfig {
    fn check(&self) -> Result<(), String> {
        if self.default_api_timeout < self.request_timeout {
            return Err(format!(
                "default.api.timeout.ms is at least request.timeout.ms, here {}",
                self.request_timeout
            ));
        }
        Ok(())
    }

    /// What the network side needs.
    pub fn network(&self) -> NetworkConfig {
        network!(self, false)
    }
}
