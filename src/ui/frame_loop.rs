//! Asking the browser for frames, and only while somebody needs them.
//!
//! A page that is paused and still requests no frame at all. The loop runs from [`FrameLoop::wake`] until the
//! callback says that it is done.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen::prelude::*;

/// What a frame's work says about the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Frame,
    Rest,
}

/// A loop over animation frames.
#[derive(Clone)]
pub struct FrameLoop(Rc<Inner>);

type OnFrame = Closure<dyn FnMut(f64)>;

struct Inner {
    closure: RefCell<Option<OnFrame>>,
    requested: Cell<Option<i32>>,
    frames: Cell<u64>,
}

impl FrameLoop {
    /// A loop that rests until it is woken. The callback is given the browser's time in milliseconds.
    pub fn new(mut callback: impl FnMut(f64) -> Next + 'static) -> FrameLoop {
        let inner = Rc::new(Inner {
            closure: RefCell::new(None),
            requested: Cell::new(None),
            frames: Cell::new(0),
        });
        let weak = Rc::downgrade(&inner);
        let closure = Closure::new(move |now| {
            let Some(inner) = weak.upgrade() else { return };
            inner.requested.set(None);
            inner.frames.set(inner.frames.get() + 1);
            if callback(now) == Next::Frame {
                inner.request();
            }
        });
        inner.closure.replace(Some(closure));
        FrameLoop(inner)
    }

    /// Makes sure that a frame comes.
    pub fn wake(&self) {
        self.0.request();
    }

    /// How many frames there were so far.
    pub fn frames(&self) -> u64 {
        self.0.frames.get()
    }
}

impl Inner {
    fn request(&self) {
        if self.requested.get().is_some() {
            return;
        }
        let closure = self.closure.borrow();
        let Some(function) = closure
            .as_ref()
            .map(|closure| closure.as_ref().unchecked_ref())
        else {
            return;
        };
        let window = web_sys::window().expect("the app runs in a window");
        self.requested
            .set(window.request_animation_frame(function).ok());
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let (Some(id), Some(window)) = (self.requested.get(), web_sys::window()) {
            let _ = window.cancel_animation_frame(id);
        }
    }
}
