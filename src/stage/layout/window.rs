//! Which offsets a log shows.
//!
//! The newest `slots − 1` over all replicas, dead ones included, and one empty slot behind them. The window
//! depends on nothing but the end, so the same instant always gives the same window, whichever way one came
//! to it. It slides by one cell while records come slowly and by four when they come fast.

use crate::model::Offset;

/// Above this rate the window slides by four.
const SLOW: f64 = 4.0;

/// The first offset shown, for a log that ends at `end` and is drawn with so many slots.
pub fn window_start(end: Offset, slots: u32, rate: f64) -> i64 {
    let needed = end.0 - (i64::from(slots) - 1);
    if needed <= 0 {
        return 0;
    }
    let step = if rate > SLOW && slots > 8 { 4 } else { 1 };
    (needed + step - 1) / step * step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_always_one_empty_slot() {
        for end in 0..200 {
            for (slots, rate) in [(2, 1.0), (9, 1.0), (9, 8.0), (16, 8.0)] {
                let from = window_start(Offset(end), slots, rate);
                assert!(from <= end, "the end is in the window");
                assert!(end < from + i64::from(slots), "the end has a slot");
            }
        }
    }

    #[test]
    fn a_log_begins_at_the_left_until_it_is_full() {
        assert_eq!(window_start(Offset(14), 15, 1.0), 0);
        assert_eq!(window_start(Offset(15), 15, 1.0), 1);
        assert_eq!(window_start(Offset(44), 16, 1.0), 29);
        assert_eq!(window_start(Offset(15), 15, 8.0), 4);
        assert_eq!(window_start(Offset(18), 15, 8.0), 4);
    }
}
