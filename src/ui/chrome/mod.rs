//! The frame around every view: top bar, stage, narrator, transport, and what lies over them.

pub mod acts;
pub mod inspector;
pub mod narrator;
pub mod overlay;
pub mod ribbon;
pub mod stage;
pub mod stagebar;
pub mod stored;
pub mod topbar;
pub mod transport;
