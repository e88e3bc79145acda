//! Anomalies that Kafka's settings allow: each occurs in one script, and not in its twin.
//!
//! `tests/scripts/anomalies` holds a pair of scripts for each: the same cluster, the same faults at the same
//! instants, and other settings. What is counted here is what an application can know: what it handed over,
//! what it was told, what it read and was done with, and what can be read in the end. Then somebody reads everything
//! from the beginning, and the account that clients give of the whole is judged as Jepsen's checker would judge it.

use kafka_playground::fact::{Entry, Fact, Shown as Text};
use kafka_playground::model::{Offset, ProcessId, TopicPartition};
use kafka_playground::process::Instruction;
use kafka_playground::protocol::{ApiKey, ErrorCode};
use kafka_playground::script::{self, Action, Script, Shown};
use kafka_playground::sorted::{SortedMap, SortedSet};
use kafka_playground::testimony::{Class, Witness};
use kafka_playground::world::audit::Report;
use kafka_playground::world::{Command, History, Plan};

use crate::golden::SCRIPTS;

/// How often each of the things happened that nobody wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Counts {
    /// The application was told that all is well, and the record cannot be read.
    lost: usize,
    /// The application was told that its record failed.
    failed: usize,
    /// Of those, the record can be read all the same.
    failed_but_there: usize,
    /// The record can be read more than once; every time but the first counts.
    duplicated: usize,
    /// The record stands before one that the same producer was given earlier.
    reordered: usize,
    /// At a moment at which the script shows the audit, the record is acknowledged, not lost, and not to be read.
    unread: usize,
    /// A group has read the record, and nobody was ever done with it.
    skipped: usize,
    /// A group was done with the record more than once; every time but the first counts.
    repeated: usize,
    /// A group came to its partition and passed it over.
    passed_over: usize,
    /// A member's own reading went back.
    went_back: usize,
    /// A member's own reading went on behind records that it had not read.
    jumped: usize,
    /// A commit came to nothing.
    refused: usize,
    /// Of those, the commit was sent, and the coordinator has refused it: its member is one no more.
    fenced: usize,
    /// The key stands in more than one partition.
    scattered: usize,
    /// A reader asks for a place that its log does not have, and has to begin somewhere else.
    out_of_range: usize,
}

fn counts(of: impl Fn(&mut Counts)) -> Counts {
    let mut counts = Counts::default();
    of(&mut counts);
    counts
}

/// The anomalies by their numbers, and exactly what is counted where they occur. Last, what the audit that the
/// page shows counts of it: lost, duplicated.
fn table() -> Vec<(&'static str, Counts, (u64, u64))> {
    let lost = |lost: usize| counts(|counts| counts.lost = lost);
    let failed = counts(|counts| counts.failed = 1);
    let duplicated = counts(|counts| counts.duplicated = 1);
    vec![
        // acks=0: the audit knows only of what was acknowledged.
        ("x01", lost(1), (0, 0)),
        // acks=1, and the leader dies with the only copy.
        ("x02", lost(1), (1, 0)),
        // acks=1, and the leader leads no more.
        ("x03", lost(2), (2, 0)),
        // The last in sync loses power.
        ("x04", lost(1), (1, 0)),
        // Nobody in sync is left to lead: an order is given up.
        ("x05", failed.clone(), (0, 0)),
        // Somebody leads who is not in sync: what a reader has read already is gone, and its place with it.
        (
            "x06",
            counts(|counts| (counts.lost, counts.out_of_range) = (1, 1)),
            (1, 0),
        ),
        // All lose power.
        ("x07", lost(2), (2, 0)),
        // A retry of what was written.
        ("x08", duplicated, (0, 1)),
        // A retry that is overtaken by two.
        ("x09", counts(|counts| counts.reordered = 2), (0, 0)),
        // The application sends again: to the audit these are two records.
        (
            "x10",
            counts(|counts| (counts.failed, counts.duplicated) = (1, 1)),
            (0, 0),
        ),
        // Told that it failed, and it is there.
        (
            "x11",
            counts(|counts| (counts.failed, counts.failed_but_there) = (1, 1)),
            (0, 0),
        ),
        // Refused, and not there.
        ("x12", failed, (0, 0)),
        // Acknowledged, and not to be read before the followers are back.
        ("x13", counts(|counts| counts.unread = 1), (0, 0)),
        // Committed, and never done.
        ("x14", counts(|counts| counts.skipped = 1), (0, 0)),
        // Done, and not committed.
        ("x15", counts(|counts| counts.repeated = 2), (0, 0)),
        // Done by everybody, and nobody may say so.
        (
            "x16",
            counts(|counts| (counts.repeated, counts.went_back, counts.refused) = (2, 2, 3)),
            (0, 0),
        ),
        // Done by two, and the coordinator does not take the word of the first.
        (
            "x16b",
            counts(|counts| (counts.repeated, counts.refused, counts.fenced) = (1, 1, 1)),
            (0, 0),
        ),
        // Read again by the same member.
        ("x17", counts(|counts| counts.went_back = 1), (0, 0)),
        // Read by another meanwhile.
        ("x17b", counts(|counts| counts.jumped = 1), (0, 0)),
        // It was there before the group was.
        ("x18", counts(|counts| counts.passed_over = 3), (0, 0)),
        // More partitions, other places.
        ("x19", counts(|counts| counts.scattered = 3), (0, 0)),
    ]
}

