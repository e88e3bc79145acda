//! What a reader may try in a lesson: an input of their own, carried out in the lesson's cluster.
//!
//! An attempt is a command like any other, so it becomes part of the run, can be undone, and copied in a
//! link. What it leads to is the cluster's own answer; nothing here knows it beforehand.

use crate::client::producer::murmur2::partition_of_key;
use crate::model::{Offset, ProcessId, Text, TopicName, TopicPartition};
use crate::process::{Instruction, NewRecord};
use crate::protocol::api::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
use crate::protocol::frame::encode_request;
use crate::protocol::records::{BatchBuilder, Codec};
use crate::time::Timestamp;
use crate::world::Command;

/// The version that a client of Kafka 2.4 speaks.
const VERSION: i16 = 8;

/// What can be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// Send a key of one's own, and say first which partition it goes to.
    Key,
    /// Send a message of one's own and look at its bytes.
    Message,
    /// Write into the middle of a log.
    Middle,
    /// Say how old records become, and watch where the log begins.
    Retention,
}

impl Attempt {
    /// Reads the word after `try:`.
    ///
    /// # Errors
    /// When there is no such attempt.
    pub fn parse(word: &str) -> Result<Attempt, String> {
        match word {
            "key" => Ok(Attempt::Key),
            "message" => Ok(Attempt::Message),
            "middle" => Ok(Attempt::Middle),
            "retention" => Ok(Attempt::Retention),
            _ => Err(format!(
                "try: is key, message, middle or retention, not {word}"
            )),
        }
    }
}

/// A message as a reader writes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Empty: no key.
    pub key: String,
    pub value: String,
    /// `name=value`; empty: no header.
    pub header: String,
    /// Milliseconds since 1970; empty: the producer's own clock.
    pub timestamp: String,
}

impl Written {
    /// The command that hands the message to a producer.
    ///
    /// # Errors
    /// What would have been accepted.
    pub fn command(&self, client: ProcessId, topic: &TopicName) -> Result<Command, String> {
        let bytes = |text: &str| bytes::Bytes::copy_from_slice(text.as_bytes());
        let headers = match (self.header.is_empty(), self.header.split_once('=')) {
            (true, _) => Vec::new(),
            (false, Some((name, value))) => {
                vec![(Text::from(name.trim()), Some(bytes(value.trim())))]
            }
            (false, None) => return Err("a header is name=value".to_owned()),
        };
        let timestamp = match self.timestamp.trim() {
            "" => None,
            digits => {
                let millis = digits.parse().ok().filter(|millis| *millis >= 0);
                let millis = millis.ok_or("a timestamp is milliseconds since 1970, or empty")?;
                Some(Timestamp(millis))
            }
        };
        Ok(Command::Tell {
            client,
            instruction: Instruction::Produce {
                topic: topic.clone(),
                partition: None,
                record: NewRecord {
                    key: (!self.key.is_empty()).then(|| bytes(&self.key)),
                    value: Some(bytes(&self.value)),
                    headers,
                    timestamp,
                },
            },
        })
    }
}

/// The partition that the default rule gives a key, for whoever checks a prediction.
pub fn partition(key: &str, partitions: u32) -> i32 {
    partition_of_key(key.as_bytes(), partitions)
}

/// The bytes of a Produce request whose batch claims to begin at an offset.
pub fn claim(
    partition: &TopicPartition,
    offset: Offset,
    value: &str,
    correlation_id: i32,
) -> bytes::Bytes {
    let mut batch = BatchBuilder::new(Codec::None);
    batch.set_place(offset, -1);
    batch.append(
        1_700_000_000_000,
        Some(b"outsider"),
        Some(value.as_bytes()),
        &[],
    );
    let request = ProduceRequest {
        transactional_id: None,
        acks: -1,
        timeout_ms: 30_000,
        topic_data: vec![TopicProduceData {
            name: partition.topic.0.clone(),
            partition_data: vec![PartitionProduceData {
                index: partition.partition,
                records: Some(batch.build().into()),
            }],
        }],
    };
    encode_request(&request, VERSION, correlation_id, Some("outsider")).to_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lesson::play::Catalogue;
    use crate::script::{self, print_command};
    use crate::time::Duration;
    use crate::world::{History, Steps};

    fn history(slug: &str, step: usize) -> History {
        let catalogue = Catalogue::read().unwrap_or_else(|(slug, why)| panic!("{slug}: {why}"));
        let lesson = catalogue.lesson(slug).expect("the lesson is there");
        lesson.history_at(step).expect("it has the step")
    }

    fn run(history: &mut History) {
        let to = history.now() + Duration::from_secs(1);
        history.seek(to, Steps::UNLIMITED);
    }

    fn lines(history: &History, from: u64) -> Vec<String> {
        let journal = &history.observed().journal;
        journal.since(from).map(ToString::to_string).collect()
    }

    #[test]
    fn a_message_is_a_line_of_script() {
        let written = Written {
            key: "chen".into(),
            value: "here".into(),
            header: "device=phone".into(),
            timestamp: "17".into(),
        };
        let topic = TopicName("driver-locations".into());
        let command = written.command(ProcessId::Producer(1), &topic).unwrap();
        let line = print_command(&command);
        assert_eq!(
            script::parse_line(&line),
            Ok(script::Action::Command(command))
        );
        for (header, timestamp) in [("device", ""), ("", "-1"), ("", "noon")] {
            let wrong = Written {
                header: header.into(),
                timestamp: timestamp.into(),
                ..written.clone()
            };
            assert!(wrong.command(ProcessId::Producer(1), &topic).is_err());
        }
    }

    #[test]
    fn a_key_goes_where_the_rule_says() {
        let mut history = history("choose", 2);
        let topic = TopicName("driver-locations".into());
        for key in ["omar", "lena", "七"] {
            let from = history.observed().journal.len();
            let written = Written {
                key: key.into(),
                value: "x".into(),
                ..Written::default()
            };
            history
                .perform(written.command(ProcessId::Producer(1), &topic).unwrap())
                .unwrap();
            let expected = format!("driver-locations-{}", partition(key, 3));
            let lines = lines(&history, from);
            assert!(
                lines.iter().any(|line| line.contains(&expected)),
                "{lines:?}"
            );
            run(&mut history);
        }
    }

    #[test]
    fn the_middle_of_a_log_is_refused_and_its_end_is_not() {
        for (offset, said) in [(2, "INVALID_RECORD"), (0, "leader appends")] {
            let mut history = history("append", 5);
            let from = history.observed().journal.len();
            let bytes = claim(
                &TopicPartition::new("trip-updates", 0),
                Offset(offset),
                "hacked",
                7,
            );
            let socket = ProcessId::Socket(1);
            history
                .perform(Command::WriteSocket { socket, bytes })
                .unwrap();
            run(&mut history);
            let lines = lines(&history, from);
            assert!(
                lines.iter().any(|line| line.contains(said)),
                "{offset}: {lines:?}"
            );
        }
    }
}
