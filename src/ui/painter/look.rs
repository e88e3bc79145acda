//! What the reader looks at: everything about a picture that is neither the world nor the time.

use crate::model::TopicPartition;
use crate::stage::density::Density;
use crate::stage::layout::Voice;
use crate::stage::{Lens, Thing};

/// What is looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    pub lens: Lens,
    pub voice: Voice,
    pub subject: Option<TopicPartition>,
    /// Every replica has a row of one kind.
    pub even: bool,
    pub selection: Option<Thing>,
    pub focus: Option<Thing>,
    pub washes: Vec<Thing>,
    /// What the reader is to look at: it comes into view.
    pub shows: Vec<Thing>,
    pub density: Option<Density>,
    /// What the record lens may take apart; it takes the first that is there.
    pub records: Vec<Thing>,
}

impl Default for Look {
    fn default() -> Look {
        Look {
            lens: Lens::ByBroker,
            voice: Voice::Calm,
            subject: None,
            even: false,
            selection: None,
            focus: None,
            washes: Vec::new(),
            shows: Vec::new(),
            density: None,
            records: Vec::new(),
        }
    }
}
