//! Whoever asks is answered once, and in time.

use super::wire::wants_no_answer;
use super::{Invariant, View};
use crate::fact::{CloseReason, Entry, Fact};
use crate::model::{ConnectionId, ProcessId, Side};
use crate::protocol::ApiKey;
use crate::sorted::{SortedMap, SortedSet};
use crate::time::{Duration, Instant};
use crate::world::{Host, Program, World};

/// A request that has no answer yet.
#[derive(Clone, Debug)]
struct Open {
    /// How long its sender lets it wait at the broker; `None` when nobody has said.
    patience: Option<Duration>,
    /// When that time is up, once it waits.
    due: Option<Instant>,
    /// Where it waits.
    at: Option<ProcessId>,
}

/// P3 a request is answered once or its connection is closed, and none waits longer than its sender
/// allows.
///
/// A JoinGroup waits for the rest of its group: no longer than the longest of their rebalance timeouts, which
/// [`super::departures`] sees to.
///
/// Requests are known from their senders' facts, so what a socket of somebody else's asks is not
/// followed, and a broker that stands still, or waits for its disk, may be late.
#[derive(Clone, Debug, Default)]
pub struct WhoAsksIsAnswered {
    /// What is open on each connection that its opener holds, by correlation id.
    open: SortedMap<ConnectionId, SortedMap<i32, Open>>,
    /// The requests that wait at a broker, by when their time is up.
    waiting: SortedSet<(Instant, ConnectionId, i32)>,
}

impl Invariant for WhoAsksIsAnswered {
    fn name(&self) -> &'static str {
        "WhoAsksIsAnswered"
    }

    fn check(&mut self, view: View<'_>, entry: &Entry) -> Result<(), String> {
        let world = view.world;
        if let (Fact::Thawed, Some(late)) = (&entry.fact, entry.by) {
            self.excuse(late);
        }
        // A command is told before what it does, and looked at after: by then a broker may stand no more.
        let command = matches!(entry.fact, Fact::Commanded { .. });
        if let Some((due, connection, id)) = self.waiting.first().copied()
            && due < entry.at
            && !command
        {
            self.waiting.pop_first();
            let open = self.open.get(&connection).and_then(|open| open.get(&id));
            let host = open.and_then(|open| world.host(open.at?));
            // Whose connection was reset may hear of it later than the broker.
            let end = connection.other_end();
            let stands = |host: &Host| {
                let broker = host.broker();
                broker.is_some_and(|broker| broker.connections().any(|(id, _)| id == end))
            };
            if host.is_some_and(|host| stands(host) && !host.is_behind(due, entry.at)) {
                return Err(format!(
                    "P3: #{id} of {connection} should have been answered at {due}"
                ));
            }
        }
        match &entry.fact {
            Fact::Connected { connection, .. } => {
                self.open.insert(*connection, SortedMap::new());
                Ok(())
            }
            Fact::Disconnected {
                connection, reason, ..
            } => self.gone(world, *connection, *reason),
            Fact::Killed { .. } | Fact::Stopped => {
                if let Some(died) = entry.by {
                    self.died(died);
                }
                Ok(())
            }
            Fact::RequestRejected { connection, .. } => {
                self.forget(connection.other_end());
                Ok(())
            }
            Fact::RequestSent {
                connection,
                api,
                correlation_id,
                ..
            } => {
                self.asked(world, *connection, *api, *correlation_id);
                Ok(())
            }
            Fact::RequestParked {
                connection,
                correlation_id,
                ..
            } => {
                self.parked(entry, connection.other_end(), *correlation_id);
                Ok(())
            }
            Fact::ResponseSent {
                connection,
                correlation_id,
                ..
            } => self.answered(*connection, *correlation_id),
            _ => Ok(()),
        }
    }
}

impl WhoAsksIsAnswered {
    fn asked(&mut self, world: &World, connection: ConnectionId, api: ApiKey, id: i32) {
        let Some(open) = self.open.get_mut(&connection) else {
            return;
        };
        if api == ApiKey::Produce && wants_no_answer(world, connection.opener) {
            return;
        }
        let patience = patience(world, connection.opener, api);
        let fresh = Open {
            patience,
            due: None,
            at: None,
        };
        open.insert(id, fresh);
    }

