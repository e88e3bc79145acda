//! The settings of a topic as a list: what each is called, what kind of value it has, what it is unless somebody
//! says otherwise, by which name brokers have it, and what it is good for. And [`Read`], which makes a
//! value of a text and refuses with the sentences of Kafka's `ConfigDef`.
//!
//! Not modelled: settings of remote storage and of message formats 0 and 1.

use super::bounds::Bounds;
use crate::time::Duration;

/// What kind of value a setting has, as Kafka numbers it in DescribeConfigs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Boolean = 1,
    String = 2,
    Int = 3,
    Short = 4,
    Long = 5,
    Double = 6,
    List = 7,
}

/// Whether a setting does anything here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It does what it does in Kafka.
    Real,
    /// It is kept and told, and changes nothing.
    Ignored,
}

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    pub name: &'static str,
    pub kind: Kind,
    /// What it is when nobody says otherwise; of settings that have an effect, [`super::LogConfig`] knows it.
    pub default: &'static str,
    /// Under which name a broker has it, for topics that do not say.
    pub broker: Option<&'static str>,
    pub effect: Effect,
    /// Which values of its kind it takes; of settings that have an effect, [`super::LogConfig`] knows it.
    pub bounds: Bounds,
    /// What it is good for, in a sentence or two.
    pub about: &'static str,
}

const fn real(
    name: &'static str,
    kind: Kind,
    broker: &'static str,
    about: &'static str,
) -> Setting {
    Setting {
        name,
        kind,
        default: "",
        broker: Some(broker),
        effect: Effect::Real,
        bounds: Bounds::Any,
        about,
    }
}

const fn ignored(
    name: &'static str,
    kind: Kind,
    default: &'static str,
    bounds: Bounds,
    about: &'static str,
) -> Setting {
    Setting {
        name,
        kind,
        default,
        broker: None,
        effect: Effect::Ignored,
        bounds,
        about,
    }
}

/// What a topic's batches may be compressed with.
const CODECS: [&str; 6] = ["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"];

/// Every setting of a topic, by name.
pub const SETTINGS: [Setting; 31] = [
    real(
        "cleanup.policy",
        Kind::List,
        "log.cleanup.policy",
        "What becomes of old records: delete drops whole segments by age and size, compact keeps the last record of every key, both do both.",
    ),
    ignored(
        "compression.gzip.level",
        Kind::Int,
        "-1",
        Bounds::BetweenOr(1, 9, -1),
        "How hard gzip tries, if the broker compresses.",
    ),
    ignored(
        "compression.lz4.level",
        Kind::Int,
        "9",
        Bounds::Between(1, 17),
        "How hard lz4 tries, if the broker compresses.",
    ),
    Setting {
        broker: Some("compression.type"),
        ..ignored(
            "compression.type",
            Kind::String,
            "producer",
            Bounds::OneOf(&CODECS),
            "Which codec the batches of the topic have. They stay as their producer made them.",
        )
    },
    ignored(
        "compression.zstd.level",
        Kind::Int,
        "3",
        Bounds::Between(-131_072, 22),
        "How hard zstd tries, if the broker compresses.",
    ),
    real(
        "delete.retention.ms",
        Kind::Long,
        "log.cleaner.delete.retention.ms",
        "How long a tombstone stays in a compacted log after it was first cleaned, so that whoever reads from the beginning sees that its key is gone.",
    ),
    ignored(
        "file.delete.delay.ms",
        Kind::Long,
        "60000",
        Bounds::AtLeast(0),
        "How long the file of a dropped segment lies there before it is removed.",
    ),
    real(
        "flush.messages",
        Kind::Long,
        "log.flush.interval.messages",
        "After how many records the log is flushed to the disk. Replication keeps records safe; flushing is left to the system.",
    ),
    ignored(
        "flush.ms",
        Kind::Long,
        "9223372036854775807",
        Bounds::AtLeast(0),
        "After what time the log is flushed to the disk.",
    ),
    ignored(
        "follower.replication.throttled.replicas",
        Kind::List,
        "",
        Bounds::Replicas,
        "Replicas whose copying is slowed down on the follower.",
    ),
    real(
        "index.interval.bytes",
        Kind::Int,
        "log.index.interval.bytes",
        "How many bytes of log lie between two entries of the offset index.",
    ),
    ignored(
        "leader.replication.throttled.replicas",
        Kind::List,
        "",
        Bounds::Replicas,
        "Replicas whose copying is slowed down on the leader.",
    ),
    real(
        "max.compaction.lag.ms",
        Kind::Long,
        "log.cleaner.max.compaction.lag.ms",
        "How long a record may stay uncompacted at most, whatever the dirty ratio.",
    ),
    real(
        "max.message.bytes",
        Kind::Int,
        "message.max.bytes",
        "The largest batch that a producer may send.",
    ),
    ignored(
        "message.downconversion.enable",
        Kind::Boolean,
        "true",
        Bounds::Any,
        "Whether old clients get old message formats.",
    ),
    ignored(
        "message.format.version",
        Kind::String,
        "3.0-IV1",
        Bounds::Version,
        "Which message format the log has.",
    ),
    real(
        "message.timestamp.after.max.ms",
        Kind::Long,
        "log.message.timestamp.after.max.ms",
        "How far the timestamp of a record may be ahead of the broker's clock.",
    ),
    real(
        "message.timestamp.before.max.ms",
        Kind::Long,
        "log.message.timestamp.before.max.ms",
        "How far the timestamp of a record may be behind the broker's clock.",
    ),
    real(
        "message.timestamp.difference.max.ms",
        Kind::Long,
        "log.message.timestamp.difference.max.ms",
        "How far the timestamp of a record may be off the broker's clock, where the two newer settings do not say.",
    ),
    real(
        "message.timestamp.type",
        Kind::String,
        "log.message.timestamp.type",
        "Whose clock a record's timestamp is: the producer's or the leader's.",
    ),
    real(
        "min.cleanable.dirty.ratio",
        Kind::Double,
        "log.cleaner.min.cleanable.ratio",
        "How much of a log must be dirty, not compacted yet, before it is compacted.",
    ),
    real(
        "min.compaction.lag.ms",
        Kind::Long,
        "log.cleaner.min.compaction.lag.ms",
        "How long a record stays as it was written before it may be compacted.",
    ),
    real(
        "min.insync.replicas",
        Kind::Int,
        "min.insync.replicas",
        "How many replicas must be in sync for a write with acks=all.",
    ),
    ignored(
        "preallocate",
        Kind::Boolean,
        "false",
        Bounds::Any,
        "Whether the file of a new segment is made as large as it may become.",
    ),
    real(
        "retention.bytes",
        Kind::Long,
        "log.retention.bytes",
        "How large the log of a partition stays when its oldest segments are dropped.",
    ),
    real(
        "retention.ms",
        Kind::Long,
        "log.retention.ms",
        "How old the youngest record of a segment must be before the segment is dropped.",
    ),
    real(
        "segment.bytes",
        Kind::Int,
        "log.segment.bytes",
        "How large a segment grows before the next is begun.",
    ),
    real(
        "segment.index.bytes",
        Kind::Int,
        "log.index.size.max.bytes",
        "How large the index of a segment grows before the next segment is begun.",
    ),
    real(
        "segment.jitter.ms",
        Kind::Long,
        "log.roll.jitter.ms",
        "By how much segments are begun earlier than they must, each by a time of its own, so that not all are begun at once.",
    ),
    real(
        "segment.ms",
        Kind::Long,
        "log.roll.ms",
        "How much time the records of a segment span before the next is begun.",
    ),
    real(
        "unclean.leader.election.enable",
        Kind::Boolean,
        "unclean.leader.election.enable",
        "Whether a replica that is not in sync may lead when nobody else can, and records be lost.",
    ),
];

