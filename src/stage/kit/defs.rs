//! What every picture carries in its head: the hatches, the dot grid and the ten key patterns.
//!
//! Patterns are fixed markup, never built from data, so they are written out.

/// The hatch of what nobody serves, its red sister, and the grid of the sandbox.
pub const DEFS: &str = concat!(
    "<pattern id=\"hatch\" width=\"7\" height=\"7\" patternUnits=\"userSpaceOnUse\" ",
    "patternTransform=\"rotate(45)\"><line x1=\"0\" y1=\"0\" x2=\"0\" y2=\"7\" class=\"hatch-l\"/></pattern>",
    "<pattern id=\"hatch-f\" width=\"7\" height=\"7\" patternUnits=\"userSpaceOnUse\" ",
    "patternTransform=\"rotate(45)\"><line x1=\"0\" y1=\"0\" x2=\"0\" y2=\"7\" class=\"hatch-f\"/></pattern>",
    "<pattern id=\"dots\" width=\"20\" height=\"20\" patternUnits=\"userSpaceOnUse\" class=\"dotgrid\">",
    "<circle cx=\"10\" cy=\"10\" r=\"1\"/></pattern>",
);

/// One pattern for each hue: used when letters no longer fit or the reader turns patterns on.
pub const KEY_PATTERNS: [&str; 10] = [
    "",
    "<path d=\"M-1 9L9 -1M-1 1L1 -1M7 9L9 7\"/>",
    "<circle class=\"solid\" cx=\"4\" cy=\"4\" r=\"1.3\"/>",
    "<path d=\"M0 4H8\"/>",
    "<path d=\"M4 0V8\"/>",
    "<path d=\"M-1 -1L9 9M-1 7L1 9M7 -1L9 1\"/>",
    "<path d=\"M0 4H8M4 0V8\"/>",
    "<path d=\"M0 0L8 8M8 0L0 8\"/>",
    "<path class=\"solid\" d=\"M0 0h4v4h-4zM4 4h4v4h-4z\"/>",
    "<path d=\"M0 6L4 2L8 6\"/>",
];
