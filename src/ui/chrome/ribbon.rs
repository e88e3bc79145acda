//! The ribbon: chapters, activity, folds and marks along time, and the playhead.
//!
//! One SVG in percentages of the width, so it needs no measuring. The whole of it is a slider: a pointer drags
//! the playhead, arrows go event by event, Page keys mark by mark.

use web_sys::{Element, HtmlElement};
use yew::prelude::*;

use crate::session::axis::WIDTH;
use crate::session::ribbon::{self, Bar, Mark, Progress, Stretch};
use crate::session::words::{clock, span};
use crate::ui::hooks::{use_app, use_view};
use crate::ui::icon::{Icon, icon, paths};
use crate::world::ribbon::MarkKind;

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
            { picture(&ribbon) }
        </div>
        if let Some((x, number, of)) = ribbon.split { <BranchChip {x} {number} {of} /> }
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct ChipProps {
    x: u32,
    number: usize,
    of: usize,
}

/// At the place where the futures part: which one this is. A press goes over to the next.
#[component]
fn BranchChip(props: &ChipProps) -> Html {
    let app = use_app();
    let node = use_node_ref();
    {
        let node = node.clone();
        use_effect_with(props.x, move |x| {
            if let Some(chip) = node.cast::<HtmlElement>() {
                // As far from its own left edge as the place is from the ribbon's: it never leaves the ribbon.
                let (style, place) = (chip.style(), percent((*x).min(WIDTH)));
                let _ = style.set_property("left", &place);
                let _ = style.set_property("transform", &format!("translateX(-{place})"));
            }
        });
    }
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
    let title = "This is where you acted in the past. Press to go over to the next branch, at this instant.";
    html! {
        <button ref={node} class="branch" type="button" {title} onclick={switch}>{ icon(Icon::Fork) }{ format!(" Branch {} of {}", props.number, props.of) }</button>
    }
}

fn percent(x: u32) -> String {
    format!("{}.{:02}%", x / 100, x % 100)
}

fn picture(ribbon: &ribbon::Ribbon) -> Html {
    let head = percent(ribbon.head);
    html! {
        <svg aria-hidden="true">
            <defs>
                <pattern id="rb-hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(25)">
                    <line x1="0" y1="0" x2="0" y2="7" class="rb-hatch" />
                </pattern>
            </defs>
            { chapters(&ribbon.chapters) }
            { for ribbon.bars.iter().map(|bar| self::bar(bar, ribbon.head)) }
            <line class="rb-floor" x1="0" x2="100%" y1="46" y2="46" />
            { for ribbon.folds.iter().map(fold) }
            { for ribbon.marks.iter().enumerate().map(|(nth, mark)| {
                let next = ribbon.marks.get(nth + 1).map_or(WIDTH, |next| next.x);
                self::mark(mark, next - mark.x)
            }) }
            { for ribbon.labels.iter().map(label) }
            <line class="rb-pole" x1={head.clone()} x2={head.clone()} y1="18" y2="50" />
            <circle class="rb-halo" cx={head.clone()} cy="48" r="12" />
            <circle class="rb-head" cx={head} cy="48" r="8.5" />
        </svg>
    }
}

/// How much room a title takes, in ten-thousandths: about six pixels a letter on a ribbon of nine hundred.
fn room_of(title: &str) -> u32 {
    65 * title.chars().count() as u32
}

/// The stretches of the chapters, and the titles that have room. The one the reader is in always has a
/// title; whatever stands in its way goes.
fn chapters(chapters: &[Stretch]) -> Html {
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

fn fold(fold: &crate::session::axis::Fold) -> Html {
    let words = format!("{} idle", span(fold.idle));
    let (width, mid) = (fold.to - fold.from, (fold.from + fold.to) / 2);
    html! {
        <g key={fold.from}>
            <rect class="rb-fold-bed" x={percent(fold.from)} y="18" width={percent(width)} height="28" />
            if width > 70 * words.len() as u32 {
                <text class="rb-axis rb-fold-text" x={percent(mid)} y="36">{ words }</text>
            }
        </g>
    }
}

/// A sign, and a word beside it where there is room before the next.
fn mark(mark: &Mark, room: u32) -> Html {
    let (sign, class, word) = match mark.kind {
        MarkKind::Edit => (Icon::Fork, "rb-mark", ""),
        MarkKind::Cut => (Icon::Cut, "rb-mark fault", "cut"),
        MarkKind::Release => (Icon::Restart, "rb-mark", "released"),
        MarkKind::Crash => (Icon::Cross, "rb-mark fault", "down"),
        MarkKind::Return => (Icon::Restart, "rb-mark", "back"),
        MarkKind::NewLeader => (Icon::Flag, "rb-mark solid", "leader"),
        MarkKind::NewController => (Icon::Diamond, "rb-mark solid", "controller"),
        MarkKind::IsrShrink => (Icon::Minus, "rb-mark", "out of ISR"),
        MarkKind::IsrGrow => (Icon::Plus, "rb-mark", "in ISR"),
        MarkKind::Error => (Icon::Cross, "rb-mark fault", "error"),
    };
    let fits = room > 220 + 70 * word.len() as u32;
    let title = match mark.count {
        1 => format!("{} {}", clock(mark.at), mark.text),
        many => format!("{} {} And {} more.", clock(mark.at), mark.text, many - 1),
    };
    html! {
        <svg key={mark.x} {class} x={percent(mark.x)} y="22" overflow="visible">
            <title>{ title }</title>
            <rect x="-10" y="0" width="20" height="20" rx="5" />
            <g class="ic" transform="translate(-6 4) scale(.75)">{ paths(sign) }</g>
            if fits { <text class="rb-label" x="14" y="14">{ word }</text> }
        </svg>
    }
}

fn label((x, words): &(u32, String)) -> Html {
    let x = *x;
    let class = if x < 100 { "rb-axis first" } else { "rb-axis" };
    html! { <text key={x} {class} x={percent(x)} y="61">{ words }</text> }
}
