//! The page of a lesson: what is read beside the stage, parsed from `www/lessons/NN-slug.md`.
//!
//! ```text
//! ---
//! slug: keys
//! number: 4
//! title: Same key, same partition
//! lens: topic
//! lead: A key decides where a message goes.
//! ---
//!
//! ## A heading
//!
//! One paragraph of prose, see `inline`.
//!
//! A second one, where there is something to say that is seen only once the step has played.
//!
//! label: Asks
//! wash: p1 orders-0
//! ask: Where does the next message go?
//! - Partition 0
//! - [x] Partition {partition chen orders}
//! because: The hash of the key decides.
//! event: p1 orders-2 queues "chen"
//! check: {homes chen orders} = 2
//! ```
//!
//! `try: key` gives the reader an input of their own there, see `attempt`. `label` is the heading in a word, for the
//! ribbon. `wash` names what the reader should look at. `ask` to `because` is a prediction: it is asked where the step
//! begins, `event` is what it is about and must happen within the step. `check` is held against the world where the
//! step ends; nobody sees it.
//!
//! Laws: a lesson has 3 to 8 steps and at least one prediction; a heading has at most 7 words, a body 60,
//! a lead 30, an explanation 25; at most two things are washed; no number is typed in prose (`wording`).
//! What cannot be read is refused with its line and what would have been accepted.
//!
//! `front` reads what stands between the dashes, `step` a step line by line.

mod front;
mod step;

use crate::lesson::Unreadable;
use crate::lesson::attempt::Attempt;
use crate::lesson::inline::{self, Prose};
use crate::lesson::placeholder::Pattern;
use crate::lesson::wording;
use crate::model::Text;
use crate::stage::{Lens, Thing};

use front::front_matter;
use step::Step;

/// What is read beside the stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub slug: Text,
    /// Its place in the contents, counted from 1; 0 is the first page.
    pub number: u16,
    pub title: Text,
    pub lens: Lens,
    /// `rows: even`: all partitions are shown alike, and none larger because it is spoken of.
    pub even: bool,
    pub lead: Prose,
    pub steps: Vec<Paragraph>,
}

/// One step of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paragraph {
    /// The line of its heading, counted from 1.
    pub line: usize,
    pub heading: Text,
    /// The heading in a word, for the ribbon.
    pub label: Text,
    pub body: Prose,
    /// Read once the step has played: what can be seen on the stage only then.
    pub after: Option<Prose>,
    /// What the reader should look at.
    pub washes: Vec<Thing>,
    pub prediction: Option<Prediction>,
    /// What the step is about. A prediction is asked before it happens.
    pub event: Option<Pattern>,
    pub checks: Vec<Check>,
    /// What the reader may try here.
    pub attempt: Option<Attempt>,
}

/// A question that the reader answers before the answer is seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prediction {
    /// Filled in where the step begins.
    pub question: Prose,
    /// Filled in, like everything else, where the step ends.
    pub answers: Vec<Prose>,
    /// Which answer is right.
    pub right: usize,
    pub because: Prose,
}

/// Something that must be so where the step ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    pub line: usize,
    pub left: Prose,
    pub relation: Relation,
    pub right: Prose,
}

/// How the two sides of a check stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    Same,
    Different,
    /// Of whole numbers.
    Less,
    /// Of whole numbers.
    More,
}

const MOST_STEPS: usize = 8;
const LEAST_STEPS: usize = 3;
const HEADING_WORDS: usize = 7;
/// A body has at most so many words.
pub const BODY_WORDS: usize = 60;
/// A lead has at most so many words.
pub const LEAD_WORDS: usize = 30;
/// An explanation has at most so many words.
pub const BECAUSE_WORDS: usize = 25;
const LABEL_LETTERS: usize = 12;
const MOST_WASHES: usize = 2;

/// Reads a page.
///
/// # Errors
/// The first line that cannot be read, or that breaks a limit.
pub fn parse(text: &str) -> Result<Page, Unreadable> {
    let mut lines = text
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line.trim()));
    let mut page = front_matter(&mut lines)?;
    let mut open: Option<Step> = None;
    for (number, line) in lines {
        let at = |sentence: String| Unreadable {
            line: number,
            sentence,
        };
        if let Some(heading) = line.strip_prefix("## ") {
            page.steps.extend(open.take().map(Step::close).transpose()?);
            wording::check(heading).map_err(at)?;
            limit(
                "a heading",
                heading.split_whitespace().count(),
                HEADING_WORDS,
            )
            .map_err(at)?;
            open = Some(Step::open(number, heading.trim()));
        } else if let Some(step) = &mut open {
            step.take(number, line).map_err(at)?;
        } else if !line.is_empty() {
            return Err(at("a step begins with ## and its heading".to_owned()));
        }
    }
    page.steps.extend(open.take().map(Step::close).transpose()?);
    let whole = |sentence: String| Err(Unreadable { line: 1, sentence });
    let count = page.steps.len();
    if !(LEAST_STEPS..=MOST_STEPS).contains(&count) {
        return whole(format!(
            "a lesson has {LEAST_STEPS} to {MOST_STEPS} steps, not {count}"
        ));
    }
    if page.number > 0 && page.steps.iter().all(|step| step.prediction.is_none()) {
        return whole("a lesson asks at least one question; see ask:".to_owned());
    }
    Ok(page)
}

