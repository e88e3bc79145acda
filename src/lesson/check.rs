//! The check of a lesson: whether what it says is so.
//!
//! The lesson is played; everything in its prose is filled in; what it says happens must happen, and
//! within its step; every `check:` must hold; every thing it points at must stand on the stage; and
//! playing it again must give the same digest, straight or by seeking. Called by the host tests and by
//! the browser tests alike.

use crate::lesson::fill::View;
use crate::lesson::inline::{Told, plain};
use crate::lesson::page::{BECAUSE_WORDS, BODY_WORDS, Check, LEAD_WORDS, Relation};
use crate::lesson::play::{Lesson, Step, tell};
use crate::model::{BrokerId, Offset, TopicPartition};
use crate::stage::Thing;
use crate::world::{Host, Place, Steps, World};

/// Everything that is wrong with a lesson, a sentence each; nothing, when it is right.
pub fn check(lesson: &Lesson) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut views = Vec::new();
    match lesson.walk(|history| views.push(View::of(history))) {
        Err(why) => wrong.push(format!("script {why}")),
        Ok(history) => {
            if let Some(violation) = history.violation() {
                wrong.push(format!("the run violates a law: {violation}"));
            }
        }
    }
    if views.len() != lesson.steps.len() + 1 {
        return named(lesson, wrong);
    }
    match tell(&lesson.lead, &views[1], &views[1]) {
        Err(why) => wrong.push(format!("lead: {why}")),
        Ok(lead) => wrong.extend(too_long("lead", &lead, LEAD_WORDS)),
    }
    for (number, step) in lesson.steps.iter().enumerate() {
        let (start, end) = (&views[number], &views[number + 1]);
        let complaints = check_step(step, start, end);
        wrong.extend(
            complaints
                .into_iter()
                .map(|why| format!("step {}: {why}", number + 1)),
        );
    }
    wrong.extend(check_repeats(lesson, &views));
    named(lesson, wrong)
}

fn named(lesson: &Lesson, wrong: Vec<String>) -> Vec<String> {
    wrong
        .into_iter()
        .map(|why| format!("{} {why}", lesson.slug))
        .collect()
}

fn check_step(step: &Step, start: &View, end: &View) -> Vec<String> {
    let mut wrong = Vec::new();
    if end.world.now() != step.to.at {
        wrong.push(format!(
            "ends at {}, not at {}",
            end.world.now(),
            step.to.at
        ));
    }
    match step.told(start, end) {
        Err(why) => wrong.push(why.to_string()),
        Ok(told) => {
            let mut whole = told.body.clone();
            whole.extend(told.after.clone().unwrap_or_default());
            wrong.extend(too_long("body", &whole, BODY_WORDS));
            if let Some(asked) = told.prediction {
                wrong.extend(too_long("explanation", &asked.because, BECAUSE_WORDS));
                let answers: Vec<String> =
                    asked.answers.iter().map(|answer| plain(answer)).collect();
                for (index, answer) in answers.iter().enumerate() {
                    if answers[..index].contains(answer) {
                        wrong.push(format!("offers the answer {answer:?} twice"));
                    }
                }
            }
        }
    }
    if let Some(event) = &step.event {
        let mut news = end.observed.journal.since(start.observed.journal.len());
        let happened = news.find(|entry| event.means(entry));
        match happened {
            None => wrong.push(format!(
                "its event, {} {}, does not happen",
                event.by, event.line
            )),
            Some(entry) if entry.at <= step.from.at && step.from != Place::default() => {
                wrong.push(format!(
                    "its event happens at {}, before it is asked",
                    entry.at
                ));
            }
            Some(_) => {}
        }
    }
    for thing in step.things() {
        if !stands(&end.world, &thing) {
            wrong.push(format!("points at {thing}, which is not there"));
        }
    }
    for check in &step.checks {
        if let Err(why) = holds(check, start, end) {
            wrong.push(format!("line {}: {why}", check.line));
        }
    }
    wrong
}

