//! `Witness`: takes the account of a world that runs, from what goes over its clients' connections and from what
//! their applications are told.

use std::collections::BTreeMap;

use super::account::{Account, Promise, Way};
use super::finding::Finding;
use super::measures::Measures;
use super::members::{Members, home_of};
use super::progress::Progress;
use crate::broker::OFFSETS_TOPIC;
use crate::client::config::Acks;
use crate::controller::znodes;
use crate::fact::{Entry, Fact};
use crate::model::{BrokerId, ConnectionId, Offset, ProcessId, TopicName, TopicPartition};
use crate::protocol::api::{FetchRequest, ProduceRequest};
use crate::protocol::records::{Batch, read_whole_batches};
use crate::protocol::{AnyRequest, ApiKey, Chunks, ErrorCode};
use crate::script::{self, Action, Script};
use crate::sorted::SortedMap;
use crate::time::Duration;
use crate::world::invariant::{Frames, answer};
use crate::world::{Journal, Place, Ran, Refused, World};

/// What a batch is known by: what its producer has numbered, or else what it holds and when it was made.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Value {
    producer: (i64, i16, i32),
    timestamp: i64,
    checksum: u32,
    /// How many offsets it takes.
    count: i32,
}

impl Value {
    fn of(batch: &Batch) -> Value {
        let header = &batch.header;
        Value {
            producer: (
                header.producer_id,
                header.producer_epoch,
                header.base_sequence,
            ),
            timestamp: header.base_timestamp,
            checksum: crc32c::crc32c(&batch.body),
            count: header.last_offset_delta.saturating_add(1),
        }
    }

    /// Whether this was a part of a batch, by its numbers.
    fn is_part_of(&self, whole: &Value) -> bool {
        let ((id, epoch, first), (its_id, its_epoch, its_first)) = (whole.producer, self.producer);
        let numbers = first..first.saturating_add(whole.count);
        self != whole && (id, epoch) == (its_id, its_epoch) && numbers.contains(&its_first)
    }

    /// Whether this may be what another is that was sent before, numbered anew: in a later epoch, or by less in its own.
    /// Of what is alike else there may be many.
    fn may_be_anew(&self, before: &Value) -> bool {
        let ((_, epoch, number), (_, its_epoch, its_number)) = (self.producer, before.producer);
        epoch > its_epoch || epoch == its_epoch && number < its_number
    }

    /// Whether its producer has numbered it.
    fn is_numbered(&self) -> bool {
        self.producer.0 >= 0
    }
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.producer {
            (-1, ..) => write!(f, "batch {:08x}", self.checksum),
            (id, epoch, sequence) => write!(f, "batch {sequence} of producer {id} epoch {epoch}"),
        }
    }
}

/// Batches that were fetched and not returned yet: where they end, and what they are.
type Fetched = BTreeMap<Offset, (Offset, Value)>;

/// What was sent, by when it was made and what it holds, as it was numbered first.
type Contents = BTreeMap<(TopicPartition, (i64, u32)), Value>;

/// Takes the account.
#[derive(Clone, Debug, Default)]
pub struct Witness {
    account: Account<Value>,
    /// What producers have sent that has no answer yet.
    asked: Frames<Written>,
    /// What producers will be told stands at an offset.
    answered: SortedMap<ProcessId, BTreeMap<(TopicPartition, Offset), Value>>,
    /// Under which numbers what each producer sends was sent first.
    contents: SortedMap<ProcessId, Contents>,
    /// Batches of each producer that were too large: what is in them is sent again in several.
    divided: SortedMap<(ProcessId, TopicPartition), Vec<Value>>,
    fetched: SortedMap<(ProcessId, TopicPartition), Fetched>,
    /// Where a reader was placed last.
    placed: SortedMap<(ProcessId, TopicPartition), Offset>,
    members: Members,
    progress: Progress,
}

/// Who reads everything in the end.
const LAST_READER: ProcessId = ProcessId::Consumer(90);
/// How long it may take.
const LAST_READING: Duration = Duration::from_secs(30);

