//! The wire vectors: that they are complete, true and agreed to by the outside codec.

use super::codec::{for_every_version, without_size};
use super::examples;
use super::oracle::{assert_oracles_agree_on_request, assert_oracles_agree_on_response};
use kafka_playground::protocol::{
    ApiKey, Chunks, Description, Field, describe_request, describe_response,
};
use std::fmt::Write;
use std::fs;
use std::path::Path;

#[path = "../../wire/mod.rs"]
pub mod wire;

use wire::{Side, VECTORS};

/// Every vector as it must be: its name, its frame and its text.
fn expected() -> Vec<(String, Chunks, String)> {
    let mut vectors = Vec::new();
    for_every_version(|api, version| {
        let name = |side| format!("{}-v{version}-{side}", wire::kebab(api.name()));
        let frame = examples::request(api).encode(version, 7, Some("p1"));
        let text = annotate(
            api,
            version,
            Side::Request,
            &frame,
            describe_request(&frame),
        );
        vectors.push((name("request"), frame, text));
        let frame = examples::response(api).encode(version, 7);
        let description = describe_response(&frame, api, version);
        let text = annotate(api, version, Side::Response, &frame, description);
        vectors.push((name("response"), frame, text));
    });
    vectors
}

/// A frame as text: a line for each field without children, its bytes and what they mean.
fn annotate(
    api: ApiKey,
    version: i16,
    side: Side,
    frame: &Chunks,
    description: Description,
) -> String {
    assert_eq!(description.error, None);
    let side = match side {
        Side::Request => "request",
        Side::Response => "response",
    };
    let mut text = format!("# {} v{version}, a {side}\n", api.name());
    for field in &description.root.children {
        annotate_field(field, 0, frame, &mut text);
    }
    text
}

/// How many bytes stand in one line.
const LINE: usize = 16;

fn annotate_field(field: &Field, depth: usize, frame: &Chunks, text: &mut String) {
    let indent = "  ".repeat(depth);
    let note = format!("{indent}{} {} {}", field.name, field.kind, field.value);
    let note = note.trim_end();
    if !field.children.is_empty() {
        writeln!(text, "{:width$} # {note}", "", width = LINE * 2).expect("text");
        for child in &field.children {
            annotate_field(child, depth + 1, frame, text);
        }
        return;
    }
    let bytes = frame.slice(field.start, field.end).to_vec();
    for (index, line) in bytes.chunks(LINE).enumerate() {
        let digits: String = line.iter().map(|byte| format!("{byte:02x}")).collect();
        let note = if index == 0 {
            format!(" # {note}")
        } else {
            String::new()
        };
        writeln!(text, "{digits:width$}{note}", width = LINE * 2).expect("text");
    }
}

/// Writes the vectors that are not there yet, and the list of all.
fn update(folder: &Path) {
    let mut list = "//! Every wire vector by name. Written by `UPDATE_WIRE=1`.\n\n".to_string();
    list += "vectors! {\n";
    for (name, _, text) in expected() {
        let path = folder.join(format!("{name}.hex"));
        if !path.exists() {
            fs::write(path, text).expect("a writable folder");
        }
        writeln!(list, "    {name:?}").expect("text");
    }
    list += "}\n";
    fs::write(folder.join("list.rs"), list).expect("a writable folder");
}

#[test]
fn every_message_of_every_version_has_a_vector() {
    if std::env::var_os("UPDATE_WIRE").is_some() {
        update(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire"));
        return;
    }
    let expected = expected();
    let names: Vec<_> = expected.iter().map(|(name, ..)| name.as_str()).collect();
    let found: Vec<_> = VECTORS.iter().map(|(name, _)| *name).collect();
    assert_eq!(found, names, "UPDATE_WIRE=1 writes the missing ones");
    for ((name, frame, text), (_, found)) in expected.iter().zip(VECTORS) {
        assert_eq!(wire::frame(found), *frame, "{name}");
        assert_eq!(found, text, "{name}: its comments");
    }
}

#[test]
fn every_vector_reads_back_and_is_described_without_gaps() {
    for (name, text) in VECTORS {
        wire::check(name, text);
    }
}

#[test]
fn an_outside_codec_agrees_on_every_vector() {
    for (name, text) in VECTORS {
        let wire::Name { api, version, side } = wire::Name::parse(name);
        let frame = without_size(&wire::frame(text));
        match side {
            Side::Request => assert_oracles_agree_on_request(api, version, &frame),
            Side::Response => assert_oracles_agree_on_response(api, version, &frame),
        }
    }
}
