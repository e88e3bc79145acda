//! The words of one line, taken out one after the other, each with a sentence for when it is missing.

use super::token::Token;
use crate::model::{ProcessId, Text};
use crate::sorted::SortedMap;
use crate::time::Duration;

/// The words of one line after its verb.
pub(super) struct Words {
    pub(super) verb: String,
    pub(super) words: std::collections::VecDeque<String>,
    pub(super) pairs: SortedMap<String, Vec<u8>>,
    pub(super) quoted: Vec<Vec<u8>>,
}

impl Words {
    pub(super) fn new(tokens: Vec<Token>) -> Result<Words, String> {
        let mut found = Words {
            verb: String::new(),
            words: Default::default(),
            pairs: SortedMap::new(),
            quoted: Vec::new(),
        };
        for token in tokens {
            match token {
                Token::Word(word) => found.words.push_back(word),
                Token::Quoted(bytes) => found.quoted.push(bytes),
                Token::Pair(name, value) => {
                    if found.pairs.insert(name.clone(), value).is_some() {
                        return Err(format!("{name} is given twice"));
                    }
                }
            }
        }
        found.verb = found
            .words
            .pop_front()
            .ok_or("a line begins with a word such as run")?;
        Ok(found)
    }

    pub(super) fn word(&mut self, what: &str) -> Result<String, String> {
        let verb = &self.verb;
        self.words
            .pop_front()
            .ok_or_else(|| format!("{verb} needs {what}"))
    }

    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, String> {
        let Some(bytes) = self.pairs.remove(name) else {
            return Ok(None);
        };
        let text = String::from_utf8(bytes).map_err(|_| format!("{name} is not text"))?;
        Ok(Some(text))
    }

    pub(super) fn number<T: std::str::FromStr>(&mut self, name: &str) -> Result<Option<T>, String> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        text.parse()
            .map(Some)
            .map_err(|_| format!("{name}={text} is not a number that fits"))
    }

    pub(super) fn span(&mut self, name: &str) -> Result<Option<Duration>, String> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        let span = Duration::parse(&text);
        span.map(Some)
            .ok_or_else(|| format!("{name}={text} is not a time such as 40ms or 1.5s"))
    }

    pub(super) fn process(&mut self, what: &str) -> Result<ProcessId, String> {
        let word = self.word(what)?;
        ProcessId::parse(&word).ok_or_else(|| format!("{word} is not {what}"))
    }

    /// Everything left that is name=value.
    pub(super) fn settings(&mut self) -> Result<SortedMap<Text, Text>, String> {
        let mut settings = SortedMap::new();
        for (name, value) in std::mem::take(&mut self.pairs) {
            let value = String::from_utf8(value).map_err(|_| format!("{name} is not text"))?;
            settings.insert(name.into(), value.into());
        }
        Ok(settings)
    }

    pub(super) fn done(self) -> Result<(), String> {
        let verb = &self.verb;
        if let Some(word) = self.words.front() {
            return Err(format!("{verb} does not know what {word} is"));
        }
        if let Some(name) = self.pairs.keys().next() {
            return Err(format!("{verb} has no {name}="));
        }
        if !self.quoted.is_empty() {
            return Err(format!("{verb} takes no quoted text"));
        }
        Ok(())
    }
}
