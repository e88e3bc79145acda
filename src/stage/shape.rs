//! The few shapes of which every picture is made.
//!
//! A [`Shape`] says what to draw and under which class; what a class looks like stands in the style sheet,
//! so one picture serves light, dark, print and present mode. There is no style attribute anywhere: the
//! page's security policy forbids it, and the style sheet could not be overridden.
//!
//! A [`Node`] is a shape with a [`Key`]: the name by which the painter finds the element again when the
//! next picture comes. Shapes inside a group have no names; they are found by their place in it.

use std::borrow::Cow;

use crate::stage::Thing;
use crate::stage::geometry::{Point, number, read_number};

/// Words that are usually written in the source and sometimes put together.
pub type Name = Cow<'static, str>;

/// One drawn thing.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    pub class: Name,
    /// Where the shape's own origin is put.
    pub place: Option<Place>,
    pub form: Form,
}

/// What is drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum Form {
    Rect {
        x: f64,
        y: f64,
        w: f64,
        h: f64,
        r: f64,
    },
    Circle {
        cx: f64,
        cy: f64,
        r: f64,
    },
    Line {
        x1: f64,
        y1: f64,
        x2: f64,
        y2: f64,
    },
    Path {
        d: Name,
    },
    Text {
        x: f64,
        y: f64,
        spans: Vec<Span>,
    },
    Group {
        children: Vec<Shape>,
    },
}

/// A run of text in one style.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    pub class: Name,
    pub text: Name,
}

/// A translation and, for icons, a scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    pub at: Point,
    pub scale: f64,
}

/// A shape with a name.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub key: Key,
    pub shape: Shape,
}

/// The name of a drawn shape: which part of which thing, and which of them when there are several.
/// Equal keys in two pictures mean the same thing at two instants.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub thing: Thing,
    pub part: &'static str,
    pub index: u32,
}

impl Key {
    pub fn new(thing: Thing, part: &'static str) -> Key {
        Key {
            thing,
            part,
            index: 0,
        }
    }
}

impl Shape {
    fn of(class: impl Into<Name>, form: Form) -> Shape {
        Shape {
            class: class.into(),
            place: None,
            form,
        }
    }

    pub fn rect(x: f64, y: f64, w: f64, h: f64, r: f64, class: impl Into<Name>) -> Shape {
        Shape::of(class, Form::Rect { x, y, w, h, r })
    }

    pub fn circle(cx: f64, cy: f64, r: f64, class: impl Into<Name>) -> Shape {
        Shape::of(class, Form::Circle { cx, cy, r })
    }

    pub fn line(x1: f64, y1: f64, x2: f64, y2: f64, class: impl Into<Name>) -> Shape {
        Shape::of(class, Form::Line { x1, y1, x2, y2 })
    }

    pub fn path(d: impl Into<Name>, class: impl Into<Name>) -> Shape {
        Shape::of(class, Form::Path { d: d.into() })
    }

    pub fn text(x: f64, y: f64, text: impl Into<Name>, class: impl Into<Name>) -> Shape {
        Shape::spans(x, y, vec![Span::plain(text)], class)
    }

    pub fn spans(x: f64, y: f64, spans: Vec<Span>, class: impl Into<Name>) -> Shape {
        Shape::of(class, Form::Text { x, y, spans })
    }

    pub fn group(class: impl Into<Name>, children: Vec<Shape>) -> Shape {
        Shape::of(class, Form::Group { children })
    }

    /// The same shape with its origin at a point.
    pub fn at(mut self, at: Point) -> Shape {
        self.place = Some(Place { at, scale: 1.0 });
        self
    }

    pub fn scaled(mut self, scale: f64) -> Shape {
        let at = self.place.map_or(Point::default(), |place| place.at);
        self.place = Some(Place { at, scale });
        self
    }

    pub fn keyed(self, key: Key) -> Node {
        Node { key, shape: self }
    }

    /// The element's name in SVG.
    pub fn element(&self) -> &'static str {
        match self.form {
            Form::Rect { .. } => "rect",
            Form::Circle { .. } => "circle",
            Form::Line { .. } => "line",
            Form::Path { .. } => "path",
            Form::Text { .. } => "text",
            Form::Group { .. } => "g",
        }
    }

    /// Every attribute with its value, always the same names for the same element, so that two shapes of
    /// one kind can be compared pair by pair. An empty value means: no such attribute.
    pub fn attributes(&self) -> Vec<(&'static str, Name)> {
        let mut all: Vec<(&'static str, Name)> = match &self.form {
            Form::Rect { x, y, w, h, r } => vec![
                ("x", number(*x).into()),
                ("y", number(*y).into()),
                ("width", number(*w).into()),
                ("height", number(*h).into()),
                ("rx", number(*r).into()),
            ],
            Form::Circle { cx, cy, r } => vec![
                ("cx", number(*cx).into()),
                ("cy", number(*cy).into()),
                ("r", number(*r).into()),
            ],
            Form::Line { x1, y1, x2, y2 } => vec![
                ("x1", number(*x1).into()),
                ("y1", number(*y1).into()),
                ("x2", number(*x2).into()),
                ("y2", number(*y2).into()),
            ],
            Form::Path { d } => vec![("d", d.clone())],
            Form::Text { x, y, .. } => {
                vec![("x", number(*x).into()), ("y", number(*y).into())]
            }
            Form::Group { .. } => Vec::new(),
        };
        all.push(("class", self.class.clone()));
        all.push((
            "transform",
            self.place.map_or(Name::Borrowed(""), Place::text),
        ));
        all
    }

    /// The shapes inside a group.
    pub fn children(&self) -> &[Shape] {
        match &self.form {
            Form::Group { children } => children,
            _ => &[],
        }
    }

    /// The runs of a text.
    pub fn runs(&self) -> &[Span] {
        match &self.form {
            Form::Text { spans, .. } => spans,
            _ => &[],
        }
    }

    /// How many elements this shape becomes.
    pub fn count(&self) -> usize {
        1 + self.children().iter().map(Shape::count).sum::<usize>()
    }
}

impl Span {
    pub fn plain(text: impl Into<Name>) -> Span {
        Span::styled(text, "")
    }

    pub fn styled(text: impl Into<Name>, class: impl Into<Name>) -> Span {
        Span {
            class: class.into(),
            text: text.into(),
        }
    }
}

impl Place {
    /// Reads what a transform attribute says, as this module writes it.
    pub fn parse(text: &str) -> Option<Place> {
        let (at, rest) = text.strip_prefix("translate(")?.split_once(')')?;
        let (x, y) = at.split_once(' ')?;
        let scale = match rest.strip_prefix(" scale(") {
            Some(scale) => read_number(scale.trim_end_matches(')'))?,
            None => 1.0,
        };
        Some(Place {
            at: Point::new(read_number(x)?, read_number(y)?),
            scale,
        })
    }

    fn text(self) -> Name {
        let mut text = format!("translate({} {})", number(self.at.x), number(self.at.y));
        if self.scale != 1.0 {
            text += &format!(" scale({})", number(self.scale));
        }
        text.into()
    }
}
