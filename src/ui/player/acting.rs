//! Acting: commands, undoing them, branches; and what of it the page keeps.

use super::Player;
use crate::script;
use crate::session::{Session, trouble};
use crate::ui::painter::Painter;
use crate::world::{Command, Refused};

impl Player {
    /// Carries out a command where the playhead stands.
    ///
    /// # Errors
    /// When the world refuses it, or it would change nothing; nothing has changed.
    pub fn perform(&self, command: Command) -> Result<(), Refused> {
        if let Some(sentence) = self.with(|session| trouble::idle(session.world(), &command)) {
            return Err(Refused(sentence));
        }
        let line = script::print_command(&command);
        let (place, forked) = self.with(|session| (session.place(), !session.at_edge()));
        self.with_mut(|session| session.perform(command))?;
        match forked {
            true => {
                self.forget_picture();
                self.keep_script();
            }
            false => self
                .0
                .page
                .record(&format!("at {}+{}\n{line}", place.at, place.steps)),
        }
        self.0.spoken.borrow_mut().remark = None;
        self.moved();
        Ok(())
    }

    /// Takes the reader's last command back and says which that was; nothing when there is none.
    pub fn undo(&self) -> Option<Command> {
        self.edit(Session::undo)
    }

    /// Does again what was taken back last.
    pub fn redo(&self) -> Option<Command> {
        self.edit(Session::redo)
    }

    /// Takes back everything that the reader did; false when something of it stays.
    pub fn undo_all(&self) -> bool {
        let mut all = false;
        self.edit(|session| {
            all = session.undo_all();
            Some(())
        });
        all
    }

    fn edit<T>(&self, act: impl FnOnce(&mut Session) -> Option<T>) -> Option<T> {
        let done = self.with_mut(act);
        if done.is_some() {
            self.forget_picture();
            self.keep_script();
            self.0.spoken.borrow_mut().remark = None;
            self.moved();
        }
        done
    }

    /// What was decoded belongs to another run from here on.
    fn forget_picture(&self) {
        self.painter(Painter::forget);
    }

    /// Goes over to the next branch, at this instant.
    pub fn switch_branch(&self) {
        self.change(|controls| controls.playing = false);
        if self.with_mut(Session::switch_branch) {
            self.forget_picture();
            self.keep_script();
            self.moved();
        }
    }

    pub(super) fn keep_script(&self) {
        let script = self.with(|session| session.history().to_script());
        self.0.page.begin(&script);
    }

    /// Lets the narrator say a sentence that no fact says.
    pub fn remark(&self, sentence: &str) {
        self.0.spoken.borrow_mut().remark = Some(sentence.into());
        self.publish();
    }
}
