//! Which values a setting takes that changes nothing here: it is kept and told, and what Kafka refuses is refused
//! all the same, with the sentences of Kafka's `ConfigDef`.

use super::setting::{Kind, Read};

/// Which of the values of its kind a setting takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bounds {
    Any,
    AtLeast(i64),
    Between(i64, i64),
    /// A number between two, or one beside them that means "as usual".
    BetweenOr(i64, i64, i64),
    /// One of a few words.
    OneOf(&'static [&'static str]),
    /// Some of a topic's replicas, as `partition:broker`, or `*` for all of them.
    Replicas,
    /// A version of Kafka up to 3.9, such as `2.8` or `2.8-IV1`.
    Version,
}

/// Every version whose name is not followed by another, and in how many steps it came.
const VERSIONS: [(&str, u32); 29] = [
    ("0.8.0", 0),
    ("0.8.1", 0),
    ("0.8.2", 0),
    ("0.9.0", 0),
    ("0.10.0", 2),
    ("0.10.1", 3),
    ("0.10.2", 1),
    ("0.11.0", 3),
    ("1.0", 1),
    ("1.1", 1),
    ("2.0", 2),
    ("2.1", 3),
    ("2.2", 2),
    ("2.3", 2),
    ("2.4", 2),
    ("2.5", 1),
    ("2.6", 1),
    ("2.7", 3),
    ("2.8", 2),
    ("3.0", 2),
    ("3.1", 1),
    ("3.2", 1),
    ("3.3", 4),
    ("3.4", 1),
    ("3.5", 3),
    ("3.6", 3),
    ("3.7", 5),
    ("3.8", 1),
    ("3.9", 1),
];

impl Read<'_> {
    /// That the value is of this kind and within these bounds.
    pub(crate) fn is_within(&self, kind: Kind, bounds: Bounds) -> Result<(), String> {
        self.is_of(kind)?;
        let value = self.value.trim();
        let number = || value.parse::<i64>().unwrap_or_default();
        match bounds {
            Bounds::Any => Ok(()),
            Bounds::AtLeast(least) if number() < least => {
                self.refuse(&format!("Value must be at least {least}"))
            }
            Bounds::Between(least, _) if number() < least => {
                self.refuse(&format!("Value must be at least {least}"))
            }
            Bounds::Between(_, most) if number() > most => {
                self.refuse(&format!("Value must be no more than {most}"))
            }
            Bounds::BetweenOr(least, most, usual)
                if !(least..=most).contains(&number()) && number() != usual =>
            {
                self.refuse(&format!(
                    "Value must be between {least} and {most} or equal to {usual}"
                ))
            }
            Bounds::OneOf(words) if !words.contains(&value) => {
                self.refuse(&format!("String must be one of: {}", words.join(", ")))
            }
            Bounds::Replicas if !are_replicas(value) => self.refuse(&format!(
                "{} must be the literal '*' or a list of replicas in the following format: \
                 [partitionId]:[brokerId],[partitionId]:[brokerId],...",
                self.name
            )),
            Bounds::Version if !is_version(value) => {
                self.refuse(&format!("Version {value} is not a valid version"))
            }
            _ => Ok(()),
        }
    }
}

fn are_replicas(value: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let is_replica = |one: &str| {
        one.is_empty()
            || one
                .split_once(':')
                .is_some_and(|(partition, broker)| is_number(partition) && is_number(broker))
    };
    value == "*" || value.split(',').map(str::trim).all(is_replica)
}

fn is_version(value: &str) -> bool {
    let parts = match value.starts_with("0.") {
        true => 3,
        false => 2,
    };
    // What follows, such as the last number of 2.8.1, does not matter.
    let mut ends = value.match_indices('.').map(|(at, _)| at);
    let known = ends.nth(parts - 1).map_or(value, |end| &value[..end]);
    let (name, step) = match known.split_once("-IV") {
        Some((name, step)) => (name, Some(step)),
        None => (known, None),
    };
    let mut versions = VERSIONS.iter();
    let Some((_, steps)) = versions.find(|(version, _)| *version == name) else {
        return false;
    };
    match step {
        None => true,
        Some(step) => (0..*steps).any(|known| known.to_string() == step),
    }
}

#[cfg(test)]
mod tests {
    use crate::log::LogConfig;

    #[test]
    fn what_changes_nothing_is_bounded_all_the_same() {
        for (name, good, bad, why) in [
            (
                "compression.type",
                &["producer", "zstd", "uncompressed"][..],
                &["foo", "none", "GZIP", ""][..],
                "String must be one of: uncompressed, zstd, lz4, snappy, gzip, producer",
            ),
            (
                "compression.gzip.level",
                &["-1", "1", "9"],
                &["0", "10", "-2"],
                "Value must be between 1 and 9 or equal to -1",
            ),
            ("compression.lz4.level", &["1", "17"], &["0"], "at least 1"),
            ("compression.lz4.level", &[], &["18"], "no more than 17"),
            (
                "compression.zstd.level",
                &["-131072", "22"],
                &["23"],
                "no more than 22",
            ),
            ("flush.ms", &["0"], &["-5"], "at least 0"),
            ("file.delete.delay.ms", &["0"], &["-1"], "at least 0"),
            (
                "leader.replication.throttled.replicas",
                &["", "*", "0:1", "0:1, 12:3"],
                &["x", "1", "1:", "*,0:1"],
                "must be the literal '*' or a list of replicas",
            ),
            (
                "message.format.version",
                &["0.9.0", "0.10.0-IV1", "2.8", "2.8-IV1", "2.8.1", "3.0-IV1"],
                &["x", "4.0", "2.8-IV2", "0.10", "2.8-IV", "0.9.0-IV0"],
                "is not a valid version",
            ),
        ] {
            for value in good {
                let set = LogConfig::default().set(name, value);
                assert_eq!(set, Ok(()), "{name}={value}");
            }
            for value in bad {
                let refusal = LogConfig::default().set(name, value).expect_err(value);
                assert!(refusal.contains(why), "{refusal}");
            }
        }
    }
}
