//! A world that is watched while lines are carried out.
//!
//! Every step is shown to the invariants, the promises and the coverage. The first thing that is wrong
//! ends the run: what comes after it proves nothing. There are no checkpoints; a run only goes forward.

use super::coverage::Coverage;
use super::promises::{LAST_READER, Promises};
use super::{Budget, Recorder, Verdict};
use crate::fact::Entry;
use crate::model::{Offset, TopicPartition};
use crate::rng::Seed;
use crate::script::{self, Action};
use crate::testimony::Witness;
use crate::time::{Duration, Instant};
use crate::world::audit::Audit;
use crate::world::invariant::Losses;
use crate::world::{Observed, Place, Ran, World};

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The law that does not hold.
    pub law: String,
    /// What was seen, in a sentence.
    pub what: String,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.law, self.what)
    }
}

impl Failure {
    /// The number of the law, such as R6, where it has one: what a shorter script must break too.
    pub fn kind(&self) -> &str {
        match self.what.split_once(':') {
            Some((number, _)) if number.len() <= 3 => number,
            _ => &self.law,
        }
    }
}

/// A world, what looks on, and the lines so far.
pub struct Run<'a> {
    world: World,
    observed: Observed,
    promises: Promises,
    witness: Witness,
    coverage: Coverage,
    recorder: &'a mut Recorder,
    failure: Option<Failure>,
    seen: u64,
}

