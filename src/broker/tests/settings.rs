//! Settings of topics and brokers: told, changed, refused.

use super::*;
use crate::protocol::api::alter_configs;
use crate::protocol::api::describe_configs::{
    DescribeConfigsResource, DescribeConfigsResourceResult, DescribeConfigsResult,
};
use crate::protocol::api::incremental_alter_configs::{AlterConfigsResource, AlterableConfig};
use crate::protocol::api::{
    AlterConfigsRequest, DescribeConfigsRequest, IncrementalAlterConfigsRequest,
};

const TOPICS: i8 = 2;
const BROKERS: i8 = 4;

const SET: i8 = 0;
const DELETE: i8 = 1;
const APPEND: i8 = 2;
const SUBTRACT: i8 = 3;

type Change<'a> = (&'a str, i8, Option<&'a str>);

fn change_request(kind: i8, name: &str, changes: &[Change]) -> IncrementalAlterConfigsRequest {
    let configs = changes
        .iter()
        .map(|(name, operation, value)| AlterableConfig {
            name: (*name).into(),
            config_operation: *operation,
            value: value.map(Into::into),
        });
    IncrementalAlterConfigsRequest {
        resources: vec![AlterConfigsResource {
            resource_type: kind,
            resource_name: name.into(),
            configs: configs.collect(),
        }],
        ..IncrementalAlterConfigsRequest::default()
    }
}

/// Changes settings and says what came of it.
fn change(bench: &mut Bench, kind: i8, name: &str, changes: &[Change]) -> (i16, String) {
    let admin = bench.open(1);
    let request = change_request(kind, name, changes);
    bench.ask(admin, &request, 1);
    bench.run_ms(50);
    let answer = bench.answer::<IncrementalAlterConfigsRequest>(admin, 1);
    let answer = &answer.expect("an answer").responses[0];
    let why = answer.error_message.as_deref().unwrap_or_default();
    (answer.error_code, why.to_owned())
}

fn describe(bench: &mut Bench, by: i32, kind: i8, name: &str) -> DescribeConfigsResult {
    let admin = bench.open(by);
    let request = DescribeConfigsRequest {
        resources: vec![DescribeConfigsResource {
            resource_type: kind,
            resource_name: name.into(),
            configuration_keys: None,
        }],
        include_synonyms: true,
        include_documentation: false,
    };
    bench.ask(admin, &request, 4);
    bench.run_ms(50);
    let answer = bench.answer::<DescribeConfigsRequest>(admin, 4);
    answer.expect("an answer").results.remove(0)
}

fn find(of: &DescribeConfigsResult, name: &str) -> DescribeConfigsResourceResult {
    let mut configs = of.configs.iter();
    let found = configs.find(|config| *config.name == *name);
    found.cloned().expect(name)
}

/// The value, and by name, value and source whatever says something.
fn told(of: &DescribeConfigsResult, name: &str) -> (String, Vec<(String, i8)>) {
    let found = find(of, name);
    let synonyms = found.synonyms.iter();
    let synonyms = synonyms.map(|one| {
        let value = one.value.as_deref().unwrap_or("null");
        (format!("{}={value}", one.name), one.source)
    });
    let synonyms: Vec<(String, i8)> = synonyms.collect();
    let source = synonyms.first().map_or(5, |first| first.1);
    assert_eq!(found.config_source, source);
    (
        found.value.as_deref().unwrap_or("null").to_owned(),
        synonyms,
    )
}

