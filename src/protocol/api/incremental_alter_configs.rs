//! IncrementalAlterConfigs: changes single settings of a topic or a broker and leaves the others alone.

use crate::model::Text;
use crate::protocol::message::messages;

messages! {
    /// Asks for other settings.
    pub struct IncrementalAlterConfigsRequest [flexible 1] {
        resources: Vec<AlterConfigsResource> [0..];
        /// Whether only to check what would happen.
        validate_only: bool [0..];
    }

    /// Something that has settings.
    pub struct AlterConfigsResource {
        /// 2 for a topic, 4 for a broker, 8 for a broker's loggers.
        resource_type: i8 [0..];
        /// The topic's name or the broker's id.
        resource_name: Text [0..];
        configs: Vec<AlterableConfig> [0..];
    }

    /// A change of one setting.
    pub struct AlterableConfig {
        name: Text [0..];
        /// 0 sets the value, 1 returns to the default, 2 adds to a list, 3 takes from it.
        config_operation: i8 [0..];
        value: Option<Text> [0..] null [0..];
    }

    /// What became of the changes.
    pub struct IncrementalAlterConfigsResponse [flexible 1] {
        /// How long the client's next request will wait because of quotas.
        throttle_time_ms: i32 [0..];
        responses: Vec<AlterConfigsResourceResponse> [0..];
    }

    /// What became of the changes to one resource.
    pub struct AlterConfigsResourceResponse {
        error_code: i16 [0..];
        error_message: Option<Text> [0..] null [0..];
        resource_type: i8 [0..];
        resource_name: Text [0..];
    }
}
