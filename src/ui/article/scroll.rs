//! Scrolling: what the reader is to look at comes into view, and no further than that takes.

use web_sys::Element;

/// Pixels that stay free above what is shown.
const ABOVE: f64 = 8.0;
/// Pixels that stay free below it.
const BELOW: f64 = 8.0;

/// Scrolls `view` no further than it takes to show an element to its end, and never past its beginning. The title
/// above it is shown whole or not at all.
pub(super) fn show(view: &Element, element: &Element) {
    let (frame, area) = (
        view.get_bounding_client_rect(),
        element.get_bounding_client_rect(),
    );
    let above = area.top() - frame.top() - ABOVE;
    let below = area.bottom() - frame.bottom() + BELOW;
    let by = match above < 0.0 {
        true => above,
        false => below.clamp(0.0, above),
    };
    let title = view.query_selector("h1, .lead").ok().flatten();
    let by = title.map_or(by, |title| {
        let title = title.get_bounding_client_rect();
        let (top, bottom) = (title.top() - frame.top(), title.bottom() - frame.top());
        let cut = top < by && by < bottom;
        if cut { bottom.min(above).max(by) } else { by }
    });
    view.set_scroll_top(view.scroll_top() + by.round() as i32);
}

/// The same within the column of words that an element stands in.
pub(super) fn show_in_column(element: &Element) {
    if let Ok(Some(column)) = element.closest(".body") {
        show(&column, element);
    }
}
