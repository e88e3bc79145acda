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
//! page and its steps · [`wording`] what prose must not contain · [`cut`] the script's parts ·
//! [`catalogue`] every lesson there is.

pub mod catalogue;
pub mod cut;
pub mod inline;
pub mod page;
pub mod placeholder;
pub mod wording;

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
