//! `Dice`: the choices from which a sample message is made.
//!
//! Tests and the swarm need messages of every API at every version that nobody wants to write down.
//! The declaration of a message is enough to make them: each field takes a few choices from a list of
//! numbers. The same list gives the same message, and smaller numbers give a simpler one, so a
//! shrinker of lists is a shrinker of messages.

use super::wire::{Context, Null};

/// A list of choices. After its end every choice is 0, which is the simplest.
#[derive(Debug)]
pub struct Dice<'a> {
    choices: &'a [u32],
    next: usize,
    /// How many arrays elements may still be made, so that samples stay small.
    elements: usize,
}

/// Samples hold at most so many elements of arrays altogether.
const ELEMENTS: usize = 64;

impl<'a> Dice<'a> {
    /// Dice that fall as `choices` say.
    pub fn new(choices: &'a [u32]) -> Dice<'a> {
        Dice {
            choices,
            next: 0,
            elements: ELEMENTS,
        }
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u32) -> u32 {
        self.roll() % limit
    }

    /// Any integer; small ones and those at the edges of its types often.
    pub fn integer(&mut self) -> i64 {
        let number = i64::from(self.roll());
        match number & 7 {
            0..=3 => (number >> 3) & 0xff,
            4 => -1 - ((number >> 3) & 0xff),
            5 => i64::from(i32::MAX) - ((number >> 3) & 1),
            6 => i64::MAX - ((number >> 3) & 1),
            _ => (number << 32) | i64::from(self.roll()),
        }
    }

    /// The length of a text.
    pub(super) fn length(&mut self) -> u32 {
        match self.below(16) {
            15 => self.below(300),
            few => few / 2,
        }
    }

    /// The number of elements of an array.
    pub(super) fn count(&mut self) -> usize {
        let wanted = self.below(4) as usize;
        let granted = wanted.min(self.elements);
        self.elements -= granted;
        granted
    }

    /// A letter, mostly of one byte.
    pub(super) fn letter(&mut self) -> char {
        match self.below(32) {
            31 => '日',
            30 => 'é',
            29 => '-',
            letter => char::from(b'a' + u8::try_from(letter % 26).expect("26 letters")),
        }
    }

    /// Whether a value that may be null is there.
    pub(super) fn some(&mut self, context: Context) -> bool {
        context.null == Null::Refused || self.below(4) != 0
    }

    /// Whether an optional thing is there.
    pub(super) fn yes(&mut self) -> bool {
        self.below(2) == 1
    }

    fn roll(&mut self) -> u32 {
        let choice = self.choices.get(self.next).copied().unwrap_or(0);
        self.next += 1;
        choice
    }
}
