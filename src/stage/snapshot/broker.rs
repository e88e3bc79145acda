//! Brokers, and who decides about leaders.

use crate::model::{BrokerId, ProcessId, Text};

/// One broker.
#[derive(Clone, Debug, PartialEq)]
pub struct Broker {
    pub id: BrokerId,
    /// Where it listens: `broker-1:9092`.
    pub host: Text,
    pub state: BrokerState,
    /// What its session with ZooKeeper comes to, where that is not as usual: "session runs out in 12 s".
    pub session: Option<Text>,
    pub controller: bool,
    /// It takes itself for the controller, and another one is, or nobody.
    pub deposed: bool,
    /// What else is not as usual on its machine: "disk 500 ms", "clock +1 h".
    pub chips: Vec<Text>,
    /// Its line to ZooKeeper; none when it does not run, or when there is no such line in this picture.
    pub keeper: Option<Keeper>,
}

/// A broker's line to ZooKeeper, along which its session lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keeper {
    /// The server that it is connected to, or was.
    pub server: ProcessId,
    /// No server is reached, or none reaches it.
    pub cut: bool,
}

/// What a broker is doing, as its dot and frame show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BrokerState {
    Up,
    Starting,
    Draining,
    /// Its process is gone and its disk is not; the note says since when.
    Crashed {
        note: Text,
    },
    /// The same, and in order: it has handed over what it led.
    Stopped {
        note: Text,
    },
    /// It runs, and nobody reaches it.
    CutOff {
        note: Text,
    },
    /// Its process stands still; whatever reaches it waits.
    Frozen {
        note: Text,
    },
}

/// Who decides about leaders, and where it is written down.
#[derive(Clone, Debug, PartialEq)]
pub enum Coordination {
    /// Not part of this picture.
    Absent,
    /// The plan holds the state and no servers keep it; the line says what is true now.
    StandIn {
        title: Text,
        line: Text,
    },
    ZooKeeper(ZooKeeper),
}

/// The ZooKeeper ensemble.
#[derive(Clone, Debug, PartialEq)]
pub struct ZooKeeper {
    pub servers: Vec<Server>,
    /// "brokers 1 2 3, controller 1": the whole of it in one line.
    pub line: Vec<Word>,
    /// The few znodes worth showing.
    pub znodes: Vec<Znode>,
    /// False: no majority, no elections.
    pub quorum: bool,
    /// Said beside the line from ZooKeeper to the controller: "broker 1 wrote the new state".
    pub written: Option<Text>,
    /// Pairs of servers that do not reach each other.
    pub cuts: Vec<(ProcessId, ProcessId)>,
}

/// One ZooKeeper server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    pub id: ProcessId,
    pub leads: bool,
    pub state: ServerState,
}

/// Whether a ZooKeeper server runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerState {
    Up,
    /// It stands still; whatever reaches it waits.
    Frozen,
    Down,
}

/// One znode: its path, and its value word by word.
#[derive(Clone, Debug, PartialEq)]
pub struct Znode {
    pub path: Text,
    pub value: Vec<Word>,
    /// A remark behind the value, in red: "session expired".
    pub remark: Option<Text>,
    /// It is what changed last, just now.
    pub changed: bool,
}

/// One word of a znode's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    Plain(Text),
    /// What it was before, struck through.
    Was(Text),
    /// Gone because of a fault, struck through in red.
    Lost(Text),
    /// What it became.
    New(Text),
}

impl Word {
    /// Its letters, however they are written.
    pub fn text(&self) -> &Text {
        match self {
            Word::Plain(text) | Word::Was(text) | Word::Lost(text) | Word::New(text) => text,
        }
    }
}

impl Broker {
    pub fn is_down(&self) -> bool {
        matches!(
            self.state,
            BrokerState::Crashed { .. } | BrokerState::Stopped { .. }
        )
    }

    pub fn is_stopped(&self) -> bool {
        matches!(self.state, BrokerState::Stopped { .. })
    }
}
