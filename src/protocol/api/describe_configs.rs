//! DescribeConfigs: the settings of topics and brokers, and where each comes from.

use crate::model::Text;
use crate::protocol::message::messages;

messages! {
    /// Whose settings are asked for.
    pub struct DescribeConfigsRequest [flexible 4] {
        resources: Vec<DescribeConfigsResource> [0..];
        /// Whether to tell what each setting would be without the one that counts.
        include_synonyms: bool [1..];
        include_documentation: bool [3..];
    }

    /// A topic or a broker.
    pub struct DescribeConfigsResource {
        /// 2 for a topic, 4 for a broker, 8 for a broker's logger.
        resource_type: i8 [0..];
        resource_name: Text [0..];
        /// The settings; null for all.
        configuration_keys: Option<Vec<Text>> [0..] null [0..] = Some(Vec::new());
    }

    /// The settings.
    pub struct DescribeConfigsResponse [flexible 4] {
        /// How long the client's next request will wait because of quotas.
        throttle_time_ms: i32 [0..];
        results: Vec<DescribeConfigsResult> [0..];
    }

    /// The settings of one topic or broker.
    pub struct DescribeConfigsResult {
        error_code: i16 [0..];
        error_message: Option<Text> [0..] null [0..] = Some(Text::default());
        resource_type: i8 [0..];
        resource_name: Text [0..];
        configs: Vec<DescribeConfigsResourceResult> [0..];
    }

    /// One setting. The name is Kafka's.
    pub struct DescribeConfigsResourceResult {
        name: Text [0..];
        value: Option<Text> [0..] null [0..] = Some(Text::default());
        read_only: bool [0..];
        is_default: bool [0..=0];
        /// 1 the topic, 2 the broker at run time, 3 all brokers at run time, 4 the broker's file, 5 Kafka's
        /// default.
        config_source: i8 [1..] = -1;
        is_sensitive: bool [0..];
        synonyms: Vec<DescribeConfigsSynonym> [1..];
        /// What kind of value it is: 1 boolean, 2 string, 3 int, 4 short, 5 long, 6 double, 7 list.
        config_type: i8 [3..];
        documentation: Option<Text> [3..] null [0..] = Some(Text::default());
    }

    /// What a setting is, or would be, elsewhere.
    pub struct DescribeConfigsSynonym {
        name: Text [1..];
        value: Option<Text> [1..] null [0..] = Some(Text::default());
        source: i8 [1..];
    }
}
