//! The swarm: clusters, loads and trouble drawn from a number, and what must come of them.
//!
//! A seed decides everything: how many brokers there are and how they are set up, who writes and who
//! reads, which kinds of trouble this run has and when it strikes. Whole kinds are switched off in each run
//! (Groce et al., "Swarm testing", 2012), for a run that has everything shows least. Some of the trouble
//! is aimed: it waits for an append, an election or a change of the ISR and strikes right there.
//!
//! What was drawn is recorded as lines of a script while the world runs, so that every run can be played
//! again by anybody, and one that fails is made shorter by leaving lines out ([`shrink`]).
//!
//! Then comes the calm: every fault is taken away, everybody is started again, or in half of the runs enough of them,
//! and within a bounded time the cluster has to be well ([`recovery`]); and nothing may be lost that was promised ([`promises`]).
//!
//! - [`budget`]: how much trouble a run may have;
//! - `draw`: choosing; `cluster`: what runs; `compaction`: of which topics the last records are kept; `trouble`: what goes wrong, `kind` of what kinds, `aim` when;
//!   `contract`: when power may fail so that nothing may be lost by it;
//! - `strike`: single faults; `plot`: trouble in several acts; `errand`: what an administrator does meanwhile;
//!   `abuse`: what a stranger sends, `wishes`: requests for what cannot be; `groups`: what befalls groups, those included that commit without being members;
//! - `long`: hours in which little happens;
//! - [`run`]: a world that is watched while lines are carried out;
//! - [`recovery`], [`clients`], [`promises`]: what must hold in the end;
//! - [`coverage`]: what was seen at all, of [`codes`] that are answered and [`edges`] between states too;
//!   [`shrink`]: the shortest script that fails.
//!
//! Left out, of what such a swarm could have:
//!
//! - bandwidth, and buffers that are full between hosts of the world: nothing is ever as slow there as a reader outside
//!   that does not read; so no write of bytes is ever cut in two by the network, and only strangers send half a frame;
//! - connections that break in the middle of a frame: a packet arrives whole or not at all;
//! - bits that turn on a disk, and writes that land elsewhere; a disk is slow or fails, and power takes what was not flushed;
//! - versions of requests that are drawn: clients and brokers of ours speak the newest that both sides know (strangers
//!   speak the older ones);
//! - watches of ZooKeeper's that are lost while their connection stands, which ZooKeeper rules out, and writes that are slow
//!   there by themselves;
//! - keys by Zipf's law: keys are drawn evenly from a few;
//! - transactions, which nothing here has; assignors that people write themselves.
//!
//! Law: a seed and a budget give one script, on every target.

mod abuse;
mod aim;
#[cfg(test)]
mod bench;
pub mod budget;
pub mod clients;
mod cluster;
pub mod codes;
mod compaction;
mod contract;
pub mod coverage;
mod draw;
pub mod edges;
mod errand;
mod groups;
mod kind;
mod long;
mod plot;
pub mod promises;
pub mod recovery;
pub mod run;
pub mod shrink;
mod strike;
mod trouble;
mod wishes;

use crate::time::Duration;
use crate::world::journal::Digest;

pub use budget::Budget;
pub use coverage::Coverage;
pub use run::{Failure, Run};

use cluster::Cluster;
use draw::Draw;
use recovery::Core;
use trouble::Trouble;

/// What came of one seed.
#[derive(Clone, Debug)]
pub struct Verdict {
    pub seed: u64,
    pub budget: Budget,
    /// What went wrong, if anything did.
    pub failure: Option<Failure>,
    /// Every line that was carried out.
    pub script: String,
    /// How many of its lines come before the calm.
    pub trouble: usize,
    /// How long the world ran.
    pub simulated: Duration,
    pub digest: Digest,
    pub coverage: Coverage,
}

/// Whether a seed's cluster has topics that compact, as one of sixteen has.
pub fn compacts(seed: u64, budget: Budget) -> bool {
    compaction::compacts(seed, budget)
}

/// Runs one seed: draws, makes trouble, lets it end, and judges.
pub fn run(seed: u64, budget: Budget) -> Verdict {
    let mut recorder = Recorder::default();
    run_recording(seed, budget, "", &mut recorder)
}

/// What a run has recorded so far, kept outside of it: should the world itself fall over, this is what led
/// there.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    pub lines: Vec<String>,
}

/// As [`run`], with a record that outlives a fall, and with `extra` settings of the brokers.
pub fn run_recording(seed: u64, budget: Budget, extra: &str, recorder: &mut Recorder) -> Verdict {
    let mut draw = Draw::new(seed, budget.stream());
    let cluster = Cluster::draw(seed, budget, extra, &mut draw);
    let mut run = Run::begin(cluster.plan(), recorder);
    for line in cluster.beginning() {
        run.take(line);
    }
    let mut trouble = Trouble::new(&cluster, budget, &mut draw);
    trouble.rage(&mut run, &mut draw);
    let before = run.lines().len();
    conclude(&mut run, budget);
    run.verdict(seed, budget, before)
}

/// A long calm run of a seed: hours of simulated time, a little load, and a fault every few minutes.
pub fn run_calm(seed: u64, budget: Budget, recorder: &mut Recorder) -> Verdict {
    let mut draw = Draw::new(seed, budget.stream() + long::STREAM);
    let cluster = Cluster::draw(seed, budget, "", &mut draw);
    let cluster = long::at_ease(cluster, &mut draw);
    let mut run = Run::begin(cluster.plan(), recorder);
    for line in cluster.beginning() {
        run.take(line);
    }
    let mut trouble = Trouble::sparse(&cluster, budget, &mut draw);
    trouble.rage(&mut run, &mut draw);
    let before = run.lines().len();
    conclude(&mut run, budget);
    run.verdict(seed, budget, before)
}

/// Plays lines that were recorded, or some of them: what the world refuses is left out.
pub fn replay(lines: &[String], budget: Budget, recorder: &mut Recorder) -> Verdict {
    let described = lines.iter().take_while(|line| Run::describes(line));
    let count = described.clone().count();
    let plan: String = described.flat_map(|line| [line.as_str(), "\n"]).collect();
    let mut run = Run::begin(&plan, recorder);
    for line in &lines[count..] {
        run.take(line);
    }
    let before = run.lines().len();
    conclude(&mut run, budget);
    let seed = run.world().seed().0;
    run.verdict(seed, budget, before)
}

/// The calm, and the judgement.
fn conclude(run: &mut Run<'_>, budget: Budget) {
    let core = Core::choose(run, budget);
    recovery::calm(run, &core);
    run.all_is_well();
    recovery::recover(run, &core);
    recovery::use_again(run, &core);
    run.everything_is_read();
    promises::judge(run, &core, budget);
}
