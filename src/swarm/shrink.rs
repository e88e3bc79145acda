//! The shortest script that still fails: lines are left out as long as it does.
//!
//! Delta debugging (Zeller and Hildebrandt, 2002) over lines: large stretches first, then single lines,
//! then times are halved. What the world refuses is left out by itself, so a line that ends a fault may
//! outlive the one that began it and is then tried alone.

use crate::time::Duration;

/// Fewer lines of which `fails` still says that they fail. Gives up after so many attempts.
pub fn shrink(
    lines: &[String],
    mut attempts: u32,
    mut fails: impl FnMut(&[String]) -> bool,
) -> Vec<String> {
    let mut best = lines.to_vec();
    let mut size = best.len().div_ceil(2).max(1);
    loop {
        let mut smaller = false;
        let mut at = 0;
        while at < best.len() {
            if attempts == 0 {
                return best;
            }
            let end = (at + size).min(best.len());
            // The world itself stays.
            let kept =
                |index: usize| index < at || index >= end || best[index].starts_with("world");
            let fewer: Vec<String> = (0..best.len())
                .filter(|index| kept(*index))
                .map(|index| best[index].clone())
                .collect();
            let shorter = fewer.len() < best.len();
            if shorter {
                attempts -= 1;
            }
            if shorter && fails(&fewer) {
                best = fewer;
                smaller = true;
            } else {
                at = end;
            }
        }
        if size > 1 {
            size /= 2;
        } else if !smaller {
            break;
        }
    }
    halve(best, attempts, fails)
}

fn halve(
    mut best: Vec<String>,
    mut attempts: u32,
    mut fails: impl FnMut(&[String]) -> bool,
) -> Vec<String> {
    for at in 0..best.len() {
        while let Some(half) = half_of(&best[at]) {
            if attempts == 0 {
                return best;
            }
            attempts -= 1;
            let mut shorter = best.clone();
            shorter[at] = half;
            if !fails(&shorter) {
                break;
            }
            best = shorter;
        }
    }
    best
}

/// `run 4s` as `run 2s`; nothing when it is short already.
fn half_of(line: &str) -> Option<String> {
    let span = Duration::parse(line.strip_prefix("run ")?)?;
    (span > Duration::from_millis(20)).then(|| {
        let half = Duration::from_millis(span.as_millis() / 2);
        format!("run {half}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_matter_is_left_out() {
        let lines: Vec<String> = (0..40).map(|number| format!("line {number}")).collect();
        let needed = ["line 3", "line 17", "line 31"];
        let fails = |lines: &[String]| {
            needed
                .iter()
                .all(|line| lines.contains(&(*line).to_owned()))
        };
        assert_eq!(shrink(&lines, 1_000, fails), needed);
        let times = ["run 4s".to_owned()];
        assert_eq!(shrink(&times, 100, |lines| !lines.is_empty()), ["run 15ms"]);
    }
}
