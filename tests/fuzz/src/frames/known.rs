//! What only the cluster can tell: ids of topics and members, of sessions and producers, and checksums.
//!
//! Nobody guesses them, so a fuzzer that has to would never come behind the checks for them. Where a request names one
//! in the usual way it becomes one that was told to a stranger; where it names it in an unusual way it stays.

use std::collections::BTreeMap;

use bytes::Bytes;
use kafka_playground::model::{Text, TopicId};
use kafka_playground::protocol::records::{Batch, BatchBuilder, Codec, read_batches};
use kafka_playground::protocol::{AnyRequest, AnyResponse, Chunks};

use super::cluster::Cluster;

/// What strangers were told.
#[derive(Default)]
pub struct Known {
    /// The last member id that was given, and the last generation.
    member: Option<Text>,
    generation: Option<i32>,
    /// By stranger: the fetch session, and the epoch that it is in.
    sessions: BTreeMap<u16, (i32, i32)>,
    producer: Option<(i64, i16)>,
}

/// Names from this letter on stay what they are.
const UNUSUAL: u8 = b'u';

impl Known {
    pub fn learn(&mut self, stranger: u16, answer: AnyResponse) {
        match answer {
            AnyResponse::JoinGroup(joined) => {
                if !joined.member_id.is_empty() {
                    self.member = Some(joined.member_id);
                }
                if joined.generation_id >= 0 {
                    self.generation = Some(joined.generation_id);
                }
            }
            AnyResponse::Fetch(fetched) if fetched.session_id != 0 => {
                let known = self.sessions.entry(stranger).or_default();
                *known = match known.0 == fetched.session_id {
                    true => (known.0, known.1 + 1),
                    false => (fetched.session_id, 1),
                };
            }
            AnyResponse::InitProducerId(given) if given.error_code == 0 => {
                self.producer = Some((given.producer_id, given.producer_epoch));
            }
            _ => {}
        }
    }

    /// Fills in what is known.
    pub fn fill(&self, request: &mut AnyRequest, stranger: u16, cluster: &Cluster) {
        match request {
            AnyRequest::Produce(request) => {
                let topics = request.topic_data.iter_mut();
                for partition in topics.flat_map(|topic| &mut topic.partition_data) {
                    if let Some(records) = &mut partition.records {
                        *records = self.batches(records);
                    }
                }
            }
            AnyRequest::Fetch(request) => {
                let topics = request.topics.iter_mut().map(|topic| &mut topic.topic_id);
                let forgotten = request.forgotten_topics_data.iter_mut();
                let forgotten = forgotten.map(|topic| &mut topic.topic_id);
                topics.chain(forgotten).for_each(|id| topic(id, cluster));
                // Those who say that they are replicas lose their connection.
                if request.replica_id % 4 != 3 {
                    request.replica_id = -1;
                    request.replica_state = Default::default();
                }
                if let Some((id, epoch)) = self.sessions.get(&stranger) {
                    if request.session_id > 0 && request.session_id % 4 != 3 {
                        request.session_id = *id;
                    }
                    if request.session_epoch > 0 && request.session_epoch % 4 != 3 {
                        request.session_epoch = *epoch;
                    }
                }
            }
            AnyRequest::Metadata(request) => {
                let topics = request.topics.iter_mut().flatten();
                topics.for_each(|one| topic(&mut one.topic_id, cluster));
            }
            AnyRequest::DeleteTopics(request) => {
                let topics = request.topics.iter_mut();
                topics.for_each(|one| topic(&mut one.topic_id, cluster));
            }
            AnyRequest::JoinGroup(request) => self.member(&mut request.member_id),
            AnyRequest::SyncGroup(request) => {
                self.member(&mut request.member_id);
                self.generation(&mut request.generation_id);
                let assigned = request.assignments.iter_mut();
                assigned.for_each(|assigned| self.member(&mut assigned.member_id));
            }
            AnyRequest::Heartbeat(request) => {
                self.member(&mut request.member_id);
                self.generation(&mut request.generation_id);
            }
            AnyRequest::LeaveGroup(request) => {
                self.member(&mut request.member_id);
                let members = request.members.iter_mut();
                members.for_each(|member| self.member(&mut member.member_id));
            }
            AnyRequest::OffsetCommit(request) => {
                self.member(&mut request.member_id);
                self.generation(&mut request.generation_id_or_member_epoch);
            }
            _ => {}
        }
    }

    fn member(&self, named: &mut Text) {
        let usual = named
            .as_bytes()
            .first()
            .is_some_and(|first| *first < UNUSUAL);
        if let Some(member) = self.member.as_ref().filter(|_| usual) {
            *named = member.clone();
        }
    }

    fn generation(&self, named: &mut i32) {
        if *named >= 0 && *named % 4 != 3 {
            *named = self.generation.unwrap_or(*named);
        }
    }

    /// Batches with checksums that are right; bytes that are none as a record.
    fn batches(&self, bytes: &Chunks) -> Chunks {
        let Ok(batches) = read_batches(bytes) else {
            let mut batch = BatchBuilder::new(Codec::None);
            let bytes = bytes.to_bytes();
            batch.append(0, bytes.get(..1), Some(&bytes), &[]);
            return Chunks::from(batch.build());
        };
        let mut right = Chunks::new();
        for batch in batches {
            let (crc, header) = (batch.header.crc, batch.header);
            let mut made = Batch::new(header, Bytes::copy_from_slice(&batch.body));
            match self.producer {
                Some((id, epoch)) if header.producer_id >= 0 && header.producer_id % 4 != 3 => {
                    made = made.with_producer(id, epoch, header.base_sequence);
                }
                _ => {}
            }
            match crc % 16 {
                3 => batch.write_to(&mut right),
                _ => made.write_to(&mut right),
            }
        }
        right
    }
}

/// The first byte of a topic's id says which topic is meant, or none.
fn topic(id: &mut TopicId, cluster: &Cluster) {
    let known = cluster.topic_ids();
    if let Some(known) = known.get(usize::from(id.0[0] % 8).wrapping_sub(1)) {
        *id = *known;
    }
}
