//! The lens by broker in 390 pixels: one partition, one line for the state, one for the clients.

use crate::stage::scene::pen::Pen;
pub(super) fn draw(_pen: &mut Pen) {}