/// The script of an anomaly that ends like this.
fn read(number: &str, ending: &str) -> Script {
    let start = format!("anomalies/{number}_");
    let fits = |name: &str| name.starts_with(&start) && name.ends_with(ending);
    let mut found = SCRIPTS.iter().filter(|(name, _)| fits(name));
    let (name, text) = found.next().expect("a pair for each anomaly");
    assert!(found.next().is_none(), "{name} is one of several");
    script::parse(text).unwrap_or_else(|unreadable| panic!("{name}: {unreadable}"))
}

/// Plays a script and counts; the audit as it is in the end, and the history.
fn play(script: &Script) -> (Counts, Report, History) {
    let mut history = History::new(&script.plan, script.seed).expect("a plan that can be");
    let mut counts = Counts::default();
    let mut given: SortedMap<ProcessId, Vec<String>> = SortedMap::new();
    for line in &script.lines {
        script::act(&mut history, line).expect("a line that can be carried out");
        match &line.action {
            Action::Show(Shown::Audit) => {
                let report = history.observed().audit.report(history.world());
                let unread = report.acknowledged - report.readable - report.lost;
                counts.unread = counts.unread.max(unread as usize);
            }
            Action::Command(Command::Tell {
                client,
                instruction: Instruction::Produce { record, .. },
            }) => {
                let value = Text(record.value.as_ref());
                let text = match &record.key {
                    Some(key) => format!("{}: {value}", Text(Some(key))),
                    None => value.to_string(),
                };
                given.entry(*client).or_default().push(text);
            }
            _ => {}
        }
    }
    assert_eq!(history.violation(), None);
    let entries = history.observed().journal.since(0);
    let out_of_range = |entry: &&Entry| match &entry.fact {
        Fact::PositionSet { why, .. } => why.starts_with("out of range"),
        _ => false,
    };
    counts.out_of_range = entries.filter(out_of_range).count();
    let all = readable(&history);
    count_groups(&history, all.len(), &mut counts);
    counts.scattered = scattered(&all);
    let readable: Vec<String> = all.iter().map(|(_, text)| text.clone()).collect();
    let copies = |text: &String| readable.iter().filter(|other| *other == text).count();
    for (producer, texts) in &given {
        let told = told(&history, *producer);
        assert_eq!(told.len(), texts.len(), "{producer} is told of everything");
        let mut seen: Vec<&String> = Vec::new();
        for (text, told) in texts.iter().zip(told) {
            counts.lost += usize::from(told && copies(text) == 0);
            counts.failed += usize::from(!told);
            counts.failed_but_there += usize::from(!told && copies(text) > 0);
            if seen.contains(&text) {
                // Handed over again: one of the two was meant to be there.
                counts.failed_but_there -= 1;
                continue;
            }
            counts.duplicated += copies(text).saturating_sub(1);
            let place = |text: &String| readable.iter().position(|other| other == text);
            let home = |place: Option<usize>| place.map(|place| all[place].0);
            let before = seen.iter().any(|earlier| {
                home(place(earlier)) == home(place(text)) && place(earlier) > place(text)
            });
            counts.reordered += usize::from(place(text).is_some() && before);
            seen.push(text);
        }
    }
    let report = history.observed().audit.report(history.world());
    (counts, report, history)
}

