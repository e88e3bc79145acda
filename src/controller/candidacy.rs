//! Who is controller (`KafkaController.elect`).
//!
//! Every broker looks at `/controller`. Whoever finds none tries to create it, together with a
//! `/controller_epoch` that is one higher: both or neither, so that of several candidates one wins and
//! every tenure has its own number. The znode is ephemeral: when the winner's session ends it vanishes,
//! the watches that everybody has left on it go off, and the race begins again. The first to arrive wins;
//! ids do not matter.
//!
//! Laws: one look or claim at a time; a controller epoch grows by one with each tenure.

use super::znodes;
use crate::model::{BrokerId, ControllerEpoch};
use crate::protocol::zookeeper::{
    Answer, CreateMode, Error, Operation, Outcome, SessionId, Stat, Watch,
};
use crate::time::Timestamp;

/// A broker's view of the office, and its attempts to win it.
#[derive(Clone, Debug)]
pub struct Candidacy {
    host: BrokerId,
    /// The controller as last read; `None` when there was none.
    active: Option<BrokerId>,
    stage: Stage,
    /// Something has changed while an answer was awaited: look once more.
    again: bool,
    asks: Vec<Operation>,
}

/// What is awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Idle,
    /// That `/controller` is watched.
    Watching,
    Reading,
    ReadingEpoch,
    CreatingEpoch,
    Claiming {
        epoch: i32,
    },
    /// Whether a claim whose outcome is unclear was won.
    Verifying {
        epoch: i32,
    },
    VerifyingEpoch {
        epoch: i32,
    },
}

/// What a candidate finds out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is controller from now on.
    Won {
        epoch: ControllerEpoch,
        /// The version of `/controller_epoch` that guards its writes.
        version: i32,
    },
    /// Somebody is, or nobody.
    Active(Option<BrokerId>),
}

impl Candidacy {
    pub fn new(host: BrokerId) -> Candidacy {
        Candidacy {
            host,
            active: None,
            stage: Stage::Idle,
            again: false,
            asks: Vec::new(),
        }
    }

    /// The controller as this broker last read it.
    pub fn active(&self) -> Option<BrokerId> {
        self.active
    }

    /// What is to be asked of ZooKeeper now, in this order.
    pub fn take_asks(&mut self) -> Vec<Operation> {
        std::mem::take(&mut self.asks)
    }

    /// The session is over: whatever was known is not known any more.
    pub fn expire(&mut self) {
        *self = Candidacy::new(self.host);
    }

    /// Looks who is controller, and stands for office if nobody is.
    pub fn look(&mut self) {
        if self.stage != Stage::Idle {
            self.again = true;
            return;
        }
        self.again = false;
        self.asks.push(Operation::Exists {
            path: znodes::CONTROLLER.into(),
            watch: Watch::Leave,
        });
        self.stage = Stage::Watching;
    }

    /// ZooKeeper has answered the open question.
    pub fn answered(
        &mut self,
        outcome: &Outcome,
        session: SessionId,
        wall: Timestamp,
    ) -> Option<Found> {
        let stage = std::mem::replace(&mut self.stage, Stage::Idle);
        let found = self.step(stage, outcome, session, wall);
        if self.stage == Stage::Idle && self.again {
            self.look();
        }
        found
    }

    fn step(
        &mut self,
        stage: Stage,
        outcome: &Outcome,
        session: SessionId,
        wall: Timestamp,
    ) -> Option<Found> {
        match stage {
            Stage::Idle => None,
            Stage::Watching => {
                self.ask(Stage::Reading, get(znodes::CONTROLLER));
                None
            }
            Stage::Reading => match outcome {
                Ok(Answer::Data { data, .. }) => {
                    self.active = znodes::read_controller(data);
                    Some(Found::Active(self.active))
                }
                _ => {
                    self.active = None;
                    self.ask(Stage::ReadingEpoch, get(znodes::CONTROLLER_EPOCH));
                    None
                }
            },
            Stage::ReadingEpoch => {
                match outcome {
                    Ok(Answer::Data { data, stat }) => {
                        let epoch = znodes::read_epoch(data).unwrap_or(0);
                        self.claim(epoch + 1, stat.version, wall);
                    }
                    _ => {
                        let create = Operation::Create {
                            path: znodes::CONTROLLER_EPOCH.into(),
                            data: znodes::write_epoch(0),
                            mode: CreateMode::Persistent,
                        };
                        self.ask(Stage::CreatingEpoch, create);
                    }
                }
                None
            }
            Stage::CreatingEpoch => {
                match outcome {
                    Ok(Answer::Created { stat, .. }) => self.claim(1, stat.version, wall),
                    // Another broker was first.
                    _ => self.ask(Stage::ReadingEpoch, get(znodes::CONTROLLER_EPOCH)),
                }
                None
            }
            Stage::Claiming { epoch } => match outcome {
                Ok(Answer::Multi(answers)) => match answers.last() {
                    Some(Answer::Set { stat }) => Some(self.won(epoch, *stat)),
                    _ => None,
                },
                Err(failure) if failure.error == Error::SessionExpired => None,
                // Lost, or won by an attempt whose answer was lost.
                _ => {
                    self.ask(Stage::Verifying { epoch }, get(znodes::CONTROLLER));
                    None
                }
            },
            Stage::Verifying { epoch } => match outcome {
                Ok(Answer::Data { stat, .. }) if stat.owner == Some(session) => {
                    self.ask(
                        Stage::VerifyingEpoch { epoch },
                        get(znodes::CONTROLLER_EPOCH),
                    );
                    None
                }
                Ok(Answer::Data { data, .. }) => {
                    self.active = znodes::read_controller(data);
                    Some(Found::Active(self.active))
                }
                _ => {
                    self.again = true;
                    None
                }
            },
            Stage::VerifyingEpoch { epoch } => match outcome {
                Ok(Answer::Data { data, stat }) if znodes::read_epoch(data) == Some(epoch) => {
                    Some(self.won(epoch, *stat))
                }
                _ => {
                    self.again = true;
                    None
                }
            },
        }
    }

    fn ask(&mut self, stage: Stage, operation: Operation) {
        self.asks.push(operation);
        self.stage = stage;
    }

    fn claim(&mut self, epoch: i32, version: i32, wall: Timestamp) {
        let create = Operation::Create {
            path: znodes::CONTROLLER.into(),
            data: znodes::write_controller(self.host, wall),
            mode: CreateMode::Ephemeral,
        };
        let count = Operation::SetData {
            path: znodes::CONTROLLER_EPOCH.into(),
            data: znodes::write_epoch(epoch),
            version,
        };
        let both = Operation::Multi(vec![create, count]);
        self.ask(Stage::Claiming { epoch }, both);
    }

    fn won(&mut self, epoch: i32, stat: Stat) -> Found {
        self.active = Some(self.host);
        Found::Won {
            epoch: ControllerEpoch(epoch),
            version: stat.version,
        }
    }
}

fn get(path: &str) -> Operation {
    Operation::GetData {
        path: path.into(),
        watch: Watch::None,
    }
}
