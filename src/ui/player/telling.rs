//! Telling: the digest goes to whoever listens, and the narrator has something to say.

use std::rc::Rc;

use super::{Digest, Player, now};
use crate::session::words::{Said, weightiest};
use crate::session::{Session, ribbon};
use crate::sorted::SortedMap;
use crate::ui::app::SANDBOX;
use crate::ui::kept;

/// Milliseconds between two times at which the cluster is kept while playing.
const KEEP: f64 = 1_000.0;
/// Milliseconds between two sentences of the narrator while playing.
const SPEAK: f64 = 1_500.0;

#[derive(Default)]
pub(super) struct Spoken {
    pub(super) said: Said,
    /// The journal up to here has been told.
    pub(super) until: u64,
    pub(super) at: f64,
    /// Said instead of what happened, until something happens.
    pub(super) remark: Option<Rc<str>>,
}

type Listener = Rc<dyn Fn(&Digest)>;

#[derive(Default)]
pub(super) struct Listeners {
    next: usize,
    all: SortedMap<usize, Listener>,
}

/// Ends the listening when it is dropped.
pub struct Listening {
    player: Player,
    id: usize,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.player.0.listeners.borrow_mut().all.remove(&self.id);
    }
}

impl Player {
    /// Calls `listener` with every digest until the returned guard is dropped.
    pub fn listen(&self, listener: impl Fn(&Digest) + 'static) -> Listening {
        let mut listeners = self.0.listeners.borrow_mut();
        let id = listeners.next;
        listeners.next += 1;
        listeners.all.insert(id, Rc::new(listener));
        Listening {
            player: self.clone(),
            id,
        }
    }

    /// The newest digest.
    pub fn digest(&self) -> Rc<Digest> {
        if self.0.digest.borrow().is_none() {
            self.publish();
        }
        self.0
            .digest
            .borrow()
            .clone()
            .expect("a digest was published")
    }

    pub(super) fn moved(&self) {
        // Whoever is told may ask the picture.
        self.paint();
        self.publish();
    }

    pub(super) fn publish(&self) {
        self.tell(false);
    }

    /// Publishes the digest. `ended`: play has just come to an end of its own.
    pub(super) fn tell(&self, ended: bool) {
        let now = now();
        self.change(|controls| controls.last_publish = now);
        let said = self.speak(now, ended);
        let controls = self.0.controls.get();
        let digest = self.with(|session| {
            let place = session.place();
            Digest {
                playing: controls.playing,
                pace: controls.pace,
                speed: controls.speed,
                late: controls.late,
                at: session.now(),
                event: session.timeline().count(place),
                events: session.timeline().stops().len(),
                at_edge: session.at_edge(),
                newest: session.history().newest(),
                chapter: session.chapter(),
                said,
                ribbon: Rc::new(ribbon::ribbon(session)),
                can_undo: session.can_undo(),
                branches_dropped: session.branches_dropped(),
                full: controls.full,
                violation: session
                    .history()
                    .violation()
                    .map(|law| law.to_string().into()),
            }
        });
        self.keep_cluster(now);
        let digest = Rc::new(digest);
        self.0.digest.replace(Some(digest.clone()));
        let all: Vec<_> = self.0.listeners.borrow().all.values().cloned().collect();
        all.iter().for_each(|listener| listener(&digest));
    }

    /// Keeps the sandbox's cluster beyond this visit: at once when time stands still, else now and then.
    fn keep_cluster(&self, now: f64) {
        let controls = self.0.controls.get();
        if *self.name() != *SANDBOX || controls.playing && now - controls.last_kept < KEEP {
            return;
        }
        self.change(|controls| controls.last_kept = now);
        let place = self.with(|session| (session.place(), session.history().commands().len()));
        if self.0.kept.replace(Some(place)) != Some(place) {
            let text = self.with(kept::write);
            self.0.page.keep_cluster(SANDBOX, &text);
        }
    }

    /// One sentence for what happened last; while playing at most one every second and a half.
    fn speak(&self, now: f64, ended: bool) -> Said {
        let mut spoken = self.0.spoken.borrow_mut();
        if let Some(remark) = &spoken.remark {
            return Said {
                at: self.with(Session::now),
                sentence: remark.clone(),
                fault: false,
            };
        }
        let playing = self.0.controls.get().playing;
        if playing && now - spoken.at < SPEAK {
            return spoken.said.clone();
        }
        let said = self.with(|session| {
            let here = session.journal().len();
            let step = session.step_began();
            // In passing the small things are left out; step by step everything is told.
            let passing = playing || ended;
            match passing && spoken.until < here {
                true => weightiest(session, spoken.until, 2),
                false => weightiest(session, step, 1),
            }
        });
        if let Some(said) = said {
            spoken.until = self.with(|session| session.journal().len());
            spoken.at = now;
            spoken.said = said;
        }
        spoken.said.clone()
    }
}
