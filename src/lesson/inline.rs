//! Prose: text with values from the world and references to things on the stage.
//!
//! `[broker two](#b2)` is a reference: focusing it lights `b2`. `` `acks=all` `` is set in mono, exactly
//! as Kafka spells it. `**high watermark**` introduces a term. `{leader orders-0}` is filled in. They
//! nest: a reference may hold a value, code may too.

use crate::lesson::placeholder::Placeholder;
use crate::model::Text;
use crate::stage::Thing;

/// One piece of prose. `V` is what stands where the world fills something in: a [`Placeholder`] as a
/// lesson is written, a text as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inline<V> {
    Text(Text),
    /// In mono, as Kafka spells it.
    Code(Vec<Inline<V>>),
    /// A term where it is introduced.
    Strong(Vec<Inline<V>>),
    /// Lights a thing on the stage while it has the focus.
    Reference {
        to: Thing,
        text: Vec<Inline<V>>,
    },
    Value(V),
}

/// Prose as it is written.
pub type Prose = Vec<Inline<Placeholder>>;

/// Prose as it is read.
pub type Told = Vec<Inline<Text>>;

impl<V> Inline<V> {
    /// The pieces inside this one.
    pub fn inner(&self) -> &[Inline<V>] {
        match self {
            Inline::Code(inner) | Inline::Strong(inner) | Inline::Reference { text: inner, .. } => {
                inner
            }
            Inline::Text(_) | Inline::Value(_) => &[],
        }
    }
}

/// Puts something in the place of every value.
///
/// # Errors
/// The first that `fill` returns.
pub fn fill<V, W, E>(
    prose: &[Inline<V>],
    fill_one: &mut impl FnMut(&V) -> Result<W, E>,
) -> Result<Vec<Inline<W>>, E> {
    let mut filled = Vec::with_capacity(prose.len());
    for piece in prose {
        filled.push(match piece {
            Inline::Text(text) => Inline::Text(text.clone()),
            Inline::Value(value) => Inline::Value(fill_one(value)?),
            Inline::Code(inner) => Inline::Code(fill(inner, fill_one)?),
            Inline::Strong(inner) => Inline::Strong(fill(inner, fill_one)?),
            Inline::Reference { to, text } => Inline::Reference {
                to: to.clone(),
                text: fill(text, fill_one)?,
            },
        });
    }
    Ok(filled)
}

/// Calls `see` with every piece, outer ones first.
pub fn walk<'a, V>(prose: &'a [Inline<V>], see: &mut impl FnMut(&'a Inline<V>)) {
    for piece in prose {
        see(piece);
        walk(piece.inner(), see);
    }
}

/// The prose without any mark-up; a value as it prints.
pub fn plain<V: ToString>(prose: &[Inline<V>]) -> String {
    let mut text = String::new();
    walk(prose, &mut |piece| match piece {
        Inline::Text(part) => text.push_str(part),
        Inline::Value(value) => text.push_str(&value.to_string()),
        _ => {}
    });
    text
}

/// How many words prose has; a value counts as one.
pub fn words(prose: &Prose) -> usize {
    let mut text = String::new();
    walk(prose, &mut |piece| match piece {
        Inline::Text(part) => text.push_str(part),
        Inline::Value(_) => text.push('0'),
        _ => {}
    });
    text.split_whitespace().count()
}

/// Reads prose.
///
/// # Errors
/// What is wrong and what would have been accepted.
pub fn parse(text: &str) -> Result<Prose, String> {
    let (prose, rest) = until(text, None)?;
    assert!(
        rest.is_empty(),
        "prose without an end mark is read to its end"
    );
    Ok(prose)
}

