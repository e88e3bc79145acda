//! Histories that are accepted, and histories in which something is found.
//!
//! The situations are those of the tests of Jepsen's checker of Kafka, as reads and writes of single partitions
//! without transactions can have them; the histories are our own.

mod groups;
mod witness;

use super::account::{Account, Promise, Way};
use super::finding::Class;
use crate::model::{Offset, ProcessId, TopicPartition};
use crate::time::Instant;

const P1: ProcessId = ProcessId::Producer(1);
const P2: ProcessId = ProcessId::Producer(2);
const C1: ProcessId = ProcessId::Consumer(1);
const C2: ProcessId = ProcessId::Consumer(2);

const SAFE: Promise = Promise {
    numbered: true,
    by_all: true,
    in_flight_one: false,
};
const UNSAFE: Promise = Promise {
    numbered: false,
    by_all: false,
    in_flight_one: false,
};

/// Nothing is numbered, but each waits for what was sent before it.
const ONE_BY_ONE: Promise = Promise {
    numbered: false,
    by_all: true,
    in_flight_one: true,
};

/// A history of one partition, told step by step.
struct Told {
    account: Account<u32>,
    partition: TopicPartition,
}

fn told() -> Told {
    Told {
        account: Account::default(),
        partition: TopicPartition::new("x", 0),
    }
}

impl Told {
    /// Something is sent, and acknowledged at an offset.
    fn send(mut self, by: ProcessId, value: u32, at: i64) -> Told {
        self.account.sent(by, &self.partition, value, SAFE);
        self.account
            .acknowledged(&self.partition, &value, Offset(at));
        self
    }

    /// The same, while others are under way to who led before.
    fn send_beyond(mut self, by: ProcessId, value: u32, at: i64, others: &[u32]) -> Told {
        self.account.sent(by, &self.partition, value, SAFE);
        self.account.overtakes(&self.partition, &value, others);
        self.account
            .acknowledged(&self.partition, &value, Offset(at));
        self
    }

    fn send_unsafely(self, by: ProcessId, value: u32, at: i64) -> Told {
        self.send_with(UNSAFE, by, value, at)
    }

    fn send_with(mut self, promise: Promise, by: ProcessId, value: u32, at: i64) -> Told {
        self.account.sent(by, &self.partition, value, promise);
        self.account
            .acknowledged(&self.partition, &value, Offset(at));
        self
    }

    /// Something is sent, and nobody hears of it.
    fn send_unheard(mut self, by: ProcessId, value: u32) -> Told {
        self.account.sent(by, &self.partition, value, SAFE);
        self
    }

    fn refused(mut self, value: u32) -> Told {
        self.account.refused(&self.partition, &value);
        self
    }

    fn doubted(mut self, value: u32) -> Told {
        self.account.doubted(&self.partition, &value);
        self
    }

    fn placed(mut self, by: ProcessId, at: i64, way: Way) -> Told {
        self.account.placed(by, &self.partition, Offset(at), way);
        self
    }

    /// One `poll()` returns these values at these offsets.
    fn poll(mut self, by: ProcessId, values: &[(i64, u32)]) -> Told {
        let all: Vec<(Offset, i64, u32)> = (values.iter())
            .map(|(at, value)| (Offset(*at), 1, *value))
            .collect();
        let first = Offset(values[0].0);
        let next = Offset(values[values.len() - 1].0 + 1);
        (self.account).polled(by, &self.partition, (first, next), &all);
        self
    }

    fn read_to_end(mut self, first: i64, end: i64) -> Told {
        (self.account).read_to_end(&self.partition, Offset(first), Offset(end));
        self
    }

    /// Its topic is deleted, and there is another of its name.
    fn gone(mut self) -> Told {
        self.account.forget(&self.partition);
        self
    }

    fn compacted(mut self) -> Told {
        self.account.compacted(&self.partition);
        self
    }

    fn at(mut self, seconds: u64) -> Told {
        self.account.at(Instant::from_secs(seconds));
        self
    }

