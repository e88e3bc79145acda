//! P3 can fail.

use super::super::answers::WhoAsksIsAnswered;
use super::*;
use crate::broker::RequestId;
use crate::fact::CloseReason;
use crate::process::Input;
use crate::time::Duration;
use crate::world::Journal;

#[test]
fn p3_an_answer_that_comes_twice_or_to_nothing_is_found() {
    let world = world();
    let mut law = Shown::<WhoAsksIsAnswered>::default();
    holds(&mut law, &world, 1, connected());
    holds(&mut law, &world, 1, sent(ApiKey::Metadata, 9, 5));
    holds(&mut law, &world, 1, answered(ApiKey::Metadata, 9, 5));
    breaks(&mut law, &world, 1, answered(ApiKey::Metadata, 9, 5), "P3");
}

#[test]
fn p3_a_request_that_waits_longer_than_its_sender_allows_is_found() {
    let mut world = world();
    let came = Input::Opened {
        connection: to_consumer(),
        from: ProcessId::Consumer(1),
        host: None,
    };
    world.give(ProcessId::Broker(1), came, &mut Journal::default());
    let parked = || Fact::RequestParked {
        connection: to_consumer(),
        api: ApiKey::Fetch,
        correlation_id: 5,
    };
    let mut law = Shown::<WhoAsksIsAnswered>::default();
    holds(&mut law, &world, 1, connected());
    holds(&mut law, &world, 1, sent(ApiKey::Fetch, 12, 5));
    holds(&mut law, &world, 1, parked());
    // fetch.max.wait.ms is 500 unless said otherwise.
    let later = |millis| {
        entry(
            world.now() + Duration::from_millis(millis),
            None,
            Fact::Started,
        )
    };
    assert_eq!(law.clone().check(&world, &later(500)), Ok(()));
    let what = law
        .clone()
        .check(&world, &later(501))
        .expect_err("it waits");
    assert!(what.starts_with("P3: #5"), "{what}");
    let mut frozen = world.clone();
    frozen.freeze(ProcessId::Broker(1), &mut Journal::default());
    let excused = law.clone().check(&frozen, &later(501));
    assert_eq!(excused, Ok(()), "who stands still may be late");
    holds(&mut law, &world, 1, answered(ApiKey::Fetch, 12, 5));
    assert_eq!(law.check(&world, &later(501)), Ok(()), "it was answered");
}

#[test]
fn p3_what_an_admin_asks_waits_no_longer_than_he_allows() {
    let world = played(
        "world brokers=1 seed=1 latency=1ms\ntopic orders partitions=1 replicas=1\nadmin a1\nrun 1s\n",
    );
    for api in [
        ApiKey::CreateTopics,
        ApiKey::DeleteTopics,
        ApiKey::CreatePartitions,
        ApiKey::ElectLeaders,
        ApiKey::DeleteRecords,
    ] {
        let connection = to_client(ProcessId::Admin(1));
        let mut world = world.clone();
        let came = Input::Opened {
            connection,
            from: ProcessId::Admin(1),
            host: None,
        };
        world.give(ProcessId::Broker(1), came, &mut Journal::default());
        let news = |fact| entry(world.now(), Some(ProcessId::Broker(1)), fact);
        let mut law = Shown::<WhoAsksIsAnswered>::default();
        let said = [
            Fact::Connected {
                connection: connection.other_end(),
                to: "b1:9092".into(),
            },
            Fact::RequestSent {
                connection: connection.other_end(),
                api,
                version: 2,
                correlation_id: 5,
            },
            Fact::RequestParked {
                connection,
                api,
                correlation_id: 5,
            },
        ];
        for fact in said {
            assert_eq!(law.check(&world, &news(fact)), Ok(()));
        }
        // request.timeout.ms is 30 s unless said otherwise.
        let later = |wait| entry(world.now() + wait, None, Fact::Started);
        let allowed = Duration::from_secs(30);
        assert_eq!(
            law.clone().check(&world, &later(allowed)),
            Ok(()),
            "{api:?}"
        );
        is_about(law.check(&world, &later(allowed + Duration::TICK)), "P3");
    }
}

#[test]
fn p3_a_request_that_a_broker_swallows_is_found() {
    let mut world = world();
    let mut law = Shown::<WhoAsksIsAnswered>::default();
    holds(&mut law, &world, 1, connected());
    holds(&mut law, &world, 1, sent(ApiKey::ApiVersions, 3, 5));
    let gave_up = || Fact::Disconnected {
        connection: to_consumer().other_end(),
        to: "b1:9092".into(),
        reason: CloseReason::RequestTimedOut,
    };
    holds(&mut law.clone(), &world, 1, gave_up());
    broker_mut(&mut world, 1).plant_busy(RequestId {
        connection: to_consumer(),
        api: ApiKey::ApiVersions,
        version: 3,
        correlation_id: 5,
    });
    breaks(&mut law, &world, 1, gave_up(), "P3");
}
