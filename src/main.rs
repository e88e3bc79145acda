//! The host binary: runs scripts and draws still pictures. `kafka-playground help` says how.
//!
//! On wasm32 there is nothing to run: the page is the library's own start function.

#[cfg(not(target_arch = "wasm32"))]
mod host;

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    host::main()
}

#[cfg(target_arch = "wasm32")]
fn main() {}
