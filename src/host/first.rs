//! The first frame of the page: the stage in each of its sizes, the ribbon and the clock, as the page shows them
//! at the instant at which it comes alive.

use std::fmt::Write as _;

use kafka_playground::session::book::Book;
use kafka_playground::session::ribbon::{Ribbon, ribbon};
use kafka_playground::session::words::clock;
use kafka_playground::session::{Pace, Session, Showing, Speed};
use kafka_playground::stage::extract::Memory;
use kafka_playground::stage::layout::{Ask, Voice, layout};
use kafka_playground::stage::scene::scene;
use kafka_playground::stage::{Lens, svg};

/// The class of each picture and the stage that it is drawn for; stage.css chooses the one that fits.
const SIZES: [(&str, f64, f64); 4] = [
    ("at-wide", 1000.0, 760.0),
    ("at-mid", 840.0, 580.0),
    ("at-small", 700.0, 516.0),
    ("at-phone", 390.0, 418.0),
];

/// Everything a line: the pictures, the ribbon, what the clock says, which event it is, and the instant in
/// milliseconds.
///
/// # Errors
/// When the first page's script cannot be played.
pub fn first() -> Result<String, String> {
    let book = Book::read();
    let session = book
        .first_session()
        .map_err(|unreadable| unreadable.to_string())?;
    let mut out = String::new();
    for (class, w, h) in SIZES {
        out += &stage(&session, class, w, h);
        out.push('\n');
    }
    let event = session.timeline().count(session.place());
    let (now, newest) = (session.now(), session.history().newest());
    let _ = writeln!(out, "{}", written(&ribbon(&session)));
    let _ = writeln!(out, "{}", clock(now));
    let _ = writeln!(out, "event {event}");
    let _ = writeln!(out, "{}", now.max(newest).as_millis());
    Ok(out)
}

fn stage(session: &Session, class: &str, w: f64, h: f64) -> String {
    let showing = Showing {
        playing: true,
        pace: Pace::Steady,
        speed: Speed::notch(4),
        reduced: false,
    };
    let mut snapshot = showing.snapshot(session, &mut Memory::default());
    snapshot.legend.clear();
    let ask = Ask {
        voice: Voice::Calm,
        ..Ask::new(Lens::ByBroker, w, h)
    };
    let picture = scene(&snapshot, &layout(&snapshot, &ask));
    svg::frame(&picture, class, snapshot.at.as_micros() as f64)
}

/// The ribbon with the elements of the page's own; a run that has just begun has neither folds nor marks.
fn written(ribbon: &Ribbon) -> String {
    let percent = |x: u32| format!("{}.{:02}%", x / 100, x % 100);
    let mut out = String::from("<svg aria-hidden=\"true\">");
    for chapter in &ribbon.chapters {
        let width = chapter.to.saturating_sub(chapter.from).max(1);
        let class = chapter.state.class();
        let _ = write!(
            out,
            "<g><rect class=\"rb-chapter {class}\" x=\"{}\" y=\"0\" width=\"{}\" height=\"3\"/>\
             <text class=\"rb-title {class}\" x=\"{}\" y=\"15\">{}</text></g>",
            percent(chapter.from),
            percent(width.saturating_sub(25).max(1)),
            percent(chapter.from),
            chapter.title,
        );
    }
    for bar in &ribbon.bars {
        let class = if bar.x < ribbon.head {
            "rb-bar past"
        } else {
            "rb-bar"
        };
        let _ = write!(
            out,
            "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>",
            percent(bar.x),
            46 - u32::from(bar.height),
            percent(bar.w),
            bar.height,
        );
    }
    out += "<line class=\"rb-floor\" x1=\"0\" x2=\"100%\" y1=\"46\" y2=\"46\"/>";
    for (x, words) in &ribbon.labels {
        let class = if *x < 100 { "rb-axis first" } else { "rb-axis" };
        let _ = write!(
            out,
            "<text class=\"{class}\" x=\"{}\" y=\"61\">{words}</text>",
            percent(*x)
        );
    }
    let head = percent(ribbon.head);
    let _ = write!(
        out,
        "<line class=\"rb-pole\" x1=\"{head}\" x2=\"{head}\" y1=\"18\" y2=\"50\"/>\
         <circle class=\"rb-halo\" cx=\"{head}\" cy=\"48\" r=\"12\"/>\
         <circle class=\"rb-head\" cx=\"{head}\" cy=\"48\" r=\"8.5\"/></svg>"
    );
    out
}
