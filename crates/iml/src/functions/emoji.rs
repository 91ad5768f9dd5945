//! Which characters are emoji, and how they join.

/// How many bytes at the beginning of a text are one emoji, with all that joins it.
pub(super) fn length(text: &str) -> usize {
    let first = text.chars().next().map_or(0, u32::from);
    // Nothing below is one, except the key caps.
    if first < 0x2190 && !matches!(first, 0x23 | 0x2a | 0x30..=0x39 | 0xa9 | 0xae | 0x203c | 0x2049)
    {
        return 0;
    }
    let mut length = single(text);
    if length == 0 {
        return 0;
    }
    // Joined by a zero-width joiner, as families and professions are.
    while let Some(rest) = text[length..].strip_prefix('\u{200d}') {
        match single(rest) {
            0 => break,
            more => length += '\u{200d}'.len_utf8() + more,
        }
    }
    length
}

fn single(text: &str) -> usize {
    let mut chars = text.chars();
    let Some(first) = chars.next() else { return 0 };
    let next = chars.next();
    let mut length = first.len_utf8();
    if matches!(first, '#' | '*' | '0'..='9') {
        let after = match next {
            Some('\u{fe0f}') => &text[length + 3..],
            _ => &text[length..],
        };
        return if after.starts_with('\u{20e3}') { text.len() - after.len() + 3 } else { 0 };
    }
    if is_flag_letter(first) {
        return match next {
            Some(second) if is_flag_letter(second) => length + second.len_utf8(),
            _ => length,
        };
    }
    let picture = is_picture(u32::from(first));
    if next == Some('\u{fe0f}') && (picture || may_be_picture(u32::from(first))) {
        length += '\u{fe0f}'.len_utf8();
    } else if !picture {
        return 0;
    }
    // Skin tones, then the tags that make flags of regions.
    for c in text[length..].chars() {
        match u32::from(c) {
            0x1f3fb..=0x1f3ff | 0xe0020..=0xe007f | 0xfe0f => length += c.len_utf8(),
            _ => break,
        }
    }
    length
}

fn is_flag_letter(c: char) -> bool {
    matches!(u32::from(c), 0x1f1e6..=0x1f1ff)
}

// Shown as a picture by itself.
fn is_picture(c: u32) -> bool {
    matches!(c,
        0x231a..=0x231b | 0x23e9..=0x23ec | 0x23f0 | 0x23f3 | 0x25fd..=0x25fe | 0x2614..=0x2615
        | 0x2648..=0x2653 | 0x267f | 0x2693 | 0x26a1 | 0x26aa..=0x26ab | 0x26bd..=0x26be
        | 0x26c4..=0x26c5 | 0x26ce | 0x26d4 | 0x26ea | 0x26f2..=0x26f3 | 0x26f5 | 0x26fa | 0x26fd
        | 0x2705 | 0x270a..=0x270b | 0x2728 | 0x274c | 0x274e | 0x2753..=0x2755 | 0x2757
        | 0x2795..=0x2797 | 0x27b0 | 0x27bf | 0x2b1b..=0x2b1c | 0x2b50 | 0x2b55 | 0x1f004 | 0x1f0cf
        | 0x1f18e | 0x1f191..=0x1f19a | 0x1f201 | 0x1f21a | 0x1f22f | 0x1f232..=0x1f236
        | 0x1f238..=0x1f23a | 0x1f250..=0x1f251 | 0x1f300..=0x1f64f | 0x1f680..=0x1f6ff
        | 0x1f7e0..=0x1f7eb | 0x1f7f0 | 0x1f900..=0x1f9ff | 0x1fa70..=0x1faff)
}

// Shown as a picture when a variation selector asks for it.
fn may_be_picture(c: u32) -> bool {
    matches!(c,
        0xa9 | 0xae | 0x203c | 0x2049 | 0x2122 | 0x2139 | 0x2190..=0x21ff | 0x2300..=0x23ff
        | 0x24c2 | 0x25aa..=0x25ff | 0x2600..=0x27bf | 0x2934..=0x2935 | 0x2b05..=0x2b07 | 0x3030
        | 0x303d | 0x3297 | 0x3299 | 0x1f170..=0x1f251)
}
