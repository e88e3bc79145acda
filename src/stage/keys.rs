//! Which hue and which tag a key gets.
//!
//! Colour means one thing on this stage: a record's key. A key's hue is its order of first appearance in
//! the topic, modulo ten; its tag is a letter or two. After ten keys hues repeat and tags do not, so hue
//! and tag together always tell two keys apart.
//!
//! The rules of tags: strip what all keys of the topic begin with, strangers apart; take the first letter, in upper case,
//! or two characters when the letter is taken; of digits take the last two. The table is a function of the
//! keys in their order of appearance and of nothing else.

use crate::sorted::{SortedMap, SortedSet};

use crate::stage::snapshot::{Hue, KeyMark};

/// How many hues there are.
pub const HUES: usize = 10;

/// The keys of one topic in order of first appearance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    names: Vec<String>,
    tags: Vec<String>,
    /// Where each name stands in the order.
    index: SortedMap<String, usize>,
    taken: SortedSet<String>,
    /// How many bytes all names share.
    common: usize,
}

impl Keys {
    /// The table for keys in order of appearance; repeats are welcome.
    pub fn of<'a>(keys: impl IntoIterator<Item = &'a str>) -> Keys {
        let mut table = Keys::default();
        for key in keys {
            table.learn(key);
        }
        table
    }

    /// Adds a key when it is new; says whether it was. The tags of older keys change by it only while
    /// the common prefix is still being found out.
    pub fn learn(&mut self, key: &str) -> bool {
        if self.index.contains_key(key) {
            return false;
        }
        let before = self.prefix();
        match self.names.first() {
            None => self.common = key.len(),
            Some(first) => {
                // A stranger among keys that share a beginning does not rename them.
                let common = self.common.min(shared(first, key));
                if before == 0 || last_boundary(first, common) > 0 {
                    self.common = common;
                }
            }
        }
        self.index.insert(key.to_owned(), self.names.len());
        self.names.push(key.to_owned());
        if self.prefix() == before {
            self.tag_from(self.names.len() - 1);
        } else {
            self.tags.clear();
            self.taken.clear();
            self.tag_from(0);
        }
        true
    }

    /// True for a key that was learned.
    pub fn knows(&self, key: &str) -> bool {
        self.index.contains_key(key)
    }

    /// Forgets the key that was learned last, as if it had never come, and says which that was.
    pub fn forget_last(&mut self) -> Option<String> {
        let mut names = std::mem::take(&mut self.names);
        let last = names.pop();
        *self = Keys::of(names.iter().map(String::as_str));
        last
    }

    /// The mark of a key; a key never seen gets the mark of no key.
    pub fn mark(&self, key: &str) -> KeyMark {
        match self.index.get(key) {
            Some(&at) => KeyMark::new((at % HUES) as Hue, &self.tags[at]),
            None => KeyMark::none(),
        }
    }

    pub fn len(&self) -> usize {
        self.names.len()
    }

    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Each key with its mark, in order of appearance.
    pub fn iter(&self) -> impl Iterator<Item = (&str, KeyMark)> {
        self.names
            .iter()
            .zip(&self.tags)
            .enumerate()
            .map(|(at, (name, tag))| (name.as_str(), KeyMark::new((at % HUES) as Hue, tag)))
    }

    /// What is stripped: the common bytes, cut back to a boundary between words, so that `driver-chen`
    /// and `driver-carla` keep their C and no number loses its first digits.
    fn prefix(&self) -> usize {
        self.names
            .first()
            .map_or(0, |first| last_boundary(first, self.common))
    }

    fn tag_from(&mut self, start: usize) {
        let prefix = self.prefix();
        for at in start..self.names.len() {
            let (stem, name) = (&self.names[0][..prefix], &self.names[at]);
            let tag = candidates(name.strip_prefix(stem).unwrap_or(name))
                .into_iter()
                .chain((at..).map(counted))
                .find(|tag| !self.taken.contains(tag))
                .expect("the counted tags never end");
            self.taken.insert(tag.clone());
            self.tags.push(tag);
        }
    }
}

/// How many bytes two names share from their beginning.
fn shared(a: &str, b: &str) -> usize {
    a.char_indices()
        .zip(b.chars())
        .find(|((_, x), y)| x != y)
        .map_or(a.len().min(b.len()), |((at, _), _)| at)
}

