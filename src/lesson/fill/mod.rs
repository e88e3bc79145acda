//! Filling in: what each placeholder is in a world.
//!
//! A step has two worlds, the one it begins in and the one it ends in. A placeholder looks at the end
//! unless it says `|start`; counts of facts are those noted in between. Whatever a placeholder asks for
//! must be there: a partition without a leader or a record that does not exist is an error, never an
//! empty word.
//!
//! `answers` has what each placeholder is; `between` the questions that they ask of a world, `groups` those about
//! groups and their members.

mod answers;
mod between;
mod groups;

use std::fmt;

use crate::fact::Entry;
use crate::lesson::placeholder::{How, Pattern, Placeholder, When, in_words};
use crate::model::BrokerId;
use crate::time::Duration;
use crate::world::{History, Observed, World};

use between::Between;

/// A world, and what was observed on the way to it.
#[derive(Clone, Debug)]
pub struct View {
    pub world: World,
    pub observed: Observed,
}

impl View {
    /// Where a history stands.
    pub fn of(history: &History) -> View {
        View {
            world: history.world().clone(),
            observed: history.observed().clone(),
        }
    }
}

/// A value that the world does not have, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfilled(pub String);

impl fmt::Display for Unfilled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the world says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// How many: printed with separators.
    Count(u64),
    /// An id, an offset, a hash: printed without.
    Number(i64),
    Text(String),
}

/// Counts have separators, offsets have none, and neither has a minus sign that is a hyphen.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Count(count) => f.write_str(&separated(*count)),
            Value::Number(number) if *number < 0 => write!(f, "−{}", number.unsigned_abs()),
            Value::Number(number) => write!(f, "{number}"),
            Value::Text(text) => f.write_str(text),
        }
    }
}

fn separated(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A span as prose writes it: `40 ms`, `10 s`.
fn spelled(span: Duration) -> String {
    let text = span.to_string();
    let unit = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    format!("{} {}", &text[..unit], &text[unit..])
}

/// A setting as prose writes it: a span with a space before its unit, anything else as it is.
fn setting(name: &str, value: &str) -> Value {
    match Duration::parse(value) {
        Some(span) if name.ends_with(".ms") => Value::Text(spelled(span)),
        _ => match value.parse() {
            Ok(count) => Value::Count(count),
            Err(_) => Value::Text(value.to_owned()),
        },
    }
}

fn count(number: usize) -> Value {
    Value::Count(number as u64)
}

fn ids(ids: &[BrokerId]) -> Value {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    Value::Text(ids.join(", "))
}

impl Placeholder {
    /// What it is, in a step between two worlds.
    ///
    /// # Errors
    /// When the world has no such thing.
    pub fn fill(&self, start: &View, end: &View) -> Result<Value, Unfilled> {
        let step = match self.when {
            When::Start => Between { start, end: start },
            When::End => Between { start, end },
        };
        let value = step
            .value(&self.what)
            .and_then(|value| shown(value, self.how))
            .map_err(|why| Unfilled(format!("{self}: {why}")))?;
        Ok(value)
    }
}

fn shown(value: Value, how: How) -> Result<Value, String> {
    let number = match &value {
        Value::Count(number) => i64::try_from(*number).ok(),
        Value::Number(number) => Some(*number),
        Value::Text(_) => None,
    };
    let word = || {
        let word = number.and_then(in_words);
        word.ok_or_else(|| format!("{value} is not a number that prose writes as a word"))
    };
    Ok(match how {
        How::AsIs => value,
        How::Word => Value::Text(word()?.to_owned()),
        How::Capital => {
            let word = word()?;
            Value::Text(word[..1].to_uppercase() + &word[1..])
        }
        How::And => {
            let list = value.to_string();
            Value::Text(match list.rsplit_once(", ") {
                Some((before, last)) => format!("{before} and {last}"),
                None => list,
            })
        }
        How::Plural => Value::Text(if number == Some(1) { "" } else { "s" }.to_owned()),
    })
}

impl Pattern {
    /// Whether this is such a fact.
    pub fn means(&self, entry: &Entry) -> bool {
        self.matches(entry.by, &entry.fact.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_separators_and_ids_have_none() {
        for (value, text) in [
            (Value::Count(7), "7"),
            (Value::Count(1_203), "1,203"),
            (Value::Count(1_000_000), "1,000,000"),
            (Value::Number(1_203), "1203"),
            (Value::Number(-826_647_927), "−826647927"),
        ] {
            assert_eq!(value.to_string(), text);
        }
    }

    #[test]
    fn spans_are_written_as_prose_writes_them() {
        for (name, value, text) in [
            ("linger.ms", "100ms", "100 ms"),
            ("linger.ms", "100", "100 ms"),
            ("replica.lag.time.max.ms", "10000", "10 s"),
            ("batch.size", "16384", "16,384"),
            ("acks", "all", "all"),
        ] {
            assert_eq!(setting(name, value).to_string(), text);
        }
    }

    #[test]
    fn numbers_become_words_where_prose_has_words() {
        assert_eq!(
            shown(Value::Count(3), How::Word),
            Ok(Value::Text("three".into()))
        );
        assert_eq!(
            shown(Value::Count(3), How::Capital),
            Ok(Value::Text("Three".into()))
        );
        assert_eq!(
            shown(Value::Count(1), How::Plural),
            Ok(Value::Text(String::new()))
        );
        let list = |text: &str| Value::Text(text.to_owned());
        assert_eq!(shown(list("2, 3, 1"), How::And), Ok(list("2, 3 and 1")));
        assert_eq!(shown(list("2"), How::And), Ok(list("2")));
        assert!(shown(Value::Count(13), How::Word).is_err());
        assert!(shown(Value::Text("2, 3".into()), How::Word).is_err());
    }
}
