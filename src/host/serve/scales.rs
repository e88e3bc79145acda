//! What all logs and groups weigh together, those that ZooKeeper keeps included, and what that means for whoever adds
//! to them.
//!
//! Retention bounds a partition, and nothing bounds how many partitions there are, how many keys a compacted one keeps,
//! what lies above a high watermark that does not move, or how many groups there are and what their members know. So
//! there is one bound for all of it: what would add to it waits before the world until something has gone. That is
//! Produce, JoinGroup, SyncGroup and OffsetCommit; who only reads, sends heartbeats, leaves or deletes goes on.
//!
//! The last sixteenth is left to members that are in a group already and have little to say: theirs is replaced more
//! than it grows, and a group that works goes on working while the logs are full of something else.
//!
//! They are weighed twenty times in a second, and sooner when so much was taken that it may have come to all that was
//! left, since memory knows more of a request than its bytes: [`SWELLS`]. That is a mebibyte at the least, so that
//! somebody is always served. But to weigh takes a look at every replica and every member, and never more than a
//! twentieth of all time: where there is much to look at, it is done less often, and what comes beyond what may be taken
//! until then waits. What had been begun when they were full is finished: one request of each connection, which counts
//! as the connection's.
//!
//! Unlike Kafka, whose log directory fails when its disk is full. Not held back: what producers of the plan produce,
//! who are in the world already.

use std::time::{Duration, Instant};

use kafka_playground::model::ProcessId;
use kafka_playground::world::World;

use super::bounds::{MEBIBYTE, mebibytes};
use super::speech::complain;

/// Logs and groups are weighed so often, if that takes no longer than it may.
const WEIGHED: Duration = Duration::from_millis(50);
/// It takes one part of all time in so many at the most.
const PART: u32 = 20;
/// So much is taken between two weighings however little is left.
pub const GRAIN: u64 = MEBIBYTE;
/// A byte of a request comes to so many bytes of memory on each broker, or each server of ZooKeeper, at the most: the
/// shortest batches of producers that nobody knew, each in a segment of its own, and groups of one member. What a group of
/// the oldest clients commits first is four znodes, about twenty times its bytes.
const SWELLS: u64 = 64;
/// What is left to members: one part in so many.
pub const RESERVE: u64 = 16;
/// That they are too heavy is not said again for so long.
const SAID: Duration = Duration::from_secs(60);

/// Who asks for room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// Anybody.
    Anybody,
    /// Somebody who is in a group and says little.
    Member,
}

/// What logs and groups may weigh, and what they do.
pub struct Scales {
    /// In bytes of memory: batches once, and for each replica what it needs to find them and what it knows of the
    /// producers that number theirs; what coordinators know; what every server of ZooKeeper keeps for the oldest clients.
    most: u64,
    /// What they weighed the last time, with what was on its way to them.
    weight: u64,
    /// What may have come to lie in them since.
    taken: u64,
    /// What may be taken before they are weighed again.
    grain: u64,
    weighed: Instant,
    /// How long that took.
    took: Duration,
    /// Whether somebody has to wait until they are weighed again.
    awaited: bool,
    said: Option<Instant>,
}

impl Scales {
    pub fn new(most: u64) -> Scales {
        Scales {
            most,
            weight: 0,
            taken: 0,
            grain: GRAIN,
            weighed: Instant::now(),
            took: Duration::ZERO,
            awaited: false,
            said: None,
        }
    }

    /// Whether a request of so many bytes would still fit. One that is longer than all that may be could wait for ever:
    /// it goes on while less than half is used.
    pub fn have_room(&self, asks: Asks, length: u64) -> bool {
        let most = match asks {
            Asks::Anybody => self.most - self.most / RESERVE,
            Asks::Member => self.most,
        };
        let weight = self.weight.saturating_add(self.taken);
        let fits = weight.saturating_add(length) <= most || weight < self.most / 2;
        fits && self.taken < self.grain
    }

    /// So many bytes went on that may come to lie in logs or groups.
    pub fn take(&mut self, bytes: u64) {
        self.taken += bytes;
    }

    /// A request of so many bytes has to wait. That is said if it is not for the moment only.
    pub fn hold_back(&mut self, length: u64) {
        self.awaited = true;
        let full = self.weight.saturating_add(length) > self.most - self.most / RESERVE;
        if full && self.said.is_none_or(|said| said.elapsed() >= SAID) {
            self.said = Some(Instant::now());
            complain(&format!(
                "The logs and groups weigh {}, and --memory lets them weigh {}: what is produced or committed and who \
                 joins a group waits, if it does not fit, until retention, DeleteRecords or the deletion of topics or \
                 groups has made room. The last sixteenth is left to members that are in a group already.",
                mebibytes(self.weight),
                mebibytes(self.most),
            ));
        }
    }

    /// In how long they will be weighed again, if somebody waits for that.
    pub fn awaited_in(&self) -> Option<Duration> {
        let wait = pause(self.took, self.taken >= self.grain);
        let left = wait.saturating_sub(self.weighed.elapsed());
        self.awaited.then_some(left)
    }

