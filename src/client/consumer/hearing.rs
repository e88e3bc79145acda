//! Answers, and requests that will have none: each goes to the part of the consumer that asked.

use super::membership::Found;
use super::{Call, Consumer, Parts, committed, fetcher, membership, offsets};
use crate::client::network::Event;
use crate::model::TopicPartition;
use crate::process::Outbox;
use crate::protocol::ErrorCode;
use crate::time::Moment;

impl Consumer {
    /// Hears everything that has happened, and what happens by that.
    pub(super) fn hear_all(&mut self, at: Moment, events: &mut Vec<Event<Call>>, out: &mut Outbox) {
        while !events.is_empty() {
            for event in std::mem::take(events) {
                self.hear(at, event, events, out);
            }
            for peer in self.coordinator.take_given_up() {
                let (network, rng) = (&mut self.network, &mut self.rng);
                network.abandon(at.now, peer, rng, events, out);
            }
        }
    }

    fn hear(
        &mut self,
        at: Moment,
        event: Event<Call>,
        events: &mut Vec<Event<Call>>,
        out: &mut Outbox,
    ) {
        let (parts, mut turn) = self.parts(at, out);
        let Parts {
            subscription,
            membership,
            coordinator,
            commits,
        } = parts;
        match event {
            Event::Answered { from, call, answer } => {
                let lost = call.clone();
                let (turn, answer) = (&mut turn, &answer);
                let heard = match call {
                    Call::Fetch(asked) => {
                        fetcher::answered(subscription, from, asked, answer, turn)
                    }
                    Call::Ends(asked) => offsets::ends_answered(subscription, asked, answer, turn),
                    Call::Epochs(asked) => {
                        offsets::epochs_answered(subscription, asked, answer, turn)
                    }
                    Call::FindCoordinator => {
                        let found = coordinator.answered(answer, turn);
                        found.map(|found| match found {
                            Found::Known => membership.coordinator_found(turn),
                            Found::NotYet => {
                                commits.not_found(ErrorCode::CoordinatorNotAvailable, turn);
                            }
                            Found::Refused(error) => {
                                commits.refuse(error, turn);
                                committed::refuse(subscription, membership, error, turn);
                            }
                        })
                    }
                    Call::Join => membership::joining::answered(membership, answer),
                    Call::Sync(sent) => {
                        membership::joining::synced(membership, coordinator, &sent, answer, turn)
                    }
                    Call::Heartbeat(sent) => membership::heartbeat::answered(
                        membership,
                        coordinator,
                        &sent,
                        answer,
                        turn,
                    ),
                    // Whatever it says, this is no member any more.
                    Call::Leave => Ok(()),
                    Call::Commit(commit) => {
                        commits.answered(commit, answer, coordinator, membership, turn)
                    }
                    Call::Committed(asked) => committed::answered(
                        subscription,
                        coordinator,
                        membership,
                        &asked,
                        answer,
                        turn,
                    ),
                };
                if let Err(reason) = heard {
                    events.push(Event::Lost {
                        to: from,
                        calls: vec![lost],
                        error: ErrorCode::NetworkException,
                    });
                    turn.network
                        .close(at.now, from, reason, turn.rng, events, turn.out);
                }
            }
            Event::Lost { to, calls, .. } => {
                if coordinator.is(to) {
                    coordinator.disconnected(&mut turn);
                }
                for call in calls {
                    let asked: Vec<TopicPartition> = match call {
                        Call::Fetch(_) => {
                            turn.sessions.entry(to).or_default().failed();
                            continue;
                        }
                        Call::Ends(asked) => asked.into_iter().map(|(asked, _)| asked).collect(),
                        Call::Epochs(asked) => asked.into_iter().map(|(asked, _)| asked).collect(),
                        Call::Committed(asked) => {
                            committed::again(subscription, &asked, &mut turn);
                            continue;
                        }
                        Call::FindCoordinator => {
                            coordinator.again(&mut turn);
                            commits.not_found(ErrorCode::NetworkException, &mut turn);
                            continue;
                        }
                        Call::Commit(commit) => {
                            commits.lost(&commit, &mut turn);
                            continue;
                        }
                        call => {
                            membership::lost(membership, &call, &mut turn);
                            continue;
                        }
                    };
                    for partition in asked {
                        offsets::again(subscription, &partition, &turn);
                    }
                }
            }
        }
    }
}
