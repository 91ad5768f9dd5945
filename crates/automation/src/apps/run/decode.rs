//! Bodies of answers and of incoming calls as values.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8};
use halyard_iml::{Collection, Value};

use super::xml;

/// How a body is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Urlencoded,
    Xml,
    Text,
    Binary,
}

impl Format {
    /// The format of a `type`; nothing inside for `automatic`.
    pub(super) fn named(name: &str) -> Option<Option<Self>> {
        Some(match name {
            "automatic" => None,
            "json" => Some(Self::Json),
            "urlencoded" => Some(Self::Urlencoded),
            "xml" => Some(Self::Xml),
            "text" | "string" | "raw" => Some(Self::Text),
            "binary" => Some(Self::Binary),
            _ => return None,
        })
    }

    /// The format that a Content-Type tells of.
    pub(super) fn of_content_type(content_type: &str) -> Self {
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        match essence.to_ascii_lowercase().as_str() {
            "application/json" => Self::Json,
            "application/x-www-form-urlencoded" => Self::Urlencoded,
            "application/xml" | "text/xml" => Self::Xml,
            other if other.ends_with("+json") => Self::Json,
            other if other.ends_with("+xml") => Self::Xml,
            other if other.starts_with("text/") => Self::Text,
            _ => Self::Binary,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::Urlencoded => "a form",
            Self::Xml => "XML",
            Self::Text => "text",
            Self::Binary => "a file",
        }
    }

    /// The value of a body; an empty one is undefined. `values` bounds how many values it may be.
    pub(super) fn read(
        self,
        bytes: &[u8],
        content_type: &str,
        values: usize,
    ) -> Result<Value, String> {
        if bytes.is_empty() {
            return Ok(Value::Undefined);
        }
        let refused = |reason: String| format!("The answer is not {}: {reason}.", self.name());
        match self {
            Self::Binary => Ok(Value::buffer(bytes)),
            Self::Text => Ok(Value::from(&*text(bytes, content_type))),
            Self::Urlencoded => Ok(form(&text(bytes, content_type))),
            Self::Json => {
                let text = text(bytes, content_type);
                // Every value but the first comes after one of these.
                let count = text.bytes().filter(|byte| b",[{".contains(byte)).count();
                if count > values {
                    return Err(refused(format!("it has more than {values} values")));
                }
                Value::from_json(&text).map_err(refused)
            }
            Self::Xml => xml::read(&markup(bytes, content_type), values).map_err(refused),
        }
    }
}

/// The text of a body, by the charset of its Content-Type.
pub(super) fn text<'b>(bytes: &'b [u8], content_type: &str) -> Cow<'b, str> {
    let encoding = charset(content_type).unwrap_or(UTF_8);
    encoding.decode(bytes).0
}

fn charset(content_type: &str) -> Option<&'static Encoding> {
    let label = content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
    })?;
    Encoding::for_label(label.as_bytes())
}

/// The text of a document that may tell its charset itself.
fn markup<'b>(bytes: &'b [u8], content_type: &str) -> Cow<'b, str> {
    let declared = || {
        let start = String::from_utf8_lossy(&bytes[..bytes.len().min(100)]).into_owned();
        let declaration = start.strip_prefix("<?xml")?.split("?>").next()?.to_owned();
        let label = declaration.split("encoding=").nth(1)?;
        Encoding::for_label(label.get(1..)?.split(['"', '\'']).next()?.as_bytes())
    };
    let encoding = charset(content_type).or_else(declared).unwrap_or(UTF_8);
    encoding.decode(bytes).0
}

/// The collection that a form or a query is. What occurs several times is a list.
pub(super) fn form(text: &str) -> Value {
    let mut entries: Vec<(String, Vec<Value>)> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        let value = Value::from(&*value);
        let at = *places.entry(name.clone().into_owned()).or_insert_with(|| {
            entries.push((name.into_owned(), Vec::new()));
            entries.len() - 1
        });
        entries[at].1.push(value);
    }
    Value::collection(Collection::of(entries.into_iter().map(|(name, mut values)| {
        let value = if values.len() == 1 { values.remove(0) } else { Value::array(values) };
        (name, value)
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(format: Format, bytes: &[u8], content_type: &str) -> String {
        match format.read(bytes, content_type, 1000) {
            Ok(value) => value.to_json().unwrap(),
            Err(error) => error,
        }
    }

    #[test]
    fn the_content_type_chooses_the_format() {
        for (content_type, format) in [
            ("application/json; charset=utf-8", Format::Json),
            ("application/problem+json", Format::Json),
            ("Text/XML", Format::Xml),
            ("application/atom+xml", Format::Xml),
            ("text/plain", Format::Text),
            ("text/html", Format::Text),
            ("application/x-www-form-urlencoded", Format::Urlencoded),
            ("application/pdf", Format::Binary),
            ("", Format::Binary),
        ] {
            assert_eq!(Format::of_content_type(content_type), format, "{content_type}");
        }
    }

    #[test]
    fn bodies_are_read() {
        assert_eq!(json(Format::Json, br#"{"a":[1,null]}"#, ""), r#"{"a":[1,null]}"#);
        assert_eq!(json(Format::Json, b"\xef\xbb\xbf[1]", ""), "[1]");
        assert!(json(Format::Json, b"<html>", "").starts_with("The answer is not JSON"));
        assert!(json(Format::Json, "[0,".repeat(2000).as_bytes(), "").contains("more than 1000"));
        assert_eq!(json(Format::Urlencoded, b"a=1&b=2+3&a=4", ""), r#"{"a":["1","4"],"b":"2 3"}"#);
        assert_eq!(json(Format::Text, b"\xe4", "text/plain; charset=ISO-8859-1"), "\"ä\"");
        let xml = b"<?xml version='1.0' encoding='iso-8859-1'?><a>\xe4</a>";
        assert_eq!(json(Format::Xml, xml, "text/xml"), r#"{"a":"ä"}"#);
        assert_eq!(json(Format::Binary, b"\x00\xff", ""), "\"AP8=\"");
        assert!(Format::Json.read(b"", "", 1).unwrap().is_undefined());
    }
}
