//! AlterConfigs: replaces all settings of topics and brokers. IncrementalAlterConfigs changes single ones.

use crate::model::Text;
use crate::protocol::message::messages;

messages! {
    /// The settings that there shall be.
    pub struct AlterConfigsRequest [flexible 2] {
        resources: Vec<AlterConfigsResource> [0..];
        /// Whether only to check what would happen.
        validate_only: bool [0..];
    }

    /// All settings of one topic or broker; those that are not named go.
    pub struct AlterConfigsResource {
        /// 2 for a topic, 4 for a broker.
        resource_type: i8 [0..];
        resource_name: Text [0..];
        configs: Vec<AlterableConfig> [0..];
    }

    /// One setting.
    pub struct AlterableConfig {
        name: Text [0..];
        value: Option<Text> [0..] null [0..] = Some(Text::default());
    }

    /// What became of it.
    pub struct AlterConfigsResponse [flexible 2] {
        /// How long the client's next request will wait because of quotas.
        throttle_time_ms: i32 [0..];
        responses: Vec<AlterConfigsResourceResponse> [0..];
    }

    /// What became of one topic's or broker's. The name is Kafka's.
    pub struct AlterConfigsResourceResponse {
        error_code: i16 [0..];
        error_message: Option<Text> [0..] null [0..] = Some(Text::default());
        resource_type: i8 [0..];
        resource_name: Text [0..];
    }
}