impl Witness {
    /// Plays a script, then lets somebody read everything, and takes the account of it all.
    ///
    /// # Errors
    /// When the script cannot be played.
    pub fn of(script: &Script) -> Result<Witness, Refused> {
        let mut journal = Journal::default();
        let mut world = World::new(&script.plan, script.seed, &mut journal)?;
        let mut witness = Witness::default();
        let mut seen = 0;
        let commands = script.lines.iter().map(|line| &line.action);
        for action in commands {
            witness.act(&mut world, action, &mut journal, &mut seen)?;
        }
        let all = world.cluster().partitions();
        let all = all.filter(|(name, _)| name.topic.as_str() != OFFSETS_TOPIC);
        let all: String = all.map(|(name, _)| format!(" {name}")).collect();
        let line = |text: String| script::parse_line(&text).map_err(|why| Refused(why.to_string()));
        let reader = line(format!("consumer {LAST_READER} auto.offset.reset=earliest"))?;
        let assign = line(format!("assign {LAST_READER}{all}"))?;
        let run = line(format!("run {LAST_READING}"))?;
        for action in [reader, assign, run] {
            witness.act(&mut world, &action, &mut journal, &mut seen)?;
        }
        witness.has_read_everything(&world, LAST_READER);
        Ok(witness)
    }

    fn act(
        &mut self,
        world: &mut World,
        action: &Action,
        journal: &mut Journal,
        seen: &mut u64,
    ) -> Result<(), Refused> {
        let goal = match action {
            Action::Command(command) => {
                world.perform(command, journal)?;
                world.place()
            }
            Action::Run { span, .. } => Place::after(world.now() + *span),
            Action::At(place) => *place,
            Action::Step(_) | Action::Show(_) => return Ok(()),
        };
        loop {
            for entry in journal.since(*seen) {
                self.add(world, entry);
            }
            *seen = journal.len();
            let stands = matches!(action, Action::Command(_));
            if stands || world.step_toward(goal, journal) == Ran::Arrived {
                return Ok(());
            }
        }
    }

    /// Learns from a piece of news.
    pub fn add(&mut self, world: &World, entry: &Entry) {
        self.account.at(entry.at);
        let groups = &mut self.account.groups;
        self.members.add(world, entry, &self.progress, groups);
        self.progress.add(world, entry, &mut self.account.groups);
        let of_producers = |api| api == ApiKey::Produce;
        (self.asked).follow_reading(world, entry, of_producers, |frame| written(&frame));
        match &entry.fact {
            Fact::ZnodeDeleted { path } => {
                let name = znodes::state_of(path);
                if let Some(name) = name.filter(|_| !is_late(world, entry)) {
                    self.bury(&name);
                }
                return;
            }
            Fact::LogCleaned { partition, .. } => return self.account.compacted(partition),
            Fact::RequestSent {
                connection,
                api: ApiKey::Produce,
                correlation_id,
                ..
            } => return self.sends(world, *connection, *correlation_id),
            Fact::ResponseSent {
                connection,
                api,
                version,
                correlation_id,
            } => {
                let over = (*connection, *version, *correlation_id);
                let asker = connection.opener;
                match (api, asker) {
                    (ApiKey::Produce, ProcessId::Producer(_)) => self.answers(world, asker, over),
                    (ApiKey::Fetch, ProcessId::Consumer(_)) => {
                        let from = entry.by.and_then(ProcessId::broker);
                        self.is_sent(world, asker, from, over);
                    }
                    _ => {}
                }
                return;
            }
            _ => {}
        }
        let Some(by) = entry.by else {
            return;
        };
        match &entry.fact {
            Fact::RecordsAcknowledged {
                partition,
                base_offset,
                ..
            } => {
                let answered = self.answered.get_mut(&by);
                let place = (partition.clone(), *base_offset);
                if let Some(value) = answered.and_then(|answered| answered.remove(&place)) {
                    self.account.acknowledged(partition, &value, *base_offset);
                }
            }
            Fact::PositionSet { partition, to, .. } => {
                self.placed.insert((by, partition.clone()), *to);
                self.account.placed(by, partition, *to, way(world, by));
            }
            Fact::RecordsConsumed {
                partition,
                base_offset,
                next_offset,
                ..
            } => self.consumes(by, partition, (*base_offset, *next_offset)),
            Fact::OffsetsCommitted { group, offsets } => {
                for (partition, offset) in offsets.iter() {
                    let groups = &mut self.account.groups;
                    groups.committed(group, partition, *offset);
                }
            }
            Fact::Killed { .. } | Fact::Stopped => {
                self.account.gone(by);
                self.answered.remove(&by);
                self.fetched.retain(|(reader, _), _| *reader != by);
                self.placed.retain(|(reader, _), _| *reader != by);
            }
            _ => {}
        }
    }