#[test]
fn every_source_of_a_setting_is_told_and_the_nearest_counts() {
    let mut bench = Bench::new(&[("min.insync.replicas", "2")], &[("retention.ms", "5000")]);
    let name = |text: &str, source| (text.to_owned(), source);
    let of_topic = describe(&mut bench, 2, TOPICS, TOPIC);
    assert_eq!(
        told(&of_topic, "min.insync.replicas"),
        (
            "2".into(),
            vec![
                name("min.insync.replicas=2", 4),
                name("min.insync.replicas=1", 5)
            ]
        )
    );
    assert_eq!(
        told(&of_topic, "retention.ms"),
        ("5000".into(), vec![name("retention.ms=5000", 1)]),
        "Kafka has its default in hours, which is another setting"
    );
    assert_eq!(told(&of_topic, "flush.ms").1, []);
    for (to, setting, value) in [
        ("", "min.insync.replicas", "1"),
        ("1", "message.max.bytes", "99"),
    ] {
        let changed = change(&mut bench, BROKERS, to, &[(setting, SET, Some(value))]);
        assert_eq!(changed, (0, String::new()));
    }
    let of_broker = describe(&mut bench, 1, BROKERS, "1");
    assert_eq!(
        told(&of_broker, "min.insync.replicas").1,
        [
            name("min.insync.replicas=1", 3),
            name("min.insync.replicas=2", 4),
            name("min.insync.replicas=1", 5)
        ]
    );
    assert_eq!(
        told(&of_broker, "message.max.bytes").1[0],
        name("message.max.bytes=99", 2)
    );
    assert!(find(&of_broker, "num.partitions").read_only);
    assert!(!find(&of_broker, "message.max.bytes").read_only);
    let elsewhere = describe(&mut bench, 2, BROKERS, "2");
    assert_eq!(
        told(&elsewhere, "message.max.bytes").1[0].1,
        5,
        "that was for broker 1"
    );
    let of_all = describe(&mut bench, 3, BROKERS, "");
    assert_eq!(of_all.configs.len(), 1);
    // Replicas go by it at once.
    assert_eq!(bench.replica(2).config().min_insync_replicas, 1);
    assert_eq!(bench.replica(1).config().max_message_bytes, 99);
    assert_eq!(bench.replica(2).config().max_message_bytes, 1_048_588);
    let back = change(
        &mut bench,
        BROKERS,
        "",
        &[("min.insync.replicas", DELETE, None)],
    );
    assert_eq!(back.0, 0);
    assert_eq!(
        bench.replica(3).config().min_insync_replicas,
        2,
        "the file counts again"
    );
}

#[test]
fn a_time_in_another_unit_is_told_as_its_own_key_says() {
    let mut bench = Bench::new(&[], &[]);
    let name = |text: &str, source| (text.to_owned(), source);
    for setting in ["log.retention.ms", "log.roll.ms"] {
        let changed = change(&mut bench, BROKERS, "", &[(setting, SET, Some("77777"))]);
        assert_eq!(changed, (0, String::new()));
    }
    let of_broker = describe(&mut bench, 1, BROKERS, "1");
    for hours in ["log.retention.hours", "log.roll.hours"] {
        let default = name(&format!("{hours}=168"), 5);
        assert_eq!(told(&of_broker, hours), ("168".into(), vec![default]));
    }
    assert_eq!(told(&of_broker, "log.retention.minutes").0, "null");
    let (value, synonyms) = told(&of_broker, "log.retention.ms");
    assert_eq!(value, "77777");
    assert_eq!(synonyms[0], name("log.retention.ms=77777", 3));
    // What the file says in hours can be told in hours, and what it says in milliseconds cannot.
    for (setting, value, expected) in [
        ("log.retention.hours", "2", ("2", 4)),
        ("log.retention.ms", "7200001", ("168", 5)),
        ("log.roll.hours", "3", ("168", 5)),
    ] {
        let mut bench = Bench::new(&[(setting, value)], &[]);
        let of_broker = describe(&mut bench, 1, BROKERS, "1");
        let (value, synonyms) = told(&of_broker, "log.retention.hours");
        assert_eq!((&*value, synonyms[0].1), expected, "{setting}");
    }
}

#[test]
fn settings_are_told_as_they_are_asked_for() {
    let mut bench = Bench::new(&[], &[("flush.ms", "7")]);
    let admin = bench.open(1);
    let resource = |kind, name: &str, keys: Option<Vec<Text>>| DescribeConfigsResource {
        resource_type: kind,
        resource_name: name.into(),
        configuration_keys: keys,
    };
    let request = DescribeConfigsRequest {
        resources: vec![
            resource(TOPICS, "nothing", None),
            resource(
                TOPICS,
                TOPIC,
                Some(vec!["flush.ms".into(), "no.such".into()]),
            ),
            resource(TOPICS, "no topic", None),
            resource(BROKERS, "2", None),
            resource(BROKERS, "two", None),
            resource(8, "1", None),
        ],
        include_synonyms: false,
        include_documentation: true,
    };
    bench.ask(admin, &request, 3);
    bench.run_ms(50);
    let answer = bench.answer::<DescribeConfigsRequest>(admin, 3);
    let results = answer.expect("an answer").results;
    let codes: Vec<i16> = results.iter().map(|result| result.error_code).collect();
    assert_eq!(codes, [3, 0, 17, 42, 42, 42]);
    let [flush] = &results[1].configs[..] else {
        panic!("one setting: {:?}", results[1].configs);
    };
    assert_eq!(
        flush.value.as_deref(),
        Some("7"),
        "what has no effect is kept"
    );
    assert_eq!((flush.config_source, flush.config_type), (1, 5));
    assert!(flush.synonyms.is_empty());
    assert!(flush.documentation.is_some());
    assert_eq!(
        results[3].error_message.as_deref(),
        Some("Unexpected broker id, expected 1 or empty string, but received 2")
    );
}

