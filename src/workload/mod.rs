//! The same loads for benches on the host and in the browser.
//!
//! A workload is a script that describes a world and starts its loads, and a span of virtual time to
//! run. Nothing here measures: whoever runs a workload holds the clock.
//!
//! Laws: a workload run for a span does the same steps everywhere, so two targets can be compared.

use crate::rng::Seed;
use crate::script;
use crate::time::{Duration, Instant};
use crate::world::{History, Journal, Observed, Steps, World};

/// A load with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Workload {
    pub name: &'static str,
    /// What it stands for, in a sentence.
    pub about: &'static str,
    script: &'static str,
    /// The virtual time that one measurement runs.
    pub span: Duration,
    /// The least simulated seconds per real second that the page should reach in Chromium.
    pub goal: u64,
}

/// What a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub steps: u64,
    pub facts: u64,
    /// Records acknowledged to producers.
    pub records: u64,
    pub micros: u64,
    pub digest: u64,
}

/// Three brokers that have nothing to do but to ask each other whether there is something to do.
pub const IDLE: Workload = Workload {
    name: "idle",
    about: "3 brokers, 3 partitions copied 3 times, 10 records a second",
    script: "world brokers=3 seed=1 latency=2ms\n\
        topic orders partitions=3 replication=3\n\
        producer p1 acks=all enable.idempotence=false\n\
        load p1 orders every=100ms keys=a,b,c,d,e,f,g,h size=100\n",
    span: Duration::from_secs(120),
    goal: 1_000,
};

/// A thousand requests a second, each with one record, acknowledged by all replicas and consumed.
pub const SINGLES: Workload = Workload {
    name: "singles",
    about: "1,000 single-record produces a second, acks=all, one consumer",
    script: "world brokers=3 seed=1 latency=2ms\n\
        topic orders partitions=3 replication=3 retention.bytes=4194304 segment.bytes=1048576\n\
        producer p1 acks=all enable.idempotence=false\n\
        consumer c1 auto.offset.reset=earliest\n\
        assign c1 orders-0 orders-1 orders-2\n\
        load p1 orders every=1ms keys=a,b,c,d,e,f,g,h size=100\n",
    span: Duration::from_secs(10),
    goal: 60,
};

/// A hundred thousand records a second in batches of a hundred.
pub const BATCHES: Workload = Workload {
    name: "batches",
    about: "100,000 records a second in batches of 100, acks=all, one consumer",
    script: "world brokers=3 seed=1 latency=2ms log.retention.check.interval.ms=5000\n\
        topic orders partitions=3 replication=3 retention.bytes=16777216 segment.bytes=4194304\n\
        producer p1 acks=all enable.idempotence=false linger.ms=1 batch.size=16384\n\
        consumer c1 auto.offset.reset=earliest max.poll.records=5000\n\
        assign c1 orders-0 orders-1 orders-2\n\
        load p1 orders every=1ms burst=100 size=100\n",
    span: Duration::from_secs(4),
    goal: 15,
};

/// The cluster of the first page.
pub const FIRST: Workload = Workload {
    name: "first",
    about: "the cluster of the first page, ten minutes of it",
    script: include_str!("../../www/lessons/first.script"),
    span: Duration::from_secs(600),
    goal: 500,
};

/// Every workload that is timed by virtual time.
pub const ALL: [Workload; 4] = [IDLE, FIRST, SINGLES, BATCHES];

impl Workload {
    /// A world with the load running, and what looks on.
    pub fn start(&self) -> History {
        let mut script = script::parse(self.script).expect("a workload's script reads");
        // What comes after time has passed is a lesson's, not the load's.
        let runs = |line: &script::Line| matches!(line.action, script::Action::Run { .. });
        let until = script
            .lines
            .iter()
            .position(runs)
            .unwrap_or(script.lines.len());
        script.lines.truncate(until);
        script.play().expect("a workload's script plays")
    }

    /// Runs `span` more with everything on: checkpoints, invariants, audit.
    pub fn run(history: &mut History, span: Duration) -> Tally {
        let before = tally(history.world(), history.observed());
        let to = history.now() + span;
        history.seek(to, Steps::UNLIMITED);
        let after = tally(history.world(), history.observed());
        assert!(
            history.violation().is_none(),
            "{}",
            history.violation().expect("a violation")
        );
        difference(before, after)
    }

    /// Runs `span` more of the bare world: no checkpoints, nothing looking on but the journal.
    pub fn run_bare(world: &mut World, journal: &mut Journal, span: Duration) -> Tally {
        let (steps, facts, now) = (world.steps(), journal.len(), world.now());
        world.run_until(now + span, Steps::UNLIMITED, journal);
        Tally {
            steps: world.steps() - steps,
            facts: journal.len() - facts,
            records: 0,
            micros: world.now().since(now).as_micros(),
            digest: journal.digest().0,
        }
    }
}

fn tally(world: &World, observed: &Observed) -> Tally {
    Tally {
        steps: world.steps(),
        facts: observed.journal.len(),
        records: observed.audit.report(world).acknowledged,
        micros: world.now().since(Instant::ZERO).as_micros(),
        digest: observed.journal.digest().0,
    }
}

fn difference(before: Tally, after: Tally) -> Tally {
    Tally {
        steps: after.steps - before.steps,
        facts: after.facts - before.facts,
        records: after.records - before.records,
        micros: after.micros - before.micros,
        digest: after.digest,
    }
}

/// The seed that every workload uses.
pub const SEED: Seed = Seed(1);
