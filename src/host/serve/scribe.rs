//! Writes a record down, on a thread of its own: a disk may be slow or stand still, and the cluster goes on.
//!
//! What is not written yet lies in memory, and there is a bound to it: what would be more is refused, for somebody to
//! say so. Every text that is handed over is whole lines, and so is what is written, even if the disk takes no more in
//! the middle of one: what lies behind the last whole line is taken back.

use std::fs::File;
use std::io::{Error, ErrorKind, Seek as _, SeekFrom, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::speech::complain;

/// What was handed over is written out so often, so that a run that is killed is recorded too.
const WRITTEN: Duration = Duration::from_secs(1);
/// When nothing more comes it is looked so often whether all is written, and it is said that it is not after so long.
const LOOK: Duration = Duration::from_millis(5);
const LONG: Duration = Duration::from_secs(2);
/// So much is written out at once, and before its time.
const PAGE: usize = 64 * 1024;

/// What is written on.
pub trait Paper: Write + Send + 'static {
    /// Takes back what was written behind a place, if that can be.
    fn cut(&mut self, at: u64);
}

impl Paper for File {
    fn cut(&mut self, at: u64) {
        // A pipe keeps what it has, and so does a device.
        let _ = self.set_len(at);
        let _ = self.seek(SeekFrom::Start(at));
    }
}

/// Why something is not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Too much is there that was not written yet.
    TooMuch,
    /// Nothing can be written any more, which was said.
    Broken,
}

/// Who writes.
pub struct Scribe {
    /// Nobody takes texts any more when this is gone.
    texts: Option<Sender<String>>,
    /// How many bytes were handed over and are not written.
    unwritten: Arc<AtomicU64>,
    most: u64,
    thread: Option<JoinHandle<Result<(), Error>>>,
}

impl Scribe {
    /// Begins to write what it is handed over, of which so many bytes may be there unwritten.
    ///
    /// # Errors
    /// When there is no thread for it.
    pub fn begin(paper: impl Paper, most: u64) -> Result<Scribe, Error> {
        let (texts, taken) = channel();
        let unwritten = Arc::new(AtomicU64::new(0));
        let known = unwritten.clone();
        let thread = thread::Builder::new().name("record".to_owned());
        let thread = thread.spawn(move || write_down(paper, &taken, &known))?;
        Ok(Scribe {
            texts: Some(texts),
            unwritten,
            most,
            thread: Some(thread),
        })
    }

    /// Has whole lines written.
    ///
    /// # Errors
    /// When they are not.
    pub fn write(&self, text: String) -> Result<(), Refusal> {
        let unwritten = self.unwritten.load(Ordering::Relaxed);
        let would_be = unwritten.saturating_add(text.len() as u64);
        if unwritten > 0 && would_be > self.most {
            return Err(Refusal::TooMuch);
        }
        self.write_at_last(text)
    }

    /// Likewise, however much is there: nothing will follow.
    ///
    /// # Errors
    /// When nothing is written any more.
    pub fn write_at_last(&self, text: String) -> Result<(), Refusal> {
        let texts = self.texts.as_ref().ok_or(Refusal::Broken)?;
        self.unwritten
            .fetch_add(text.len() as u64, Ordering::Relaxed);
        texts.send(text).map_err(|_| Refusal::Broken)
    }

    /// Waits until all is written, but no longer than this. Whether it is.
    pub fn end_within(&mut self, patience: Duration) -> bool {
        self.texts = None;
        let since = Instant::now();
        let is_done = |thread: &JoinHandle<_>| thread.is_finished();
        while !self.thread.as_ref().is_none_or(is_done) {
            if since.elapsed() >= patience {
                return false;
            }
            thread::sleep(LOOK);
        }
        self.end().is_ok()
    }

    /// Waits until all is written, however long that takes; that it takes long is said.
    ///
    /// # Errors
    /// When some of it could not be.
    pub fn end(&mut self) -> Result<(), String> {
        self.texts = None;
        let since = Instant::now();
        let is_done = |thread: &JoinHandle<_>| thread.is_finished();
        while !self.thread.as_ref().is_none_or(is_done) && since.elapsed() < LONG {
            thread::sleep(LOOK);
        }
        if !self.thread.as_ref().is_none_or(is_done) {
            complain(
                "The record waits for its disk; to end without the rest of it, press Ctrl-C once more.",
            );
        }
        match self.thread.take().map(JoinHandle::join) {
            None | Some(Ok(Ok(()))) => Ok(()),
            Some(Ok(Err(error))) => Err(error.to_string()),
            Some(Err(_)) => Err("who wrote it has fallen over".to_owned()),
        }
    }
}

/// The last line of what ended early.
pub fn ends_here(why: &str) -> String {
    format!("# The record ends here: {why}\n")
}

/// Writes what comes until nothing will. What cannot be written is said at once, not at the end of a run that somebody
/// relies on.
fn write_down(
    mut paper: impl Paper,
    texts: &Receiver<String>,
    unwritten: &AtomicU64,
) -> Result<(), Error> {
    let (mut page, mut before) = (String::new(), 0);
    let mut written = Instant::now();
    loop {
        let ended = match texts.recv_timeout(WRITTEN.saturating_sub(written.elapsed())) {
            Ok(text) => {
                page += &text;
                false
            }
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => true,
        };
        if !ended && page.len() < PAGE && written.elapsed() < WRITTEN {
            continue;
        }
        if let Err((error, count)) = put(&mut paper, page.as_bytes()) {
            complain(&format!("The run is not recorded any further: {error}"));
            let end = page.as_bytes()[..count]
                .iter()
                .rposition(|byte| *byte == b'\n');
            paper.cut(before + end.map_or(0, |end| end as u64 + 1));
            // There may be room for this, where there was none for more.
            let _ = paper.write_all(ends_here(&error.to_string()).as_bytes());
            return Err(error);
        }
        before += page.len() as u64;
        unwritten.fetch_sub(page.len() as u64, Ordering::Relaxed);
        page.clear();
        written = Instant::now();
        if ended {
            return paper.flush();
        }
    }
}

/// Writes bytes out; or why not, and how many were.
fn put(paper: &mut impl Write, bytes: &[u8]) -> Result<(), (Error, usize)> {
    let mut count = 0;
    while count < bytes.len() {
        match paper.write(&bytes[count..]) {
            Ok(0) => return Err((ErrorKind::WriteZero.into(), count)),
            Ok(more) => count += more,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err((error, count)),
        }
    }
    Ok(())
}
