//! Wording: what prose must not contain.
//!
//! A number that stands in prose as digits or as a word was typed by somebody and may be wrong tomorrow;
//! the world gives it through a placeholder. In code (`` `acks=1` ``) a digit may stand: it is part of
//! what Kafka spells. The voice is that of a colleague at a whiteboard: no exclamation marks, and Kafka's
//! words for Kafka's things.

use crate::lesson::inline::{Inline, Prose};

const NUMBERS: [&str; 12] = [
    "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "dozen",
];

/// A word that is not used, and what stands in its place.
const INSTEAD: [(&str, &str); 9] = [
    ("node", "broker"),
    ("nodes", "brokers"),
    ("master", "leader"),
    ("slave", "follower"),
    ("shard", "partition"),
    ("packet", "request"),
    ("simply", "nothing"),
    ("just", "nothing"),
    ("obviously", "nothing"),
];

/// Looks at a plain text.
///
/// # Errors
/// The first thing that must not stand there.
pub fn check(text: &str) -> Result<(), String> {
    if text.contains('!') {
        return Err("prose has no exclamation marks".to_owned());
    }
    for word in text.split(|c: char| !c.is_alphanumeric()) {
        let lower = word.to_lowercase();
        if word.chars().any(|c| c.is_ascii_digit()) || NUMBERS.contains(&lower.as_str()) {
            return Err(format!(
                "{word} is typed; a number comes from the world, as in {{brokers|word}}, or stands in `code`"
            ));
        }
        if let Some((_, instead)) = INSTEAD.iter().find(|(not, _)| *not == lower) {
            return Err(format!("{word} is not our word; write {instead}"));
        }
    }
    Ok(())
}

/// Looks at prose; what stands in code is left alone.
///
/// # Errors
/// The first thing that must not stand there.
pub fn check_prose(prose: &Prose) -> Result<(), String> {
    for piece in prose {
        match piece {
            Inline::Text(text) => check(text)?,
            Inline::Code(_) | Inline::Value(_) => {}
            Inline::Strong(inner) | Inline::Reference { text: inner, .. } => check_prose(inner)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lesson::inline;

    #[test]
    fn typed_numbers_are_found_outside_code() {
        for text in [
            "3 brokers",
            "Three brokers",
            "P0 leads",
            "**two** copies",
            "[broker 2](#b2)",
        ] {
            let prose = inline::parse(text).expect(text);
            assert!(check_prose(&prose).is_err(), "{text}");
        }
        for text in [
            "`acks=1` on `orders-0`",
            "{brokers|Word} brokers, no one else",
            "often",
        ] {
            let prose = inline::parse(text).expect(text);
            assert_eq!(check_prose(&prose), Ok(()), "{text}");
        }
    }

    #[test]
    fn the_voice_is_kept() {
        assert!(check("It works!").is_err());
        assert!(check("The master dies").is_err_and(|said| said.contains("leader")));
    }
}
