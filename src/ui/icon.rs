//! The icons: 16 by 16, drawn with a pen of 1.6. None stands without a word or a label beside it.

use yew::prelude::*;

/// A sign, by what it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    Play,
    Pause,
    Stop,
    Hourglass,
    Power,
    Disk,
    Clock,
    Hand,
    StepForward,
    StepBack,
    Previous,
    Next,
    Link,
    Search,
    Help,
    Sun,
    Moon,
    Close,
    Plus,
    Minus,
    Check,
    Bolt,
    Restart,
    Cut,
    Flag,
    Fork,
    Diamond,
    Cross,
    List,
    Dots,
    Screen,
    Copy,
}

enum Part {
    Line(&'static str),
    Fill(&'static str),
    Circle(&'static str, &'static str, &'static str),
    Rect([&'static str; 5]),
}

use Part::{Circle, Fill, Line, Rect};

impl Icon {
    fn parts(self) -> &'static [Part] {
        match self {
            Icon::Play => &[Fill("M5 3l8 5-8 5z")],
            Icon::Pause => &[Fill("M4 3h3v10H4zM9 3h3v10H9z")],
            Icon::Stop => &[Rect(["3.500", "3.500", "9", "9", "1.500"])],
            Icon::Hourglass => &[Line(
                "M4 2.500h8M4 13.500h8M5 2.500c0 4 6 4 6 11M11 2.500c0 4-6 4-6 11",
            )],
            Icon::Power => &[Line("M8 2v5.500M4.800 4.200a5 5 0 106.400 0")],
            Icon::Disk => &[Line(
                "M3 4.500c0-2 10-2 10 0s-10 2-10 0v7c0 2 10 2 10 0v-7M3 8c0 2 10 2 10 0",
            )],
            Icon::Clock => &[Circle("8", "8", "6"), Line("M8 4.500V8l2.500 1.500")],
            Icon::Hand => &[Line("M5 3v10M11 3v10M8 5.500v5")],
            Icon::StepForward => &[Fill("M3 3.500l6 4.500-6 4.500z"), Line("M12 3.500v9")],
            Icon::StepBack => &[Fill("M13 3.500L7 8l6 4.500z"), Line("M4 3.500v9")],
            Icon::Previous => &[Line("M10 3L5 8l5 5")],
            Icon::Next => &[Line("M6 3l5 5-5 5")],
            Icon::Link => &[Line(
                "M6.500 9.500l3-3M7 4.500l1.200-1.200a2.700 2.700 0 013.900 3.800L10.800 8.400M9 11.500l-1.200 1.200a2.700 2.700 0 01-3.900-3.800L5.200 7.600",
            )],
            Icon::Search => &[
                Circle("7", "7", "4.2"),
                Line("M10.200 10.200L13.500 13.500"),
            ],
            Icon::Help => &[
                Circle("8", "8", "6"),
                Line(
                    "M6.200 6.200a1.900 1.900 0 013.700.6c0 1.200-1.900 1.400-1.900 2.700M8 11.600v.1",
                ),
            ],
            Icon::Sun => &[
                Circle("8", "8", "2.800"),
                Line(
                    "M8 1.500v1.600M8 12.900v1.600M1.500 8h1.600M12.900 8h1.600M3.400 3.400l1.100 1.100M11.500 11.500l1.100 1.100M12.600 3.400l-1.100 1.100M4.500 11.500l-1.100 1.100",
                ),
            ],
            Icon::Moon => &[Line(
                "M13 9.500A5.500 5.500 0 016.500 3 5.500 5.500 0 1013 9.500z",
            )],
            Icon::Close => &[Line("M4 4l8 8M12 4l-8 8")],
            Icon::Plus => &[Line("M8 3v10M3 8h10")],
            Icon::Minus => &[Line("M3 8h10")],
            Icon::Check => &[Line("M3 8.500l3.200 3L13 4.500")],
            Icon::Bolt => &[Line("M9 1.500L3.500 9H7.500l-.5 5.500L12.500 7H8.500z")],
            Icon::Restart => &[Line("M13 8a5 5 0 11-1.500-3.500M13 2v3h-3")],
            Icon::Cut => &[Line(
                "M2 8h3.500M10.500 8H14M6.500 5.500L5.500 3M9.500 10.500l1 2.500M9.500 5.500l1-2.500M6.500 10.500l-1 2.500",
            )],
            Icon::Flag => &[
                Line("M4 14V2.500"),
                Fill("M4.500 2.500h8l-2.200 2.900 2.200 2.900h-8z"),
            ],
            Icon::Fork => &[
                Circle("4", "3.500", "1.500"),
                Circle("4", "12.500", "1.500"),
                Circle("12", "5.500", "1.500"),
                Line("M4 5v6M12 7c0 2.500-8 1.500-8 4"),
            ],
            Icon::Diamond => &[Fill("M8 2.500L13.500 8 8 13.500 2.500 8z")],
            Icon::Cross => &[Line("M4.500 4.500l7 7M11.500 4.500l-7 7")],
            Icon::List => &[Line(
                "M5.500 4h8M5.500 8h8M5.500 12h8M2.500 4h.1M2.500 8h.1M2.500 12h.1",
            )],
            Icon::Dots => &[Fill("M2.500 7h2v2h-2zM7 7h2v2H7zM11.500 7h2v2h-2z")],
            Icon::Screen => &[Rect(["2", "3", "12", "8", "1"]), Line("M6 14h4M8 11v3")],
            Icon::Copy => &[
                Rect(["5", "5", "8", "8", "1.500"]),
                Line("M3 10.500V4a1 1 0 011-1h6.500"),
            ],
        }
    }
}

fn draw(part: &Part) -> Html {
    match part {
        Line(d) => html! { <path d={*d} /> },
        Fill(d) => html! { <path class="f" d={*d} /> },
        Circle(cx, cy, r) => html! { <circle cx={*cx} cy={*cy} r={*r} /> },
        Rect([x, y, width, height, rx]) => {
            html! { <rect x={*x} y={*y} width={*width} height={*height} rx={*rx} /> }
        }
    }
}

/// The icon as an element.
pub fn icon(icon: Icon) -> Html {
    icon_of(icon, "ic")
}

/// The icon under further classes.
pub fn icon_of(icon: Icon, class: &'static str) -> Html {
    html! {
        <svg {class} viewBox="0 0 16 16" aria-hidden="true">{ paths(icon) }</svg>
    }
}

/// What the icon is drawn with, for a picture that places it itself.
pub fn paths(icon: Icon) -> Html {
    html! { <>{ for icon.parts().iter().map(draw) }</> }
}
