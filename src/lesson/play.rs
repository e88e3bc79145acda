//! A whole lesson: the page and the script put together, and the worlds that its steps end in.

use std::ops::Range;

use crate::controller::znodes;
use crate::lesson::attempt::Attempt;
use crate::lesson::catalogue::{FIRST, LESSONS, Source};
use crate::lesson::cut::cuts;
use crate::lesson::fill::{Unfilled, View};
use crate::lesson::inline::{self, Inline, Prose, Told};
use crate::lesson::page::{self, Check, Page, Prediction};
use crate::lesson::placeholder::{Pattern, Placeholder};
use crate::lesson::{Misread, Unreadable};
use crate::model::{Text, TopicPartition};
use crate::script::{self, Action, Script};
use crate::stage::{Lens, Thing};
use crate::time::{Duration, Instant};
use crate::world::{History, Place};

/// Prose and a script that plays beside it.
#[derive(Clone, Debug)]
pub struct Lesson {
    pub slug: Text,
    /// Its place in the contents, counted from 1; 0 is the first page.
    pub number: u16,
    pub title: Text,
    pub lens: Lens,
    /// All partitions are shown alike.
    pub even: bool,
    pub lead: Prose,
    pub steps: Vec<Step>,
    pub script: Script,
    /// The script as it was written.
    pub source: Text,
}

/// One step: what is read, and what plays meanwhile.
#[derive(Clone, Debug)]
pub struct Step {
    pub heading: Text,
    /// The heading in a word, for the ribbon.
    pub label: Text,
    pub body: Prose,
    /// Read once the step has played.
    pub after: Option<Prose>,
    /// What the reader should look at.
    pub washes: Vec<Thing>,
    /// Asked at `from`, before anything of the step has happened.
    pub prediction: Option<Prediction>,
    /// What the step is about; it happens between `from` and `to`.
    pub event: Option<Pattern>,
    pub checks: Vec<Check>,
    /// What the reader may try here.
    pub attempt: Option<Attempt>,
    /// Where the step begins: where the one before it ends, or the beginning of the world.
    pub from: Place,
    /// Where it ends: after everything that happens at that instant.
    pub to: Place,
    /// Which of the script's lines play in it, as indices of `script.lines`.
    pub lines: Range<usize>,
}

/// A lesson with every value filled in: what a reader sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldLesson {
    pub lead: Told,
    pub steps: Vec<ToldStep>,
}

/// A step with every value filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldStep {
    pub body: Told,
    pub after: Option<Told>,
    pub prediction: Option<ToldPrediction>,
}

/// A prediction with every value filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldPrediction {
    pub question: Told,
    pub answers: Vec<Told>,
    pub right: usize,
    pub because: Told,
}

/// Every lesson.
#[derive(Clone, Debug)]
pub struct Catalogue {
    /// What the first page plays and says. Its steps after the first are what happens when the button
    /// is pressed; they are shown as their events happen.
    pub first: Lesson,
    /// In the order of their numbers.
    pub lessons: Vec<Lesson>,
}

impl Catalogue {
    /// Reads every lesson that the crate holds.
    ///
    /// # Errors
    /// The slug of the first lesson that cannot be read, and why.
    pub fn read() -> Result<Catalogue, (&'static str, Misread)> {
        let read = |source: &Source| Lesson::read(source).map_err(|why| (source.slug, why));
        Ok(Catalogue {
            first: read(FIRST)?,
            lessons: LESSONS.iter().map(read).collect::<Result<_, _>>()?,
        })
    }

    /// The lesson with this slug.
    pub fn lesson(&self, slug: &str) -> Option<&Lesson> {
        self.all().find(|lesson| &*lesson.slug == slug)
    }

    /// The first page and the lessons.
    pub fn all(&self) -> impl Iterator<Item = &Lesson> {
        std::iter::once(&self.first).chain(&self.lessons)
    }
}

/// The world where step `step`, counted from 1, of a lesson ends; `None` when there is no such step.
pub fn still(slug: &str, step: usize) -> Option<History> {
    let source = std::iter::once(FIRST)
        .chain(LESSONS)
        .find(|source| source.slug == slug)?;
    Lesson::read(source).ok()?.history_at(step)
}

