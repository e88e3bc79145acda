//! What each placeholder is in a step's two worlds.

use super::between::Between;
use super::{Value, count, ids, setting, spelled};
use crate::broker::Partition;
use crate::client::producer::murmur2::{murmur2, partition_of_key};
use crate::fact::Fact;
use crate::lesson::placeholder::{Audited, Ensemble, What, When};
use crate::protocol::records::{HEADER_SIZE, INFLATION_LIMIT, describe_records};

impl<'a> Between<'a> {
    pub(super) fn value(&self, what: &What) -> Result<Value, String> {
        Ok(match what {
            What::Brokers => count(self.world().brokers().count()),
            What::Topics => count(self.world().cluster().topics().len()),
            What::Controller => {
                let found = self.world().truth().controller();
                Value::Number(i64::from(found.ok_or("no broker is the controller")?.0))
            }
            What::ControllerEpoch => {
                Value::Number(i64::from(self.world().truth().controller_epoch()))
            }
            What::Registered => {
                let brokers = self.world().cluster().brokers().keys().copied();
                ids(&brokers.collect::<Vec<_>>())
            }
            What::Ensemble(Ensemble::Servers) => count(usize::from(self.world().plan().zookeeper)),
            What::Ensemble(Ensemble::Quorum) => {
                count(usize::from(self.world().plan().zookeeper) / 2 + 1)
            }
            What::Ensemble(Ensemble::Leader) => Value::Number(self.ensemble_leader()?),
            What::Session(broker) => {
                let session = self.world().session_of(*broker);
                let missing = || format!("broker {broker} is not registered");
                Value::Text(session.ok_or_else(missing)?.to_string())
            }
            What::BrokerEpoch(broker) => {
                let epoch = self.world().cluster().broker_epoch(*broker);
                let missing = || format!("broker {broker} is not registered");
                Value::Number(epoch.ok_or_else(missing)?.0)
            }
            What::Znode(path) => {
                let tree = self.world().zookeeper_tree();
                let found = tree.and_then(|tree| tree.get(path));
                let missing = || format!("there is no znode {path}");
                Value::Text(text(Some(found.ok_or_else(missing)?.0)))
            }
            What::Latency => Value::Text(spelled(self.world().plan().latency)),
            What::Time => {
                let millis = self.world().now().as_millis();
                let (minutes, seconds) = (millis / 60_000, millis / 1_000 % 60);
                Value::Text(format!("{minutes:02}:{seconds:02}.{:03}", millis % 1_000))
            }
            What::BrokerSetting(name) => {
                let value = self.world().plan().broker_settings.get(name);
                setting(name, value.ok_or("the plan does not give this setting")?)
            }
            What::Partitions(topic) => count(self.partitions(topic)?.len()),
            What::Replication(topic) => count(self.partitions(topic)?[0].replicas.len()),
            What::Records(topic) => {
                let held = self
                    .every(topic)?
                    .map(|name| Ok(held(self.leading(&name)?)));
                Value::Count(held.sum::<Result<u64, String>>()?)
            }
            What::Leader(name) => Value::Number(i64::from(self.state(name)?.leader.0)),
            What::Epoch(name) => Value::Number(i64::from(self.state(name)?.leader_epoch.0)),
            What::EpochStart(name) => {
                let start = self.leading(name)?.epoch_start();
                Value::Number(start.ok_or("its leader does not know that yet")?.0)
            }
            What::Replicas(name) => ids(&self.state(name)?.replicas),
            What::Isr(name) => ids(&self.state(name)?.isr),
            What::InSync(name) => count(self.state(name)?.isr.len()),
            What::HighWatermark(name, None) => {
                Value::Number(self.leading(name)?.high_watermark().0)
            }
            What::HighWatermark(name, Some(broker)) => {
                Value::Number(self.replica(name, *broker)?.high_watermark().0)
            }
            What::LogEnd(name, broker) => Value::Number(self.log_end(name, *broker)?.0),
            What::Knows(broker, name) => {
                let known = self.broker(*broker)?.metadata().partition(name);
                let missing = || format!("broker {broker} does not know {name}");
                Value::Number(i64::from(known.ok_or_else(missing)?.leader.0))
            }
            What::Learned(id, name) => Value::Number(i64::from(self.learned(*id, name)?.0)),
            What::LogStart(name) | What::First(name) => {
                Value::Number(self.leading(name)?.log_start().0)
            }
            What::Count(name) => Value::Count(held(self.leading(name)?)),
            What::Last(name) => Value::Number(self.leading(name)?.log_end().0 - 1),
            What::Next(name) => Value::Number(self.leading(name)?.log_end().0),
            What::Stored(name) => {
                let start = self.leading(name)?.log_start();
                let records = self
                    .batches(name)?
                    .flat_map(|batch| batch.records().flatten());
                count(records.filter(|record| record.offset >= start).count())
            }
            What::Segments(name) => count(self.leading(name)?.log().segments().len()),
            What::Cleaned(name) => {
                let cleaned = self.leading(name)?.log().cleaned_until();
                Value::Number(cleaned.ok_or("its log was never compacted")?.0)
            }
            What::TopicSetting(topic, name) => {
                let first = self.every(topic)?.next().ok_or("it has no partition")?;
                let value = self.leading(&first)?.config().get(name);
                setting(
                    name,
                    &value.ok_or_else(|| format!("topics have no setting {name}"))?,
                )
            }
            What::Hash(key) => Value::Number(i64::from(murmur2(key.as_bytes()))),
            What::Masked(key) => Value::Number(i64::from(murmur2(key.as_bytes()) & i32::MAX)),
            What::PartitionOf(key, topic) => {
                let partitions = u32::try_from(self.partitions(topic)?.len()).unwrap_or(u32::MAX);
                Value::Number(i64::from(partition_of_key(key.as_bytes(), partitions)))
            }
            What::Remainder(key, by) => {
                Value::Number(i64::from(partition_of_key(key.as_bytes(), *by)))
            }
            What::Homes(key, topic) => {
                let mut homes = Vec::new();
                for name in self.every(topic)? {
                    if self.keyed(key, &name)? > 0 {
                        homes.push(name.partition.to_string());
                    }
                }
                match homes.is_empty() {
                    true => return Err(format!("{topic} holds no record of {key}")),
                    false => Value::Text(homes.join(", ")),
                }
            }
            What::Keyed(key, topic) => {
                let keyed = self.every(topic)?.map(|name| self.keyed(key, &name));
                Value::Count(keyed.sum::<Result<u64, String>>()?)
            }
            What::Key(id) => Value::Text(text(self.record(id)?.1.key.as_deref())),
            What::Value(id) => Value::Text(text(self.record(id)?.1.value.as_deref())),
            What::Timestamp(id) => Value::Number(self.record(id)?.1.timestamp),
            What::Headers(id) => count(self.record(id)?.1.headers.len()),
            What::Header(id, name) => {
                let headers = self.record(id)?.1.headers;
                let header = headers.iter().find(|header| header.key == *name);
                Value::Text(text(header.ok_or("no such header")?.value.as_deref()))
            }
            What::RecordBytes(id) => {
                let (batch, record) = self.record(id)?;
                let fields =
                    describe_records(&batch, INFLATION_LIMIT).map_err(|why| why.to_string())?;
                let index = usize::try_from(record.offset.0 - batch.base_offset().0).unwrap_or(0);
                let field = fields.children.get(index).ok_or("no such record")?;
                count(field.end - field.start)
            }
            What::KeyBytes(id) => count(self.record(id)?.1.key.map_or(0, |key| key.len())),
            What::ValueBytes(id) => count(self.record(id)?.1.value.map_or(0, |value| value.len())),
            What::KeyHex(id) => {
                let key = self.record(id)?.1.key.ok_or("the key is null")?;
                let bytes: Vec<String> = key.iter().map(|byte| format!("{byte:02x}")).collect();
                Value::Text(bytes.join(" "))
            }
            What::RecordEpoch(id) => {
                Value::Number(i64::from(self.record(id)?.0.header.partition_leader_epoch))
            }
            What::Sequence(id) => {
                let (batch, record) = self.record(id)?;
                let place = record.offset - batch.base_offset();
                match batch.header.base_sequence {
                    -1 => return Err("the record has no sequence number".to_owned()),
                    base => Value::Number(i64::from(base) + place),
                }
            }
            What::BatchBytes(id) => count(self.record(id)?.0.size()),
            What::BatchRecords(id) => count(self.record(id)?.0.records().count()),
            What::BatchHeader => count(HEADER_SIZE),
            What::Name(id) => {
                let mut clients = self.world().plan().clients.iter();
                let client = clients.find(|client| client.id == *id);
                Value::Text(
                    client
                        .ok_or_else(|| format!("the plan has no {id}"))?
                        .name
                        .to_string(),
                )
            }
            What::Setting(id, name) => {
                let host = self.world().host(*id);
                let value = match host.map(|host| (host.producer(), host.consumer())) {
                    Some((Some(producer), _)) => producer.config().get(name),
                    Some((_, Some(consumer))) => consumer.config().get(name),
                    _ => return Err(format!("{id} is neither a producer nor a consumer")),
                };
                setting(
                    name,
                    &value.ok_or_else(|| format!("{id} has no setting {name}"))?,
                )
            }
            What::Position(id, name) => {
                let consumer = self.world().host(*id).and_then(|host| host.consumer());
                let consumer = consumer.ok_or_else(|| format!("{id} is not a consumer"))?;
                let position = consumer.partition(name).and_then(|view| view.position);
                Value::Number(
                    position
                        .ok_or_else(|| format!("{id} does not read {name}"))?
                        .0,
                )
            }
            What::Consumed(id, name) => Value::Count(self.sum(*id, |fact| match fact {
                Fact::RecordsConsumed {
                    partition, records, ..
                } if partition == name => *records,
                _ => 0,
            })),
            What::Coordinator(group) => Value::Number(i64::from(self.coordinator(group)?.0.0)),
            What::Generation(group) => Value::Number(i64::from(self.group(group)?.generation())),
            What::Members(group) => count(self.group(group)?.members().len()),
            What::GroupState(group) => Value::Text(self.group(group)?.state().name().to_owned()),
            What::Committed(group, name) => Value::Number(self.committed(group, name)?.0),
            What::Lag(group, name) => {
                let lag = self.leading(name)?.high_watermark() - self.committed(group, name)?;
                Value::Count(u64::try_from(lag).unwrap_or(0))
            }
            What::Assigned(id) => {
                let assigned = self.assigned(*id)?;
                let words: Vec<String> = assigned.iter().map(|n| format!("P{n}")).collect();
                match words.is_empty() {
                    true => return Err(format!("{id} has no partition")),
                    false => Value::Text(words.join(", ")),
                }
            }
            What::Shares(id) => count(self.assigned(*id)?.len()),
            What::Again(id, name) => count(self.again(*id, name)),
            What::Done(id, name) => count(self.done(*id, name)),
            What::Twice(id, name) => count(self.twice(*id, name)),
            What::Missed(id, name) => count(self.missed(*id, name)),
            What::FirstAcknowledged(id) => Value::Number(self.acknowledged(*id, When::Start)?),
            What::LastAcknowledged(id) => Value::Number(self.acknowledged(*id, When::End)?),
            What::Acknowledged(id) => Value::Count(self.sum(*id, |fact| match fact {
                Fact::RecordsAcknowledged { records, .. } => *records,
                _ => 0,
            })),
            What::Batches(id) => Value::Count(self.sum(*id, |fact| match fact {
                Fact::BatchSent { attempt: 1, .. } => 1,
                _ => 0,
            })),
            What::Retried(id) => Value::Count(self.producer(*id)?.tally().retried),
            What::Failed(id) => Value::Count(self.producer(*id)?.tally().failed),
            What::ProducerId(id) => {
                let identity = self.producer(*id)?.identity();
                Value::Number(
                    identity
                        .ok_or_else(|| format!("{id} has no producer id"))?
                        .id
                        .0,
                )
            }
            What::Queued(id) => Value::Count(
                self.choices(*id)
                    .map(|(_, records)| u64::from(records))
                    .sum(),
            ),
            What::Chosen(id) => {
                let chosen: Vec<String> =
                    self.chosen(*id).iter().map(ToString::to_string).collect();
                Value::Text(chosen.join(", "))
            }
            What::Spread(id) => count(self.chosen(*id).len()),
            What::Audit(which) => {
                let report = self.end.observed.audit.report(self.world());
                Value::Count(match which {
                    Audited::Acknowledged => report.acknowledged,
                    Audited::Readable => report.readable,
                    Audited::Lost => report.lost,
                    Audited::Duplicated => report.duplicated,
                })
            }
            What::Facts(pattern) => count(self.news().filter(|entry| pattern.means(entry)).count()),
            What::Error(error) => Value::Number(i64::from(error.code())),
        })
    }
}

fn held(replica: &Partition) -> u64 {
    let held = replica.log_end() - replica.log_start();
    u64::try_from(held).unwrap_or(0)
}

/// Bytes as prose shows them.
fn text(bytes: Option<&[u8]>) -> String {
    match bytes {
        None => "null".to_owned(),
        Some(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    }
}
