//! Still pictures: a step of a lesson as SVG and text, for pages without WebAssembly.

use kafka_playground::lesson::play::Catalogue;
use kafka_playground::stage::extract::{self, Memory};
use kafka_playground::stage::layout::{Ask, layout};
use kafka_playground::stage::scene::scene;
use kafka_playground::stage::{Lens, svg};

/// The stage beside the prose at 1440 by 900.
const SIZE: (f64, f64) = (1000.0, 720.0);

/// The picture of a step and after it its text, a paragraph a line.
///
/// # Errors
/// When there is no such lesson or step.
pub fn still(slug: &str, step: &str) -> Result<String, String> {
    let catalogue = Catalogue::read().map_err(|(slug, misread)| format!("{slug}: {misread:?}"))?;
    let number: usize = step
        .parse()
        .map_err(|_| format!("{step} is not the number of a step"))?;
    let found = catalogue
        .lesson(slug)
        .and_then(|lesson| Some((lesson, lesson.history_at(number)?)));
    let Some((lesson, history)) = found else {
        let slugs: Vec<&str> = catalogue.all().map(|lesson| &*lesson.slug).collect();
        return Err(format!(
            "there is no step {step} of {slug}; lessons are {}",
            slugs.join(" ")
        ));
    };
    let told = &lesson.steps[number - 1];
    let mut memory = Memory::default();
    let mut snapshot = extract::snapshot(&history, &mut memory);
    snapshot.washes = told.washes.clone();
    snapshot.subject = told.subject();
    snapshot.even = lesson.even;
    extract::look_at_subject(&mut snapshot, history.world(), &memory);
    if lesson.lens == Lens::Record {
        extract::take_apart(&mut snapshot, history.world(), &mut memory, &told.records());
    }
    let ask = Ask::new(lesson.lens, SIZE.0, SIZE.1);
    let scene = scene(&snapshot, &layout(&snapshot, &ask));
    let mut text = svg::picture(&scene, history.now().as_micros() as f64);
    let told = lesson.told().map_err(|unfilled| format!("{unfilled:?}"))?;
    for line in told.steps[number - 1].lines() {
        text.push_str(&line);
        text.push('\n');
    }
    Ok(text)
}
