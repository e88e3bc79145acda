//! When trouble strikes: at any time, or right behind something that has just happened.

use super::{Draw, Run};
use crate::controller::znodes;
use crate::fact::{Entry, Fact, Role};
use crate::model::BrokerId;
use crate::time::Duration;
use crate::world::World;

/// Something that has just happened, after which trouble hurts most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    /// A leader has written what no follower has.
    Append,
    HighWatermark,
    IsrAsked,
    /// A partition's state stands in ZooKeeper, and nobody has been told.
    StateWritten,
    LeaderBegins,
    ControllerBegins,
    FollowerCut,
    Registered,
    SessionEnds,
}

const MOMENTS: [Moment; 9] = [
    Moment::Append,
    Moment::HighWatermark,
    Moment::IsrAsked,
    Moment::StateWritten,
    Moment::LeaderBegins,
    Moment::ControllerBegins,
    Moment::FollowerCut,
    Moment::Registered,
    Moment::SessionEnds,
];

/// Waits for a moment, and says which broker it is about.
pub(super) fn await_moment(run: &mut Run<'_>, draw: &mut Draw) -> Option<BrokerId> {
    let moment = draw.pick(&MOMENTS);
    let most = match moment {
        Moment::Append | Moment::HighWatermark => Duration::from_secs(1),
        _ => Duration::from_secs(5),
    };
    run.until(most, |world, entry| at(moment, world, entry))
}

fn at(moment: Moment, world: &World, entry: &Entry) -> Option<BrokerId> {
    let by = entry.by?;
    match (&entry.fact, moment) {
        (
            Fact::RecordsAppended {
                role: Role::Leader, ..
            },
            Moment::Append,
        )
        | (
            Fact::HighWatermarkMoved {
                role: Role::Leader, ..
            },
            Moment::HighWatermark,
        )
        | (Fact::IsrChangeAsked { .. }, Moment::IsrAsked)
        | (Fact::BecameLeader { .. }, Moment::LeaderBegins)
        | (Fact::ControllerElected { .. }, Moment::ControllerBegins)
        | (Fact::LogTruncated { .. }, Moment::FollowerCut)
        | (Fact::BrokerRegistered { .. }, Moment::Registered) => by.broker(),
        (Fact::ZnodeChanged { path, .. }, Moment::StateWritten) => {
            let state = world.cluster().partition(&znodes::state_of(path)?)?;
            let controller = world.truth().controller();
            Some(state.leader)
                .filter(|leader| *leader != BrokerId::NONE)
                .or(controller)
        }
        (Fact::SessionRanOut { owner, .. }, Moment::SessionEnds) => owner.broker(),
        _ => None,
    }
}