impl<'a> Run<'a> {
    /// Begins the world that these lines describe.
    ///
    /// # Panics
    /// When they describe none, which is a fault of whoever drew them.
    pub fn begin(plan: &str, recorder: &'a mut Recorder) -> Run<'a> {
        recorder.lines.clear();
        recorder.lines.extend(plan.lines().map(str::to_owned));
        let described = script::parse(plan).map(|script| (script.plan, script.seed));
        let (plan, seed): (_, Seed) = described
            .unwrap_or_else(|why| panic!("what was drawn can be read, but {why}:\n{plan}"));
        let mut observed = Observed::default();
        let world = World::new(&plan, seed, &mut observed.journal);
        let world = world.unwrap_or_else(|why| panic!("what was drawn can be: {why}"));
        let mut run = Run {
            world,
            observed,
            promises: Promises::default(),
            witness: Witness::default(),
            coverage: Coverage::default(),
            recorder,
            failure: None,
            seen: 0,
        };
        run.coverage.begin(&run.world);
        run.look();
        run
    }

    /// Whether a line describes a world rather than doing something in it.
    pub fn describes(line: &str) -> bool {
        let verb = line.split(' ').next().unwrap_or_default();
        let client = ["producer", "consumer", "admin", "socket"].contains(&verb);
        // A client that came later is a line of its own, behind the first that does something.
        verb == "world" || verb == "topic" || client
    }

    pub fn world(&self) -> &World {
        &self.world
    }

    pub fn now(&self) -> Instant {
        self.world.now()
    }

    pub fn lines(&self) -> &[String] {
        &self.recorder.lines
    }

    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// What may be gone without anybody being to blame.
    pub fn losses(&self) -> &Losses {
        self.observed.checker.losses()
    }

    /// How far a partition has been compacted on any broker.
    pub fn cleaned(&self, partition: &TopicPartition) -> Offset {
        self.observed.checker.cleaned().until(partition)
    }

    /// What the page shows of what was acknowledged.
    pub fn audit(&self) -> &Audit {
        &self.observed.audit
    }

    pub fn promises(&self) -> &Promises {
        &self.promises
    }

    pub fn witness(&self) -> &Witness {
        &self.witness
    }

    /// The last trouble is over.
    pub(super) fn all_is_well(&mut self) {
        self.witness.heal(&self.world);
    }

    /// The last reader has read everything.
    pub(super) fn everything_is_read(&mut self) {
        self.witness.has_read_everything(&self.world, LAST_READER);
    }

    #[cfg(test)]
    pub(super) fn audit_mut(&mut self) -> &mut Audit {
        &mut self.observed.audit
    }

    #[cfg(test)]
    pub(super) fn promises_mut(&mut self) -> &mut Promises {
        &mut self.promises
    }

    pub(super) fn coverage(&mut self) -> &mut Coverage {
        &mut self.coverage
    }

    /// Something is wrong, unless something else was before.
    pub fn fail(&mut self, law: &str, what: String) {
        self.failure.get_or_insert(Failure {
            law: law.to_owned(),
            what,
        });
    }

    /// Carries out a line. False when the world refuses it, or everything is over.
    pub fn take(&mut self, line: &str) -> bool {
        if self.failure.is_some() {
            return false;
        }
        let Ok(action) = script::parse_line(line) else {
            return false;
        };
        match action {
            Action::Command(command) => {
                // Recorded first, so that it is there should the world fall over.
                self.recorder.lines.push(line.to_owned());
                let done = self.world.perform(&command, &mut self.observed.journal);
                if done.is_err() {
                    self.recorder.lines.pop();
                    return false;
                }
                self.look();
            }
            Action::Run { span, .. } => self.run_for(span),
            Action::At(place) => {
                if place < self.world.place() {
                    return false;
                }
                self.recorder.lines.push(line.to_owned());
                self.go(place);
            }
            Action::Step(_) | Action::Show(_) => {}
        }
        true
    }

    /// Lets time pass.
    pub fn run_for(&mut self, span: Duration) {
        self.recorder.lines.push(format!("run {span}"));
        self.go(Place::after(self.now() + span));
    }

    fn go(&mut self, goal: Place) {
        while self.failure.is_none() && self.step(goal) == Ran::OutOfSteps {}
    }

    fn step(&mut self, goal: Place) -> Ran {
        let ran = self.world.step_toward(goal, &mut self.observed.journal);
        if ran == Ran::OutOfSteps {
            self.look();
        }
        ran
    }

    /// Lets time pass until something has happened, and stands right behind it. `None` when it did not
    /// happen in time.
    pub(super) fn until<T>(
        &mut self,
        most: Duration,
        wanted: impl Fn(&World, &Entry) -> Option<T>,
    ) -> Option<T> {
        let goal = Place::after(self.now() + most);
        while self.failure.is_none() {
            let seen = self.seen;
            if self.step(goal) == Ran::Arrived {
                break;
            }
            let mut news = self.observed.journal.since(seen);
            if let Some(found) = news.find_map(|entry| wanted(&self.world, entry)) {
                let place = self.world.place();
                let line = format!("at {}+{}", place.at, place.steps);
                self.recorder.lines.push(line);
                return Some(found);
            }
        }
        self.recorder.lines.push(format!("at {}", self.now()));
        None
    }

    fn look(&mut self) {
        if let Err(violation) = self.observed.look(&self.world) {
            self.fail(violation.name, violation.what);
        }
        for entry in self.observed.journal.since(self.seen) {
            let before = self.promises.unclean();
            self.promises.add(&self.world, entry);
            if self.promises.unclean() > before {
                self.coverage.unclean();
            }
            self.coverage.add(&self.world, entry);
            self.witness.add(&self.world, entry);
        }
        self.coverage.look(&self.world);
        self.seen = self.observed.journal.len();
    }

    pub(super) fn verdict(mut self, seed: u64, budget: Budget, trouble: usize) -> Verdict {
        let script: String = (self.recorder.lines.iter())
            .flat_map(|line| [line.as_str(), "\n"])
            .collect();
        self.coverage.measure(&self.witness.measures());
        self.coverage
            .damage(self.observed.checker.losses().counts());
        Verdict {
            seed,
            budget,
            failure: self.failure,
            script,
            trouble,
            simulated: self.world.now().since(Instant::ZERO),
            digest: self.observed.journal.digest(),
            coverage: self.coverage,
        }
    }
}
