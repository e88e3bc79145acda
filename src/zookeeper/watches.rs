//! `Watches`: who is to be told of which change, as one server keeps it for its clients.
//!
//! A watch is left by a read and goes off once, at the server that the client is connected to, when that
//! server carries out the transaction. It is kept in memory only: a client that moves to another server
//! leaves its watches again there, and what it missed in between goes off at once.
//!
//! Laws: a client that left both a data and a child watch on a znode hears once that it is gone; a client
//! hears of a change before it can read anything newer from this server.
//!
//! Not modelled: persistent and recursive watches.

use super::image::Change;
use super::tree::{Tree, split};
use super::watch_list::Kind;
use crate::model::{ConnectionId, Text};
use crate::protocol::zookeeper::{self, WatchEvent, WatchKind, Zxid};
use crate::sorted::{SortedMap, SortedSet};

/// The watches of all clients of one server.
///
/// As in ZooKeeper's `DataTree`, exist watches stand among the data watches: which of the two a watch was
/// is the client's affair.
#[derive(Clone, Debug, Default)]
pub struct Watches {
    left: SortedMap<(Kind, Text), SortedSet<ConnectionId>>,
}

/// What a server tells one of its clients.
pub type Telling = (ConnectionId, WatchEvent);

impl Watches {
    /// A client leaves a watch.
    pub fn leave(&mut self, kind: Kind, path: Text, connection: ConnectionId) {
        let kind = match kind {
            Kind::Exist => Kind::Data,
            other => other,
        };
        let who = self.left.entry((kind, path)).or_default();
        who.insert(connection);
    }

    /// A client is gone, and its watches with it.
    pub fn forget(&mut self, connection: ConnectionId) {
        self.left.retain(|_, who| {
            who.remove(&connection);
            !who.is_empty()
        });
    }

    /// How many watches there are.
    pub fn len(&self) -> usize {
        self.left.values().map(SortedSet::len).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    fn take(&mut self, kind: Kind, path: &Text) -> SortedSet<ConnectionId> {
        self.left.remove(&(kind, path.clone())).unwrap_or_default()
    }

    /// Sets off what one change concerns.
    pub fn fire(&mut self, change: &Change) -> Vec<Telling> {
        let mut told = Vec::new();
        let mut tell = |who: SortedSet<ConnectionId>, kind: WatchKind, path: &Text| {
            let path = path.clone();
            let event = WatchEvent { kind, path };
            told.extend(
                who.into_iter()
                    .map(|connection| (connection, event.clone())),
            );
        };
        let (path, comes_or_goes) = match change {
            Change::Created { path, .. } => {
                tell(self.take(Kind::Data, path), WatchKind::NodeCreated, path);
                (path, true)
            }
            Change::Written { path, .. } => {
                let who = self.take(Kind::Data, path);
                tell(who, WatchKind::NodeDataChanged, path);
                (path, false)
            }
            Change::Deleted { path } => {
                let mut who = self.take(Kind::Data, path);
                who.extend(self.take(Kind::Children, path));
                tell(who, WatchKind::NodeDeleted, path);
                (path, true)
            }
        };
        if comes_or_goes && let Some((parent, _)) = split(path) {
            let parent = Text::from(parent);
            let who = self.take(Kind::Children, &parent);
            tell(who, WatchKind::NodeChildrenChanged, &parent);
        }
        told
    }

    /// A client that has moved here leaves its watches again. Those that went off since what it saw last
    /// are returned instead.
    pub fn leave_again(
        &mut self,
        watches: &zookeeper::Watches,
        seen: Zxid,
        tree: &Tree,
        connection: ConnectionId,
    ) -> Vec<WatchEvent> {
        let mut missed = Vec::new();
        let mut look = |kind: Kind, path: &Text, went_off: Option<WatchKind>| match went_off {
            Some(kind) => {
                let path = path.clone();
                missed.push(WatchEvent { kind, path });
            }
            None => self.leave(kind, path.clone(), connection),
        };
        for path in &watches.data {
            let went_off = match tree.stat(path) {
                None => Some(WatchKind::NodeDeleted),
                Some(stat) if stat.modified > seen => Some(WatchKind::NodeDataChanged),
                Some(_) => None,
            };
            look(Kind::Data, path, went_off);
        }
        for path in &watches.exist {
            let went_off = tree.stat(path).map(|_| WatchKind::NodeCreated);
            look(Kind::Exist, path, went_off);
        }
        for path in &watches.children {
            let went_off = match tree.children_changed(path) {
                None => Some(WatchKind::NodeDeleted),
                Some(zxid) if zxid > seen => Some(WatchKind::NodeChildrenChanged),
                Some(_) => None,
            };
            look(Kind::Children, path, went_off);
        }
        missed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ProcessId;
    use bytes::Bytes;

    fn connection(serial: u32) -> ConnectionId {
        ConnectionId::client(ProcessId::Broker(1), serial).other_end()
    }

    fn event(kind: WatchKind, path: &str) -> WatchEvent {
        let path = path.into();
        WatchEvent { kind, path }
    }

    #[test]
    fn a_watch_goes_off_once() {
        let mut watches = Watches::default();
        watches.leave(Kind::Data, "/a".into(), connection(1));
        let written = Change::Written {
            path: "/a".into(),
            version: 1,
        };
        let told = watches.fire(&written);
        let expected = event(WatchKind::NodeDataChanged, "/a");
        assert_eq!(told, [(connection(1), expected)]);
        assert!(watches.fire(&written).is_empty());
    }

    #[test]
    fn a_deletion_is_told_once_to_each_and_to_who_watches_the_parent() {
        let mut watches = Watches::default();
        watches.leave(Kind::Data, "/a/b".into(), connection(1));
        watches.leave(Kind::Children, "/a/b".into(), connection(1));
        watches.leave(Kind::Children, "/a/b".into(), connection(2));
        watches.leave(Kind::Children, "/a".into(), connection(3));
        watches.leave(Kind::Data, "/a".into(), connection(3));
        let told = watches.fire(&Change::Deleted {
            path: "/a/b".into(),
        });
        let gone = event(WatchKind::NodeDeleted, "/a/b");
        let fewer = event(WatchKind::NodeChildrenChanged, "/a");
        let expected = [
            (connection(1), gone.clone()),
            (connection(2), gone),
            (connection(3), fewer),
        ];
        assert_eq!(told, expected);
        assert_eq!(watches.len(), 1);
    }

    #[test]
    fn what_was_missed_on_the_way_goes_off_at_once() {
        let mut tree = Tree::new();
        tree.plant("/same", Bytes::new());
        tree.plant("/new", Bytes::new());
        tree.plant("/written", Bytes::new());
        tree.set(Zxid(9), "/written", Bytes::new(), 0).unwrap();
        let left = zookeeper::Watches {
            data: vec!["/same".into(), "/gone".into(), "/written".into()],
            exist: vec!["/new".into(), "/absent".into()],
            children: vec!["/same".into(), "/gone".into()],
        };
        let mut watches = Watches::default();
        let missed = watches.leave_again(&left, Zxid(8), &tree, connection(1));
        let expected = [
            event(WatchKind::NodeDeleted, "/gone"),
            event(WatchKind::NodeDataChanged, "/written"),
            event(WatchKind::NodeCreated, "/new"),
            event(WatchKind::NodeDeleted, "/gone"),
        ];
        assert_eq!(missed, expected);
        assert_eq!(watches.len(), 3);
        watches.forget(connection(1));
        assert!(watches.is_empty());
    }
}
