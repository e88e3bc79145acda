//! The replicas that count, and the change that the leader has asked for.

use crate::model::BrokerId;

/// The in-sync replicas as their leader knows them.
///
/// The committed set is what the controller has written down. While a change is asked for and not yet
/// answered, nobody can say which of the two holds, so whatever must be safe counts the larger one,
/// the *maximal* ISR. Order is that of joining, which makes runs repeatable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Isr {
    committed: Vec<BrokerId>,
    pending: Option<PendingIsr>,
}

/// A change of the ISR that the controller has not answered yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PendingIsr {
    /// The ISR with one replica more.
    Expand(Vec<BrokerId>),
    /// The ISR without some.
    Shrink(Vec<BrokerId>),
}

impl PendingIsr {
    /// The ISR that was asked for.
    pub fn proposed(&self) -> &[BrokerId] {
        match self {
            PendingIsr::Expand(isr) | PendingIsr::Shrink(isr) => isr,
        }
    }
}

impl Isr {
    pub fn new(committed: Vec<BrokerId>) -> Isr {
        Isr {
            committed,
            pending: None,
        }
    }

    /// The ISR that the controller has written down.
    pub fn committed(&self) -> &[BrokerId] {
        &self.committed
    }

    pub fn pending(&self) -> Option<&PendingIsr> {
        self.pending.as_ref()
    }

    /// Every replica that may be in the ISR now. The high watermark waits for all of them.
    pub fn maximal(&self) -> &[BrokerId] {
        match &self.pending {
            Some(PendingIsr::Expand(proposed)) => proposed,
            Some(PendingIsr::Shrink(_)) | None => &self.committed,
        }
    }

    /// Asks for one replica more.
    pub(super) fn expand(&mut self, joining: BrokerId) {
        assert!(self.pending.is_none(), "one change of an ISR at a time");
        let mut proposed = self.committed.clone();
        proposed.push(joining);
        self.pending = Some(PendingIsr::Expand(proposed));
    }

    /// Asks for an ISR without `leaving`.
    pub(super) fn shrink(&mut self, leaving: &[BrokerId]) {
        assert!(self.pending.is_none(), "one change of an ISR at a time");
        let mut proposed = self.committed.clone();
        proposed.retain(|replica| !leaving.contains(replica));
        assert!(!proposed.is_empty(), "the leader itself stays in the ISR");
        self.pending = Some(PendingIsr::Shrink(proposed));
    }

    /// The controller refused: the committed ISR stands.
    pub(super) fn give_up(&mut self) {
        self.pending = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(ids: &[i32]) -> Vec<BrokerId> {
        ids.iter().map(|id| BrokerId(*id)).collect()
    }

    #[test]
    fn until_the_answer_the_larger_isr_counts() {
        let mut isr = Isr::new(ids(&[1, 2]));
        isr.expand(BrokerId(3));
        assert_eq!(
            (isr.committed(), isr.maximal()),
            (&ids(&[1, 2])[..], &ids(&[1, 2, 3])[..])
        );
        isr.give_up();
        isr.shrink(&ids(&[2]));
        assert_eq!(isr.maximal(), ids(&[1, 2]));
        assert_eq!(
            isr.pending().map(PendingIsr::proposed),
            Some(&ids(&[1])[..])
        );
    }
}
