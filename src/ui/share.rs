//! Places in the address: the fragment that says where in a lesson's own run a link stands. Links that carry a script are
//! [`crate::script::link`]'s.

use crate::script::{self, Action};
use crate::time::Instant;
use crate::world::Place;

/// No lesson runs so long; a link that says so leads nowhere.
const LATEST: Instant = Instant::from_secs(600);

/// A place in a lesson's own run as the fragment of an address: `at=4.571s+3`.
pub fn place(place: Place) -> String {
    format!("at={}+{}", place.at, place.steps)
}

/// The place in a fragment, if it holds one.
pub fn read_place(fragment: &str) -> Option<Place> {
    let place = fragment.strip_prefix("at=")?;
    let line = script::parse_line(&format!("at {place}")).ok()?;
    match line {
        Action::At(place) if place.at <= LATEST => Some(place),
        _ => None,
    }
}
