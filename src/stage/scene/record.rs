//! One record, taken apart.

use crate::stage::scene::pen::Pen;
pub(super) fn draw(_pen: &mut Pen) {}
