//! P1 can fail.

use super::super::bounded::InstantsEnd;
use super::*;
use crate::time::Duration;

#[test]
fn p1_an_instant_without_end_is_found() {
    let world = world();
    let mut law = Shown::<InstantsEnd>::default();
    for _ in 0..200_000 {
        holds(&mut law, &world, 1, Fact::Started);
    }
    let mut fresh = law.clone();
    breaks(&mut law, &world, 1, Fact::Started, "P1");
    let later = entry(world.now() + Duration::TICK, None, Fact::Started);
    assert_eq!(fresh.check(&world, &later), Ok(()), "time has passed");
}
