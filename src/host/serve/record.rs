//! A run as a script, written while it happens.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use kafka_playground::rng::Seed;
use kafka_playground::script;
use kafka_playground::world::{Command, Place, Plan};

/// What lies in memory is written out so often, so that a run that ends in a power cut is recorded too.
const FLUSHED: Duration = Duration::from_secs(1);

/// The script of a run.
pub struct Record {
    out: BufWriter<File>,
    /// Where the last command was given.
    place: Option<Place>,
    flushed: Instant,
    /// Why writing has stopped.
    failed: Option<String>,
    bytes: u64,
}

impl Record {
    /// Begins a file with the lines that describe the world.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn begin(file: &Path, plan: &Plan, seed: Seed) -> Result<Record, String> {
        let name = file.display();
        let out = File::create(file).map_err(|error| format!("--record {name}: {error}"))?;
        let mut record = Record {
            out: BufWriter::new(out),
            place: None,
            flushed: Instant::now(),
            failed: None,
            bytes: 0,
        };
        record.write(&script::print_plan(plan, seed));
        Ok(record)
    }

    /// Adds a command that was carried out at a place.
    pub fn add(&mut self, place: Place, command: &Command) {
        if self.place != Some(place) {
            self.place = Some(place);
            self.write(&format!("at {}+{}\n", place.at, place.steps));
        }
        self.write(&format!("{}\n", script::print_command(command)));
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
            eprintln!("The run is not recorded any further: {error}");
            self.failed = Some(error.to_string());
        }
    }

    fn flush(&mut self) {
        self.flushed = Instant::now();
        if let Err(error) = self.out.flush() {
            self.failed.get_or_insert(error.to_string());
        }
    }
}