impl Lesson {
    /// Puts a page and its script together.
    ///
    /// # Errors
    /// The first line of either that cannot be read, or that plays what a lesson may not play.
    pub fn read(source: &Source) -> Result<Lesson, Misread> {
        let Page {
            slug,
            number,
            title,
            lens,
            even,
            lead,
            steps,
        } = page::parse(source.page).map_err(Misread::Page)?;
        let script = script::parse(source.script)
            .map_err(|error| Unreadable {
                line: error.line,
                sentence: error.sentence,
            })
            .map_err(Misread::Script)?;
        let parts = cuts(source.script, steps.len()).map_err(Misread::Script)?;
        let mut placed = Vec::with_capacity(steps.len());
        let mut from = Place::default();
        for (paragraph, part) in steps.into_iter().zip(parts) {
            let within = |number: usize| script.lines.partition_point(|line| line.number < number);
            let lines = within(part.start)..within(part.end);
            let first = placed.is_empty();
            let span = length(&script, &lines, part.start, first).map_err(Misread::Script)?;
            let to = Place::after(from.at + span);
            placed.push(Step {
                heading: paragraph.heading,
                label: paragraph.label,
                body: paragraph.body,
                after: paragraph.after,
                washes: paragraph.washes,
                prediction: paragraph.prediction,
                event: paragraph.event,
                attempt: paragraph.attempt,
                checks: paragraph.checks,
                from,
                to,
                lines,
            });
            from = to;
        }
        let source = source.script.into();
        Ok(Lesson {
            slug,
            number,
            title,
            lens,
            even,
            lead,
            steps: placed,
            script,
            source,
        })
    }

    /// A history of the whole lesson: every command is in it, and it stands at the end. Seeking to a
    /// step's `from` or `to` shows the lesson there.
    pub fn history(&self) -> History {
        self.history_at(self.steps.len())
            .expect("a lesson has steps")
    }

    /// A history that ends where a step, counted from 1, ends; `None` when there is no such step.
    ///
    /// # Panics
    /// When the world refuses a line of the script. The check of a lesson plays it, so a lesson of the
    /// catalogue is never refused.
    pub fn history_at(&self, step: usize) -> Option<History> {
        let last = self.steps.get(step.checked_sub(1)?)?;
        let mut history = self
            .beginning()
            .unwrap_or_else(|why| panic!("{}: {why}", self.slug));
        if let Err(why) = self.play(&mut history, 0..last.lines.end) {
            panic!("{}: {why}", self.slug);
        }
        Some(history)
    }

    /// Plays the lesson, calling `see` at its beginning and where each step ends.
    ///
    /// # Errors
    /// The first line of the script that the world refuses.
    pub fn walk(&self, mut see: impl FnMut(&History)) -> Result<History, Unreadable> {
        let mut history = self.beginning()?;
        see(&history);
        for step in &self.steps {
            self.play(&mut history, step.lines.clone())?;
            see(&history);
        }
        Ok(history)
    }

    /// Plays the lesson and fills in every value.
    ///
    /// # Errors
    /// The first value that the world does not have.
    pub fn told(&self) -> Result<ToldLesson, Unfilled> {
        let mut views = Vec::with_capacity(self.steps.len() + 1);
        self.walk(|history| views.push(View::of(history)))
            .map_err(|why| Unfilled(format!("{}.script {why}", self.slug)))?;
        let lead = tell(&self.lead, &views[1], &views[1])?;
        let steps = self.steps.iter().zip(views.windows(2));
        let steps = steps
            .map(|(step, ends)| step.told(&ends[0], &ends[1]))
            .collect::<Result<_, _>>()?;
        Ok(ToldLesson { lead, steps })
    }

    fn beginning(&self) -> Result<History, Unreadable> {
        History::new(&self.script.plan, self.script.seed).map_err(|refused| Unreadable {
            line: 1,
            sentence: refused.0,
        })
    }

    fn play(&self, history: &mut History, lines: Range<usize>) -> Result<(), Unreadable> {
        for line in &self.script.lines[lines] {
            script::act(history, line).map_err(|error| Unreadable {
                line: error.line,
                sentence: error.sentence,
            })?;
        }
        Ok(())
    }
}

