//! How clients have to be in the end: whoever lives has finished.
//!
//! A producer has nothing left to send: each record that its application handed over is acknowledged, or has failed
//! with a reason. An admin client has nothing left to see to. A consumer that was given its partitions stands at the
//! end of each that has a leader; of members of groups, [`health`](super::groups::health) speaks.
//!
//! What cannot be is excused, and no longer than it may last: a batch for a partition in which nobody can write it,
//! until its `delivery.timeout.ms` is over; a call for a topic that is not there, until its `max.block.ms` is; a reader
//! without a policy that has come to a place that is not there, which waits for somebody to say where to go on; one that
//! asks a fresh leader for its end, which does not know yet how far its log is committed (KIP-207) and will not as long
//! as too few are in sync; one that asks where the group is for which it commits, and nobody is left who keeps that; and
//! whoever has been told of no broker but of such as stay dead. A client of 3.9 asks nobody else (KIP-899: its
//! `metadata.recovery.strategy` is `none` unless somebody sets it).

use super::groups::health::is_kept;
use super::recovery::{Core, is_going};
use super::run::Run;
use crate::broker::Partition;
use crate::client::admin::Admin;
use crate::client::admin::job::Job;
use crate::client::config::{Acks, AutoOffsetReset, CommitsWhen};
use crate::client::consumer::{Consumer, Doing};
use crate::client::metadata::Metadata;
use crate::client::producer::application::Wait;
use crate::client::producer::{BatchView, Producer};
use crate::model::{BrokerId, Offset, ProcessId, TopicName, TopicPartition};
use crate::protocol::ErrorCode;
use crate::time::Duration;
use crate::world::invariant::Losses;
use crate::world::{Program, World};

/// A batch that is under way when its time is up is given up with its request, or with the next answer about it.
const SLACK: Duration = Duration::from_secs(1);

/// Makes readers that are slow fast again: one record and one commit after the other is more than there is time for.
pub(super) fn hurry(run: &mut Run<'_>) {
    let mut lines = Vec::new();
    for host in run.world().hosts().filter(|host| host.life().is_alive()) {
        let Some(config) = host.consumer().map(Consumer::config) else {
            continue;
        };
        if config.poll_interval > Duration::ZERO {
            lines.push(format!("set {} poll.interval.ms=0", host.id));
        }
        if config.has_group() && config.application_commits == CommitsWhen::Each {
            lines.push(format!("set {} application.commits=sync", host.id));
        }
        if config.max_poll_records < 500 {
            lines.push(format!("set {} max.poll.records=500", host.id));
        }
    }
    for line in lines {
        run.take(&line);
    }
}

/// Ends the lives of those who have done their part.
pub(super) fn dismiss(run: &mut Run<'_>) {
    let hosts = run.world().hosts().filter(|host| host.life().is_alive());
    let done = hosts
        .map(|host| host.id)
        .filter(|id| matches!(id, ProcessId::Producer(_) | ProcessId::Admin(_)));
    for id in done.collect::<Vec<_>>() {
        run.take(&format!("kill {id}"));
    }
}

/// What clients have not finished, a sentence each.
pub fn complaints(world: &World, losses: &Losses, core: &Core) -> Vec<String> {
    let judge = Judge {
        world,
        losses,
        core,
    };
    let living = world.hosts().filter(|host| host.life().is_alive());
    let said = living.filter_map(|host| match &host.program {
        Program::Producer(producer) => judge.of_producer(host.id, producer),
        Program::Consumer(consumer) => judge.of_consumer(host.id, consumer),
        Program::Admin(admin) => judge.of_admin(host.id, admin),
        _ => None,
    });
    said.collect()
}

/// Whether a client has been told of brokers, and none of them runs.
pub(super) fn is_stranded(world: &World, metadata: &Metadata) -> bool {
    let known = metadata.brokers();
    let is_away = |id: &BrokerId| world.broker_by_id(*id).is_none();
    !known.is_empty() && known.keys().all(is_away)
}