#[test]
fn lists_grow_and_shrink_and_what_is_no_list_does_not() {
    let mut bench = Bench::new(&[], &[]);
    let policy = |bench: &Bench| bench.replica(2).config().get("cleanup.policy");
    for (operation, value, expected) in [
        (APPEND, "compact", "compact,delete"),
        (SUBTRACT, "delete", "compact"),
        (SUBTRACT, "delete", "compact"),
        (SET, "delete,compact", "compact,delete"),
    ] {
        let changes = [("cleanup.policy", operation, Some(value))];
        assert_eq!(
            change(&mut bench, TOPICS, TOPIC, &changes),
            (0, String::new())
        );
        assert_eq!(policy(&bench).as_deref(), Some(expected));
    }
    let gone = [("cleanup.policy", SUBTRACT, Some("delete,compact"))];
    assert_eq!(change(&mut bench, TOPICS, TOPIC, &gone).0, 0);
    assert_eq!(policy(&bench).as_deref(), Some(""));
    let (value, _) = told(&describe(&mut bench, 3, TOPICS, TOPIC), "cleanup.policy");
    assert_eq!(value, "");
    let wrong = [("cleanup.policy", SET, Some("delete,shred"))];
    assert_eq!(change(&mut bench, TOPICS, TOPIC, &wrong).0, 40);
    let refusals = [
        (
            "retention.ms",
            APPEND,
            "1",
            40,
            "Config value append is not allowed for config key: retention.ms",
        ),
        ("no.such", SUBTRACT, "1", 40, "Unknown config name: no.such"),
        (
            "no.such",
            SET,
            "1",
            40,
            "Unknown topic config name: no.such",
        ),
        ("retention.ms", 9, "1", 42, "Unknown operations type 9"),
        (
            "retention.ms",
            SET,
            "soon",
            40,
            "Invalid config value for resource ConfigResource(type=TOPIC, name='orders'): \
             Invalid value soon for configuration retention.ms: Not a number of type LONG",
        ),
        ("min.compaction.lag.ms", SET, "9223372036854775807", 0, ""),
        (
            "max.compaction.lag.ms",
            SET,
            "5",
            40,
            "conflict topic config setting min.compaction.lag.ms (9223372036854775807) > \
             max.compaction.lag.ms (5)",
        ),
    ];
    for (name, operation, value, error, why) in refusals {
        let changed = change(&mut bench, TOPICS, TOPIC, &[(name, operation, Some(value))]);
        assert_eq!(changed, (error, why.to_owned()));
    }
    let twice = [
        ("retention.ms", SET, Some("1")),
        ("retention.ms", DELETE, None),
    ];
    assert_eq!(
        change(&mut bench, TOPICS, TOPIC, &twice),
        (42, "Error due to duplicate config keys".into())
    );
    assert_eq!(
        change(&mut bench, TOPICS, TOPIC, &[("retention.ms", SET, None)]),
        (42, "Null value not supported for : retention.ms".into())
    );
    assert_eq!(
        change(&mut bench, 3, "x", &[]),
        (42, "Unknown resource type 3".into())
    );
    assert_eq!(
        change(&mut bench, TOPICS, "tea", &[]),
        (3, "The topic 'tea' does not exist.".into())
    );
}

#[test]
fn a_broker_changes_what_can_change_while_it_runs() {
    let mut bench = Bench::new(&[], &[]);
    for (to, name, value, expected) in [
        (
            "1",
            "num.partitions",
            "3",
            "Cannot update these configs dynamically: Set(num.partitions)",
        ),
        (
            "1",
            "no.such",
            "3",
            "This broker does not model these configs and cannot update them: no.such",
        ),
        (
            "",
            "num.io.threads",
            "3",
            "This broker does not model these configs and cannot update them: num.io.threads",
        ),
        (
            "2",
            "message.max.bytes",
            "3",
            "Unexpected broker id, expected 1, but received 2",
        ),
        (
            "one",
            "message.max.bytes",
            "3",
            "Node id must be an integer, but it is: one",
        ),
        (
            "1",
            "message.max.bytes",
            "-3",
            "Invalid value -3 for configuration message.max.bytes: Value must be at least 0",
        ),
    ] {
        let changed = change(&mut bench, BROKERS, to, &[(name, SET, Some(value))]);
        assert_eq!(changed, (42, expected.to_owned()));
    }
    let unclean = [("unclean.leader.election.enable", SET, Some("true"))];
    assert_eq!(change(&mut bench, BROKERS, "", &unclean).0, 0);
    for id in 1..=3 {
        assert!(
            bench.noted(id, |fact| *fact == Fact::BrokerConfigured),
            "b{id}"
        );
        assert!(bench.broker(id).config().log.unclean_leader_election);
    }
}

