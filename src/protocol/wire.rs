//! `Wire`: what a type must know to be a field, and what a field must know of its message.
//!
//! A message has two layouts. The older one writes lengths as fixed integers (16 bits for text, 32
//! for bytes and arrays; −1 is null). From its first *flexible* version on, a message writes them as
//! variable-length integers holding length + 1 (0 is null), and every structure ends with a section
//! of tagged fields. Which layout holds is in the [`Context`], so a type is written down once.

use super::malformed::Malformed;
use super::reader::Reader;
use super::sample::Dice;
use super::writer::Writer;

/// What a field must know of the message it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    pub version: i16,
    pub layout: Layout,
    pub null: Null,
}

/// The two ways to write lengths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Lengths of fixed size.
    Fixed,
    /// Lengths of variable size, and tagged fields at the end of each structure.
    Flexible,
}

/// Whether a field may be null in this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Null {
    Allowed,
    Refused,
}

/// A type that can be a field.
pub trait Wire {
    /// The name of the layout, in Kafka's words.
    fn kind(&self, context: Context) -> &'static str;

    /// The length in bytes of the shortest value, which bounds how many a frame can hold.
    fn smallest(&self, context: Context) -> usize;

    /// Reads a value in place of the default that stands here. What was read before an error stays.
    fn read(&mut self, reader: &mut Reader<'_>, context: Context) -> Result<(), Malformed>;

    /// Writes the value. Null where the version has no null is written as empty.
    fn write(&self, writer: &mut Writer, context: Context);

    /// Puts a value made of `dice` in place of the default that stands here, such that writing and
    /// reading it in `context` gives it back.
    fn sample(&mut self, dice: &mut Dice<'_>, context: Context);
}

impl Context {
    /// The context of `version` of a message that is flexible from `first_flexible` on.
    pub fn new(version: i16, first_flexible: i16) -> Context {
        let layout = if version >= first_flexible {
            Layout::Flexible
        } else {
            Layout::Fixed
        };
        Context {
            version,
            layout,
            null: Null::Refused,
        }
    }

    /// The same for a field that may be null.
    pub fn nullable(self) -> Context {
        Context {
            null: Null::Allowed,
            ..self
        }
    }

    /// The same for the elements of an array, none of which is null.
    pub fn element(self) -> Context {
        Context {
            null: Null::Refused,
            ..self
        }
    }

    pub fn is_flexible(self) -> bool {
        self.layout == Layout::Flexible
    }

    pub(super) fn choose<T>(self, fixed: T, flexible: T) -> T {
        match self.layout {
            Layout::Fixed => fixed,
            Layout::Flexible => flexible,
        }
    }
}