/// Whether a reader asks for an end of which its leader cannot speak: it has not committed what came before its epoch,
/// and too few are in sync to do so.
pub(super) fn asks_in_vain(doing: Doing, leader: &Partition) -> bool {
    let starts_behind = |start: Offset| start > leader.high_watermark();
    doing == Doing::Resetting
        && leader.epoch_start().is_some_and(starts_behind)
        && leader.isr().len() < leader.min_isr()
}

struct Judge<'a> {
    world: &'a World,
    losses: &'a Losses,
    core: &'a Core,
}

impl<'a> Judge<'a> {
    fn is_stranded(&self, metadata: &Metadata) -> bool {
        is_stranded(self.world, metadata)
    }

    fn of_admin(&self, id: ProcessId, admin: &Admin) -> Option<String> {
        let is_stranded = self.is_stranded(admin.metadata());
        // One that was asked for is given up when the request is.
        let late = |job: &&Job| {
            job.gives_up_at + admin.config().request_timeout + SLACK < self.world.now()
        };
        let mut jobs = admin.jobs();
        let job = jobs.find(|job| !is_stranded || late(job))?;
        Some(format!("{id} has not finished {}", job.wish.words()))
    }

    fn of_producer(&self, id: ProcessId, producer: &Producer) -> Option<String> {
        let (now, config) = (self.world.now(), producer.config());
        let in_flight = producer.in_flight().map(|(_, batch)| batch);
        let late = |batch: &BatchView<'_>| {
            let patience = config.delivery_timeout + config.request_timeout + SLACK;
            batch.created_at + patience < now
        };
        let (mut left, is_stranded) = (0, self.is_stranded(producer.metadata()));
        for batch in producer.queued().chain(in_flight) {
            left += u64::from(batch.records);
            let (name, since) = (batch.partition, batch.created_at);
            if late(&batch) {
                return Some(format!(
                    "{id} has a batch of {name} since {since}, and {} to deliver it",
                    config.delivery_timeout
                ));
            }
            if !is_stranded && self.can_be_written(name, config.acks) {
                return Some(format!(
                    "{id} has not got rid of a batch of {name} since {since}"
                ));
            }
        }
        for blocked in producer.blocked() {
            let since = blocked.since;
            if since + config.max_block + SLACK < now {
                return Some(format!(
                    "{id} is in send() since {since}, and may block for {}",
                    config.max_block
                ));
            }
            let next = producer.next_call().filter(|(topic, number)| {
                let wanted = blocked.why == Wait::Metadata && !is_stranded;
                wanted && self.is_there(topic, *number)
            });
            if let Some((topic, _)) = next {
                return Some(format!(
                    "{id} waits for metadata of {topic} since {since}, which is there"
                ));
            }
        }
        let tally = producer.tally();
        let (given, told) = (
            tally.queued + tally.refused,
            tally.acknowledged + tally.failed,
        );
        (given != told + left).then(|| {
            format!("{id} has taken {given} records, has {left} left and told of {told} what became of them")
        })
    }

    fn is_there(&self, topic: &TopicName, number: Option<i32>) -> bool {
        let name = TopicPartition {
            topic: topic.clone(),
            partition: number.unwrap_or(0),
        };
        let state = self.world.cluster().partition(&name);
        state.is_some_and(|state| state.is_born()) && !is_going(self.world, topic)
    }

    /// The replica that leads a partition, if anything can be asked of it.
    fn leader_of(&self, name: &TopicPartition) -> Option<&'a Partition> {
        let state = self.world.cluster().partition(name)?;
        if self.core.excuses(self.world, name, state) || state.leader == BrokerId::NONE {
            return None;
        }
        let leader = self.world.broker_by_id(state.leader)?.partition(name)?;
        leader.is_leader().then_some(leader)
    }

    fn can_be_written(&self, name: &TopicPartition, acks: Acks) -> bool {
        let leader = self
            .leader_of(name)
            .filter(|_| !is_going(self.world, &name.topic));
        leader.is_some_and(|leader| acks != Acks::All || leader.isr().len() >= leader.min_isr())
    }

    /// Whether somebody can say how far a group has read.
    fn keeps(&self, group: &str) -> bool {
        is_kept(self.world, self.losses, self.core, group)
    }

    fn of_consumer(&self, id: ProcessId, consumer: &Consumer) -> Option<String> {
        let config = consumer.config();
        let is_member = config.has_group() && !config.subscribe.0.is_empty();
        if is_member || self.is_stranded(consumer.metadata()) {
            return None;
        }
        let waits = |doing: Doing| {
            config.auto_offset_reset == AutoOffsetReset::None
                && doing == Doing::Failed(ErrorCode::OffsetOutOfRange)
        };
        consumer.partitions().find_map(|view| {
            let name = view.partition;
            let leader = self.leader_of(name)?;
            let (committed, end) = (leader.high_watermark(), leader.log_end());
            if view.doing == Doing::Restoring && !self.keeps(&config.group_id) {
                return None;
            }
            if waits(view.doing) || asks_in_vain(view.doing, leader) || self.losses.is_torn(name) {
                return None;
            }
            let at = view.position.filter(|_| view.doing == Doing::Reading);
            // Somebody may have sought a place that is there and not committed.
            let is_at_the_end = at.is_some_and(|at| (committed..=end).contains(&at));
            let (doing, at) = (view.doing, view.position);
            (!is_at_the_end).then(|| format!("{id} is {doing:?} {name} at {at:?} of {committed}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::swarm::bench::{is_said, played};
    use crate::swarm::groups;

    /// What is not finished after these lines.
    fn left(lines: &str) -> Vec<String> {
        let text = format!(
            "world brokers=2 seed=1 latency=1ms replica.lag.time.max.ms=2000 auto.leader.rebalance.enable=false\n\
             topic orders partitions=1 replicas=1,2 min.insync.replicas=2\n\
             producer p1 acks=all delivery.timeout.ms=40s\nconsumer c1 auto.offset.reset=earliest\nadmin a1\n\
             run 1s\nassign c1 orders-0\n{lines}"
        );
        let history = played(&text);
        let losses = history.observed().checker.losses();
        complaints(history.world(), losses, &Core::default())
    }

    #[test]
    fn who_has_nothing_left_to_do_is_no_reason_to_complain() {
        let used =
            "produce p1 orders-0 \"a\"\ncreate-topic a1 more partitions=1 replication=1\nrun 5s\n";
        assert_eq!(left(used), Vec::<String>::new());
    }

    #[test]
    fn a_producer_that_keeps_what_could_be_written_is_found() {
        is_said(
            &left(
                "produce p1 orders-0 \"a\"\nrun 1s\nhold p1\nproduce p1 orders-0 \"a\"\nrun 5s\n",
            ),
            "p1 has not got rid of a batch",
        );
        // Nobody can write it, and after its time it is not there any more.
        let alone = "kill b2\nrun 20s\nproduce p1 orders-0 \"a\"\n";
        assert_eq!(left(&format!("{alone}run 20s\n")), Vec::<String>::new());
        assert_eq!(left(&format!("{alone}run 60s\n")), Vec::<String>::new());
        is_said(
            &left(&format!("{alone}run 5s\nfreeze p1\nrun 80s\n")),
            "40s to deliver it",
        );
    }

    #[test]
    fn a_call_that_blocks_for_too_long_is_found() {
        let call = "produce p1 orders-7 \"a\"\n";
        assert_eq!(left(&format!("{call}run 30s\n")), Vec::<String>::new());
        assert_eq!(left(&format!("{call}run 70s\n")), Vec::<String>::new());
        is_said(
            &left(&format!("{call}run 5s\nfreeze p1\nrun 70s\n")),
            "p1 is in send() since",
        );
        is_said(
            &left(
                "hold p1\nproduce p1 orders-0 \"a\"\nkill p1\nrestart p1\nproduce p1 orders-0 \"b\"\nrun 5s\n",
            ),
            "p1 waits for metadata of orders",
        );
    }

    #[test]
    fn who_knows_only_brokers_that_stay_dead_is_excused() {
        let script = |known: &str| {
            let text = format!(
                "world brokers=2 seed=1 latency=1ms zookeeper.session.timeout.ms=6000 replica.lag.time.max.ms=2000\n\
                 topic orders partitions=1 replicas=1,2\nproducer p1 acks=all\nrun 1s\n\
                 {known}consumer c1 auto.offset.reset=earliest\nassign c1 orders-0\nrun 10ms\n\
                 run 5s\nkill b1\nrun 15s\nproduce p1 orders-0 \"a\"\nrun 5s\n"
            );
            let history = played(&text);
            let losses = history.observed().checker.losses();
            let consumer = history.world().host(ProcessId::Consumer(1));
            let consumer = consumer.and_then(|host| host.consumer().cloned());
            let at = consumer
                .expect("it lives")
                .partitions()
                .next()
                .expect("one")
                .position;
            let all = complaints(history.world(), losses, &Core::default());
            (at.map(|at| at.0), all)
        };
        assert_eq!(script(""), (Some(1), Vec::new()));
        // The second broker is away when the reader hears of the cluster, and comes back behind its back.
        assert_eq!(script("expire b2\nrun 20ms\n"), (Some(0), Vec::new()));
    }

    #[test]
    fn a_reader_is_excused_from_asking_for_an_end_only_as_long_as_its_leader_cannot_tell() {
        // The leader has died with a record that only the other has too, and which that cannot commit alone.
        let fresh = "hold b2→b1\nproduce p1 orders-0 \"a\"\nrun 400ms\nkill b1\nrun 30s\n";
        let asks = "seek c1 orders-0 end\nrun 5s\n";
        assert_eq!(
            left(&format!("{fresh}kill p1\n{asks}")),
            Vec::<String>::new()
        );
        is_said(
            &left("hold c1\nseek c1 orders-0 end\nrun 5s\n"),
            "c1 is Resetting orders-0",
        );
        // That few are in sync is no excuse where everything is committed.
        is_said(
            &left("kill b2\nrun 30s\nhold c1\nseek c1 orders-0 end\nrun 5s\n"),
            "c1 is Resetting orders-0",
        );
    }

    #[test]
    fn who_commits_for_a_group_that_nobody_keeps_is_excused_from_reading() {
        let text = "world brokers=2 seed=1 latency=1ms zookeeper.session.timeout.ms=6000 \
             offsets.topic.num.partitions=1 offsets.topic.replication.factor=1\n\
             topic orders partitions=1 replicas=1,2\nproducer p1 acks=all\n\
             consumer c1 group.id=audit auto.offset.reset=earliest enable.auto.commit=false\n\
             consumer c2 group.id=audit auto.offset.reset=earliest enable.auto.commit=false\n\
             run 1s\nproduce p1 orders-0 \"a\"\nassign c1 orders-0\nrun 5s\n";
        let said = |lines: &str, core: &dyn Fn(BrokerId) -> Core| {
            let history = played(&format!("{text}{lines}"));
            let losses = history.observed().checker.losses();
            let home = groups::home_of(history.world(), "audit").expect("it is kept");
            let state = history.world().cluster().partition(&home);
            let keeper = state.expect("it is there").replicas[0];
            (keeper, complaints(history.world(), losses, &core(keeper)))
        };
        let (keeper, all) = said("", &|_| Core::default());
        assert_eq!(all, Vec::<String>::new());
        let gone = format!("kill b{keeper}\nrun 20s\nassign c2 orders-0\nrun 10s\n");
        // It may come back, and then c2 has to hear of it.
        is_said(
            &said(&gone, &|_| Core::default()).1,
            "c2 is Restoring orders-0",
        );
        assert_eq!(said(&gone, &Core::without).1, Vec::<String>::new());
    }

    #[test]
    fn an_admin_and_a_reader_that_do_not_finish_are_found() {
        is_said(
            &left("hold a1\ndelete-topic a1 orders\nrun 5s\n"),
            "a1 has not finished",
        );
        is_said(
            &left("run 1s\nhold c1\nproduce p1 orders-0 \"a\"\nrun 5s\n"),
            "c1 is Reading orders-0 at",
        );
        // Who may not choose a place waits until somebody names one.
        let lost = "set c1 auto.offset.reset=none\nseek c1 orders-0 @99\nrun 5s\n";
        assert_eq!(left(lost), Vec::<String>::new());
    }
}
