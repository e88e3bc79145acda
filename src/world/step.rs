//! One step: a packet comes to a machine, or a process does what it has to do.
//!
//! A packet comes to the machine first. Whether its process takes it now, later or never depends on
//! whether the process runs, stands still, is busy, or is gone.

use std::sync::Arc;

use super::World;
use super::host::{DiskState, Host, Life, Waiting};
use super::journal::Journal;
use super::network::{InFlight, Parcel};
use crate::fact::{Crash, Fact};
use crate::model::{ConnectionId, ProcessId, Text};
use crate::process::{Effect, Input, Outbox, Payload};
use crate::time::Moment;

impl World {
    /// A packet has come to a machine.
    pub(super) fn deliver(&mut self, journal: &mut Journal) {
        let now = self.place.at;
        let mut packet = self.network.pop().expect("a packet is due");
        let (to, connection) = (packet.to, packet.connection);
        let Some(host) = self.hosts.get(&to) else {
            return;
        };
        let alive = host.life().is_alive();
        match (&packet.parcel, host.life()) {
            (_, Life::PowerLost { .. }) => return self.network.unheard(packet),
            (Parcel::Open, _) if !alive => return self.network.refuse(now, connection),
            // The system agrees, whatever its process is doing.
            (Parcel::Open, _) if !self.network.accept(now, connection) => return,
            (Parcel::Open, _) => {}
            _ if !self.network.is_open(connection) => {
                return self.network.answer_unknown(now, connection);
            }
            _ => {}
        }
        if let Parcel::Bytes(Payload::Kafka(bytes)) = &packet.parcel {
            self.carried += bytes.len() as u64;
        }
        if host.is_occupied(now) {
            packet.held_since = None;
            let host = self.hosts.get_mut(&to).expect("it is there");
            let inbox = &mut Arc::make_mut(host).inbox;
            inbox.push_back(Waiting::Packet(packet));
        } else {
            self.hand_over(packet, journal);
        }
    }

    /// Where the program is whose bytes a connection carries, if it is one from outside of which that was said.
    fn outside_of(&self, end: ConnectionId, from: ProcessId) -> Option<Text> {
        let socket = self.host(from).and_then(Host::socket)?;
        // It may have opened another meanwhile.
        let is_it = socket.connection == Some(end.other_end());
        socket.from.clone().filter(|_| is_it)
    }

    /// A process takes what has come for it.
    fn hand_over(&mut self, packet: InFlight, journal: &mut Journal) {
        let InFlight {
            from,
            to,
            connection,
            parcel,
            ..
        } = packet;
        self.heard = Some(from);
        let input = match parcel {
            Parcel::Open => Input::Opened {
                connection,
                from,
                host: self.outside_of(connection, from),
            },
            _ if !self.network.is_open(connection) => return,
            Parcel::Accepted => Input::Opened {
                connection,
                from,
                host: None,
            },
            Parcel::Bytes(payload) => Input::Received {
                connection,
                payload,
            },
            Parcel::Refused => {
                self.network.mark_closed(connection);
                self.network.mark_closed(connection.other_end());
                Input::Closed { connection }
            }
            Parcel::Close => {
                self.network.mark_closed(connection);
                Input::Closed { connection }
            }
        };
        self.give(to, input, journal);
    }

    /// A host does what it has put off, looks at what waits for it, or is woken.
    pub(super) fn let_act(&mut self, id: ProcessId, journal: &mut Journal) {
        let host = self.hosts.get_mut(&id).expect("a host is due");
        let host = Arc::make_mut(host);
        if !host.unsent.is_empty() {
            let unsent = std::mem::take(&mut host.unsent);
            for effect in unsent {
                self.carry_out(id, effect, journal);
            }
            return;
        }
        match host.inbox.pop_front() {
            Some(Waiting::Packet(packet)) => self.hand_over(packet, journal),
            Some(Waiting::Input(input)) => self.give(id, input, journal),
            None => self.give(id, Input::Woken, journal),
        }
    }

    /// Gives an input to a process at once, or behind what waits for it.
    pub(super) fn give_in_turn(&mut self, id: ProcessId, input: Input, journal: &mut Journal) {
        match self.hosts.get_mut(&id) {
            Some(host) if host.is_occupied(self.place.at) => {
                let inbox = &mut Arc::make_mut(host).inbox;
                inbox.push_back(Waiting::Input(input));
            }
            _ => self.give(id, input, journal),
        }
    }

    pub(super) fn give(&mut self, id: ProcessId, input: Input, journal: &mut Journal) {
        self.acted = Some(id);
        let now = self.place.at;
        let wall = self.wall_of(id, now);
        let Some(host) = self.hosts.get_mut(&id) else {
            return;
        };
        let mut out = std::mem::take(&mut self.out);
        let host = Arc::make_mut(host);
        // Only while the disk fails does anybody need to know what was there before a write.
        let before = (host.disk == DiskState::Fails).then(|| host.program.clone());
        host.handle(Moment { now, wall }, input, &mut out);
        if let ProcessId::Socket(_) = id {
            self.stirred.insert(id);
        }
        let wrote = |effect: &Effect| matches!(effect, Effect::Wrote);
        let wrote = out.effects().iter().any(wrote);
        if let Some(before) = before.filter(|_| wrote) {
            // Nothing of this was written, and nothing of what follows from it happens: the broker halts.
            host.program = before;
            out = Outbox::default();
            journal.note(now, Some(id), Fact::DiskFailed);
            self.out = out;
            return self.kill(id, Crash::Process, journal);
        }
        if let DiskState::Slow(takes) = host.disk
            && wrote
        {
            // What was written is true from now on; what follows from it waits for the disk.
            host.busy_until = now + takes;
            let (notes, unsent): (Vec<Effect>, Vec<Effect>) =
                (out.drain()).partition(|effect| matches!(effect, Effect::Note(_)));
            host.unsent = unsent;
            for effect in notes {
                self.carry_out(id, effect, journal);
            }
        }
        for effect in out.drain() {
            self.carry_out(id, effect, journal);
        }
        self.out = out;
    }

    fn carry_out(&mut self, id: ProcessId, effect: Effect, journal: &mut Journal) {
        let now = self.place.at;
        match effect {
            Effect::Note(fact) => {
                if matches!(id, ProcessId::ZooKeeper(_)) {
                    self.learn(id, &fact);
                }
                journal.note(now, Some(id), fact);
            }
            Effect::Send {
                connection,
                payload,
            } => {
                self.network.send(now, connection, Parcel::Bytes(payload));
            }
            Effect::Connect { connection, to } => {
                let listener = self.addresses.get(&to).copied();
                self.network.open(now, connection, listener);
            }
            Effect::Close { connection } => self.network.close(now, connection),
            Effect::Wrote => {}
            Effect::Exit => self.exited(id, journal),
        }
    }
}
