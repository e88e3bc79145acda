//! Lessons: standing at a step, answering its question, and going on.

use std::rc::Rc;

use super::App;
use crate::session::{Session, book};
use crate::ui::route::Route;
use crate::ui::state::{Action, Answer, Origin};

impl App {
    /// Puts the playhead where a step begins, and plays it unless it begins with a question.
    pub(super) fn stand_at_step(&self, lesson: &book::Lesson, step: usize) {
        // The reader changed this cluster; the lesson needs its own again.
        if self.player.with(Session::is_touched)
            && let Ok(session) = lesson.session()
        {
            self.player.replace(&lesson.session_name(), session);
        }
        let chapter = self
            .player
            .with(|session| session.chapters().get(step - 1).cloned());
        let Some(chapter) = chapter else { return };
        self.player.stop_at(Some(chapter.to));
        self.player.seek_place(chapter.from);
        let asked = lesson.asks(step) && self.document().answer(&lesson.slug, step).is_none();
        if !asked && !self.player.reduced() {
            self.player.play_to(chapter.to);
        }
    }

    /// Takes back what the reader did here; the playhead stays where it is, but not behind the step's end.
    pub fn back_to_lesson(&self) {
        if !self.player.undo_all() {
            return self.restore_lesson();
        }
        let Route::Lesson { step, .. } = self.document().route.clone() else {
            return;
        };
        let chapter = self
            .player
            .with(|session| session.chapters().get(step - 1).cloned());
        if let Some(chapter) = chapter {
            self.player.stop_at(Some(chapter.to));
            let behind = self.player.with(|session| session.place() > chapter.to);
            let to = match behind {
                true => chapter.to,
                false => self.player.with(Session::place),
            };
            self.player.seek_place(to);
        }
    }

    /// The lesson's cluster as it stands, in the sandbox: what ran until here, and nothing of what lies ahead.
    pub fn try_in_sandbox(&self) {
        let script = self.player.with(Session::script_until_here);
        self.open_script(&script, Origin::Lesson);
    }

    /// Takes back what the reader tried: the lesson's own run, at the end of this step.
    pub fn restore_lesson(&self) {
        let Route::Lesson { slug, step } = self.document().route.clone() else {
            return;
        };
        let Some(lesson) = self.book.get(&slug) else {
            return;
        };
        let Ok(session) = lesson.session() else {
            return;
        };
        let chapter = session.chapters().get(step - 1).cloned();
        self.player.replace(&lesson.session_name(), session);
        self.dispatch(Action::Select(None));
        if let Some(chapter) = chapter {
            self.player.stop_at(Some(chapter.to));
            self.player.seek_place(chapter.to);
        }
    }

    /// Answers a step's question and plays the step.
    pub fn answer(&self, slug: &Rc<str>, step: usize, answer: Answer) {
        self.dispatch(Action::Answer((slug.clone(), step), answer));
        let chapter = self
            .player
            .with(|session| session.chapters().get(step - 1).cloned());
        if let Some(chapter) = chapter {
            self.player.play_to(chapter.to);
        }
    }

    pub(super) fn next_step(&self) {
        let Route::Lesson { slug, step } = self.document().route.clone() else {
            return;
        };
        let Some(lesson) = self.book.get(&slug) else {
            return;
        };
        let chapter = self
            .player
            .with(|session| session.chapters().get(step - 1).cloned());
        let unfinished =
            chapter.filter(|chapter| !self.player.with(|session| session.reached(chapter.to)));
        if let Some(chapter) = unfinished {
            if lesson.asks(step) && self.document().answer(&slug, step).is_none() {
                self.answer(&slug, step, Answer::Skipped);
            } else if self.player.controls_playing() || self.player.reduced() {
                self.player.seek_place(chapter.to);
            } else {
                self.player.play_to(chapter.to);
            }
            return;
        }
        match step < lesson.steps() {
            true => self.go(Route::Lesson {
                slug,
                step: step + 1,
            }),
            false => match self.book.after(&slug) {
                Some(next) => self.go(Route::Lesson {
                    slug: next.slug.clone(),
                    step: 1,
                }),
                None => self.go(Route::Contents),
            },
        }
    }

    pub(super) fn previous_step(&self) {
        if let Route::Lesson { slug, step } = self.document().route.clone() {
            self.go(Route::Lesson {
                slug,
                step: step.saturating_sub(1).max(1),
            });
        }
    }
}
