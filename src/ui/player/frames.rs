//! One frame: how much time passed, how much of it the world can be moved in, and whether there is a next one.

use super::{Player, now};
use crate::session::{Pace, Played, Session};
use crate::ui::frame_loop::Next;
use crate::world::Place;

/// How long a frame may work on the world, in milliseconds.
const BUDGET: f64 = 4.0;
/// The same while the reader waits for nothing else.
const RUSH: f64 = 12.0;
/// The most real time that one frame stands for; a longer one was an interruption.
const LONGEST: f64 = 100.0;
/// Milliseconds between two digests while playing.
const PUBLISH: f64 = 100.0;
/// How many bytes of records logs and checkpoints may hold together; on a phone, and elsewhere.
const CAP_PHONE: u64 = 40_000_000;
const CAP: u64 = 100_000_000;

impl Player {
    pub(super) fn wake(&self) {
        self.0
            .frames
            .borrow()
            .as_ref()
            .inspect(|frames| frames.wake());
    }

    pub(super) fn frame(&self, now: f64) -> Next {
        let controls = self.0.controls.get();
        if !controls.playing {
            self.paint();
            return Next::Rest;
        }
        if let Some(to) = controls.rush {
            return self.rush_on(to, now);
        }
        let real = controls
            .last_frame
            .map_or(0.0, |last| (now - last).clamp(0.0, LONGEST));
        self.change(|controls| controls.last_frame = Some(now));
        let started = self::now();
        let mut more = || self::now() - started < BUDGET;
        let before = self.with(Session::now);
        let pace = if controls.reduced {
            Pace::Even
        } else {
            controls.pace
        };
        let played = self.with_mut(|session| match controls.reduced {
            true => session.play_still(real, controls.speed, &mut more),
            false => session.play(real, controls.speed, pace, &mut more),
        });
        let virtual_time = self.with(Session::now).since(before).as_micros() as f64 / 1_000.0;
        self.note_lateness(played, real, virtual_time);
        if self.is_full() {
            self.pause();
        } else if played == Played::Stopped {
            self.change(|controls| {
                controls.playing = false;
                controls.late = None;
            });
            self.tell(true);
        } else if now - self.0.controls.get().last_publish >= PUBLISH {
            self.publish();
        }
        self.paint();
        if self.controls_playing() {
            Next::Frame
        } else {
            Next::Rest
        }
    }

    /// A frame's work toward a place, and what came of it as a picture.
    fn rush_on(&self, to: Place, now: f64) -> Next {
        let started = self::now();
        let mut more = || self::now() - started < RUSH;
        let arrived = self.with_mut(|session| session.seek_within(to, &mut more));
        if arrived || self.is_full() {
            self.still(|_| {});
            return Next::Rest;
        }
        if now - self.0.controls.get().last_publish >= PUBLISH {
            self.publish();
        }
        self.paint();
        Next::Frame
    }

    /// Says what the world really runs at, once half a second of it has run late.
    fn note_lateness(&self, played: Played, real: f64, virtual_time: f64) {
        self.change(|controls| {
            let (run, passed) = controls.stretch;
            controls.stretch = (run + virtual_time, passed + real);
            let (run, passed) = controls.stretch;
            if passed < 500.0 {
                return;
            }
            let ratio = run / passed;
            let short = controls.pace == Pace::Steady && ratio < controls.speed.factor() * 0.9;
            controls.late = (short && played == Played::Late).then_some((ratio * 10.0) as u32);
            controls.stretch = (0.0, 0.0);
        });
    }

    /// True once records take more memory than the page allows. Time stands still then, and the page offers
    /// to give something up; nothing goes silently.
    fn is_full(&self) -> bool {
        let held = self.with(|session| session.history().retained_log_bytes());
        let cap = match self.0.small {
            true => CAP_PHONE,
            false => CAP,
        };
        let full = (held > cap).then_some(held / 1_000_000);
        self.change(|controls| controls.full = full);
        full.is_some()
    }

    /// Gives up the way back to before this instant.
    pub fn forget_past(&self) {
        self.with_mut(Session::forget_past);
        self.is_full();
        self.moved();
    }
}
