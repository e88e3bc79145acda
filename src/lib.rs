#![forbid(unsafe_code)]
//! # Kafka Playground
//!
//! A Kafka cluster in one library: brokers, replicated logs, producers and consumers, all speaking
//! Kafka's real wire protocol to each other over a simulated network, in virtual time. Compiled to
//! WebAssembly it runs in a web page, which draws it; natively it runs the tests.
//!
//! ## Three ideas
//!
//! 1. **One contract.** Everything that runs is a [`process::Process`]: plain data that handles one input
//!    at a moment and writes effects into an outbox. Nothing waits, nothing reads a clock.
//! 2. **Three pieces of data.** [`world::World`] is what is, [`world::Journal`] what happened,
//!    [`world::Command`]s what people did. World and journal are functions of plan, seed and commands, so
//!    time travel, share links, bug reports, lessons and tests are one thing: a list of lines.
//! 3. **The picture is a function** of the world, the journal and an instant.
//!
//! ## A tour: follow one record
//!
//! An application hands a record to `client::producer`, whose partitioner chooses a partition (murmur2 of
//! the key) and whose accumulator adds it to a batch. The sender drains batches per broker into a Produce
//! request; [`channel`] numbers it and [`protocol`] turns it into bytes. `world` carries the bytes over a
//! link. `broker` puts the frame together, checks the batch as Kafka does and hands it to `log`, which
//! stamps the offset and the leader's epoch into a fresh header before the shared body. The parked fetches
//! of the followers wake; they receive the very bytes and append them. Their next fetches say how far they
//! came; the leader's high watermark moves; the parked Produce is answered; consumers parked on the
//! partition receive the batch. Each of these is noted as a [`fact::Fact`].
//!
//! What must be agreed on, such as who is there and who decides, is kept in [`zookeeper`]: a write goes to
//! the leader of the ensemble, is on the disks of a majority before anybody hears that it was done, and sets
//! off the watches of those who read what it changed.
//!
//! ## The modules in reading order, and what each may import
//!
//! | module | may import |
//! | --- | --- |
//! | `time` | |
//! | `rng` | |
//! | `sorted` | `rng` |
//! | `timers` | `sorted` `time` |
//! | `base64` | |
//! | `model` | `base64` |
//! | `protocol` | `sorted` `model` |
//! | `process` | `sorted` `time` `rng` `timers` `model` `protocol` `fact` |
//! | `fact` | `sorted` `time` `rng` `timers` `model` `protocol` |
//! | `channel` | `sorted` `time` `rng` `timers` `model` `protocol` `process` `fact` |
//! | `fetch_session` | `sorted` `model` `protocol` |
//! | `log` | `sorted` `time` `rng` `timers` `model` `protocol` |
//! | `zookeeper` | `sorted` `time` `rng` `timers` `model` `protocol` `process` `fact` |
//! | `group` | `sorted` `time` `rng` `timers` `model` `protocol` `fact` |
//! | `controller` | `base64` `sorted` `time` `rng` `timers` `model` `protocol` `process` `fact` `channel` `zookeeper` |
//! | `client` | `sorted` `time` `rng` `timers` `model` `protocol` `process` `fact` `channel` `fetch_session` |
//! | `broker` | `sorted` `time` `rng` `timers` `model` `protocol` `process` `fact` `channel` `fetch_session` `log` `group` `zookeeper` `controller` |
//! | `world` | `sorted` `time` `rng` `timers` `model` `protocol` `process` `fact` `channel` `log` `group` `zookeeper` `controller` `client` `broker` `script` |
//! | `script` | `base64` `sorted` `time` `rng` `timers` `model` `protocol` `process` `fact` `channel` `log` `group` `zookeeper` `controller` `client` `broker` `world` |
//! | `testimony` | `sorted` `time` `rng` `timers` `model` `protocol` `process` `fact` `channel` `log` `group` `zookeeper` `controller` `client` `broker` `world` `script` |
//! | `stage` | `sorted` `time` `rng` `timers` `model` `protocol` `process` `fact` `channel` `log` `group` `zookeeper` `controller` `client` `broker` `world` |
//! | `workload` | `sorted` `time` `rng` `timers` `model` `protocol` `process` `fact` `channel` `log` `group` `zookeeper` `controller` `client` `broker` `world` `script` |
//! | `swarm` | `sorted` `time` `rng` `timers` `model` `protocol` `process` `fact` `channel` `log` `group` `zookeeper` `controller` `client` `broker` `world` `script` `testimony` |
//! | `lesson` | `sorted` `time` `rng` `timers` `model` `protocol` `process` `fact` `channel` `log` `group` `zookeeper` `controller` `client` `broker` `world` `script` `stage` |
//! | `session` | `sorted` `time` `rng` `timers` `model` `protocol` `process` `fact` `channel` `log` `group` `zookeeper` `controller` `client` `broker` `world` `script` `stage` `lesson` |
//! | `ui` | anything; nothing imports it |
//!
//! `client` sees neither `broker` nor `log`: they share only bytes, so a simulated client has no power that
//! a real one lacks. `world` imports `script` for one thing: a command notes itself as the line it is.
//!
//! ## What always holds
//!
//! The same plan, seed and commands give the same journal digest: natively and in wasm, in debug and
//! release, stepped one by one or a thousand at a time, and after any rewinding. Below `stage` there is no
//! clock, no float, no hash-ordered map, no thread. `world::invariant` says what must hold of the cluster
//! after every step.
//!
//! ## What is not here
//!
//! Transactions. TCP is the host binary's alone: `serve` runs the same world by the wall's clock.

// The tests beside the code run on the host: for a browser they are not compiled a second time.
#![cfg(not(all(test, target_arch = "wasm32")))]

pub mod base64;
pub mod broker;
pub mod channel;
pub mod client;
pub mod controller;
pub mod fact;
pub mod fetch_session;
pub mod group;
pub mod lesson;
pub mod log;
pub mod model;
pub mod process;
pub mod protocol;
pub mod rng;
pub mod script;
pub mod session;
pub mod sorted;
pub mod stage;
pub mod swarm;
pub mod testimony;
pub mod time;
pub mod timers;
pub mod workload;
pub mod world;
pub mod zookeeper;

#[cfg(target_arch = "wasm32")]
pub mod ui;
