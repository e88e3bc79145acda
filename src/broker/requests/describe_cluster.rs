//! DescribeCluster: the half of Metadata that is about brokers, without topics.

use super::Asked;
use super::metadata::CLUSTER_OPERATIONS;
use crate::broker::Broker;
use crate::model::BrokerId;
use crate::process::Outbox;
use crate::protocol::ErrorCode;
use crate::protocol::api::describe_cluster::DescribeClusterBroker;
use crate::protocol::api::metadata::NOT_ASKED;
use crate::protocol::api::{DescribeClusterRequest, DescribeClusterResponse};
use crate::time::Moment;

/// What is asked for, as Kafka numbers it.
const BROKERS: i8 = 1;
const CONTROLLERS: i8 = 2;

impl Broker {
    pub(super) fn handle_describe_cluster(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: &DescribeClusterRequest,
        out: &mut Outbox,
    ) {
        let refused = match request.endpoint_type {
            BROKERS => None,
            CONTROLLERS => Some(ErrorCode::MismatchedEndpointType),
            _ => Some(ErrorCode::UnsupportedEndpointType),
        };
        if let Some(error) = refused {
            let response = DescribeClusterResponse {
                error_code: error.code(),
                error_message: Some("brokers know of brokers only".into()),
                ..DescribeClusterResponse::default()
            };
            return self.answer(at, asked.id, &response, out);
        }
        let image = &self.metadata;
        let controller = image.controller().filter(|id| image.is_alive(*id));
        let brokers = image.brokers().iter();
        let response = DescribeClusterResponse {
            cluster_id: self.cluster_id.clone().unwrap_or_else(|| "".into()),
            controller_id: controller.unwrap_or(BrokerId::NONE).0,
            brokers: brokers
                .map(|(id, address)| DescribeClusterBroker {
                    broker_id: id.0,
                    host: address.host.clone(),
                    port: i32::from(address.port),
                    rack: None,
                })
                .collect(),
            cluster_authorized_operations: match request.include_cluster_authorized_operations {
                true => CLUSTER_OPERATIONS,
                false => NOT_ASKED,
            },
            ..DescribeClusterResponse::default()
        };
        self.answer(at, asked.id, &response, out);
    }
}
