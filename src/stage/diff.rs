//! From one picture to the next by the fewest changes.
//!
//! The structure of a scene is a list of keyed nodes. [`diff`] compares two such lists and says what to do
//! to the first to get the second: remove, insert, move, change one attribute, replace. The painter carries
//! the list out on real elements, which it keeps by key; what did not change is not touched.
//!
//! Law: carrying out `diff(a, b)` on `a` gives `b`. [`apply`] is that law's model and is tested against
//! random structures.
//!
//! Changes inside a group are addressed by a path of child numbers. When the children differ in number or
//! kind the whole node is replaced: they are small.

use crate::sorted::SortedMap;

use crate::stage::shape::{Form, Key, Name, Node, Shape, Span};

/// One thing to do. Operations are carried out in order.
#[derive(Clone, Debug, PartialEq)]
pub enum SceneOp {
    Remove {
        key: Key,
    },
    /// Puts a new node before another, or at the end.
    Insert {
        node: Node,
        before: Option<Key>,
    },
    /// Puts a node that stays before another, or at the end.
    Move {
        key: Key,
        before: Option<Key>,
    },
    /// Draws a node anew in its place.
    Replace {
        node: Node,
    },
    /// Sets one attribute of one element; an empty value takes it away.
    Attribute {
        key: Key,
        path: Vec<u16>,
        name: &'static str,
        value: Name,
    },
    /// Sets the words of one text.
    Words {
        key: Key,
        path: Vec<u16>,
        spans: Vec<Span>,
    },
}

/// What to do to `before` to get `after`.
pub fn diff(before: &[Node], after: &[Node]) -> Vec<SceneOp> {
    let mut ops = Vec::new();
    let same_order =
        before.len() == after.len() && before.iter().zip(after).all(|(a, b)| a.key == b.key);
    if same_order {
        for (a, b) in before.iter().zip(after) {
            change(a, b, &mut ops);
        }
        return ops;
    }
    let old: SortedMap<&Key, usize> = before.iter().zip(0..).map(|(n, at)| (&n.key, at)).collect();
    let new: SortedMap<&Key, usize> = after.iter().zip(0..).map(|(n, at)| (&n.key, at)).collect();
    for node in before {
        if !new.contains_key(&node.key) {
            let key = node.key.clone();
            ops.push(SceneOp::Remove { key });
        }
    }
    let places: Vec<Option<usize>> = after
        .iter()
        .map(|node| old.get(&node.key).copied())
        .collect();
    let stays = longest_ascent(&places);
    // From the end forward, so that every node is put before one that already stands right.
    for at in (0..after.len()).rev() {
        let node = &after[at];
        let next = after.get(at + 1).map(|next| next.key.clone());
        match places[at] {
            None => ops.push(SceneOp::Insert {
                node: node.clone(),
                before: next,
            }),
            Some(was) => {
                if !stays[at] {
                    ops.push(SceneOp::Move {
                        key: node.key.clone(),
                        before: next,
                    });
                }
                change(&before[was], node, &mut ops);
            }
        }
    }
    ops
}

/// Changes one node into another of the same key.
fn change(a: &Node, b: &Node, ops: &mut Vec<SceneOp>) {
    if a.shape == b.shape {
        return;
    }
    if !alike(&a.shape, &b.shape) {
        ops.push(SceneOp::Replace { node: b.clone() });
        return;
    }
    let mut path = Vec::new();
    change_inside(&b.key, &a.shape, &b.shape, &mut path, ops);
}

/// True when one can be changed into the other without new elements.
fn alike(a: &Shape, b: &Shape) -> bool {
    a.element() == b.element()
        && a.children().len() == b.children().len()
        && a.children()
            .iter()
            .zip(b.children())
            .all(|(a, b)| alike(a, b))
}

fn change_inside(key: &Key, a: &Shape, b: &Shape, path: &mut Vec<u16>, ops: &mut Vec<SceneOp>) {
    if a == b {
        return;
    }
    for ((name, old), (_, new)) in a.attributes().into_iter().zip(b.attributes()) {
        if old != new {
            ops.push(SceneOp::Attribute {
                key: key.clone(),
                path: path.clone(),
                name,
                value: new,
            });
        }
    }
    if a.runs() != b.runs() {
        ops.push(SceneOp::Words {
            key: key.clone(),
            path: path.clone(),
            spans: b.runs().to_vec(),
        });
    }
    for (at, (a, b)) in a.children().iter().zip(b.children()).enumerate() {
        path.push(at as u16);
        change_inside(key, a, b, path, ops);
        path.pop();
    }
}

