//! What a consumer waits for: when it is to be woken, and what people are told about it.
//!
//! A wait that nobody would end is a consumer that stands still. So whatever is put off until an instant is
//! named here; what waits for an answer is woken by it, or by the end of its connection.

use super::Consumer;
use super::application::{Application, Closing};
use super::subscription::{Question, State};
use crate::process::Deadline;
use crate::sorted::sort_by_key;
use crate::time::{Instant, earliest};

impl Consumer {
    /// When there is something to do for the group.
    fn group_wakeup(&self, now: Instant) -> Option<Instant> {
        if !self.config.has_group() {
            return None;
        }
        let polls = matches!(self.application, Application::Polling);
        let beats = self.membership.heart.beats();
        let slow = self.application.working_since().filter(|_| beats);
        let [beat, session] = self.membership.heart.wakeups();
        let asks = polls || beats || self.commits.needs_coordinator();
        let automatic = self.config.enable_auto_commit;
        let waits = [
            beat,
            session,
            self.membership.next_wakeup(now).filter(|_| polls),
            slow.map(|since| since + self.config.max_poll_interval),
            (self.coordinator.next_wakeup(beats, &self.config)).filter(|_| asks),
            self.commits.next_wakeup(now, polls, automatic),
            match self.closing {
                Some(Closing::Committing { until } | Closing::Leaving { until }) => Some(until),
                _ => None,
            },
        ];
        let waits = waits.into_iter().flatten();
        waits.filter(|at| *at > now).min()
    }

    /// When there is something to do.
    pub(super) fn find_wakeup(&self, now: Instant) -> Option<Instant> {
        let network = earliest([self.network.next_wakeup(now), self.group_wakeup(now)]);
        if let Some(poll) = self.application.works_until() {
            return earliest([network, Some(poll)]);
        }
        if !matches!(self.application, Application::Polling) {
            return network;
        }
        let pauses = self.subscription.iter().filter_map(|(_, assigned)| {
            let at = match &assigned.state {
                State::Restoring { question, .. }
                | State::Resetting { question, .. }
                | State::Validating { question, .. } => match question {
                    Question::Due(at) => *at,
                    Question::UnderWay => return None,
                },
                State::Reading { .. } if assigned.is_paused => return None,
                State::Reading { .. } => assigned.not_before,
                State::Failed { .. } => return None,
            };
            (at > now).then_some(at)
        });
        earliest([network, pauses.min()])
    }

    /// What it waits for, and why, for people.
    pub(super) fn all_deadlines(&self) -> Vec<Deadline> {
        let mut deadlines = Vec::new();
        if let Some(at) = self.application.works_until() {
            let why = "polls again".into();
            deadlines.push(Deadline { at, why });
        }
        if self.config.has_group() {
            self.group_deadlines(&mut deadlines);
        }
        for (partition, assigned) in self.subscription.iter() {
            let (at, why) = match &assigned.state {
                State::Restoring {
                    question: Question::Due(at),
                    ..
                } => (*at, format!("asks where its group is in {partition}")),
                State::Resetting {
                    question: Question::Due(at),
                    ..
                } => (*at, format!("asks for an offset of {partition}")),
                State::Validating {
                    question: Question::Due(at),
                    ..
                } => (*at, format!("validates its position in {partition}")),
                State::Reading { .. }
                    if assigned.not_before > Instant::ZERO && !assigned.is_paused =>
                {
                    (assigned.not_before, format!("may fetch {partition} again"))
                }
                _ => continue,
            };
            deadlines.push(Deadline {
                at,
                why: why.into(),
            });
        }
        self.network.deadlines(&mut deadlines);
        // What could be done at once waits for something else than time.
        deadlines.retain(|deadline| deadline.at > Instant::ZERO);
        sort_by_key(&mut deadlines, |deadline| deadline.at);
        deadlines
    }

    /// What is waited for on account of the group, for people.
    fn group_deadlines(&self, deadlines: &mut Vec<Deadline>) {
        let membership = &self.membership;
        let [beat, session] = membership.heart.wakeups();
        let slow = self.application.working_since();
        let slow = slow.filter(|_| membership.heart.beats());
        let slow = slow.map(|since| since + self.config.max_poll_interval);
        let waits = [
            (beat, "says that it lives"),
            (session, "gives up its coordinator"),
            (slow, "leaves its group, if it has not polled"),
            (membership.next_join(), "joins its group"),
            (
                self.coordinator
                    .next_wakeup(membership.heart.beats(), &self.config),
                "asks who coordinates its group",
            ),
        ];
        deadlines.extend(waits.into_iter().filter_map(|(at, why)| {
            let (at, why) = (at?, why.into());
            Some(Deadline { at, why })
        }));
        let automatic = self.config.enable_auto_commit && membership.is_stable();
        self.commits.deadlines(automatic, deadlines);
    }
}
