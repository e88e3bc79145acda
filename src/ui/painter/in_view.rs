//! What the reader is pointed at comes into view where the picture is larger than the stage.
//!
//! Laws: the stage scrolls to what the reader is pointed at, no further than it takes, and stays there while that moves
//! or is yet to come; where a person has scrolled to since is left alone. What was pressed is in view already and stays
//! under the finger.

use web_sys::Element;

use super::Painter;
use super::look::Look;
use crate::stage::geometry::{Rect, scrolled};

/// Pixels that stay free around what is shown.
const AROUND: f64 = 8.0;

impl Painter {
    /// Notes what a look points at and the last one did not: what has got the focus, or else what is washed.
    pub(super) fn seek(&mut self, look: &Look) {
        let before = self.shown.as_ref().map(|shown| &shown.look);
        let focus = before.and_then(|before| before.focus.as_ref());
        let washes = before.map_or(&[][..], |before| &before.washes);
        if look.focus.is_some() && look.focus.as_ref() != focus {
            self.sought = look.focus.iter().cloned().collect();
            self.scrolled = None;
        } else if look.washes != washes {
            self.sought = look.washes.clone();
            self.scrolled = None;
        }
    }

    /// Scrolls to what is sought, as far as it is drawn.
    pub(super) fn bring_into_view(&mut self) {
        let Some(shown) = self.shown.as_ref().filter(|_| !self.sought.is_empty()) else {
            return;
        };
        let picture = shown.scene.size;
        let fits = picture.w <= self.size.w && picture.h <= self.size.h;
        let areas = self.sought.iter().filter_map(|thing| self.area(thing));
        let area = areas.reduce(Rect::around_both);
        let bed = self.canvas.parent_element();
        let (Some(area), Some(bed), false) = (area, bed, fits) else {
            return;
        };
        let place = |bed: &Element| (bed.scroll_left(), bed.scroll_top());
        if self.scrolled.is_some_and(|ours| ours != place(&bed)) {
            self.sought.clear();
            return;
        }
        let area = area.grown(AROUND);
        let (left, top) = place(&bed);
        let (wide, high) = (bed.client_width(), bed.client_height());
        let left = scrolled(f64::from(left), f64::from(wide), area.x, area.right());
        let top = scrolled(f64::from(top), f64::from(high), area.y, area.bottom());
        bed.set_scroll_left(left as i32);
        bed.set_scroll_top(top as i32);
        self.scrolled = Some(place(&bed));
    }
}
