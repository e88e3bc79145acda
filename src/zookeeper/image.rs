//! `Image`: everything the ensemble agrees on, as of one transaction.
//!
//! The tree and the sessions. Servers that have carried out the same transactions in the same order have
//! equal images, whatever else happened to them: nothing in here depends on time or on who is connected.
//!
//! Laws: transactions are carried out in the order of their numbers; a transaction of a session that is
//! over changes nothing; a session's ephemerals go in the transaction that ends it.

use std::sync::Arc;

use super::tree::{NewNode, Tree};
use crate::model::{ProcessId, Text};
use crate::protocol::zookeeper::{
    ANY_VERSION, Answer, Error, Failure, Operation, Outcome, SessionId, Zxid,
};
use crate::protocol::zookeeper_peers::{Deed, Session, Snapshot, Transaction};
use crate::sorted::SortedMap;
use crate::time::Duration;

/// A change of one znode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    Created {
        path: Text,
        owner: Option<SessionId>,
    },
    Written {
        path: Text,
        version: i32,
    },
    Deleted {
        path: Text,
    },
}

/// What came of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    pub outcome: Outcome,
    pub changes: Vec<Change>,
}

/// Everything the ensemble agrees on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    zxid: Zxid,
    tree: Tree,
    sessions: Arc<SortedMap<SessionId, Session>>,
}

/// True for operations that need a transaction.
pub fn is_write(operation: &Operation) -> bool {
    match operation {
        Operation::Create { .. }
        | Operation::Delete { .. }
        | Operation::SetData { .. }
        | Operation::Check { .. }
        | Operation::Multi(_) => true,
        Operation::Exists { .. } | Operation::GetData { .. } | Operation::GetChildren { .. } => {
            false
        }
    }
}

impl Image {
    /// The state before the first transaction.
    pub fn new(tree: Tree) -> Image {
        Image {
            tree,
            ..Image::default()
        }
    }

    /// The last transaction that was carried out.
    pub fn zxid(&self) -> Zxid {
        self.zxid
    }

    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    pub fn sessions(&self) -> impl ExactSizeIterator<Item = &Session> {
        self.sessions.values()
    }

    pub fn session(&self, id: SessionId) -> Option<&Session> {
        self.sessions.get(&id)
    }

    /// The process whose session this is, or was.
    pub fn owner(&self, id: SessionId) -> Option<ProcessId> {
        self.session(id).map(|session| session.owner)
    }

    /// The image that a snapshot describes; `None` when there is none such.
    pub fn from_snapshot(snapshot: &Snapshot) -> Option<Image> {
        let sessions = snapshot.sessions.iter();
        Some(Image {
            zxid: snapshot.zxid,
            tree: Tree::from_znodes(&snapshot.znodes)?,
            sessions: Arc::new(sessions.map(|session| (session.id, *session)).collect()),
        })
    }

    pub fn to_snapshot(&self) -> Snapshot {
        Snapshot {
            zxid: self.zxid,
            znodes: self.tree.znodes(),
            sessions: self.sessions.values().copied().collect(),
        }
    }

    /// Carries out a transaction.
    ///
    /// # Panics
    /// When it is not newer than the last one.
    pub fn apply(&mut self, transaction: &Transaction) -> Done {
        assert!(
            transaction.zxid > self.zxid,
            "transactions are carried out in the order of their numbers"
        );
        self.zxid = transaction.zxid;
        let session = transaction.wish.session;
        let mut changes = Vec::new();
        let outcome = match &transaction.wish.deed {
            Deed::OpenSession { owner, timeout_ms } => {
                let opened = Session {
                    id: session,
                    owner: *owner,
                    timeout_ms: *timeout_ms,
                };
                Arc::make_mut(&mut self.sessions).insert(session, opened);
                Ok(Answer::Checked)
            }
            Deed::EndSession(_) => {
                self.end_session(session, &mut changes);
                Ok(Answer::Deleted)
            }
            Deed::Write(_) if self.session(session).is_none() => Err(Error::SessionExpired.into()),
            Deed::Write(operation) => self.write(session, operation, &mut changes),
        };
        Done { outcome, changes }
    }

    fn end_session(&mut self, session: SessionId, changes: &mut Vec<Change>) {
        for path in self.tree.ephemerals(session) {
            let gone = self.tree.delete(self.zxid, &path, ANY_VERSION);
            gone.expect("an ephemeral znode has no children");
            changes.push(Change::Deleted { path });
        }
        if self.session(session).is_some() {
            Arc::make_mut(&mut self.sessions).remove(&session);
        }
    }

    fn write(
        &mut self,
        session: SessionId,
        operation: &Operation,
        changes: &mut Vec<Change>,
    ) -> Outcome {
        let Operation::Multi(parts) = operation else {
            return match operation {
                Operation::Check { .. } => Err(Error::BadArguments.into()),
                _ => Ok(self.write_part(session, operation, changes)?),
            };
        };
        let before = self.tree.clone();
        let mut answers = Vec::with_capacity(parts.len());
        for (part, operation) in parts.iter().enumerate() {
            match self.write_part(session, operation, changes) {
                Ok(answer) => answers.push(answer),
                Err(error) => {
                    self.tree = before;
                    changes.clear();
                    return Err(Failure { error, part });
                }
            }
        }
        Ok(Answer::Multi(answers))
    }

