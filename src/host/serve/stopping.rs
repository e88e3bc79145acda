//! The end of a run: brokers stop in order, within bounds.

use kafka_playground::fact::Crash;
use kafka_playground::model::ProcessId;
use kafka_playground::time::{Duration, Instant};
use kafka_playground::world::{Command, Host, World};

use super::engine::Engine;

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

impl Engine {
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
        let brokers: Vec<ProcessId> = self.gates.iter().map(|gate| gate.broker).collect();
        let alive = |world: &World, id: ProcessId| {
            world.host(id).is_some_and(|host| host.life().is_alive())
        };
        let left: Vec<ProcessId> = brokers
            .into_iter()
            .filter(|id| alive(&self.world, *id))
            .collect();
        let Some(first) = left.first().copied() else {
            return true;
        };
        if self.world.now() >= until {
            // The last has nobody to hand over to, and would ask for long.
            return true;
        }
        let stops = self
            .world
            .host(first)
            .and_then(Host::broker)
            .is_some_and(|broker| broker.is_stopping());
        // One that stands still is killed at the end.
        if !stops {
            let _ = self.perform(&Command::Stop { process: first });
        }
        false
    }

    pub(super) fn end(mut self) -> Ended {
        let mut killed = 0;
        for broker in self
            .gates
            .iter()
            .map(|gate| gate.broker)
            .collect::<Vec<_>>()
        {
            let crash = Crash::Process;
            if self
                .perform(&Command::Kill {
                    process: broker,
                    crash,
                })
                .is_ok()
            {
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
            recorded: self.record.map(|record| record.end(place, &digest)),
            digest,
        }
    }
}