    fn parked(&mut self, entry: &Entry, connection: ConnectionId, id: i32) {
        let open = self.open.get_mut(&connection);
        let Some(open) = open.and_then(|open| open.get_mut(&id)) else {
            return;
        };
        open.at = entry.by;
        open.due = open.patience.map(|patience| entry.at + patience);
        self.waiting
            .extend(open.due.map(|due| (due, connection, id)));
    }

    /// Takes a request off the list, when its connection is followed.
    fn answered(&mut self, connection: ConnectionId, id: i32) -> Result<(), String> {
        let end = connection.other_end();
        let Some(open) = self.open.get_mut(&end) else {
            return Ok(());
        };
        let Some(open) = open.remove(&id) else {
            return Err(format!(
                "P3: {connection} is answered #{id}, which nobody asks or which is answered already"
            ));
        };
        if let Some(due) = open.due {
            self.waiting.remove(&(due, end, id));
        }
        Ok(())
    }

    /// A process is gone: nobody waits for what it asked, and nothing that waited for it will be answered.
    fn died(&mut self, died: ProcessId) {
        let own = self
            .open
            .keys()
            .filter(|connection| connection.opener == died);
        for connection in own.copied().collect::<Vec<_>>() {
            self.forget(connection);
        }
        self.excuse(died);
    }

    /// What waits for a process will be answered late, or never.
    fn excuse(&mut self, process: ProcessId) {
        for (connection, open) in self.open.iter_mut() {
            let there = open.iter_mut().filter(|(_, open)| open.at == Some(process));
            for (id, open) in there {
                if let Some(due) = open.due.take() {
                    self.waiting.remove(&(due, *connection, *id));
                }
            }
        }
    }

    fn gone(
        &mut self,
        world: &World,
        connection: ConnectionId,
        reason: CloseReason,
    ) -> Result<(), String> {
        self.forget(connection);
        if reason != CloseReason::RequestTimedOut || connection.side == Side::Server {
            return Ok(());
        }
        // The sender gave up. If the broker works on one of its requests, that request waits for
        // something that will end; one that merely lies there is never answered.
        let end = connection.other_end();
        for broker in world.brokers() {
            let mut held = broker.connections().filter(|(id, _)| *id == end);
            let Some(busy) = held.next().and_then(|(_, held)| held.busy()) else {
                continue;
            };
            // What needs ZooKeeper, or somebody who does, takes as long as that takes.
            let alone = matches!(
                busy.api,
                ApiKey::Produce | ApiKey::Fetch | ApiKey::ListOffsets | ApiKey::ApiVersions
            );
            if !alone {
                continue;
            }
            if !broker.parked().any(|parked| parked.request == busy) {
                return Err(format!(
                    "P3: broker {} works on #{} of {end} and will never answer it",
                    broker.id(),
                    busy.correlation_id
                ));
            }
        }
        Ok(())
    }

    fn forget(&mut self, connection: ConnectionId) {
        for (id, open) in self.open.remove(&connection).unwrap_or_default() {
            if let Some(due) = open.due {
                self.waiting.remove(&(due, connection, id));
            }
        }
    }
}

/// How long a request may wait at a broker, by the settings of who sends it.
fn patience(world: &World, opener: ProcessId, api: ApiKey) -> Option<Duration> {
    let host = world.host(opener)?;
    let wait = match api {
        ApiKey::Produce => host.producer()?.config().request_timeout,
        ApiKey::Fetch => match opener.broker() {
            Some(_) => host.broker()?.config().replica_fetch_wait_max,
            None => host.consumer()?.config().fetch_max_wait,
        },
        ApiKey::CreateTopics
        | ApiKey::DeleteTopics
        | ApiKey::CreatePartitions
        | ApiKey::ElectLeaders
        | ApiKey::DeleteRecords => match &host.program {
            Program::Admin(admin) => admin.config().request_timeout,
            Program::Broker(broker) => broker.config().request_timeout,
            _ => return None,
        },
        _ => return None,
    };
    Some(wait.max(Duration::TICK))
}
