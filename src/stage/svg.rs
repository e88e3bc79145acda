//! A scene as SVG text: still pictures, golden figures and the page's first frame.
//!
//! The browser's painter makes the same elements with the same attributes, so the first frame that a
//! static page carries is taken over without a change. All text is escaped; there are no style attributes.

use std::fmt::Write;

use crate::stage::kit::{DEFS, KEY_PATTERNS};
use crate::stage::scene::Scene;
use crate::stage::shape::{Form, Shape};

/// The whole picture as one `svg` element, travellers where they are at `micros` of virtual time.
pub fn picture(scene: &Scene, micros: f64) -> String {
    let mut out = String::new();
    open(&mut out, scene.size.w, scene.size.h);
    out.push_str("<title>");
    text(&mut out, &scene.title);
    out.push_str("</title>\n<desc>");
    text(&mut out, &scene.summary);
    out.push_str("</desc>\n");
    head(&mut out);
    for node in &scene.structure {
        shape(&mut out, &node.shape);
        out.push('\n');
    }
    for traveller in &scene.travellers {
        let at = traveller.place(micros);
        shape(&mut out, &Shape::group("", vec![traveller.shape()]).at(at));
        out.push('\n');
    }
    out.push_str("</svg>\n");
    out
}

/// The picture as the page shows it before it is alive: under another class, without a head of its own.
pub fn frame(scene: &Scene, class: &str, micros: f64) -> String {
    use crate::stage::geometry::number;
    let (w, h) = (number(scene.size.w), number(scene.size.h));
    let mut out =
        format!("<svg class=\"stage {class}\" viewBox=\"0 0 {w} {h}\" role=\"img\" aria-label=\"");
    text(&mut out, &scene.summary);
    out.push_str("\"><g>");
    for node in &scene.structure {
        shape(&mut out, &node.shape);
    }
    out.push_str("</g>");
    for traveller in scene
        .travellers
        .iter()
        .filter(|one| one.arrives_at.as_micros() as f64 > micros)
    {
        let at = traveller.place(micros);
        shape(&mut out, &Shape::group("", vec![traveller.shape()]).at(at));
    }
    out.push_str("</svg>");
    out
}

/// Shapes alone, as a picture of their own: specimens and icons.
pub fn specimen(w: f64, h: f64, shapes: &[Shape]) -> String {
    let mut out = String::new();
    open(&mut out, w, h);
    head(&mut out);
    for one in shapes {
        shape(&mut out, one);
        out.push('\n');
    }
    out.push_str("</svg>\n");
    out
}

fn open(out: &mut String, w: f64, h: f64) {
    use crate::stage::geometry::number;
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"stage\" viewBox=\"0 0 {} {}\" role=\"img\">",
        number(w),
        number(h)
    );
}

/// The `defs` element that every picture carries.
pub fn head(out: &mut String) {
    out.push_str("<defs>");
    out.push_str(DEFS);
    for (hue, pattern) in KEY_PATTERNS.iter().enumerate() {
        let _ = write!(
            out,
            "<pattern id=\"pt-{hue}\" class=\"k{hue}\" width=\"8\" height=\"8\" \
             patternUnits=\"userSpaceOnUse\"><rect width=\"8\" height=\"8\" class=\"pt-ground\"/>\
             <g class=\"pt-mark\">{pattern}</g></pattern>"
        );
    }
    out.push_str("</defs>\n");
}

/// One shape with everything in it.
pub fn shape(out: &mut String, shape: &Shape) {
    let element = shape.element();
    let _ = write!(out, "<{element}");
    for (name, value) in shape.attributes() {
        if !value.is_empty() {
            let _ = write!(out, " {name}=\"");
            text(out, &value);
            out.push('"');
        }
    }
    match &shape.form {
        Form::Group { children } => {
            out.push('>');
            for child in children {
                self::shape(out, child);
            }
        }
        Form::Text { spans, .. } => {
            out.push('>');
            // As the page's own painter does it: one plain run is the text itself.
            let alone = spans.len() == 1;
            for span in spans {
                if span.class.is_empty() && alone {
                    text(out, &span.text);
                    continue;
                }
                match span.class.is_empty() {
                    true => out.push_str("<tspan>"),
                    false => drop(write!(out, "<tspan class=\"{}\">", span.class)),
                }
                text(out, &span.text);
                out.push_str("</tspan>");
            }
        }
        _ => {
            out.push_str("/>");
            return;
        }
    }
    let _ = write!(out, "</{element}>");
}

/// Text that may stand between tags and in attributes. Characters that XML does not know are replaced.
fn text(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' | '\n' | '\r' => out.push(' '),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_everywhere() {
        let nasty = "<script>&\"'\u{0}\u{ffff}";
        let drawn = specimen(
            1.0,
            1.0,
            &[Shape::text(0.0, 0.0, nasty, nasty), Shape::path(nasty, "")],
        );
        assert!(!drawn.contains("<script"));
        assert!(drawn.contains("&lt;script&gt;&amp;&quot;&#39;\u{fffd}\u{fffd}"));
    }

    #[test]
    fn an_empty_attribute_is_left_out() {
        let mut out = String::new();
        shape(&mut out, &Shape::circle(1.0, 2.0, 3.5, ""));
        assert_eq!(out, "<circle cx=\"1\" cy=\"2\" r=\"3.5\"/>");
    }
}
