//! A history: a plan, a seed, the commands given so far, and checkpoints to come back to.
//!
//! Seeking into new ground runs the world; seeking back, or far ahead on ground already covered, restores
//! the last checkpoint before the place and runs from there. Acting behind the newest place forks: the commands that lay ahead are put aside as a
//! branch and the world goes on from here.
//!
//! Laws: a seek forgets nothing; the same place reached in any way has the same digest. Checkpoints are
//! spaced by the work it takes to replay, not by time, so that an idle hour costs as little as an idle
//! second; they are thinned when they hold more memory than they may ([`super::checkpoints`]).

use std::sync::Arc;

use crate::rng::Seed;
use crate::time::Instant;
use crate::world::checkpoints::{Checkpoint, Checkpoints};
use crate::world::command::{Command, Place, Stamped};
use crate::world::invariant::Violation;
use crate::world::observed::Observed;
use crate::world::plan::{Plan, Refused};
use crate::world::{Ran, Steps, World};

/// Work between two checkpoints, in steps: what a browser replays in less than 50 ms.
const GAP: u64 = 4_000;
/// Steps taken before looking again whether a checkpoint is due.
const BURST: u64 = 250;
/// Futures kept after forking; past it the oldest goes.
const BRANCHES: usize = 8;

/// A future that was left by acting before it.
#[derive(Clone, Debug)]
pub struct Branch {
    /// Where it was left.
    pub forked_at: Instant,
    pub commands: Arc<Vec<Stamped>>,
}

/// A world together with the way back.
#[derive(Clone, Debug)]
pub struct History {
    plan: Arc<Plan>,
    seed: Seed,
    commands: Vec<Stamped>,
    performed: usize,
    world: World,
    observed: Observed,
    checkpoints: Checkpoints,
    newest: Instant,
    branches: Vec<Branch>,
    violation: Option<Violation>,
}

impl History {
    /// A history at its beginning.
    ///
    /// # Errors
    /// When the plan cannot be.
    pub fn new(plan: &Plan, seed: Seed) -> Result<History, Refused> {
        let mut observed = Observed::default();
        let world = World::new(plan, seed, &mut observed.journal)?;
        let violation = observed.look(&world).err();
        let first = Checkpoint::new(&world, &observed, 0);
        Ok(History {
            plan: Arc::new(plan.clone()),
            seed,
            commands: Vec::new(),
            performed: 0,
            world,
            observed,
            checkpoints: Checkpoints::new(first),
            newest: Instant::ZERO,
            branches: Vec::new(),
            violation,
        })
    }

    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    pub fn seed(&self) -> Seed {
        self.seed
    }

    pub fn world(&self) -> &World {
        &self.world
    }

    pub fn observed(&self) -> &Observed {
        &self.observed
    }

    pub fn now(&self) -> Instant {
        self.world.now()
    }

    /// The furthest instant that was ever reached on this branch.
    pub fn newest(&self) -> Instant {
        self.newest
    }

    /// The commands given on this branch, in order.
    pub fn commands(&self) -> &[Stamped] {
        &self.commands
    }

    /// How many of them were carried out on the way to where the world stands.
    pub fn performed(&self) -> usize {
        self.performed
    }

    /// Futures that were left by acting before them, oldest first.
    pub fn branches(&self) -> &[Branch] {
        &self.branches
    }

