//! What the application's owner has it do: which instructions a consumer takes, and what follows from each.

use super::application::Application;
use super::subscription::Start;
use super::{Consumer, membership};
use crate::model::{TopicName, TopicPartition};
use crate::process::{Instruction, Outbox};
use crate::time::Moment;

impl Consumer {
    /// Says whether an instruction can be carried out.
    ///
    /// # Errors
    /// A sentence that says what would have been accepted.
    pub fn accepts(&self, instruction: &Instruction) -> Result<(), String> {
        match instruction {
            Instruction::Assign { .. } if self.is_subscribed() => Err(
                "it subscribes to topics, so its group gives it partitions; set subscribe= first"
                    .to_owned(),
            ),
            Instruction::Commit if !self.config.has_group() => {
                Err("it has no group.id, so there is nobody to remember".to_owned())
            }
            Instruction::Assign { .. } | Instruction::Commit => Ok(()),
            Instruction::Pause { partitions } | Instruction::Resume { partitions } => {
                let mut partitions = partitions.iter();
                let foreign = partitions.find(|known| self.subscription.get(known).is_none());
                match foreign {
                    None => Ok(()),
                    Some(partition) => Err(self.does_not_read(partition)),
                }
            }
            Instruction::Seek { partition, .. } => match self.subscription.get(partition) {
                Some(_) => Ok(()),
                None => Err(format!("{partition} is not assigned; assign it first")),
            },
            Instruction::Configure { name, .. }
                if matches!(&**name, "group.id" | "group.instance.id") =>
            {
                Err(format!("{name} is given when a consumer is made"))
            }
            Instruction::Configure { name, value } => {
                let by_hand = !self.is_subscribed() && self.subscription.iter().next().is_some();
                if &**name == "subscribe" && by_hand {
                    return Err("it was assigned partitions by hand".to_owned());
                }
                self.config.clone().set(name, value)
            }
            _ => Err(
                "a consumer is assigned partitions, seeks, commits, pauses, resumes and is configured"
                    .to_owned(),
            ),
        }
    }

    /// What is said of a partition that it does not read, and that cannot be paused.
    fn does_not_read(&self, partition: &TopicPartition) -> String {
        let all = self.subscription.iter();
        let all: String = all.map(|(known, _)| format!(" {known}")).collect();
        match all.is_empty() {
            true => format!("{partition} is not assigned to it; it has no partition now"),
            false => format!("{partition} is not assigned to it; it has{all}"),
        }
    }

    /// Whether its group gives it partitions.
    pub(super) fn is_subscribed(&self) -> bool {
        !self.config.subscribe.0.is_empty()
    }

    /// Where it begins to read a partition that it was assigned by hand.
    fn start(&self) -> Start {
        match self.config.has_group() {
            true => Start::Committed,
            false => Start::Policy(self.config.auto_offset_reset),
        }
    }

    /// Makes the topics that it subscribes to those that it asks about.
    pub(super) fn subscribe(&mut self) {
        let topics: Vec<TopicName> = membership::topics(&self.config).collect();
        self.network.metadata_mut().want_only(topics.into_iter());
    }

    pub(super) fn told(&mut self, at: Moment, instruction: Instruction, out: &mut Outbox) {
        match instruction {
            Instruction::Assign { partitions } => {
                let topics: Vec<TopicName> =
                    partitions.iter().map(|known| known.topic.clone()).collect();
                self.network.metadata_mut().want_only(topics.into_iter());
                let start = self.start();
                self.subscription.assign(partitions, start, out);
                // A position is found with the metadata at hand.
                self.observed = 0;
            }
            Instruction::Seek { partition, to } => {
                self.subscription.seek(&partition, to, out);
                self.observed = 0;
            }
            Instruction::Commit => {
                let until = at.now + self.config.default_api_timeout;
                self.begin_commit(at, until, out);
            }
            Instruction::Pause { partitions } => self.subscription.pause(&partitions),
            Instruction::Resume { partitions } => self.subscription.resume(&partitions),
            // What cannot be accepted was refused before it came here.
            Instruction::Configure { name, value }
                if &*name == "subscribe" && self.config.set(&name, &value).is_ok() =>
            {
                self.membership.try_again();
                self.subscribe();
                if !self.is_subscribed() {
                    self.unsubscribe(at, "it unsubscribed", out);
                }
            }
            Instruction::Configure { name, value } if self.config.set(&name, &value).is_ok() => {
                self.network.reconfigure(self.config.network());
                self.membership.try_again();
                if &*name == "auto.offset.reset" {
                    let policy = self.config.auto_offset_reset;
                    self.subscription.policy_changed(policy, out);
                }
                if &*name == "poll.interval.ms" {
                    // The application polls at once, and keeps to the new interval from then on.
                    if let Application::Working { until, .. } = &mut self.application {
                        *until = at.now;
                    }
                }
            }
            _ => {}
        }
    }
}
