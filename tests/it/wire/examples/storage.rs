//! Examples of what administrators ask about stored data and settings.

use super::text;
use kafka_playground::protocol::api::*;

pub fn delete_records_request() -> DeleteRecordsRequest {
    use delete_records::{DeleteRecordsPartition, DeleteRecordsTopic};
    let partition = |partition_index, offset| DeleteRecordsPartition {
        partition_index,
        offset,
    };
    DeleteRecordsRequest {
        topics: vec![DeleteRecordsTopic {
            name: text("orders"),
            partitions: vec![partition(0, 42), partition(1, -1)],
        }],
        timeout_ms: 30_000,
    }
}

pub fn delete_records_response() -> DeleteRecordsResponse {
    use delete_records::{DeleteRecordsPartitionResult, DeleteRecordsTopicResult};
    let partition = |partition_index, low_watermark, error_code| DeleteRecordsPartitionResult {
        partition_index,
        low_watermark,
        error_code,
    };
    DeleteRecordsResponse {
        throttle_time_ms: 100,
        topics: vec![DeleteRecordsTopicResult {
            name: text("orders"),
            partitions: vec![partition(0, 42, 0), partition(1, -1, 6)],
        }],
    }
}

pub fn describe_configs_request() -> DescribeConfigsRequest {
    use describe_configs::DescribeConfigsResource;
    let resource = |resource_type, name, keys: Option<Vec<&str>>| DescribeConfigsResource {
        resource_type,
        resource_name: text(name),
        configuration_keys: keys.map(|keys| keys.into_iter().map(text).collect()),
    };
    DescribeConfigsRequest {
        resources: vec![
            resource(2, "orders", Some(vec!["retention.ms", "cleanup.policy"])),
            resource(4, "1", None),
        ],
        include_synonyms: true,
        include_documentation: true,
    }
}

pub fn describe_configs_response() -> DescribeConfigsResponse {
    use describe_configs::*;
    let synonym = |name, value: Option<&str>, source| DescribeConfigsSynonym {
        name: text(name),
        value: value.map(text),
        source,
    };
    DescribeConfigsResponse {
        throttle_time_ms: 100,
        results: vec![
            DescribeConfigsResult {
                error_code: 0,
                error_message: None,
                resource_type: 2,
                resource_name: text("orders"),
                configs: vec![DescribeConfigsResourceResult {
                    name: text("retention.ms"),
                    value: Some(text("60000")),
                    read_only: false,
                    is_default: true,
                    config_source: 1,
                    is_sensitive: false,
                    synonyms: vec![
                        synonym("retention.ms", Some("60000"), 1),
                        synonym("log.retention.ms", None, 4),
                    ],
                    config_type: 5,
                    documentation: Some(text("How old.")),
                }],
            },
            DescribeConfigsResult {
                error_code: 42,
                error_message: Some(text("another broker")),
                resource_type: 4,
                resource_name: text("1"),
                configs: vec![],
            },
        ],
    }
}

pub fn alter_configs_request() -> AlterConfigsRequest {
    use alter_configs::{AlterConfigsResource, AlterableConfig};
    let config = |name, value: Option<&str>| AlterableConfig {
        name: text(name),
        value: value.map(text),
    };
    AlterConfigsRequest {
        resources: vec![AlterConfigsResource {
            resource_type: 2,
            resource_name: text("orders"),
            configs: vec![
                config("retention.ms", Some("60000")),
                config("segment.bytes", None),
            ],
        }],
        validate_only: true,
    }
}

pub fn alter_configs_response() -> AlterConfigsResponse {
    AlterConfigsResponse {
        throttle_time_ms: 100,
        responses: vec![alter_configs::AlterConfigsResourceResponse {
            error_code: 42,
            error_message: Some(text("no value")),
            resource_type: 2,
            resource_name: text("orders"),
        }],
    }
}

pub fn describe_log_dirs_request() -> DescribeLogDirsRequest {
    DescribeLogDirsRequest {
        topics: Some(vec![describe_log_dirs::DescribableLogDirTopic {
            topic: text("orders"),
            partitions: vec![0, 1],
        }]),
    }
}

pub fn describe_log_dirs_response() -> DescribeLogDirsResponse {
    use describe_log_dirs::*;
    DescribeLogDirsResponse {
        throttle_time_ms: 100,
        error_code: 0,
        results: vec![DescribeLogDirsResult {
            error_code: 56,
            log_dir: text("/tmp/kafka-logs"),
            topics: vec![DescribeLogDirsTopic {
                name: text("orders"),
                partitions: vec![DescribeLogDirsPartition {
                    partition_index: 1,
                    partition_size: 4_096,
                    offset_lag: 3,
                    is_future_key: true,
                }],
            }],
            total_bytes: 1 << 40,
            usable_bytes: 1 << 30,
        }],
    }
}
