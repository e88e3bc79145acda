//! `Route`: which server a client tries next, and when.
//!
//! As ZooKeeper's `StaticHostProvider`: the list of servers is put in a random order once, so that clients
//! spread over the servers, and is then gone through in turn. Between two attempts a client pauses, so that
//! the clients of a server that died do not all come to the next at once.

use crate::model::Address;
use crate::rng::Rng;
use crate::time::Duration;

/// Before another attempt to connect, a client pauses for less than this, drawn at random.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// When every server was tried in vain, the client pauses for this long besides.
const ROUND_PAUSE: Duration = Duration::from_secs(1);

/// A client's list of servers, and where in it the client stands.
#[derive(Clone, Debug)]
pub(super) struct Route {
    servers: Vec<Address>,
    at: usize,
    /// Where the present round over the servers began.
    began: usize,
    rng: Rng,
}

impl Route {
    pub(super) fn new(mut servers: Vec<Address>, mut rng: Rng) -> Route {
        assert!(!servers.is_empty(), "an ensemble has a server");
        for at in (1..servers.len()).rev() {
            servers.swap(at, rng.below(at as u64 + 1) as usize);
        }
        let last = servers.len() - 1;
        Route {
            servers,
            at: last,
            began: last,
            rng,
        }
    }

    /// The server that is tried now.
    pub(super) fn address(&self) -> &Address {
        &self.servers[self.at]
    }

    pub(super) fn len(&self) -> u64 {
        self.servers.len() as u64
    }

    fn next(&mut self) {
        self.at = (self.at + 1) % self.servers.len();
    }

    /// Begins a round over all servers with the next one.
    pub(super) fn begin_round(&mut self) {
        self.next();
        self.began = self.at;
    }

    /// A server took the client: should it lose it, all others are tried first.
    pub(super) fn arrived(&mut self) {
        self.began = self.at;
    }

    /// Goes on to the next server; how long to pause before trying it.
    pub(super) fn go_on(&mut self) -> Duration {
        let pause = Duration::from_millis(self.rng.below(LONGEST_PAUSE.as_millis()));
        self.next();
        match self.at == self.began {
            true => pause + ROUND_PAUSE,
            false => pause,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Seed;
    use crate::zookeeper::address;

    #[test]
    fn every_server_is_tried_before_the_longer_pause() {
        let servers = (1..=3).map(address).collect();
        let mut route = Route::new(servers, Rng::new(Seed(1), 7));
        route.begin_round();
        let mut tried = vec![route.address().clone()];
        for _ in 0..2 {
            assert!(route.go_on() < LONGEST_PAUSE);
            tried.push(route.address().clone());
        }
        assert!(route.go_on() >= ROUND_PAUSE);
        assert_eq!(route.address(), &tried[0]);
        tried.sort();
        assert_eq!(tried, (1..=3).map(address).collect::<Vec<_>>());
    }
}
