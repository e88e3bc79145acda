//! What clients can testify: histories of what they sent, were told and read, and what is wrong with them.
//!
//! The laws of [`crate::world::invariant`] see everything, and so they may be blind to what only a client would
//! notice. Here is the other half: a checker that knows no broker and no log, but what went over the clients'
//! connections and what their applications were told. It judges by the classes of Jepsen's checker of Kafka (its
//! descriptions, not its code): offsets that hold two values, values at two offsets, what was acknowledged and
//! cannot be read, what failed and can, and readers and writers that skip or go back.
//!
//! - [`account`]: operations, one after the other, and what they amount to; [`groups`]: those of groups;
//!   `known`, `register`, `work`: one partition, as it was written, as groups have committed it, and as their members
//!   were done with it;
//! - [`finding`]: the classes, and which of them Kafka's settings allow; [`measures`]: what is no verdict;
//! - [`witness`]: takes the account of a world that runs; [`members`]: of what goes on in groups; `progress`: of how
//!   far their members are.
//!
//! A value is what a batch is known by: the number that its producer gave it, or else what it holds. So one offset
//! is that of a whole batch, and values are unique as far as what producers write is.
//!
//! Not modelled: transactions, and with them all cycles through what is written and read; every write here stands
//! for itself. Strangers, whose connections are sockets: what they write, read and commit.

pub mod account;
pub mod finding;
pub mod groups;
mod known;
pub mod measures;
pub mod members;
mod progress;
mod register;
#[cfg(test)]
mod tests;
pub mod witness;
mod work;

pub use account::{Account, Way};
pub use finding::{Class, Finding};
pub use groups::Groups;
pub use measures::Measures;
pub use witness::Witness;