/// For each place of the new list, whether its node may stay where it is: the longest run of nodes whose
/// old order is also their new one.
fn longest_ascent(places: &[Option<usize>]) -> Vec<bool> {
    // tails[n] is the end of the best ascent of length n + 1; came[at] the place before it in its ascent.
    let mut tails: Vec<usize> = Vec::new();
    let mut came: Vec<Option<usize>> = vec![None; places.len()];
    for (at, place) in places.iter().enumerate() {
        let Some(old) = place else { continue };
        let length = tails.partition_point(|tail| places[*tail].is_some_and(|t| t < *old));
        came[at] = length.checked_sub(1).map(|shorter| tails[shorter]);
        match tails.get_mut(length) {
            Some(tail) => *tail = at,
            None => tails.push(at),
        }
    }
    let mut stays = vec![false; places.len()];
    let mut next = tails.last().copied();
    while let Some(at) = next {
        stays[at] = true;
        next = came[at];
    }
    stays
}

/// Carries out operations on a list of nodes, as the painter does on elements.
///
/// # Panics
/// When an operation names a node that is not there: then it was not made for this list.
pub fn apply(nodes: &mut Vec<Node>, ops: &[SceneOp]) {
    for op in ops {
        match op {
            SceneOp::Remove { key } => {
                nodes.remove(place(nodes, key));
            }
            SceneOp::Insert { node, before } => {
                let at = before.as_ref().map_or(nodes.len(), |key| place(nodes, key));
                nodes.insert(at, node.clone());
            }
            SceneOp::Move { key, before } => {
                let node = nodes.remove(place(nodes, key));
                let at = before.as_ref().map_or(nodes.len(), |key| place(nodes, key));
                nodes.insert(at, node);
            }
            SceneOp::Replace { node } => {
                let at = place(nodes, &node.key);
                nodes[at] = node.clone();
            }
            SceneOp::Attribute {
                key,
                path,
                name,
                value,
            } => {
                let at = place(nodes, key);
                set(inside(&mut nodes[at].shape, path), name, value);
            }
            SceneOp::Words { key, path, spans } => {
                let at = place(nodes, key);
                if let Form::Text { spans: old, .. } = &mut inside(&mut nodes[at].shape, path).form
                {
                    *old = spans.clone();
                }
            }
        }
    }
}

fn place(nodes: &[Node], key: &Key) -> usize {
    nodes
        .iter()
        .position(|node| node.key == *key)
        .unwrap_or_else(|| panic!("{key:?} is in the picture that is changed"))
}

fn inside<'a>(shape: &'a mut Shape, path: &[u16]) -> &'a mut Shape {
    let mut shape = shape;
    for at in path {
        let Form::Group { children } = &mut shape.form else {
            panic!("a path leads through groups only")
        };
        shape = &mut children[usize::from(*at)];
    }
    shape
}

