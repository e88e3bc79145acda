//! What outlives a visit: a cluster as its script, whose commands those are, and where the playhead stands.
//!
//! The first line is `1 own at place`: the format's version, how many of the commands at the end are the reader's,
//! and the place. The script follows. What cannot be read is as good as nothing kept.

use crate::script;
use crate::session::Session;
use crate::world::Place;

/// The version that is written.
const VERSION: &str = "1";
/// A script longer than this is not kept: browsers give a page some megabytes in all.
const MOST: usize = 1 << 20;

/// A session as the browser keeps it; empty where it is too long to be kept.
pub fn write(session: &Session) -> String {
    let (place, script) = (session.place(), session.history().to_script());
    if script.len() > MOST {
        return String::new();
    }
    let own = session.edited();
    format!("{VERSION} {own} {}+{}\n{script}", place.at, place.steps)
}

/// The session that was kept, standing where it stood.
pub fn read(text: &str) -> Option<Session> {
    let (head, text) = text.split_once('\n')?;
    let mut words = head.split(' ');
    let (version, own, place) = (words.next()?, words.next()?, words.next()?);
    if version != VERSION {
        return None;
    }
    let place = script::parse_line(&format!("at {place}")).ok()?;
    let script::Action::At(place) = place else {
        return None;
    };
    let script = script::parse(text).ok()?;
    let mut session = Session::play_script(&script).ok()?;
    session.set_given(own.parse().ok()?);
    if place < Place::after(session.now()) {
        session.seek_place(place);
    }
    Some(session)
}
