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
        let broker = first.broker();
        if !broker.is_some_and(Broker::is_stopping) && broker.is_some_and(|one| self.is_led(one)) {
            let _ = self.perform(&Command::Stop { process });
        }
        false
    }

    /// Whether a broker knows a controller that runs. Who is told to stop between two of them, as when the first has
    /// just ended, finds nobody to hand over to and tries again after `controlled.shutdown.retry.backoff.ms`, which is
    /// longer than anybody waits here.
    fn is_led(&self, broker: &Broker) -> bool {
        let controller = broker.known_controller().map(ProcessId::from);
        let controller = controller.and_then(|id| self.world.host(id));
        controller.is_some_and(|host| host.life() == Life::Running)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::serve::entrance::Doors;
    use crate::host::serve::scales::Scales;
    use kafka_playground::rng::Seed;
    use kafka_playground::world::Plan;

    /// A cluster of three, looked at after every single step, as a machine does that is fast enough.
    fn engine(seed: u64) -> Engine {
        let plan = Plan {
            latency: Duration::ZERO,
            ..Plan::default()
        };
        let doors = Doors {
            are_open: true,
            most: 0,
            most_of_one_host: 0,
        };
        let gate = |id: &_| Gate::new(ProcessId::from(*id), tokio::sync::watch::channel(doors).0);
        let gates = plan.brokers.iter().map(gate).collect();
        let (_, events) = std::sync::mpsc::channel();
        let engine = Engine::new(
            &plan,
            Seed(seed),
            gates,
            events,
            None,
            Scales::new(u64::MAX),
        );
        engine.expect("a plan")
    }

    fn ended(mut engine: Engine) -> Ended {
        engine.stop();
        while !engine.is_done() {
            let stepped = engine.world.step(&mut engine.journal);
            stepped.expect("brokers always wait for something");
        }
        engine.end()
    }

    #[test]
    fn whoever_comes_next_is_asked_when_there_is_a_controller_again() {
        for seed in 1..20 {
            let ended = ended(engine(seed));
            assert!(ended.at < Instant::ZERO + STOPPING, "{seed}: {}", ended.at);
            assert_eq!(ended.killed, 0, "{seed}");
        }
    }

    #[test]
    fn one_that_stands_still_is_killed_and_not_waited_for() {
        for seed in 1..20 {
            let mut engine = engine(seed);
            // Not the first, which is controller at the beginning, and without which nobody can hand over.
            let process = ProcessId::Broker(2);
            let frozen = engine.perform(&Command::Freeze { process });
            frozen.expect("it runs");
            let ended = ended(engine);
            assert!(ended.at < Instant::ZERO + STOPPING, "{seed}: {}", ended.at);
            assert_eq!(ended.killed, 1, "{seed}");
        }
    }
}
