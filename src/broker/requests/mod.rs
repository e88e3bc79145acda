//! Requests: one file per family of APIs, each a method of the broker.
//!
//! Here is what they share: a frame becomes a request, a request belongs to somebody who may make it,
//! and its answer goes back the way it came. Bytes that cannot be read, and requests that their sender
//! has no right to make, cost the connection and change nothing else.

mod alter_configs;
mod api_versions;
pub(super) mod control;
mod create_partitions;
pub(super) mod create_topics;
mod delete_records;
mod delete_topics;
mod describe_cluster;
pub(super) mod describe_configs;
mod describe_log_dirs;
mod elect_leaders;
pub(super) mod fetch;
mod find_coordinator;
mod groups;
mod init_producer_id;
mod list_offsets;
mod metadata;
mod offset_for_leader_epoch;
mod offsets;
pub(super) mod old_offsets;
mod produce;
mod reassignments;
mod room;
mod sasl_handshake;
mod stop_replica;

pub use self::room::LONGEST_ANSWER;
use super::Broker;
use super::connections::RequestId;
use crate::fact::{CloseReason, Fact};
use crate::log::planted::Bug;
use crate::model::{Address, BrokerId, ConnectionId, Text};
use crate::process::Outbox;
use crate::protocol::{AnyRequest, ApiKey, Audience, Chunks, Message, encode_response_within};
use crate::time::Moment;

/// Whether a topic is Kafka's own (`Topic.isInternal`): only an admin client may write into it by hand.
pub(super) fn is_internal(topic: &str) -> bool {
    matches!(topic, "__consumer_offsets" | "__transaction_state")
}

/// A request with what stands around it.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) id: RequestId,
    pub(super) client_id: Option<Text>,
    /// The broker at the other end, if it is one.
    pub(super) from_broker: Option<BrokerId>,
    /// The length of the whole request.
    pub(super) frame_bytes: usize,
}

impl Broker {
    /// Works on one whole request.
    pub(super) fn handle_frame(
        &mut self,
        at: Moment,
        connection: ConnectionId,
        frame: &Chunks,
        out: &mut Outbox,
    ) {
        let (header, request) = match AnyRequest::decode(frame) {
            Ok(read) => read,
            Err(malformed) => return self.reject(connection, &malformed.to_string(), out),
        };
        let from = self.connections.get(connection).map(|open| open.from());
        let api = request.api();
        let asked = Asked {
            id: RequestId {
                connection,
                api,
                version: header.api_version,
                correlation_id: header.correlation_id,
            },
            client_id: header.client_id,
            from_broker: from.and_then(|from| from.broker()),
            frame_bytes: frame.len(),
        };
        if api.audience() == Audience::Brokers && asked.from_broker.is_none() {
            let why = format!("{} is for brokers only", api.name());
            return self.reject(connection, &why, out);
        }
        self.connections.mute(asked.id);
        match request {
            AnyRequest::ApiVersions(request) => {
                self.handle_api_versions(at, &asked, &request, out);
            }
            AnyRequest::SaslHandshake(_) => self.handle_sasl_handshake(at, &asked, out),
            AnyRequest::Produce(request) => self.handle_produce(at, &asked, request, out),
            AnyRequest::Fetch(request) => self.handle_fetch(at, &asked, request, out),
            AnyRequest::ListOffsets(request) => self.handle_list_offsets(at, &asked, request, out),
            AnyRequest::Metadata(request) => self.handle_metadata(at, &asked, request, out),
            AnyRequest::CreateTopics(request) => {
                self.handle_create_topics(at, &asked, request, out);
            }
            AnyRequest::OffsetForLeaderEpoch(request) => {
                self.handle_offset_for_leader_epoch(at, &asked, request, out);
            }
            AnyRequest::LeaderAndIsr(request) => {
                self.handle_leader_and_isr(at, &asked, request, out);
            }
            AnyRequest::UpdateMetadata(request) => {
                self.handle_update_metadata(at, &asked, &request, out);
            }
            AnyRequest::AlterPartition(request) => {
                self.handle_alter_partition(at, &asked, request, out);
            }
            AnyRequest::DescribeCluster(request) => {
                self.handle_describe_cluster(at, &asked, &request, out);
            }
            AnyRequest::StopReplica(request) => {
                self.handle_stop_replica(at, &asked, &request, out);
            }
            AnyRequest::ControlledShutdown(request) => {
                self.handle_controlled_shutdown(at, &asked, &request, out);
            }
            AnyRequest::DeleteTopics(request) => {
                self.handle_delete_topics(at, &asked, &request, out);
            }
            AnyRequest::DeleteRecords(request) => {
                self.handle_delete_records(at, &asked, &request, out);
            }
            AnyRequest::InitProducerId(request) => {
                self.handle_init_producer_id(at, &asked, &request, out);
            }
            AnyRequest::CreatePartitions(request) => {
                self.handle_create_partitions(at, &asked, request, out);
            }
            AnyRequest::ElectLeaders(request) => {
                self.handle_elect_leaders(at, &asked, &request, out);
            }
            AnyRequest::IncrementalAlterConfigs(request) => {
                self.handle_incremental_alter_configs(at, &asked, request, out);
            }
            AnyRequest::AlterConfigs(request) => {
                self.handle_alter_configs(at, &asked, request, out);
            }
            AnyRequest::DescribeConfigs(request) => {
                self.handle_describe_configs(at, &asked, request, out);
            }
            AnyRequest::DescribeLogDirs(request) => {
                self.handle_describe_log_dirs(at, &asked, &request, out);
            }
            AnyRequest::AlterPartitionReassignments(request) => {
                self.handle_alter_partition_reassignments(at, &asked, &request, out);
            }
            AnyRequest::ListPartitionReassignments(request) => {
                self.handle_list_partition_reassignments(at, &asked, &request, out);
            }
            AnyRequest::FindCoordinator(request) => {
                self.handle_find_coordinator(at, &asked, &request, out);
            }
            AnyRequest::JoinGroup(request) => self.handle_join_group(at, &asked, request, out),
            AnyRequest::SyncGroup(request) => self.handle_sync_group(at, &asked, request, out),
            AnyRequest::Heartbeat(request) => self.handle_heartbeat(at, &asked, &request, out),
            AnyRequest::LeaveGroup(request) => self.handle_leave_group(at, &asked, request, out),
            AnyRequest::OffsetCommit(request) => {
                self.handle_offset_commit(at, &asked, request, out);
            }
            AnyRequest::OffsetFetch(request) => {
                self.handle_offset_fetch(at, &asked, request, out);
            }
            AnyRequest::DescribeGroups(request) => {
                self.handle_describe_groups(at, &asked, &request, out);
            }
            AnyRequest::ListGroups(request) => {
                self.handle_list_groups(at, &asked, &request, out);
            }
            AnyRequest::DeleteGroups(request) => {
                self.handle_delete_groups(at, &asked, &request, out);
            }
            AnyRequest::OffsetDelete(request) => {
                self.handle_offset_delete(at, &asked, &request, out);
            }
            AnyRequest::AllocateProducerIds(request) => {
                self.handle_allocate_producer_ids(at, &asked, &request, out);
            }
        }
    }

