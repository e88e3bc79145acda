//! P2, R14, R17, R18 can fail.

use super::super::clients::ClientsAreToldTheTruth;
use super::*;

type Law = Shown<ClientsAreToldTheTruth>;

fn acknowledged(base: i64, acks: i16) -> Fact {
    Fact::RecordsAcknowledged {
        partition: orders(),
        base_offset: Offset(base),
        records: 1,
        acks,
    }
}

fn from_client(world: &World, client: ProcessId, fact: Fact) -> Entry {
    entry(world.now(), Some(client), fact)
}

#[test]
fn p2_answers_in_another_order_than_the_questions_are_found() {
    let (world, mut law) = (world(), Law::default());
    holds(&mut law, &world, 1, answered(ApiKey::Metadata, 9, 5));
    holds(&mut law, &world, 1, answered(ApiKey::Metadata, 9, 6));
    breaks(&mut law, &world, 1, answered(ApiKey::Metadata, 9, 5), "P2");
}

#[test]
fn r14_a_consumer_that_reads_what_is_not_committed_is_found() {
    let (world, mut law) = (world(), Law::default());
    let reads = |base: i64, next: i64| {
        let fact = Fact::RecordsConsumed {
            partition: orders(),
            base_offset: Offset(base),
            next_offset: Offset(next),
            records: 1,
        };
        from_client(&world, ProcessId::Consumer(1), fact)
    };
    holds(&mut law, &world, 1, committed(2));
    assert_eq!(law.check(&world, &reads(0, 2)), Ok(()));
    is_about(law.check(&world, &reads(2, 3)), "R14");
}

#[test]
fn r14_a_consumer_that_skips_or_repeats_is_found() {
    let (world, mut law) = (world(), Law::default());
    let consumer = ProcessId::Consumer(1);
    let reads = |base: i64, next: i64| {
        let fact = Fact::RecordsConsumed {
            partition: orders(),
            base_offset: Offset(base),
            next_offset: Offset(next),
            records: 1,
        };
        from_client(&world, consumer, fact)
    };
    let set = |to: i64| {
        let fact = Fact::PositionSet {
            partition: orders(),
            to: Offset(to),
            why: "seek".into(),
        };
        from_client(&world, consumer, fact)
    };
    holds(&mut law, &world, 1, committed(3));
    for news in [set(0), reads(0, 1), reads(1, 2)] {
        assert_eq!(law.check(&world, &news), Ok(()));
    }
    is_about(law.clone().check(&world, &reads(1, 2)), "R14");
    is_about(law.clone().check(&world, &reads(3, 3)), "R14");
    for news in [set(1), reads(1, 2), reads(2, 3)] {
        assert_eq!(law.check(&world, &news), Ok(()));
    }
}

#[test]
fn r17_an_acknowledgement_of_what_is_not_committed_is_found() {
    let (world, mut law) = (world(), Law::default());
    holds(&mut law, &world, 1, committed(2));
    holds(&mut law, &world, 1, acknowledged(1, -1));
    breaks(&mut law, &world, 1, acknowledged(2, -1), "R17");
}

#[test]
fn r18_an_acknowledgement_of_what_is_not_written_is_found() {
    let (world, mut law) = (world(), Law::default());
    holds(&mut law, &world, 1, appended(Role::Leader, 0, 2, 0));
    holds(&mut law, &world, 1, acknowledged(1, 1));
    breaks(&mut law, &world, 1, acknowledged(2, 1), "R18");
    holds(&mut law, &world, 1, acknowledged(-1, 0));
    breaks(&mut law, &world, 1, acknowledged(1, 0), "R18");
}