    fn processed(mut self, from: i64, to: i64) -> Told {
        let group = "g".into();
        (self.account.groups).processed(&group, &self.partition, Offset(from), Offset(to));
        self
    }

    fn committed(mut self, offset: i64) -> Told {
        let group = "g".into();
        (self.account.groups).committed(&group, &self.partition, Offset(offset));
        self
    }

    /// What is found, and whether it is wrong.
    fn found(&self) -> Vec<(Class, bool)> {
        let found = self.account.findings();
        found.iter().map(|it| (it.class, it.is_wrong)).collect()
    }

    #[track_caller]
    fn is_accepted(&self) {
        assert_eq!(self.account.findings(), Vec::new());
    }

    #[track_caller]
    fn shows(&self, class: Class, is_wrong: bool) {
        let found = self.found();
        assert_eq!(found, [(class, is_wrong)], "{:?}", self.account.findings());
    }
}

#[test]
fn what_is_written_and_read_in_order_is_accepted() {
    told().is_accepted();
    told()
        .send(P1, 10, 0)
        .send(P2, 20, 1)
        .send(P1, 11, 2)
        .placed(C1, 0, Way::Hand)
        .poll(C1, &[(0, 10), (1, 20)])
        .poll(C1, &[(2, 11)])
        .poll(C2, &[(0, 10), (1, 20), (2, 11)])
        .read_to_end(0, 3)
        .is_accepted();
}

#[test]
fn an_offset_that_holds_two_values_is_found() {
    let agree = told()
        .send(P1, 10, 0)
        .poll(C1, &[(0, 10)])
        .poll(C2, &[(0, 10)]);
    agree.is_accepted();
    let readers = told().poll(C1, &[(0, 10)]).poll(C2, &[(0, 20)]);
    readers.shows(Class::InconsistentOffsets, true);
    let producers = told().send(P1, 10, 0).send(P2, 20, 0);
    producers.shows(Class::InconsistentOffsets, true);
    let both = told().send(P1, 10, 0).poll(C1, &[(0, 20)]);
    both.shows(Class::InconsistentOffsets, true);
    // Of what nobody else has, the offset is given again.
    let unsafely = told().send_unsafely(P1, 10, 0).poll(C1, &[(0, 20)]);
    unsafely.shows(Class::InconsistentOffsets, false);
    // Of two that are alike one was promised by all, and nobody knows which.
    let alike = told().send(P1, 10, 0).send_unsafely(P2, 10, 1);
    let alike = alike.poll(C1, &[(0, 10), (1, 20)]).found();
    let expected = [Class::Duplicate, Class::InconsistentOffsets].map(|class| (class, false));
    assert_eq!(alike, expected);
}

#[test]
fn a_value_at_two_offsets_is_wrong_of_who_numbers() {
    let twice = |told: Told| told.poll(C1, &[(0, 10), (1, 10)]);
    twice(told().send(P1, 10, 0)).shows(Class::Duplicate, true);
    twice(told().send_unsafely(P1, 10, 0)).shows(Class::Duplicate, false);
    // Told of it again is not written again.
    let again = told().send(P1, 10, 0).send(P1, 10, 0).poll(C1, &[(0, 10)]);
    again.is_accepted();
}

#[test]
fn what_was_acknowledged_and_cannot_be_read_is_found() {
    let lost = |told: Told| told.poll(C1, &[(1, 20)]).read_to_end(0, 2);
    lost(told().send(P1, 10, 0).send(P2, 20, 1)).shows(Class::LostWrite, true);
    lost(told().send_unsafely(P1, 10, 0).send(P2, 20, 1)).shows(Class::LostWrite, false);
    // What nobody has acknowledged need not be there, and what was taken by retention neither.
    let unknown = told().send_unheard(P1, 10).send(P2, 20, 0);
    unknown.poll(C1, &[(0, 20)]).read_to_end(0, 1).is_accepted();
    let old = told().send(P1, 10, 0).send(P2, 20, 1);
    old.poll(C1, &[(1, 20)]).read_to_end(1, 2).is_accepted();
    // Its offset was given to another.
    let told = told()
        .send(P1, 10, 0)
        .poll(C1, &[(0, 20)])
        .read_to_end(0, 1);
    let found = told.found();
    let expected = [(Class::InconsistentOffsets, true), (Class::LostWrite, true)];
    assert_eq!(found, expected);
}

