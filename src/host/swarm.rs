//! Swarms by the thousand: seeds in threads, shrunk failures, figures and coverage.

#[cfg(feature = "planted")]
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use kafka_playground::script::link;
use kafka_playground::swarm::shrink::shrink;
use kafka_playground::swarm::{self, Budget, Coverage, Failure, Recorder};

/// What is asked for.
struct Asked {
    seeds: u64,
    from: u64,
    /// Hours of simulated time after which it is enough.
    hours: Option<u64>,
    budget: Option<Budget>,
    threads: u64,
    attempts: u32,
    most: u64,
    /// Only seeds whose topics compact.
    compacted: bool,
    /// Long calm runs instead of short busy ones.
    calm: bool,
}

impl Asked {
    fn read(words: &[&str]) -> Result<Asked, String> {
        let mut asked = Asked {
            seeds: 100,
            from: 1,
            hours: None,
            budget: None,
            threads: 2,
            attempts: 400,
            most: 5,
            compacted: false,
            calm: false,
        };
        let mut words = words.iter();
        while let Some(name) = words.next() {
            if *name == "--calm" {
                asked.calm = true;
                continue;
            }
            let word = words
                .next()
                .ok_or_else(|| format!("{name} needs a value"))?;
            let number = || {
                let number = word.parse::<u64>();
                number.map_err(|_| format!("{name} {word}: that is no number"))
            };
            match *name {
                "--seeds" => asked.seeds = number()?,
                "--from" => asked.from = number()?,
                "--hours" => asked.hours = Some(number()?),
                "--threads" => asked.threads = number()?.max(1),
                "--attempts" => asked.attempts = number()? as u32,
                "--most" => asked.most = number()?,
                "--budget" => {
                    let budget = Budget::parse(word);
                    asked.budget = Some(budget.ok_or("--budget is one of safe, harsh and client")?);
                }
                "--with" if *word == "compaction" => asked.compacted = true,
                "--with" => return Err("--with is compaction".to_owned()),
                _ => {
                    return Err(format!(
                        "swarm takes --seeds, --from, --hours, --budget, --threads, --attempts, \
                         --most, --with and --calm, not {name}"
                    ));
                }
            }
        }
        if asked.hours.is_some() {
            asked.seeds = u64::MAX - asked.from;
        }
        Ok(asked)
    }

    fn budget_of(&self, seed: u64) -> Budget {
        self.budget.unwrap_or(Budget::of(seed))
    }
}

/// What all threads together have found.
#[derive(Default)]
struct Found {
    runs: u64,
    micros: u64,
    coverage: Coverage,
    failed: u64,
}

/// Runs seeds, prints what fails as it fails, and at the end figures and coverage.
///
/// # Errors
/// When the words make no sense, or something failed.
pub fn swarm(words: &[&str]) -> Result<String, String> {
    if let ["--bugs", rest @ ..] = words {
        return bugs(rest);
    }
    if let ["--digests", count] = words {
        return digests(count);
    }
    if let ["--script", seed, budget @ ..] = words {
        return script(seed, budget);
    }
    let asked = Asked::read(words)?;
    // A world that falls over is reported with its script.
    std::panic::set_hook(Box::new(|_| {}));
    let (found, next) = (Mutex::new(Found::default()), AtomicU64::new(0));
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..asked.threads {
            scope.spawn(|| work(&asked, &next, &found));
        }
    });
    let found = found.into_inner().map_err(|_| "a thread fell over")?;
    let text = figures(&asked, &found, begun.elapsed().as_secs_f64());
    let unforeseen = found.coverage.unforeseen().count();
    match (found.failed, unforeseen) {
        (0, 0) => Ok(text),
        (0, _) => Err(format!(
            "{text}{unforeseen} things were seen that cannot be"
        )),
        (failed, _) => Err(format!("{text}{failed} seeds failed")),
    }
}

/// Seconds that this process has computed, in all its threads; `None` where the system does not tell.
fn computed() -> Option<f64> {
    /// Linux counts in hundredths of a second for whoever asks.
    const TICKS: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program comes first, in parentheses, and may hold anything.
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    let user: f64 = fields.nth(11)?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / TICKS)
}

/// The first seeds and the digests of their runs, as `tests/swarm.txt` holds them.
fn digests(count: &str) -> Result<String, String> {
    let count: u64 = count.parse().map_err(|_| format!("{count} is no number"))?;
    let mut text = String::new();
    for seed in 1..=count {
        let verdict = swarm::run(seed, Budget::of(seed));
        let _ = writeln!(text, "{seed} {}", verdict.digest);
    }
    Ok(text)
}

