//! The front matter of a page: what the lesson is called and where it stands.

use super::{LEAD_WORDS, Page, limit, prose};
use crate::lesson::Unreadable;
use crate::lesson::inline;
use crate::model::Text;
use crate::stage::Lens;

pub(super) fn front_matter<'a>(
    lines: &mut impl Iterator<Item = (usize, &'a str)>,
) -> Result<Page, Unreadable> {
    const FIELDS: &str = "slug, number, title, lens, rows, lead";
    let at = |line, sentence: String| Unreadable { line, sentence };
    match lines.next() {
        Some((_, "---")) => {}
        _ => {
            return Err(at(
                1,
                format!("a lesson begins with --- and its fields: {FIELDS}"),
            ));
        }
    }
    let (mut slug, mut number, mut title, mut lens, mut lead) = (None, None, None, None, None);
    let mut even = None;
    for (line, field) in lines {
        if field == "---" {
            let missing = |name: &str| at(line, format!("the front matter has no {name}:"));
            return Ok(Page {
                slug: slug.ok_or_else(|| missing("slug"))?,
                number: number.ok_or_else(|| missing("number"))?,
                title: title.ok_or_else(|| missing("title"))?,
                lens: lens.ok_or_else(|| missing("lens"))?,
                even: even.is_some(),
                lead: lead.ok_or_else(|| missing("lead"))?,
                steps: Vec::new(),
            });
        }
        let (name, value) = field.split_once(':').ok_or_else(|| {
            at(
                line,
                format!("the front matter has lines of name: value, with {FIELDS}"),
            )
        })?;
        let value = value.trim();
        let twice = match name {
            "slug"
                if value.chars().all(|c| c.is_ascii_lowercase() || c == '-')
                    && !value.is_empty() =>
            {
                slug.replace(Text::from(value)).is_some()
            }
            "slug" => return Err(at(line, "a slug is made of small letters and -".to_owned())),
            "number" => {
                let value = value.parse().ok().filter(|number| *number <= 99);
                let value = value.ok_or_else(|| at(line, "number is from 0 to 99".to_owned()))?;
                number.replace(value).is_some()
            }
            "title" if value.is_empty() => return Err(at(line, "title is empty".to_owned())),
            "title" => title.replace(Text::from(value)).is_some(),
            "lens" => {
                let value = match value {
                    "broker" => Lens::ByBroker,
                    "topic" => Lens::ByTopic,
                    "record" => Lens::Record,
                    _ => return Err(at(line, "lens is broker, topic or record".to_owned())),
                };
                lens.replace(value).is_some()
            }
            "rows" if value == "even" => even.replace(()).is_some(),
            "rows" => return Err(at(line, "rows is even, or left out".to_owned())),
            "lead" => {
                let value = prose(value).map_err(|sentence| at(line, sentence))?;
                limit("a lead", inline::words(&value), LEAD_WORDS).map_err(|s| at(line, s))?;
                lead.replace(value).is_some()
            }
            _ => return Err(at(line, format!("{name}: is none of {FIELDS}"))),
        };
        if twice {
            return Err(at(line, format!("{name}: comes twice")));
        }
    }
    Err(at(1, "the front matter ends with ---".to_owned()))
}
