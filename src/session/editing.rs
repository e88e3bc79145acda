//! Editing: the reader's commands where the playhead stands, taking them back, and doing them again.
//!
//! What the script of a lesson or of the first page does is no edit of the reader's and is never taken back.
//!
//! Laws: taking an edit back leaves the playhead where it is; where the edit had left a future, that future is
//! there again as far as it was known; what was taken back can be done again until something else is done.

use super::Session;
use crate::time::Instant;
use crate::world::{Command, Place, Refused, Stamped, Steps};

/// What an edit changed besides the world.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edit {
    /// How many commands there were with it.
    commands: usize,
    /// The furthest instant that was known before it.
    newest: Instant,
    /// The branch that it left.
    left: Option<u32>,
}

impl Session {
    /// Carries out a command here. What lay ahead becomes a branch.
    ///
    /// # Errors
    /// When it cannot be carried out; nothing has changed.
    pub fn perform(&mut self, command: Command) -> Result<(), Refused> {
        self.do_here(command)?;
        self.undone.clear();
        self.stop = None;
        Ok(())
    }

    fn do_here(&mut self, command: Command) -> Result<(), Refused> {
        let before = self.history.commands().len();
        let newest = self.history.newest();
        self.history.perform(command)?;
        let commands = self.history.commands().len();
        // Where commands lay ahead, this one stands in their place.
        let left = (commands <= before).then(|| self.branches.fork(self.history.branches().len()));
        self.edits.retain(|edit| edit.commands < commands);
        self.edits.push(Edit {
            commands,
            newest,
            left,
        });
        self.gap = None;
        self.fork(self.place());
        self.observe();
        Ok(())
    }

    /// Takes the reader's last command back and replays; gives it back, or nothing when there is none.
    pub fn undo(&mut self) -> Option<Command> {
        let commands = self.history.commands();
        let last = commands.last().filter(|_| commands.len() > self.firm())?;
        let (last, count) = (last.clone(), commands.len());
        let here = self.place();
        self.gap = None;
        self.history.seek_place(last.place, Steps::UNLIMITED);
        if !self.history.undo() {
            self.history.seek_place(here, Steps::UNLIMITED);
            return None;
        }
        let before = Place {
            at: last.place.at,
            steps: 0,
        };
        self.history.seek_place(before, Steps::UNLIMITED);
        let edit = self.edits.pop().filter(|edit| edit.commands == count);
        let left = edit.and_then(|edit| self.branches.index(edit.left?));
        if let Some(index) = left {
            self.branches.rejoin(index);
            self.history.rejoin(index);
        }
        self.fork(before);
        self.timeline
            .forget_after(self.history.observed().journal.len());
        self.timeline.moved(&self.history.observed().journal);
        // The instant of the command itself had fewer steps then.
        let to = match here.at == last.place.at {
            true => here.min(last.place),
            false => here,
        };
        let known = edit.map_or(to, |edit| to.max(Place::after(edit.newest)));
        self.run(known, &mut || true);
        self.seek_place(to);
        let command = last.command.clone();
        self.undone.push(last);
        Some(command)
    }

    /// Does again what was taken back last; gives it, or nothing when there is nothing to do again.
    pub fn redo(&mut self) -> Option<Command> {
        let next: Stamped = self.undone.pop()?;
        let here = self.place();
        self.seek_place(next.place);
        let done = self.do_here(next.command.clone());
        let to = match here.at == next.place.at {
            true => here.max(self.place()),
            false => here,
        };
        self.seek_place(to);
        done.ok().map(|()| next.command)
    }

    /// Takes back everything that the reader did here; false when something of it stays.
    pub fn undo_all(&mut self) -> bool {
        let stop = self.stop;
        while self.edited() > 0 {
            if self.undo().is_none() {
                return false;
            }
        }
        self.undone.clear();
        self.stop = stop;
        true
    }

    // ---- whose commands they are

    /// The commands so far are a script's: the reader did not give them and cannot take them back.
    pub fn set_firm(&mut self) {
        self.given = self.history.commands().into();
        self.firm = self.given.len();
    }

    /// The commands so far came with a link or from an earlier visit; of them `own` at the end are the reader's.
    /// Only what was set up before time began stays.
    pub fn set_given(&mut self, own: usize) {
        let commands = self.history.commands();
        let setup = commands
            .iter()
            .take_while(|stamped| stamped.place.at == Instant::ZERO);
        self.firm = setup.count();
        self.given = commands[..commands.len() - own.min(commands.len())].into();
    }

