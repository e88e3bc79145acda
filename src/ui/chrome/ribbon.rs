//! The ribbon: chapters, activity, folds and marks along time, and the playhead.
//!
//! One SVG in percentages of the width; only what has a size in pixels, signs and words, asks how wide it is. The
//! whole of it is a slider: a pointer drags the playhead, arrows go event by event, Page keys mark by mark.

use wasm_bindgen::prelude::*;
use web_sys::{Element, ResizeObserver};
use yew::prelude::*;

use crate::session::axis::{Fold, WIDTH};
use crate::session::ribbon::{self, Bar, Placed, Progress, Stretch, placed};
use crate::session::words::{clock, span};
use crate::ui::hooks::{use_app, use_view};
use crate::ui::icon::{Icon, icon, paths};
use crate::world::ribbon::MarkKind;

/// Pixels between two signs, middle to middle.
const MARK_ROOM: f64 = 24.0;
/// Pixels from the middle of a sign to its word, and half a sign.
const TO_WORD: f64 = 14.0;
const HALF_SIGN: f64 = 11.0;
/// About how wide a letter is at the size of words on the ribbon.
const LETTER: f64 = 6.3;
/// How wide the ribbon is before it was measured.
const ABOUT: f64 = 900.0;

#[component]
pub fn Ribbon() -> Html {
    let app = use_app();
    let ribbon = use_view(|digest| digest.ribbon.clone());
    let (at, sentence) = use_view(|digest| (digest.at, digest.said.sentence.clone()));
    let newest = use_view(|digest| digest.newest);
    let node = use_node_ref();
    let dragging = use_mut_ref(|| false);
    let scrub = {
        let (player, node) = (app.player.clone(), node.clone());
        move |event: &PointerEvent| {
            let Some(element) = node.cast::<Element>() else {
                return;
            };
            let area = element.get_bounding_client_rect();
            let part = (f64::from(event.client_x()) - area.left()) / area.width().max(1.0);
            player.scrub((part.clamp(0.0, 1.0) * f64::from(WIDTH)) as u32);
        }
    };
    let onpointerdown = {
        let (scrub, dragging, node) = (scrub.clone(), dragging.clone(), node.clone());
        Callback::from(move |event: PointerEvent| {
            if event.button() == 0 {
                *dragging.borrow_mut() = true;
                node.cast::<Element>().inspect(|element| {
                    let _ = element.set_pointer_capture(event.pointer_id());
                });
                scrub(&event);
            }
        })
    };
    let onpointermove = {
        let dragging = dragging.clone();
        Callback::from(move |event: PointerEvent| {
            if *dragging.borrow() {
                scrub(&event);
            }
        })
    };
    let release = Callback::from(move |_: PointerEvent| *dragging.borrow_mut() = false);
    let onkeydown = {
        let player = app.player.clone();
        Callback::from(move |event: KeyboardEvent| {
            match event.key().as_str() {
                "ArrowRight" | "ArrowUp" => player.forward(),
                "ArrowLeft" | "ArrowDown" => player.back(),
                "PageUp" => player.seek_mark(true),
                "PageDown" => player.seek_mark(false),
                "Home" => player.seek_end(false),
                "End" => player.seek_end(true),
                _ => return,
            }
            event.prevent_default();
            event.stop_propagation();
        })
    };
    let width = use_state_eq(|| ABOUT);
    {
        let (node, width) = (node.clone(), width.setter());
        use_effect_with((), move |()| {
            let watching = node.cast::<Element>().map(|node| watch(node, width));
            move || drop(watching)
        });
    }
    let seconds = at.as_millis() as f64 / 1_000.0;
    let spoken = match sentence.is_empty() {
        true => format!("{seconds} seconds"),
        false => format!("{seconds} seconds, {sentence}"),
    };
    html! {
        <div class="ribbon-box">
        <div class="ribbon" ref={node} role="slider" tabindex="0" aria-label="Timeline" aria-valuemin="0"
            aria-valuemax={newest.max(at).as_millis().to_string()} aria-valuenow={at.as_millis().to_string()} aria-valuetext={spoken}
            {onpointerdown} {onpointermove} onpointerup={release.clone()} onpointercancel={release} {onkeydown}>
            { picture(&ribbon, *width) }
        </div>
        if let Some((_, number, of)) = ribbon.split { <BranchChip {number} {of} /> }
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct ChipProps {
    number: usize,
    of: usize,
}

/// Which of the futures this is, over the end of the ribbon, where neither signs nor the playhead stand; a dashed
/// line says where they part. A press goes over to the next.
#[component]
fn BranchChip(props: &ChipProps) -> Html {
    let app = use_app();
    let dropped = use_view(|digest| digest.branches_dropped);
    {
        let app = app.clone();
        use_effect_with(dropped, move |dropped| {
            if *dropped > 0 {
                app.toast("The oldest branch was dropped: eight are kept beside this one.");
            }
        });
    }
    let switch = Callback::from(move |_: MouseEvent| app.player.switch_branch());
    let title = "You acted in the past, at the dashed line. Press to go over to the next branch, at this instant.";
    html! {
        <button class="branch" type="button" {title} onclick={switch}>{ icon(Icon::Fork) }{ format!(" Branch {} of {}", props.number, props.of) }</button>
    }
}

fn percent(x: u32) -> String {
    format!("{}.{:02}%", x / 100, x % 100)
}

/// Tells the width of an element now and whenever it changes, for as long as the result lives.
fn watch(node: Element, width: UseStateSetter<f64>) -> impl Sized {
    let measure = move || {
        width.set(f64::from(node.client_width()).max(1.0));
        node.clone()
    };
    let node = measure();
    let on_resize = Closure::<dyn FnMut()>::new(move || drop(measure()));
    let observer = ResizeObserver::new(on_resize.as_ref().unchecked_ref()).ok();
    observer
        .as_ref()
        .inspect(|observer| observer.observe(&node));
    Watching {
        observer,
        _on_resize: on_resize,
    }
}

struct Watching {
    observer: Option<ResizeObserver>,
    _on_resize: Closure<dyn FnMut()>,
}

impl Drop for Watching {
    fn drop(&mut self) {
        let observer = self.observer.as_ref();
        observer.inspect(|observer| observer.disconnect());
    }
}

/// Pixels of a ribbon of this width as a part of it.
fn part(pixels: f64, width: f64) -> u32 {
    (pixels / width * f64::from(WIDTH)).ceil() as u32
}

fn picture(ribbon: &ribbon::Ribbon, width: f64) -> Html {
    let head = percent(ribbon.head);
    let marks = placed(&ribbon.marks, part(MARK_ROOM, width));
    let split = ribbon.split.map(|(x, ..)| percent(x));
    html! {
        <svg aria-hidden="true">
            <defs>
                <pattern id="rb-hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(25)">
                    <line x1="0" y1="0" x2="0" y2="7" class="rb-hatch" />
                </pattern>
            </defs>
            { chapters(&ribbon.chapters, width) }
            { for ribbon.bars.iter().map(|bar| self::bar(bar, ribbon.head)) }
            <line class="rb-floor" x1="0" x2="100%" y1="46" y2="46" />
            if let Some(x) = split { <line class="rb-split" x1={x.clone()} x2={x} y1="3" y2="46" /> }
            { for ribbon.folds.iter().map(|fold| self::fold(fold, &marks, width)) }
            { for marks.iter().enumerate().map(|(nth, mark)| {
                let next = marks.get(nth + 1).map_or(WIDTH, |next| next.mark.x.saturating_sub(part(HALF_SIGN, width)));
                self::mark(mark, next, &ribbon.folds, width)
            }) }
            { for ribbon.labels.iter().map(label) }
            <line class="rb-pole" x1={head.clone()} x2={head.clone()} y1="18" y2="50" />
            <circle class="rb-halo" cx={head.clone()} cy="48" r="12" />
            <circle class="rb-head" cx={head} cy="48" r="8.5" />
        </svg>
    }
}

/// How much room a title takes.
fn room_of(title: &str, width: f64) -> u32 {
    part((LETTER + 0.4) * title.chars().count() as f64 + 6.0, width)
}

/// The stretches of the chapters, and the titles that have room. The one the reader is in always has a
/// title; whatever stands in its way goes.
fn chapters(chapters: &[Stretch], width: f64) -> Html {
    let room_of = |title: &str| room_of(title, width);
    let now = chapters.iter().find(|c| c.state == Progress::Now);
    let taken = now.map(|c| (c.from, c.from + room_of(&c.title)));
    let with_title = |chapter: &Stretch| {
        let (from, to) = (chapter.from, chapter.from + room_of(&chapter.title));
        let in_the_way = taken.is_some_and(|(a, b)| from < b && a < to);
        chapter.state == Progress::Now || (to <= chapter.to && !in_the_way)
    };
    let one = |(index, chapter): (usize, &Stretch)| {
        let (from, width) = (chapter.from, chapter.to.saturating_sub(chapter.from));
        let class = chapter.state.class();
        let at_the_end = from + room_of(&chapter.title) > WIDTH;
        let (x, side) = match at_the_end {
            true => (WIDTH, "end"),
            false => (from, ""),
        };
        html! {
            <g key={index}>
                <rect class={classes!("rb-chapter", class)} x={percent(from)} y="0" width={percent(width.saturating_sub(25).max(1))} height="3" />
                if with_title(chapter) {
                    <text class={classes!("rb-title", class, side)} x={percent(x)} y="15">{ &*chapter.title }</text>
                }
            </g>
        }
    };
    html! { { for chapters.iter().enumerate().map(one) } }
}

fn bar(bar: &Bar, head: u32) -> Html {
    let class = if bar.x < head {
        "rb-bar past"
    } else {
        "rb-bar"
    };
    let y = 46 - u32::from(bar.height);
    html! { <rect key={bar.x} {class} x={percent(bar.x)} y={y.to_string()} width={percent(bar.w)} height={bar.height.to_string()} /> }
}

/// The words of a fold stand in its middle, where there is room and no sign.
fn fold(fold: &Fold, marks: &[Placed], width: f64) -> Html {
    let words = format!("{} idle", span(fold.idle));
    let (wide, mid) = (fold.to - fold.from, (fold.from + fold.to) / 2);
    let half = part(LETTER * words.len() as f64 / 2.0, width);
    let free = half + part(HALF_SIGN + 2.0, width);
    let hidden = marks.iter().any(|mark| mark.mark.x.abs_diff(mid) < free);
    html! {
        <g key={fold.from}>
            <rect class="rb-fold-bed" x={percent(fold.from)} y="18" width={percent(wide)} height="28" />
            if wide > 2 * half && !hidden {
                <text class="rb-axis rb-fold-text" x={percent(mid)} y="36">{ words }</text>
            }
        </g>
    }
}

/// A sign, how many stand there with it, and a word beside it where there is room before the next sign and before
/// the next fold.
fn mark(placed: &Placed, next: u32, folds: &[Fold], width: f64) -> Html {
    let mark = &placed.mark;
    let (sign, class, word) = match mark.kind {
        MarkKind::Edit => (Icon::Fork, "", ""),
        MarkKind::Cut => (Icon::Cut, "fault", "cut"),
        MarkKind::Release => (Icon::Link, "", "healed"),
        MarkKind::Crash => (Icon::Cross, "fault", "down"),
        MarkKind::Freeze => (Icon::Pause, "fault", "frozen"),
        MarkKind::Return => (Icon::Restart, "", "back"),
        MarkKind::NewLeader => (Icon::Flag, "solid", "leader"),
        MarkKind::NewController => (Icon::Diamond, "solid", "controller"),
        MarkKind::IsrShrink => (Icon::Minus, "", "out of ISR"),
        MarkKind::IsrGrow => (Icon::Plus, "", "in ISR"),
        MarkKind::Error => (Icon::Cross, "fault", "error"),
    };
    let end = mark.x + part(TO_WORD + LETTER * word.len() as f64 + 4.0, width);
    let folded = folds.iter().any(|fold| fold.from < end && mark.x < fold.to);
    let fits = end < next && !folded;
    let title = match placed.count {
        1 => format!("{} {}", clock(mark.at), mark.text),
        many => format!("{} {} And {} more.", clock(mark.at), mark.text, many - 1),
    };
    let ahead = mark.ahead.then_some("ahead");
    html! {
        <svg key={mark.x} class={classes!("rb-mark", class, ahead)} x={percent(mark.x)} y="22" overflow="visible">
            <title>{ title }</title>
            <rect x="-10" y="0" width="20" height="20" rx="5" />
            <g class="ic" transform="translate(-6 4) scale(.75)">{ paths(sign) }</g>
            if placed.count > 1 { <text class="rb-count" x="11" y="4">{ placed.count }</text> }
            if fits { <text class="rb-label" x="14" y="14">{ word }</text> }
        </svg>
    }
}

fn label((x, words): &(u32, String)) -> Html {
    let x = *x;
    let class = if x < 100 { "rb-axis first" } else { "rb-axis" };
    html! { <text key={x} {class} x={percent(x)} y="61">{ words }</text> }
}
