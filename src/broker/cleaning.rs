//! The cleaner: Kafka's `LogCleaner`, one thread that compacts one log after the other.
//!
//! It looks at every log whose topic compacts, takes the one of which the greatest part is dirty, if that is enough,
//! and cleans it; then it looks again at once, and rests for `log.cleaner.backoff.ms` when there is nothing
//! to do. Each broker cleans its own replicas, when it comes to it: replicas of one partition differ by what
//! has been cleaned, and by nothing else. Retention in topics that compact and delete is the cleaner's business too.
//!
//! Unlike Kafka, a cleaning takes no time, so more than one thread would change nothing.

use super::Broker;
use super::clock::Timer;
use super::replicas::Slot;
use crate::fact::Fact;
use crate::log::Dirt;
use crate::process::Outbox;
use crate::time::{Duration, Instant, Moment};

/// What one key takes in the cleaner's memory: a hash of 16 bytes and an offset.
const KEY_BYTES: u64 = 24;

/// `log.cleaner.io.buffer.load.factor`, in percent.
const LOAD: u64 = 90;

impl Broker {
    /// Has the cleaner come when its time comes next, if there is anything it might ever do.
    pub(super) fn arm_cleaner(&mut self, at: Moment) {
        if !self.config.log_cleaner || self.timers.get(&Timer::Cleaner).is_some() {
            return;
        }
        let mut replicas = self.replicas.slots().map(|slot| self.replicas.get(slot));
        if replicas.any(|replica| replica.config().cleanup_policy.compacts()) {
            // It rests since the broker started, as if it had always been looking.
            let rest = self.cleaner_rest().as_micros();
            let rounds = at.now.since(self.booted_at).as_micros() / rest + 1;
            let next: Instant = self.booted_at + Duration::from_micros(rest * rounds);
            self.timers.set(Timer::Cleaner, next);
        }
    }

    /// Without any rest at all it would look again and again at one instant.
    fn cleaner_rest(&self) -> Duration {
        let backoff = self.config.log_cleaner_backoff;
        backoff.max(Duration::from_millis(1))
    }

    /// Cleans whatever is due, the dirtiest first, and drops what is old.
    pub(super) fn clean_logs(&mut self, at: Moment, out: &mut Outbox) {
        while let Some((slot, dirt)) = self.filthiest(at) {
            self.clean(at, slot, &dirt, out);
        }
        let compacted: Vec<Slot> = self.compacted().collect();
        for slot in compacted {
            if self.replicas.get(slot).has_expired(at) {
                self.replicas.get_mut(slot).expire(at, out);
                self.stir(slot);
            }
        }
        self.arm_cleaner(at);
    }

    fn compacted(&self) -> impl Iterator<Item = Slot> {
        let slots = self.replicas.slots();
        slots.filter(|slot| self.replicas.get(*slot).config().cleanup_policy.compacts())
    }

    /// The log that is to be cleaned next.
    fn filthiest(&self, at: Moment) -> Option<(Slot, Dirt)> {
        let due = self.compacted().filter_map(|slot| {
            let replica = self.replicas.get(slot);
            let config = replica.config();
            let dirt = replica
                .log()
                .dirt(replica.high_watermark(), at.wall, config);
            dirt.is_due(config).then_some((slot, dirt))
        });
        due.reduce(|best, other| match other.1.is_filthier_than(&best.1) {
            true => other,
            false => best,
        })
    }

    fn clean(&mut self, at: Moment, slot: Slot, dirt: &Dirt, out: &mut Outbox) {
        let room = self.config.log_cleaner_dedupe_buffer_size / KEY_BYTES * LOAD / 100;
        let room = usize::try_from(room).unwrap_or(usize::MAX).max(1);
        let replica = self.replicas.get_mut(slot);
        let cleaned = replica.clean(dirt, room, at);
        out.wrote();
        out.note(Fact::LogCleaned {
            partition: replica.name().clone(),
            from: cleaned.from,
            until: cleaned.until,
            bytes_before: cleaned.bytes_before,
            bytes_after: cleaned.bytes_after,
            removed: cleaned.removed,
        });
        self.stir(slot);
    }
}