    /// Answers a request, unless who asked is gone. What would be too long to say closes the connection.
    pub(super) fn answer<M: Message>(
        &mut self,
        at: Moment,
        request: RequestId,
        response: &M,
        out: &mut Outbox,
    ) {
        if !self.connections.unmute(request, at.now) {
            return;
        }
        let RequestId {
            connection,
            api,
            version,
            correlation_id,
        } = request;
        // An answer of ApiVersions says what it says in version 0 when the asked version is unknown.
        let known = api != ApiKey::ApiVersions || api.versions().contains(&version);
        let version = if known { version } else { 0 };
        let frame = encode_response_within(LONGEST_ANSWER, api, version, correlation_id, response);
        let Some(frame) = frame else {
            return self.refuse_length(request, out);
        };
        let answered = RequestId { version, ..request };
        let reverses = self.config.log.planted.has(Bug::AnswerInReverse);
        if reverses && self.connections.asks_more(connection) {
            return self.connections.keep_back(answered, frame);
        }
        send_answer(answered, frame, out);
        if reverses && let Some((earlier, frame)) = self.connections.take_kept_back(connection) {
            send_answer(earlier, frame, out);
        }
    }

    /// Adds a broker to those of which an answer says where they listen, once. Each API has a type of its own
    /// for that.
    fn name_node<E>(
        &self,
        id: BrokerId,
        named: &mut Vec<E>,
        id_of: impl Fn(&E) -> i32,
        endpoint: impl FnOnce(BrokerId, &Address) -> E,
    ) {
        let known = named.iter().any(|node| id_of(node) == id.0);
        let address = self.metadata.brokers().get(&id).filter(|_| !known);
        named.extend(address.map(|address| endpoint(id, address)));
    }

    /// Closes a connection whose bytes or requests are not acceptable.
    pub(super) fn reject(&mut self, connection: ConnectionId, why: &str, out: &mut Outbox) {
        out.note(Fact::RequestRejected {
            connection,
            why: why.into(),
        });
        self.close(connection, out);
    }

    /// Closes a connection, the only way to tell an `acks=0` producer that something failed.
    pub(super) fn close_unanswered(&mut self, connection: ConnectionId, out: &mut Outbox) {
        let why = CloseReason::FailedWithoutAnswer.to_string();
        self.reject(connection, &why, out);
    }

    pub(super) fn close(&mut self, connection: ConnectionId, out: &mut Outbox) {
        if self.connections.remove(connection) {
            self.timers.cancel(&super::Timer::Idle(connection));
            self.groups.closed(connection);
            self.unask_old_offsets(connection);
            out.close(connection);
        }
    }
}

fn send_answer(request: RequestId, frame: Chunks, out: &mut Outbox) {
    out.note(Fact::ResponseSent {
        connection: request.connection,
        api: request.api,
        version: request.version,
        correlation_id: request.correlation_id,
    });
    out.send(request.connection, frame);
}
