//! Golden figures: pictures of hand-made snapshots, compared with the files in `tests/figures`.
//!
//! `UPDATE_GOLDEN=1 cargo test figures` writes them anew. To look at one, open
//! `tests/figures/<name>.svg` inside a page that loads `www/style/tokens.css` and `stage.css`.

mod any;
mod failover;
mod first_run;
mod groups;
mod lessons;
mod made;
mod record;
mod sandbox;
mod storage;
mod topic;
mod vocabulary;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use kafka_playground::stage::{Ask, Snapshot, layout, scene, svg};

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/figures")
        .join(format!("{name}.svg"))
}

/// Compares a picture with its golden file, or writes the file when asked to.
pub fn golden(name: &str, drawn: &str) {
    let path = file(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, drawn).unwrap();
        return;
    }
    let stored = fs::read_to_string(&path)
        .unwrap_or_else(|_| panic!("{name}: no golden figure; UPDATE_GOLDEN=1 writes it"));
    if stored == drawn {
        return;
    }
    let differs = stored.lines().zip(drawn.lines()).position(|(a, b)| a != b);
    let line = differs.unwrap_or(stored.lines().count().min(drawn.lines().count()));
    panic!(
        "{name}: line {} is not as stored\n stored: {}\n  drawn: {}\nUPDATE_GOLDEN=1 accepts it",
        line + 1,
        stored.lines().nth(line).unwrap_or("(end)"),
        drawn.lines().nth(line).unwrap_or("(end)")
    );
}

/// Draws a snapshot, checks what must hold of every picture, and compares it with its golden file.
pub fn figure(name: &str, snapshot: &Snapshot, ask: &Ask) {
    let places = layout(snapshot, ask);
    let picture = scene(snapshot, &places);
    let mut keys = BTreeSet::new();
    for node in &picture.structure {
        assert!(
            keys.insert(&node.key),
            "{name}: {:?} is drawn twice",
            node.key
        );
    }
    assert!(
        picture.elements() < 1_500,
        "{name}: {} elements",
        picture.elements()
    );
    let again = scene(snapshot, &layout(snapshot, ask));
    assert_eq!(picture, again, "{name}: equal snapshots give equal scenes");
    let drawn = svg::picture(&picture, snapshot.at.as_micros() as f64);
    assert!(!drawn.contains("style="), "{name}: no style attributes");
    assert!(
        !drawn.contains("NaN"),
        "{name}: every coordinate is a number"
    );
    golden(name, &drawn);
}
