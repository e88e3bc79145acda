//! Any text as a script.
//!
//! What can be read is printed and read again to the same; what cannot is refused with the number of a line. A world
//! that is described and small enough is played for some steps: nothing falls over, every law holds, and the
//! history that comes of it is a script that leads to the same digest.

use kafka_playground::script::{self, Action, Script, link};
use kafka_playground::world::{History, Place, Ran, Steps};

/// So many steps are played.
const STEPS: u64 = 4_000;
/// A history of fewer steps is printed and played once more.
const AGAIN: u64 = 1_000;
/// No world is played that has more replicas than this.
const REPLICAS: usize = 60;
const CLIENTS: usize = 12;

/// Looks at text.
///
/// # Panics
/// When something does not hold.
pub fn look(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let opened = link::unpack(text);
    if let Some(Ok(script)) = opened {
        assert_eq!(link::unpack(&link::pack(&script)), Some(Ok(script)));
    }
    if !text.is_empty() {
        assert_eq!(link::unpack(&link::pack(text)), Some(Ok(text.to_owned())));
    }
    match script::parse(text) {
        Err(unreadable) => {
            let lines = text.lines().count().max(1);
            assert!((1..=lines).contains(&unreadable.line), "{unreadable}");
            assert!(!unreadable.sentence.is_empty());
        }
        Ok(script) => {
            reads_back(&script);
            if is_small(&script) {
                plays(&script);
            }
        }
    }
}

fn reads_back(script: &Script) {
    let printed = script::print_plan(&script.plan, script.seed);
    let again = script::parse(&printed);
    let again = again.unwrap_or_else(|why| panic!("{why}\n{printed}"));
    assert_eq!(again.plan, script.plan, "{printed}");
    assert_eq!((again.seed, again.lines), (script.seed, Vec::new()));
    for line in &script.lines {
        if let Action::Command(command) = &line.action {
            let printed = script::print_command(command);
            let again = script::parse_line(&printed);
            assert_eq!(again.as_ref(), Ok(&line.action), "{printed}");
            script::note_command(command);
        }
    }
}

fn is_small(script: &Script) -> bool {
    let lists = script.plan.topics.iter().flat_map(|topic| &topic.replicas);
    let replicas: usize = lists.map(Vec::len).sum();
    replicas <= REPLICAS && script.plan.clients.len() <= CLIENTS
}

fn plays(script: &Script) {
    let history = History::new(&script.plan, script.seed);
    let mut history = history.unwrap_or_else(|why| panic!("it was taken when it was read: {why}"));
    for line in &script.lines {
        let left = STEPS.saturating_sub(history.world().steps());
        match &line.action {
            Action::Command(command) => {
                // The world may refuse it, and is as it was.
                let _ = history.perform(command.clone());
            }
            Action::Run { span, .. } => {
                history.seek(history.now() + *span, Steps(left));
            }
            Action::At(place) => {
                if *place >= history.world().place() {
                    history.seek_place(*place, Steps(left));
                }
            }
            Action::Step(count) => {
                for _ in 0..u64::from(*count).min(left) {
                    history.step();
                }
            }
            Action::Show(what) => {
                script::show(&history, what);
            }
        }
        if history.world().steps() >= STEPS {
            break;
        }
    }
    if let Some(violation) = history.violation() {
        panic!("a law does not hold: {violation}");
    }
    if history.world().steps() < AGAIN {
        plays_again(history);
    }
}

fn plays_again(mut history: History) {
    // A script leads to the end of an instant.
    let end = Place::after(history.now());
    if history.seek_place(end, Steps(AGAIN)) != Ran::Arrived {
        return;
    }
    let printed = history.to_script();
    let again = script::parse_long(&printed).and_then(|script| script.play());
    let again = again.unwrap_or_else(|why| panic!("{why}\n{printed}"));
    let digest = |history: &History| history.observed().journal.digest();
    assert_eq!(digest(&again), digest(&history), "{printed}");
}
