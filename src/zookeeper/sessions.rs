//! `SessionTracker`: when sessions run out, as the leader reckons it.
//!
//! Only the leader ends sessions. It hears of a client directly, or from the follower that has the client
//! with every answer to its pings. Time is cut into ticks: a session runs out at the end of the tick after
//! the one in which its timeout passed, so a client that died is missed between one timeout and one tick
//! more after it was last heard.
//!
//! Laws: a session is ended only after nothing was heard of it for its whole timeout; one that is being
//! ended is touched in vain; a session belongs to one server at a time, and what another server still
//! brings in its name is not its client's any more.

use crate::protocol::zookeeper::SessionId;
use crate::sorted::SortedMap;
use crate::time::{Duration, Instant};
use crate::timers::Timers;

#[derive(Clone, Debug)]
struct Tracked {
    timeout: Duration,
    /// The server that has the client; `None` until the client comes back to a new leader's ensemble.
    server: Option<u16>,
    /// When its client was heard last, or it was begun.
    heard: Instant,
}

/// Why a session was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silence {
    /// When its client was heard last.
    pub heard: Instant,
    pub timeout: Duration,
    pub ended: Instant,
    /// The server that had its client.
    pub server: Option<u16>,
    /// Up to when the leader was told of everybody whom that server had heard.
    pub told_until: Option<Instant>,
}

/// So many sessions that ran out are remembered.
const REMEMBERED: usize = 64;

/// The leader's view of who is alive.
#[derive(Clone, Debug)]
pub struct SessionTracker {
    tick: Duration,
    sessions: SortedMap<SessionId, Tracked>,
    expiries: Timers<SessionId>,
    /// The newest of those that ran out, for whoever looks on.
    silent: SortedMap<SessionId, Silence>,
}

/// The end of the tick in which a session that was touched at `now` runs out.
pub fn expiry(now: Instant, timeout: Duration, tick: Duration) -> Instant {
    let tick = tick.as_micros();
    let ticks = (now + timeout).as_micros() / tick + 1;
    Instant::from_micros(ticks * tick)
}

impl SessionTracker {
    pub fn new(tick: Duration) -> SessionTracker {
        SessionTracker {
            tick,
            sessions: SortedMap::new(),
            expiries: Timers::default(),
            silent: SortedMap::new(),
        }
    }

    /// Begins to watch over a session, which has its full timeout from now on.
    pub fn track(
        &mut self,
        now: Instant,
        session: SessionId,
        timeout: Duration,
        server: Option<u16>,
    ) {
        let tracked = Tracked {
            timeout,
            server,
            heard: now,
        };
        self.sessions.insert(session, tracked);
        self.expiries.set(session, expiry(now, timeout, self.tick));
    }

    /// A server heard the client of a session that it has.
    pub fn touch(&mut self, now: Instant, session: SessionId, server: u16) {
        if let Some(tracked) = self.sessions.get_mut(&session)
            && tracked.server == Some(server)
        {
            tracked.heard = now;
            let at = expiry(now, tracked.timeout, self.tick);
            let before = self.expiries.get(&session);
            self.expiries.set(session, before.unwrap_or(at).max(at));
        }
    }

    /// A client came back through a server; its timeout, or `None` when its session is over.
    pub fn revalidate(
        &mut self,
        now: Instant,
        session: SessionId,
        server: u16,
    ) -> Option<Duration> {
        let tracked = self.sessions.get_mut(&session)?;
        tracked.server = Some(server);
        let timeout = tracked.timeout;
        self.touch(now, session, server);
        Some(timeout)
    }

    /// True when this server has the session's client.
    pub fn is_at(&self, session: SessionId, server: u16) -> bool {
        let tracked = self.sessions.get(&session);
        tracked.is_some_and(|tracked| tracked.server == Some(server))
    }

    /// A session is being ended.
    pub fn forget(&mut self, session: SessionId) {
        self.sessions.remove(&session);
        self.expiries.cancel(&session);
    }

    /// Takes out a session that has run out. `told_until` says up to when it is known whom a server has heard.
    pub fn pop_expired(
        &mut self,
        now: Instant,
        told_until: impl Fn(u16) -> Option<Instant>,
    ) -> Option<SessionId> {
        let session = self.expiries.pop_due(now)?;
        if let Some(tracked) = self.sessions.remove(&session) {
            let silence = Silence {
                heard: tracked.heard,
                timeout: tracked.timeout,
                ended: now,
                server: tracked.server,
                told_until: tracked.server.and_then(told_until),
            };
            self.silent.insert(session, silence);
            if self.silent.len() > REMEMBERED {
                self.silent.pop_first();
            }
        }
        Some(session)
    }

    pub fn next_expiry(&self) -> Option<Instant> {
        self.expiries.next()
    }

    /// Why a session was ended that ran out here.
    pub fn silence(&self, session: SessionId) -> Option<Silence> {
        self.silent.get(&session).copied()
    }

    #[cfg(test)]
    pub(super) fn plant_silence(&mut self, session: SessionId, silence: Silence) {
        self.silent.insert(session, silence);
    }

    /// When a session runs out if nothing more is heard of it.
    pub fn runs_out(&self, session: SessionId) -> Option<Instant> {
        self.expiries.get(&session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: Duration = Duration::from_secs(3);
    const ONE: SessionId = SessionId(1);

    fn tracker() -> SessionTracker {
        let mut tracker = SessionTracker::new(TICK);
        let timeout = Duration::from_secs(18);
        tracker.track(Instant::ZERO, ONE, timeout, Some(2));
        tracker
    }

    #[test]
    fn a_session_runs_out_at_the_end_of_a_tick() {
        let timeout = Duration::from_secs(18);
        for (touched, expected) in [(0, 21), (1, 21), (2_999, 21), (3_000, 24), (3_001, 24)] {
            let touched = Instant::from_millis(touched);
            let expected = Instant::from_secs(expected);
            assert_eq!(expiry(touched, timeout, TICK), expected);
        }
    }

    #[test]
    fn a_touch_moves_the_end() {
        let mut tracker = tracker();
        tracker.touch(Instant::from_secs(10), ONE, 2);
        assert_eq!(tracker.pop_expired(Instant::from_secs(29), |_| None), None);
        assert_eq!(
            tracker.pop_expired(Instant::from_secs(30), |_| None),
            Some(ONE)
        );
        assert_eq!(tracker.revalidate(Instant::from_secs(30), ONE, 2), None);
        let silence = Silence {
            heard: Instant::from_secs(10),
            timeout: Duration::from_secs(18),
            ended: Instant::from_secs(30),
            server: Some(2),
            told_until: None,
        };
        assert_eq!(tracker.silence(ONE), Some(silence));
    }

    #[test]
    fn only_the_server_that_has_the_client_touches() {
        let mut tracker = tracker();
        assert!(tracker.revalidate(Instant::from_secs(1), ONE, 3).is_some());
        tracker.touch(Instant::from_secs(10), ONE, 2);
        assert_eq!(tracker.runs_out(ONE), Some(Instant::from_secs(21)));
        assert!(tracker.is_at(ONE, 3) && !tracker.is_at(ONE, 2));
    }
}
