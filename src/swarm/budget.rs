//! How much trouble a run may have, and so what it must survive.

/// The three budgets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Budget {
    /// Only what Kafka promises to survive: whatever was acknowledged by the whole ISR is there in the
    /// end, without exception.
    Safe,
    /// Anything: what is lost must be explained by a lost tail of a log or an unclean election.
    Harsh,
    /// Brokers are spared. Clients and their links are not, and some clients speak nonsense.
    Client,
}

impl Budget {
    pub const ALL: [Budget; 3] = [Budget::Safe, Budget::Harsh, Budget::Client];

    pub fn name(self) -> &'static str {
        match self {
            Budget::Safe => "safe",
            Budget::Harsh => "harsh",
            Budget::Client => "client",
        }
    }

    pub fn parse(name: &str) -> Option<Budget> {
        Budget::ALL.into_iter().find(|budget| budget.name() == name)
    }

    /// The budget of a seed when all three take turns: half of them safe, a third harsh.
    pub fn of(seed: u64) -> Budget {
        match seed % 6 {
            0..3 => Budget::Safe,
            3..5 => Budget::Harsh,
            _ => Budget::Client,
        }
    }

    /// The stream of random numbers that a budget draws from.
    pub(super) fn stream(self) -> u64 {
        0x5fa1 + self as u64
    }
}
