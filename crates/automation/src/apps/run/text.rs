//! Values as texts of the web: plain, percent-encoded, as pairs of names and values, as HTTP dates.

use std::fmt::Write as _;

use halyard_iml::{
    Collection, Date, Value, Zone,
    field::{FieldType, convert},
};

/// The text of a value: nothing is the empty text, lists and collections are JSON.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Undefined | Value::Null => String::new(),
        Value::Text(text) => text.to_string(),
        Value::Buffer(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Value::Stored(stored) => format!("[{} bytes]", stored.bytes),
        // Deeper than values can be read, which are the only ones that JSON refuses.
        Value::Array(_) | Value::Collection(_) => value.to_json().unwrap_or_default(),
        simple => match convert(simple, FieldType::Text, &Zone::utc()) {
            Ok(Value::Text(text)) => text.to_string(),
            _ => String::new(),
        },
    }
}

/// Percent-encodes everything but letters, digits and `-_.~`.
pub(super) fn component(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            other => write!(out, "%{other:02X}").expect("writing to a text does not fail"),
        }
    }
    out
}

/// Percent-encodes what cannot stand in an address. Escapes that are there stay.
pub(super) fn encode_address(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    for (at, byte) in bytes.iter().enumerate() {
        let kept = match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => true,
            b'%' => {
                let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
                digit(at + 1) && digit(at + 2)
            }
            other => b"-_.~!*'();:@&=+$,/?#".contains(other),
        };
        if kept {
            out.push(char::from(*byte));
        } else {
            write!(out, "%{byte:02X}").expect("writing to a text does not fail");
        }
    }
    out
}

/// The pairs that a collection is in a query or a form. What is undefined is left out, null is
/// empty; a list repeats its name; collections inside have their names in brackets, and lists that
/// hold more than simple values also their positions.
pub(super) fn pairs(collection: &Collection) -> Vec<(String, String)> {
    let mut out = Vec::with_capacity(collection.len());
    for (key, value) in collection.iter() {
        push(&mut out, key.name().to_string(), value);
    }
    out
}

fn push(out: &mut Vec<(String, String)>, name: String, value: &Value) {
    match value {
        Value::Undefined => {}
        Value::Array(items) => {
            let simple =
                items.iter().all(|item| !matches!(item, Value::Array(_) | Value::Collection(_)));
            for (at, item) in items.iter().enumerate() {
                let name = if simple { name.clone() } else { format!("{name}[{at}]") };
                push(out, name, item);
            }
        }
        Value::Collection(inner) => {
            for (key, value) in inner.iter() {
                push(out, format!("{name}[{}]", key.name()), value);
            }
        }
        simple => out.push((name, text(simple))),
    }
}

/// Pairs as a query, every part of them encoded.
pub(super) fn query(pairs: &[(String, String)]) -> String {
    let mut out = String::new();
    for (name, value) in pairs {
        if !out.is_empty() {
            out.push('&');
        }
        out.push_str(&component(name));
        out.push('=');
        out.push_str(&component(value));
    }
    out
}

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The date of an HTTP header, such as `Sun, 06 Nov 1994 08:49:37 GMT`.
pub(super) fn http_date(date: Date) -> String {
    let iso = date.to_iso();
    let day = DAYS[usize::try_from(date.ms().div_euclid(86_400_000).rem_euclid(7)).unwrap_or(0)];
    let month = iso[5..7].parse::<usize>().unwrap_or(1);
    let month = MONTHS[(month.max(1) - 1).min(11)];
    format!("{day}, {} {month} {} {} GMT", &iso[8..10], &iso[..4], &iso[11..19])
}

/// Reads a date of an HTTP header, in milliseconds since 1970.
pub(super) fn read_http_date(text: &str) -> Option<i64> {
    let mut words = text.split_once(", ")?.1.split([' ', '-']);
    let day = words.next()?;
    let month = words.next()?;
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    let (year, time) = (words.next()?, words.next()?);
    Some(Date::from_iso(&format!("{year}-{month:02}-{day}T{time}Z"))?.ms())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_flat() {
        let value = Value::from_json(
            r#"{"a": 1, "b": null, "list": ["one", "two"], "c": {"d": true, "e": {"f": "g h"}},
                "items": [{"x": 1}, {"x": 2}], "none": []}"#,
        );
        let Ok(Value::Collection(collection)) = value else { panic!("{value:?}") };
        assert_eq!(
            query(&pairs(&collection)),
            "a=1&b=&list=one&list=two&c%5Bd%5D=true&c%5Be%5D%5Bf%5D=g%20h\
             &items%5B0%5D%5Bx%5D=1&items%5B1%5D%5Bx%5D=2"
        );
    }

    #[test]
    fn dates_of_headers_are_written_and_read() {
        for (text, ms) in [
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777_000),
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Tue, 27 Mar 2007 19:36:42 GMT", 1_175_024_202_000),
        ] {
            assert_eq!(http_date(Date::from_ms(ms).unwrap()), text);
            assert_eq!(read_http_date(text), Some(ms));
        }
        assert_eq!(read_http_date("Sun, 06-Nov-1994 08:49:37 GMT"), Some(784_111_777_000));
        assert_eq!(read_http_date("tomorrow"), None);
    }

    #[test]
    fn addresses_keep_their_escapes() {
        assert_eq!(
            encode_address("/a b/%20%zz/ä?q=[1]|{2}&c='d'"),
            "/a%20b/%20%25zz/%C3%A4?q=%5B1%5D%7C%7B2%7D&c='d'"
        );
    }
}
