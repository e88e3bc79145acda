//! The catalogue: every lesson there is, embedded when the crate is compiled.
//!
//! A lesson is added by its two files and its line here. Nothing is read at run time, so the lessons
//! are the same in a browser, in the host binary and in tests.

/// The two files of a lesson.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    pub slug: &'static str,
    pub page: &'static str,
    pub script: &'static str,
}

macro_rules! sources {
    ($($slug:literal in $file:literal),* $(,)?) => {
        &[$(Source {
            slug: $slug,
            page: include_str!(concat!("../../www/lessons/", $file, ".md")),
            script: include_str!(concat!("../../www/lessons/", $file, ".script")),
        }),*]
    };
}

/// What the first page plays and says.
pub const FIRST: &Source = &sources!["first" in "first"][0];

/// The lessons in the order of their numbers.
pub const LESSONS: &[Source] = sources![
    "topics" in "02-topics",
    "groups" in "03-groups",
    "keys" in "04-keys",
    "map" in "05-map",
    "retention" in "06-retention",
    "message" in "07-message",
    "choose" in "08-choose",
    "metadata" in "09-metadata",
    "append" in "10-append",
    "offsets" in "12-offsets",
    "failover" in "13-failover",
    "acks" in "15-acks",
    "idempotence" in "16-idempotence",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lesson::{cut, page};

    #[test]
    fn every_page_reads_and_its_script_has_a_part_for_each_step() {
        let mut before = None;
        for source in std::iter::once(FIRST).chain(LESSONS) {
            let page = page::parse(source.page);
            let page = page.unwrap_or_else(|error| panic!("{}.md: {error}", source.slug));
            assert_eq!(&*page.slug, source.slug);
            assert!(before < Some(page.number), "{}: numbers ascend", page.slug);
            before = Some(page.number);
            if let Err(error) = cut::cuts(source.script, page.steps.len()) {
                panic!("{}.script: {error}", source.slug);
            }
        }
    }
}
