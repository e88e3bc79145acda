//! A counting allocator: how much memory does something take at its peak?
//!
//! The counts are per thread, so tests may run side by side. Allocating is the one thing that cannot
//! be watched without `unsafe`; the library itself has none.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    static LIVE: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn taken(size: usize) {
    let live = LIVE.get().wrapping_add(size);
    LIVE.set(live);
    // Memory that another thread took and this one gave back wraps below zero; it is no peak.
    if live < usize::MAX / 2 && live > PEAK.get() {
        PEAK.set(live);
    }
}

fn given_back(size: usize) {
    LIVE.set(LIVE.get().wrapping_sub(size));
}

// SAFETY: every call goes to the system's allocator as it came; the counts are plain cells that
// take no memory themselves.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        taken(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        taken(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        given_back(layout.size());
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        taken(size);
        given_back(layout.size());
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// What `run` returns, and how many bytes more than before were live at its worst moment.
pub fn peak_of<T>(run: impl FnOnce() -> T) -> (T, usize) {
    let before = LIVE.replace(0);
    PEAK.set(0);
    let value = run();
    let peak = PEAK.get();
    LIVE.set(LIVE.get().wrapping_add(before));
    (value, peak)
}

/// What `run` returns, and how many bytes more than before are live after it.
pub fn kept_by<T>(run: impl FnOnce() -> T) -> (T, usize) {
    let before = LIVE.get();
    let value = run();
    (value, LIVE.get().wrapping_sub(before))
}

#[test]
fn what_is_kept_counts_what_is_still_live() {
    let (kept, bytes) = kept_by(|| {
        drop(vec![0u8; 30_000]);
        vec![0u8; 10_000]
    });
    assert!((10_000..11_000).contains(&bytes), "{bytes}");
    drop(kept);
}

#[test]
fn the_peak_counts_what_was_live_at_once() {
    let (_, peak) = peak_of(|| {
        drop(vec![0u8; 10_000]);
        drop(vec![0u8; 30_000]);
    });
    assert!((30_000..31_000).contains(&peak), "{peak}");
}
