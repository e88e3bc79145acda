//! What only the binary has: the command line, and the cluster on TCP.
//!
//! `swarm` runs drawn clusters, `serve` is the cluster on TCP, `still` draws pictures of lessons, and `first` that of
//! the first frame. Exempt from the laws on clocks, threads and printing; nothing imports it.

mod first;
mod serve;
mod still;
mod swarm;

use std::io::Read as _;
use std::process::ExitCode;

use kafka_playground::script;

const HELP: &str = "\
kafka-playground run FILE      run a script and print what it shows; - reads standard input
kafka-playground digest FILE   run a script and print the digest of its journal
kafka-playground serve [OPTION]...   a Kafka cluster on TCP for real clients; serve --help says more
kafka-playground still SLUG N THEME   draw the end of a lesson's step as SVG, then its text; one picture
                               serves both themes
kafka-playground still first   draw the first frame of the page: every size of the stage, the ribbon, the clock
kafka-playground swarm --seeds N [--from S] [--budget safe|harsh|client] [--hours H] [--with compaction]
                               [--calm] [--threads T] [--attempts A] [--most M]
                               run clusters drawn from numbers; what fails is printed as the shortest script,
                               found in A attempts; M failures are enough. --calm has each run for hours
kafka-playground swarm --bugs [BUG]... [--most N]
                               plant bugs (builds with --features planted) and count seeds until they are found
kafka-playground swarm --digests N   the digests of the first seeds
kafka-playground swarm --script SEED [--budget safe|harsh|client]   what is done to the cluster of a seed
kafka-playground help          print this
";

/// Reads the command line and does what it says.
pub fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["serve", words @ ..] => return serve::serve(words),
        ["run", file] => read(file).and_then(|text| run(&text)),
        ["still", "first"] => first::first(),
        ["still", slug, step, _theme] => still::still(slug, step),
        ["swarm", words @ ..] => swarm::swarm(words),
        ["digest", file] => read(file).and_then(|text| digest(&text)),
        [] | ["help" | "--help" | "-h"] => Ok(HELP.to_owned()),
        other => Err(format!("{} is no command.\n{HELP}", other.join(" "))),
    };
    match done {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(sentence) => {
            eprintln!("{sentence}");
            ExitCode::FAILURE
        }
    }
}

fn read(file: &str) -> Result<String, String> {
    if file == "-" {
        let mut text = String::new();
        let read = std::io::stdin().read_to_string(&mut text);
        return read
            .map(|_| text)
            .map_err(|error| format!("standard input: {error}"));
    }
    std::fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))
}

/// A script without `---` shows everything at its end, as if each run were followed by one.
fn run(text: &str) -> Result<String, String> {
    let marked = text.lines().any(|line| line.trim() == "---");
    let text = if marked {
        text.to_owned()
    } else {
        format!("{}\n---\n", text.trim_end())
    };
    script::run_golden(&text).map_err(|unreadable| unreadable.to_string())
}

fn digest(text: &str) -> Result<String, String> {
    let history = script::parse_long(text).and_then(|script| script.play());
    let history = history.map_err(|unreadable| unreadable.to_string())?;
    if let Some(violation) = history.violation() {
        return Err(format!("a law does not hold: {violation}"));
    }
    Ok(format!("{}\n", history.observed().journal.digest()))
}
