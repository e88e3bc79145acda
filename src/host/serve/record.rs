//! A run as a script, written while it happens, by the thread of the world: a disk that stalls stalls the cluster.

use std::fs::File;
use std::io::{BufWriter, Read as _, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use kafka_playground::rng::Seed;
use kafka_playground::script;
use kafka_playground::world::{Command, Place, Plan};

use super::speech::complain;

/// What lies in memory is written out so often, so that a run that ends in a power cut is recorded too.
const FLUSHED: Duration = Duration::from_secs(1);

/// How every record begins, and nothing that somebody writes by hand: plans and lessons are scripts too, and are not
/// overwritten.
const BEGINNING: &str = "# recorded by kafka-playground serve\n";

/// The script of a run.
pub struct Record {
    out: BufWriter<File>,
    /// Where the last command was given.
    place: Option<Place>,
    /// The lines of a command that is being carried out.
    intended: Option<(Place, String)>,
    flushed: Instant,
    /// Why writing has stopped.
    failed: Option<String>,
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
        let mut record = Record {
            out: BufWriter::new(out),
            place: None,
            intended: None,
            flushed: Instant::now(),
            failed: None,
            bytes: 0,
        };
        record.write(BEGINNING);
        record.write(&script::print_plan(plan, seed));
        Ok(record)
    }

    /// Notes a command that is about to be carried out at a place. It is kept or forgotten next, unless the world
    /// falls over in it.
    pub fn intend(&mut self, place: Place, command: &Command) {
        self.intended = Some((place, script::print_command(command)));
    }

    /// The command was carried out.
    pub fn keep(&mut self) {
        let Some((place, line)) = self.intended.take() else {
            return;
        };
        if self.place != Some(place) {
            self.place = Some(place);
            self.write(&format!("at {}+{}\n", place.at, place.steps));
        }
        self.write(&line);
        self.write("\n");
    }

    /// The command was refused.
    pub fn forget(&mut self) {
        self.intended = None;
    }

    /// Writes how far the world had come when it fell over, in a command or in a step. Whether all of it stands in
    /// the file.
    pub fn fell(&mut self, place: Place) -> bool {
        self.keep();
        self.write(&format!("at {}+{}\n", place.at, place.steps));
        self.flush();
        self.failed.is_none()
    }

    /// Writes out what lies in memory, if that was long ago.
    pub fn tick(&mut self) {
        if self.flushed.elapsed() >= FLUSHED {
            self.flush();
        }
    }

    /// Writes where the run ended and what it came to. How long the script is.
    ///
    /// # Errors
    /// When some of it could not be written.
    pub fn end(mut self, place: Place, digest: &str) -> Result<u64, String> {
        self.write(&format!(
            "at {}+{}\n# digest {digest}\n",
            place.at, place.steps
        ));
        self.flush();
        match self.failed {
            Some(error) => Err(format!("the record is incomplete: {error}")),
            None => Ok(self.bytes),
        }
    }

    fn write(&mut self, text: &str) {
        if self.failed.is_some() {
            return;
        }
        self.bytes += text.len() as u64;
        if let Err(error) = self.out.write_all(text.as_bytes()) {
            self.fails(&error);
        }
    }

    fn flush(&mut self) {
        self.flushed = Instant::now();
        if self.failed.is_none()
            && let Err(error) = self.out.flush()
        {
            self.fails(&error);
        }
    }

    /// What cannot be written is said at once, not at the end of a run that somebody relies on.
    fn fails(&mut self, error: &std::io::Error) {
        complain(&format!("The run is not recorded any further: {error}"));
        self.failed = Some(error.to_string());
    }
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
    use kafka_playground::model::ProcessId;
    use kafka_playground::time::Instant;

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
