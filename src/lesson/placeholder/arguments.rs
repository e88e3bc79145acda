//! The arguments of a placeholder: topics, partitions, brokers, clients, records.

use super::RecordId;
use crate::model::{BrokerId, Offset, ProcessId, Text, TopicName, TopicPartition};

/// The arguments of a placeholder, taken one after the other.
pub(super) struct Arguments<'a> {
    pub(super) of: &'a str,
    pub(super) rest: &'a str,
}

impl<'a> Arguments<'a> {
    pub(super) fn word(&mut self, what: &str) -> Result<&'a str, String> {
        let trimmed = self.rest.trim_start();
        let end = trimmed.find(char::is_whitespace).unwrap_or(trimmed.len());
        let (word, rest) = trimmed.split_at(end);
        self.rest = rest;
        match word {
            "" => Err(format!("{{{}}} needs {what}", self.of)),
            word => Ok(word),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.trim().is_empty()
    }

    pub(super) fn text(&mut self, what: &str) -> Result<Text, String> {
        self.word(what).map(Text::from)
    }

    pub(super) fn topic(&mut self) -> Result<TopicName, String> {
        let word = self.word("a topic")?;
        TopicName::check(word).map_err(|rule| format!("{{{}}}: {rule}", self.of))?;
        Ok(TopicName::new(word))
    }

    pub(super) fn partition(&mut self) -> Result<TopicPartition, String> {
        let word = self.word("a partition such as orders-0")?;
        let wrong = || {
            format!(
                "{{{}}}: {word} is not a partition such as orders-0",
                self.of
            )
        };
        TopicPartition::parse(word).ok_or_else(wrong)
    }

    pub(super) fn broker(&mut self) -> Result<BrokerId, String> {
        let word = self.word("a broker such as b1")?;
        let wrong = || format!("{{{}}}: {word} is not a broker such as b1", self.of);
        ProcessId::parse(word)
            .and_then(ProcessId::broker)
            .ok_or_else(wrong)
    }

    pub(super) fn client(&mut self) -> Result<ProcessId, String> {
        let word = self.word("a client such as p1")?;
        let client = ProcessId::parse(word).filter(|id| id.broker().is_none());
        client.ok_or_else(|| format!("{{{}}}: {word} is not a client such as p1", self.of))
    }

    pub(super) fn path(&mut self) -> Result<Text, String> {
        let word = self.word("a path such as /controller")?;
        match word.starts_with('/') {
            true => Ok(word.into()),
            false => Err(format!(
                "{{{}}}: {word} is not a path such as /controller",
                self.of
            )),
        }
    }

    pub(super) fn record(&mut self) -> Result<RecordId, String> {
        let word = self.word("a record such as orders-0@7")?;
        let parsed = word.split_once('@').and_then(|(partition, offset)| {
            let partition = TopicPartition::parse(partition)?;
            let offset = offset
                .parse()
                .ok()
                .filter(|offset| *offset >= 0)
                .map(Offset)?;
            Some(RecordId { partition, offset })
        });
        parsed.ok_or_else(|| format!("{{{}}}: {word} is not a record such as orders-0@7", self.of))
    }
}
