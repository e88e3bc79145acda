//! `Member`: one consumer of a group, as its coordinator knows it.

use bytes::Bytes;

use super::Asker;
use crate::model::Text;
use crate::sorted::Mentions;
use crate::time::Duration;

/// An assignor that a member knows, and what it wants the assigning member to know of it.
pub type Protocol = (Text, Bytes);

/// A member (`MemberMetadata`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub id: Text,
    /// The name under which a static member comes back.
    pub instance_id: Option<Text>,
    pub client_id: Text,
    pub client_host: Text,
    /// How long the others wait for it to join again. Only `Members` sets it, which knows the longest.
    pub rebalance_timeout: Duration,
    /// How long it may be silent.
    pub session_timeout: Duration,
    /// The best first.
    pub protocols: Vec<Protocol>,
    /// What the leader gave it in this generation.
    pub assignment: Bytes,
    /// Its JoinGroup, while that waits for the others'. Only `Members` sets it, which counts those that wait.
    pub(super) joining: Option<Asker>,
    /// Its SyncGroup, while that waits for the leader's.
    pub(super) syncing: Option<Asker>,
    /// It has not heard of any generation yet: it may go missing although its JoinGroup waits, for its
    /// client may have given up without ever learning its id.
    pub(super) is_new: bool,
}

impl Member {
    pub fn is_static(&self) -> bool {
        self.instance_id.is_some()
    }

    pub fn is_joining(&self) -> bool {
        self.joining.is_some()
    }

    pub fn is_syncing(&self) -> bool {
        self.syncing.is_some()
    }

    /// Whether it would join with the same words as the last time.
    pub(super) fn matches(&self, protocols: &[Protocol]) -> bool {
        self.protocols == protocols
    }

    /// What it says to an assignor.
    pub fn metadata(&self, protocol: &str) -> Bytes {
        let known = self.protocols.iter().find(|(name, _)| **name == *protocol);
        known
            .map(|(_, metadata)| metadata.clone())
            .unwrap_or_default()
    }

    /// The assignor of these that it likes best (`MemberMetadata.vote`).
    pub(super) fn vote(&self, candidates: &Mentions<&Text>) -> Option<&Text> {
        let mut names = self.protocols.iter().map(|(name, _)| name);
        names.find(|name| candidates.is_named(*name))
    }
}
