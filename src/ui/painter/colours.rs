//! The colours of the canvas, read from the style sheet's custom properties.
//!
//! A canvas has no classes, so what a class means to the few shapes that travel is written down here once
//! more. The values are the theme's own and are read again whenever the theme changes.

use crate::stage::geometry::number;
use crate::stage::shape::Shape;

/// The colours that travelling shapes need.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Colours {
    pub ink: String,
    pub ink_2: String,
    pub ink_inv: String,
    pub stage: String,
    pub fault: String,
    pub fault_wash: String,
    /// Fill, letter and edge of the ten keys, and of no key.
    pub keys: Vec<[String; 3]>,
    pub font_ui: String,
    pub font_mono: String,
}

/// How one shape is painted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Paint<'a> {
    pub fill: Option<&'a str>,
    pub stroke: Option<(&'a str, f64)>,
}

/// How a text is set.
#[derive(Clone, Debug, PartialEq)]
pub struct Type<'a> {
    pub fill: &'a str,
    pub font: String,
    pub align: &'static str,
}

impl Colours {
    /// Reads the theme as it is now.
    pub fn read() -> Colours {
        let window = web_sys::window().expect("the app runs in a window");
        let root = window
            .document()
            .and_then(|document| document.document_element());
        let style = root.and_then(|root| window.get_computed_style(&root).ok().flatten());
        let value = |name: &str| {
            let value = style
                .as_ref()
                .and_then(|style| style.get_property_value(name).ok());
            value.unwrap_or_default().trim().to_owned()
        };
        let key =
            |name: &str| ["", "-on", "-edge"].map(|part| value(&format!("--key-{name}{part}")));
        let mut keys: Vec<_> = (0..10).map(|hue| key(&hue.to_string())).collect();
        keys.push(key("null"));
        Colours {
            ink: value("--ink"),
            ink_2: value("--ink-2"),
            ink_inv: value("--ink-inv"),
            stage: value("--stage"),
            fault: value("--fault"),
            fault_wash: value("--fault-wash"),
            keys,
            font_ui: value("--font-ui"),
            font_mono: value("--font-mono"),
        }
    }

    /// The key colours that a class chooses, if it is a key's: `k3`, `kn`.
    pub fn key_of(&self, class: &str) -> Option<usize> {
        class
            .split(' ')
            .find_map(|word| match word.strip_prefix('k')? {
                "n" => Some(10),
                digit => digit.parse().ok().filter(|hue| *hue < 10),
            })
    }

    /// How a shape without text is painted, inside a group of this key.
    pub fn paint(&self, shape: &Shape, key: usize) -> Paint<'_> {
        let has = |word: &str| shape.class.split(' ').any(|class| class == word);
        let [fill, _, edge] = &self.keys[key];
        let paint = |fill, stroke| Paint {
            fill: Some(fill),
            stroke,
        };
        if has("pill") {
            return paint(&self.stage, Some((self.ink.as_str(), 1.5)));
        }
        if has("ring") {
            return match has("bad") {
                true => paint(&self.fault_wash, Some((self.fault.as_str(), 2.0))),
                false => paint(&self.stage, Some((self.ink.as_str(), 2.0))),
            };
        }
        if has("rec") {
            return match has("open") {
                true => paint(&self.stage, Some((edge.as_str(), 2.25))),
                false => paint(fill, Some((edge.as_str(), 1.0))),
            };
        }
        if has("x-tomb") {
            let [_, on, _] = &self.keys[key];
            return Paint {
                fill: None,
                stroke: Some((on.as_str(), 2.0)),
            };
        }
        if has("tri") {
            return paint(&self.ink_2, None);
        }
        if has("dia") {
            return match (has("inv"), has("open")) {
                (true, _) => paint(&self.ink_inv, None),
                (_, true) => paint(&self.stage, Some((self.ink.as_str(), 1.5))),
                _ => paint(&self.ink, None),
            };
        }
        Paint {
            fill: None,
            stroke: Some((self.ink.as_str(), 1.5)),
        }
    }

    /// How a text is set, inside a group of this key.
    pub fn set(&self, shape: &Shape, key: usize) -> Type<'_> {
        let has = |word: &str| shape.class.split(' ').any(|class| class == word);
        let fill = match () {
            () if has("rec-t") && has("open") => &self.ink,
            () if has("rec-t") => &self.keys[key][1],
            () if has("red") => &self.fault,
            () if has("inv") => &self.ink_inv,
            () if has("m") || has("s2") => &self.ink_2,
            () => &self.ink,
        };
        let size = shape
            .class
            .split(' ')
            .find_map(text_size)
            .unwrap_or(if has("m") { 11.0 } else { 12.0 });
        let weight = if has("rec-t") {
            700
        } else if has("b") {
            600
        } else {
            400
        };
        let family = if has("m") {
            &self.font_mono
        } else {
            &self.font_ui
        };
        let align = if has("mid") || has("rec-t") {
            "center"
        } else {
            "left"
        };
        Type {
            fill,
            font: format!("{weight} {}px {family}", number(size)),
            align,
        }
    }
}

/// The size that a class sets: `f10`, `f115`, `fs11-5`.
fn text_size(class: &str) -> Option<f64> {
    let digits = class
        .strip_prefix("fs")
        .or_else(|| class.strip_prefix('f'))?;
    match digits {
        "105" | "10-5" => Some(10.5),
        "115" | "11-5" => Some(11.5),
        _ => {
            let size = digits.parse::<u8>().ok().map(f64::from);
            size.filter(|size| (8.0..=24.0).contains(size))
        }
    }
}
