//! ApiVersions: what this broker serves, and the one answer that even an unknown version gets.

use super::Asked;
use crate::broker::Broker;
use crate::process::Outbox;
use crate::protocol::api::{ApiVersionsRequest, ApiVersionsResponse};
use crate::protocol::{ApiKey, ErrorCode};
use crate::time::Moment;

impl Broker {
    pub(super) fn handle_api_versions(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: &ApiVersionsRequest,
        out: &mut Outbox,
    ) {
        let version = asked.id.version;
        let response = match ApiKey::ApiVersions.versions().contains(&version) {
            false => ApiVersionsResponse::served(ErrorCode::UnsupportedVersion),
            true if request.is_valid(version) => ApiVersionsResponse::served(ErrorCode::None),
            // Who does not say who it is learns nothing of this broker either.
            true => ApiVersionsResponse {
                error_code: ErrorCode::InvalidRequest.code(),
                ..ApiVersionsResponse::default()
            },
        };
        self.answer(at, asked.id, &response, out);
    }
}
