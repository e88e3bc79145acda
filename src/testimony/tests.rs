//! Histories that are accepted, and histories in which something is found.
//!
//! The situations are those of the tests of Jepsen's checker of Kafka, as reads and writes of single partitions
//! without transactions can have them; the histories are our own.

use super::account::{Account, Promise, Way};
use super::finding::Class;
use crate::model::{Offset, ProcessId, TopicPartition};

const P1: ProcessId = ProcessId::Producer(1);
const P2: ProcessId = ProcessId::Producer(2);
const C1: ProcessId = ProcessId::Consumer(1);
const C2: ProcessId = ProcessId::Consumer(2);

const SAFE: Promise = Promise {
    numbered: true,
    by_all: true,
};
const UNSAFE: Promise = Promise {
    numbered: false,
    by_all: false,
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

    fn send_unsafely(mut self, by: ProcessId, value: u32, at: i64) -> Told {
        self.account.sent(by, &self.partition, value, UNSAFE);
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

    fn processed(mut self, from: i64, to: i64) -> Told {
        let group = "g".into();
        (self.account).processed(&group, &self.partition, Offset(from), Offset(to));
        self
    }

    fn committed(mut self, offset: i64) -> Told {
        let group = "g".into();
        (self.account).committed(&group, &self.partition, Offset(offset));
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
    // Two producers are in no order, and what comes between is no harm.
    let two = told().send(P1, 11, 1).send(P2, 10, 0).send(P1, 12, 5);
    two.is_accepted();
}

#[test]
fn what_a_group_does_twice_or_never_is_told_and_not_wrong() {
    let once = told().processed(0, 2).processed(2, 5).committed(5);
    once.is_accepted();
    let twice = told().processed(0, 3).processed(2, 5).committed(5);
    twice.shows(Class::ProcessedTwice, false);
    let never = told().processed(0, 2).processed(3, 5).committed(5);
    never.shows(Class::NeverProcessed, false);
    // What is not committed yet may still be done; what came before the group's time is none of its business.
    let later = told().processed(4, 6).processed(8, 9).committed(6);
    later.is_accepted();
}
