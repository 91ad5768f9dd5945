//! What an exchange shows: what the author wants hidden (`log.sanitize`) and what is secret anyway
//! is left out before it leaves the executor.

use std::sync::Arc;

use halyard_iml::{Text, Type, Value};
use halyard_platform::outbound::{Url, header::HeaderMap};

use super::{
    decode,
    exchange::{HIDDEN, Shown},
    mask::Mask,
    text::query,
};

/// The paths of a directive, in lower case and split into names.
#[derive(Clone, Debug, Default)]
pub(super) struct Paths(Vec<Vec<String>>);

impl Paths {
    pub(super) fn of(paths: &[Text]) -> Self {
        Self(paths.iter().map(|path| names(path)).collect())
    }

    /// What is left of the paths that begin with this name.
    fn below(&self, name: &str) -> Self {
        let name = name.to_lowercase();
        let rests = self.0.iter().filter_map(|path| match path.split_first() {
            Some((first, rest)) if *first == name => Some(rest.to_vec()),
            _ => None,
        });
        Self(rests.collect())
    }

    /// Whether a path ends here: all of it is hidden.
    fn ends(&self) -> bool {
        self.0.iter().any(Vec::is_empty)
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// ``a.`B.c`.d[].e`` as `a`, `b.c`, `d`, `e`.
fn names(path: &str) -> Vec<String> {
    let mut names = vec![String::new()];
    let mut quoted = false;
    for letter in path.trim().chars() {
        match letter {
            '`' => quoted = !quoted,
            '.' if !quoted => names.push(String::new()),
            letter => {
                if let Some(name) = names.last_mut() {
                    name.extend(letter.to_lowercase());
                }
            }
        }
    }
    for name in &mut names {
        // Every element of a list is meant, whatever stands in the brackets.
        if name.ends_with(']')
            && let Some(at) = name.find('[')
        {
            name.truncate(at);
        }
    }
    names
}

/// Hides what is to be hidden.
pub(super) struct Sanitizer<'a> {
    pub(super) mask: &'a Mask,
    /// Paths that begin with `request.` and `response.`.
    pub(super) paths: &'a Paths,
    /// Bytes of each body that are shown.
    pub(super) bytes: usize,
}

impl Sanitizer<'_> {
    /// The side of a request.
    pub(super) fn request(
        &self,
        shown: &mut Shown,
        method: &str,
        url: &Url,
        headers: &HeaderMap,
        body: &Value,
    ) {
        let paths = self.paths.below("request");
        shown.method = method.to_owned();
        shown.url = self.url(url, &paths);
        shown.request_headers = self.headers(headers, &paths.below("headers"), true);
        shown.request_body = self.body(body, &paths.below("body"));
    }

    /// The side of an answer. `body` is what was made of the bytes; nothing when that has failed.
    pub(super) fn response(
        &self,
        shown: &mut Shown,
        headers: &HeaderMap,
        bytes: &[u8],
        body: Option<&Value>,
    ) {
        let paths = self.paths.below("response");
        shown.response_headers = self.headers(headers, &paths.below("headers"), false);
        let hidden = paths.below("body");
        shown.response_body = match body {
            Some(body) if !hidden.is_empty() || body.kind() == Type::Buffer => {
                self.body(body, &hidden)
            }
            // Nobody knows where in it the things to be hidden are.
            None if !hidden.is_empty() => HIDDEN.to_owned(),
            _ => {
                // More than this is not shown; the rest need not be looked through.
                let start = &bytes[..bytes.len().min(self.bytes.saturating_mul(4))];
                self.mask.hide_beginning(&String::from_utf8_lossy(start), self.bytes)
            }
        };
    }