/// What is done to the cluster of a seed, as a script that the page opens.
fn script(seed: &str, budget: &[&str]) -> Result<String, String> {
    let seed: u64 = seed.parse().map_err(|_| format!("{seed} is no number"))?;
    let budget = match budget {
        [] => Some(Budget::of(seed)),
        ["--budget", word] => Budget::parse(word),
        _ => None,
    };
    let budget = budget.ok_or("--script takes a seed, and --budget safe, harsh or client")?;
    Ok(swarm::run(seed, budget).script)
}

/// Plants each bug and counts the seeds until somebody notices, from several places; then the median.
#[cfg(feature = "planted")]
fn bugs(words: &[&str]) -> Result<String, String> {
    use kafka_playground::log::planted::Bug;

    /// Where counting begins.
    const FROM: [u64; 3] = [1, 100_001, 200_001];
    /// So many seeds are enough for anything that can be seen.
    const MOST: u64 = 2_000;
    std::panic::set_hook(Box::new(|_| {}));
    let (words, most) = match words {
        [named @ .., "--most", most] => (named, most.parse().map_err(|_| "--most is a number")?),
        _ => (words, MOST),
    };
    let (mut text, mut all, mut missed) = (String::new(), Vec::new(), 0);
    let mut by_law: BTreeMap<String, BTreeMap<&str, u32>> = BTreeMap::new();
    let named = Bug::ALL.iter();
    for (number, bug) in named.filter(|(number, _)| words.is_empty() || words.contains(number)) {
        let seek = |from: u64| {
            (0..most).find_map(|at| {
                let seed = from + at;
                if bug.is_of_the_cleaner() && !swarm::compacts(seed, Budget::of(seed)) {
                    return None;
                }
                let failure = planted(seed, Budget::of(seed), number)?;
                // What fails without the bug too was not found because of it.
                let clean = attempt(seed, Budget::of(seed), false, &Mutex::default()).0;
                if clean.is_some() {
                    return None;
                }
                Some((at + 1, seed, failure.kind().to_owned()))
            })
        };
        let tries: Vec<(u64, u64, String)> = FROM.into_iter().filter_map(seek).collect();
        let found = tries.iter().map(|(seeds, seed, law)| {
            let budget = Budget::of(*seed).name();
            format!("{seeds} (seed {seed} {budget} {law})")
        });
        let found: Vec<String> = found.collect();
        missed += FROM.len() - tries.len();
        all.extend(tries.iter().map(|(seeds, ..)| *seeds));
        for (_, _, law) in tries {
            *by_law.entry(law).or_default().entry(number).or_default() += 1;
        }
        println!("{number} {bug:?}: seeds until found {}", found.join(", "));
    }
    for (law, bugs) in &by_law {
        let times = |(bug, times): (&&str, &u32)| match times {
            1 => (*bug).to_owned(),
            _ => format!("{bug} ({times})"),
        };
        let found: Vec<String> = bugs.iter().map(times).collect();
        let _ = writeln!(text, "{law:>4} finds {}: {}", bugs.len(), found.join(", "));
    }
    all.sort_unstable();
    let median = all.get(all.len() / 2).copied().unwrap_or_default();
    let _ = writeln!(
        text,
        "median {median} seeds, {missed} searches without success"
    );
    Ok(text)
}

#[cfg(feature = "planted")]
fn planted(seed: u64, budget: Budget, number: &str) -> Option<Failure> {
    let mut recorder = Recorder::default();
    let extra = format!(" planted={number}");
    let run = catch_unwind(AssertUnwindSafe(|| {
        swarm::run_recording(seed, budget, &extra, &mut recorder)
    }));
    match run {
        Ok(verdict) => verdict.failure,
        Err(fall) => Some(fallen(&*fall)),
    }
}

#[cfg(not(feature = "planted"))]
fn bugs(_: &[&str]) -> Result<String, String> {
    Err("bugs are planted only in builds with --features planted".to_owned())
}

fn work(asked: &Asked, next: &AtomicU64, found: &Mutex<Found>) {
    loop {
        let at = next.fetch_add(1, Ordering::Relaxed);
        let enough = |found: &Found| {
            let hours = asked.hours.unwrap_or(u64::MAX / 3_600_000_000);
            found.micros / 3_600_000_000 >= hours || found.failed >= asked.most
        };
        if at >= asked.seeds || found.lock().is_ok_and(|found| enough(&found)) {
            return;
        }
        let seed = asked.from + at;
        let budget = asked.budget_of(seed);
        if asked.compacted && !swarm::compacts(seed, budget) {
            continue;
        }
        let (failure, lines) = attempt(seed, budget, asked.calm, found);
        if let Some(failure) = failure {
            report(seed, budget, &failure, lines, asked.attempts);
        }
    }
}

