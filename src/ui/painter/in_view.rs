//! What the reader is to look at comes into view where the picture is larger than the stage.
//!
//! That is what has got the focus, or what a step is about, or what was selected elsewhere, such as in the words beside
//! the stage.
//!
//! Laws: the stage scrolls no further than it takes, and follows what moves or is yet to come; where a person has scrolled
//! to since is left alone until he is pointed at something else. What was pressed on the stage stays under the finger.

use web_sys::Element;

use super::Painter;
use super::look::Look;
use crate::stage::Thing;
use crate::stage::geometry::{Rect, scrolled};

/// Pixels that stay free around what is shown.
const AROUND: f64 = 8.0;

/// What is kept in view, and what has been pointed at last.
#[derive(Default)]
pub(super) struct Sought {
    things: Vec<Thing>,
    /// Where the stage stood when it was last looked at: elsewhere a person has scrolled to.
    place: Option<(i32, i32)>,
    focus: Option<Thing>,
    selection: Option<Thing>,
    shows: Vec<Thing>,
}

impl Painter {
    /// Notes what a look points at and the last one did not.
    pub(super) fn seek(&mut self, look: &Look) {
        let sought = &mut self.sought;
        let focus = (look.focus != sought.focus).then_some(&look.focus);
        let shows = (look.shows != sought.shows).then_some(&look.shows);
        let selection = (look.selection != sought.selection).then_some(&look.selection);
        if focus.is_none() && shows.is_none() && selection.is_none() {
            return;
        }
        // Where something new is pointed at that is followed, whatever has gone at the same time.
        let of_one = |thing: Option<&Option<Thing>>| thing.into_iter().flatten().cloned().collect();
        let things: [Vec<Thing>; 3] = [
            of_one(focus),
            shows.cloned().unwrap_or_default(),
            of_one(selection),
        ];
        let things = things.into_iter().find(|things| !things.is_empty());
        let things = things.unwrap_or_default();
        sought.focus.clone_from(&look.focus);
        sought.selection.clone_from(&look.selection);
        sought.shows.clone_from(&look.shows);
        sought.things = things;
        sought.place = self.canvas.parent_element().as_ref().map(place);
    }

    /// Scrolls to what is sought, as far as it is drawn.
    pub(super) fn bring_into_view(&mut self) {
        let Some(shown) = self
            .shown
            .as_ref()
            .filter(|_| !self.sought.things.is_empty())
        else {
            return;
        };
        let picture = shown.scene.size;
        let fits = picture.w <= self.size.w && picture.h <= self.size.h;
        let bed = self.canvas.parent_element();
        let Some(bed) = bed.filter(|_| !fits) else {
            return;
        };
        if self.sought.place.is_some_and(|ours| ours != place(&bed)) {
            self.sought.things.clear();
            return;
        }
        let areas = self.sought.things.iter();
        let areas = areas.filter_map(|thing| self.area(thing));
        let Some(area) = areas.reduce(Rect::around_both) else {
            return;
        };
        let (left, top) = place(&bed);
        let (wide, high) = (bed.client_width(), bed.client_height());
        let [left, top, wide, high] = [left, top, wide, high].map(f64::from);
        let pressed = self.sought.selection.as_ref() == self.sought.things.first();
        if pressed && area.overlaps(&Rect::new(left, top, wide, high)) {
            return;
        }
        let area = area.grown(AROUND);
        bed.set_scroll_left(scrolled(left, wide, area.x, area.right()) as i32);
        bed.set_scroll_top(scrolled(top, high, area.y, area.bottom()) as i32);
        self.sought.place = Some(place(&bed));
    }
}

/// How far a stage is scrolled.
fn place(bed: &Element) -> (i32, i32) {
    (bed.scroll_left(), bed.scroll_top())
}