/// What a producer's application was told of its records: whether all is well. Answers come in the order in
/// which the records were handed over, unless some were overtaken; then all of them were good.
fn told(history: &History, producer: ProcessId) -> Vec<bool> {
    let entries = history.observed().journal.since(0);
    let mut told = Vec::new();
    for entry in entries.filter(|entry| entry.by == Some(producer)) {
        match &entry.fact {
            Fact::RecordsAcknowledged { records, .. } => {
                told.extend((0..*records).map(|_| true));
            }
            Fact::SendFailed { records, .. } => told.extend((0..*records).map(|_| false)),
            _ => {}
        }
    }
    told
}

/// The records of `orders` as `show records` shows them, without their offsets, each with its partition.
fn readable(history: &History) -> Vec<(i32, String)> {
    let mut all = Vec::new();
    let partitions = history.world().cluster().partitions();
    for (partition, _) in partitions.filter(|(name, _)| name.topic.as_str() == "orders") {
        let number = partition.partition;
        let shown = script::show(history, &Shown::Records(partition));
        let lines = shown
            .lines()
            .filter(|line| !line.ends_with("not committed"));
        let records = lines.map(|line| line.split_once(' ').expect("a place and a record").1);
        all.extend(records.map(|record| (number, record.to_owned())));
    }
    all
}

/// How many keys stand in more than one partition.
fn scattered(all: &[(i32, String)]) -> usize {
    let mut places: SortedMap<&str, SortedSet<i32>> = SortedMap::new();
    for (partition, text) in all {
        if let Some((key, _)) = text.split_once(": ") {
            places.entry(key).or_default().insert(*partition);
        }
    }
    places.values().filter(|places| places.len() > 1).count()
}

/// What the members of groups have read, and what they were done with.
fn count_groups(history: &History, readable: usize, counts: &mut Counts) {
    let member = |by: Option<ProcessId>| {
        let host = by.and_then(|by| history.world().host(by));
        let consumer = host.and_then(|host| host.consumer());
        consumer.is_some_and(|consumer| consumer.config().has_group())
    };
    let mut read: SortedMap<(TopicPartition, Offset), usize> = SortedMap::new();
    let mut done = read.clone();
    let mut positions: SortedMap<(Option<ProcessId>, TopicPartition), Offset> = SortedMap::new();
    let (mut has_group, mut tells) = (false, false);
    // Who waits for the answer to a commit.
    let mut commits: SortedSet<Option<ProcessId>> = SortedSet::new();
    for entry in history.observed().journal.since(0) {
        let (list, partition, from, to) = match &entry.fact {
            Fact::RecordsConsumed {
                partition,
                base_offset,
                next_offset,
                ..
            } if member(entry.by) => {
                let place = (entry.by, partition.clone());
                let before = positions.insert(place, *next_offset);
                counts.went_back += usize::from(before > Some(*base_offset));
                counts.jumped += usize::from(before.is_some_and(|before| before < *base_offset));
                (&mut read, partition, base_offset, next_offset)
            }
            Fact::RecordsProcessed {
                partition,
                base_offset,
                next_offset,
                ..
            } => {
                tells = true;
                (&mut done, partition, base_offset, next_offset)
            }
            Fact::PartitionsAssigned { .. } => {
                has_group = true;
                continue;
            }
            Fact::RequestSent {
                api: ApiKey::OffsetCommit,
                ..
            } => {
                commits.insert(entry.by);
                continue;
            }
            Fact::OffsetsCommitted { .. } => {
                commits.remove(&entry.by);
                continue;
            }
            Fact::CommitFailed { error, .. } => {
                counts.refused += 1;
                let by_fencing = matches!(
                    error,
                    ErrorCode::UnknownMemberId | ErrorCode::IllegalGeneration
                );
                // One that the member has not even sent it has refused itself.
                counts.fenced += usize::from(commits.remove(&entry.by) && by_fencing);
                continue;
            }
            Fact::Killed { .. } => {
                positions.retain(|(by, _), _| *by != entry.by);
                continue;
            }
            _ => continue,
        };
        for offset in from.0..to.0 {
            *list.entry((partition.clone(), Offset(offset))).or_default() += 1;
        }
    }
    if has_group {
        counts.passed_over = readable.saturating_sub(read.len());
    }
    if tells {
        counts.skipped = read.keys().filter(|key| !done.contains_key(*key)).count();
        counts.repeated = done.values().map(|times| times - 1).sum();
    }
}