    fn write_part(
        &mut self,
        session: SessionId,
        operation: &Operation,
        changes: &mut Vec<Change>,
    ) -> Result<Answer, Error> {
        match operation {
            Operation::Create { path, data, mode } => {
                let new = NewNode {
                    path,
                    data: data.clone(),
                    mode: *mode,
                    session,
                };
                let (path, stat) = self.tree.create(self.zxid, new)?;
                changes.push(Change::Created {
                    path: path.clone(),
                    owner: stat.owner,
                });
                Ok(Answer::Created { path, stat })
            }
            Operation::Delete { path, version } => {
                self.tree.delete(self.zxid, path, *version)?;
                changes.push(Change::Deleted { path: path.clone() });
                Ok(Answer::Deleted)
            }
            Operation::SetData {
                path,
                data,
                version,
            } => {
                let stat = self.tree.set(self.zxid, path, data.clone(), *version)?;
                changes.push(Change::Written {
                    path: path.clone(),
                    version: stat.version,
                });
                Ok(Answer::Set { stat })
            }
            Operation::Check { path, version } => {
                self.tree.check(path, *version)?;
                Ok(Answer::Checked)
            }
            _ => Err(Error::BadArguments),
        }
    }

    /// Answers an operation that changes nothing.
    pub fn read(&self, operation: &Operation) -> Outcome {
        match operation {
            Operation::Exists { path, .. } => {
                super::tree::check_path(path)?;
                Ok(Answer::Exists(self.tree.stat(path)))
            }
            Operation::GetData { path, .. } => {
                super::tree::check_path(path)?;
                let (data, stat) = self.tree.get(path).ok_or(Error::NoNode)?;
                Ok(Answer::Data {
                    data: data.clone(),
                    stat,
                })
            }
            Operation::GetChildren { path, .. } => {
                super::tree::check_path(path)?;
                let names = self.tree.children(path).ok_or(Error::NoNode)?;
                let names = names.cloned().collect();
                let stat = self.tree.stat(path).unwrap_or_default();
                Ok(Answer::Children { names, stat })
            }
            _ => Err(Error::BadArguments.into()),
        }
    }
}

/// A session's timeout as a span.
pub fn timeout_of(session: &Session) -> Duration {
    Duration::from_millis(u64::from(session.timeout_ms))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::zookeeper::CreateMode;
    use crate::protocol::zookeeper_peers::{Ending, Wish};
    use bytes::Bytes;

    fn apply(image: &mut Image, session: u64, deed: Deed) -> Done {
        let transaction = Transaction {
            zxid: Zxid(image.zxid().0 + 1),
            wish: Wish {
                session: SessionId(session),
                origin: 1,
                xid: 1,
                deed,
            },
        };
        image.apply(&transaction)
    }

    fn open(image: &mut Image, session: u64) {
        let deed = Deed::OpenSession {
            owner: ProcessId::Broker(1),
            timeout_ms: 6_000,
        };
        apply(image, session, deed);
    }

    fn create(path: &str, mode: CreateMode) -> Operation {
        Operation::Create {
            path: path.into(),
            data: Bytes::new(),
            mode,
        }
    }

    #[test]
    fn a_multi_does_all_or_nothing_and_says_what_failed() {
        let mut image = Image::default();
        open(&mut image, 1);
        let check = Operation::Check {
            path: "/none".into(),
            version: 0,
        };
        let parts = vec![create("/a", CreateMode::Persistent), check];
        let done = apply(&mut image, 1, Deed::Write(Operation::Multi(parts)));
        let failure = Failure {
            error: Error::NoNode,
            part: 1,
        };
        assert_eq!(done.outcome, Err(failure));
        assert!(done.changes.is_empty());
        assert_eq!(image.tree().stat("/a"), None);
        let parts = vec![
            create("/a", CreateMode::Persistent),
            create("/a/b", CreateMode::Ephemeral),
        ];
        let done = apply(&mut image, 1, Deed::Write(Operation::Multi(parts)));
        assert!(matches!(done.outcome, Ok(Answer::Multi(answers)) if answers.len() == 2));
        assert_eq!(done.changes.len(), 2);
    }

    #[test]
    fn ephemerals_go_with_their_session_and_the_dead_write_no_more() {
        let mut image = Image::default();
        open(&mut image, 1);
        open(&mut image, 2);
        for (session, path) in [(1, "/a"), (2, "/b"), (1, "/c")] {
            apply(
                &mut image,
                session,
                Deed::Write(create(path, CreateMode::Ephemeral)),
            );
        }
        let done = apply(&mut image, 1, Deed::EndSession(Ending::RanOut));
        let gone = |path: &str| Change::Deleted { path: path.into() };
        assert_eq!(done.changes, [gone("/a"), gone("/c")]);
        assert!(image.tree().stat("/b").is_some());
        let late = apply(
            &mut image,
            1,
            Deed::Write(create("/d", CreateMode::Persistent)),
        );
        assert_eq!(late.outcome, Err(Error::SessionExpired.into()));
        assert_eq!(image.tree().stat("/d"), None);
    }

    #[test]
    fn a_check_stands_only_among_other_parts() {
        let mut image = Image::default();
        open(&mut image, 1);
        let check = Operation::Check {
            path: "/".into(),
            version: 0,
        };
        let done = apply(&mut image, 1, Deed::Write(check.clone()));
        assert_eq!(done.outcome, Err(Error::BadArguments.into()));
        let done = apply(&mut image, 1, Deed::Write(Operation::Multi(vec![check])));
        assert_eq!(done.outcome, Ok(Answer::Multi(vec![Answer::Checked])));
    }
}
