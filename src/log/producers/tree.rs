//! `Tree`: producers by their ids, many and in any order, of which every segment keeps a copy.
//!
//! Ids come from outside, so there may be as many as there are batches. Each segment keeps what was known when it was
//! begun; a copy therefore shares all that has not changed since, and a change copies the way to one producer: the
//! logarithm of how many there are.
//!
//! Laws: ids ascend strictly; what a tree holds does not depend on the order in which it came.

use std::sync::Arc;

use super::Producer;
use crate::model::{Offset, ProducerId};

/// So many entries split a node.
const MOST: usize = 32;

/// Producers by id.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    root: Arc<Node>,
    len: usize,
}

#[derive(Clone, Debug)]
struct Node {
    /// Which segment was written to when it was last changed: an older one is shared with a segment's copy.
    since: Offset,
    entries: Entries,
}

#[derive(Clone, Debug)]
enum Entries {
    Producers(Vec<(ProducerId, Arc<Producer>)>),
    /// Each with an id that no producer in it is below, but for the first.
    Nodes(Vec<(ProducerId, Arc<Node>)>),
}

/// A change, while the segment that begins at `during` is written to.
pub(super) struct Change {
    pub(super) during: Offset,
    /// The bytes it copied that an older segment keeps as they were.
    pub(super) copied: u64,
}

impl Default for Tree {
    fn default() -> Tree {
        let root = Node {
            since: Offset::ZERO,
            entries: Entries::Producers(Vec::new()),
        };
        Tree {
            root: Arc::new(root),
            len: 0,
        }
    }
}

impl Tree {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn get(&self, id: ProducerId) -> Option<&Arc<Producer>> {
        let mut node = &self.root;
        loop {
            match &node.entries {
                Entries::Nodes(nodes) => node = &nodes[place(nodes, id)].1,
                Entries::Producers(producers) => {
                    let at = producers.binary_search_by_key(&id, |(id, _)| *id).ok()?;
                    return Some(&producers[at].1);
                }
            }
        }
    }

    pub(super) fn get_mut(&mut self, id: ProducerId, change: &mut Change) -> Option<&mut Producer> {
        let mut node = own(&mut self.root, change);
        loop {
            match &mut node.entries {
                Entries::Nodes(nodes) => {
                    let at = place(nodes, id);
                    node = own(&mut nodes[at].1, change);
                }
                Entries::Producers(producers) => {
                    let at = producers.binary_search_by_key(&id, |(id, _)| *id).ok()?;
                    let producer = &mut producers[at].1;
                    if producer.last().last_offset < change.during {
                        change.copied += producer.weight();
                    }
                    return Some(Arc::make_mut(producer));
                }
            }
        }
    }

    /// Puts a producer in its place, or in that of another.
    pub(super) fn insert(&mut self, id: ProducerId, producer: Arc<Producer>, change: &mut Change) {
        let (is_new, split) = insert(&mut self.root, id, producer, change);
        self.len += usize::from(is_new);
        if let Some((from, right)) = split {
            let left = std::mem::replace(&mut self.root, right.clone());
            let entries = Entries::Nodes(vec![(ProducerId(i64::MIN), left), (from, right)]);
            self.root = Arc::new(Node {
                since: change.during,
                entries,
            });
        }
    }

    /// Takes out those that are not to be kept. What remains as it was is shared as before.
    pub(super) fn retain(&mut self, keep: impl Fn(&Producer) -> bool, change: &mut Change) {
        self.len -= retain(&mut self.root, &keep, change);
        while let Entries::Nodes(nodes) = &self.root.entries {
            self.root = match &nodes[..] {
                [] => Tree::default().root,
                [(_, only)] => only.clone(),
                _ => return,
            };
        }
    }

    /// All of them, by id.
    pub(super) fn list(&self) -> Vec<(ProducerId, &Arc<Producer>)> {
        let mut list = Vec::with_capacity(self.len);
        collect(&self.root, &mut list);
        list
    }

    /// The bytes of it that another tree, which it has become since, does not share.
    pub(super) fn beyond(&self, later: &Tree) -> u64 {
        beyond(&self.root, later)
    }

    /// Whether a node that would hold an id is one of its own.
    fn shares(&self, node: &Arc<Node>, id: ProducerId) -> bool {
        let mut own = &self.root;
        loop {
            if Arc::ptr_eq(own, node) {
                return true;
            }
            match &own.entries {
                Entries::Nodes(nodes) => own = &nodes[place(nodes, id)].1,
                Entries::Producers(_) => return false,
            }
        }
    }

    /// An estimate of the bytes that the first change of a copy copies.
    pub(super) fn weight_of_change(&self) -> usize {
        let mut weight = 0;
        let mut node = &self.root;
        loop {
            weight += node.weight() as usize;
            match &node.entries {
                Entries::Nodes(nodes) => node = &nodes[nodes.len() - 1].1,
                Entries::Producers(producers) => {
                    let last = producers.last().map_or(0, |(_, last)| last.weight());
                    return weight + last as usize;
                }
            }
        }
    }
}

impl Node {
    fn len(&self) -> usize {
        match &self.entries {
            Entries::Producers(producers) => producers.len(),
            Entries::Nodes(nodes) => nodes.len(),
        }
    }

    /// The id of its first producer. Only a tree that is empty has a node without one.
    fn first(&self) -> Option<ProducerId> {
        match &self.entries {
            Entries::Producers(producers) => producers.first().map(|(id, _)| *id),
            Entries::Nodes(nodes) => nodes.first().and_then(|(_, first)| first.first()),
        }
    }

