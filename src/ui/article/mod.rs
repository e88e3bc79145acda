//! The words beside the stage: one component for each kind of page.
//!
//! [`first`] the first ten seconds · [`contents`] the list of lessons · [`lesson`] a lesson's column ·
//! [`attempt`] what a reader may try in it · [`prose`] text with references that light things on the stage ·
//! [`quiz`] a prediction · [`sandbox`] a cluster to talk to, with `topics`, `readers`, a form for groups, and
//! `opening`, where a whole script is put in · [`code`] what is coming · `scroll` brings into view what is to be
//! looked at.

pub mod attempt;
pub mod code;
pub mod contents;
pub mod first;
pub mod lesson;
pub mod losing;
mod opening;
pub mod prose;
pub mod quiz;
mod readers;
pub mod sandbox;
mod scroll;
mod topics;

pub use code::CodePage;
pub use contents::Contents;
pub use first::FirstRun;
pub use lesson::LessonPage;
pub use sandbox::SandboxPage;
