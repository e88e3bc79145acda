//! What must be found when well-numbered batches are refused.

use super::*;
use crate::fact::Numbers;
use crate::model::ProducerEpoch;
use crate::protocol::ErrorCode;
use crate::world::invariant::refusals::WellNumberedIsTaken;

#[test]
fn i1_and_i2_whoever_is_refused_without_a_reason_is_found() {
    let world = world();
    let stored = log_of(&world, 1);
    let stored = stored.batches(Offset(0), Offset(1)).next();
    let numbers = Numbers::of(&stored.expect("a batch").batch().header).expect("numbers");
    let refused = |sequence: i32| Fact::ProduceRefused {
        partition: orders(),
        error: ErrorCode::OutOfOrderSequenceNumber,
        numbers: Some(Numbers {
            base_sequence: sequence,
            last_sequence: sequence,
            ..numbers
        }),
    };
    let mut law = Shown::<WellNumberedIsTaken>::default();
    holds(&mut law, &world, 1, refused(3));
    holds(&mut law, &world, 1, appended(Role::Leader, 0, 3, 0));
    holds(&mut law, &world, 1, refused(4));
    breaks(&mut law, &world, 1, refused(3), "I1");
    breaks(&mut law, &world, 1, refused(2), "I2");
    breaks(&mut law, &world, 1, refused(0), "I2");
    // A newer epoch begins at 0, and an older one is refused as such.
    let in_epoch = |epoch: i16, sequence: i32, error: ErrorCode| Fact::ProduceRefused {
        partition: orders(),
        error,
        numbers: Some(Numbers {
            epoch: ProducerEpoch(epoch),
            base_sequence: sequence,
            last_sequence: sequence,
            ..numbers
        }),
    };
    let epoch = numbers.epoch.0;
    let gap = ErrorCode::OutOfOrderSequenceNumber;
    let old = ErrorCode::InvalidProducerEpoch;
    holds(&mut law, &world, 1, in_epoch(epoch + 1, 5, gap));
    holds(&mut law, &world, 1, in_epoch(epoch - 1, 3, old));
    for (epoch, sequence, error) in [
        (epoch + 1, 0, gap),
        (epoch - 1, 5, gap),
        (epoch, 5, old),
        (epoch + 1, 5, old),
    ] {
        breaks(&mut law, &world, 1, in_epoch(epoch, sequence, error), "I1");
    }
}
