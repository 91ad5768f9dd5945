//! Multipart bodies of incoming calls.

use halyard_iml::{Collection, Value};

/// More parts than any form has.
const PARTS: usize = 1000;

/// The boundary that a Content-Type tells of, when it is that of a form in parts.
pub(super) fn boundary(content_type: &str) -> Option<String> {
    let mut parameters = content_type.split(';');
    let essence = parameters.next()?.trim();
    if !essence.eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let boundary = parameters.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"'))
    })?;
    (!boundary.is_empty()).then(|| boundary.to_owned())
}

/// The fields of a form in parts: texts as text, files as a collection of `name`, `type` and the
/// bytes as `data`. What occurs several times is a list.
pub(super) fn read(body: &[u8], boundary: &str, values: usize) -> Result<Value, String> {
    let damaged = || "The body is not a form in parts: a part is damaged.".to_owned();
    let delimiter = format!("\r\n--{boundary}");
    let opening = &delimiter.as_bytes()[2..];
    let start = if body.starts_with(opening) {
        opening.len()
    } else {
        find(body, delimiter.as_bytes()).ok_or_else(damaged)? + delimiter.len()
    };
    let mut rest = &body[start..];
    let mut fields: Vec<(String, Vec<Value>)> = Vec::new();
    let mut count = 0;
    while !rest.starts_with(b"--") {
        count += 1;
        if count > PARTS.min(values) {
            return Err(format!("The body has more than {} parts.", PARTS.min(values)));
        }
        let end = find(rest, delimiter.as_bytes()).ok_or_else(damaged)?;
        let (part, after) = rest.split_at(end);
        let part = part.strip_prefix(b"\r\n").ok_or_else(damaged)?;
        let (head, content) = match find(part, b"\r\n\r\n") {
            Some(at) => (&part[..at], &part[at + 4..]),
            None => return Err(damaged()),
        };
        let (name, value) = field(&String::from_utf8_lossy(head), content).ok_or_else(damaged)?;
        match fields.iter_mut().find(|(other, _)| *other == name) {
            Some((_, values)) => values.push(value),
            None => fields.push((name, vec![value])),
        }
        rest = &after[delimiter.len()..];
    }
    Ok(Value::collection(Collection::of(fields.into_iter().map(|(name, mut values)| {
        let value = if values.len() == 1 { values.remove(0) } else { Value::array(values) };
        (name, value)
    }))))
}

fn field(head: &str, content: &[u8]) -> Option<(String, Value)> {
    let header = |wanted: &str| {
        head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.trim().eq_ignore_ascii_case(wanted).then(|| value.trim().to_owned())
        })
    };
    let disposition = header("content-disposition")?;
    let name = parameter(&disposition, "name")?;
    let file_name = parameter(&disposition, "filename");
    let content_type = header("content-type");
    if file_name.is_none()
        && let Ok(text) = std::str::from_utf8(content)
    {
        return Some((name, Value::from(text)));
    }
    let file = Value::collection(Collection::of([
        ("name", file_name.map_or(Value::Undefined, Value::from)),
        ("type", content_type.map_or(Value::Undefined, Value::from)),
        ("data", Value::buffer(content)),
    ]));
    Some((name, file))
}

/// A parameter such as `name="a"`.
fn parameter(text: &str, wanted: &str) -> Option<String> {
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('=') {
        let name = before.rsplit([';', ' ']).next().unwrap_or_default().trim();
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => after.split_once(';').unwrap_or((after, "")),
        };
        if name.eq_ignore_ascii_case(wanted) {
            return Some(value.trim().replace("%22", "\""));
        }
        rest = next;
    }
    None
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    let mut from = 0;
    while let Some(at) = text[from..].iter().position(|byte| *byte == first) {
        let at = from + at;
        if text[at..].starts_with(wanted) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_texts_and_files() {
        let boundary = boundary("multipart/form-data; charset=utf-8; boundary=\"a b\"").unwrap();
        assert_eq!(boundary, "a b");
        let body = b"--a b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n1\r\n\
            --a b\r\ncontent-disposition: form-data; filename=\"f;1.bin\"; name=\"file\"\r\n\
            Content-Type: image/png\r\n\r\n\x00\r\n--b\xff\r\n\
            --a b\r\nContent-Disposition: form-data; name=x\r\n\r\n\r\n--a b--\r\n";
        let value = read(body, &boundary, 100).unwrap();
        assert_eq!(
            value.to_json().unwrap(),
            r#"{"x":["1",""],"file":{"name":"f;1.bin","type":"image/png","data":"AA0KLS1i/w=="}}"#
        );
        assert!(read(&body[..60], &boundary, 100).is_err());
        assert!(read(body, &boundary, 2).unwrap_err().contains("more than 2"));
        assert!(read(b"", &boundary, 2).is_err());
    }
}
