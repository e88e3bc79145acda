//! A run as a script, written while it happens: the thread of the world says what, and another writes it down.
//!
//! A record that ends early says so, and replays up to where it ended: of what was carried out nothing is left out in
//! the middle.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use kafka_playground::rng::Seed;
use kafka_playground::script;
use kafka_playground::world::{Command, Place, Plan};

use super::bounds::{MEBIBYTE, mebibytes};
use super::scribe::{Paper, Refusal, Scribe, ends_here};
use super::speech::complain;

/// So much of a record may wait for the disk before it ends.
pub const UNWRITTEN: u64 = 32 * MEBIBYTE;

/// So long the disk is waited for when the world fell over: somebody has to be told of that.
const FELL: Duration = Duration::from_secs(5);

/// How every record begins, and nothing that somebody writes by hand: plans and lessons are scripts too, and are not
/// overwritten.
const BEGINNING: &str = "# recorded by kafka-playground serve\n";

/// The script of a run.
pub struct Record {
    scribe: Scribe,
    /// Where the last command was given.
    place: Option<Place>,
    /// The lines of a command that is being carried out.
    intended: Option<(Place, String)>,
    /// Why it ended early.
    ended: Option<String>,
    bytes: u64,
}

impl Record {
    /// Begins a file with the lines that describe the world.
    ///
    /// # Errors
    /// When the file cannot be written, or holds something that is no record.
    pub fn begin(file: &Path, plan: &Plan, seed: Seed) -> Result<Record, String> {
        let name = file.display();
        if is_of_value(file) {
            return Err(format!(
                "--record {name}: that file is there and is no record, so it is not overwritten"
            ));
        }
        let out = File::create(file).map_err(|error| format!("--record {name}: {error}"))?;
        Record::begin_on(out, UNWRITTEN, plan, seed)
    }

    /// Likewise on anything, where so much may wait to be written.
    fn begin_on(paper: impl Paper, most: u64, plan: &Plan, seed: Seed) -> Result<Record, String> {
        let scribe = Scribe::begin(paper, most);
        let mut record = Record {
            scribe: scribe.map_err(|error| format!("no thread for the record: {error}"))?,
            place: None,
            intended: None,
            ended: None,
            bytes: 0,
        };
        record.write_at_last(BEGINNING.to_owned() + &script::print_plan(plan, seed));
        Ok(record)
    }

    /// Notes a command that is about to be carried out at a place. It is kept or forgotten next, unless the world
    /// falls over in it.
    pub fn intend(&mut self, place: Place, command: &Command) {
        if self.ended.is_none() {
            self.intended = Some((place, script::print_command(command)));
        }
    }

    /// The command was carried out.
    pub fn keep(&mut self) {
        let Some((place, line)) = self.intended.take() else {
            return;
        };
        let text = match self.place == Some(place) {
            true => format!("{line}\n"),
            false => format!("{}{line}\n", at(place)),
        };
        self.place = Some(place);
        let length = text.len() as u64;
        match self.scribe.write(text) {
            Ok(()) => self.bytes += length,
            Err(Refusal::TooMuch) => self.ends_at(place),
            Err(Refusal::Broken) => self.breaks(),
        }
    }

    /// The command was refused.
    pub fn forget(&mut self) {
        self.intended = None;
    }

    /// Writes how far the world had come when it fell over, in a command or in a step. Whether all of it stands in
    /// the file.
    pub fn fell(&mut self, place: Place) -> bool {
        self.keep();
        self.write_at_last(at(place));
        self.scribe.end_within(FELL) && self.ended.is_none()
    }

    /// Writes where the run ended and what it came to, and waits until all is written. How long the script is.
    ///
    /// # Errors
    /// When some of it could not be written.
    pub fn end(mut self, place: Place, digest: &str) -> Result<u64, String> {
        self.write_at_last(format!("{}# digest {digest}\n", at(place)));
        let failed = self.scribe.end().err().or(self.ended);
        match failed {
            Some(why) => Err(format!("the record is incomplete: {why}")),
            None => Ok(self.bytes),
        }
    }

    /// The disk does not keep up: what was carried out before a place is recorded, and nothing else.
    fn ends_at(&mut self, place: Place) {
        let most = mebibytes(UNWRITTEN);
        let why = format!("{most} of it are still to be written, and the disk does not keep up");
        complain(&format!("The run is not recorded any further: {why}"));
        self.write_at_last(at(place) + &ends_here(&why));
        self.ended = Some(why);
    }

