//! Requests that are understood and not served yet: each is refused with NOT_CONTROLLER (41), in its own
//! way. ApiVersions does not list those of clients.

use super::Asked;
use crate::broker::Broker;
use crate::process::Outbox;
use crate::protocol::ErrorCode;
use crate::protocol::api::alter_partition_reassignments::{
    ReassignablePartitionResponse, ReassignableTopicResponse,
};
use crate::protocol::api::create_partitions::CreatePartitionsTopicResult;
use crate::protocol::api::delete_topics::DeletableTopicResult;
use crate::protocol::api::incremental_alter_configs::AlterConfigsResourceResponse;
use crate::protocol::api::*;
use crate::time::Moment;

const REFUSED: i16 = ErrorCode::NotController.code();

impl Broker {
    pub(super) fn handle_delete_topics(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: &DeleteTopicsRequest,
        out: &mut Outbox,
    ) {
        let by_name = |name: &crate::model::Text| DeletableTopicResult {
            name: Some(name.clone()),
            error_code: REFUSED,
            ..DeletableTopicResult::default()
        };
        let by_state = |state: &delete_topics::DeleteTopicState| DeletableTopicResult {
            name: state.name.clone(),
            topic_id: state.topic_id,
            error_code: REFUSED,
            ..DeletableTopicResult::default()
        };
        let names = request.topic_names.iter().map(by_name);
        let response = DeleteTopicsResponse {
            responses: names.chain(request.topics.iter().map(by_state)).collect(),
            ..DeleteTopicsResponse::default()
        };
        self.answer(at, asked.id, &response, out);
    }

    pub(super) fn handle_create_partitions(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: &CreatePartitionsRequest,
        out: &mut Outbox,
    ) {
        let refused =
            |topic: &create_partitions::CreatePartitionsTopic| CreatePartitionsTopicResult {
                name: topic.name.clone(),
                error_code: REFUSED,
                ..CreatePartitionsTopicResult::default()
            };
        let response = CreatePartitionsResponse {
            results: request.topics.iter().map(refused).collect(),
            ..CreatePartitionsResponse::default()
        };
        self.answer(at, asked.id, &response, out);
    }

    pub(super) fn handle_elect_leaders(
        &mut self,
        at: Moment,
        asked: &Asked,
        _: &ElectLeadersRequest,
        out: &mut Outbox,
    ) {
        let response = ElectLeadersResponse {
            error_code: REFUSED,
            ..ElectLeadersResponse::default()
        };
        self.answer(at, asked.id, &response, out);
    }

    pub(super) fn handle_incremental_alter_configs(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: &IncrementalAlterConfigsRequest,
        out: &mut Outbox,
    ) {
        let refused = |resource: &incremental_alter_configs::AlterConfigsResource| {
            AlterConfigsResourceResponse {
                error_code: REFUSED,
                error_message: None,
                resource_type: resource.resource_type,
                resource_name: resource.resource_name.clone(),
            }
        };
        let response = IncrementalAlterConfigsResponse {
            responses: request.resources.iter().map(refused).collect(),
            ..IncrementalAlterConfigsResponse::default()
        };
        self.answer(at, asked.id, &response, out);
    }

    pub(super) fn handle_alter_partition_reassignments(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: &AlterPartitionReassignmentsRequest,
        out: &mut Outbox,
    ) {
        let of_partition = |partition: &alter_partition_reassignments::ReassignablePartition| {
            ReassignablePartitionResponse {
                partition_index: partition.partition_index,
                error_code: REFUSED,
                error_message: None,
            }
        };
        let of_topic =
            |topic: &alter_partition_reassignments::ReassignableTopic| ReassignableTopicResponse {
                name: topic.name.clone(),
                partitions: topic.partitions.iter().map(of_partition).collect(),
            };
        let response = AlterPartitionReassignmentsResponse {
            error_code: REFUSED,
            responses: request.topics.iter().map(of_topic).collect(),
            ..AlterPartitionReassignmentsResponse::default()
        };
        self.answer(at, asked.id, &response, out);
    }

    pub(super) fn handle_list_partition_reassignments(
        &mut self,
        at: Moment,
        asked: &Asked,
        _: &ListPartitionReassignmentsRequest,
        out: &mut Outbox,
    ) {
        let response = ListPartitionReassignmentsResponse {
            error_code: REFUSED,
            ..ListPartitionReassignmentsResponse::default()
        };
        self.answer(at, asked.id, &response, out);
    }
}