    /// Weighs the logs and groups, unless that was done a moment ago. `under_way` is what has not come to lie in them
    /// yet.
    pub fn weigh(&mut self, world: &World, under_way: impl FnOnce() -> u64) {
        let began = Instant::now();
        if !self.is_due(began) {
            return;
        }
        let kept = world.log_stretch().weight() + world.group_weight() + world.consumers_weight();
        let weight = kept + under_way();
        let servers = |is_one: fn(&ProcessId) -> bool| {
            let hosts = world.hosts().map(|host| host.id);
            hosts.filter(is_one).count() as u64
        };
        let brokers = servers(|id| matches!(id, ProcessId::Broker(_)));
        let keepers = servers(|id| matches!(id, ProcessId::ZooKeeper(_)));
        self.settle(weight, brokers.max(keepers), began, Instant::now());
    }

    /// Whether it is time to weigh.
    fn is_due(&self, now: Instant) -> bool {
        let wait = pause(self.took, self.taken >= self.grain);
        now.saturating_duration_since(self.weighed) >= wait
    }

    /// What a weighing found that began and ended at these instants, on so many servers.
    fn settle(&mut self, weight: u64, servers: u64, began: Instant, ended: Instant) {
        self.weight = weight;
        self.taken = 0;
        self.grain = grain(self.most.saturating_sub(weight), servers);
        self.awaited = false;
        self.weighed = ended;
        self.took = ended.saturating_duration_since(began);
    }
}

/// How long it is at the least from one weighing, which took so long, to the next, when all was taken that may be or not.
fn pause(took: Duration, all_is_taken: bool) -> Duration {
    let share = took.saturating_mul(PART);
    match all_is_taken {
        true => share,
        false => share.max(WEIGHED),
    }
}