/// Reads up to `end`, which must come when there is one; returns what follows it.
fn until<'a>(text: &'a str, end: Option<&str>) -> Result<(Prose, &'a str), String> {
    let (mut prose, mut rest) = (Prose::new(), text);
    loop {
        if let Some(after) = end.and_then(|end| rest.strip_prefix(end)) {
            return Ok((prose, after));
        }
        let Some(first) = rest.chars().next() else {
            return match end {
                None => Ok((prose, rest)),
                Some(end) => Err(format!(
                    "{text:?} is opened but has no {end} that closes it"
                )),
            };
        };
        let code = end == Some("`");
        match first {
            '{' => {
                let close = rest.find('}').ok_or("a placeholder ends with }")?;
                prose.push(Inline::Value(Placeholder::parse(&rest[1..close])?));
                rest = &rest[close + 1..];
            }
            '}' => return Err("} without { before it".to_owned()),
            '`' => {
                let (inner, after) = until(&rest[1..], Some("`"))?;
                prose.push(Inline::Code(inner));
                rest = after;
            }
            '*' if !code => {
                let opened = rest
                    .strip_prefix("**")
                    .ok_or("a term stands between ** and **")?;
                let (inner, after) = until(opened, Some("**"))?;
                prose.push(Inline::Strong(inner));
                rest = after;
            }
            '[' if !code => {
                let (inner, after) = until(&rest[1..], Some("]"))?;
                let target = after
                    .strip_prefix("(#")
                    .and_then(|after| after.split_once(')'));
                let (to, after) = target.ok_or("a reference is [text](#id)")?;
                let to = thing(to)?;
                prose.push(Inline::Reference { to, text: inner });
                rest = after;
            }
            ']' if !code => return Err("] without [ before it".to_owned()),
            _ => {
                let stop = |c: char| match code {
                    true => matches!(c, '{' | '}' | '`'),
                    false => matches!(c, '{' | '}' | '`' | '*' | '[' | ']'),
                };
                let length = rest.find(stop).unwrap_or(rest.len());
                prose.push(Inline::Text(rest[..length].into()));
                rest = &rest[length..];
            }
        }
    }
}

/// Reads the name of something on the stage. Whether it is there, the check of a lesson asks the world.
///
/// # Errors
/// What would have been a name.
pub fn thing(id: &str) -> Result<Thing, String> {
    let wrong = || format!("{id:?} names nothing; write b1, orders-0, orders-0@7 or topic:orders");
    Thing::parse(id).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Inline<Placeholder> {
        Inline::Text(text.into())
    }

    fn value(written: &str) -> Inline<Placeholder> {
        Inline::Value(Placeholder::parse(written).expect(written))
    }

    #[test]
    fn pieces_nest() {
        let read = parse("A **log** on [broker {leader t-0}](#b2), `acks={acks p1}` here.");
        let expected = vec![
            text("A "),
            Inline::Strong(vec![text("log")]),
            text(" on "),
            Inline::Reference {
                to: Thing::broker(crate::model::BrokerId(2)),
                text: vec![text("broker "), value("leader t-0")],
            },
            text(", "),
            Inline::Code(vec![text("acks="), value("acks p1")]),
            text(" here."),
        ];
        assert_eq!(read, Ok(expected));
    }

    #[test]
    fn plain_text_and_words_leave_mark_up_out() {
        let prose = parse("One **two** [three {brokers}](#b1) `a b`").expect("prose");
        assert_eq!(plain(&prose), "One two three {brokers} a b");
        assert_eq!(words(&prose), 6);
    }

    #[test]
    fn filling_reaches_every_value() {
        let prose = parse("{brokers} `{topics}` [**{time}**](#b1)").expect("prose");
        let mut asked = 0;
        let told = fill(&prose, &mut |_| {
            asked += 1;
            Ok::<_, String>(asked.to_string())
        });
        assert_eq!(told.map(|told| plain(&told)), Ok("1 2 3".to_owned()));
    }

    #[test]
    fn mark_up_that_does_not_close_is_refused() {
        for (written, sentence) in [
            ("a {brokers", "ends with }"),
            ("a } b", "} without {"),
            ("`code", "no ` that closes it"),
            ("**term", "no ** that closes it"),
            ("*term*", "between ** and **"),
            ("[text]", "[text](#id)"),
            ("[text](b1)", "[text](#id)"),
            ("[text](#)", "names nothing"),
            ("[text](#a b)", "names nothing"),
            ("text]", "] without ["),
            ("{nonsense}", "is none of"),
        ] {
            let refused = parse(written).expect_err(written);
            assert!(refused.contains(sentence), "{written}: {refused}");
        }
    }
}
