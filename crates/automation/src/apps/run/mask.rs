//! Secrets, found in whatever clothing they appear.

use std::ops::Range;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE},
};
use halyard_iml::Text;

use super::{exchange::HIDDEN, text::component};

/// The forms of what is secret.
#[derive(Clone, Debug, Default)]
pub(super) struct Mask {
    forms: Vec<String>,
}

impl Mask {
    pub(super) fn of(secrets: &[Text]) -> Self {
        let mut mask = Self::default();
        for secret in secrets {
            mask.add(secret);
        }
        mask
    }

    /// Also hides this.
    pub(super) fn add(&mut self, secret: &str) {
        if secret.is_empty() {
            return;
        }
        self.form(secret.to_owned());
        let encoded = component(secret);
        if encoded != secret {
            self.form(encoded.replace("%20", "+"));
            self.form(lower_escapes(&encoded));
            self.form(encoded);
        }
        let quoted = halyard_iml::Value::text(secret).to_json().unwrap_or_default();
        self.form(quoted.trim_matches('"').to_owned());
        for before in 0..3 {
            for engine in [&STANDARD, &URL_SAFE] {
                let form = inside_base64(engine, secret, before);
                // Fewer characters stand in many texts by chance.
                if form.len() >= 4 && !self.forms.contains(&form) {
                    self.form(component(&form));
                    self.form(form);
                }
            }
        }
    }

    fn form(&mut self, form: String) {
        if !form.is_empty() && !self.forms.contains(&form) {
            self.forms.push(form);
        }
    }

    /// Whether something secret is in the text.
    pub(super) fn touches(&self, text: &str) -> bool {
        self.forms.iter().any(|form| text.contains(form.as_str()))
    }

    /// As [`touches`](Self::touches), for bytes of which nobody knows what they say.
    pub(super) fn touches_bytes(&self, bytes: &[u8]) -> bool {
        match std::str::from_utf8(bytes) {
            Ok(text) => self.touches(text),
            Err(_) => self.touches(&String::from_utf8_lossy(bytes)),
        }
    }

    /// The text with [`HIDDEN`] in the place of everything secret.
    pub(super) fn hide(&self, text: &str) -> String {
        // All are found before any is replaced: what replaces one may look like another.
        let mut found: Vec<Range<usize>> = Vec::new();
        // Most texts are headers, too short for most forms; looking would cost more than asking.
        for form in self.forms.iter().filter(|form| form.len() <= text.len()) {
            found.extend(text.match_indices(form.as_str()).map(|(at, _)| at..at + form.len()));
        }
        if found.is_empty() {
            return text.to_owned();
        }
        found.sort_by_key(|range| range.start);
        let mut out = String::with_capacity(text.len());
        let (mut shown, mut hidden) = (0, 0);
        for range in found {
            if range.start >= hidden {
                out.push_str(&text[shown..range.start]);
                out.push_str(HIDDEN);
            }
            hidden = hidden.max(range.end);
            shown = hidden;
        }
        out.push_str(&text[shown..]);
        out
    }

    /// The beginning of a text, of this many bytes at most, without secrets and without parts of
    /// secrets at its end.
    pub(super) fn hide_beginning(&self, text: &str, bytes: usize) -> String {
        if text.len() <= bytes {
            return self.hide(text);
        }
        let longest = self.forms.iter().map(String::len).max().unwrap_or(0);
        let mut hidden = self.hide(cut(text, bytes + longest));
        hidden.truncate(cut(&hidden, bytes).len());
        hidden.push('…');
        hidden
    }
}

/// The beginning of a text that has at most this many bytes.
pub(super) fn cut(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The Base64 text of a secret that stands behind `before` bytes (counted by threes) of something
/// else, without the characters that also depend on what stands around it.
fn inside_base64(engine: &base64::engine::GeneralPurpose, secret: &str, before: usize) -> String {
    let mut bytes = vec![0; before];
    bytes.extend_from_slice(secret.as_bytes());
    let text = engine.encode(&bytes);
    let (from, to) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
    text.get(from..to).unwrap_or_default().to_owned()
}

/// Percent escapes with lower-case digits.
fn lower_escapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut escaped = 0;
    for letter in text.chars() {
        if letter == '%' {
            escaped = 3;
        }
        out.push(if escaped > 0 { letter.to_ascii_lowercase() } else { letter });
        escaped = if escaped > 0 { escaped - 1 } else { 0 };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(secrets: &[&str], text: &str) -> String {
        let secrets: Vec<Text> = secrets.iter().map(|secret| Text::from(*secret)).collect();
        Mask::of(&secrets).hide(text)
    }

    #[test]
    fn a_secret_is_found_in_every_form() {
        let secret = "s3cr/et +\"ä";
        for form in [
            "s3cr/et +\"ä",
            "s3cr%2Fet%20%2B%22%C3%A4",
            "s3cr%2fet%20%2b%22%c3%a4",
            "s3cr%2Fet+%2B%22%C3%A4",
            r#"s3cr/et +\"ä"#,
        ] {
            assert_eq!(hidden(&[secret], &format!("a{form}z")), "a[hidden]z", "{form}");
        }
        for before in ["", "u", "us", "use", "user:"] {
            for after in ["", "x", ":yz"] {
                for engine in [&STANDARD, &URL_SAFE] {
                    let text = engine.encode(format!("{before}{secret}{after}"));
                    let shown = hidden(&[secret], &text);
                    assert!(shown.contains(HIDDEN), "{before:?} {after:?}: {shown}");
                    assert!(shown.len() <= text.len() - 14 + HIDDEN.len(), "{shown}");
                }
            }
        }
    }

    #[test]
    fn what_replaces_a_secret_is_not_replaced_again() {
        assert_eq!(hidden(&["hidden", "abc", "bcd", "e"], "xabcdz he"), "x[hidden]z h[hidden]");
        assert_eq!(hidden(&[""], "nothing"), "nothing");
    }

    #[test]
    fn a_beginning_does_not_end_within_a_secret() {
        let mask = Mask::of(&["secret".into()]);
        assert_eq!(mask.hide_beginning("0123456789secret", 12), "0123456789[h…");
        assert_eq!(mask.hide_beginning("0123secret", 12), "0123[hidden]");
        assert_eq!(mask.hide_beginning("ääää", 5), "ää…");
    }
}