    fn url(&self, url: &Url, paths: &Paths) -> String {
        if paths.below("url").ends() {
            return HIDDEN.to_owned();
        }
        let mut url = url.clone();
        // Whether that works does not matter: without a host there are no credentials.
        let _ = url.set_password(None).and_then(|()| url.set_username(""));
        let hidden = paths.below("qs");
        if !hidden.is_empty() && url.query().is_some() {
            let shown: Vec<(String, String)> = url
                .query_pairs()
                .map(|(name, value)| {
                    let names = name.to_lowercase().replace(']', "");
                    let mut left = hidden.clone();
                    for part in names.split('[') {
                        if left.ends() {
                            break;
                        }
                        left = left.below(part);
                    }
                    let value = if left.ends() { HIDDEN.to_owned() } else { value.into_owned() };
                    (name.into_owned(), value)
                })
                .collect();
            // Brackets of the marker stay readable.
            let text = query(&shown).replace("%5Bhidden%5D", HIDDEN);
            url.set_query(None);
            return self.mask.hide(&format!("{url}?{text}"));
        }
        self.mask.hide(url.as_str())
    }

    fn headers(&self, headers: &HeaderMap, paths: &Paths, capitals: bool) -> Vec<(String, String)> {
        headers
            .iter()
            .map(|(name, value)| {
                let shown = if paths.ends() || paths.below(name.as_str()).ends() {
                    HIDDEN.to_owned()
                } else {
                    self.mask.hide(&String::from_utf8_lossy(value.as_bytes()))
                };
                let name = name.as_str();
                (if capitals { capitalized(name) } else { name.to_owned() }, shown)
            })
            .collect()
    }

    fn body(&self, body: &Value, hidden: &Paths) -> String {
        if body.is_undefined() {
            return String::new();
        }
        if hidden.ends() {
            return HIDDEN.to_owned();
        }
        match body {
            Value::Text(text) => {
                if hidden.is_empty() {
                    return self.mask.hide_beginning(text, self.bytes);
                }
                // Names can only be found in what is JSON or a form.
                let read = match Value::from_json(text) {
                    Ok(value @ (Value::Array(_) | Value::Collection(_))) => value,
                    _ if text.contains('=') && !text.contains([' ', '<', '{']) => {
                        decode::form(text)
                    }
                    _ => return HIDDEN.to_owned(),
                };
                self.json(&read, hidden)
            }
            other => self.json(other, hidden),
        }
    }

    fn json(&self, value: &Value, hidden: &Paths) -> String {
        let mut out = String::new();
        self.write(&mut out, value, hidden);
        if out.len() > self.bytes {
            out.truncate(super::mask::cut(&out, self.bytes).len());
            out.push('…');
        }
        out
    }

    /// Appends JSON until enough is there to be shown.
    fn write(&self, out: &mut String, value: &Value, hidden: &Paths) {
        if out.len() > self.bytes {
            return;
        }
        if hidden.ends() {
            self.text(out, HIDDEN);
            return;
        }
        match value {
            Value::Text(text) => {
                let text = self.mask.hide_beginning(text, self.bytes);
                self.text(out, &text);
            }
            Value::Buffer(bytes) => self.text(out, &format!("[{} bytes]", bytes.len())),
            Value::Stored(stored) => self.text(out, &format!("[{} bytes]", stored.bytes)),
            Value::Array(items) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    self.write(out, item, hidden);
                    if out.len() > self.bytes {
                        return;
                    }
                }
                out.push(']');
            }
            Value::Collection(members) => {
                out.push('{');
                let known = members.iter().filter(|(_, value)| !value.is_undefined());
                for (at, (key, value)) in known.enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    self.text(out, &self.mask.hide(key.name()));
                    out.push(':');
                    self.write(out, value, &hidden.below(key.name()));
                    if out.len() > self.bytes {
                        return;
                    }
                }
                out.push('}');
            }
            simple => {
                let json = simple.to_json().unwrap_or_default();
                out.push_str(&self.mask.hide(&json));
            }
        }
    }

    fn text(&self, out: &mut String, text: &str) {
        let text: Arc<str> = text.into();
        out.push_str(&Value::Text(text).to_json().unwrap_or_default());
    }
}

/// `x-request-id` as `X-Request-Id`, which is how it is sent.
pub(super) fn capitalized(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut first = true;
    for letter in name.chars() {
        out.push(if first { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() });
        first = letter == '-';
    }
    out
}