/// Runs one seed; what led to a failure, if it failed.
fn attempt(
    seed: u64,
    budget: Budget,
    calm: bool,
    found: &Mutex<Found>,
) -> (Option<Failure>, Vec<String>) {
    let mut recorder = Recorder::default();
    let run = catch_unwind(AssertUnwindSafe(|| match calm {
        true => swarm::run_calm(seed, budget, &mut recorder),
        false => swarm::run_recording(seed, budget, "", &mut recorder),
    }));
    let mut found = found.lock().expect("nobody falls over while holding this");
    found.runs += 1;
    let (failure, until) = match run {
        Ok(verdict) => {
            found.micros += verdict.simulated.as_micros();
            found.coverage.merge(&verdict.coverage);
            (verdict.failure, verdict.trouble)
        }
        Err(fall) => (Some(fallen(&*fall)), usize::MAX),
    };
    found.failed += u64::from(failure.is_some());
    recorder.lines.truncate(until);
    (failure, recorder.lines)
}

/// A world that fell over, as a failure.
fn fallen(fall: &(dyn std::any::Any + Send)) -> Failure {
    let text = fall.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| fall.downcast_ref::<&str>().copied());
    Failure {
        law: "NothingFallsOver".to_owned(),
        what: format!("P1: {}", text.unwrap_or("without a word")),
    }
}

fn replayed(lines: &[String], budget: Budget) -> (Option<Failure>, Vec<String>) {
    let mut recorder = Recorder::default();
    let run = catch_unwind(AssertUnwindSafe(|| {
        swarm::replay(lines, budget, &mut recorder)
    }));
    match run {
        Ok(verdict) => (verdict.failure, recorder.lines),
        Err(fall) => (Some(fallen(&*fall)), recorder.lines),
    }
}

/// One line about a failure, and then the shortest script that fails in the same way.
fn report(seed: u64, budget: Budget, failure: &Failure, lines: Vec<String>, attempts: u32) {
    let same = |lines: &[String]| {
        let other = replayed(lines, budget).0;
        other.is_some_and(|other| other.kind() == failure.kind())
    };
    let mut text = format!("seed {seed} {} {failure}\n", budget.name());
    let shortest = match attempts > 0 && same(&lines) {
        true => shrink(&lines, attempts, same),
        false => lines,
    };
    let (last, all) = replayed(&shortest, budget);
    if let Some(last) = last {
        let _ = writeln!(text, "# {last}");
    }
    for line in &all {
        let _ = writeln!(text, "{line}");
    }
    let link = link::pack(&all.join("\n"));
    let _ = match link.len() > link::MOST_LINK {
        true => writeln!(text, "# In the page: paste it into the sandbox."),
        false => writeln!(text, "# In the page: sandbox/#{link}"),
    };
    println!("{text}");
}

fn figures(asked: &Asked, found: &Found, seconds: f64) -> String {
    let mut text = String::new();
    let simulated = found.micros as f64 / 1e6;
    let hours = simulated / 3_600.0;
    let _ = writeln!(
        text,
        "{} seeds, {} violations, {hours:.2} simulated hours",
        found.runs, found.failed,
    );
    let _ = writeln!(
        text,
        "{seconds:.1} s by the clock with {} threads: {:.0} seeds and {:.1} simulated hours an hour, \
         {:.0} simulated seconds a second",
        asked.threads,
        found.runs as f64 / seconds * 3_600.0,
        hours / seconds * 3_600.0,
        simulated / seconds,
    );
    if let Some(computed) = computed().filter(|computed| *computed > 0.0) {
        let _ = writeln!(
            text,
            "{computed:.1} s computed: {:.0} simulated seconds a second of one core, {:.2} seeds",
            simulated / computed,
            found.runs as f64 / computed,
        );
    }
    for (name, count) in found.coverage.seen() {
        let _ = writeln!(text, "{count:>9} {name}");
    }
    for (name, value) in found.coverage.measures().all() {
        let _ = writeln!(text, "{value:>9} measure {name}");
    }
    for name in found.coverage.never() {
        let _ = writeln!(text, "    never {name}");
    }
    for name in found.coverage.unforeseen() {
        let _ = writeln!(text, "unforeseen {name}");
    }
    text
}
