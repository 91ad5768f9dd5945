//! Positions in texts, counted in UTF-16 code units.

use crate::decisions;

// How far a character moves the position.
fn width(c: char) -> usize {
    if decisions::POSITIONS_ARE_CODE_UNITS { c.len_utf16() } else { 1 }
}

/// How many code units a text has.
pub(super) fn length(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().map(width).sum() }
}

/// The byte position of a code unit; that of the character that contains it, with true, when it is
/// the second half of one; the end of the text when there are fewer.
pub(super) fn byte_at(text: &str, unit: usize) -> (usize, bool) {
    let mut units = 0;
    for (at, c) in text.char_indices() {
        if units >= unit {
            return (at, false);
        }
        units += width(c);
        if units > unit {
            return (at, true);
        }
    }
    (text.len(), false)
}

/// The part between two positions. Half a character becomes a replacement character.
pub(super) fn between(text: &str, start: usize, end: usize) -> String {
    if start >= end {
        return String::new();
    }
    if text.is_ascii() {
        return text[start.min(text.len())..end.min(text.len())].to_owned();
    }
    let (from, from_half) = byte_at(text, start);
    let (to, to_half) = byte_at(text, end);
    let mut out = String::new();
    let mut rest = &text[from..to];
    if from_half {
        out.push('\u{fffd}');
        rest = rest.get(rest.chars().next().map_or(0, char::len_utf8)..).unwrap_or("");
    }
    out.push_str(rest);
    if to_half && !(from_half && from == to) {
        out.push('\u{fffd}');
    }
    out
}

/// A position that was given as a number: not before the beginning, not beyond this end.
pub(super) fn position(number: f64, end: usize) -> usize {
    // What is no number is the beginning, as a comparison with it is false.
    if number > 0.0 { if number >= end as f64 { end } else { number as usize } } else { 0 }
}
