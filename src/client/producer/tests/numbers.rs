//! Tests of the numbers alone, without a producer around them.

use crate::client::producer::numbering::{Identity, Numbering, Stamp, comes_before, sequence_plus};
use crate::model::{ProducerEpoch, ProducerId, TopicPartition};
use crate::protocol::ErrorCode;
use crate::time::Instant;

fn orders() -> TopicPartition {
    TopicPartition::new("orders", 0)
}

fn numbering() -> Numbering {
    let mut numbering = Numbering::default();
    numbering.take_id(Identity {
        id: ProducerId(7),
        epoch: ProducerEpoch(0),
    });
    numbering
}

/// The epochs and sequences of stamps.
fn shown(stamps: &[Stamp]) -> Vec<(i16, i32)> {
    let stamps = stamps.iter();
    stamps
        .map(|stamp| (stamp.identity.epoch.0, stamp.base_sequence))
        .collect()
}

#[test]
fn sequences_count_records_and_wrap() {
    assert_eq!(sequence_plus(4, 3), 7);
    assert_eq!(sequence_plus(i32::MAX, 1), 0);
    assert_eq!(sequence_plus(i32::MAX - 1, 4), 2);
    assert!(comes_before(3, 4) && !comes_before(4, 3) && !comes_before(3, 3));
    assert!(comes_before(i32::MAX, 0) && !comes_before(0, i32::MAX));
}

#[test]
fn nothing_goes_without_an_id() {
    let mut numbering = Numbering::default();
    assert!(!numbering.may_go(&orders(), None));
    assert!(numbering.wants_id(Instant::ZERO));
    numbering.asked();
    assert!(!numbering.wants_id(Instant::ZERO));
    numbering.ask_again(Instant::from_secs(1));
    assert!(!numbering.wants_id(Instant::ZERO));
    assert!(numbering.wants_id(Instant::from_secs(1)));
    numbering.refuse(ErrorCode::ClusterAuthorizationFailed);
    assert!(!numbering.wants_id(Instant::from_secs(9)));
}

#[test]
fn the_oldest_of_those_sent_again_goes_first() {
    let (mut numbering, orders) = (numbering(), orders());
    let stamps: Vec<Stamp> = (0..3).map(|_| numbering.give(&orders, 2)).collect();
    assert_eq!(shown(&stamps), [(0, 0), (0, 2), (0, 4)]);
    assert!(numbering.may_go(&orders, Some(stamps[0])));
    assert!(!numbering.may_go(&orders, Some(stamps[1])));
    numbering.acknowledged(&orders, stamps[0], 2);
    assert!(numbering.may_go(&orders, Some(stamps[1])));
    assert!(
        numbering.may_go(&orders, None),
        "a new one may follow at any time"
    );
}

#[test]
fn out_of_order_is_a_gap_only_for_the_next_batch() {
    let (mut numbering, orders) = (numbering(), orders());
    let first = numbering.give(&orders, 1);
    let second = numbering.give(&orders, 1);
    let refused = ErrorCode::OutOfOrderSequenceNumber;
    assert!(numbering.may_retry(&orders, second, false, refused));
    assert_eq!(
        numbering.begin_anew(),
        [],
        "the first has not been heard of"
    );
    assert!(numbering.may_retry(&orders, first, false, refused));
    assert_eq!(numbering.begin_anew(), std::slice::from_ref(&orders));
    let anew = numbering.restart(&orders, &[1, 1]);
    assert_eq!(shown(&anew), [(1, 0), (1, 1)]);
    assert_eq!(numbering.give(&orders, 1).base_sequence, 2);
}

#[test]
fn a_batch_that_was_given_up_holds_back_new_ones_until_the_others_are_heard_of() {
    let (mut numbering, orders) = (numbering(), orders());
    let first = numbering.give(&orders, 1);
    let second = numbering.give(&orders, 1);
    numbering.given_up(&orders, first, 1);
    numbering.resolve();
    assert!(!numbering.may_go(&orders, None));
    // The second is written, so the first was too.
    numbering.acknowledged(&orders, second, 1);
    numbering.resolve();
    assert!(numbering.may_go(&orders, None));
    assert_eq!(numbering.begin_anew(), []);
    // The third is given up, and nobody knows.
    let third = numbering.give(&orders, 1);
    numbering.given_up(&orders, third, 1);
    numbering.resolve();
    assert_eq!(numbering.begin_anew(), std::slice::from_ref(&orders));
    assert_eq!(numbering.restart(&orders, &[]), []);
    assert_eq!(shown(&[numbering.give(&orders, 1)]), [(1, 0)]);
}

#[test]
fn other_partitions_take_the_newer_epoch_when_nothing_of_the_older_is_under_way() {
    let (mut numbering, orders) = (numbering(), orders());
    let other = TopicPartition::new("orders", 1);
    let old = numbering.give(&other, 3);
    let bad = numbering.give(&orders, 1);
    numbering.refused_for_good(&orders, bad);
    assert_eq!(numbering.begin_anew(), std::slice::from_ref(&orders));
    numbering.restart(&orders, &[]);
    assert!(!numbering.may_go(&other, None));
    assert!(
        numbering.may_go(&other, Some(old)),
        "it may be sent again as it is"
    );
    numbering.acknowledged(&other, old, 3);
    assert!(numbering.may_go(&other, None));
    assert_eq!(shown(&[numbering.give(&other, 1)]), [(1, 0)]);
}

#[test]
fn after_the_last_epoch_another_id_is_asked_for() {
    let (mut numbering, orders) = (Numbering::default(), orders());
    numbering.take_id(Identity {
        id: ProducerId(7),
        epoch: ProducerEpoch(i16::MAX),
    });
    let bad = numbering.give(&orders, 1);
    numbering.refused_for_good(&orders, bad);
    assert_eq!(numbering.begin_anew(), []);
    assert_eq!(numbering.identity(), None);
    assert!(numbering.wants_id(Instant::ZERO));
}

#[test]
fn a_split_batch_leaves_its_numbers_to_its_parts() {
    let (mut numbering, orders) = (numbering(), orders());
    let whole = numbering.give(&orders, 5);
    let next = numbering.give(&orders, 1);
    let parts = [whole, whole.after(3)];
    numbering.split(&orders, whole, &parts);
    assert!(numbering.may_go(&orders, Some(parts[0])));
    assert!(!numbering.may_go(&orders, Some(parts[1])));
    numbering.acknowledged(&orders, parts[0], 3);
    numbering.acknowledged(&orders, parts[1], 2);
    assert!(numbering.may_go(&orders, Some(next)));
}
