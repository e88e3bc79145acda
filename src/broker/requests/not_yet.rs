//! Requests that are understood and not served yet: each is refused with NOT_CONTROLLER (41), in its own
//! way. ApiVersions does not list those of clients.

use super::Asked;
use crate::broker::Broker;
use crate::process::Outbox;
use crate::protocol::ErrorCode;
use crate::protocol::api::incremental_alter_configs::AlterConfigsResourceResponse;
use crate::protocol::api::*;
use crate::time::Moment;

const REFUSED: i16 = ErrorCode::NotController.code();

impl Broker {
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
}