#[test]
fn what_was_acknowledged_beyond_the_end_is_found() {
    let unseen = told().send(P1, 10, 0).send(P1, 11, 1);
    let unseen = unseen.poll(C1, &[(0, 10)]).read_to_end(0, 1);
    unseen.shows(Class::Unseen, true);
    // Who has not read to the end may find it yet.
    let unread = told().send(P1, 10, 0).send(P1, 11, 1).poll(C1, &[(0, 10)]);
    unread.is_accepted();
}

#[test]
fn what_failed_and_is_read_is_found() {
    let failed = told().send_unheard(P1, 10).refused(10);
    failed.poll(C1, &[(0, 10)]).shows(Class::AbortedRead, true);
    // One attempt failed, another did not; or nobody knows of another.
    let retried = told().send_unheard(P1, 10).refused(10).send(P1, 10, 0);
    retried.poll(C1, &[(0, 10)]).is_accepted();
    let unheard = told().send_unheard(P1, 10).send_unheard(P1, 10);
    unheard.refused(10).poll(C1, &[(0, 10)]).is_accepted();
    let doubted = told().send_unheard(P1, 10).doubted(10);
    doubted.poll(C1, &[(0, 10)]).is_accepted();
    let failed = told().send_unheard(P1, 10).refused(10);
    failed.poll(C1, &[(0, 20)]).is_accepted();
}

/// Somebody else has read all four.
fn four() -> Told {
    told().poll(C2, &[(0, 10), (1, 11), (2, 12), (3, 13)])
}

#[test]
fn a_reader_that_skips_is_found() {
    let skips = |way| {
        let told = four().placed(C1, 0, way);
        told.poll(C1, &[(0, 10)]).poll(C1, &[(3, 13)])
    };
    skips(Way::Hand).shows(Class::PollSkip, true);
    skips(Way::Group).shows(Class::PollSkip, false);
    // Where nobody has found anything there is nothing to skip, and who is moved is moved.
    let gap = told().placed(C1, 0, Way::Hand);
    gap.poll(C1, &[(0, 10)]).poll(C1, &[(3, 13)]).is_accepted();
    let seeks = four().placed(C1, 0, Way::Hand).poll(C1, &[(0, 10)]);
    let seeks = seeks.placed(C1, 3, Way::Hand).poll(C1, &[(3, 13)]);
    seeks.is_accepted();
}

#[test]
fn a_reader_that_goes_back_is_found() {
    let back = |way| {
        let told = four().placed(C1, 0, way);
        told.poll(C1, &[(0, 10), (1, 11)]).poll(C1, &[(1, 11)])
    };
    back(Way::Hand).shows(Class::NonmonotonicPoll, true);
    back(Way::Group).shows(Class::NonmonotonicPoll, false);
    // A member that is given a partition again begins where its group has got to, which may be before.
    let given = four().placed(C1, 0, Way::Group).poll(C1, &[(0, 10)]);
    let given = given.placed(C1, 0, Way::Group).poll(C1, &[(0, 10)]);
    given.shows(Class::NonmonotonicPoll, false);
    let seeks = four().placed(C1, 0, Way::Hand).poll(C1, &[(0, 10)]);
    let seeks = seeks.placed(C1, 0, Way::Hand).poll(C1, &[(0, 10)]);
    seeks.is_accepted();
    // A new life begins anew.
    let mut again = four().placed(C1, 0, Way::Hand).poll(C1, &[(0, 10)]);
    again.account.gone(C1);
    again.poll(C1, &[(0, 10)]).is_accepted();
}

