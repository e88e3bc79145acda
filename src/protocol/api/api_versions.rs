//! ApiVersions: the first thing a client asks, and the one question that may be asked in a version
//! the broker has never heard of.
//!
//! A broker that does not know the version answers in version 0 with UNSUPPORTED_VERSION and its
//! table all the same, so the client can ask again. For the same reason the answer's header never
//! has tagged fields.

use crate::model::Text;
use crate::protocol::message::messages;
use crate::protocol::{ApiKey, Audience, ErrorCode};

messages! {
    /// Asks which versions of which APIs the broker serves.
    pub struct ApiVersionsRequest [flexible 3] {
        /// The name of the client's library.
        client_software_name: Text [3..];
        /// The version of the client's library.
        client_software_version: Text [3..];
    }

    /// The table of what the broker serves.
    pub struct ApiVersionsResponse [flexible 3] {
        error_code: i16 [0..];
        /// A row per API.
        api_keys: Vec<ApiVersion> [0..];
        /// How long the client's next request will wait because of quotas.
        throttle_time_ms: i32 [1..];
        /// Features of the cluster that this broker could support.
        supported_features: Vec<SupportedFeatureKey> [3..] tag [0];
        /// Counts the changes of the finalized features; −1 if unknown.
        finalized_features_epoch: i64 [3..] tag [1] = -1;
        /// Features that the whole cluster has agreed on.
        finalized_features: Vec<FinalizedFeatureKey> [3..] tag [2];
        /// Whether a KRaft controller may take over from ZooKeeper.
        zk_migration_ready: bool [3..] tag [3];
    }

    /// The versions of one API.
    pub struct ApiVersion {
        api_key: i16 [0..];
        /// The oldest version served.
        min_version: i16 [0..];
        /// The newest version served.
        max_version: i16 [0..];
    }

    /// The levels of a feature that a broker supports.
    pub struct SupportedFeatureKey {
        name: Text [3..];
        min_version: i16 [3..];
        max_version: i16 [3..];
    }

    /// The levels of a feature that the cluster uses.
    pub struct FinalizedFeatureKey {
        name: Text [3..];
        max_version_level: i16 [3..];
        min_version_level: i16 [3..];
    }
}

impl ApiVersionsRequest {
    /// Whether the client says who it is as it must from version 3 on (`ApiVersionsRequest.isValid`).
    pub fn is_valid(&self, version: i16) -> bool {
        let names = [&self.client_software_name, &self.client_software_version];
        version < 3 || names.into_iter().all(|name| is_software_name(name))
    }
}

/// Letters and digits, with hyphens and dots between them.
fn is_software_name(name: &str) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric();
    let bytes = name.as_bytes();
    bytes.first().is_some_and(plain)
        && bytes.last().is_some_and(plain)
        && bytes
            .iter()
            .all(|byte| plain(byte) || matches!(byte, b'-' | b'.'))
}

impl ApiVersionsResponse {
    /// The table of this codec, as a broker tells it to clients.
    pub fn served(error: ErrorCode) -> ApiVersionsResponse {
        let clients = |api: &&ApiKey| api.audience() == Audience::Clients;
        let row = |api: &ApiKey| ApiVersion {
            api_key: api.code(),
            min_version: *api.versions().start(),
            max_version: *api.versions().end(),
        };
        ApiVersionsResponse {
            error_code: error.code(),
            api_keys: ApiKey::ALL.iter().filter(clients).map(row).collect(),
            ..ApiVersionsResponse::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_version_3_on_a_client_says_who_it_is() {
        let asks = |name: &str, software: &str| ApiVersionsRequest {
            client_software_name: name.into(),
            client_software_version: software.into(),
        };
        for (name, fine) in [
            ("a", true),
            ("7", true),
            ("apache-kafka-java", true),
            ("3.8.0", true),
            ("a..-b", true),
            ("", false),
            ("-bad", false),
            ("bad-", false),
            (".", false),
            ("a b", false),
            ("a_b", false),
            ("\u{e9}t\u{e9}", false),
            ("a\n", false),
        ] {
            assert_eq!(asks(name, "1").is_valid(3), fine, "{name:?}");
            assert_eq!(asks("a", name).is_valid(3), fine, "{name:?}");
            assert!(asks(name, name).is_valid(2), "{name:?}");
        }
    }
}
