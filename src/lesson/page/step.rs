//! One step of a page while it is being read, line by line.

use super::{
    BECAUSE_WORDS, BODY_WORDS, Check, LABEL_LETTERS, MOST_WASHES, Paragraph, Prediction, Relation,
    limit, prose,
};
use crate::lesson::Unreadable;
use crate::lesson::attempt::Attempt;
use crate::lesson::inline::{self, Prose};
use crate::lesson::placeholder::Pattern;
use crate::lesson::wording;
use crate::model::Text;
use crate::stage::Thing;

/// What stands after the paragraphs.
const FIELDS: [&str; 7] = ["label", "wash", "ask", "because", "event", "try", "check"];

/// What a line of a step that is no field belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Body,
    After,
    Fields,
}

/// A step that is being read.
pub(super) struct Step {
    line: usize,
    heading: Text,
    body: String,
    /// The second paragraph.
    after: String,
    part: Part,
    label: Option<Text>,
    washes: Vec<Thing>,
    question: Option<Prose>,
    answers: Vec<Prose>,
    right: Option<usize>,
    because: Option<Prose>,
    event: Option<Pattern>,
    checks: Vec<Check>,
    attempt: Option<Attempt>,
}

impl Step {
    pub(super) fn open(line: usize, heading: &str) -> Step {
        Step {
            line,
            heading: heading.into(),
            body: String::new(),
            after: String::new(),
            part: Part::Body,
            label: None,
            washes: Vec::new(),
            question: None,
            answers: Vec::new(),
            right: None,
            because: None,
            event: None,
            checks: Vec::new(),
            attempt: None,
        }
    }

    pub(super) fn take(&mut self, number: usize, line: &str) -> Result<(), String> {
        if line.is_empty() {
            self.part = match self.part {
                Part::Body if self.body.is_empty() => Part::Body,
                Part::Body => Part::After,
                Part::After if self.after.is_empty() => Part::After,
                _ => Part::Fields,
            };
            return Ok(());
        }
        if let Some(answer) = line.strip_prefix("- ") {
            return self.answer(answer);
        }
        let field = line
            .split_once(": ")
            .map(|(name, value)| (name, value.trim()));
        if field.is_some_and(|(name, _)| FIELDS.contains(&name)) {
            self.part = Part::Fields;
        }
        match field {
            Some(("label", label)) => {
                wording::check(label)?;
                if label.chars().count() > LABEL_LETTERS {
                    return Err(format!("a label has at most {LABEL_LETTERS} letters"));
                }
                once(&mut self.label, "label", Text::from(label))
            }
            Some(("wash", ids)) => self.wash(ids),
            Some(("ask", question)) => once(&mut self.question, "ask", prose(question)?),
            Some(("because", because)) => {
                let because = prose(because)?;
                limit("an explanation", inline::words(&because), BECAUSE_WORDS)?;
                once(&mut self.because, "because", because)
            }
            Some(("event", pattern)) => once(&mut self.event, "event", Pattern::parse(pattern)?),
            Some(("try", word)) => once(&mut self.attempt, "try", Attempt::parse(word)?),
            Some(("check", check)) => {
                self.checks.push(read_check(number, check)?);
                Ok(())
            }
            _ if self.part == Part::Fields => Err(format!(
                "a body is one paragraph, or two; after it come label:, wash:, ask:, - answers, because:, event:, check: and try:, not {line:?}"
            )),
            _ => {
                let text = match self.part {
                    Part::After => &mut self.after,
                    _ => &mut self.body,
                };
                if !text.is_empty() {
                    text.push(' ');
                }
                text.push_str(line);
                Ok(())
            }
        }
    }

    fn wash(&mut self, ids: &str) -> Result<(), String> {
        if !self.washes.is_empty() {
            return Err("wash: comes twice".to_owned());
        }
        self.washes = ids
            .split_whitespace()
            .map(inline::thing)
            .collect::<Result<_, _>>()?;
        if self.washes.len() > MOST_WASHES {
            return Err(format!("at most {MOST_WASHES} things are washed at a time"));
        }
        Ok(())
    }

    fn answer(&mut self, answer: &str) -> Result<(), String> {
        if self.question.is_none() {
            return Err("an answer comes after ask: and its question".to_owned());
        }
        let marked = answer.strip_prefix("[x] ");
        if marked.is_some() && self.right.replace(self.answers.len()).is_some() {
            return Err("only one answer is marked [x]".to_owned());
        }
        // A wrong answer may hold a typed number; the right one is the world's to give.
        self.answers.push(match marked {
            Some(right) => prose(right)?,
            None => inline::parse(answer)?,
        });
        Ok(())
    }

    pub(super) fn close(self) -> Result<Paragraph, Unreadable> {
        let line = self.line;
        let at = |sentence: String| Unreadable { line, sentence };
        let body = prose(&self.body).map_err(at)?;
        let after = match self.after.is_empty() {
            true => None,
            false => Some(prose(&self.after).map_err(at)?),
        };
        let words = inline::words(&body) + after.as_ref().map_or(0, inline::words);
        limit("a body", words, BODY_WORDS).map_err(at)?;
        let prediction = match (self.question, self.because) {
            (None, None) => None,
            (None, Some(_)) => {
                return Err(at("because: explains the answer to an ask:".to_owned()));
            }
            (Some(_), None) => return Err(at("a question has a because:".to_owned())),
            (Some(question), Some(because)) => {
                if !(2..=4).contains(&self.answers.len()) {
                    return Err(at(
                        "a question has 2 to 4 answers, a line each after -".to_owned()
                    ));
                }
                if self.event.is_none() {
                    return Err(at("a question is about an event:".to_owned()));
                }
                let right = self
                    .right
                    .ok_or_else(|| at("one answer is marked [x]".to_owned()))?;
                Some(Prediction {
                    question,
                    answers: self.answers,
                    right,
                    because,
                })
            }
        };
        Ok(Paragraph {
            line,
            heading: self.heading,
            label: self
                .label
                .ok_or_else(|| at("a step has a label:".to_owned()))?,
            body,
            after,
            washes: self.washes,
            prediction,
            event: self.event,
            checks: self.checks,
            attempt: self.attempt,
        })
    }
}

fn once<T>(place: &mut Option<T>, name: &str, value: T) -> Result<(), String> {
    match place.replace(value) {
        Some(_) => Err(format!("{name}: comes twice")),
        None => Ok(()),
    }
}

fn read_check(line: usize, text: &str) -> Result<Check, String> {
    const RELATIONS: [(&str, Relation); 4] = [
        (" = ", Relation::Same),
        (" ≠ ", Relation::Different),
        (" < ", Relation::Less),
        (" > ", Relation::More),
    ];
    let (left, relation, right) = RELATIONS
        .iter()
        .find_map(|(sign, relation)| text.split_once(sign).map(|(l, r)| (l, *relation, r)))
        .ok_or("a check is two sides with =, ≠, < or > between them")?;
    let side = |text: &str| inline::parse(text.trim());
    Ok(Check {
        line,
        left: side(left)?,
        relation,
        right: side(right)?,
    })
}