#[test]
fn one_poll_that_skips_or_goes_back_is_found() {
    let skips = four().poll(C1, &[(0, 10), (2, 12)]);
    skips.shows(Class::PollSkipWithin, true);
    let back = four().poll(C1, &[(0, 10), (1, 11), (1, 11)]);
    back.shows(Class::NonmonotonicPollWithin, true);
    // What was compacted is missed by nobody.
    let compacted = told()
        .poll(C1, &[(0, 10), (2, 12)])
        .poll(C2, &[(0, 10), (2, 12)]);
    compacted.is_accepted();
}

#[test]
fn what_is_sent_later_and_stands_before_is_wrong_of_who_numbers() {
    let numbered = told().send(P1, 11, 1).send(P1, 10, 0);
    numbered.shows(Class::NonmonotonicSend, true);
    let not = told().send_unsafely(P1, 11, 1).send_unsafely(P1, 10, 0);
    not.shows(Class::NonmonotonicSend, false);
    // Unless what was sent before is under way to who led before; what was settled by then is not overtaken.
    let slow = told().send_unheard(P1, 10).send_beyond(P1, 11, 0, &[10]);
    slow.send(P1, 10, 1).shows(Class::NonmonotonicSend, false);
    let settled = told().send(P1, 9, 5).send_unheard(P1, 10);
    let settled = settled.send_beyond(P1, 11, 0, &[10]);
    settled.shows(Class::NonmonotonicSend, true);
    // Two producers are in no order, and what comes between is no harm.
    let two = told().send(P1, 11, 1).send(P2, 10, 0).send(P1, 12, 5);
    two.is_accepted();
}

#[test]
fn what_is_sent_one_by_one_stands_in_order() {
    let one = |promise| {
        let told = told().send_with(promise, P1, 11, 1);
        told.send_with(promise, P1, 10, 0)
    };
    one(ONE_BY_ONE).shows(Class::NonmonotonicSend, true);
    // With several under way they overtake each other, and what only a leader has may be lost with it.
    let several = Promise {
        in_flight_one: false,
        ..ONE_BY_ONE
    };
    one(several).shows(Class::NonmonotonicSend, false);
    let by_one = Promise {
        by_all: false,
        ..ONE_BY_ONE
    };
    one(by_one).shows(Class::NonmonotonicSend, false);
    // What was under way when it was set so may still be overtaken.
    let changed = told().send_with(several, P1, 11, 1);
    let changed = changed.send_with(ONE_BY_ONE, P1, 10, 0);
    changed.shows(Class::NonmonotonicSend, false);
    told()
        .send_with(ONE_BY_ONE, P1, 10, 0)
        .send_with(ONE_BY_ONE, P1, 11, 1)
        .is_accepted();
}

#[test]
fn what_was_found_before_a_topic_was_deleted_stays_found() {
    let both = told().send(P1, 10, 0).poll(C1, &[(0, 20)]).gone();
    both.shows(Class::InconsistentOffsets, true);
    assert!(both.account.findings()[0].is_of_the_past);
    let failed = told().send_unheard(P1, 10).refused(10);
    let failed = failed.poll(C1, &[(0, 10)]).gone();
    failed.shows(Class::AbortedRead, true);
    let twice = told().send(P1, 10, 0).poll(C1, &[(0, 10), (1, 10)]).gone();
    twice.shows(Class::Duplicate, true);
}

#[test]
fn a_topic_of_the_same_name_is_judged_by_itself() {
    // Other values at the same offsets, nothing to be read, an order of its own, a reader that begins anew.
    told()
        .send(P1, 10, 5)
        .placed(C1, 5, Way::Hand)
        .poll(C1, &[(5, 10)])
        .gone()
        .send(P1, 11, 0)
        .poll(C1, &[(0, 11)])
        .read_to_end(0, 1)
        .is_accepted();
    let lost = told().send(P1, 10, 0).gone().send(P1, 11, 0);
    lost.read_to_end(0, 1).shows(Class::LostWrite, true);
    let behind = told().send_unheard(P1, 10).gone();
    // What was under way was sent before all that comes now.
    let behind = behind.send(P1, 11, 1).send(P1, 10, 0);
    behind.is_accepted();
    let before = told().send_unheard(P1, 10).gone();
    let before = before.send(P1, 11, 0).send(P1, 10, 1);
    before.shows(Class::NonmonotonicSend, true);
}

