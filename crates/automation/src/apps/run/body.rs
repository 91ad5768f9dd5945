//! Bodies of requests and answers, encoded.

use std::sync::Arc;

use bytes::Bytes;
use halyard_iml::{Collection, Stored, Type, Value};
use halyard_platform::{blobs::Blobs, outbound::Piece};

use super::text::{pairs, query, text};

/// An encoded body.
#[derive(Clone, Debug, Default)]
pub(super) struct Encoded {
    /// What is sent.
    pub(super) bytes: Bytes,
    /// The Content-Type, unless the author writes another one.
    pub(super) content_type: Option<String>,
    /// What is sent in the place of the bytes, when files that are not in memory are part of it.
    pub(super) pieces: Vec<Piece>,
    /// The pairs of a form, which signatures cover.
    pub(super) form: Option<Vec<(String, String)>>,
}

/// How a body is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Json,
    Urlencoded,
    Multipart,
    Text,
    Binary,
}

impl Encoding {
    /// The encoding of a `type`.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "json" => Self::Json,
            "urlencoded" => Self::Urlencoded,
            "multipart/form-data" => Self::Multipart,
            "text" | "string" | "raw" => Self::Text,
            "binary" => Self::Binary,
            _ => return None,
        })
    }

    /// Encodes a value. `blobs` has the files that are not in memory; `boundary` separates parts and
    /// occurs nowhere else.
    pub(super) fn encode(
        self,
        value: &Value,
        blobs: Option<&Blobs>,
        boundary: impl FnOnce() -> String,
    ) -> Result<Encoded, String> {
        if value.is_undefined() {
            return Ok(Encoded::default());
        }
        if !matches!(self, Self::Multipart | Self::Binary) && holds_file(value) {
            return Err("A large file can only be sent as binary or multipart/form-data.".into());
        }
        let plain = |bytes: Bytes, content_type: Option<&str>| Encoded {
            bytes,
            content_type: content_type.map(str::to_owned),
            ..Encoded::default()
        };
        const FORM: &str = "application/x-www-form-urlencoded";
        const BYTES: &str = "application/octet-stream";
        Ok(match (self, value) {
            // Such as XML under the default type.
            (Self::Json, Value::Text(text)) => {
                plain(Bytes::copy_from_slice(text.as_bytes()), Some("application/json"))
            }
            (Self::Json, value) => {
                let json = value.to_json().map_err(|error| error.to_string())?;
                plain(json.into(), Some("application/json"))
            }
            (Self::Urlencoded, Value::Text(text)) => {
                let form = form_urlencoded::parse(text.as_bytes()).into_owned().collect();
                let bytes = Bytes::copy_from_slice(text.as_bytes());
                Encoded { form: Some(form), ..plain(bytes, Some(FORM)) }
            }
            (Self::Urlencoded, value) => {
                let form = pairs(&*members(value, "urlencoded")?);
                let bytes = query(&form).into();
                Encoded { form: Some(form), ..plain(bytes, Some(FORM)) }
            }
            (Self::Multipart, value) => {
                let boundary = boundary();
                let mut parts = Parts { blobs, pieces: Vec::new(), open: Vec::new() };
                match value {
                    Value::Array(list) => parts.listed(list, &boundary)?,
                    value => parts.all(&*members(value, "multipart/form-data")?, &boundary)?,
                }
                parts.end(&boundary);
                let content_type = format!("multipart/form-data; boundary={boundary}");
                parts.finish(Some(content_type))
            }
            (Self::Text, Value::Buffer(bytes)) => plain(Bytes::copy_from_slice(bytes), None),
            (Self::Text, value) => plain(text(value).into(), None),
            (Self::Binary, Value::Buffer(bytes)) => {
                plain(Bytes::copy_from_slice(bytes), Some(BYTES))
            }
            (Self::Binary, Value::Stored(stored)) => {
                Encoded { pieces: vec![file(blobs, stored)?], ..plain(Bytes::new(), Some(BYTES)) }
            }
            (Self::Binary, value) => plain(text(value).into(), Some(BYTES)),
        })
    }
}

