//! `Register`: what a group has committed of one partition, and what it may be told of it.

use std::collections::VecDeque;

use super::finding::Class;
use crate::model::Offset;
use crate::sorted::SortedSet;

/// So many commits are kept.
const KEPT: usize = 64;

/// A commit of one partition.
#[derive(Clone, Copy, Debug)]
pub(super) struct Commit {
    pub(super) offset: Offset,
    pub(super) sent: u64,
    /// When it was answered with success. What was answered otherwise, or not at all, may yet be found.
    pub(super) until: Option<u64>,
}

/// What a group has committed of a partition.
#[derive(Clone, Debug, Default)]
pub(super) struct Register {
    /// The last ones, in the order in which they were sent.
    pub(super) commits: VecDeque<Commit>,
    /// When the last of those that are not kept was answered.
    pub(super) forgotten_until: u64,
    /// Of those that are not kept, what nobody knows the fate of.
    pub(super) unsettled: SortedSet<Offset>,
}

impl Register {
    pub(super) fn push(&mut self, commit: Commit) {
        if self.commits.len() == KEPT
            && let Some(oldest) = self.commits.pop_front()
        {
            match oldest.until {
                Some(until) => self.forgotten_until = self.forgotten_until.max(until),
                None => {
                    self.unsettled.insert(oldest.offset);
                }
            }
        }
        self.commits.push_back(commit);
    }

    /// What is wrong with an answer to who asked then. A commit counts from some moment between its being sent and its
    /// being answered until the next does.
    pub(super) fn wrong_with(&self, asked: u64, told: Option<Offset>) -> Option<Class> {
        let settled = self.commits.iter();
        let settled = settled.filter(|commit| commit.until.is_some_and(|until| until < asked));
        let since = settled.map(|commit| commit.sent).max();
        if since.unwrap_or_default() <= self.forgotten_until && self.forgotten_until > 0 {
            return None;
        }
        let Some(told) = told else {
            return since.map(|_| Class::SpuriousOffset);
        };
        let mut same = self.commits.iter().filter(|commit| commit.offset == told);
        let counts = |commit: &Commit| {
            let until = commit.until.zip(since);
            until.is_none_or(|(until, since)| until > since)
        };
        if self.unsettled.contains(&told) || same.clone().any(counts) {
            return None;
        }
        match same.next() {
            Some(_) => Some(Class::CommitLost),
            None => Some(Class::SpuriousOffset),
        }
    }
}
