//! The answers that were read off the wire last: each is read once, however many look at it.
//!
//! Laws, witness, audit and coverage look at one answer, one after the other. What one of them has read in it is kept
//! for the others, for as long as a few further answers last.
//!
//! Laws: what is found here is what the bytes say, since it is found by the very memory they lie in, which cannot change
//! and is not given back while it is held here. Nothing that happens in a world depends on it, and a copied world begins
//! without.

use std::any::Any;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;

use crate::protocol::{Chunks, Request, decode_sized_response};

/// One step may answer several requests, and who looks on looks at all of them before the next one does.
const KEPT: usize = 8;

/// An answer in the bytes in which it was sent, and what was read there.
#[derive(Debug)]
struct Reading {
    frame: Chunks,
    version: i16,
    message: Arc<dyn Any + Send + Sync>,
    codes: Vec<i16>,
}

/// The newest of them, newest last.
#[derive(Debug, Default)]
pub(super) struct Readings(RefCell<VecDeque<Reading>>);

impl Clone for Readings {
    fn clone(&self) -> Readings {
        Readings::default()
    }
}

impl Readings {
    /// The answer in a frame with its size; `None` if there is none.
    pub(super) fn read<R: Request>(&self, frame: &Chunks, version: i16) -> Option<Arc<R::Response>>
    where
        R::Response: Send + Sync + 'static,
    {
        let known = self.find(frame, version, |reading| reading.message.clone());
        if let Some(message) = known.and_then(|message| message.downcast().ok()) {
            return Some(message);
        }
        let (answer, codes) = decode_sized_response::<R>(frame, version).ok()?;
        let message = Arc::new(answer);
        let mut readings = self.0.borrow_mut();
        if readings.len() == KEPT {
            readings.pop_front();
        }
        readings.push_back(Reading {
            frame: frame.clone(),
            version,
            message: message.clone(),
            codes,
        });
        Some(message)
    }

    /// The error codes in the answer in a frame, without those that say that all is well, if it was read.
    pub(super) fn codes(&self, frame: &Chunks, version: i16) -> Option<Vec<i16>> {
        self.find(frame, version, |reading| reading.codes.clone())
    }

    fn find<T>(&self, frame: &Chunks, version: i16, what: impl Fn(&Reading) -> T) -> Option<T> {
        let readings = self.0.borrow();
        let mut newest_first = readings.iter().rev();
        let found = newest_first
            .find(|known| known.version == version && known.frame.is_same_memory(frame));
        found.map(what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::api::{HeartbeatRequest, HeartbeatResponse};
    use crate::protocol::{ApiKey, encode_response};

    const VERSION: i16 = 4;

    fn answer(error_code: i16) -> Chunks {
        let answer = HeartbeatResponse {
            error_code,
            ..HeartbeatResponse::default()
        };
        encode_response(ApiKey::Heartbeat, VERSION, 7, &answer)
    }

    fn code(readings: &Readings, frame: &Chunks) -> Option<i16> {
        let answer = readings.read::<HeartbeatRequest>(frame, VERSION)?;
        Some(answer.error_code)
    }

    #[test]
    fn an_answer_is_read_once_and_known_by_its_memory() {
        let readings = Readings::default();
        let (first, second) = (answer(27), answer(25));
        assert_eq!(readings.codes(&first, VERSION), None);
        let read = readings.read::<HeartbeatRequest>(&first, VERSION);
        let again = readings.read::<HeartbeatRequest>(&first.clone(), VERSION);
        let (read, again) = (read.expect("an answer"), again.expect("an answer"));
        assert!(Arc::ptr_eq(&read, &again));
        assert_eq!(readings.codes(&first, VERSION).as_deref(), Some(&[27][..]));
        // The same connection, number and length say nothing: other bytes are read anew.
        assert_eq!(code(&readings, &second), Some(25));
        assert_eq!(code(&readings, &first), Some(27));
        // So is a part of them, of which nothing can be read, and another version.
        let part = first.slice(0, first.len() - 1);
        assert_eq!(code(&readings, &part), None);
        assert_eq!(readings.codes(&first, VERSION - 1), None);
    }

    #[test]
    fn the_oldest_is_forgotten_and_a_copy_knows_none() {
        let readings = Readings::default();
        let answers: Vec<Chunks> = (1..=9).map(answer).collect();
        for (nth, frame) in (1..).zip(&answers) {
            assert_eq!(code(&readings, frame), Some(nth));
        }
        assert_eq!(readings.codes(&answers[0], VERSION), None);
        assert_eq!(code(&readings, &answers[0]), Some(1));
        assert!(readings.clone().codes(&answers[0], VERSION).is_none());
    }
}
