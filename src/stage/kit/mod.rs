//! The drawing kit: one pure function for each thing in the visual vocabulary.
//!
//! - `record`: a record as a square in a log or as a round dot in flight, with or without its letter
//! - `tape`: a partition's log: bed, cells, offset numbers, the next slot
//! - `travel`: what moves: capsule, answer ring, error ring, diamond
//! - `mark`: flags on poles, group markers, crosses, washes and rings
//! - `link`: transit lines with round corners
//! - `flow`: what is left of records at high rates: strip, stream, heat
//! - `icon`: the few icons that stand on the stage itself
//! - `defs`: the hatches and patterns that every picture carries
//!
//! The grammar: square is stored, round is travelling; filled has the data for good, hollow does not
//! yet, or is just an answer; a diamond is the control plane. Ink is structure, colour is a key, red is
//! a fault and never alone, a yellow wash means look here.

mod defs;
mod flow;
mod icon;
mod link;
mod mark;
mod record;
mod tape;
mod travel;

pub use defs::{DEFS, KEY_PATTERNS};
pub use flow::{heat, stream, strip};
pub use icon::{COMPACT, FLAG, icon};
pub use link::{arrow, arrow_head, casing, chosen, line};
pub use mark::{
    BadgeKind, FlagSide, GroupShape, MarkerKind, PoleKind, WIDE_FRAME, badge, bars, break_mark,
    broken, chip, cross, dot, fitting, flag, group_marker, half_dot, hollow_dot, low_flag, pole,
    ring, text_width, wash,
};
pub use record::{RecordForm, filling_record, hole, hue_class, record, settling_record};
pub use tape::{Numbers, Tape};
pub use travel::{
    answer, capsule, capsule_size, control_pill, control_pill_size, diamond, error_answer,
};
