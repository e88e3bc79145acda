//! `WatchList`: the watches of one client, as both ends of its connection keep them.
//!
//! A read leaves a watch by the znode's path: a data watch where the znode is, an exist watch where it is
//! not yet, a child watch for the list of children. Leaving the same watch twice is leaving it once.
//!
//! Law: a watch goes off once. The client's end and the server's keep equal lists as far as answers and
//! events have travelled, which is why a client can leave all of its watches again with another server.

use crate::model::Text;
use crate::protocol::zookeeper::{
    Answer, Operation, Outcome, Watch, WatchEvent, WatchKind, Watches,
};
use crate::sorted::SortedSet;

/// Which kind of watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Sees the data change and the znode go.
    Data,
    /// Sees the znode come.
    Exist,
    /// Sees children come and go, and the znode itself go.
    Children,
}

/// The watches of one client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WatchList {
    left: SortedSet<(Kind, Text)>,
}

/// The watch that an operation leaves once its outcome is known.
pub fn left_by(operation: &Operation, outcome: &Outcome) -> Option<(Kind, Text)> {
    let (path, kind) = match (operation, outcome) {
        (Operation::Exists { path, watch }, Ok(Answer::Exists(stat))) => match (watch, stat) {
            (Watch::Leave, Some(_)) => (path, Kind::Data),
            (Watch::Leave, None) => (path, Kind::Exist),
            (Watch::None, _) => return None,
        },
        (
            Operation::GetData {
                path,
                watch: Watch::Leave,
            },
            Ok(_),
        ) => (path, Kind::Data),
        (
            Operation::GetChildren {
                path,
                watch: Watch::Leave,
            },
            Ok(_),
        ) => (path, Kind::Children),
        _ => return None,
    };
    Some((kind, path.clone()))
}

impl WatchList {
    /// An operation was answered, which may have left a watch.
    pub fn answered(&mut self, operation: &Operation, outcome: &Outcome) {
        if let Some((kind, path)) = left_by(operation, outcome) {
            self.leave(kind, path);
        }
    }

    pub fn leave(&mut self, kind: Kind, path: Text) {
        self.left.insert((kind, path));
    }

    /// Takes out the watches that an event sets off; false when there are none.
    pub fn fire(&mut self, event: &WatchEvent) -> bool {
        let kinds: &[Kind] = match event.kind {
            WatchKind::NodeCreated | WatchKind::NodeDataChanged => &[Kind::Data, Kind::Exist],
            WatchKind::NodeDeleted => &[Kind::Data, Kind::Exist, Kind::Children],
            WatchKind::NodeChildrenChanged => &[Kind::Children],
        };
        let mut fired = false;
        for kind in kinds {
            fired |= self.left.remove(&(*kind, event.path.clone()));
        }
        fired
    }

    /// All of them, as a client tells them to the next server.
    pub fn all(&self) -> Watches {
        let of = |wanted: Kind| {
            let left = self.left.iter().filter(|(kind, _)| *kind == wanted);
            left.map(|(_, path)| path.clone()).collect()
        };
        Watches {
            data: of(Kind::Data),
            exist: of(Kind::Exist),
            children: of(Kind::Children),
        }
    }

    pub fn len(&self) -> usize {
        self.left.len()
    }

    pub fn is_empty(&self) -> bool {
        self.left.is_empty()
    }
}
