//! Settings of Kafka's brokers that this one does not have.
//!
//! Whoever brings settings along from a cluster of Kafka is told that it is here that they are missing, not that they are
//! misspelt. None of them is taken without effect.

/// What stands before whole families of settings, none of which is modelled: nobody proves who he is, nothing is
/// encrypted or moved elsewhere, there are no transactions, quotas or KRaft.
const FAMILIES: [&str; 15] = [
    "alter.log.dirs.",
    "controller.quorum.",
    "controller.quota.",
    "delegation.token.",
    "group.consumer.",
    "group.coordinator.",
    "metadata.",
    "password.encoder.",
    "quota.",
    "remote.log.",
    "replication.quota.",
    "sasl.",
    "ssl.",
    "transaction.",
    "zookeeper.ssl.",
];

/// Those that stand alone.
const OTHERS: [&str; 88] = [
    "advertised.listeners",
    "alter.config.policy.class.name",
    "authorizer.class.name",
    "auto.include.jmx.reporter",
    "background.threads",
    "broker.heartbeat.interval.ms",
    "broker.id",
    "broker.id.generation.enable",
    "broker.rack",
    "broker.session.timeout.ms",
    "client.quota.callback.class",
    "compression.gzip.level",
    "compression.lz4.level",
    "compression.zstd.level",
    "connection.failed.authentication.delay.ms",
    "connections.max.reauth.ms",
    "control.plane.listener.name",
    "controller.listener.names",
    "create.topic.policy.class.name",
    "delete.records.purgatory.purge.interval.requests",
    "early.start.listeners",
    "eligible.leader.replicas.enable",
    "fetch.purgatory.purge.interval.requests",
    "initial.broker.registration.timeout.ms",
    "inter.broker.listener.name",
    "inter.broker.protocol.version",
    "kafka.metrics.polling.interval.secs",
    "kafka.metrics.reporters",
    "listener.security.protocol.map",
    "listeners",
    "log.cleaner.io.buffer.load.factor",
    "log.cleaner.io.buffer.size",
    "log.cleaner.io.max.bytes.per.second",
    "log.cleaner.threads",
    "log.dir",
    "log.dir.failure.timeout.ms",
    "log.dirs",
    "log.flush.interval.ms",
    "log.flush.scheduler.interval.ms",
    "log.local.retention.bytes",
    "log.local.retention.ms",
    "log.message.downconversion.enable",
    "log.message.format.version",
    "log.preallocate",
    "log.roll.jitter.hours",
    "log.segment.delete.delay.ms",
    "max.connection.creation.rate",
    "max.connections.per.ip.overrides",
    "max.request.partition.size.limit",
    "metric.reporters",
    "metrics.num.samples",
    "metrics.recording.level",
    "metrics.sample.window.ms",
    "node.id",
    "num.io.threads",
    "num.network.threads",
    "num.recovery.threads.per.data.dir",
    "num.replica.alter.log.dirs.threads",
    "num.replica.fetchers",
    "offsets.commit.required.acks",
    "offsets.topic.compression.codec",
    "principal.builder.class",
    "process.roles",
    "producer.purgatory.purge.interval.requests",
    "queued.max.request.bytes",
    "queued.max.requests",
    "remote.fetch.max.wait.ms",
    "replica.selector.class",
    "reserved.broker.max.id",
    "security.inter.broker.protocol",
    "security.providers",
    "socket.connection.setup.timeout.max.ms",
    "socket.connection.setup.timeout.ms",
    "socket.listen.backlog.size",
    "socket.receive.buffer.bytes",
    "socket.send.buffer.bytes",
    "telemetry.max.bytes",
    "transactional.id.expiration.ms",
    "unclean.leader.election.interval.ms",
    "unstable.api.versions.enable",
    "unstable.feature.versions.enable",
    "zookeeper.clientCnxnSocket",
    "zookeeper.connect",
    "zookeeper.connection.timeout.ms",
    "zookeeper.max.in.flight.requests",
    "zookeeper.metadata.migration.enable",
    "zookeeper.metadata.migration.min.batch.size",
    "zookeeper.set.acl",
];

/// Whether Kafka has a setting of this name, which is not one that is modelled.
pub fn has(name: &str) -> bool {
    let mut families = FAMILIES.iter();
    OTHERS.contains(&name)
        || families.any(|family| name.len() > family.len() && name.starts_with(family))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kafka_playground::broker::Config;

    #[test]
    fn what_is_modelled_is_not_said_to_be_missing() {
        let config = Config::default();
        for name in OTHERS {
            let refused = config.clone().set(name, "1").expect_err(name);
            assert!(
                refused.ends_with("is not a setting of a broker"),
                "{name}: {refused}"
            );
        }
        assert!(has("sasl.jaas.config") && has("num.io.threads"));
        assert!(!has("log.retention.byte") && !has("ssl."));
    }
}
