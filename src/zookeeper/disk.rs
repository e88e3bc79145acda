//! `Disk`: what outlives a crash of a server.
//!
//! A snapshot, the transactions after it, and two promises: the newest epoch that the server has agreed to
//! follow (`acceptedEpoch`), and the last whose leader's history it has taken over (`currentEpoch`).
//! Whatever a server tells another that it has, it has written here first.
//!
//! Law: the two epochs never go back, and the accepted one is never behind the current one.
//!
//! Not modelled: the time that `fsync` takes, and disks that fail.

use std::collections::VecDeque;
use std::sync::Arc;

use super::image::Image;
use super::tree::Tree;
use crate::protocol::zookeeper::Zxid;
use crate::protocol::zookeeper_peers::{Standing, Transaction};

/// So many transactions that were carried out are kept before they go into the snapshot (`snapCount`,
/// which is 100 000 in ZooKeeper, where a snapshot takes long).
const SNAPSHOT_COUNT: usize = 32;

/// A server's data directory.
#[derive(Clone, Debug)]
pub struct Disk {
    pub(super) accepted_epoch: u32,
    pub(super) current_epoch: u32,
    snapshot: Image,
    /// What came after the snapshot, oldest first. Its end may not be committed.
    log: VecDeque<Arc<Transaction>>,
    /// The newest transaction that the server knew to be committed.
    ///
    /// Unlike ZooKeeper, which does not write this down: no decision rests on it. It keeps a restarted
    /// server from telling again what was told before.
    committed: Zxid,
    /// How many connections the server has opened in all its lives.
    pub(super) connections: u32,
    /// How many sessions.
    pub(super) sessions: u32,
}

impl Disk {
    /// The disk of a server that begins with this tree, as all of its ensemble do.
    pub fn new(tree: Tree) -> Disk {
        Disk {
            accepted_epoch: 0,
            current_epoch: 0,
            snapshot: Image::new(tree),
            log: VecDeque::new(),
            committed: Zxid::ZERO,
            connections: 0,
            sessions: 0,
        }
    }

    pub(super) fn snapshot(&self) -> &Image {
        &self.snapshot
    }

    /// What was known to be committed, carried out.
    pub(super) fn committed_image(&self) -> Image {
        let mut image = self.snapshot.clone();
        let log = self.log.iter();
        log.take_while(|transaction| transaction.zxid <= self.committed)
            .for_each(|transaction| drop(image.apply(transaction)));
        image
    }

    /// The last transaction written here.
    pub fn last(&self) -> Zxid {
        let last = self.log.back();
        last.map_or(self.snapshot.zxid(), |transaction| transaction.zxid)
    }

    pub(super) fn standing(&self) -> Standing {
        Standing {
            epoch: self.current_epoch,
            last: self.last(),
        }
    }

    /// The transactions after this one, oldest first.
    pub(super) fn after(&self, zxid: Zxid) -> impl Iterator<Item = &Arc<Transaction>> {
        self.log
            .iter()
            .skip_while(move |transaction| transaction.zxid <= zxid)
    }

    /// Writes a transaction behind the others.
    pub(super) fn append(&mut self, transaction: Arc<Transaction>) {
        assert!(
            transaction.zxid > self.last(),
            "transactions are written in the order of their numbers"
        );
        self.log.push_back(transaction);
    }

    /// Promises to follow nobody older than this epoch's leader.
    pub(super) fn accept_epoch(&mut self, epoch: u32) {
        assert!(
            epoch > self.accepted_epoch,
            "an epoch is promised once, and never an older one"
        );
        self.accepted_epoch = epoch;
    }

    /// Takes over the history of an epoch's leader in place of the server's own.
    pub(super) fn take_over(&mut self, epoch: u32, history: Image) {
        assert!(
            epoch == self.accepted_epoch && epoch >= self.current_epoch,
            "a server takes over from the leader that it has promised to follow"
        );
        self.current_epoch = epoch;
        self.snapshot = history;
        self.log.clear();
    }

    /// Everything written here, carried out.
    pub(super) fn recover(&self) -> Image {
        let mut image = self.snapshot.clone();
        for transaction in &self.log {
            image.apply(transaction);
        }
        image
    }

    /// An image was committed. The transactions that are part of it are dropped once they are many.
    pub(super) fn note_committed(&mut self, committed: &Image) {
        let zxid = committed.zxid();
        self.committed = zxid;
        let done = self
            .log
            .partition_point(|transaction| transaction.zxid <= zxid);
        if done >= SNAPSHOT_COUNT {
            self.log.drain(..done);
            self.snapshot = committed.clone();
        }
    }
}
