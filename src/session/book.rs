//! The book: the lessons as the page uses them, and the cluster of the first page.
//!
//! The words and the scripts come from [`crate::lesson`]; here each lesson becomes a session with one chapter
//! for each step, and its words filled in by the very run that the reader sees.

use std::cell::OnceCell;
use std::rc::Rc;

use crate::lesson::attempt::Attempt;
use crate::lesson::fill::View;
use crate::lesson::inline::Told;
use crate::lesson::placeholder::Pattern;
use crate::lesson::play::{self, Catalogue, ToldPrediction, tell};
use crate::model::{Text, TopicPartition};
use crate::script::{self, Action, Line};
use crate::session::{Chapter, Session};
use crate::stage::{Lens, Thing};
use crate::time::Duration;
use crate::world::{Place, Ran, Steps};

/// How old the first page's cluster is when it is first seen.
const FIRST_SEEN: Duration = Duration::from_millis(4_020);

/// So many steps of work a beat is worth that is told later than it came true.
const FURTHEST_BACK: Steps = Steps(100_000);

/// The lessons that are planned, by number, slug and title. The ones that are written have a page of their own.
const PLANNED: [(u16, &str); 20] = [
    (1, "One queue, two kinds of message"),
    (2, "A topic for each kind"),
    (3, "Many readers, one group"),
    (4, "Same key, same partition"),
    (5, "The whole map"),
    (6, "Records age out, reading does not remove them"),
    (7, "Inside a message"),
    (8, "Key hash or round robin"),
    (9, "Who leads this partition?"),
    (10, "Only at the end"),
    (11, "Produce with kafkajs"),
    (12, "Three different offsets"),
    (13, "When a leader dies"),
    (14, "Consume with kafkajs"),
    (15, "How sure do you want to be?"),
    (16, "Retry without duplicates"),
    (17, "Use: log pipeline"),
    (18, "Use: recommendations"),
    (19, "Use: change data capture"),
    (20, "Use: migrating a system"),
];

/// Every lesson that can be opened, and the first page.
pub struct Book {
    first: play::Lesson,
    lessons: Vec<Rc<Lesson>>,
}

/// One lesson.
pub struct Lesson {
    pub slug: Rc<str>,
    pub number: u16,
    pub title: Rc<str>,
    lesson: play::Lesson,
    words: OnceCell<Rc<Words>>,
}

/// A lesson's words, every number filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    pub lead: Told,
    pub steps: Vec<Step>,
}

/// One step's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub heading: Text,
    pub body: Told,
    /// Read once the step has played.
    pub after: Option<Told>,
    /// Where what the step is about has happened.
    pub decided: Place,
    pub washes: Vec<Thing>,
    pub question: Option<Question>,
    pub attempt: Option<Attempt>,
}

/// A prediction, and the place in the run at which it is decided: where the event of its step happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    pub told: ToldPrediction,
    pub decided: Place,
}

impl Book {
    /// Reads the catalogue.
    ///
    /// # Panics
    /// When a lesson cannot be read; tests read them all.
    pub fn read() -> Book {
        let catalogue = Catalogue::read().unwrap_or_else(|(slug, why)| panic!("{slug}: {why}"));
        let lessons = catalogue
            .lessons
            .into_iter()
            .map(|lesson| Rc::new(Lesson::new(lesson)));
        Book {
            first: catalogue.first,
            lessons: lessons.collect(),
        }
    }

    pub fn lessons(&self) -> impl Iterator<Item = &Rc<Lesson>> {
        self.lessons.iter()
    }

    pub fn get(&self, slug: &str) -> Option<Rc<Lesson>> {
        self.lessons
            .iter()
            .find(|lesson| *lesson.slug == *slug)
            .cloned()
    }

    /// The lesson after this one.
    pub fn after(&self, slug: &str) -> Option<&Rc<Lesson>> {
        let at = self
            .lessons
            .iter()
            .position(|lesson| *lesson.slug == *slug)?;
        self.lessons.get(at + 1)
    }

    /// How many lessons there will be.
    pub fn planned(&self) -> usize {
        PLANNED.len()
    }

    /// Every planned lesson with its page, where it has one.
    pub fn contents(&self) -> impl Iterator<Item = (u16, &'static str, Option<&Rc<Lesson>>)> {
        PLANNED.iter().map(|(number, title)| {
            (
                *number,
                *title,
                self.lessons.iter().find(|lesson| lesson.number == *number),
            )
        })
    }

    /// What the first page says after its button was pressed, and when: its steps after the first.
    pub fn beats(&self) -> &[play::Step] {
        &self.first.steps[1..]
    }

    /// One beat's sentences as the cluster filled them in when an entry of the journal made it true. Where the way back
    /// there is too long, as it fills them in now.
    pub fn beat(&self, index: usize, entry: u64, session: &Session) -> Told {
        let mut then = session.history().clone();
        let place = place_of(session, entry).unwrap_or(session.place());
        let view = match then.seek_place(place, FURTHEST_BACK) {
            Ran::Arrived => View::of(&then),
            Ran::OutOfSteps => View::of(session.history()),
        };
        tell(&self.beats()[index].body, &view, &view).unwrap_or_default()
    }