fn limit(what: &str, words: usize, most: usize) -> Result<(), String> {
    match words {
        0 => Err(format!("{what} is empty")),
        words if words > most => Err(format!("{what} has at most {most} words, not {words}")),
        _ => Ok(()),
    }
}

fn prose(text: &str) -> Result<Prose, String> {
    let prose = inline::parse(text)?;
    wording::check_prose(&prose)?;
    Ok(prose)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRONT: &str = "---\nslug: keys\nnumber: 4\ntitle: T\nlens: topic\nlead: A lead of {brokers} brokers.\n---\n";
    const ASKING: &str = "## Asks\nA body.\n\nlabel: Asks\n\nask: Where?\n- Here\n- [x] At {hw t-0}\n\
        because: It is so.\nevent: b1 t-0 hw\ncheck: {hw t-0} > 3\n";
    const STEP: &str = "## Tells\nA body\nof more lines.\n\nlabel: Tells\nwash: b1 t-0@3\n";

    fn with(steps: &[&str]) -> String {
        format!("{FRONT}\n{}", steps.join("\n"))
    }

    fn refused(text: &str) -> String {
        parse(text).expect_err(text).to_string()
    }

    #[test]
    fn a_page_reads() {
        let page = parse(&with(&[STEP, ASKING, STEP])).expect("a page");
        assert_eq!(
            (&*page.slug, page.number, page.lens),
            ("keys", 4, Lens::ByTopic)
        );
        assert_eq!(page.steps.len(), 3);
        assert_eq!(inline::plain(&page.steps[0].body), "A body of more lines.");
        let washed: Vec<_> = page.steps[0]
            .washes
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(washed, ["b1", "t-0@3"]);
        let prediction = page.steps[1].prediction.as_ref().expect("it asks");
        assert_eq!((prediction.answers.len(), prediction.right), (2, 1));
        assert_eq!(page.steps[1].checks[0].relation, Relation::More);
    }

    #[test]
    fn the_number_of_steps_is_limited() {
        assert!(refused(&with(&[STEP, ASKING])).contains("3 to 8 steps, not 2"));
        assert!(refused(&with(&[STEP; 9])).contains("3 to 8 steps, not 9"));
        assert!(refused(&with(&[STEP; 3])).contains("asks at least one question"));
    }

    #[test]
    fn what_breaks_a_rule_is_refused_with_its_line() {
        let long = format!("## Heading\n{}", "word ".repeat(61));
        for (step, sentence) in [
            ("text before any step", "line 9: a step begins with ##"),
            (
                "## one word more than there may be here",
                "line 9: a heading has at most 7 words, not 8",
            ),
            (&*long, "line 9: a body has at most 60 words, not 61"),
            ("## Empty\n", "line 9: a body is empty"),
            ("## H\nThere are 3 brokers.", "line 9: 3 is typed"),
            ("## H\nThere are three brokers.", "line 9: three is typed"),
            ("## H\nNow {brokers is.", "line 9: a placeholder ends"),
            ("## H\nBody.\n\nwash: b1 b2 b3", "line 12: at most 2 things"),
            (
                "## H\nBody.\n\nMore.\n\nMore.",
                "line 14: a body is one paragraph",
            ),
            (
                "## H\nBody.\n- Answer",
                "line 11: an answer comes after ask:",
            ),
            (
                "## H\nBody.\nask: Why?\n- A\n- B",
                "line 9: a question has a because:",
            ),
            (
                "## H\nBody.\nask: Why?\n- A\nbecause: So.",
                "line 9: a question has 2 to 4 answers",
            ),
            (
                "## H\nBody.\nask: Why?\n- A\n- B\nbecause: So.",
                "line 9: a question is about an event:",
            ),
            (
                "## H\nBody.\nask: Why?\n- A\n- B\nevent: b1 hw\nbecause: So.",
                "line 9: one answer is marked [x]",
            ),
            (
                "## H\nBody.\nask: Why?\n- [x] A\n- [x] B",
                "line 13: only one answer",
            ),
            ("## H\nBody.\nask: Why?\n- [x] At 3", "line 12: 3 is typed"),
            (
                "## H\nBody.\ncheck: {brokers}",
                "line 11: a check is two sides",
            ),
            ("## H\nBody.\nevent: hw", "is not a process"),
            ("## H\nBody.\ntry: luck", "line 11: try: is key,"),
            ("## H\nBody.\nask: A?\nask: B?", "line 12: ask: comes twice"),
        ] {
            let said = refused(&with(&[step]));
            assert!(said.contains(sentence), "{step}: {said}");
        }
    }

    #[test]
    fn front_matter_is_complete() {
        assert!(refused("## H").contains("begins with ---"));
        assert!(refused("---\nslug: a\n").contains("ends with ---"));
        assert!(refused("---\nslug: a\n---\n").contains("has no number:"));
        assert!(refused("---\nslug: A1\n").contains("small letters"));
        assert!(refused("---\nlens: queue\n").contains("broker, topic or record"));
        assert!(refused("---\ncolour: red\n").contains("colour: is none of"));
        assert!(refused("---\ntitle: a\ntitle: b\n").contains("title: comes twice"));
        assert!(refused("---\nnumber: 100\n").contains("from 0 to 99"));
    }
}