#[test]
fn what_stood_in_a_topic_that_is_gone_is_read_in_no_other() {
    let old = told().send(P1, 10, 0).gone().poll(C1, &[(0, 10)]);
    old.shows(Class::OldTopicRead, true);
    // Sent once more, or still under way, it may be there.
    let again = told().send(P1, 10, 0).gone().send(P1, 10, 0);
    again.poll(C1, &[(0, 10)]).is_accepted();
    let late = told().send_unheard(P1, 10).send(P1, 10, 0).gone();
    late.poll(C1, &[(0, 10)]).is_accepted();
    let unheard = told().send_unheard(P1, 10).gone();
    unheard.poll(C1, &[(0, 10)]).is_accepted();
}

#[test]
fn what_was_compacted_may_be_gone_and_look_otherwise_and_nothing_else() {
    let gone = told().send(P1, 10, 0).send(P1, 11, 1).compacted();
    gone.poll(C1, &[(1, 11)]).read_to_end(0, 2).is_accepted();
    let other = told().send(P1, 10, 0).compacted().poll(C1, &[(0, 99)]);
    other.is_accepted();
    let skips = four().compacted().placed(C1, 0, Way::Hand);
    let skips = skips.poll(C1, &[(0, 10)]).poll(C1, &[(3, 13)]);
    skips.is_accepted();
    // But two that were sent do not stand at one offset, what failed is not there, and nobody goes back.
    let both = told().send(P1, 10, 0).send(P2, 20, 0).compacted();
    both.shows(Class::InconsistentOffsets, true);
    let failed = told().send_unheard(P1, 10).refused(10).compacted();
    failed.poll(C1, &[(0, 10)]).shows(Class::AbortedRead, true);
    let back = four().compacted().placed(C1, 0, Way::Hand);
    let back = back.poll(C1, &[(0, 10), (1, 11)]).poll(C1, &[(1, 11)]);
    back.shows(Class::NonmonotonicPoll, true);
    let order = told().compacted().send(P1, 11, 1).send(P1, 10, 0);
    order.shows(Class::NonmonotonicSend, true);
}

#[test]
fn how_late_reads_are_and_how_often_work_is_done_is_measured() {
    let measured = |told: &Told| -> Vec<String> {
        let measures = told.account.measures();
        measures.all().map(|(_, value)| value).collect()
    };
    let told = told().at(1).send(P1, 10, 0).at(2).send(P1, 11, 1);
    // When it has read the first, the second is there for three seconds.
    let told = told.at(5).poll(C1, &[(0, 10)]).at(60).poll(C1, &[(1, 11)]);
    let told = told.processed(0, 3).processed(2, 5).processed(2, 3);
    let lag = crate::time::Duration::from_secs(3).to_string();
    assert_eq!(measured(&told), [lag.as_str(), "4", "0", "1", "0"]);
}

#[test]
fn what_a_group_does_twice_is_told_and_what_it_never_does_is_wrong() {
    let once = told().processed(0, 2).processed(2, 5).committed(5);
    once.is_accepted();
    let twice = told().processed(0, 3).processed(2, 5).committed(5);
    twice.shows(Class::ProcessedTwice, false);
    let never = told().processed(0, 2).processed(3, 5).committed(5);
    never.shows(Class::NeverProcessed, true);
    // What is not committed yet may still be done; what came before the group's time is none of its business.
    let later = told().processed(4, 6).processed(8, 9).committed(6);
    later.is_accepted();
}
