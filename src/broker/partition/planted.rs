//! Wrong states, planted for tests that must notice them.

use super::{Isr, Partition};
use crate::log::Log;
use crate::model::{BrokerId, Offset};

impl Partition {
    /// Puts another log in place of this one.
    pub(crate) fn plant_log(&mut self, log: Log, high_watermark: Offset) {
        self.log = log;
        self.high_watermark = high_watermark;
    }

    /// Has the replica believe in another ISR, without anybody having been asked.
    pub(crate) fn plant_isr(&mut self, isr: Vec<BrokerId>) {
        self.isr = Isr::new(isr);
    }

    /// Has the replica believe in another leader, without copying from it.
    pub(crate) fn plant_leader(&mut self, leader: BrokerId) {
        self.leader = leader;
    }
}