    fn write_at_last(&mut self, text: String) {
        if self.ended.is_some() {
            return;
        }
        let length = text.len() as u64;
        match self.scribe.write_at_last(text) {
            Ok(()) => self.bytes += length,
            Err(_) => self.breaks(),
        }
    }

    /// Who writes knows why, and has said it.
    fn breaks(&mut self) {
        self.ended = Some("it cannot be written".to_owned());
    }
}

/// The line that says where the commands behind it were given.
fn at(place: Place) -> String {
    format!("at {}+{}\n", place.at, place.steps)
}

/// Whether there is a file that something else than a record would be lost with.
fn is_of_value(file: &Path) -> bool {
    // A device or a pipe holds nothing that could be lost.
    if !std::fs::metadata(file).is_ok_and(|known| known.is_file() && known.len() > 0) {
        return false;
    }
    let mut start = [0; BEGINNING.len()];
    let read = File::open(file).and_then(|mut file| file.read_exact(&mut start));
    read.is_err() || start != BEGINNING.as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Error, ErrorKind, Write};
    use std::sync::mpsc::{Receiver, channel};
    use std::sync::{Arc, Mutex};

    use kafka_playground::model::ProcessId;
    use kafka_playground::time::Instant;

    /// A disk that holds so much, and stands still as long as somebody says.
    struct Disk {
        written: Arc<Mutex<Vec<u8>>>,
        holds: usize,
        stands_still: Option<Receiver<()>>,
    }

    impl Disk {
        /// A disk, and what will be on it.
        fn of(holds: usize) -> (Disk, Arc<Mutex<Vec<u8>>>) {
            let written = Arc::new(Mutex::new(Vec::new()));
            let disk = Disk {
                written: written.clone(),
                holds,
                stands_still: None,
            };
            (disk, written)
        }
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
            if let Some(still) = self.stands_still.take() {
                let _ = still.recv();
            }
            let mut written = self.written.lock().expect("nobody has fallen over");
            let count = bytes.len().min(self.holds - written.len());
            written.extend_from_slice(&bytes[..count]);
            match count {
                0 => Err(ErrorKind::StorageFull.into()),
                count => Ok(count),
            }
        }

        fn flush(&mut self) -> Result<(), Error> {
            Ok(())
        }
    }

    impl Paper for Disk {
        fn cut(&mut self, at: u64) {
            let mut written = self.written.lock().expect("nobody has fallen over");
            written.truncate(at as usize);
        }
    }

    fn text_of(written: &Mutex<Vec<u8>>) -> String {
        let bytes = written.lock().expect("nobody has fallen over").clone();
        String::from_utf8(bytes).expect("text")
    }

    /// Broker 1 is frozen and thawed in turn, so often, every millisecond.
    fn record_turns(record: &mut Record, count: u64) {
        for turn in 0..count {
            let process = ProcessId::Broker(1);
            let place = Place {
                at: Instant::from_millis(turn + 1),
                steps: 0,
            };
            let command = match turn % 2 {
                0 => Command::Freeze { process },
                _ => Command::Thaw { process },
            };
            record.intend(place, &command);
            record.keep();
        }
    }

    fn turns_in(text: &str) -> usize {
        let lines = text.lines();
        let turns = lines.filter(|line| line.starts_with("freeze ") || line.starts_with("thaw "));
        turns.count()
    }

    const END: Place = Place {
        at: Instant::from_micros(5_000_000),
        steps: 0,
    };

    #[test]
    fn a_disk_that_stands_still_holds_nobody_up_and_what_was_recorded_replays() {
        let (goes_on, stands_still) = channel();
        let (mut disk, written) = Disk::of(usize::MAX);
        disk.stands_still = Some(stands_still);
        let record = Record::begin_on(disk, 2_000, &Plan::default(), Seed(1));
        let mut record = record.expect("there are threads");
        record_turns(&mut record, 1_000);
        assert!(record.ended.is_some(), "so much does not fit");
        drop(goes_on);
        let ended = record.end(END, "digest").expect_err("it is incomplete");
        assert!(ended.contains("does not keep up"), "{ended}");
        let text = text_of(&written);
        let turns = turns_in(&text);
        assert!(10 < turns && turns < 1_000, "{turns}");
        // It goes as far as to where the first was that is not there, and says so.
        let last = Instant::from_millis(turns as u64 + 1);
        let end = format!("at {last}+0\n# The record ends here: ");
        let (_, behind) = text.rsplit_once(&end).expect("it says where");
        assert_eq!(behind.lines().count(), 1, "{behind}");
        let script = script::parse(&text).expect("a script");
        let played = script.play().expect("it replays up to there");
        assert_eq!(played.now(), last);
    }

    #[test]
    fn a_disk_that_takes_its_time_loses_nothing() {
        let (goes_on, stands_still) = channel();
        let (mut disk, written) = Disk::of(usize::MAX);
        disk.stands_still = Some(stands_still);
        let record = Record::begin_on(disk, UNWRITTEN, &Plan::default(), Seed(1));
        let mut record = record.expect("there are threads");
        record_turns(&mut record, 1_000);
        drop(goes_on);
        let length = record.end(END, "of it all").expect("it is complete");
        let text = text_of(&written);
        assert_eq!((text.len() as u64, turns_in(&text)), (length, 1_000));
        assert!(
            text.ends_with("at 5.000s+0\n# digest of it all\n"),
            "{text}"
        );
    }

    #[test]
    fn what_fits_on_a_full_disk_is_whole_lines_and_replays() {
        let plan = script::print_plan(&Plan::default(), Seed(1));
        let begun = BEGINNING.len() + plan.len();
        for room in 0..120 {
            let (disk, written) = Disk::of(begun + room);
            let record = Record::begin_on(disk, UNWRITTEN, &Plan::default(), Seed(1));
            let mut record = record.expect("there are threads");
            record_turns(&mut record, 20);
            let ended = record.end(END, "digest").expect_err("it is full");
            assert!(ended.contains("is incomplete: "), "{ended}");
            let text = text_of(&written);
            assert!(text.len() <= begun + room);
            let script = script::parse(&text);
            let played = script.and_then(|script| script.play());
            assert!(played.is_ok(), "{room}: {text}");
        }
    }

    #[test]
    fn only_a_record_is_overwritten() {
        let file = std::env::temp_dir().join(format!("overwritten-{}", std::process::id()));
        let begin = |text: &str| {
            std::fs::write(&file, text).expect("it can be written");
            let begun = Record::begin(&file, &Plan::default(), Seed(1));
            begun.err().unwrap_or_default()
        };
        let plan = "world brokers=1\ntopic orders partitions=1\n";
        let lesson = "# A lesson, which begins as a record goes on.\nworld brokers=3\n";
        for lost in ["my notes", "#", "# recorded by hand\n", plan, lesson] {
            assert!(begin(lost).contains("is not overwritten"), "{lost}");
            assert_eq!(std::fs::read_to_string(&file).ok().as_deref(), Some(lost));
        }
        assert_eq!(begin(""), "");
        let record = std::fs::read_to_string(&file).expect("a record");
        assert_eq!(begin(&record), "");
        std::fs::remove_file(&file).expect("it can go");
    }

    #[test]
    fn what_felled_the_world_stands_in_the_record() {
        let file = std::env::temp_dir().join(format!("felled-{}", std::process::id()));
        let mut record = Record::begin(&file, &Plan::default(), Seed(1)).expect("a file");
        let place = |steps| Place {
            at: Instant::from_millis(7),
            steps,
        };
        let freeze = |number| Command::Freeze {
            process: ProcessId::Broker(number),
        };
        record.intend(place(0), &freeze(1));
        record.keep();
        record.intend(place(0), &freeze(9));
        record.forget();
        record.intend(place(0), &freeze(2));
        // The world falls over while it does this, or in a step that follows.
        assert!(record.fell(place(3)));
        let text = std::fs::read_to_string(&file).expect("a record");
        std::fs::remove_file(&file).expect("it can go");
        let lines: Vec<&str> = text.splitn(3, '\n').collect();
        assert!(lines[1].starts_with("world "), "{text}");
        let lines = lines[2];
        assert_eq!(lines, "at 0.007s+0\nfreeze b1\nfreeze b2\nat 0.007s+3\n");
    }
}
