//! What the judges of the swarm are tried on: a script that is played, and what they say of its end.

use crate::script;
use crate::world::History;

/// The world after a script, and everything that led to it.
///
/// # Panics
/// When the script cannot be read or played.
pub fn played(text: &str) -> History {
    let script = script::parse(text).expect("the script reads");
    script.play().expect("the script plays")
}

/// That there is one complaint, and that it is this.
///
/// # Panics
/// When there is none, another or a second.
#[track_caller]
pub fn is_said(all: &[String], what: &str) {
    assert!(
        matches!(all, [one] if one.contains(what)),
        "{what}: {all:?}"
    );
}