impl Step {
    /// The step as a reader sees it, between the worlds that it begins and ends in.
    ///
    /// # Errors
    /// The first value that the world does not have.
    pub fn told(&self, start: &View, end: &View) -> Result<ToldStep, Unfilled> {
        let prediction = match &self.prediction {
            None => None,
            Some(asked) => Some(ToldPrediction {
                // What is asked is asked before anything has happened.
                question: tell(&asked.question, start, start)?,
                answers: (asked.answers.iter())
                    .map(|answer| tell(answer, start, end))
                    .collect::<Result<_, _>>()?,
                right: asked.right,
                because: tell(&asked.because, start, end)?,
            }),
        };
        Ok(ToldStep {
            body: tell(&self.body, start, end)?,
            after: (self.after.as_ref())
                .map(|after| tell(after, start, end))
                .transpose()?,
            prediction,
        })
    }

    /// Everything of the step that is read and filled in.
    pub fn prose(&self) -> impl Iterator<Item = &Prose> {
        let asked = self.prediction.iter().flat_map(|asked| {
            std::iter::once(&asked.question)
                .chain(&asked.answers)
                .chain(std::iter::once(&asked.because))
        });
        let body = std::iter::once(&self.body).chain(&self.after);
        body.chain(asked)
    }

    /// The records that the record lens may take apart, in the order in which the step names them: it takes
    /// the first that is there.
    pub fn records(&self) -> Vec<Thing> {
        let record = |thing| match thing {
            Thing::Record(partition, offset) | Thing::Copy(partition, offset, _) => {
                Some(Thing::Record(partition, offset))
            }
            _ => None,
        };
        self.things().into_iter().filter_map(record).collect()
    }

    /// The partition that the step is about: the first that it names, itself or by the znode of its state.
    pub fn subject(&self) -> Option<TopicPartition> {
        self.things().into_iter().find_map(|thing| match thing {
            Thing::Partition(partition)
            | Thing::Replica(partition, _)
            | Thing::Record(partition, _)
            | Thing::Copy(partition, _, _) => Some(partition),
            Thing::Znode(path) => znodes::state_of(&path),
            _ => None,
        })
    }

    /// The things on the stage that the step names: its washes and what its prose refers to.
    pub fn things(&self) -> Vec<Thing> {
        let mut things = self.washes.clone();
        for prose in self.prose() {
            inline::walk(prose, &mut |piece: &Inline<Placeholder>| {
                if let Inline::Reference { to, .. } = piece {
                    things.push(to.clone());
                }
            });
        }
        things
    }
}

impl ToldStep {
    /// The step as plain text, a paragraph a line: what a still picture has beside it.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![inline::plain(&self.body)];
        if let Some(asked) = &self.prediction {
            lines.push(inline::plain(&asked.question));
            lines.push(inline::plain(&asked.answers[asked.right]));
            lines.push(inline::plain(&asked.because));
        }
        lines.extend(self.after.as_ref().map(|after| inline::plain(after)));
        lines
    }
}

/// Fills in one piece of prose.
///
/// # Errors
/// The first value that the world does not have.
pub fn tell(prose: &Prose, start: &View, end: &View) -> Result<Told, Unfilled> {
    inline::fill(prose, &mut |placeholder| {
        placeholder
            .fill(start, end)
            .map(|value| Text::from(value.to_string()))
    })
}

/// How long a part of the script plays. A part begins and ends by letting time pass, so that no command
/// stands on the border of two steps, and its length is known without playing it.
fn length(
    script: &Script,
    lines: &Range<usize>,
    cut: usize,
    first: bool,
) -> Result<Duration, Unreadable> {
    let lines = &script.lines[lines.clone()];
    let mut span = Duration::ZERO;
    for (index, line) in lines.iter().enumerate() {
        match &line.action {
            Action::Run { span: more, .. } => span = span + *more,
            Action::Command(_) if index > 0 || first => {}
            Action::Command(_) => {
                let sentence = "a step begins by letting time pass, as in run 100ms".to_owned();
                return Err(Unreadable {
                    line: line.number,
                    sentence,
                });
            }
            Action::At(_) | Action::Step(_) | Action::Show(_) => {
                let sentence = "a lesson plays commands and run, nothing else".to_owned();
                return Err(Unreadable {
                    line: line.number,
                    sentence,
                });
            }
        }
    }
    let ends = matches!(
        lines.last().map(|line| &line.action),
        Some(Action::Run { .. })
    );
    if !ends || span.is_zero() || Instant::ZERO + span == Instant::MAX {
        let line = lines.last().map_or(cut, |line| line.number);
        let sentence = "a step ends by letting time pass, as in run 1s".to_owned();
        return Err(Unreadable { line, sentence });
    }
    Ok(span)
}