    /// A partition is gone. What was read of it and not returned yet, and what its producers have not heard, is about
    /// nothing that is there.
    fn bury(&mut self, partition: &TopicPartition) {
        self.account.forget(partition);
        self.fetched.retain(|(_, known), _| known != partition);
        for answered in self.answered.values_mut() {
            answered.retain(|(known, _), _| known != partition);
        }
    }

    // ---- writing

    fn sends(&mut self, world: &World, connection: ConnectionId, id: i32) {
        let producer = world.host(connection.opener);
        let producer = producer.and_then(|host| host.producer());
        let (Some(written), Some(producer)) = (self.asked.get(connection, id), producer) else {
            return;
        };
        for (partition, value) in written {
            let value = *value;
            let promise = Promise {
                numbered: value.is_numbered(),
                by_all: producer.config().acks == Acks::All,
                in_flight_one: producer.config().max_in_flight == 1,
            };
            (self.account).sent(connection.opener, partition, value, promise);
            let elsewhere = self.asked.beside(connection).flatten();
            let elsewhere = elsewhere.filter(|(known, _)| known == partition);
            let elsewhere: Vec<Value> = elsewhere.map(|(_, value)| *value).collect();
            if !elsewhere.is_empty() {
                self.account.overtakes(partition, &value, &elsewhere);
            }
            // After a batch has failed, those behind it are numbered anew.
            let content = (value.timestamp, value.checksum);
            let sent = self.contents.entry(connection.opener).or_default();
            let known = sent.entry((partition.clone(), content)).or_insert(value);
            match value.may_be_anew(known) {
                true => self.account.renumbered(partition, known, &value, 0),
                false => *known = value,
            }
            // A part was sent when the whole was, whatever has been sent since.
            let wholes = self.divided.get(&(connection.opener, partition.clone()));
            let mut wholes = wholes.into_iter().flatten();
            if let Some(whole) = wholes.find(|whole| value.is_part_of(whole)) {
                let after = value.producer.2.abs_diff(whole.producer.2);
                self.account.renumbered(partition, whole, &value, after);
            }
        }
    }

    fn answers(&mut self, world: &World, producer: ProcessId, over: (ConnectionId, i16, i32)) {
        let (connection, version, id) = over;
        let written = self.asked.take(connection, id);
        let told = answer::<ProduceRequest>(world, connection, version, id);
        let (Some(written), Some(told)) = (written, told) else {
            return;
        };
        for (partition, value) in written {
            let topics = told.responses.iter();
            let topics = topics.filter(|topic| topic.name == partition.topic.0);
            let mut parts = topics.flat_map(|topic| &topic.partition_responses);
            let Some(part) = parts.find(|part| part.index == partition.partition) else {
                continue;
            };
            match ErrorCode::from_i16(part.error_code) {
                ErrorCode::None => {
                    let answered = self.answered.entry(producer).or_default();
                    answered.insert((partition, Offset(part.base_offset)), value);
                }
                error if is_certain(error) => {
                    if error == ErrorCode::MessageTooLarge && value.is_numbered() {
                        let divided = self.divided.entry((producer, partition.clone()));
                        divided.or_default().push(value);
                    }
                    self.account.refused(&partition, &value);
                }
                _ => self.account.doubted(&partition, &value),
            }
        }
    }

    // ---- reading

    fn is_sent(
        &mut self,
        world: &World,
        reader: ProcessId,
        from: Option<BrokerId>,
        over: (ConnectionId, i16, i32),
    ) {
        let Some(told) = answer::<FetchRequest>(world, over.0, over.1, over.2) else {
            return;
        };
        let broker = from.and_then(|id| world.broker_by_id(id));
        for topic in &told.responses {
            let known = broker.and_then(|broker| broker.metadata().name_of(topic.topic_id));
            let name = known.cloned().unwrap_or(TopicName(topic.topic.clone()));
            for data in &topic.partitions {
                let records = data.records.as_ref().filter(|records| !records.is_empty());
                let Some(Ok(batches)) = records.map(read_whole_batches) else {
                    continue;
                };
                let partition = TopicPartition {
                    topic: name.clone(),
                    partition: data.partition_index,
                };
                let fetched = self.fetched.entry((reader, partition)).or_default();
                for batch in batches.iter().filter(|batch| !batch.header.is_control()) {
                    let value = (batch.next_offset(), Value::of(batch));
                    fetched.insert(batch.base_offset(), value);
                }
            }
        }
    }

