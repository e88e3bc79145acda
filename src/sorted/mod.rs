//! Maps and sets kept as sorted lists.
//!
//! A cluster that a person can watch has few brokers, topics, connections and clients, so nearly every map
//! in it holds between none and a few hundred entries. A sorted list finds one by halving, walks them as
//! fast as memory allows, is copied in one go when a checkpoint copies its owner, and costs the page far
//! less code than a balanced tree does for each pair of types.
//!
//! Laws: keys ascend strictly, so walking a map is the same everywhere; what is inserted again replaces
//! what was there. Looking up costs the logarithm of the length; inserting anywhere but at the end, and
//! removing, costs the length.
//!
//! [`map`] is the list of pairs, [`set`] the same without values, [`order`] sorts any list,
//! [`mentions`] is what a request names, which may be much and the same again.
//!
//! Left out: whatever is unbounded and not appended in order. It takes a tree; or, if it comes all at once, as the
//! names in a request do, it is gathered and sorted first ([`Mentions`], [`SortedMap::gather`]).

mod map;
mod mentions;
mod order;
mod set;

pub use map::{Entry, Iter, IterMut, SortedMap};
pub use mentions::{Mentions, last_words};
pub use order::{sort_by, sort_by_key};
pub use set::SortedSet;
