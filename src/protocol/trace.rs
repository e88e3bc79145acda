//! The trace of a decoding: which bytes were read as which field.
//!
//! A decoder has one path. When its reader carries a trace, every value read also says what it was
//! and where it began and ended, and the result is the tree that the wire inspector shows. So the
//! picture of a message cannot differ from the message.

use std::ops::Range;

/// A named stretch of a frame and what it means.
///
/// Children lie within their parent, in order, without gap or overlap: they tile it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The field's name, or `[3]` for the fourth element of an array.
    pub name: String,
    /// How the bytes are laid out, in Kafka's words: `int32`, `compact string`, `FetchTopic`.
    pub kind: &'static str,
    /// The value, as short text; empty when the children say it all.
    pub value: String,
    /// The first byte.
    pub start: usize,
    /// The first byte that is no longer part of it.
    pub end: usize,
    pub children: Vec<Field>,
}

/// The fields that are open, outermost first; the first one is the whole.
#[derive(Debug)]
pub(super) struct Trace {
    open: Vec<Field>,
}

impl Trace {
    pub(super) fn new(name: &str) -> Trace {
        let mut trace = Trace { open: Vec::new() };
        trace.enter(name.to_string(), 0);
        trace
    }

    pub(super) fn enter(&mut self, name: String, start: usize) {
        self.open.push(Field {
            name,
            kind: "",
            value: String::new(),
            start,
            end: start,
            children: Vec::new(),
        });
    }

    pub(super) fn say(&mut self, kind: &'static str, value: String) {
        let field = self.open.last_mut().expect("the whole stays open");
        field.kind = kind;
        field.value = value;
    }

    pub(super) fn leave(&mut self, end: usize) {
        if self.open.len() > 1 {
            let mut field = self.open.pop().expect("more than one field is open");
            field.end = end;
            self.parent().children.push(field);
        }
    }

    /// Adds a field without children.
    pub(super) fn leaf(
        &mut self,
        name: &str,
        kind: &'static str,
        value: String,
        range: Range<usize>,
    ) {
        self.enter(name.to_string(), range.start);
        self.say(kind, value);
        self.leave(range.end);
    }

    /// Adds a field that was made elsewhere.
    pub(super) fn adopt(&mut self, field: Field) {
        self.parent().children.push(field);
    }

    /// Closes whatever is open at `end` and returns the whole.
    pub(super) fn finish(mut self, end: usize) -> Field {
        while self.open.len() > 1 {
            self.leave(end);
        }
        let mut whole = self.open.pop().expect("the whole stays open");
        whole.end = end;
        whole
    }

    fn parent(&mut self) -> &mut Field {
        self.open.last_mut().expect("the whole stays open")
    }
}
