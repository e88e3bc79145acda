//! Who led a partition, in which epoch, and from which offset on: so which leader appended a record, and whether a later
//! one has it.

use crate::log::Epochs;
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

    /// The newest epoch that began, and who leads in it.
    pub fn newest(&self) -> Option<(LeaderEpoch, BrokerId)> {
        let newest = self.0.last_key_value();
        newest.map(|(epoch, lead)| (*epoch, lead.broker))
    }

    /// Who led in an epoch.
    pub fn leader_in(&self, epoch: LeaderEpoch) -> BrokerId {
        self.0
            .get(&epoch)
            .map_or(BrokerId::NONE, |lead| lead.broker)
    }

    /// The newest epoch in which a broker led and may have appended at an offset.
    pub fn last_of(&self, broker: BrokerId, at: Offset) -> Option<LeaderEpoch> {
        let mut leads = self.0.iter().rev();
        let found = leads.find(|(_, lead)| lead.broker == broker && lead.start <= at);
        found.map(|(epoch, _)| *epoch)
    }

    /// The least offset at which a leader after an epoch began: what the epoch has from there on is nowhere any more,
    /// as far as can be told without a look at the logs.
    pub fn cut_after(&self, epoch: LeaderEpoch) -> Option<Offset> {
        let later = self.0.iter().filter(|(other, _)| **other > epoch);
        later.map(|(_, lead)| lead.start).min()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }
}

/// What of a span that was appended in an epoch a log with these epochs has, which ends at an offset: from where to where.
pub(super) fn kept(epochs: &Epochs, end: Offset, of: LeaderEpoch, span: (i64, i64)) -> (i64, i64) {
    let entries = epochs.entries();
    let Some(at) = entries.iter().position(|entry| entry.epoch == of) else {
        return (span.0, span.0);
    };
    let next = entries.get(at + 1).map_or(end, |next| next.start.min(end));
    let from = entries[at].start.0.max(span.0).min(span.1);
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
    fn a_broker_has_appended_in_the_newest_epoch_that_began_before_the_record() {
        // The leader of epoch 2 lacked what epoch 1 had from 3 on.
        let leads = leads(&[(0, 1, 0), (1, 2, 5), (2, 3, 3), (3, 1, 8)]);
        let of = |broker, at| {
            leads
                .last_of(BrokerId(broker), Offset(at))
                .map(|epoch| epoch.0)
        };
        assert_eq!(
            [of(1, 4), of(1, 8), of(2, 4), of(4, 9)],
            [Some(0), Some(3), None, None]
        );
        assert_eq!(leads.cut_after(LeaderEpoch(0)), Some(Offset(3)));
        assert_eq!(leads.cut_after(LeaderEpoch(3)), None);
        assert_eq!(leads.newest(), Some((LeaderEpoch(3), BrokerId(1))));
    }

    #[test]
    fn who_leads_once_more_in_an_epoch_leads_from_where_it_began() {
        let leads = leads(&[(0, 1, 0), (0, 1, 7)]);
        assert_eq!(leads.last_of(BrokerId(1), Offset(2)), Some(LeaderEpoch(0)));
    }

    #[test]
    fn of_a_span_that_is_kept_which_the_log_has_in_its_epoch() {
        let mut epochs = Epochs::default();
        epochs.assign(LeaderEpoch(0), Offset(0));
        epochs.assign(LeaderEpoch(2), Offset(4));
        let kept = |of, span| kept(&epochs, Offset(9), LeaderEpoch(of), span);
        assert_eq!(kept(0, (1, 9)), (1, 4));
        assert_eq!(kept(2, (1, 20)), (4, 9));
        assert_eq!(kept(2, (1, 3)), (3, 3));
        assert_eq!(kept(1, (1, 9)), (1, 1));
    }
}