    /// The first invariant that failed on the way here, if one did.
    pub fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }

    pub fn checkpoints(&self) -> usize {
        self.checkpoints.len()
    }

    /// The bytes of memory that record batches take: those in the logs as they are, and those that only
    /// a checkpoint still holds, because retention or a cut has taken them since. Cheap enough to ask
    /// in every frame.
    ///
    /// Appending again after rewinding makes the same bytes a second time, and they count twice.
    pub fn retained_log_bytes(&self) -> u64 {
        self.checkpoints.retained_log_bytes(&self.world)
    }

    /// An estimate of the bytes that only checkpoints hold. Never above their cap, unless two of them
    /// alone are.
    pub fn checkpoint_bytes(&self) -> u64 {
        self.checkpoints.weight()
    }

    /// Lets checkpoints hold so many bytes, in place of [`CAP`](super::checkpoints::CAP).
    pub fn cap_checkpoints(&mut self, bytes: u64) {
        self.checkpoints.set_cap(bytes);
    }

    /// The earliest instant to which there is a way back.
    pub fn earliest(&self) -> Instant {
        self.checkpoints.first().world.now()
    }

    /// Gives up the way back beyond here, and the branches that lead off from there, to free what only
    /// they hold. The script stays whole: played from its beginning, it leads here again.
    pub fn forget_past(&mut self) {
        let here = Checkpoint::new(&self.world, &self.observed, self.performed);
        self.checkpoints.begin_with(here);
        let now = self.now();
        self.branches.retain(|branch| branch.forked_at > now);
    }

    /// Goes to the end of an instant, forward or back, with at most `limit` steps of work.
    pub fn seek(&mut self, to: Instant, limit: Steps) -> Ran {
        self.seek_place(Place::after(to), limit)
    }

    /// Goes to a place between two steps, forward or back.
    ///
    /// Where the place lies behind, the last checkpoint before it is restored first; likewise where it
    /// lies so far ahead, on ground already covered, that running there would take longer than one gap
    /// between checkpoints. When the steps run out on the way, the history stands where it got to.
    pub fn seek_place(&mut self, place: Place, limit: Steps) -> Ran {
        let here = self.world.place();
        // Standing at an instant, the steps still due there lie ahead.
        let behind = place < here && !(place.at == here.at && place.steps >= here.steps);
        let shortcut = self.checkpoints.before(place).world.work();
        if behind || shortcut >= self.world.work() + GAP {
            self.restore(place);
        }
        self.run(place, limit)
    }

    fn restore(&mut self, place: Place) {
        let checkpoint = self.checkpoints.before(place);
        self.world = checkpoint.world.clone();
        self.observed = checkpoint.observed.clone();
        self.performed = checkpoint.performed;
    }

    fn run(&mut self, place: Place, limit: Steps) -> Ran {
        let mut left = limit.0;
        loop {
            let command = self.commands.get(self.performed);
            let due = command
                .map(|stamped| stamped.place)
                .filter(|due| *due <= place);
            let goal = due.unwrap_or(place);
            let last = self.checkpoints.last();
            let fresh = self.world.steps() >= last.world.steps();
            let due_at = last.world.work() + GAP;
            let (ran, taken) = self.step_to(goal, left.min(BURST));
            left -= taken;
            self.newest = self.newest.max(self.world.now());
            // When this is the first time here, the next checkpoint may belong here.
            if fresh && self.world.work() >= due_at {
                self.checkpoint();
            }
            match (ran, due) {
                (Ran::Arrived, Some(_)) => self.perform_next(),
                (Ran::Arrived, None) => return Ran::Arrived,
                (Ran::OutOfSteps, _) if left == 0 => return Ran::OutOfSteps,
                (Ran::OutOfSteps, _) => {}
            }
        }
    }

    fn step_to(&mut self, goal: Place, most: u64) -> (Ran, u64) {
        let before = self.world.steps();
        let mut ran = Ran::OutOfSteps;
        for _ in 0..most {
            ran = self.world.step_toward(goal, &mut self.observed.journal);
            if ran == Ran::Arrived {
                break;
            }
            self.look();
        }
        (ran, self.world.steps() - before)
    }

    fn look(&mut self) {
        if let Err(violation) = self.observed.look(&self.world) {
            self.violation.get_or_insert(violation);
        }
    }

    fn perform_next(&mut self) {
        let command = self.commands[self.performed].command.clone();
        self.performed += 1;
        let done = self.world.perform(&command, &mut self.observed.journal);
        assert!(
            done.is_ok(),
            "a remembered command is carried out again as it was"
        );
        self.look();
    }

    fn checkpoint(&mut self) {
        let here = Checkpoint::new(&self.world, &self.observed, self.performed);
        self.checkpoints.push(here);
    }

    /// Does the next single step; `None` when nothing is left to happen.
    pub fn step(&mut self) -> Option<Instant> {
        let next = self.world.next_at()?;
        let here = self.world.place();
        let steps = if next == here.at { here.steps + 1 } else { 1 };
        self.seek_place(Place { at: next, steps }, Steps::UNLIMITED);
        Some(next)
    }

    /// Carries out a command here and remembers it. Acting behind the newest place forks.
    ///
    /// # Errors
    /// When it cannot be carried out; nothing has changed, the future ahead included.
    pub fn perform(&mut self, command: Command) -> Result<(), Refused> {
        self.world.perform(&command, &mut self.observed.journal)?;
        let place = self.world.place();
        if self.performed < self.commands.len() {
            let left = Branch {
                forked_at: place.at,
                commands: Arc::new(self.commands.clone()),
            };
            self.branches.push(left);
            if self.branches.len() > BRANCHES {
                self.branches.remove(0);
            }
        }
        self.commands.truncate(self.performed);
        self.checkpoints.drop_behind(place, self.performed);
        self.newest = place.at;
        self.commands.push(Stamped { place, command });
        self.performed += 1;
        self.look();
        Ok(())
    }

    /// Goes over to a branch: its commands replace the ones here, which become a branch themselves.
    pub fn switch(&mut self, branch: usize) {
        if branch >= self.branches.len() {
            return;
        }
        let chosen = self.branches.remove(branch);
        let left = Branch {
            forked_at: chosen.forked_at,
            commands: Arc::new(self.commands.clone()),
        };
        self.branches.push(left);
        let place = Place {
            at: chosen.forked_at,
            steps: 0,
        };
        self.restore(place);
        self.checkpoints
            .drop_behind(self.world.place(), self.performed);
        self.commands = chosen.commands.as_ref().clone();
        self.newest = self.world.now();
        self.run(place, Steps::UNLIMITED);
    }

    /// Takes up a branch again that begins with the commands carried out so far: what it was left by has
    /// been undone.
    ///
    /// # Panics
    /// When the branch begins with anything else.
    pub fn rejoin(&mut self, branch: usize) {
        let chosen = self.branches.remove(branch);
        let done = &self.commands[..self.performed];
        assert!(
            chosen.commands.starts_with(done),
            "a branch goes on from what was done before it"
        );
        self.commands = chosen.commands.as_ref().clone();
        self.checkpoints
            .drop_behind(self.world.place(), self.performed);
    }

    /// Removes the last command and replays: what undo does. False when there is none, or no way back
    /// before it.
    pub fn undo(&mut self) -> bool {
        if self.commands.len() <= self.checkpoints.first().performed {
            return false;
        }
        let now = self.now();
        self.commands.pop();
        let latest = Place::after(self.newest);
        self.checkpoints.drop_behind(latest, self.commands.len());
        let place = self.checkpoints.last().world.place();
        // Checkpoints made after the undone command, but before any other, are gone with it.
        self.restore(place);
        self.newest = self.world.now();
        self.run(Place::after(now), Steps::UNLIMITED);
        true
    }

    /// The history as a script: plan, seed and commands. Reading it back gives the same digest.
    pub fn to_script(&self) -> String {
        self.script_of(&self.commands)
    }

    /// Plan, seed and the commands until here, as a script that leads here.
    pub fn script_until_here(&self) -> String {
        self.script_of(&self.commands[..self.performed])
    }

    fn script_of(&self, commands: &[Stamped]) -> String {
        let (last, here) = (commands.last(), self.world.place());
        let leads_on = last.is_none_or(|last| last.place < here);
        // Where nothing is left to do at this instant, it is not said how much was done.
        let is_over = self.world.next_at().is_none_or(|next| next > here.at);
        let place = if is_over { Place::after(here.at) } else { here };
        let until = leads_on.then_some(place);
        crate::script::print(&self.plan, self.seed, commands, until)
    }
}
