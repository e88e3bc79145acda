//! `Members`: who is in a group, in the order in which they came, and what all of them know.
//!
//! Whoever speaks the protocol may make as many members as it likes, and nobody limits them unless
//! `group.max.size` does. So one is found by its id, and taken out, without a walk through all; and how many know
//! an assignor is counted as they come and go (`GroupMetadata.supportedProtocols`), as are how long they are waited for
//! and how many are joining.

use std::collections::BTreeMap;
use std::collections::btree_map::{Values, ValuesMut};

use super::Asker;
use super::member::{Member, Protocol};
use crate::model::Text;
use crate::sorted::Mentions;
use crate::time::Duration;

/// The members of a group.
#[derive(Clone, Debug, Default)]
pub struct Members {
    /// By how many had come before.
    order: BTreeMap<u64, Member>,
    /// How many have come.
    come: u64,
    /// Where each stands in that order.
    places: BTreeMap<Text, u64>,
    /// How many of them know each assignor.
    knowing: BTreeMap<Text, usize>,
    /// How many JoinGroups wait (`numMembersAwaitingJoin`).
    joining: usize,
    /// How many of them are waited for so long.
    timeouts: BTreeMap<Duration, usize>,
    /// How many were walked past, every walk counted as if it went to its end.
    #[cfg(test)]
    pub(super) walked: std::sync::Arc<std::sync::atomic::AtomicUsize>,
}

impl Members {
    pub fn len(&self) -> usize {
        self.order.len()
    }

    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// In the order in which they came.
    pub fn iter(&self) -> Values<'_, u64, Member> {
        self.walk();
        self.order.values()
    }

    /// The same, to change anything but what they are called, what they know, how long they are waited for and whether
    /// they are joining.
    pub(super) fn iter_mut(&mut self) -> ValuesMut<'_, u64, Member> {
        self.walk();
        self.order.values_mut()
    }

    /// Somebody looks at all of them.
    fn walk(&self) {
        #[cfg(test)]
        self.walked
            .fetch_add(self.len(), std::sync::atomic::Ordering::Relaxed);
    }

    /// Who came first.
    pub fn first(&self) -> Option<&Member> {
        self.order.values().next()
    }

    pub fn get(&self, id: &str) -> Option<&Member> {
        self.order.get(self.places.get(id)?)
    }

    /// One of them, to change anything but what it is called, what it knows, how long it is waited for and whether it is
    /// joining.
    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut Member> {
        self.order.get_mut(self.places.get(id)?)
    }

    /// Whether all of them know an assignor.
    pub(super) fn all_know(&self, assignor: &str) -> bool {
        self.knowing.get(assignor).copied().unwrap_or_default() == self.len()
    }

    /// The longest that any of them is waited for.
    pub(super) fn longest_timeout(&self) -> Duration {
        let longest = self.timeouts.keys().next_back();
        longest.copied().unwrap_or_default()
    }

    /// One of them is waited for so long from now on.
    pub(super) fn set_timeout(&mut self, id: &str, timeout: Duration) {
        let place = self.places.get(id);
        let Some(member) = place.and_then(|place| self.order.get_mut(place)) else {
            return;
        };
        let before = std::mem::replace(&mut member.rebalance_timeout, timeout);
        one_less(&mut self.timeouts, before);
        *self.timeouts.entry(timeout).or_default() += 1;
    }

    /// How many JoinGroups wait.
    pub(super) fn joining(&self) -> usize {
        self.joining
    }

    /// The JoinGroup of one of them waits from now on, or none does; what waited before.
    pub(super) fn set_joining(&mut self, id: &str, asker: Option<Asker>) -> Option<Asker> {
        let member = self.order.get_mut(self.places.get(id)?)?;
        let before = std::mem::replace(&mut member.joining, asker);
        self.joining += usize::from(asker.is_some());
        self.joining -= usize::from(before.is_some());
        before
    }

    /// Somebody comes who was none of them.
    pub(super) fn push(&mut self, member: Member) {
        self.joining += usize::from(member.is_joining());
        *self.timeouts.entry(member.rebalance_timeout).or_default() += 1;
        count(&mut self.knowing, &member.protocols, |known| known + 1);
        self.places.insert(member.id.clone(), self.come);
        self.order.insert(self.come, member);
        self.come += 1;
    }

    /// Somebody goes.
    pub(super) fn remove(&mut self, id: &str) -> Option<Member> {
        let member = self.order.remove(&self.places.remove(id)?)?;
        self.joining -= usize::from(member.is_joining());
        one_less(&mut self.timeouts, member.rebalance_timeout);
        count(&mut self.knowing, &member.protocols, |known| known - 1);
        Some(member)
    }

    /// One of them is called something else.
    pub(super) fn rename(&mut self, old: &str, new: &Text) -> Option<&mut Member> {
        let place = self.places.remove(old)?;
        self.places.insert(new.clone(), place);
        let member = self.order.get_mut(&place)?;
        member.id = new.clone();
        Some(member)
    }

    /// One of them knows these from now on.
    pub(super) fn learn(&mut self, id: &str, protocols: Vec<Protocol>) {
        let place = self.places.get(id);
        let Some(member) = place.and_then(|place| self.order.get_mut(place)) else {
            return;
        };
        let before = std::mem::replace(&mut member.protocols, protocols);
        count(&mut self.knowing, &before, |known| known - 1);
        count(&mut self.knowing, &member.protocols, |known| known + 1);
    }
}

/// One member fewer is waited for so long.
fn one_less(timeouts: &mut BTreeMap<Duration, usize>, timeout: Duration) {
    match timeouts.get_mut(&timeout) {
        Some(count) if *count > 1 => *count -= 1,
        _ => drop(timeouts.remove(&timeout)),
    }
}

/// Counts anew how many know each of these. A member may name one more than once.
fn count(
    knowing: &mut BTreeMap<Text, usize>,
    protocols: &[Protocol],
    change: impl Fn(usize) -> usize,
) {
    let names = Mentions::of(protocols.iter().map(|(name, _)| name));
    for place in names.firsts() {
        let name = &protocols[place].0;
        let known = knowing.get(name).copied().unwrap_or_default();
        match change(known) {
            0 => knowing.remove(name),
            known => knowing.insert(name.clone(), known),
        };
    }
}

/// The same members in the same order.
impl PartialEq for Members {
    fn eq(&self, other: &Members) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Members {}

impl<'a> IntoIterator for &'a Members {
    type Item = &'a Member;
    type IntoIter = Values<'a, u64, Member>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
