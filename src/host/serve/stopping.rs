//! The end of a run: brokers stop in order, within bounds.

use kafka_playground::broker::Broker;
use kafka_playground::fact::Crash;
use kafka_playground::model::ProcessId;
use kafka_playground::time::{Duration, Instant};
use kafka_playground::world::{Command, Life, Place};

use super::engine::{Engine, Gate};

/// Brokers that are asked to stop may take so long, all together.
const STOPPING: Duration = Duration::from_secs(2);

/// How a run ended.
pub struct Ended {
    pub at: Instant,
    pub digest: String,
    /// Brokers that were not done with stopping in time.
    pub killed: usize,
    /// How long the record is.
    pub recorded: Option<Result<u64, String>>,
}

/// That the world fell over.
pub struct Fallen {
    /// Where: the step or the command that felled it was the last.
    pub at: Place,
    /// Whether a record leads there.
    pub recorded: bool,
}

impl Engine {
    /// What is left to say and to write when the world has fallen over.
    pub(super) fn fallen(&mut self) -> Fallen {
        let at = self.world.place();
        let recorded = self.record.as_mut().is_some_and(|record| record.fell(at));
        Fallen { at, recorded }
    }

    pub(super) fn stop(&mut self) {
        if self.stopping.is_none() {
            self.stopping = Some(self.world.now() + STOPPING);
        }
    }

    /// Stops one broker after the other, so that each can hand over what it leads to those that are left.
    pub(super) fn is_done(&mut self) -> bool {
        let Some(until) = self.stopping else {
            return false;
        };
        let of = |id: ProcessId| self.world.host(id);
        let mut left = self.gates.iter().filter_map(|gate| of(gate.broker()));
        // One that stands still is killed at the end; nobody waits for it.
        let first = left.find(|host| host.life() == Life::Running);
        let Some(first) = first else {
            return true;
        };
        if self.world.now() >= until {
            // The last has nobody to hand over to, and would ask for long.
            return true;
        }
        let process = first.id;
        if !first.broker().is_some_and(Broker::is_stopping) {
            let _ = self.perform(&Command::Stop { process });
        }
        false
    }

    pub(super) fn end(&mut self) -> Ended {
        let mut killed = 0;
        let brokers: Vec<ProcessId> = self.gates.iter().map(Gate::broker).collect();
        for process in brokers {
            let crash = Crash::Process;
            if self.perform(&Command::Kill { process, crash }).is_ok() {
                killed += 1;
            }
        }
        for peer in self.peers.values() {
            peer.close();
        }
        let digest = self.journal.digest().to_string();
        let place = self.world.place();
        Ended {
            at: place.at,
            killed,
            recorded: (self.record.take()).map(|record| record.end(place, &digest)),
            digest,
        }
    }
}
