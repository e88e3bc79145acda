//! Standard input and output: lines are answered one after the other, and nobody else waits for whoever reads.
//!
//! What reads may be slow, or gone; then sentences are late or lost, and the cluster goes on.

use std::io::{BufRead, IsTerminal as _, Read as _, Write as _};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use super::engine::Event;

/// The longest line that makes sense.
const LONGEST: u64 = 64 * 1024;
/// A sentence that nobody takes is waited for so long.
const PATIENCE: Duration = Duration::from_millis(200);
/// A program in the background of a terminal looks so often whether it has come to the front.
const GLANCE: Duration = Duration::from_millis(500);

/// Sentences, said by a thread of its own.
pub struct Speech {
    sentences: Sender<(String, Sender<()>)>,
}

impl Speech {
    pub fn begin() -> Speech {
        let (sentences, said) = channel::<(String, Sender<()>)>();
        // Without this thread there is only nobody who says anything.
        let _ = thread::Builder::new()
            .name("speech".to_owned())
            .spawn(move || said.iter().for_each(|(sentence, _done)| write(&sentence)));
        Speech { sentences }
    }

    /// Says a sentence, and waits until it is out, but not for long.
    pub fn say(&self, sentence: String) {
        let (done, is_done) = channel();
        let _ = self.sentences.send((sentence, done));
        // Nothing is ever sent there; it ends when the sentence is out.
        let _ = is_done.recv_timeout(PATIENCE);
    }
}

/// Whoever does not read any more misses something, and nothing else happens.
fn write(sentence: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{sentence}");
    let _ = out.flush();
}

/// Says on standard error what a person should know and nobody asked for; when that is closed, nothing.
pub fn complain(sentence: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{sentence}");
}

/// Takes lines until there are no more; then goes on without.
pub fn listen(events: Sender<Event>) {
    let reader = move || {
        let is_terminal = std::io::stdin().is_terminal();
        loop {
            // Reading a terminal from the background would stop the whole program.
            while is_terminal && is_in_background() {
                thread::sleep(GLANCE);
            }
            let mut input = std::io::stdin().lock();
            let line = match read_line(&mut input) {
                Ok(Some(line)) => line,
                Ok(None) | Err(_) => return,
            };
            drop(input);
            let (asks, answer) = channel();
            if events.send(Event::Line(line, asks)).is_err() {
                return;
            }
            match answer.recv() {
                Ok(Some(answer)) => write(&answer),
                Ok(None) => {}
                Err(_) => return,
            }
        }
    };
    // Without this thread there is only nobody to say anything.
    let _ = thread::Builder::new()
        .name("lines".to_owned())
        .spawn(reader);
}

/// The next line, whatever its bytes are; of a very long one the beginning, which makes no sense either.
fn read_line(input: &mut impl BufRead) -> std::io::Result<Option<String>> {
    let mut line = Vec::new();
    input.by_ref().take(LONGEST).read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Ok(None);
    }
    if line.last() != Some(&b'\n') {
        input.skip_until(b'\n')?;
    }
    Ok(Some(String::from_utf8_lossy(&line).into_owned()))
}

/// Whether this program runs in the background of its terminal. Where that cannot be known it does not.
fn is_in_background() -> bool {
    let stat = std::fs::read_to_string("/proc/self/stat");
    stat.is_ok_and(|stat| is_background(&stat) == Some(true))
}

/// Whether the process that a line of `/proc/PID/stat` describes is of another group than the one in front. The name
/// in brackets may hold anything; behind it come the state, the parent, the group, the session, the terminal and the
/// group in front.
fn is_background(stat: &str) -> Option<bool> {
    let (_, behind) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = behind.split_whitespace().collect();
    Some(fields.get(2)? != fields.get(5)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_whatever_their_bytes_are() {
        let long = vec![b'x'; 200_000];
        let all = [b"kill b1\n\xff\xfe\n", &*long, b"\nlast"].concat();
        let mut input = &*all;
        let mut lines = Vec::new();
        while let Some(line) = read_line(&mut input).expect("memory can be read") {
            lines.push(line.trim_end().to_owned());
        }
        assert_eq!(lines[..2], ["kill b1", "\u{fffd}\u{fffd}"]);
        assert_eq!(lines[2].len(), LONGEST as usize);
        assert_eq!(lines[3..], ["last"]);
    }

    #[test]
    fn who_is_in_front_is_read_behind_any_name() {
        let front = "7 (a) b) S 1 7 7 34816 7 4194304 1";
        let behind = "7 (a) b) S 1 7 3 34816 5 4194304 1";
        assert_eq!(is_background(front), Some(false));
        assert_eq!(is_background(behind), Some(true));
        assert_eq!(is_background("nothing"), None);
    }
}
