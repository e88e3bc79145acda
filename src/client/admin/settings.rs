//! Settings of topics and brokers, as an admin client asks for them and changes them.

use crate::model::Text;
use crate::process::Configured;
use crate::protocol::api::describe_configs::{
    DescribeConfigsResource, DescribeConfigsResourceResult,
};
use crate::protocol::api::incremental_alter_configs::{AlterConfigsResource, AlterableConfig};
use crate::protocol::api::{DescribeConfigsRequest, IncrementalAlterConfigsRequest};

/// What kind of thing has the settings, as Kafka numbers it, and how it is called.
fn resource(of: &Configured) -> (i8, Text) {
    match of {
        Configured::Topic(topic) => (2, topic.0.clone()),
        Configured::Broker(id) => (4, id.to_string().into()),
        Configured::Brokers => (4, "".into()),
    }
}

/// Sets settings or, without a value, gives their defaults back.
pub(super) fn alter(
    of: &Configured,
    configs: &[(Text, Option<Text>)],
) -> IncrementalAlterConfigsRequest {
    let (resource_type, resource_name) = resource(of);
    let configs = configs.iter().map(|(name, value)| AlterableConfig {
        name: name.clone(),
        config_operation: i8::from(value.is_none()),
        value: value.clone(),
    });
    IncrementalAlterConfigsRequest {
        resources: vec![AlterConfigsResource {
            resource_type,
            resource_name,
            configs: configs.collect(),
        }],
        validate_only: false,
    }
}

/// Asks for settings.
pub(super) fn describe(of: &Configured, names: &[Text]) -> DescribeConfigsRequest {
    let (resource_type, resource_name) = resource(of);
    DescribeConfigsRequest {
        resources: vec![DescribeConfigsResource {
            resource_type,
            resource_name,
            configuration_keys: Some(names.to_vec()),
        }],
        include_synonyms: false,
        include_documentation: false,
    }
}

/// What an answer says of each setting, in words.
pub(super) fn told(
    of: &Configured,
    names: &[Text],
    configs: &[DescribeConfigsResourceResult],
) -> Vec<Text> {
    let told = names.iter().map(|name| {
        let found = configs.iter().find(|config| config.name == *name);
        let Some(found) = found else {
            return format!("{name} of {of} is not told").into();
        };
        let value = found.value.as_deref().unwrap_or("null");
        let source = match found.config_source {
            1 => "the topic says so",
            2 => "set for the broker",
            3 => "set for all brokers",
            4 => "the broker's file says so",
            5 => "by default",
            _ => "nobody says why",
        };
        format!("{name} of {of} is {value}, {source}").into()
    });
    told.collect()
}