/// The last place up to `limit` that follows a separator, or stands between letters and digits.
fn last_boundary(name: &str, limit: usize) -> usize {
    let mut boundary = 0;
    let mut before: Option<char> = None;
    for (at, c) in name.char_indices() {
        if at > limit {
            break;
        }
        if let Some(b) = before {
            let after_separator = !b.is_alphanumeric() && c.is_alphanumeric();
            let into_digits = b.is_alphabetic() && c.is_ascii_digit();
            if after_separator || into_digits {
                boundary = at;
            }
        }
        before = Some(c);
    }
    boundary
}

/// Tags in order of preference for what is left of a name.
fn candidates(rest: &str) -> Vec<String> {
    let plain: Vec<char> = rest.chars().filter(|c| c.is_alphanumeric()).collect();
    let Some(&first) = plain.first() else {
        // A picture is as good as a letter.
        let drawn = |c: &char| !(c.is_ascii() || c.is_whitespace() || c.is_control());
        let picture = rest.chars().find(drawn);
        return vec![picture.map_or("·".to_owned(), String::from)];
    };
    if plain.iter().all(char::is_ascii_digit) {
        let last_two: String = plain[plain.len().saturating_sub(2)..].iter().collect();
        return vec![last_two];
    }
    let letter: String = first.to_uppercase().take(1).collect();
    let mut tags = vec![letter.clone()];
    tags.extend(plain[1..].iter().map(|second| format!("{letter}{second}")));
    tags
}

/// The tag of last resort: a number in base 36, of two digits as long as they suffice.
fn counted(number: usize) -> String {
    let digit = |n: usize| char::from_digit((n % 36) as u32, 36).expect("below 36 is a digit");
    let tail = format!("{}{}", digit(number / 36), digit(number));
    match number / 1296 {
        0 => tail,
        more => format!("{more}{tail}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tagged(keys: &[&str]) -> Vec<String> {
        let table = Keys::of(keys.iter().copied());
        table.iter().map(|(_, mark)| mark.tag.to_string()).collect()
    }

    #[test]
    fn tags_follow_the_rules() {
        let cases: [(&[&str], &[&str]); 12] = [
            (
                &["trip-71", "trip-72", "outsider", "trip-8"],
                &["71", "72", "O", "8"],
            ),
            (&["driver-chen", "driver-farah"], &["C", "F"]),
            (&["driver-chen"], &["C"]),
            (&["chen", "farah", "goran"], &["C", "F", "G"]),
            (&["driver-chen", "driver-carla"], &["C", "Ca"]),
            (&["bruno", "bruna"], &["B", "Br"]),
            (&["trip-1007", "trip-1012"], &["07", "12"]),
            (&["t7", "t12"], &["7", "12"]),
            (&["107", "207"], &["07", "01"]),
            (&["élan", "été"], &["É", "Ét"]),
            (&["", "--"], &["·", "01"]),
            (&["🚗", "🚕"], &["🚗", "🚕"]),
        ];
        for (keys, tags) in cases {
            assert_eq!(tagged(keys), tags, "{keys:?}");
        }
    }

    #[test]
    fn hues_go_by_first_appearance_and_repeat_after_ten() {
        let names: Vec<String> = (0..23).map(|n| format!("k{n:02}")).collect();
        let table = Keys::of(names.iter().map(String::as_str));
        let hues: Vec<Option<u8>> = table.iter().map(|(_, mark)| mark.hue).collect();
        for (at, hue) in hues.iter().enumerate() {
            assert_eq!(*hue, Some((at % 10) as u8));
        }
        let repeated = Keys::of(["b", "a", "b", "a", "c"]);
        assert_eq!(repeated.mark("c").hue, Some(2));
    }

    #[test]
    fn tags_never_repeat() {
        let names: Vec<String> = (0..400).map(|n| format!("user {}", n * 7919)).collect();
        let mut tags = tagged(&names.iter().map(String::as_str).collect::<Vec<_>>());
        tags.sort();
        tags.dedup();
        assert_eq!(tags.len(), 400);
    }

    #[test]
    fn forgetting_undoes_learning() {
        let mut table = Keys::of(["trip-7", "trip-12", "user"]);
        table.forget_last();
        assert_eq!(table, Keys::of(["trip-7", "trip-12"]));
    }

    #[test]
    fn an_unknown_key_is_drawn_as_no_key() {
        assert_eq!(Keys::default().mark("x"), KeyMark::none());
    }
}
