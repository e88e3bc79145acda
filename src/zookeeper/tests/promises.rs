//! What one server promises and what it takes, with the others played by hand.

use std::sync::Arc;

use super::*;
use crate::protocol::zookeeper_peers::{Notification, PeerMessage, Stance, Standing, Vote};

/// One server and what it has said.
struct Table {
    server: Server,
    now: Instant,
    said: Vec<(ConnectionId, PeerMessage)>,
    called: Vec<(ConnectionId, Address)>,
}

impl Table {
    fn new(n: u16) -> Table {
        let mut table = Table {
            server: Server::new(setup(3, zk(n))),
            now: Instant::ZERO,
            said: Vec::new(),
            called: Vec::new(),
        };
        table.give(Input::Booted);
        table
    }

    fn give(&mut self, input: Input) {
        let at = Moment {
            now: self.now,
            wall: Timestamp(0),
        };
        let mut out = Outbox::default();
        self.server.handle(at, input, &mut out);
        for effect in out.drain() {
            match effect {
                Effect::Send {
                    connection,
                    payload: Payload::ZooKeeper(Message::Peer(message)),
                } => self.said.push((connection, Arc::unwrap_or_clone(message))),
                Effect::Connect { connection, to } => self.called.push((connection, to)),
                _ => {}
            }
        }
    }

    /// Another server's connection to this one.
    fn opens(&mut self, from: ProcessId, serial: u32) -> ConnectionId {
        let connection = ConnectionId::client(from, serial).other_end();
        self.give(Input::Opened {
            connection,
            from,
            host: None,
        });
        connection
    }

    fn says(&mut self, connection: ConnectionId, message: PeerMessage) {
        self.give(Input::Received {
            connection,
            payload: Payload::ZooKeeper(Message::Peer(Arc::new(message))),
        });
    }

    /// Both others look for a leader and want this one.
    fn all_want(&mut self, leader: u16) {
        for (serial, from) in [zk(1), zk(2), zk(3)].into_iter().enumerate() {
            if from == self.server.id() {
                continue;
            }
            let link = self.opens(from, 100 + serial as u32);
            let vote = Vote {
                standing: Standing::default(),
                leader,
            };
            let heard = Notification {
                round: self.server.election.round(),
                vote,
                stance: Stance::Looking,
            };
            self.says(link, PeerMessage::Notification(heard));
        }
    }

    /// The connection to the leader, which stands from now on.
    fn follows(&mut self) -> ConnectionId {
        let (connection, to) = self.called.last().cloned().expect("a call");
        assert_eq!(to, address(3));
        let from = zk(3);
        self.give(Input::Opened {
            connection,
            from,
            host: None,
        });
        connection
    }
}

fn standing(epoch: u32, last: Zxid) -> Option<Standing> {
    Some(Standing { epoch, last })
}

#[test]
fn the_elected_gives_way_to_a_newer_history() {
    let mut table = Table::new(3);
    table.all_want(3);
    assert_eq!(table.server.role(), Stance::Leading);
    let learner = table.opens(zk(1), 1);
    table.says(learner, PeerMessage::FollowerInfo { accepted_epoch: 4 });
    let asked = PeerMessage::LeaderInfo { epoch: 5 };
    assert_eq!(table.said.last(), Some(&(learner, asked)));
    let newer = standing(0, Zxid::new(0, 1));
    table.says(learner, PeerMessage::AckEpoch { standing: newer });
    assert_eq!(table.server.role(), Stance::Looking);
    assert_eq!(table.server.epoch(), 0);
}

#[test]
fn a_promise_that_was_given_to_another_does_not_count() {
    let mut table = Table::new(3);
    table.all_want(3);
    let learner = table.opens(zk(1), 1);
    table.says(learner, PeerMessage::FollowerInfo { accepted_epoch: 0 });
    table.says(learner, PeerMessage::AckEpoch { standing: None });
    assert!(!matches!(
        table.said.last(),
        Some((_, PeerMessage::NewLeader { .. }))
    ));
    let other = table.opens(zk(2), 1);
    table.says(other, PeerMessage::FollowerInfo { accepted_epoch: 0 });
    let equal = standing(0, Zxid::ZERO);
    table.says(other, PeerMessage::AckEpoch { standing: equal });
    let synchronised = table.said.iter();
    let synchronised =
        synchronised.filter(|(_, said)| matches!(said, PeerMessage::NewLeader { .. }));
    assert_eq!(synchronised.count(), 2);
}

#[test]
fn nobody_follows_an_older_leader_than_it_has_promised() {
    let mut table = Table::new(1);
    table.all_want(3);
    let leader = table.follows();
    table.says(leader, PeerMessage::LeaderInfo { epoch: 7 });
    let promised = PeerMessage::AckEpoch {
        standing: standing(0, Zxid::ZERO),
    };
    assert_eq!(table.said.last(), Some(&(leader, promised)));
    // The promise is on the disk: it outlives the server.
    let disk = table.server.clone().crash();
    table.server = Server::with_disk(setup(3, zk(1)), disk);
    table.give(Input::Booted);
    table.all_want(3);
    let leader = table.follows();
    let known = PeerMessage::FollowerInfo { accepted_epoch: 7 };
    assert_eq!(table.said.last(), Some(&(leader, known)));
    table.says(leader, PeerMessage::LeaderInfo { epoch: 6 });
    assert_eq!(table.server.role(), Stance::Looking);
}

#[test]
fn the_same_epoch_is_promised_once() {
    let mut table = Table::new(1);
    table.all_want(3);
    let leader = table.follows();
    table.says(leader, PeerMessage::LeaderInfo { epoch: 7 });
    table.give(Input::Closed { connection: leader });
    table.all_want(3);
    table.now = Instant::from_secs(1);
    table.give(Input::Woken);
    let leader = table.follows();
    table.says(leader, PeerMessage::LeaderInfo { epoch: 7 });
    let again = PeerMessage::AckEpoch { standing: None };
    assert_eq!(table.said.last(), Some(&(leader, again)));
}