    fn consumes(&mut self, by: ProcessId, partition: &TopicPartition, span: (Offset, Offset)) {
        let (from, next) = span;
        let Some(fetched) = self.fetched.get_mut(&(by, partition.clone())) else {
            return;
        };
        let within = fetched.range(..next);
        let within = within.filter(|(_, (end, _))| *end > from);
        let values: Vec<(Offset, i64, Value)> = within
            .map(|(base, (end, value))| (*base, *end - *base, *value))
            .collect();
        // What lies before is read again only once it was fetched again.
        fetched.retain(|_, (end, _)| *end > next);
        // Where it begins, by what it was given, is not always where it stood.
        let first = values.first().map_or(from, |(base, ..)| (*base).max(from));
        self.account.polled(by, partition, (first, next), &values);
    }

    // ---- the end

    /// The last trouble is over.
    pub fn heal(&mut self, world: &World) {
        self.account.groups.heal(world.now());
    }

    /// In the end this reader has read everything.
    pub fn has_read_everything(&mut self, world: &World, reader: ProcessId) {
        let consumer = world.host(reader).and_then(|host| host.consumer());
        let views = consumer
            .into_iter()
            .flat_map(|consumer| consumer.partitions());
        for view in views {
            let first = self.placed.get(&(reader, view.partition.clone()));
            if let (Some(first), Some(end)) = (first, view.position) {
                self.account.read_to_end(view.partition, *first, end);
            }
        }
        let groups = &mut self.account.groups;
        groups.end(world.now(), |group| home_of(world, group));
    }

    /// Everything that is found.
    pub fn findings(&self) -> Vec<Finding> {
        self.account.findings()
    }

    /// What was measured.
    pub fn measures(&self) -> Measures {
        self.account.measures()
    }
}

/// Whether a server of the ensemble that was replaced says what its successor has said: of what is there again.
fn is_late(world: &World, entry: &Entry) -> bool {
    let server = entry.by.and_then(|by| world.host(by)?.zookeeper());
    server.is_some_and(|server| world.is_deposed(server))
}

fn way(world: &World, by: ProcessId) -> Way {
    let consumer = world.host(by).and_then(|host| host.consumer());
    match consumer.is_some_and(|consumer| consumer.config().subscribe.0.is_empty()) {
        true => Way::Hand,
        false => Way::Group,
    }
}

/// What a request of a producer holds.
type Written = Vec<(TopicPartition, Value)>;

/// What a producer sends.
fn written(frame: &Chunks) -> Option<Written> {
    let Ok((_, AnyRequest::Produce(request))) = AnyRequest::decode(frame) else {
        return None;
    };
    let mut all = Vec::new();
    for topic in &request.topic_data {
        for part in &topic.partition_data {
            let batches = part.records.as_ref().map(read_whole_batches);
            for batch in batches.into_iter().flatten().flatten() {
                let name = TopicPartition {
                    topic: TopicName(topic.name.clone()),
                    partition: part.index,
                };
                all.push((name, Value::of(&batch)));
            }
        }
    }
    Some(all)
}

/// Whether an error says for certain that nothing was written. The others may be told of what was.
fn is_certain(error: ErrorCode) -> bool {
    matches!(
        error,
        ErrorCode::NotEnoughReplicas
            | ErrorCode::MessageTooLarge
            | ErrorCode::RecordListTooLarge
            | ErrorCode::CorruptMessage
            | ErrorCode::InvalidRecord
            | ErrorCode::InvalidTimestamp
            | ErrorCode::OutOfOrderSequenceNumber
            | ErrorCode::InvalidProducerEpoch
            | ErrorCode::InvalidTopicException
            | ErrorCode::InvalidRequiredAcks
            | ErrorCode::UnsupportedCompressionType
    )
}