/// What may be taken before it is weighed again: so much that all of it would fit into what is left, whatever it comes
/// to on so many servers.
fn grain(left: u64, servers: u64) -> u64 {
    let swells = SWELLS * servers.max(1);
    (left / swells).max(GRAIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use kafka_playground::group::{Asker, Coordinator, GroupConfig, JoinAsked, JoinVersion};
    use kafka_playground::log::{Log, LogConfig};
    use kafka_playground::model::{LeaderEpoch, Offset};
    use kafka_playground::protocol::api::join_group::JoinGroupRequestProtocol;
    use kafka_playground::protocol::api::{JoinGroupRequest, ProduceRequest, produce};
    use kafka_playground::protocol::encode_request;
    use kafka_playground::protocol::records::{BatchBuilder, Codec};
    use kafka_playground::rng::{Rng, Seed};
    use kafka_playground::time::{Instant as Virtual, Moment, Timestamp};
    use kafka_playground::world::weight::Stretch;
    use kafka_playground::world::{Journal, Plan};

    const GIBIBYTE: u64 = 1024 * MEBIBYTE;

    /// What all that lies there may weigh.
    const MOST: u64 = 4 * GIBIBYTE;

    /// How much is taken in so many milliseconds, and how long it was weighed in all, where a weighing takes so long and
    /// finds so much left, and a request of so many bytes comes in each millisecond.
    fn pours(millis: u32, took: Duration, each: u64, left: u64) -> (u64, Duration) {
        let mut scales = Scales::new(MOST);
        let begin = scales.weighed;
        let (mut now, mut all, mut spent) = (begin, 0, Duration::ZERO);
        scales.settle(MOST - left, 3, begin, begin);
        while now < begin + Duration::from_millis(millis.into()) {
            if scales.is_due(now) {
                scales.settle(MOST - left, 3, now, now + took);
                spent += took;
                now += took;
            }
            if scales.have_room(Asks::Member, each) {
                scales.take(each);
                all += each;
            }
            now += Duration::from_millis(1);
        }
        (all, spent)
    }

    #[test]
    fn weighing_takes_a_twentieth_of_all_time_however_long_it_takes_and_however_much_comes() {
        for took in [0, 100, 2_000, 30_000, 100_000] {
            let took = Duration::from_micros(took);
            for each in [0, MEBIBYTE / 100, MEBIBYTE] {
                for left in [0, 40 * MEBIBYTE, 3 * GIBIBYTE] {
                    let (_, spent) = pours(60_000, took, each, left);
                    let most = Duration::from_millis(60_000) / 20;
                    assert!(spent <= most, "{took:?} {each} {left}: {spent:?}");
                }
            }
        }
    }

    #[test]
    fn who_produces_waits_for_no_weighing_while_much_is_left() {
        // A quarter of a mebibyte in each millisecond, and a weighing that takes as long.
        let took = Duration::from_millis(1);
        let (all, _) = pours(10_000, took, MEBIBYTE / 4, 3 * GIBIBYTE);
        assert!(all > 9_500 * MEBIBYTE / 4, "{}", mebibytes(all));
    }

    #[test]
    fn what_is_taken_between_two_weighings_fits_whatever_it_comes_to() {
        for brokers in [1, 3, 9] {
            for left in [0, MEBIBYTE, 500 * MEBIBYTE, GIBIBYTE, 4 * GIBIBYTE] {
                let may_be = grain(left, brokers);
                let comes_to = may_be * SWELLS * brokers;
                assert!(comes_to <= left || may_be == GRAIN, "{brokers} {left}");
            }
        }
        assert_eq!(grain(4 * GIBIBYTE, 1), 64 * MEBIBYTE);
        assert_eq!(grain(u64::MAX, 0), u64::MAX / SWELLS);
    }

    #[test]
    fn no_request_comes_to_more_than_is_said_on_one_broker() {
        const MANY: i64 = 5_000;
        let mut config = LogConfig::default();
        config.set("segment.bytes", "14").expect("a setting");
        let mut log = Log::new(Offset(0), Timestamp(0));
        let mut request = ProduceRequest::default();
        let mut topic = produce::TopicProduceData::default();
        for id in 0..MANY {
            let mut builder = BatchBuilder::new(Codec::None);
            // In no order, so that each is another way through what is known.
            builder.set_producer(id * 2_741 % MANY, 0, 0);
            builder.append(0, None, Some(b""), &[]);
            let batch = builder.build_batch();
            log.append_as_leader(&batch, LeaderEpoch(0), Timestamp(0), &config);
            topic.partition_data.push(produce::PartitionProduceData {
                index: 0,
                records: Some([batch.head, batch.body].into_iter().collect()),
            });
        }
        request.topic_data.push(topic);
        let asked = encode_request(&request, 9, 1, None).to_vec().len() as u64;
        let produced = Stretch::of(&log, 1).weight() / asked;
        let mut coordinator = Coordinator::new(GroupConfig::default(), Rng::new(Seed(1), 0));
        coordinator.set_partitions(1);
        let at = Moment {
            now: Virtual::ZERO,
            wall: Timestamp(0),
        };
        coordinator.begin_loading(0);
        coordinator.loaded(at, 0, std::iter::empty());
        let mut asked = 0;
        for nth in 0..1_000 {
            let group = format!("{nth}");
            let request = JoinGroupRequest {
                group_id: group.as_str().into(),
                protocol_type: "c".into(),
                protocols: vec![JoinGroupRequestProtocol::default()],
                ..JoinGroupRequest::default()
            };
            asked += encode_request(&request, 2, 1, None).to_vec().len() as u64;
            coordinator.join(
                at,
                JoinAsked {
                    asker: Asker(nth),
                    group: group.as_str().into(),
                    member: "".into(),
                    instance: None,
                    client_id: "".into(),
                    client_host: "127.0.0.1".into(),
                    rebalance_timeout: kafka_playground::time::Duration::from_secs(60),
                    session_timeout: kafka_playground::time::Duration::from_secs(10),
                    protocol_type: "c".into(),
                    protocols: vec![("".into(), Bytes::new())],
                    knows: JoinVersion::of(2),
                },
            );
        }
        assert_eq!(coordinator.groups().count(), 1_000);
        let joined = coordinator.weight() / asked;
        assert!(produced < SWELLS && joined < SWELLS, "{produced} {joined}");
        // No more is said than there is need of.
        assert!(produced.max(joined) > SWELLS / 4, "{produced} {joined}");
    }

    #[test]
    fn no_more_is_taken_than_a_mebibyte_before_it_was_weighed() {
        let world = World::new(&Plan::default(), Seed(1), &mut Journal::default());
        let world = world.expect("a plan");
        let mut scales = Scales::new(16 * MEBIBYTE);
        for part in 0..4 {
            assert!(scales.have_room(Asks::Anybody, 1_000), "{part}");
            scales.take(MEBIBYTE / 4);
        }
        assert!(!scales.have_room(Asks::Anybody, 1_000));
        // However short the time was.
        scales.weigh(&world, || 2 * MEBIBYTE);
        assert!(scales.have_room(Asks::Anybody, 1_000));
    }

    #[test]
    fn the_last_sixteenth_is_left_to_members() {
        let world = World::new(&Plan::default(), Seed(1), &mut Journal::default());
        let world = world.expect("a plan");
        let weighing = |weight: u64| {
            let mut scales = Scales::new(16 * MEBIBYTE);
            scales.take(GRAIN);
            scales.weigh(&world, || weight);
            scales
        };
        let room = |weight, length| {
            let scales = weighing(weight);
            [Asks::Anybody, Asks::Member].map(|asks| scales.have_room(asks, length))
        };
        assert_eq!(room(14 * MEBIBYTE, 1_000), [true, true]);
        assert_eq!(room(14 * MEBIBYTE, 3 * MEBIBYTE / 2), [false, true]);
        assert_eq!(room(15 * MEBIBYTE, 1_000), [false, true]);
        assert_eq!(room(16 * MEBIBYTE, 1_000), [false, false]);
        // What would never fit goes on where there is much room.
        assert_eq!(room(0, 100 * MEBIBYTE), [true, true]);
        assert_eq!(room(9 * MEBIBYTE, 100 * MEBIBYTE), [false, false]);
    }
}
