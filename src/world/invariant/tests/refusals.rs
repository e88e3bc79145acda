//! What must be found when well-numbered batches are refused.

use super::*;
use crate::fact::Numbers;
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
}