/// Sets an attribute of the model from its text.
fn set(shape: &mut Shape, name: &str, value: &str) {
    let number = || crate::stage::geometry::read_number(value).unwrap_or(f64::NAN);
    match (&mut shape.form, name) {
        (_, "class") => shape.class = value.to_owned().into(),
        (_, "transform") => shape.place = crate::stage::shape::Place::parse(value),
        (Form::Rect { x, .. } | Form::Text { x, .. }, "x") => *x = number(),
        (Form::Rect { y, .. } | Form::Text { y, .. }, "y") => *y = number(),
        (Form::Rect { w, .. }, "width") => *w = number(),
        (Form::Rect { h, .. }, "height") => *h = number(),
        (Form::Rect { r, .. }, "rx") | (Form::Circle { r, .. }, "r") => *r = number(),
        (Form::Circle { cx, .. }, "cx") => *cx = number(),
        (Form::Circle { cy, .. }, "cy") => *cy = number(),
        (Form::Line { x1, .. }, "x1") => *x1 = number(),
        (Form::Line { y1, .. }, "y1") => *y1 = number(),
        (Form::Line { x2, .. }, "x2") => *x2 = number(),
        (Form::Line { y2, .. }, "y2") => *y2 = number(),
        (Form::Path { d }, "d") => *d = value.to_owned().into(),
        _ => panic!("{name} is no attribute of this shape"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Rng, Seed};
    use crate::stage::Thing;
    use crate::stage::geometry::Point;

    fn random_shape(rng: &mut Rng, depth: u32) -> Shape {
        const CLASSES: [&str; 4] = ["", "rec", "rec open", "tri"];
        let class = CLASSES[rng.below(4) as usize];
        let mut n = || rng.below(6) as f64;
        let (a, b, c, d) = (n(), n(), n(), n());
        let shape = match rng.below(if depth == 0 { 5 } else { 7 }) {
            0 => Shape::rect(a, b, c, d, 2.0, class),
            1 => Shape::circle(a, b, c, class),
            2 => Shape::line(a, b, c, d, class),
            3 => Shape::path(format!("M{a} {b}"), class),
            4 => {
                let spans = (0..rng.below(3))
                    .map(|at| Span::plain(format!("{at}{a}")))
                    .collect();
                Shape::spans(a, b, spans, class)
            }
            _ => {
                let children = (0..rng.below(4))
                    .map(|_| random_shape(rng, depth - 1))
                    .collect();
                Shape::group(class, children)
            }
        };
        match rng.below(3) {
            0 => shape.at(Point::new(a, d)),
            1 => shape.at(Point::new(c, b)).scaled(0.85),
            _ => shape,
        }
    }

    /// Some of thirty keys in some order.
    fn random_picture(rng: &mut Rng) -> Vec<Node> {
        let mut keys: Vec<u64> = (0..30).collect();
        let count = rng.below(31) as usize;
        let mut nodes = Vec::new();
        for _ in 0..count {
            let key = keys.remove(rng.below(keys.len() as u64) as usize);
            let shape = random_shape(rng, 2);
            nodes.push(shape.keyed(Key::new(Thing::Traveller(key), "test")));
        }
        nodes
    }

    /// The next picture: most nodes stay as they are, some change, go, come or move.
    fn next_picture(rng: &mut Rng, nodes: &[Node]) -> Vec<Node> {
        let mut next = nodes.to_vec();
        for _ in 0..rng.below(6) {
            let at = rng.below(next.len().max(1) as u64) as usize;
            match rng.below(4) {
                0 if at < next.len() => next[at].shape = random_shape(rng, 2),
                1 if at < next.len() => {
                    next.remove(at);
                }
                2 if at < next.len() => {
                    let node = next.remove(at);
                    next.insert(rng.below(next.len() as u64 + 1) as usize, node);
                }
                _ => {
                    let key = Key::new(Thing::Traveller(100 + rng.below(1 << 40)), "test");
                    next.insert(at, random_shape(rng, 2).keyed(key));
                }
            }
        }
        next
    }

    #[test]
    fn carrying_out_the_difference_gives_the_second_picture() {
        let mut rng = Rng::new(Seed(7), 0);
        let mut before = random_picture(&mut rng);
        for round in 0..3_000 {
            let after = match round % 2 {
                0 => random_picture(&mut rng),
                _ => next_picture(&mut rng, &before),
            };
            let ops = diff(&before, &after);
            apply(&mut before, &ops);
            assert_eq!(before, after, "round {round}");
        }
    }

    #[test]
    fn equal_pictures_need_nothing() {
        let picture = random_picture(&mut Rng::new(Seed(1), 0));
        assert_eq!(diff(&picture, &picture), []);
    }

    #[test]
    fn one_move_is_one_operation() {
        let mut rng = Rng::new(Seed(2), 0);
        let before: Vec<Node> = (0..20)
            .map(|n| random_shape(&mut rng, 1).keyed(Key::new(Thing::Traveller(n), "test")))
            .collect();
        let mut after = before.clone();
        let node = after.remove(17);
        after.insert(2, node);
        assert!(matches!(
            diff(&before, &after).as_slice(),
            [SceneOp::Move { .. }]
        ));
    }

    #[test]
    fn a_record_that_moves_changes_one_attribute() {
        let key = Key::new(Thing::Stage, "cell");
        let cell = |x: f64| {
            let mark = crate::stage::snapshot::KeyMark::new(3, "K");
            let state = crate::stage::snapshot::CellState::Committed;
            let form = crate::stage::kit::RecordForm::Square;
            let shape = crate::stage::kit::record(Point::new(x, 5.0), 25.0, &mark, state, form);
            vec![shape.keyed(key.clone())]
        };
        let ops = diff(&cell(10.0), &cell(39.0));
        let [
            SceneOp::Attribute {
                path, name, value, ..
            },
        ] = ops.as_slice()
        else {
            panic!("one attribute, not {ops:?}");
        };
        assert_eq!(
            (path.as_slice(), *name, value.as_ref()),
            (&[][..], "transform", "translate(39 5)")
        );
    }
}
