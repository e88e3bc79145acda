//! What stands: the differences of two pictures carried out on SVG elements.
//!
//! A picture is a list of named shapes in drawing order; [`crate::stage::diff`] says what to do to the last one
//! to get the next. Elements are kept by name and those that nobody needs any more are used again. The painter
//! owns every child of its layer: nothing else may touch them.

use crate::sorted::SortedMap;

use wasm_bindgen::JsCast;
use web_sys::{Document, Element, Node as DomNode};

use crate::stage::diff::{SceneOp, diff};
use crate::stage::shape::{Key, Node, Shape, Span};

const SVG: &str = "http://www.w3.org/2000/svg";
/// Elements of one kind kept for later.
const SPARE: usize = 200;

/// The elements of one layer.
pub struct Structure {
    document: Document,
    layer: Element,
    picture: Vec<Node>,
    elements: SortedMap<Key, Element>,
    spare: SortedMap<String, Vec<Element>>,
    /// What the last picture cost.
    pub work: Work,
}

/// How many elements a picture made, took from the spares, changed, moved and put aside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    pub made: u32,
    pub recycled: u32,
    pub changed: u32,
    pub removed: u32,
    pub moved: u32,
}

impl Structure {
    /// The layer must be empty and an SVG group.
    pub fn new(layer: Element) -> Structure {
        let document = layer.owner_document().expect("an element has a document");
        Structure {
            document,
            layer,
            picture: Vec::new(),
            elements: SortedMap::new(),
            spare: SortedMap::new(),
            work: Work::default(),
        }
    }

    /// Makes the layer show exactly these shapes, in this order.
    pub fn apply(&mut self, picture: Vec<Node>) {
        self.work = Work::default();
        for op in diff(&self.picture, &picture) {
            self.carry_out(op);
        }
        self.picture = picture;
    }

    pub fn element(&self, key: &Key) -> Option<&Element> {
        self.elements.get(key)
    }

    fn carry_out(&mut self, op: SceneOp) {
        match op {
            SceneOp::Remove { key } => {
                if let Some(element) = self.elements.remove(&key) {
                    self.put_aside(element);
                }
            }
            SceneOp::Insert { node, before } => {
                let element = self.make(&node.shape);
                self.put(&element, before.as_ref());
                self.elements.insert(node.key, element);
            }
            SceneOp::Move { key, before } => {
                self.work.moved += 1;
                if let Some(element) = self.elements.get(&key).cloned() {
                    self.put(&element, before.as_ref());
                }
            }
            SceneOp::Replace { node } => {
                let made = self.make(&node.shape);
                if let Some(element) = self.elements.insert(node.key, made.clone()) {
                    let _ = self.layer.replace_child(&made, &element);
                    self.put_aside(element);
                }
            }
            SceneOp::Attribute {
                key,
                path,
                name,
                value,
            } => {
                self.work.changed += 1;
                if let Some(element) = self.find(&key, &path) {
                    let _ = match value.is_empty() {
                        true => element.remove_attribute(name),
                        false => element.set_attribute(name, &value),
                    };
                }
            }
            SceneOp::Words { key, path, spans } => {
                self.work.changed += 1;
                if let Some(element) = self.find(&key, &path) {
                    self.write_runs(&element, &spans);
                }
            }
        }
    }

    /// The element at a path of child numbers inside a named one.
    fn find(&self, key: &Key, path: &[u16]) -> Option<Element> {
        let mut element = self.elements.get(key)?.clone();
        for index in path {
            element = element.children().item(u32::from(*index))?;
        }
        Some(element)
    }

    fn put(&self, element: &Element, before: Option<&Key>) {
        let before = before.and_then(|key| self.elements.get(key));
        let _ = self.layer.insert_before(element, before.map(AsRef::as_ref));
    }

    fn put_aside(&mut self, element: Element) {
        self.work.removed += 1;
        element.remove();
        if element.child_element_count() > 0 {
            return;
        }
        let spare = self.spare.entry(element.tag_name()).or_default();
        if spare.len() < SPARE {
            for name in element.get_attribute_names() {
                let _ = element.remove_attribute(&name.as_string().unwrap_or_default());
            }
            element.set_text_content(None);
            spare.push(element);
        }
    }

    fn make(&mut self, shape: &Shape) -> Element {
        let spare = self.spare.get_mut(shape.element()).and_then(Vec::pop);
        let element = match spare {
            Some(element) => {
                self.work.recycled += 1;
                element
            }
            None => {
                self.work.made += 1;
                self.create(shape.element())
            }
        };
        for (name, value) in shape.attributes() {
            if !value.is_empty() {
                let _ = element.set_attribute(name, &value);
            }
        }
        self.write_runs(&element, shape.runs());
        for child in shape.children() {
            let child = self.make(child);
            let _ = element.append_child(&child);
        }
        element
    }

    fn create(&self, name: &str) -> Element {
        self.document
            .create_element_ns(Some(SVG), name)
            .expect("a shape's element has a legal name")
    }

    fn write_runs(&self, element: &Element, runs: &[Span]) {
        match runs {
            [] => {
                if element.tag_name() == "text" {
                    element.set_text_content(None);
                }
            }
            [only] if only.class.is_empty() => element.set_text_content(Some(&only.text)),
            runs => {
                element.set_text_content(None);
                for run in runs {
                    let span = self.create("tspan");
                    if !run.class.is_empty() {
                        let _ = span.set_attribute("class", &run.class);
                    }
                    span.set_text_content(Some(&run.text));
                    let _ = element.append_child(span.unchecked_ref::<DomNode>());
                }
            }
        }
    }
}
