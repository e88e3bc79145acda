//! Who is alive, by the word of ZooKeeper.

use super::{Invariant, View};
use crate::controller::znodes;
use crate::fact::{Entry, Fact};
use crate::model::{ProcessId, Text};
use crate::protocol::zookeeper::SessionId;
use crate::sorted::{SortedMap, SortedSet};
use crate::time::{Duration, Instant};
use crate::world::World;
use crate::zookeeper::Server;

/// A session, as its client knows of it.
#[derive(Clone, Copy, Debug)]
struct Opened {
    /// It was not asked for before this.
    at: Instant,
    timeout: Duration,
}

/// C2 an ephemeral znode is there exactly as long as its session; a session does not run out before its
/// timeout has passed since it was asked for; and an ended session writes nothing any more.
///
/// What a client sends to keep its session is nobody's fact. So a session that runs out is held against three things:
/// the moment at which its client connected to open it, the moment at which the leader that ends it says that it has
/// heard of it last, and the moment at which the server that had its client has heard that client last: what a
/// follower has heard before a ping, its leader knows with the answer. One that a person has ended by command may end
/// at any time.
#[derive(Clone, Debug, Default)]
pub struct ZnodesHaveLivingOwners {
    /// When each process connected last to a server.
    connected: SortedMap<ProcessId, Instant>,
    opened: SortedMap<SessionId, Opened>,
    ended: SortedSet<SessionId>,
    /// Whose session each registration of a broker belongs to.
    registered: SortedMap<Text, SessionId>,
    /// Whose sessions people have ended.
    condemned: SortedSet<Text>,
}

impl Invariant for ZnodesHaveLivingOwners {
    fn name(&self) -> &'static str {
        "ZnodesHaveLivingOwners"
    }

    fn check(&mut self, view: View<'_>, entry: &Entry) -> Result<(), String> {
        match &entry.fact {
            Fact::Connected { to, .. } if to.starts_with("zk") => {
                self.connected.extend(entry.by.map(|by| (by, entry.at)));
                Ok(())
            }
            Fact::SessionOpened { session, timeout } => {
                let at = entry.by.and_then(|by| self.connected.get(&by));
                if let Some(at) = at.copied() {
                    let timeout = *timeout;
                    self.opened.insert(*session, Opened { at, timeout });
                }
                Ok(())
            }
            Fact::Commanded { line } => {
                if let Some(who) = line.strip_prefix("expire ") {
                    self.condemned.insert(who.into());
                }
                Ok(())
            }
            Fact::SessionRanOut { session, owner } => {
                self.ran_out(view.world, entry, *session, *owner)
            }
            Fact::ZnodeCreated {
                path,
                owner: Some(_),
            } => self.created(view.world, entry, path),
            Fact::ZnodeDeleted { path } => self.deleted(view.world, entry, path),
            Fact::ZooKeeperLeads { .. } => {
                // What its predecessor had committed last, it does not say.
                self.registered.clear();
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl ZnodesHaveLivingOwners {
    fn created(&mut self, world: &World, entry: &Entry, path: &Text) -> Result<(), String> {
        let Some(server) = server(world, entry) else {
            return Ok(());
        };
        let stat = server.tree().stat(path);
        let Some(session) = stat.and_then(|stat| stat.owner) else {
            return Ok(());
        };
        if self.ended.contains(&session) {
            return Err(format!(
                "C2: {path} is created by session {session}, which is over"
            ));
        }
        if znodes::broker_of(path).is_some() {
            self.registered.insert(path.clone(), session);
        }
        everything_is_owned(server)
    }

    fn deleted(&mut self, world: &World, entry: &Entry, path: &Text) -> Result<(), String> {
        let session = self.registered.remove(path);
        let (Some(session), Some(server)) = (session, server(world, entry)) else {
            return Ok(());
        };
        // Nobody takes back a registration but by ending the session.
        let lives = server.sessions().any(|known| known.session == session);
        match lives {
            true => Err(format!(
                "C2: {path} is gone, and session {session}, which owns it, lives"
            )),
            false => everything_is_owned(server),
        }
    }

    fn ran_out(
        &mut self,
        world: &World,
        entry: &Entry,
        session: SessionId,
        owner: ProcessId,
    ) -> Result<(), String> {
        self.ended.insert(session);
        let opened = self.opened.remove(&session);
        let condemned = self.condemned.remove(&*owner.to_string());
        if let Some(opened) = opened
            && !condemned
            && entry.at < opened.at + opened.timeout
        {
            return Err(format!(
                "C2: session {session} of {owner} runs out {} after it was asked for at {}",
                entry.at.since(opened.at),
                opened.at
            ));
        }
        let Some(server) = server(world, entry) else {
            return Ok(());
        };
        if let Some(silence) = server.silence(session)
            && silence.ended < silence.heard + silence.timeout
        {
            return Err(format!(
                "C2: session {session} of {owner} runs out {} after it was heard, and has {}",
                silence.ended.since(silence.heard),
                silence.timeout
            ));
        }
        was_not_heard(world, server, session, owner)?;
        everything_is_owned(server)
    }
}

/// C2, by the word of the server that had the client.
fn was_not_heard(
    world: &World,
    leader: &Server,
    session: SessionId,
    owner: ProcessId,
) -> Result<(), String> {
    let Some(silence) = leader.silence(session) else {
        return Ok(());
    };
    let Some((had_by, told_until)) = silence.server.zip(silence.told_until) else {
        return Ok(());
    };
    let had_by = ProcessId::ZooKeeper(had_by);
    let heard = world.host(had_by).and_then(|host| host.zookeeper());
    let heard = heard.and_then(|server| server.heard(session));
    // Who is heard while its session is being ended is heard in vain.
    let known = heard.filter(|heard| *heard < told_until && *heard < silence.ended);
    match known {
        Some(heard) if silence.ended < heard + silence.timeout => Err(format!(
            "C2: session {session} of {owner} runs out at {}, and {had_by} has heard it at {heard}, and it has {}",
            silence.ended, silence.timeout
        )),
        _ => Ok(()),
    }
}

/// The server that noted an entry.
fn server<'a>(world: &'a World, entry: &Entry) -> Option<&'a Server> {
    world.host(entry.by?)?.zookeeper()
}

/// Every owner of a znode has an open session.
fn everything_is_owned(server: &Server) -> Result<(), String> {
    for owner in server.tree().owners() {
        if !server.sessions().any(|known| known.session == owner) {
            return Err(format!(
                "C2: session {owner} is over, and something of it stands"
            ));
        }
    }
    Ok(())
}
