//! Who is controller (`KafkaController.elect`).
//!
//! Every broker looks at `/controller`. Whoever finds none tries to create it, together with a
//! `/controller_epoch` that is one higher: both or neither, so that of several candidates one wins and
//! every tenure has its own number. The znode is ephemeral: when the winner's session ends it vanishes,
//! the watches that everybody has left on it go off, and the race begins again. The first to arrive wins;
//! ids do not matter.
//!
//! Laws: one look or claim at a time; a controller epoch grows by one with each tenure.

use super::reading::get;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::zookeeper::{Failure, Zxid};

    const MINE: SessionId = SessionId(7);
    const WALL: Timestamp = Timestamp(0);

    fn stat(version: i32, owner: Option<SessionId>) -> Stat {
        Stat {
            created: Zxid(9),
            version,
            owner,
            ..Stat::default()
        }
    }

    fn data(data: bytes::Bytes, version: i32, owner: Option<SessionId>) -> Outcome {
        let stat = stat(version, owner);
        Ok(Answer::Data { data, stat })
    }

    fn failed(error: Error) -> Outcome {
        Err(Failure::from(error))
    }

    fn claimed() -> Outcome {
        let created = Answer::Created {
            path: znodes::CONTROLLER.into(),
            stat: stat(0, Some(MINE)),
        };
        let set = Answer::Set {
            stat: stat(4, None),
        };
        Ok(Answer::Multi(vec![created, set]))
    }

    /// Answers one question after the other; each must have been asked.
    fn play(outcomes: &[Outcome]) -> (Candidacy, Option<Found>) {
        let mut candidacy = Candidacy::new(BrokerId(1));
        candidacy.look();
        let mut found = None;
        for outcome in outcomes {
            assert_eq!(candidacy.take_asks().len(), 1, "before {outcome:?}");
            found = candidacy.answered(outcome, MINE, WALL);
        }
        (candidacy, found)
    }

    #[test]
    fn who_finds_nobody_creates_the_znode_and_counts_one_more() {
        let epoch = data(znodes::write_epoch(3), 3, None);
        let there = [Ok(Answer::Exists(None)), failed(Error::NoNode), epoch];
        let (mut candidacy, _) = play(&there);
        let asks = candidacy.take_asks();
        let Some(Operation::Multi(parts)) = asks.first() else {
            panic!("both or neither");
        };
        assert!(matches!(&parts[1], Operation::SetData { version: 3, data, .. } if data == "4"));
        let found = candidacy.answered(&claimed(), MINE, WALL);
        let epoch = ControllerEpoch(4);
        assert_eq!(found, Some(Found::Won { epoch, version: 4 }));
        assert_eq!(candidacy.active(), Some(BrokerId(1)));
    }

    #[test]
    fn the_first_controller_of_all_creates_the_count_too() {
        let created = Ok(Answer::Created {
            path: znodes::CONTROLLER_EPOCH.into(),
            stat: stat(0, None),
        });
        let missing = failed(Error::NoNode);
        let outcomes = [
            Ok(Answer::Exists(None)),
            missing.clone(),
            missing,
            created,
            claimed(),
        ];
        let (_, found) = play(&outcomes);
        assert!(matches!(found, Some(Found::Won { epoch, .. }) if epoch == ControllerEpoch(1)));
    }

    #[test]
    fn who_is_too_late_learns_who_was_first() {
        let epoch = data(znodes::write_epoch(3), 3, None);
        let other = znodes::write_controller(BrokerId(2), WALL);
        let outcomes = [
            Ok(Answer::Exists(None)),
            failed(Error::NoNode),
            epoch,
            failed(Error::NodeExists),
            data(other, 0, Some(SessionId(8))),
        ];
        let (candidacy, found) = play(&outcomes);
        assert_eq!(found, Some(Found::Active(Some(BrokerId(2)))));
        assert_eq!(candidacy.active(), Some(BrokerId(2)));
    }

    /// The first attempt worked and its answer was lost: the repeated one finds what it made itself.
    #[test]
    fn a_claim_that_was_won_unheard_is_a_claim_won() {
        let own = znodes::write_controller(BrokerId(1), WALL);
        let outcomes = [
            Ok(Answer::Exists(None)),
            failed(Error::NoNode),
            data(znodes::write_epoch(3), 3, None),
            failed(Error::NodeExists),
            data(own, 0, Some(MINE)),
            data(znodes::write_epoch(4), 4, None),
        ];
        let (_, found) = play(&outcomes);
        let epoch = ControllerEpoch(4);
        assert_eq!(found, Some(Found::Won { epoch, version: 4 }));
    }

    #[test]
    fn news_during_a_look_makes_it_look_again() {
        let mut candidacy = Candidacy::new(BrokerId(1));
        candidacy.look();
        candidacy.take_asks();
        candidacy.look();
        assert!(candidacy.take_asks().is_empty(), "one look at a time");
        candidacy.answered(&Ok(Answer::Exists(None)), MINE, WALL);
        candidacy.take_asks();
        let active = znodes::write_controller(BrokerId(3), WALL);
        candidacy.answered(&data(active, 0, Some(SessionId(9))), MINE, WALL);
        assert_eq!(candidacy.active(), Some(BrokerId(3)));
        assert_eq!(candidacy.take_asks().len(), 1, "and then once more");
    }
}
