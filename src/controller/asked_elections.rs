//! Elections that a person asks for (`processReplicaLeaderElection`).

use super::Controller;
use super::question::{Reply, Token};
use super::step::Step;
use super::strategy::Strategy;
use crate::model::{BrokerId, TopicPartition};
use crate::protocol::ErrorCode;

/// The winner, or why there was no election.
pub type Elected = Result<BrokerId, ErrorCode>;

/// What one was asked for, before the election: an error, or the epoch in which it was led.
type Before = Result<i32, ErrorCode>;

impl Controller {
    /// Judges what can be elected and elects it.
    pub(super) fn elect_as_asked(
        &mut self,
        token: Token,
        named: Option<Vec<TopicPartition>>,
        strategy: Strategy,
    ) {
        let everything = named.is_none();
        let names = named.unwrap_or_else(|| {
            let all = self.store.partitions();
            all.map(|(name, _)| name).collect()
        });
        let mut asked: Vec<(TopicPartition, Before)> = Vec::new();
        for name in names {
            let before = self.judge_election(&name, strategy);
            // Whoever asks for all wants to hear of those alone where something was to be done.
            if everything && before == Err(ErrorCode::ElectionNotNeeded) {
                continue;
            }
            asked.push((name, before));
        }
        let fit = asked.iter().filter(|(_, before)| before.is_ok());
        let fit = fit.map(|(name, _)| name.clone()).collect();
        self.next_all(vec![
            Step::Elect(fit, strategy),
            Step::Flush,
            Step::ReportElections(token, asked, strategy),
        ]);
    }

    fn judge_election(&self, name: &TopicPartition, strategy: Strategy) -> Before {
        if self.is_deleting(&name.topic) {
            return Err(ErrorCode::InvalidTopicException);
        }
        let known = self.store.partition(name).filter(|state| state.is_born());
        let state = known.ok_or(ErrorCode::UnknownTopicOrPartition)?;
        let needed = match strategy {
            Strategy::Preferred => state.replicas.first() != Some(&state.leader),
            _ => !self.store.is_reachable(state.leader, name),
        };
        match needed {
            true => Ok(state.leader_epoch.0),
            false => Err(ErrorCode::ElectionNotNeeded),
        }
    }

    /// Says who has won.
    pub(super) fn report_elections(
        &mut self,
        token: Token,
        asked: Vec<(TopicPartition, Before)>,
        strategy: Strategy,
    ) {
        let failed = match strategy {
            Strategy::Preferred => ErrorCode::PreferredLeaderNotAvailable,
            _ => ErrorCode::EligibleLeadersNotAvailable,
        };
        let results = asked.into_iter().map(|(name, before)| {
            let state = self.store.partition(&name);
            let elected = before.and_then(|epoch| {
                let won = state.filter(|state| state.leader_epoch.0 > epoch);
                won.map(|state| state.leader).ok_or(failed)
            });
            (name, elected)
        });
        let results = results.collect();
        self.replies.push((token, Reply::LeadersElected(results)));
    }
}
