//! What is true of the cluster: what stands in ZooKeeper, put into Kafka's words.
//!
//! Brokers, controllers and clients each know a part of it, and know it later. Pictures, invariants and
//! the audit hold what they know against this. It is kept up to date with every transaction that the
//! ensemble commits, by reading just the znodes that changed.
//!
//! Laws: nothing that runs reads it; it is a function of the znodes alone. A leader of the ensemble that was
//! replaced and does not know it yet may still carry out what its successor has carried out already: it
//! says nothing new, and is not listened to.

use std::sync::Arc;

use super::World;
use crate::controller::{Store, znodes};
use crate::fact::Fact;
use crate::model::{BrokerId, ProcessId, Text};
use crate::protocol::zookeeper::SessionId;
use crate::zookeeper::{Server, Tree};

/// What stands in ZooKeeper.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    store: Store,
    controller: Option<BrokerId>,
    controller_epoch: i32,
    /// The epoch of the newest leader of the ensemble.
    ensemble_epoch: u32,
}

impl Truth {
    /// Registered brokers, topics and the states of partitions.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The broker that `/controller` names.
    pub fn controller(&self) -> Option<BrokerId> {
        self.controller
    }

    /// What `/controller_epoch` says; 0 before the first controller.
    pub fn controller_epoch(&self) -> i32 {
        self.controller_epoch
    }

    /// What a whole tree says.
    pub(super) fn of(tree: &Tree) -> Truth {
        let mut truth = Truth::default();
        // Topics before the states of their partitions, which is the order of the paths.
        for znode in tree.znodes() {
            truth.read(&znode.path, tree);
        }
        truth
    }

    /// Takes over what one znode says now.
    fn read(&mut self, path: &str, tree: &Tree) {
        let found = tree.get(path);
        match path {
            znodes::CONTROLLER => {
                self.controller = found.and_then(|(data, _)| znodes::read_controller(data));
            }
            znodes::CONTROLLER_EPOCH => {
                let epoch = found.and_then(|(data, _)| znodes::read_epoch(data));
                self.controller_epoch = epoch.unwrap_or(self.controller_epoch);
            }
            _ => self.store.take_znode(path, found),
        }
    }
}

/// The znode that a fact is about.
fn changed(fact: &Fact) -> Option<&Text> {
    match fact {
        Fact::ZnodeCreated { path, .. }
        | Fact::ZnodeChanged { path, .. }
        | Fact::ZnodeDeleted { path } => Some(path),
        _ => None,
    }
}

impl World {
    /// What stands in ZooKeeper.
    pub fn truth(&self) -> &Truth {
        &self.truth
    }

    /// The cluster by the word of ZooKeeper: registered brokers, topics, the states of partitions.
    pub fn cluster(&self) -> &Store {
        self.truth.store()
    }

    /// The session under which a broker is registered.
    pub fn session_of(&self, broker: BrokerId) -> Option<SessionId> {
        let path = znodes::broker_path(broker);
        self.zookeeper_tree()?.stat(&path)?.owner
    }

    /// The znodes as the newest server has them that serves, or has served.
    pub fn zookeeper_tree(&self) -> Option<&Tree> {
        let newest = self.zookeepers().max_by_key(|server| server.zxid());
        newest.map(|server| server.tree())
    }

    /// A ZooKeeper server has noted a fact; when it is about a znode, that is what is true now.
    pub(super) fn learn(&mut self, server: ProcessId, fact: &Fact) {
        let host = self.hosts.get(&server).cloned();
        let server = host.as_ref().and_then(|host| host.zookeeper());
        let Some(server) = server else {
            return;
        };
        if let Fact::ZooKeeperLeads { epoch } = fact {
            // What its predecessor had committed without saying so is committed now.
            let mut truth = Truth::of(server.tree());
            truth.ensemble_epoch = *epoch;
            self.truth = Arc::new(truth);
        } else if let Some(path) = changed(fact)
            && !self.is_deposed(server)
        {
            Arc::make_mut(&mut self.truth).read(path, server.tree());
        }
    }

    /// Whether the ensemble has had a newer leader than any that this server knows.
    pub fn is_deposed(&self, server: &Server) -> bool {
        server.epoch() < self.truth.ensemble_epoch
    }
}

#[cfg(test)]
impl World {
    /// Has it be true that a znode of this version says this, whatever ZooKeeper has.
    pub(in crate::world) fn plant_znode(&mut self, path: &str, data: &bytes::Bytes, version: i32) {
        use crate::protocol::zookeeper::Zxid;
        let mut tree = Tree::new();
        tree.plant(path, data.clone());
        for _ in 0..version {
            let written = tree.set(Zxid::ZERO, path, data.clone(), -1);
            written.expect("it was just planted");
        }
        Arc::make_mut(&mut self.truth).read(path, &tree);
    }
}
