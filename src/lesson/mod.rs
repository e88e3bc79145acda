//! A lesson: prose beside the stage, and a script cut into steps that plays on it.
//!
//! A lesson is two files of `www/lessons/`. `NN-slug.md` is what is read: a title, a lead, and 3 to 8
//! steps of a heading and a paragraph, some with a question that is asked before its answer happens.
//! `NN-slug.script` is what plays, in the ordinary language of scripts.
//!
//! Laws: no number in the prose is typed, the world fills it in; what the prose relies on is checked
//! against the world; a step ends where the next one begins, so every step can be gone to directly.
//!
//! Contents: [`placeholder`] what the world fills in · [`inline`] prose and references · [`page`] the
//! page and its steps · [`attempt`] what a reader may try · [`wording`] what prose must not contain · [`cut`] the script's parts ·
//! [`catalogue`] every lesson there is · [`play`] both put together: a history for every step · [`fill`]
//! what each placeholder is in a world · [`check`] whether what a lesson says is so.
//!
//! How a lesson is used: [`Catalogue::read`] once; [`Lesson::history`] is what the player seeks in, from
//! a step's `from` to its `to`; [`Lesson::told`] is what the reader reads. A prediction is asked at
//! `from` and explained once it is answered; its body gives nothing away. The steps of the first page
//! are the beats after its button is pressed: each is shown when its `event` has happened since.

pub mod attempt;
pub mod catalogue;
pub mod check;
pub mod cut;
pub mod fill;
pub mod inline;
pub mod page;
pub mod placeholder;
pub mod play;
pub mod wording;

pub use catalogue::Source;
pub use check::check;
pub use fill::{Unfilled, View};
pub use inline::{Inline, Prose, Told};
pub use page::{Prediction, Relation};
pub use placeholder::{Pattern, Placeholder};
pub use play::{Catalogue, Lesson, Step, ToldLesson, ToldPrediction, ToldStep, still};

/// A line of a lesson that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong and what would have been accepted.
    pub sentence: String,
}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.sentence)
    }
}

/// Why a lesson cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misread {
    Page(Unreadable),
    Script(Unreadable),
}

impl std::fmt::Display for Misread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Misread::Page(why) => write!(f, "page, {why}"),
            Misread::Script(why) => write!(f, "script, {why}"),
        }
    }
}
