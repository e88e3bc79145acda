//! A lesson's script, cut into the parts of its steps.
//!
//! The script is an ordinary one; `#@ 2` is a comment to everybody but a lesson, for which what follows
//! plays in step 2; more words after the number are a comment to the lesson too. What stands before the first cut belongs to step 1.
//!
//! Laws: the cuts count the steps without gaps; every step plays something.

use crate::lesson::Unreadable;

/// The lines of a script that each step plays, as half-open ranges of line numbers counted from 1.
///
/// # Errors
/// The first cut that is out of order.
pub fn cuts(script: &str, steps: usize) -> Result<Vec<std::ops::Range<usize>>, Unreadable> {
    let mut starts = vec![1];
    for (index, line) in script.lines().enumerate() {
        let Some(cut) = line.trim().strip_prefix("#@") else {
            continue;
        };
        let at = |sentence: String| Unreadable {
            line: index + 1,
            sentence,
        };
        let next = starts.len() + 1;
        match cut.split_whitespace().next().unwrap_or_default().parse() {
            Ok(1) if starts.len() == 1 => {}
            Ok(step) if step == next => starts.push(index + 1),
            _ => return Err(at(format!("here the script goes on with #@ {next}"))),
        }
    }
    let end = script.lines().count() + 1;
    if starts.len() != steps {
        let sentence = format!(
            "the page has {steps} steps, the script plays {}",
            starts.len()
        );
        return Err(Unreadable {
            line: end - 1,
            sentence,
        });
    }
    let ends = starts.iter().skip(1).copied().chain([end]);
    Ok(starts
        .iter()
        .copied()
        .zip(ends)
        .map(|(start, end)| start..end)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_cut_at_its_marks() {
        let script = "world brokers=3\n#@ 1\nrun 1s\n#@ 2\nrun 2s\n# a comment\n#@ 3\nrun 3s\n";
        assert_eq!(cuts(script, 3), Ok(vec![1..4, 4..7, 7..9]));
    }

    #[test]
    fn marks_out_of_order_are_refused() {
        for (script, sentence) in [
            (
                "run 1s\n#@ 3\nrun 1s",
                "line 2: here the script goes on with #@ 2",
            ),
            (
                "run 1s\n#@ 2\n#@ 2\nrun 1s",
                "line 3: here the script goes on with #@ 3",
            ),
            (
                "run 1s\n#@ two",
                "line 2: here the script goes on with #@ 2",
            ),
            ("run 1s", "line 1: the page has 2 steps, the script plays 1"),
        ] {
            assert_eq!(cuts(script, 2).expect_err(script).to_string(), sentence);
        }
    }
}