    /// Takes over what is in the next node, which no producer from `from` on is before.
    fn absorb(&mut self, from: ProducerId, next: &mut Entries) {
        match (&mut self.entries, next) {
            (Entries::Producers(producers), Entries::Producers(more)) => producers.append(more),
            (Entries::Nodes(nodes), Entries::Nodes(more)) => {
                // Its first may hold what is below the id it stands with.
                more[0].0 = from;
                nodes.append(more);
            }
            _ => unreachable!("all ways through a tree are of one length"),
        }
    }

    /// What it takes in memory. The one of a tree that is empty is not worth counting.
    fn weight(&self) -> u64 {
        let entries = match &self.entries {
            Entries::Producers(producers) if producers.is_empty() => return 0,
            Entries::Producers(producers) => size_of_val(&producers[..]),
            Entries::Nodes(nodes) => size_of_val(&nodes[..]),
        };
        (2 * size_of::<usize>() + size_of::<Node>() + entries) as u64
    }
}

/// Where a node is among others in which an id would be.
fn place(nodes: &[(ProducerId, Arc<Node>)], id: ProducerId) -> usize {
    let behind = nodes.partition_point(|(from, _)| *from <= id);
    behind.saturating_sub(1)
}

/// A node that is to be changed.
fn own<'a>(node: &'a mut Arc<Node>, change: &mut Change) -> &'a mut Node {
    if node.since < change.during {
        change.copied += node.weight();
    }
    let node = Arc::make_mut(node);
    node.since = change.during;
    node
}

/// Whether it was not there before, and what no longer fits and from where on, if the node was full.
fn insert(
    node: &mut Arc<Node>,
    id: ProducerId,
    producer: Arc<Producer>,
    change: &mut Change,
) -> (bool, Option<(ProducerId, Arc<Node>)>) {
    let node = own(node, change);
    let (is_new, right) = match &mut node.entries {
        Entries::Producers(producers) => {
            let found = producers.binary_search_by_key(&id, |(id, _)| *id);
            match found {
                Ok(at) => producers[at].1 = producer,
                Err(at) => producers.insert(at, (id, producer)),
            }
            let right = split(producers).map(|(from, right)| (from, Entries::Producers(right)));
            (found.is_err(), right)
        }
        Entries::Nodes(nodes) => {
            let at = place(nodes, id);
            let (is_new, more) = insert(&mut nodes[at].1, id, producer, change);
            if let Some(more) = more {
                nodes.insert(at + 1, more);
            }
            let right = split(nodes).map(|(from, right)| (from, Entries::Nodes(right)));
            (is_new, right)
        }
    };
    let since = change.during;
    let right = right.map(|(from, entries)| (from, Arc::new(Node { since, entries })));
    (is_new, right)
}

/// How many were taken out. A node of which nothing is left is empty, and is itself to be taken out.
fn retain(node: &mut Arc<Node>, keep: &impl Fn(&Producer) -> bool, change: &mut Change) -> usize {
    if keeps_all(node, keep) {
        return 0;
    }
    let node = own(node, change);
    match &mut node.entries {
        Entries::Producers(producers) => {
            let before = producers.len();
            producers.retain(|(_, producer)| {
                let keeps = keep(producer);
                if !keeps && producer.last().last_offset < change.during {
                    change.copied += producer.weight();
                }
                keeps
            });
            producers.shrink_to_fit();
            before - producers.len()
        }
        Entries::Nodes(nodes) => {
            let mut removed = 0;
            let mut left: Vec<(ProducerId, Arc<Node>)> = Vec::with_capacity(nodes.len());
            for (from, mut node) in std::mem::take(nodes) {
                removed += retain(&mut node, keep, change);
                if node.len() == 0 {
                    continue;
                }
                match left.last_mut() {
                    Some((_, last)) if last.len() + node.len() < MOST / 2 => {
                        let more = own(&mut node, change);
                        own(last, change).absorb(from, &mut more.entries);
                    }
                    _ => left.push((from, node)),
                }
            }
            left.shrink_to_fit();
            *nodes = left;
            removed
        }
    }
}

fn keeps_all(node: &Node, keep: &impl Fn(&Producer) -> bool) -> bool {
    match &node.entries {
        Entries::Producers(producers) => producers.iter().all(|(_, producer)| keep(producer)),
        Entries::Nodes(nodes) => nodes.iter().all(|(_, node)| keeps_all(node, keep)),
    }
}

/// The second half of a list that is full.
fn split<T>(entries: &mut Vec<(ProducerId, T)>) -> Option<(ProducerId, Vec<(ProducerId, T)>)> {
    if entries.len() < MOST {
        return None;
    }
    let right = entries.split_off(MOST / 2);
    entries.shrink_to_fit();
    Some((right[0].0, right))
}

/// The bytes of a node that a later tree does not share. Only the way to what differs is walked.
fn beyond(node: &Arc<Node>, later: &Tree) -> u64 {
    if node.first().is_none_or(|first| later.shares(node, first)) {
        return 0;
    }
    let within: u64 = match &node.entries {
        Entries::Producers(producers) => {
            let differs = |(id, one): &&(ProducerId, Arc<Producer>)| {
                let known = later.get(*id);
                known.is_none_or(|known| !Arc::ptr_eq(one, known))
            };
            let gone = producers.iter().filter(differs);
            gone.map(|(_, producer)| producer.weight()).sum()
        }
        Entries::Nodes(nodes) => nodes.iter().map(|(_, node)| beyond(node, later)).sum(),
    };
    node.weight() + within
}

fn collect<'a>(node: &'a Node, list: &mut Vec<(ProducerId, &'a Arc<Producer>)>) {
    match &node.entries {
        Entries::Producers(producers) => {
            list.extend(producers.iter().map(|(id, producer)| (*id, producer)));
        }
        Entries::Nodes(nodes) => {
            for (_, node) in nodes {
                collect(node, list);
            }
        }
    }
}
