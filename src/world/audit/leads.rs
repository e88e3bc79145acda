//! Who led a partition, in which epoch, and from which offset on: so which leader appended a record, and whether a later
//! one has it.

use crate::log::Log;
use crate::model::{BrokerId, LeaderEpoch, Offset};
use crate::sorted::SortedMap;

/// Leaderships of a partition that are remembered: a word is never under way for so many.
const MOST: usize = 64;

/// One leadership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lead {
    pub broker: BrokerId,
    pub start: Offset,
}

/// The leaderships of a partition, by epoch.
#[derive(Clone, Debug, Default)]
pub(super) struct Leads(SortedMap<LeaderEpoch, Lead>);

impl Leads {
    /// A broker begins to lead, also once more in an epoch in which it has led: then that begins where it began.
    pub fn begin(&mut self, epoch: LeaderEpoch, lead: Lead) {
        let before = self.0.get(&epoch).map_or(lead.start, |lead| lead.start);
        let start = lead.start.min(before);
        self.0.insert(epoch, Lead { start, ..lead });
        if self.0.len() > MOST {
            self.0.pop_first();
        }
    }

    /// The newest epoch that began.
    pub fn newest(&self) -> Option<LeaderEpoch> {
        self.0.last_key_value().map(|(epoch, _)| *epoch)
    }

    /// Who led in an epoch.
    pub fn leader_in(&self, epoch: LeaderEpoch) -> BrokerId {
        self.0
            .get(&epoch)
            .map_or(BrokerId::NONE, |lead| lead.broker)
    }

    /// The newest epoch in which a broker led.
    pub fn last_of(&self, broker: BrokerId) -> Option<LeaderEpoch> {
        let mut leads = self.0.iter().rev();
        Some(*leads.find(|(_, lead)| lead.broker == broker)?.0)
    }

    /// The least offset at which a leader after an epoch began, and its epoch: what the epoch has from there on is
    /// nowhere any more.
    pub fn cut_after(&self, epoch: LeaderEpoch) -> Option<(Offset, LeaderEpoch)> {
        let later = self.0.iter().filter(|(other, _)| **other > epoch);
        later.map(|(epoch, lead)| (lead.start, *epoch)).min()
    }

    /// The offsets of a span by the epochs whose leaders appended them, the newest first; none for what is older than
    /// anything that is remembered.
    pub fn epochs_of(&self, from: i64, to: i64) -> Vec<(LeaderEpoch, i64, i64)> {
        let mut found = Vec::new();
        let mut end = to;
        for (epoch, lead) in self.0.iter().rev() {
            let begin = lead.start.0.max(from);
            if begin < end {
                found.push((*epoch, begin, end));
                end = begin;
            }
        }
        if from < end {
            found.push((LeaderEpoch::NONE, from, end));
        }
        found
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }
}

/// What of a span that was appended in an epoch a log has, which ends at an offset: from where to where.
pub(super) fn kept(log: &Log, end: Offset, of: LeaderEpoch, span: (i64, i64)) -> (i64, i64) {
    let entries = log.epochs().entries();
    let Some(at) = entries.iter().position(|entry| entry.epoch == of) else {
        return (span.0, span.0);
    };
    let next = entries.get(at + 1).map_or(end, |next| next.start.min(end));
    let from = span.0.max(entries[at].start.0);
    (from, span.1.min(next.0).max(from))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leads(all: &[(i32, i32, i64)]) -> Leads {
        let mut leads = Leads::default();
        for (epoch, broker, start) in all {
            let (broker, start) = (BrokerId(*broker), Offset(*start));
            leads.begin(LeaderEpoch(*epoch), Lead { broker, start });
        }
        leads
    }

    #[test]
    fn a_record_is_of_the_newest_epoch_that_began_before_it() {
        // The leader of epoch 2 lacked what epoch 1 had from 3 on.
        let leads = leads(&[(0, 1, 0), (1, 2, 5), (2, 3, 3)]);
        let pieces = [(2, 3, 9), (0, 1, 3)].map(|(epoch, a, b)| (LeaderEpoch(epoch), a, b));
        assert_eq!(leads.epochs_of(1, 9), pieces);
        assert_eq!(
            leads.cut_after(LeaderEpoch(0)),
            Some((Offset(3), LeaderEpoch(2)))
        );
        assert_eq!(leads.cut_after(LeaderEpoch(2)), None);
        assert_eq!(leads.last_of(BrokerId(1)), Some(LeaderEpoch(0)));
    }

    #[test]
    fn who_leads_once_more_in_an_epoch_leads_from_where_it_began() {
        let leads = leads(&[(0, 1, 0), (0, 1, 7)]);
        assert_eq!(leads.epochs_of(0, 9), [(LeaderEpoch(0), 0, 9)]);
    }
}