/// A setting by its name.
pub fn find(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name == name)
}

/// A share of a whole, in billionths: what Kafka has as a floating-point number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ratio(u32);

impl Ratio {
    const WHOLE: u32 = 1_000_000_000;

    /// One half.
    pub const HALF: Ratio = Ratio(Ratio::WHOLE / 2);

    /// Whether `part` is more than this share of `whole`.
    pub fn is_exceeded_by(self, part: u64, whole: u64) -> bool {
        u128::from(part) * u128::from(Ratio::WHOLE) > u128::from(self.0) * u128::from(whole)
    }

    /// Reads a decimal number as Java does, perhaps with an exponent or the letter of its type: in billionths, what
    /// is smaller left out, and no more than a billion.
    fn parse(text: &str) -> Option<i64> {
        let (sign, number) = match text.strip_prefix('-') {
            Some(number) => (-1, number),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        let number = number.strip_suffix(['d', 'D', 'f', 'F']).unwrap_or(number);
        let (digits, exponent) = match number.split_once(['e', 'E']) {
            Some((digits, exponent)) => (digits, exponent.parse::<i32>().ok()?),
            None => (number, 0),
        };
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let digits = [whole, part].concat();
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        // Before this digit stands the point, and nine places behind it a billionth.
        let point = i64::try_from(whole.len()).ok()? + i64::from(exponent);
        let mut billionths: i64 = 0;
        let mut place = 0;
        for digit in digits.bytes().map(|digit| i64::from(digit - b'0')) {
            if place < point + 9 {
                billionths = billionths.saturating_mul(10).saturating_add(digit);
            }
            place += 1;
        }
        while place < point + 9 && billionths > 0 && billionths < i64::MAX {
            billionths = billionths.saturating_mul(10);
            place += 1;
        }
        let most = 1_000_000_000 * i64::from(Ratio::WHOLE);
        Some(sign * billionths.min(most))
    }
}

impl std::fmt::Display for Ratio {
    /// As Java prints it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let part = format!("{:09}", self.0 % Ratio::WHOLE);
        let part = part.trim_end_matches('0');
        let part = if part.is_empty() { "0" } else { part };
        write!(f, "{}.{part}", self.0 / Ratio::WHOLE)
    }
}

/// One value on its way into a setting, of a topic or of a broker.
pub(crate) struct Read<'a> {
    pub(crate) name: &'a str,
    pub(crate) value: &'a str,
}