fn members(value: &Value, kind: &str) -> Result<Arc<Collection>, String> {
    match value {
        Value::Collection(collection) => Ok(collection.clone()),
        Value::Null => Ok(Arc::default()),
        other => {
            let found = other.kind().name();
            Err(format!("A body of the type {kind} must be a collection, not {found}."))
        }
    }
}

fn holds_file(value: &Value) -> bool {
    match value {
        Value::Stored(_) => true,
        Value::Array(items) => items.iter().any(holds_file),
        Value::Collection(members) => members.iter().any(|(_, value)| holds_file(value)),
        _ => false,
    }
}

fn file(blobs: Option<&Blobs>, stored: &Stored) -> Result<Piece, String> {
    let gone = || "A file that is to be sent is no longer there.".to_owned();
    let blobs = blobs.ok_or_else(gone)?.clone();
    Ok(Piece::File { blobs, id: stored.id.parse().map_err(|_| gone())? })
}

/// The parts of a multipart body.
struct Parts<'b> {
    blobs: Option<&'b Blobs>,
    pieces: Vec<Piece>,
    /// What comes behind the last piece.
    open: Vec<u8>,
}

impl Parts<'_> {
    fn all(&mut self, members: &Collection, boundary: &str) -> Result<(), String> {
        members.iter().try_for_each(|(key, value)| self.named(boundary, key.name(), value))
    }

    /// Parts that are collections of `name` (or `key`), `value` and `options`, so that several can
    /// have one name: an addition of ours.
    fn listed(&mut self, parts: &[Value], boundary: &str) -> Result<(), String> {
        for part in parts.iter().filter(|part| !part.is_nothing()) {
            let Value::Collection(said) = part else {
                let found = part.kind().name();
                return Err(format!("Each part of a list must be a collection, not {found}."));
            };
            let name = ["name", "key"].iter().find_map(|name| said.by_name(name));
            let Some(name) = name.filter(|name| !name.is_empty()) else {
                return Err("Each part of a list needs a name.".to_owned());
            };
            let value = said.by_name("value").unwrap_or(&Value::Undefined);
            let has_own_options = said.by_name("options").is_some_and(|all| !all.is_empty());
            let value = if has_own_options && !value.is_undefined() { part } else { value };
            self.named(boundary, &text(name), value)?;
        }
        Ok(())
    }

    fn named(&mut self, boundary: &str, name: &str, value: &Value) -> Result<(), String> {
        match value {
            Value::Undefined => Ok(()),
            Value::Array(items) => {
                items.iter().try_for_each(|item| self.part(boundary, name, item))
            }
            one => self.part(boundary, name, one),
        }
    }

    fn end(&mut self, boundary: &str) {
        self.write(format!("--{boundary}--\r\n").as_bytes());
    }

    fn write(&mut self, bytes: &[u8]) {
        self.open.extend_from_slice(bytes);
    }

    fn part(&mut self, boundary: &str, name: &str, value: &Value) -> Result<(), String> {
        let (content, options) = match value {
            Value::Collection(file) if file.by_name("value").is_some() => (
                file.by_name("value").cloned().unwrap_or_default(),
                file.by_name("options").cloned(),
            ),
            value => (value.clone(), None),
        };
        let option = |name: &str| match &options {
            Some(Value::Collection(options)) => {
                options.by_name(name).filter(|value| !value.is_empty()).map(text)
            }
            _ => None,
        };
        let name = quoted(name);
        let mut head = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"");
        let file_name = option("filename");
        if let Some(file_name) = &file_name {
            head.push_str(&format!("; filename=\"{}\"", quoted(file_name)));
        }
        let is_file = file_name.is_some() || content.kind() == Type::Buffer;
        let content_type = option("contentType")
            .or_else(|| is_file.then(|| "application/octet-stream".to_owned()));
        if let Some(content_type) = content_type {
            // Whoever names the type does not write further headers.
            let line: String = content_type.chars().filter(|letter| !letter.is_control()).collect();
            head.push_str(&format!("\r\nContent-Type: {line}"));
        }
        head.push_str("\r\n\r\n");
        self.write(head.as_bytes());
        match &content {
            Value::Buffer(bytes) => self.write(bytes),
            Value::Stored(stored) => {
                let before = std::mem::take(&mut self.open);
                self.pieces.push(Piece::Bytes(before.into()));
                self.pieces.push(file(self.blobs, stored)?);
            }
            other if holds_file(other) => {
                return Err("A file is a part of its own, not inside another value.".to_owned());
            }
            other => self.write(text(other).as_bytes()),
        }
        self.write(b"\r\n");
        Ok(())
    }

    fn finish(mut self, content_type: Option<String>) -> Encoded {
        if self.pieces.is_empty() {
            return Encoded { bytes: self.open.into(), content_type, ..Encoded::default() };
        }
        self.pieces.push(Piece::Bytes(self.open.into()));
        Encoded { pieces: self.pieces, content_type, ..Encoded::default() }
    }
}

