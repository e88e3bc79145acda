//! Everything a person can do on the page, by name: what keys, buttons and the palette have in common.
//!
//! A deed is either a move of the playhead, a change of the document, or a command to the world. The table
//! below is the only list of keys; the shortcuts dialog and the palette print it.

use crate::session::trouble::Trouble;
use crate::ui::route::View;

/// Something a person can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    Play,
    Forward,
    Back,
    NextMark,
    PreviousMark,
    NextStep,
    PreviousStep,
    Faster,
    Slower,
    SpeedOne,
    EvenPace,
    Start,
    End,
    StartOver,
    Undo,
    Redo,
    Trouble(Trouble),
    HealAll,
    Go(View),
    Lens,
    Density,
    Inspect,
    Deselect,
    Find,
    CopyLink,
    Theme,
    Present,
    Shortcuts,
    Announcements,
}

/// A deed with its words and keys.
pub struct Entry {
    pub deed: Deed,
    pub name: &'static str,
    /// As the dialog prints it; empty when there is none.
    pub keys: &'static str,
}

const fn entry(deed: Deed, name: &'static str, keys: &'static str) -> Entry {
    Entry { deed, name, keys }
}

/// Every deed in the order in which the help lists them.
pub const ALL: [Entry; 36] = [
    entry(Deed::Play, "Play or pause", "Space"),
    entry(Deed::Forward, "Forward one event", "."),
    entry(Deed::Back, "Back one event", ","),
    entry(Deed::NextMark, "Next mark", "Shift ."),
    entry(Deed::PreviousMark, "Previous mark", "Shift ,"),
    entry(Deed::NextStep, "Next step", "N"),
    entry(Deed::PreviousStep, "Previous step", "Shift N"),
    entry(Deed::Faster, "Faster", "]"),
    entry(Deed::Slower, "Slower", "["),
    entry(Deed::SpeedOne, "Speed 1×", "\\"),
    entry(Deed::EvenPace, "Even or steady pace", "E"),
    entry(Deed::Start, "To the start", "Home"),
    entry(Deed::End, "To the newest instant", "End"),
    entry(Deed::StartOver, "Start over", ""),
    entry(Deed::Undo, "Undo my last change", "Ctrl Z"),
    entry(Deed::Redo, "Do it again", "Ctrl Shift Z"),
    entry(Deed::Trouble(Trouble::Kill), "Kill what is selected", "K"),
    entry(
        Deed::Trouble(Trouble::Restart),
        "Restart what is selected",
        "R",
    ),
    entry(
        Deed::Trouble(Trouble::Stop),
        "Stop what is selected in order",
        "Shift K",
    ),
    entry(
        Deed::Trouble(Trouble::Freeze),
        "Freeze or thaw what is selected",
        "Z",
    ),
    entry(
        Deed::Trouble(Trouble::Cut),
        "Cut off or heal what is selected",
        "X",
    ),
    entry(
        Deed::Trouble(Trouble::Join),
        "Add a consumer to a group",
        "C",
    ),
    entry(Deed::HealAll, "Heal all links", "H"),
    entry(Deed::Go(View::Figures), "Figures", "1"),
    entry(Deed::Go(View::Sandbox), "Sandbox", "2"),
    entry(Deed::Go(View::Code), "Code", "3"),
    entry(Deed::Lens, "By broker or by topic", "V"),
    entry(
        Deed::Density,
        "Density: auto, letters, strip, stream, heat",
        "G",
    ),
    entry(Deed::Inspect, "Inspect what is selected", "I"),
    entry(Deed::Deselect, "Close the inspector, select nothing", "Esc"),
    entry(Deed::Find, "Find anything", "Ctrl K"),
    entry(Deed::CopyLink, "Copy link", "L"),
    entry(Deed::Theme, "Light or dark", "D"),
    entry(Deed::Present, "Present on a projector", "Shift P"),
    entry(
        Deed::Announcements,
        "Announcements: all, faults only, off",
        "",
    ),
    entry(Deed::Shortcuts, "Keyboard shortcuts", "?"),
];

/// A key as the browser names it, with what was held down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stroke<'a> {
    pub key: &'a str,
    pub shift: bool,
    /// Control or Command.
    pub command: bool,
}

/// The deed of a stroke, and whether it is a single key, which text fields keep to themselves.
pub fn of_stroke(stroke: Stroke<'_>) -> Option<Deed> {
    if stroke.command {
        return match stroke.key {
            "k" | "K" => Some(Deed::Find),
            "z" | "Z" if !stroke.shift => Some(Deed::Undo),
            "z" | "Z" | "y" => Some(Deed::Redo),
            _ => None,
        };
    }
    let deed = match stroke.key {
        " " => Deed::Play,
        "." => Deed::Forward,
        "," => Deed::Back,
        ">" | ":" if stroke.shift => Deed::NextMark,
        "<" | ";" if stroke.shift => Deed::PreviousMark,
        "N" if stroke.shift => Deed::PreviousStep,
        "n" | "N" => Deed::NextStep,
        "]" => Deed::Faster,
        "[" => Deed::Slower,
        "\\" => Deed::SpeedOne,
        "e" | "E" => Deed::EvenPace,
        "K" if stroke.shift => Deed::Trouble(Trouble::Stop),
        "k" | "K" => Deed::Trouble(Trouble::Kill),
        "r" | "R" => Deed::Trouble(Trouble::Restart),
        "z" | "Z" => Deed::Trouble(Trouble::Freeze),
        "x" | "X" => Deed::Trouble(Trouble::Cut),
        "c" | "C" => Deed::Trouble(Trouble::Join),
        "h" | "H" => Deed::HealAll,
        "Home" => Deed::Start,
        "End" => Deed::End,
        "1" => Deed::Go(View::Figures),
        "2" => Deed::Go(View::Sandbox),
        "3" => Deed::Go(View::Code),
        "v" | "V" => Deed::Lens,
        "g" | "G" => Deed::Density,
        "i" | "I" => Deed::Inspect,
        "Escape" => Deed::Deselect,
        "l" | "L" => Deed::CopyLink,
        "d" | "D" => Deed::Theme,
        "P" if stroke.shift => Deed::Present,
        "?" => Deed::Shortcuts,
        _ => return None,
    };
    Some(deed)
}