/// The limits of words hold as a lesson is written; they must hold as it is read, too.
fn too_long(what: &str, told: &Told, most: usize) -> Option<String> {
    let words = plain(told).split_whitespace().count();
    (words > most).then(|| format!("its {what} has {words} words when filled in, at most {most}"))
}

fn holds(check: &Check, start: &View, end: &View) -> Result<(), String> {
    let side = |prose| {
        tell(prose, start, end)
            .map(|told| plain(&told))
            .map_err(|why| why.to_string())
    };
    let (left, right) = (side(&check.left)?, side(&check.right)?);
    let number = |text: &str| {
        let digits: String = text.chars().filter(|c| *c != ',').collect();
        let parsed = digits.replace('−', "-").parse::<i64>();
        parsed.map_err(|_| format!("{text} is not a whole number"))
    };
    let (sign, holds) = match check.relation {
        Relation::Same => ("=", left == right),
        Relation::Different => ("≠", left != right),
        Relation::Less => ("<", number(&left)? < number(&right)?),
        Relation::More => (">", number(&left)? > number(&right)?),
    };
    match holds {
        true => Ok(()),
        false => Err(format!(
            "{} {sign} {} does not hold: {left} {sign} {right}",
            plain(&check.left),
            plain(&check.right)
        )),
    }
}

/// Whether a thing stands on the stage in this world.
fn stands(world: &World, thing: &Thing) -> bool {
    // The copies of a broker that is down are drawn as well: its disk is there.
    let on_disk = |host: &Host, partition: &TopicPartition| {
        let log = host.disk()?.log(partition)?;
        Some(log.start()..log.end())
    };
    let held = |host: &Host, partition: &TopicPartition| {
        let running = host.broker().and_then(|broker| broker.partition(partition));
        let running = running.map(|replica| replica.log_start()..replica.log_end());
        running.or_else(|| on_disk(host, partition))
    };
    let holds = |partition: &TopicPartition, broker: Option<BrokerId>, offset: Option<Offset>| {
        (world.hosts())
            .filter(|host| broker.is_none_or(|id| host.id.broker() == Some(id)))
            .filter_map(|host| held(host, partition))
            .any(|log| offset.is_none_or(|at| log.contains(&at)))
    };
    match thing {
        Thing::Stage => true,
        Thing::Process(id) => world.host(*id).is_some(),
        Thing::Topic(topic) => holds(&TopicPartition::new(topic.as_str(), 0), None, None),
        Thing::Partition(partition) => holds(partition, None, None),
        Thing::Replica(partition, broker) => holds(partition, Some(*broker), None),
        Thing::Record(partition, offset) => holds(partition, None, Some(*offset)),
        Thing::Copy(partition, offset, broker) => holds(partition, Some(*broker), Some(*offset)),
        Thing::Link(a, b) => world.host(*a).is_some() && world.host(*b).is_some(),
        // Parts of the record that the record lens takes apart.
        Thing::Field(_) => true,
        Thing::Coordination => world.zookeepers().next().is_some(),
        Thing::Znode(path) => (world.zookeeper_tree()).is_some_and(|tree| tree.get(path).is_some()),
        Thing::Group(name) => {
            let member = |host: &Host| {
                let config = host.consumer().map(|consumer| consumer.config());
                config.is_some_and(|config| *config.group_id == **name)
            };
            world.hosts().any(member)
        }
        Thing::Traveller(_) | Thing::Switch(_) => false,
    }
}

/// Playing again gives the same digests: step by step, and by seeking back and forth in one history.
fn check_repeats(lesson: &Lesson, views: &[View]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut history = lesson.history();
    for (number, step) in lesson.steps.iter().enumerate().rev() {
        let digest = views[number + 1].observed.journal.digest();
        history.seek_place(step.to, Steps::UNLIMITED);
        let sought = history.observed().journal.digest();
        if sought != digest {
            wrong.push(format!(
                "step {}: seeking gives {sought}, playing gave {digest}",
                number + 1
            ));
        }
        let still = lesson.history_at(number + 1).expect("a step");
        let again = still.observed().journal.digest();
        if again != digest {
            wrong.push(format!(
                "step {}: played again gives {again}, first {digest}",
                number + 1
            ));
        }
    }
    wrong
}