    /// The cluster of the first page, a few seconds after its beginning.
    ///
    /// # Errors
    /// The line that could not be carried out; tests play it.
    pub fn first_session(&self) -> Result<Session, script::Unreadable> {
        let script = &self.first.script;
        let mut session = Session::of_plan(script)?;
        for line in &script.lines[self.first.steps[0].lines.clone()] {
            match line.action {
                Action::Run { .. } => {
                    let action = Action::Run {
                        span: FIRST_SEEN,
                        only: Vec::new(),
                    };
                    session.act(&Line {
                        number: line.number,
                        action,
                    })?;
                    break;
                }
                _ => session.act(line)?,
            }
        }
        session.set_firm();
        Ok(session)
    }
}

impl Lesson {
    fn new(lesson: play::Lesson) -> Lesson {
        Lesson {
            slug: lesson.slug.as_ref().into(),
            number: lesson.number,
            title: lesson.title.as_ref().into(),
            lesson,
            words: OnceCell::new(),
        }
    }

    pub fn steps(&self) -> usize {
        self.lesson.steps.len()
    }

    pub fn lens(&self) -> Lens {
        self.lesson.lens
    }

    /// True when a step, counted from 1, begins with a question.
    pub fn asks(&self, step: usize) -> bool {
        self.lesson
            .steps
            .get(step - 1)
            .is_some_and(|step| step.prediction.is_some())
    }

    /// Whether all its partitions are shown alike.
    pub fn even(&self) -> bool {
        self.lesson.even
    }

    /// The partition that a step is about.
    pub fn subject(&self, step: usize) -> Option<TopicPartition> {
        self.lesson.steps.get(step - 1)?.subject()
    }

    /// The records that a step is about, the one to take apart first.
    pub fn records(&self, step: usize) -> Vec<Thing> {
        let step = self.lesson.steps.get(step - 1);
        step.map_or_else(Vec::new, |step| step.records())
    }

    /// The name under which the player keeps this lesson's cluster.
    pub fn session_name(&self) -> String {
        format!("lesson {}", self.slug)
    }

    /// The whole lesson played once, standing at its beginning, with one chapter for each step.
    ///
    /// # Errors
    /// The line that could not be carried out; tests play them all.
    pub fn session(&self) -> Result<Session, script::Unreadable> {
        let script = &self.lesson.script;
        let mut session = Session::of_plan(script)?;
        let mut views = vec![View::of(session.history())];
        for step in &self.lesson.steps {
            for line in &script.lines[step.lines.clone()] {
                session.act(line)?;
            }
            views.push(View::of(session.history()));
        }
        session.set_firm();
        let chapters = self.lesson.steps.iter();
        let chapters = chapters.map(|step| chapter(&session, step)).collect();
        session.set_chapters(chapters);
        self.words
            .get_or_init(|| Rc::new(self.tell(&session, &views)));
        session.seek_place(Place::default());
        Ok(session)
    }

    /// The words of this lesson as its run fills them in.
    pub fn words(&self) -> Rc<Words> {
        if self.words.get().is_none() {
            let _ = self.session();
        }
        self.words.get().cloned().unwrap_or_default()
    }

    fn tell(&self, session: &Session, views: &[View]) -> Words {
        let lead = tell(&self.lesson.lead, &views[1], &views[1]).unwrap_or_default();
        let steps = self
            .lesson
            .steps
            .iter()
            .zip(views.windows(2))
            .map(|(step, ends)| {
                let told = step.told(&ends[0], &ends[1]).ok();
                let (body, after, prediction) = told.map_or_else(Default::default, |told| {
                    (told.body, told.after, told.prediction)
                });
                let decided = step
                    .event
                    .as_ref()
                    .and_then(|event| decided(session, step, event))
                    .unwrap_or(step.to);
                Step {
                    heading: step.heading.clone(),
                    body,
                    after,
                    decided,
                    washes: step.washes.clone(),
                    question: prediction.map(|told| Question { told, decided }),
                    attempt: step.attempt,
                }
            });
        Words {
            lead,
            steps: steps.collect(),
        }
    }
}

fn chapter(session: &Session, step: &play::Step) -> Chapter {
    let event = step.event.as_ref();
    Chapter {
        event: event.and_then(|event| happened(session, step, event)),
        title: step.label.as_ref().into(),
        from: step.from,
        to: step.to,
    }
}

/// The journal's entry of the event of a step.
fn happened(session: &Session, step: &play::Step, event: &Pattern) -> Option<u64> {
    let first = session.timeline().latest(step.from);
    let first = first.map_or(0, |stop| stop.entries);
    let mut entries = session.journal().since(first);
    let entry = entries.find(|entry| event.means(entry))?;
    Some(entry.number)
}

/// Where the event of a step happens.
fn decided(session: &Session, step: &play::Step, event: &Pattern) -> Option<Place> {
    let entry = happened(session, step, event)?;
    place_of(session, entry).filter(|place| *place <= step.to)
}

/// Where an entry of the journal was noted.
fn place_of(session: &Session, entry: u64) -> Option<Place> {
    let stops = session.timeline().stops();
    let index = stops.partition_point(|stop| stop.entries < entry);
    stops.get(index).map(|stop| stop.place)
}
