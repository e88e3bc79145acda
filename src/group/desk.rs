//! The coordinator's desk: what all its groups share while one of them is worked on.
//!
//! Deadlines, answers that go out, records that are being written, and the stream of random numbers from which
//! members get their ids.

use std::fmt;

use super::config::GroupConfig;
use super::member::Member;
use super::record::{Committed, Record};
use super::state::Group;
use super::{Answer, Append, Asker, Effect, Token};
use crate::fact::Fact;
use crate::model::{Text, TopicPartition};
use crate::protocol::ErrorCode;
use crate::protocol::api::offset_commit::OffsetCommitResponse;
use crate::rng::Rng;
use crate::sorted::SortedMap;
use crate::time::{Duration, Instant, Moment, Timestamp};
use crate::timers::Timers;
use bytes::Bytes;

/// What falls due.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// A member has been silent for too long, or an id that was given away was not used.
    Session { group: Text, member: Text },
    /// A group waits no longer for those who have not joined.
    Join { group: Text },
    /// A group waits no longer for those who have not asked for their part.
    Sync { group: Text },
    /// Old offsets are looked for (`offsets.retention.check.interval.ms`).
    Retention,
}

impl fmt::Display for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Timer::Session { group, member } => write!(f, "takes {member} out of group {group}"),
            Timer::Join { group } => write!(f, "begins the next generation of group {group}"),
            Timer::Sync { group } => {
                write!(
                    f,
                    "takes those out of group {group} who have not asked for their part"
                )
            }
            Timer::Retention => f.write_str("looks for old offsets"),
        }
    }
}

/// What is being written, and what happens once it is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Writing {
    /// The parts that a leader handed in for a generation.
    Parts {
        group: Text,
        generation: i32,
        parts: SortedMap<Text, Bytes>,
    },
    /// A static member under its new id.
    Returned {
        group: Text,
        /// The member as it was.
        old: Member,
        new: Text,
        answer: Box<super::join::ReturnAnswer>,
    },
    /// Offsets, and the answer if all goes well.
    Offsets {
        group: Text,
        offsets: Vec<(TopicPartition, Committed)>,
        asker: Asker,
        response: Box<OffsetCommitResponse>,
    },
    /// Whatever becomes of it, nothing follows.
    Rest,
}

/// What the groups share.
#[derive(Clone, Debug)]
pub(super) struct Desk {
    pub(super) config: GroupConfig,
    /// How many partitions keep groups, once that was heard.
    pub(super) partitions: Option<i32>,
    pub(super) at: Moment,
    pub(super) timers: Timers<Timer>,
    pub(super) writes: SortedMap<Token, Writing>,
    pub(super) effects: Vec<Effect>,
    rng: Rng,
    tokens: u64,
}

impl Desk {
    pub(super) fn new(config: GroupConfig, rng: Rng) -> Desk {
        Desk {
            config,
            partitions: None,
            at: Moment {
                now: Instant::ZERO,
                wall: Timestamp(0),
            },
            timers: Timers::default(),
            writes: SortedMap::new(),
            effects: Vec::new(),
            rng,
            tokens: 0,
        }
    }

    /// The partition that keeps a group.
    pub(super) fn partition_of(&self, group: &str) -> i32 {
        let made = self.config.offsets_topic_num_partitions;
        super::partition_of(group, self.partitions.unwrap_or(made))
    }

    pub(super) fn answer(&mut self, asker: Asker, answer: impl Into<Answer>) {
        self.effects.push(Effect::Answer(asker, answer.into()));
    }

    pub(super) fn note(&mut self, fact: Fact) {
        self.effects.push(Effect::Note(fact));
    }

    /// Has records written; `appended` is called once they are, or cannot be.
    pub(super) fn write(&mut self, group: &Text, records: Vec<Record>, then: Writing) -> Token {
        self.tokens += 1;
        let token = Token(self.tokens);
        self.writes.insert(token, then);
        self.append(group, Some(token), records);
        token
    }

    /// Has records written, if only here for now; nothing follows.
    pub(super) fn write_and_go_on(&mut self, group: &Text, records: Vec<Record>) {
        self.append(group, None, records);
    }

    fn append(&mut self, group: &Text, token: Option<Token>, records: Vec<Record>) {
        let partition = self.partition_of(group);
        self.effects.push(Effect::Append(Append {
            token,
            partition,
            records,
        }));
    }

    /// An id that nobody has (`GroupMetadata.generateMemberId`).
    pub(super) fn new_member_id(&mut self, client: &str, instance: Option<&Text>) -> Text {
        let uuid = self.rng.uuid();
        let hex: String = uuid.iter().map(|byte| format!("{byte:02x}")).collect();
        let name = instance.map_or(client, |name| name);
        format!(
            "{name}-{}-{}-{}-{}-{}",
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..]
        )
        .into()
    }

    /// A member was heard of: its session begins anew.
    pub(super) fn heard(&mut self, group: &Group, member: &str) {
        if let Some(member) = group.member(member) {
            self.watch(&group.id, &member.id, member.session_timeout);
        }
    }

    /// A member, or an id that was given away, goes if it is not heard of for so long.
    pub(super) fn watch(&mut self, group: &Text, member: &Text, span: Duration) {
        let timer = Timer::Session {
            group: group.clone(),
            member: member.clone(),
        };
        self.timers.set(timer, self.at.now + span);
    }

    pub(super) fn unwatch(&mut self, group: &Text, member: &Text) {
        self.timers.cancel(&Timer::Session {
            group: group.clone(),
            member: member.clone(),
        });
    }
}

/// What is told of a write that failed, whatever was to be written.
pub(super) fn coordinator_error(error: ErrorCode) -> ErrorCode {
    match error {
        ErrorCode::UnknownTopicOrPartition
        | ErrorCode::NotEnoughReplicas
        | ErrorCode::NotEnoughReplicasAfterAppend => ErrorCode::CoordinatorNotAvailable,
        ErrorCode::NotLeaderOrFollower | ErrorCode::KafkaStorageError => ErrorCode::NotCoordinator,
        other => other,
    }
}
