//! The wire protocol: against itself, against an outside codec, and against hostile bytes.

mod codec;
mod compression;
mod examples;
mod hostile;
mod oracle;
mod records;
pub mod vectors;
