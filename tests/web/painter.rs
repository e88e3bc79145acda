//! The painter joins what stays and uses again what goes.

use crate::page::document;
use kafka_playground::stage::Thing;
use kafka_playground::stage::shape::{Key, Node, Shape};
use kafka_playground::ui::painter::{Structure, Work};
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::Element;

fn layer() -> Element {
    document()
        .create_element_ns(Some("http://www.w3.org/2000/svg"), "g")
        .unwrap()
}

fn named(field: u16, shape: Shape) -> Node {
    shape.keyed(Key::new(Thing::Field(field), "test"))
}

fn dot(field: u16, x: f64) -> Node {
    named(field, Shape::circle(x, 0.0, 5.0, "ring"))
}

#[wasm_bindgen_test]
fn what_stays_keeps_its_element() {
    let layer = layer();
    let mut structure = Structure::new(layer.clone());
    structure.apply(vec![dot(1, 0.0), dot(2, 10.0)]);
    let first = layer.first_element_child().unwrap();
    structure.apply(vec![dot(1, 3.0), dot(2, 10.0)]);
    assert!(first.is_same_node(layer.first_element_child().as_deref()));
    assert_eq!(first.get_attribute("cx").as_deref(), Some("3"));
    assert_eq!(
        structure.work,
        Work {
            changed: 1,
            ..Work::default()
        }
    );
    structure.apply(vec![dot(1, 3.0), dot(2, 10.0)]);
    assert_eq!(structure.work, Work::default());
}

#[wasm_bindgen_test]
fn order_is_that_of_the_picture() {
    let layer = layer();
    let mut structure = Structure::new(layer.clone());
    structure.apply(vec![dot(1, 1.0), dot(2, 2.0), dot(3, 3.0)]);
    structure.apply(vec![dot(3, 3.0), dot(4, 4.0), dot(1, 1.0)]);
    let xs: Vec<_> = (0..layer.child_element_count())
        .filter_map(|index| layer.children().item(index)?.get_attribute("cx"))
        .collect();
    assert_eq!(xs, ["3", "4", "1"]);
}

#[wasm_bindgen_test]
fn what_goes_is_used_again() {
    let layer = layer();
    let mut structure = Structure::new(layer.clone());
    structure.apply(vec![dot(1, 1.0)]);
    structure.apply(Vec::new());
    assert_eq!(layer.child_element_count(), 0);
    structure.apply(vec![named(2, Shape::circle(2.0, 0.0, 5.0, ""))]);
    assert_eq!((structure.work.made, structure.work.recycled), (0, 1));
    let again = layer.first_element_child().unwrap();
    assert_eq!(
        again.get_attribute("class"),
        None,
        "nothing of the old shape is left"
    );
}

#[wasm_bindgen_test]
fn words_change_in_place() {
    let layer = layer();
    let mut structure = Structure::new(layer.clone());
    let group = |words: &'static str| {
        let parts = vec![
            Shape::text(0.0, 0.0, words, "m"),
            Shape::circle(0.0, 0.0, 1.0, ""),
        ];
        named(1, Shape::group("", parts))
    };
    structure.apply(vec![group("leader 2")]);
    let text = layer.query_selector("text").unwrap().unwrap();
    structure.apply(vec![group("leader 3")]);
    assert_eq!(text.text_content().as_deref(), Some("leader 3"));
    assert!(text.is_same_node(layer.query_selector("text").unwrap().as_deref()));
}
