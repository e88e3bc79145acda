//! How processes die, stand still, and come back.
//!
//! A process that dies loses its memory and keeps its disk. What else is lost depends on what died: when
//! it is the process, the operating system closes its connections and still holds what it wrote; when it
//! is the machine, nobody is told and what was not flushed is gone. A process that stands still loses
//! nothing and knows nothing: its system goes on taking connections and bytes, which it finds, in order,
//! when it goes on.
//!
//! Laws: a host whose process is gone has no broker, no client and no deadlines, only what the process
//! left; connection numbers are never given twice, in all lives together; each life draws from a random
//! stream of its own.

use std::sync::Arc;

use super::World;
use super::host::{Host, Life, Program, Remains};
use super::journal::Journal;
use super::plan::Refused;
use crate::fact::{Crash, Fact};
use crate::model::ProcessId;
use crate::process::Input;
use crate::rng::Rng;

/// Bits of a random stream's number that name the process; those above them count its lives.
const LIFE_SHIFT: u32 = 33;

impl World {
    /// The random numbers of a process in one of its lives, counted from 1.
    pub(super) fn stream(&self, id: ProcessId, life: u32) -> Rng {
        let earlier = u64::from(life.saturating_sub(1));
        Rng::new(self.seed, id.stream() | earlier << LIFE_SHIFT)
    }

    pub(super) fn host_mut(&mut self, id: ProcessId) -> &mut Host {
        let host = self.hosts.get_mut(&id);
        Arc::make_mut(host.expect("only known hosts are spoken of"))
    }

    pub(super) fn kill(&mut self, id: ProcessId, crash: Crash, journal: &mut Journal) {
        let now = self.place.at;
        journal.note(now, Some(id), Fact::Killed { crash });
        match crash {
            Crash::Process => {
                self.end(id, Life::Killed { at: now });
                self.network.sever(now, id);
            }
            Crash::Machine => {
                self.end(id, Life::PowerLost { at: now });
                self.network.forget(id);
                self.lose_unflushed(id, journal);
            }
        }
    }

    /// A process has ended by itself.
    pub(super) fn exited(&mut self, id: ProcessId, journal: &mut Journal) {
        let now = self.place.at;
        journal.note(now, Some(id), Fact::Stopped);
        self.end(id, Life::Stopped { at: now });
        self.network.sever(now, id);
    }

    fn end(&mut self, id: ProcessId, life: Life) {
        let host = self.host_mut(id);
        let program = std::mem::replace(&mut host.program, Program::Gone(Remains::default()));
        host.program = program.end();
        host.life = life;
        host.wakeup = None;
        host.inbox.clear();
        host.unsent.clear();
        host.busy_until = crate::time::Instant::ZERO;
    }

    /// The page cache is gone: every log ends somewhere between what was flushed and where it ended.
    fn lose_unflushed(&mut self, id: ProcessId, journal: &mut Journal) {
        let now = self.place.at;
        let wall = self.wall_of(id, now);
        // A stream of its own, so that no other draw depends on what a broker happened to draw before.
        let life = self.host(id).map_or(1, Host::lives);
        let mut rng = self.stream(id, life | 1 << 30);
        let Program::Gone(Remains::Broker(disk)) = &mut self.host_mut(id).program else {
            return;
        };
        for (partition, from, to) in disk.lose_unflushed(wall, &mut rng) {
            let lost = Fact::LogTailLost {
                partition,
                from,
                to,
            };
            journal.note(now, Some(id), lost);
        }
    }

    pub(super) fn freeze(&mut self, id: ProcessId, journal: &mut Journal) {
        let now = self.place.at;
        self.host_mut(id).life = Life::Frozen { since: now };
        journal.note(now, Some(id), Fact::Frozen);
    }

    /// A process goes on: it looks at what has come in the meantime, one thing after the other, and then
    /// at its own deadlines.
    pub(super) fn thaw(&mut self, id: ProcessId, journal: &mut Journal) {
        let now = self.place.at;
        self.host_mut(id).life = Life::Running;
        journal.note(now, Some(id), Fact::Thawed);
    }

    /// Starts a process again on what its last life left.
    ///
    /// # Errors
    /// When the plan does not say how; nothing has changed.
    pub(super) fn restart(&mut self, id: ProcessId, journal: &mut Journal) -> Result<(), Refused> {
        let now = self.place.at;
        let host = self.host(id).expect("only known hosts are spoken of");
        let (lives, life) = (host.lives + 1, host.life());
        let Program::Gone(remains) = host.program.clone() else {
            return Ok(());
        };
        let program = self.program(id, remains, lives)?;
        let host = self.host_mut(id);
        host.program = program;
        host.life = Life::Running;
        host.lives = lives;
        if matches!(life, Life::PowerLost { .. }) {
            self.network.hear_again(now, id);
        }
        self.give(id, Input::Booted, journal);
        Ok(())
    }

    // ---- what is refused

    /// That a host has a process that can be spoken to, killed or stopped.
    ///
    /// # Errors
    /// A sentence that says what would have been accepted.
    pub(super) fn check_alive(&self, id: ProcessId) -> Result<(), Refused> {
        match self.life_of(id)? {
            life if life.is_alive() => Ok(()),
            _ => Err(Refused(format!(
                "{id} does not run; restart {id} starts it again"
            ))),
        }
    }

    pub(super) fn check_running(&self, id: ProcessId) -> Result<(), Refused> {
        match self.life_of(id)? {
            Life::Frozen { .. } => Err(Refused(format!("{id} is frozen; thaw {id} lets it go on"))),
            _ => self.check_alive(id),
        }
    }

    pub(super) fn check_frozen(&self, id: ProcessId) -> Result<(), Refused> {
        match self.life_of(id)? {
            Life::Frozen { .. } => Ok(()),
            _ => Err(Refused(format!(
                "{id} is not frozen; freeze {id} stops it where it is"
            ))),
        }
    }

    pub(super) fn check_gone(&self, id: ProcessId) -> Result<(), Refused> {
        match self.life_of(id)? {
            Life::Frozen { .. } => Err(Refused(format!("{id} is frozen; thaw {id} lets it go on"))),
            Life::Running => Err(Refused(format!(
                "{id} runs; kill {id} or stop {id} comes first"
            ))),
            _ => Ok(()),
        }
    }

    fn life_of(&self, id: ProcessId) -> Result<Life, Refused> {
        let host = self.host(id).ok_or_else(|| self.unknown(id))?;
        match host.socket() {
            Some(_) => Err(Refused(format!(
                "{id} is a socket and has no process here; close {id} closes its connection"
            ))),
            None => Ok(host.life()),
        }
    }
}
