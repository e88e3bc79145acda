//! What travels, drawn once and copied every frame.
//!
//! A sprite is a small canvas with one shape on it, at the resolution of the screen. There is one for each
//! look and size; canvases of sprites that are not seen any more are drawn on again.

use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, Path2d};

use super::colours::Colours;
use crate::sorted::SortedMap;
use crate::stage::geometry::{Point, Size};
use crate::stage::scene::Traveller;
use crate::stage::shape::{Form, Shape};
use crate::stage::snapshot::Load;

/// Sprites kept for looks that are not under way at the moment.
const SPARE: usize = 400;

/// The number of a sprite.
pub type Sprite = u32;

/// A canvas with one shape in its middle.
struct Picture {
    canvas: HtmlCanvasElement,
    size: Size,
    used: u64,
}

/// The sprites of one theme on one screen.
pub struct Sprites {
    colours: Colours,
    scale: f64,
    names: SortedMap<(u32, Load), Sprite>,
    pictures: Vec<Picture>,
    free: Vec<Sprite>,
    /// Counts the pictures of the stage.
    clock: u64,
}

impl Sprites {
    pub fn new(scale: f64) -> Sprites {
        Sprites {
            colours: Colours::read(),
            scale,
            names: SortedMap::new(),
            pictures: Vec::new(),
            free: Vec::new(),
            clock: 0,
        }
    }

    /// A new picture of the stage begins: what was not seen for a while may be drawn over.
    pub fn begin(&mut self) {
        self.clock += 1;
        if self.names.len() <= SPARE + self.in_use() {
            return;
        }
        let (pictures, free, clock) = (&self.pictures, &mut self.free, self.clock);
        self.names.retain(|_, sprite| {
            let old = pictures[*sprite as usize].used + 1 < clock;
            if old {
                free.push(*sprite);
            }
            !old
        });
    }

    fn in_use(&self) -> usize {
        let used = self.pictures.iter();
        used.filter(|picture| picture.used + 1 >= self.clock)
            .count()
    }

    /// The sprite of a traveller; drawn when there is none yet.
    pub fn find(&mut self, traveller: &Traveller) -> Option<Sprite> {
        let name = ((traveller.size * 4.0) as u32, traveller.load.clone());
        if let Some(sprite) = self.names.get(&name) {
            self.pictures[*sprite as usize].used = self.clock;
            return Some(*sprite);
        }
        let size = traveller.extent();
        let sprite = match self.free.pop() {
            Some(sprite) => sprite,
            None => {
                let document = web_sys::window()?.document()?;
                let canvas = document.create_element("canvas").ok()?.dyn_into().ok()?;
                self.pictures.push(Picture {
                    canvas,
                    size,
                    used: 0,
                });
                self.pictures.len() as Sprite - 1
            }
        };
        let picture = &mut self.pictures[sprite as usize];
        (picture.size, picture.used) = (size, self.clock);
        let shape = traveller.shape();
        render(&picture.canvas, size, self.scale, &shape, &self.colours)?;
        self.names.insert(name, sprite);
        Some(sprite)
    }

    /// Copies a sprite to a place.
    pub fn stamp(&self, target: &CanvasRenderingContext2d, sprite: Sprite, at: Point) {
        let Picture { canvas, size, .. } = &self.pictures[sprite as usize];
        let _ = target.draw_image_with_html_canvas_element_and_dw_and_dh(
            canvas,
            at.x - size.w / 2.0,
            at.y - size.h / 2.0,
            size.w,
            size.h,
        );
    }
}

/// Draws a shape in the middle of a canvas; whatever was on it is gone.
fn render(
    canvas: &HtmlCanvasElement,
    size: Size,
    scale: f64,
    shape: &Shape,
    colours: &Colours,
) -> Option<()> {
    canvas.set_width((size.w * scale).ceil() as u32);
    canvas.set_height((size.h * scale).ceil() as u32);
    let context = context(canvas)?;
    let _ = context.scale(scale, scale);
    let _ = context.translate(size.w / 2.0, size.h / 2.0);
    draw(&context, shape, colours, 10);
    Some(())
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
