//! The shape of the house: the import table, the banned names, the essays.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

fn all_sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    sources(&root().join("src"), &mut found);
    let name = |path: &PathBuf| {
        path.strip_prefix(root().join("src"))
            .unwrap()
            .to_string_lossy()
            .replace('\\', "/")
    };
    found
        .iter()
        .map(|path| (name(path), fs::read_to_string(path).unwrap()))
        .collect()
}

fn module_of(file: &str) -> &str {
    file.split('/').next().unwrap().trim_end_matches(".rs")
}

/// The table in `src/lib.rs`: module to the modules that it may import.
fn table() -> BTreeMap<String, BTreeSet<String>> {
    let map = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let rows = map.lines().filter_map(|line| line.strip_prefix("//! | `"));
    let mut table = BTreeMap::new();
    for row in rows {
        let (module, allowed) = row.split_once("` |").expect("a row of the import table");
        let allowed = allowed
            .split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect();
        table.insert(module.to_owned(), allowed);
    }
    table
}

/// The text of a file without comments, so that prose may name what code may not.
fn code(text: &str) -> String {
    let lines = text.lines().map(|line| match line.trim_start() {
        trimmed if trimmed.starts_with("//") => "",
        _ => line.split(" // ").next().unwrap_or(line),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The modules of the crate that a file names: `crate::x` and `use crate::{x, y::z}`.
fn imports(text: &str) -> BTreeSet<String> {
    let code = code(text);
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let word = |text: &str| -> String {
            text.trim_start()
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect()
        };
        if let Some(list) = rest.strip_prefix('{') {
            let (mut depth, mut start) = (0, true);
            for (i, c) in list.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => start = true,
                    c if start && !c.is_whitespace() => {
                        found.insert(word(&list[i..]));
                        start = false;
                    }
                    _ => {}
                }
            }
        } else {
            found.insert(word(rest));
        }
    }
    found.remove("");
    found
}

#[test]
fn every_module_imports_only_what_the_map_allows() {
    let table = table();
    assert!(
        table.len() > 10,
        "the import table of src/lib.rs was not found"
    );
    let mut wrong = Vec::new();
    for (file, text) in all_sources() {
        let module = module_of(&file);
        if matches!(module, "lib" | "main" | "ui" | "runner" | "host") {
            continue;
        }
        let allowed = table
            .get(module)
            .unwrap_or_else(|| panic!("{module} is not on the map"));
        for import in imports(&text) {
            if import != module && table.contains_key(&import) && !allowed.contains(&import) {
                wrong.push(format!("{file} imports {import}"));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "against the import table of src/lib.rs:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn nothing_below_the_stage_has_a_clock_a_float_or_an_unordered_map() {
    const BANNED: [&str; 14] = [
        "std::time::Instant",
        "SystemTime",
        "HashMap",
        "HashSet",
        "f32",
        "f64",
        "async ",
        ".await",
        "std::thread",
        "static mut",
        "thread_local",
        "println!",
        "eprintln!",
        "dbg!",
    ];
    let mut wrong = Vec::new();
    for (file, text) in all_sources() {
        if matches!(
            module_of(&file),
            "main" | "stage" | "lesson" | "session" | "ui" | "runner" | "host"
        ) {
            continue;
        }
        // What Scala calls a map in a sentence is no type of ours.
        let code = code(&text).replace("found: HashMap(", "");
        for banned in BANNED {
            let hit = code.match_indices(banned).any(|(at, _)| {
                let before = code[..at].chars().next_back();
                let after = code[at + banned.len()..].chars().next();
                let inside = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
                !inside(before) && (!banned.ends_with(char::is_alphanumeric) || !inside(after))
            });
            if hit {
                wrong.push(format!("{file} names {banned}"));
            }
        }
    }
    assert!(wrong.is_empty(), "below the stage:\n{}", wrong.join("\n"));
}

#[test]
fn nothing_below_the_page_knows_the_browser() {
    const BANNED: [&str; 5] = [
        "yew",
        "web_sys",
        "js_sys",
        "wasm_bindgen",
        "serde_wasm_bindgen",
    ];
    let mut wrong = Vec::new();
    for (file, text) in all_sources() {
        if matches!(module_of(&file), "lib" | "ui" | "runner") {
            continue;
        }
        let code = code(&text);
        wrong.extend(
            BANNED
                .iter()
                .filter(|name| code.contains(**name))
                .map(|name| format!("{file}: {name}")),
        );
    }
    assert!(
        wrong.is_empty(),
        "the browser is named below the page:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn every_file_begins_with_an_essay() {
    for (file, text) in all_sources() {
        let first = text
            .lines()
            .find(|line| !line.starts_with("#!["))
            .unwrap_or("");
        assert!(
            first.starts_with("//! "),
            "{file} does not say what it is about"
        );
    }
}

#[test]
fn every_module_stands_on_the_map() {
    let map = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let table = table();
    for line in map.lines() {
        if let Some(name) = line
            .strip_prefix("pub mod ")
            .and_then(|rest| rest.strip_suffix(';'))
        {
            assert!(
                table.contains_key(name),
                "{name} is not in the table of src/lib.rs"
            );
        }
    }
}

/// Whoever answers with a code that the swarm knows nothing of makes its coverage say less than it seems to.
#[test]
fn the_swarm_knows_every_code_that_answers_are_made_of() {
    use kafka_playground::swarm::codes::CODES;

    let known: BTreeSet<String> = CODES.iter().map(|(code, _)| format!("{code:?}")).collect();
    assert_eq!(known.len(), CODES.len(), "each code has one row");
    let makers = ["broker", "controller", "group", "log"];
    let mut named = BTreeSet::new();
    for (file, text) in all_sources() {
        if !makers.contains(&module_of(&file)) || file.contains("/tests") {
            continue;
        }
        let code = code(&text);
        let code = code.split("#[cfg(test)]\nmod tests {").next().unwrap();
        for (at, found) in code.match_indices("ErrorCode::") {
            let rest = code[at + found.len()..].chars();
            let name: String = rest.take_while(|c| c.is_alphanumeric()).collect();
            if name.starts_with(char::is_uppercase) && name != "None" {
                named.insert(name);
            }
        }
    }
    assert_eq!(
        named, known,
        "what is named in {makers:?}, what the table has"
    );
}

#[test]
fn no_work_is_left_as_a_stub() {
    const MARKS: [&str; 5] = ["todo!(", "unimplemented!(", "TODO", "FIXME", "#[ignore"];
    for (file, text) in all_sources() {
        for mark in MARKS {
            assert!(!text.contains(mark), "{file} holds {mark}");
        }
    }
}
