//! The words of the vocabulary, and what each takes.

use super::arguments::Arguments;
use super::{Audited, Ensemble, Pattern, What};
use crate::protocol::ErrorCode;

/// Every name of the vocabulary, as an error lists it.
const NAMES: &str = "brokers topics controller controller-epoch registered zookeeper session \
    broker-epoch znode latency time broker-setting partitions replication records leader epoch \
    epoch-start replicas isr in-sync hw leo knows learned start count first last next hash \
    masked partition remainder homes keyed key value timestamp headers header record-bytes \
    topic-setting stored segments cleaned \
    key-bytes value-bytes key-hex record-epoch sequence batch-bytes batch-records batch-header \
    name setting acks position consumed assigned shares again done twice missed coordinator \
    generation members group-state committed lag offset acknowledged batches retried failed producer-id \
    queued chosen spread audit facts error";

pub(super) fn what(name: &str, of: &mut Arguments) -> Result<What, String> {
    Ok(match name {
        "brokers" => What::Brokers,
        "topics" => What::Topics,
        "controller" => What::Controller,
        "controller-epoch" => What::ControllerEpoch,
        "registered" => What::Registered,
        "zookeeper" => What::Ensemble(match of.word("servers, quorum or leader")? {
            "servers" => Ensemble::Servers,
            "quorum" => Ensemble::Quorum,
            "leader" => Ensemble::Leader,
            other => return Err(format!("{other} is none of servers, quorum, leader")),
        }),
        "session" => What::Session(of.broker()?),
        "broker-epoch" => What::BrokerEpoch(of.broker()?),
        "znode" => What::Znode(of.path()?),
        "latency" => What::Latency,
        "time" => What::Time,
        "broker-setting" => What::BrokerSetting(of.text("the name of a setting")?),
        "partitions" => What::Partitions(of.topic()?),
        "replication" => What::Replication(of.topic()?),
        "records" => What::Records(of.topic()?),
        "leader" => What::Leader(of.partition()?),
        "epoch" => What::Epoch(of.partition()?),
        "epoch-start" => What::EpochStart(of.partition()?),
        "replicas" => What::Replicas(of.partition()?),
        "isr" => What::Isr(of.partition()?),
        "in-sync" => What::InSync(of.partition()?),
        "hw" => {
            let partition = of.partition()?;
            let broker = if of.is_empty() {
                None
            } else {
                Some(of.broker()?)
            };
            What::HighWatermark(partition, broker)
        }
        "leo" => What::LogEnd(of.partition()?, of.broker()?),
        "knows" => What::Knows(of.broker()?, of.partition()?),
        "learned" => What::Learned(of.client()?, of.partition()?),
        "start" => What::LogStart(of.partition()?),
        "count" => What::Count(of.partition()?),
        "first" => What::First(of.partition()?),
        "last" => What::Last(of.partition()?),
        "next" => What::Next(of.partition()?),
        "stored" => What::Stored(of.partition()?),
        "segments" => What::Segments(of.partition()?),
        "cleaned" => What::Cleaned(of.partition()?),
        "topic-setting" => What::TopicSetting(of.topic()?, of.text("the name of a setting")?),
        "hash" => What::Hash(of.text("a key")?),
        "masked" => What::Masked(of.text("a key")?),
        "partition" => What::PartitionOf(of.text("a key")?, of.topic()?),
        "remainder" => {
            let key = of.text("a key")?;
            let by = of.word("a number of partitions")?;
            let by = by.parse().ok().filter(|by| *by > 0);
            What::Remainder(key, by.ok_or("a remainder is by a number from 1")?)
        }
        "homes" => What::Homes(of.text("a key")?, of.topic()?),
        "keyed" => What::Keyed(of.text("a key")?, of.topic()?),
        "key" => What::Key(of.record()?),
        "value" => What::Value(of.record()?),
        "timestamp" => What::Timestamp(of.record()?),
        "headers" => What::Headers(of.record()?),
        "header" => What::Header(of.record()?, of.text("the name of a header")?),
        "record-bytes" => What::RecordBytes(of.record()?),
        "key-bytes" => What::KeyBytes(of.record()?),
        "value-bytes" => What::ValueBytes(of.record()?),
        "key-hex" => What::KeyHex(of.record()?),
        "record-epoch" => What::RecordEpoch(of.record()?),
        "sequence" => What::Sequence(of.record()?),
        "batch-bytes" => What::BatchBytes(of.record()?),
        "batch-records" => What::BatchRecords(of.record()?),
        "batch-header" => What::BatchHeader,
        "name" => What::Name(of.client()?),
        "setting" => What::Setting(of.client()?, of.text("the name of a setting")?),
        "acks" => What::Setting(of.client()?, "acks".into()),
        "position" => What::Position(of.client()?, of.partition()?),
        "consumed" => What::Consumed(of.client()?, of.partition()?),
        "assigned" => What::Assigned(of.client()?),
        "shares" => What::Shares(of.client()?),
        "again" => What::Again(of.client()?, of.partition()?),
        "done" => What::Done(of.client()?, of.partition()?),
        "twice" => What::Twice(of.client()?, of.partition()?),
        "missed" => What::Missed(of.client()?, of.partition()?),
        "coordinator" => What::Coordinator(of.text("a group")?),
        "generation" => What::Generation(of.text("a group")?),
        "members" => What::Members(of.text("a group")?),
        "group-state" => What::GroupState(of.text("a group")?),
        "committed" => What::Committed(of.text("a group")?, of.partition()?),
        "lag" => What::Lag(of.text("a group")?, of.partition()?),
        "offset" => {
            let client = of.client()?;
            match of.word("first or last")? {
                "first" => What::FirstAcknowledged(client),
                "last" => What::LastAcknowledged(client),
                other => return Err(format!("{{{}}}: {other} is neither first nor last", of.of)),
            }
        }
        "acknowledged" => What::Acknowledged(of.client()?),
        "batches" => What::Batches(of.client()?),
        "retried" => What::Retried(of.client()?),
        "failed" => What::Failed(of.client()?),
        "producer-id" => What::ProducerId(of.client()?),
        "queued" => What::Queued(of.client()?),
        "chosen" => What::Chosen(of.client()?),
        "spread" => What::Spread(of.client()?),
        "audit" => What::Audit(
            match of.word("acknowledged, readable, lost or duplicated")? {
                "acknowledged" => Audited::Acknowledged,
                "readable" => Audited::Readable,
                "lost" => Audited::Lost,
                "duplicated" => Audited::Duplicated,
                other => {
                    let known = "acknowledged, readable, lost, duplicated";
                    return Err(format!("{other} is none of {known}"));
                }
            },
        ),
        "facts" => {
            let pattern = Pattern::parse(of.rest)?;
            of.rest = "";
            What::Facts(pattern)
        }
        "error" => {
            let name = of.word("the name of an error")?;
            let known = ErrorCode::ALL.iter().find(|error| error.name() == name);
            What::Error(*known.ok_or_else(|| format!("Kafka has no error named {name}"))?)
        }
        _ => return Err(format!("{{{name}}} is none of {NAMES}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lesson::placeholder::Placeholder;

    #[test]
    fn every_name_of_the_vocabulary_is_known() {
        for name in NAMES.split_whitespace() {
            let refused = Placeholder::parse(name).err().unwrap_or_default();
            assert!(!refused.contains("none of"), "{name}");
        }
    }
}
