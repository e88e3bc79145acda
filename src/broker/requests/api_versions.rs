//! ApiVersions: what this broker serves, and the one answer that even an unknown version gets.

use super::Asked;
use crate::broker::Broker;
use crate::process::Outbox;
use crate::protocol::api::ApiVersionsResponse;
use crate::protocol::{ApiKey, ErrorCode};
use crate::time::Moment;

impl Broker {
    pub(super) fn handle_api_versions(&mut self, at: Moment, asked: &Asked, out: &mut Outbox) {
        let known = ApiKey::ApiVersions.versions().contains(&asked.id.version);
        let error = match known {
            true => ErrorCode::None,
            false => ErrorCode::UnsupportedVersion,
        };
        let response = ApiVersionsResponse::served(error);
        self.answer(at, asked.id, &response, out);
    }
}
