//! Settings of brokers that change while they run: Kafka's `DynamicBrokerConfig`.
//!
//! What stands in `server.properties` is what a broker starts with. Over it lie the settings that were made for
//! all brokers (`/config/brokers/<default>`), and over those the ones made for this broker
//! (`/config/brokers/N`). Topics inherit what comes of it, and every replica goes by it at once.
//!
//! Law: what is dynamic never replaces what stands in the file; taken back, the file counts again.

use std::sync::Arc;

use super::replicas::Slot;
use super::{Broker, Config};
use crate::controller::znodes::Entity;
use crate::fact::Fact;
use crate::model::Text;
use crate::process::Outbox;
use crate::time::Moment;

/// A broker's settings by where they come from.
#[derive(Clone, Debug)]
pub(super) struct Dynamic {
    /// `server.properties`.
    pub(super) file: Arc<Config>,
    /// For all brokers.
    pub(super) all: Vec<(Text, Text)>,
    /// For this one.
    pub(super) own: Vec<(Text, Text)>,
}

impl Dynamic {
    pub(super) fn new(file: Arc<Config>) -> Dynamic {
        Dynamic {
            file,
            all: Vec::new(),
            own: Vec::new(),
        }
    }

    /// What counts. A value that cannot be read is passed over: who accepted it has already said so.
    fn effective(&self) -> Config {
        let mut config = Config::clone(&self.file);
        for (name, value) in self.all.iter().chain(&self.own) {
            let _ = config.set(name, value);
        }
        config
    }
}

impl Broker {
    /// These are the settings that were made for all brokers, or for this one.
    pub(super) fn take_dynamic(
        &mut self,
        at: Moment,
        of: &Entity,
        configs: Vec<(Text, Text)>,
        out: &mut Outbox,
    ) {
        match of {
            Entity::Broker(_) => self.dynamic.own = configs,
            Entity::Brokers | Entity::Topic(_) => self.dynamic.all = configs,
        }
        let config = self.dynamic.effective();
        if *self.config == config {
            return;
        }
        let unclean_before = self.config.log.unclean_leader_election;
        self.config = Arc::new(config);
        out.note(Fact::BrokerConfigured);
        let slots: Vec<Slot> = self.replicas.slots().collect();
        for slot in slots {
            let config = self.topic_config(&self.replicas.get(slot).name().topic);
            if *self.replicas.get(slot).config() != config {
                self.replicas.get_mut(slot).set_config(config);
                self.stir(slot);
            }
        }
        self.arm_cleaner(at);
        let rules = self.config.controller_rules();
        let unclean = self.config.log.unclean_leader_election && !unclean_before;
        if let Some(controller) = &mut self.controller {
            controller.set_rules(rules);
            if unclean {
                controller.unclean_enabled(at.now, out);
            }
        }
    }
}