    /// How many of the commands, from the first on, are not the reader's.
    fn shared(&self) -> usize {
        let both = self.history.commands().iter().zip(self.given.iter());
        both.take_while(|(here, given)| here == given).count()
    }

    /// How many commands cannot be taken back.
    fn firm(&self) -> usize {
        self.firm.min(self.shared())
    }

    /// How many commands on this branch the reader gave.
    pub fn edited(&self) -> usize {
        self.history.commands().len() - self.shared()
    }

    /// True while something here is not as its script says.
    pub fn is_touched(&self) -> bool {
        self.history.commands() != &*self.given
    }

    /// True when there is something to take back.
    pub fn can_undo(&self) -> bool {
        self.history.commands().len() > self.firm()
    }

    /// Whether the reader gave the command that the journal's entry with this number stands for.
    pub fn is_own(&self, entry: u64) -> bool {
        let later = self.journal().since(entry);
        let later = later.filter(|entry| matches!(entry.fact, crate::fact::Fact::Commanded { .. }));
        self.history.performed() > later.count() + self.shared()
    }
}

#[cfg(test)]
mod tests {
    use crate::script::{self, Action};
    use crate::session::Session;
    use crate::session::book::Book;
    use crate::time::Instant;

    fn say(session: &mut Session, line: &str) {
        let Ok(Action::Command(command)) = script::parse_line(line) else {
            panic!("{line} is a command")
        };
        session.perform(command).unwrap();
    }

    fn lines(session: &Session) -> Vec<String> {
        let commands = session.history().commands().iter();
        let lines = commands.map(|stamped| script::print_command(&stamped.command));
        lines
            .filter(|line| !line.starts_with("load") && !line.starts_with("assign"))
            .collect()
    }

    #[test]
    fn undoing_an_edit_in_the_past_brings_the_old_future_back() {
        let mut session = Book::read().first_session().unwrap();
        say(&mut session, "kill b2");
        session.seek(Instant::from_secs(30));
        let (digest, stops) = (session.journal().digest(), session.timeline().stops().len());
        session.seek(Instant::from_secs(2));
        let here = session.place();
        say(&mut session, "kill b3");
        assert!(session.split().is_some());
        session.seek(Instant::from_secs(10));
        assert!(session.undo().is_some());
        assert_eq!(session.split(), None);
        assert_eq!(lines(&session), ["kill b2"]);
        assert_eq!(session.now(), Instant::from_secs(10));
        assert_eq!(session.timeline().stops().len(), stops);
        session.seek(Instant::from_secs(30));
        assert_eq!(session.journal().digest(), digest);
        session.seek_place(here);
        assert!(session.redo().is_some());
        assert_eq!(lines(&session), ["kill b3"]);
        assert_eq!(session.split().map(|split| split.of), Some(2));
    }

    #[test]
    fn undo_leaves_the_playhead_where_it_is() {
        let mut session = Book::read().first_session().unwrap();
        session.seek(Instant::from_secs(20));
        say(&mut session, "kill b2");
        session.seek(Instant::from_secs(70));
        session.seek(Instant::from_secs(16));
        assert!(session.undo().is_some());
        assert_eq!(session.now(), Instant::from_secs(16));
        assert!(session.undo().is_none(), "the script's own lines stay");
        assert!(session.redo().is_some());
        assert_eq!(session.now(), Instant::from_secs(16));
        assert_eq!(lines(&session), ["kill b2"]);
        session.undo();
        say(&mut session, "kill b1");
        assert!(session.redo().is_none(), "something else was done");
    }

    #[test]
    fn what_a_reader_did_in_a_lesson_is_taken_back_whole() {
        let lesson = Book::read().get("failover").unwrap();
        let mut session = lesson.session().unwrap();
        assert!(!session.is_touched() && !session.can_undo());
        let digest = |session: &mut Session| {
            session.seek(Instant::from_secs(35));
            session.journal().digest()
        };
        let whole = digest(&mut session);
        session.seek(Instant::from_secs(4));
        say(&mut session, "kill b1");
        session.seek(Instant::from_secs(6));
        say(&mut session, "cut b2");
        assert_eq!((session.is_touched(), session.edited()), (true, 2));
        let newest = session.journal().len();
        assert!(session.is_own(newest));
        assert!(session.undo_all());
        assert!(!session.is_touched());
        assert_eq!(session.now(), Instant::from_secs(6));
        assert_eq!(digest(&mut session), whole);
    }
}