#[test]
fn the_older_request_takes_away_what_it_does_not_name() {
    let mut bench = Bench::new(&[], &[("retention.ms", "5000"), ("segment.ms", "9")]);
    let admin = bench.open(2);
    let mut request = AlterConfigsRequest {
        resources: vec![alter_configs::AlterConfigsResource {
            resource_type: TOPICS,
            resource_name: TOPIC.into(),
            configs: vec![alter_configs::AlterableConfig {
                name: "segment.ms".into(),
                value: Some("10".into()),
            }],
        }],
        validate_only: true,
    };
    let week = Duration::from_secs(7 * 86_400);
    for (validate_only, retention) in [(true, Duration::from_millis(5_000)), (false, week)] {
        request.validate_only = validate_only;
        bench.ask(admin, &request, 2);
        bench.run_ms(50);
        let answer = bench.answer::<AlterConfigsRequest>(admin, 2);
        assert_eq!(answer.expect("an answer").responses[0].error_code, 0);
        assert_eq!(bench.replica(1).config().retention, Some(retention));
    }
    let twice = request.resources[0].clone();
    request.resources.push(twice);
    let answer = bench.call(admin, &request, 2);
    for answer in answer.responses {
        let why = answer.error_message.expect("a sentence");
        assert_eq!(
            (answer.error_code, &*why),
            (42, "Each resource must appear at most once.")
        );
    }
}

#[test]
fn notes_that_everybody_has_long_read_go_when_another_comes() {
    let mut bench = Bench::new(&[], &[]);
    let notes = |bench: &Bench| -> Vec<String> {
        let all = bench.zookeeper.tree().children(znodes::CONFIG_CHANGES);
        let all = all.expect("it is there");
        all.map(|name| name.trim_start_matches("config_change_0000000").to_owned())
            .collect()
    };
    let set = |bench: &mut Bench, value: &str| {
        let changed = change(bench, TOPICS, TOPIC, &[("retention.ms", SET, Some(value))]);
        assert_eq!(changed.0, 0);
    };
    set(&mut bench, "1000");
    set(&mut bench, "2000");
    assert_eq!(notes(&bench), ["000", "001"]);
    bench.run(Duration::from_secs(14 * 60));
    set(&mut bench, "3000");
    assert_eq!(notes(&bench), ["000", "001", "002"]);
    bench.run(Duration::from_secs(61));
    set(&mut bench, "4000");
    bench.run_ms(100);
    assert_eq!(notes(&bench), ["002", "003"]);
    for id in 1..=3 {
        let (value, _) = told(&describe(&mut bench, id, TOPICS, TOPIC), "retention.ms");
        assert_eq!(value, "4000");
    }
}

#[test]
fn the_cleaner_has_room_for_more_than_a_few_keys() {
    let mut config = Config::default();
    let name = "log.cleaner.dedupe.buffer.size";
    for (value, fine) in [("1048577", true), ("1048576", false), ("24", false)] {
        assert_eq!(config.set(name, value).is_ok(), fine, "{value}");
    }
    let mut bench = Bench::new(&[], &[]);
    let changed = change(&mut bench, BROKERS, "", &[(name, SET, Some("24"))]);
    assert_eq!(changed.0, 42, "{}", changed.1);
}

#[test]
fn who_creates_a_topic_is_told_its_settings_as_who_asks_for_them_later() {
    let mut bench = Bench::new(&[("log.retention.ms", "5000")], &[]);
    let mut request = super::metadata::create("new", 1, 3);
    for (name, value) in [("compression.type", "gzip"), ("segment.bytes", "70")] {
        let config = crate::protocol::api::create_topics::CreateableTopicConfig {
            name: name.into(),
            value: Some(value.into()),
        };
        request.topics[0].configs.push(config);
    }
    let connection = bench.open(1);
    bench.ask(connection, &request, 5);
    bench.run_ms(200);
    let response = bench.answer::<crate::protocol::api::CreateTopicsRequest>(connection, 5);
    let response = response.expect("an answer");
    let told = response.topics[0].configs.as_ref().expect("its settings");
    bench.run_ms(200);
    let described = describe(&mut bench, 2, TOPICS, "new");
    assert_eq!(told.len(), described.configs.len());
    for one in told {
        let later = find(&described, &one.name);
        let now = (&one.value, one.config_source, one.read_only);
        let then = (&later.value, later.config_source, later.read_only);
        assert_eq!(now, then, "{}", one.name);
    }
    let source = |name: &str| {
        told.iter()
            .find(|one| *one.name == *name)
            .map(|one| one.config_source)
    };
    let sources = ["compression.type", "retention.ms", "max.message.bytes"].map(source);
    assert_eq!(sources, [Some(1), Some(4), Some(5)]);
}