/// A name between quotes, escaped as browsers do it.
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(kind: &str, json: &str) -> (String, Option<String>) {
        let value = Value::from_json(json).unwrap();
        let encoding = Encoding::named(kind).unwrap();
        let body = encoding.encode(&value, None, || "xyz".to_owned()).unwrap();
        (String::from_utf8(body.bytes.to_vec()).unwrap(), body.content_type)
    }

    #[test]
    fn each_type_has_its_form() {
        let json = Some("application/json".to_owned());
        assert_eq!(
            encoded("json", r#"{"a":[1,null]}"#),
            (r#"{"a":[1,null]}"#.into(), json.clone())
        );
        assert_eq!(encoded("json", r#""<xml/>""#), ("<xml/>".into(), json));
        assert_eq!(
            encoded("urlencoded", r#"{"a":{"b":1},"c":["x","y z"]}"#),
            ("a%5Bb%5D=1&c=x&c=y%20z".into(), Some("application/x-www-form-urlencoded".into()))
        );
        assert_eq!(encoded("raw", "12.5"), ("12.5".into(), None));
        assert_eq!(
            encoded("binary", "\"x\""),
            ("x".into(), Some("application/octet-stream".into()))
        );
        assert!(Encoding::named("yaml").is_none());
    }

    #[test]
    fn parts_are_fields_and_files() {
        let file = Value::collection(Collection::of([
            ("value", Value::buffer(&b"\x00\xff"[..])),
            (
                "options",
                Value::collection(Collection::of([
                    ("filename", Value::from("a\"b.png")),
                    ("contentType", Value::from("image/png\r\nX: y")),
                ])),
            ),
        ]));
        let body = Value::collection(Collection::of([
            ("a", Value::Number(1.0)),
            ("list", Value::array(vec![Value::from("x"), Value::from("y")])),
            ("file", file),
            ("none", Value::Undefined),
        ]));
        let body = Encoding::Multipart.encode(&body, None, || "xyz".to_owned()).unwrap();
        assert_eq!(body.content_type.as_deref(), Some("multipart/form-data; boundary=xyz"));
        let expected: &[u8] = b"--xyz\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n\
            --xyz\r\nContent-Disposition: form-data; name=\"list\"\r\n\r\nx\r\n\
            --xyz\r\nContent-Disposition: form-data; name=\"list\"\r\n\r\ny\r\n\
            --xyz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a%22b.png\"\r\n\
            Content-Type: image/pngX: y\r\n\r\n\x00\xff\r\n--xyz--\r\n";
        assert_eq!(body.bytes, expected);
    }
}
