//! What travels, drawn once and copied every frame.
//!
//! A sprite is a small canvas with one shape on it, at the resolution of the screen. There is one for each
//! theme, look and size; what was not used for a while is dropped when the cache is full.

use crate::sorted::SortedMap;

use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, Path2d};

use super::colours::Colours;
use crate::stage::geometry::Point;
use crate::stage::shape::{Form, Shape};

/// Sprites kept.
const MOST: usize = 400;
/// Room around the origin of a sprite: half of the widest capsule, and half of the highest pill.
const HALF_WIDTH: f64 = 76.0;
const HALF_HEIGHT: f64 = 26.0;

/// A canvas with one shape in its middle.
struct Sprite {
    canvas: HtmlCanvasElement,
    used: u64,
}

/// The cache.
pub struct Sprites {
    colours: Colours,
    scale: f64,
    all: SortedMap<String, Sprite>,
    clock: u64,
}

impl Sprites {
    pub fn new(scale: f64) -> Sprites {
        Sprites {
            colours: Colours::read(),
            scale,
            all: SortedMap::new(),
            clock: 0,
        }
    }

    /// The theme or the screen changed: every sprite is drawn again when it is needed.
    pub fn renew(&mut self, scale: f64) {
        *self = Sprites::new(scale);
    }

    /// Copies the sprite of this name to a place; `draw` gives its shape when it is not there yet.
    pub fn stamp(
        &mut self,
        target: &CanvasRenderingContext2d,
        name: String,
        at: Point,
        draw: impl FnOnce() -> Shape,
    ) {
        self.clock += 1;
        if !self.all.contains_key(&name) {
            let Some(canvas) = render(&draw(), &self.colours, self.scale) else {
                return;
            };
            if self.all.len() >= MOST {
                self.drop_oldest();
            }
            self.all.insert(name.clone(), Sprite { canvas, used: 0 });
        }
        let Some(sprite) = self.all.get_mut(&name) else {
            return;
        };
        sprite.used = self.clock;
        let _ = target.draw_image_with_html_canvas_element_and_dw_and_dh(
            &sprite.canvas,
            at.x - HALF_WIDTH,
            at.y - HALF_HEIGHT,
            2.0 * HALF_WIDTH,
            2.0 * HALF_HEIGHT,
        );
    }

    fn drop_oldest(&mut self) {
        let mut used: Vec<u64> = self.all.values().map(|sprite| sprite.used).collect();
        used.sort_unstable();
        let limit = used[used.len() / 2];
        self.all.retain(|_, sprite| sprite.used > limit);
    }
}

/// Draws a shape on a canvas of its own.
fn render(shape: &Shape, colours: &Colours, scale: f64) -> Option<HtmlCanvasElement> {
    let document = web_sys::window()?.document()?;
    let canvas: HtmlCanvasElement = document.create_element("canvas").ok()?.dyn_into().ok()?;
    canvas.set_width((2.0 * HALF_WIDTH * scale).ceil() as u32);
    canvas.set_height((2.0 * HALF_HEIGHT * scale).ceil() as u32);
    let context = context(&canvas)?;
    let _ = context.scale(scale, scale);
    let _ = context.translate(HALF_WIDTH, HALF_HEIGHT);
    draw(&context, shape, colours, 10);
    Some(canvas)
}

/// The 2D context of a canvas.
pub fn context(canvas: &HtmlCanvasElement) -> Option<CanvasRenderingContext2d> {
    canvas.get_context("2d").ok()??.dyn_into().ok()
}

fn draw(context: &CanvasRenderingContext2d, shape: &Shape, colours: &Colours, key: usize) {
    let key = colours.key_of(&shape.class).unwrap_or(key);
    context.save();
    if let Some(place) = shape.place {
        let _ = context.translate(place.at.x, place.at.y);
        let _ = context.scale(place.scale, place.scale);
    }
    match &shape.form {
        Form::Group { children } => {
            children
                .iter()
                .for_each(|child| draw(context, child, colours, key));
        }
        Form::Text { x, y, spans } => {
            let set = colours.set(shape, key);
            context.set_font(&set.font);
            context.set_fill_style_str(set.fill);
            context.set_text_align(set.align);
            let text: String = spans.iter().map(|span| span.text.as_ref()).collect();
            let _ = context.fill_text(&text, *x, *y);
        }
        _ => {
            if let Some(path) = outline(shape) {
                let paint = colours.paint(shape, key);
                if let Some(fill) = paint.fill {
                    context.set_fill_style_str(fill);
                    context.fill_with_path_2d(&path);
                }
                if let Some((stroke, width)) = paint.stroke {
                    context.set_stroke_style_str(stroke);
                    context.set_line_width(width);
                    context.stroke_with_path(&path);
                }
            }
        }
    }
    context.restore();
}

fn outline(shape: &Shape) -> Option<Path2d> {
    if let Form::Path { d } = &shape.form {
        return Path2d::new_with_path_string(d).ok();
    }
    let path = Path2d::new().ok()?;
    match shape.form {
        Form::Rect { x, y, w, h, r } => {
            let r = r.min(w / 2.0).min(h / 2.0);
            path.move_to(x + r, y);
            let _ = path.arc_to(x + w, y, x + w, y + h, r);
            let _ = path.arc_to(x + w, y + h, x, y + h, r);
            let _ = path.arc_to(x, y + h, x, y, r);
            let _ = path.arc_to(x, y, x + w, y, r);
            path.close_path();
        }
        Form::Circle { cx, cy, r } => {
            let _ = path.arc(cx, cy, r, 0.0, std::f64::consts::TAU);
        }
        Form::Line { x1, y1, x2, y2 } => {
            path.move_to(x1, y1);
            path.line_to(x2, y2);
        }
        _ => return None,
    }
    Some(path)
}