impl Read<'_> {
    pub(crate) fn refuse<T>(&self, why: &str) -> Result<T, String> {
        Err(format!(
            "Invalid value {} for configuration {}: {why}",
            self.value, self.name
        ))
    }

    /// That the value is of this kind, whatever it says.
    pub(crate) fn is_of(&self, kind: Kind) -> Result<(), String> {
        match kind {
            Kind::Boolean => self.boolean().map(drop),
            Kind::Int | Kind::Short => match self.value.trim().parse::<i32>() {
                Ok(_) => Ok(()),
                Err(_) => self.refuse("Not a number of type INT"),
            },
            Kind::Long => self.long(i64::MIN).map(drop),
            Kind::Double => self.ratio().map(drop),
            Kind::String | Kind::List => Ok(()),
        }
    }

    pub(crate) fn int(&self, least: u32) -> Result<u32, String> {
        match self.value.trim().parse::<i32>() {
            Ok(n) if n >= 0 && n.unsigned_abs() >= least => Ok(n.unsigned_abs()),
            Ok(_) => self.refuse(&format!("Value must be at least {least}")),
            Err(_) => self.refuse("Not a number of type INT"),
        }
    }

    pub(crate) fn long(&self, least: i64) -> Result<i64, String> {
        match self.value.trim().parse::<i64>() {
            Ok(n) if n >= least => Ok(n),
            Ok(_) => self.refuse(&format!("Value must be at least {least}")),
            Err(_) => self.refuse("Not a number of type LONG"),
        }
    }

    pub(crate) fn span(&self, least: i64) -> Result<Duration, String> {
        let millis = self.long(least)?;
        Ok(match millis {
            i64::MAX => Duration::MAX,
            _ => Duration::from_millis(millis.unsigned_abs()),
        })
    }

    pub(crate) fn span_or_none(&self) -> Result<Option<Duration>, String> {
        let millis = self.long(-1)?;
        Ok((millis >= 0).then(|| Duration::from_millis(millis.unsigned_abs())))
    }

    /// Kafka treats every negative size as "no limit".
    pub(crate) fn bytes_or_none(&self) -> Result<Option<u64>, String> {
        let bytes = self.long(i64::MIN)?;
        Ok((bytes >= 0).then(|| bytes.unsigned_abs()))
    }

    pub(crate) fn boolean(&self) -> Result<bool, String> {
        match self.value.trim().to_ascii_lowercase().as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => self.refuse("Expected value to be either true or false"),
        }
    }

    pub(crate) fn ratio(&self) -> Result<Ratio, String> {
        match Ratio::parse(self.value.trim()) {
            None => self.refuse("Not a number of type DOUBLE"),
            Some(..0) => self.refuse("Value must be at least 0"),
            Some(billionths) => match u32::try_from(billionths) {
                Ok(billionths @ 0..=Ratio::WHOLE) => Ok(Ratio(billionths)),
                _ => self.refuse("Value must be no more than 1"),
            },
        }
    }

    /// One of a few words.
    pub(crate) fn one_of<T: Copy>(&self, words: &[(&str, T)]) -> Result<T, String> {
        let found = words.iter().find(|(word, _)| *word == self.value.trim());
        match found {
            Some((_, value)) => Ok(*value),
            None => {
                let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                self.refuse(&format!("String must be one of: {}", words.join(", ")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio(value: &str) -> Result<String, String> {
        let name = "ratio";
        Read { name, value }.ratio().map(|ratio| ratio.to_string())
    }

    #[test]
    fn settings_stand_by_name_and_ratios_print_as_they_are_read() {
        assert!(SETTINGS.is_sorted_by_key(|setting| setting.name));
        for (text, expected) in [
            ("0.5", "0.5"),
            ("1", "1.0"),
            (".25", "0.25"),
            ("0", "0.0"),
            ("5e-1", "0.5"),
            ("0.0025E+2d", "0.25"),
            ("1e0", "1.0"),
            ("1e-400", "0.0"),
            ("0.1234567891", "0.123456789"),
        ] {
            assert_eq!(ratio(text).as_deref(), Ok(expected), "{text}");
        }
        for (text, why) in [
            ("1.1", "no more than 1"),
            ("-0.1", "at least 0"),
            ("half", "DOUBLE"),
            (".", "DOUBLE"),
            ("99999999999", "no more than 1"),
            ("1e400", "no more than 1"),
            ("-1e400", "at least 0"),
            ("e5", "DOUBLE"),
            ("1e", "DOUBLE"),
        ] {
            let refusal = ratio(text).expect_err(text);
            assert!(refusal.contains(why), "{refusal}");
        }
    }

    #[test]
    fn a_ratio_is_exceeded_by_more_than_it_and_by_no_less() {
        assert!(!Ratio::HALF.is_exceeded_by(5, 10));
        assert!(Ratio::HALF.is_exceeded_by(6, 10));
        assert!(!Ratio(0).is_exceeded_by(0, 10));
        assert!(!Ratio(0).is_exceeded_by(0, 0));
    }
}
