//! C6 can fail.

use super::super::pictures::PicturesWereTrue;
use super::*;

type Law = Shown<PicturesWereTrue>;

fn updated() -> Fact {
    Fact::MetadataCacheUpdated {
        topics: 1,
        brokers: 3,
    }
}

#[test]
fn c6_a_picture_of_what_never_was_is_found() {
    let (world, mut law) = (world(), Law::default());
    let changed = from_zookeeper(&world, state_changed(0));
    assert_eq!(law.check(&world, &changed), Ok(()));
    holds(&mut law, &world, 2, updated());
    let mut other = world.clone();
    stand(&mut other, |state| {
        state.partition_epoch = PartitionEpoch(state.partition_epoch.0 - 1);
        state.isr = ids(&[1, 2]);
    });
    let mut law = Law::default();
    assert_eq!(law.check(&other, &changed), Ok(()));
    breaks(&mut law, &other, 2, updated(), "C6");
}

#[test]
fn c6_a_picture_that_goes_back_is_found() {
    let text = "world brokers=3 seed=1 latency=1ms zookeeper.session.timeout.ms=6000\n\
         topic orders partitions=1 replicas=1,2,3\nrun 1s\n";
    let early = played(text);
    let late = played(&format!("{text}kill b1\nrun 15s\n"));
    let mut law = Law::default();
    holds(&mut law, &early, 2, updated());
    holds(&mut law, &late, 2, updated());
    breaks(&mut law, &early, 2, updated(), "C6");
    // A new life begins with no picture.
    holds(&mut law, &early, 2, Fact::Started);
    holds(&mut law, &early, 2, updated());
}