/// A plan without its settings. How many partitions a topic has is one, too.
fn bare(plan: &Plan) -> Plan {
    let mut plan = plan.clone();
    plan.broker_settings = SortedMap::new();
    for topic in &mut plan.topics {
        topic.configs = SortedMap::new();
        topic.replicas.truncate(1);
    }
    for client in &mut plan.clients {
        client.settings = SortedMap::new();
    }
    plan
}

/// What was done to the cluster, and when.
fn faults(history: &History) -> Vec<String> {
    let commands = history.commands().iter();
    let faults = commands.filter(|stamped| !matches!(stamped.command, Command::Tell { .. }));
    let line = |stamped: &kafka_playground::world::Stamped| {
        let line = script::print_command(&stamped.command);
        format!("{} {line}", stamped.place.at)
    };
    faults.map(line).collect()
}

#[test]
fn every_anomaly_occurs_where_it_may_and_not_in_its_twin() {
    for (number, expected, audited) in table() {
        let (script, twin) = (read(number, "_unsafe"), read(number, "_safe"));
        let (unsafely, report, history) = play(&script);
        let (safely, safe_report, safe_history) = play(&twin);
        assert_eq!(unsafely, expected, "{number}");
        assert_eq!((report.lost, report.duplicated), audited, "{number}");
        assert_eq!(safely, Counts::default(), "{number}, the twin");
        let audited = (safe_report.lost, safe_report.duplicated);
        assert_eq!(audited, (0, 0), "{number}, the twin");

        assert_eq!(script.seed, twin.seed, "{number}");
        assert_eq!(bare(&script.plan), bare(&twin.plan), "{number}");
        assert_ne!(script.plan, twin.plan, "{number}: a setting differs");
        assert_eq!(faults(&history), faults(&safe_history), "{number}");
    }
}

/// What Jepsen's checker would call what clients can testify of each. Who looks at single records and not at what
/// applications do with them finds nothing in the others.
const TESTIFIED: [(&str, &[Class]); 21] = [
    ("x01", &[]),
    ("x02", &[Class::Unseen]),
    (
        "x03",
        &[
            Class::InconsistentOffsets,
            Class::LostWrite,
            Class::Unseen,
            Class::NonmonotonicSend,
        ],
    ),
    ("x04", &[Class::Unseen]),
    ("x05", &[]),
    ("x06", &[Class::InconsistentOffsets, Class::LostWrite]),
    ("x07", &[Class::Unseen]),
    ("x08", &[Class::Duplicate]),
    ("x09", &[Class::NonmonotonicSend]),
    ("x10", &[]),
    ("x11", &[]),
    ("x12", &[]),
    ("x13", &[]),
    ("x14", &[Class::NeverProcessed]),
    ("x15", &[Class::ProcessedTwice]),
    ("x16", &[Class::NonmonotonicPoll, Class::ProcessedTwice]),
    ("x16b", &[Class::ProcessedTwice]),
    ("x17", &[Class::NonmonotonicPoll, Class::ProcessedTwice]),
    ("x17b", &[Class::PollSkip]),
    ("x18", &[]),
    ("x19", &[]),
];

#[test]
fn clients_can_testify_what_happened_and_that_nothing_did() {
    let classes = |script: &Script| {
        let witness = Witness::of(script).expect("a script that can be played");
        let found: SortedSet<Class> = witness.findings().iter().map(|found| found.class).collect();
        found.iter().copied().collect::<Vec<Class>>()
    };
    let mut differ = Vec::new();
    for (number, expected) in TESTIFIED {
        let found = classes(&read(number, "_unsafe"));
        if found != expected {
            differ.push(format!("{number}: {found:?}"));
        }
        let found = classes(&read(number, "_safe"));
        if !found.is_empty() {
            differ.push(format!("{number}, the twin: {found:?}"));
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

#[test]
fn every_script_of_an_anomaly_is_counted() {
    let names = SCRIPTS.iter().map(|(name, _)| name);
    let scripts = names.filter(|name| name.starts_with("anomalies/"));
    assert_eq!(scripts.count(), 2 * table().len());
}
