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
