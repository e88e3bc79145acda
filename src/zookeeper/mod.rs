//! ZooKeeper: where the cluster keeps what must be agreed on.
//!
//! A small tree of znodes that every server of an ensemble has, a majority of which must agree to every
//! write; sessions, whose end takes their ephemeral znodes along; and watches, which tell a client once
//! that something it has read has changed. Out of these Kafka makes the registration of brokers, the
//! election of the controller, and the state of every partition.
//!
//! In reading order:
//!
//! - [`tree`]: znodes; [`image`]: the tree and the sessions, and what a transaction does to them;
//! - [`watch_list`]: the watches of a client; [`watches`]: those of all clients of a server;
//! - [`sessions`]: when a session runs out;
//! - [`server`]: one server, and how writes are safe; [`election`], `coming_to_lead`, `leading`,
//!   `following`: its three roles; `client_connections`: its clients; [`disk`]: what outlives a crash;
//!   [`config`]: its settings;
//! - [`client`]: a process's end of its session; `route`: which server it tries;
//! - [`views`]: looking at a server from outside.
//!
//! Laws: what was committed is never lost while the disks of a majority remain; all servers carry out the
//! same transactions in the same order; two leaders never both commit.
//!
//! Unlike ZooKeeper: see [`server`]. Not modelled: access lists, quotas, containers, times to live,
//! persistent watches, observers, dynamic reconfiguration, chroot, authentication, the time of `fsync`.

pub mod client;
mod client_connections;
mod coming_to_lead;
pub mod config;
pub mod disk;
pub mod election;
mod following;
pub mod image;
mod leading;
mod route;
pub mod server;
pub mod sessions;
pub mod tree;
pub mod views;
pub mod watch_list;
pub mod watches;

#[cfg(test)]
mod tests;

pub use client::{Client, Happened};
pub use client_connections::ClientConnection;
pub use config::ZooKeeperConfig;
pub use disk::Disk;
pub use server::{Server, Setup};
pub use sessions::Silence;
pub use tree::Tree;
pub use views::SessionView;

use crate::model::{Address, ProcessId, Text};

/// The port at which servers listen to clients, and in this simulation to each other.
const CLIENT_PORT: u16 = 2181;

/// Where a server listens: `zookeeper-2:2181`.
pub fn address(server: u16) -> Address {
    Address {
        host: format!("zookeeper-{server}").into(),
        port: CLIENT_PORT,
    }
}

/// How people call the server at an address: `zk2`. Any other address is called what it is.
pub fn short_name(address: &Address) -> Text {
    let number = address.host.strip_prefix("zookeeper-");
    let number = number.and_then(|digits| digits.parse().ok());
    match number {
        Some(number) => ProcessId::ZooKeeper(number).to_string().into(),
        None => address.to_string().into(),
    }
}
