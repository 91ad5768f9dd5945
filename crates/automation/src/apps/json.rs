//! JSON as the files of apps have it: with comments, and with commas behind the last element.
//!
//! Everything else is strict. Published apps need no more than this, and a reader that guesses would
//! hide mistakes from authors.

use std::collections::HashMap;

use super::node::{Node, NodeKind, Position};

/// Values may be nested this deep.
pub(super) const MAX_DEPTH: usize = 100;

/// A text that is not JSON.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Failure {
    pub(super) message: String,
    pub(super) at: Position,
    pub(super) path: String,
}

/// A name that occurs twice in an object.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Duplicate {
    pub(super) at: Position,
    pub(super) path: String,
}

/// The value that a text tells, and the names that occur more than once.
pub(super) fn read(text: &str) -> Result<(Node, Vec<Duplicate>), Failure> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader {
        text,
        bytes: text.as_bytes(),
        at: 0,
        line: 1,
        counted: 0,
        column: 1,
        path: "$".to_owned(),
        depth: 0,
        duplicates: Vec::new(),
    };
    let node = reader.document()?;
    Ok((node, reader.duplicates))
}

/// Whether a text says nothing: blanks and comments only.
pub(super) fn is_blank(text: &str) -> bool {
    read(text).is_err_and(|failure| failure.message == NOTHING)
}

const NOTHING: &str = "The file is empty.";

struct Reader<'s> {
    text: &'s str,
    bytes: &'s [u8],
    at: usize,
    line: u32,
    // Where the column was counted last, so that a file of one line is not counted again and again.
    counted: usize,
    column: u32,
    path: String,
    depth: usize,
    duplicates: Vec<Duplicate>,
}

type Read<T> = Result<T, Failure>;

impl Reader<'_> {
    fn document(&mut self) -> Read<Node> {
        self.skip()?;
        if self.at == self.bytes.len() {
            return Err(self.failure(NOTHING));
        }
        let node = self.value()?;
        self.skip()?;
        if self.at < self.bytes.len() {
            return Err(self.unexpected("nothing more"));
        }
        Ok(node)
    }

    fn value(&mut self) -> Read<Node> {
        let at = self.position();
        let kind = match self.bytes.get(self.at) {
            Some(b'{') => self.deeper(Self::object)?,
            Some(b'[') => self.deeper(Self::array)?,
            Some(b'"') => NodeKind::Text(self.string()?.into()),
            Some(b'-' | b'0'..=b'9') => NodeKind::Number(self.number()?),
            Some(b't') if self.word("true") => NodeKind::Bool(true),
            Some(b'f') if self.word("false") => NodeKind::Bool(false),
            Some(b'n') if self.word("null") => NodeKind::Null,
            _ => return Err(self.unexpected("a value")),
        };
        Ok(Node { kind, at })
    }

    fn deeper(&mut self, read: fn(&mut Self) -> Read<NodeKind>) -> Read<NodeKind> {
        if self.depth == MAX_DEPTH {
            return Err(self.failure(format!("Values are nested more than {MAX_DEPTH} deep.")));
        }
        self.depth += 1;
        self.at += 1;
        let kind = read(self)?;
        self.depth -= 1;
        Ok(kind)
    }

    fn object(&mut self) -> Read<NodeKind> {
        let mut members = Vec::new();
        let mut known: HashMap<_, usize> = HashMap::new();
        loop {
            self.skip()?;
            match self.bytes.get(self.at) {
                Some(b'}') => {
                    self.at += 1;
                    return Ok(NodeKind::Object(members));
                }
                Some(b'"') => {}
                _ => return Err(self.unexpected("a name in double quotes, or }")),
            }
            let at = self.position();
            let name: halyard_iml::Text = self.string()?.into();
            let length = self.path.len();
            self.path.push('.');
            self.path.push_str(&name);
            self.skip()?;
            if self.bytes.get(self.at) != Some(&b':') {
                return Err(self.unexpected(": behind the name"));
            }
            self.at += 1;
            self.skip()?;
            let node = self.value()?;
            match known.get(&name) {
                Some(first) => {
                    self.duplicates.push(Duplicate { at, path: self.path.clone() });
                    members[*first] = (name, node);
                }
                None => {
                    known.insert(name.clone(), members.len());
                    members.push((name, node));
                }
            }
            self.path.truncate(length);
            self.comma(b'}')?;
        }
    }

    fn array(&mut self) -> Read<NodeKind> {
        let mut items = Vec::new();
        loop {
            self.skip()?;
            if self.bytes.get(self.at) == Some(&b']') {
                self.at += 1;
                return Ok(NodeKind::Array(items));
            }
            let length = self.path.len();
            self.path.push_str(&format!("[{}]", items.len()));
            items.push(self.value()?);
            self.path.truncate(length);
            self.comma(b']')?;
        }
    }

    // Behind an element: a comma, or the end without passing it.
    fn comma(&mut self, end: u8) -> Read<()> {
        self.skip()?;
        match self.bytes.get(self.at) {
            Some(b',') => {
                self.at += 1;
                Ok(())
            }
            Some(found) if *found == end => Ok(()),
            _ => Err(self.unexpected(&format!("a comma or {}", char::from(end)))),
        }
    }

    fn string(&mut self) -> Read<String> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let from = self.at;
            while !matches!(self.bytes.get(self.at), None | Some(b'"' | b'\\' | 0..=0x1f)) {
                self.at += 1;
            }
            out.push_str(&self.text[from..self.at]);
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => out.push(self.escape()?),
                Some(_) => {
                    return Err(self.failure(
                        "A text has a line break or another control character; write it as \\n.",
                    ));
                }
                None => return Err(self.failure("A text has no end.")),
            }
        }
    }

    fn escape(&mut self) -> Read<char> {
        let escaped = match self.bytes.get(self.at + 1) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return Err(self.failure("A backslash in a text begins no escape of JSON.")),
        };
        self.at += 2;
        Ok(escaped)
    }

    // Half a character, which only other programs can write, is the replacement character.
    fn unicode(&mut self) -> Read<char> {
        let first = self.hex(self.at + 2)?;
        self.at += 6;
        if (0xd800..0xdc00).contains(&first) && self.bytes[self.at..].starts_with(b"\\u") {
            let second = self.hex(self.at + 2)?;
            if (0xdc00..0xe000).contains(&second) {
                self.at += 6;
                let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
        }
        Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex(&self, from: usize) -> Read<u32> {
        let digits = self.bytes.get(from..from + 4).filter(|d| d.iter().all(u8::is_ascii_hexdigit));
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        code.ok_or_else(|| self.failure("\\u needs four hexadecimal digits."))
    }

    fn number(&mut self) -> Read<f64> {
        let from = self.at;
        let digits = |reader: &mut Self| {
            let start = reader.at;
            while reader.bytes.get(reader.at).is_some_and(u8::is_ascii_digit) {
                reader.at += 1;
            }
            reader.at > start
        };
        if self.bytes.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        let leading_zero = self.bytes.get(self.at) == Some(&b'0');
        let whole = self.at;
        let mut valid = digits(self) && !(leading_zero && self.at > whole + 1);
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            valid &= digits(self);
        }
        if matches!(self.bytes.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.bytes.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            valid &= digits(self);
        }
        let number = self.text[from..self.at].parse().ok().filter(|_| valid);
        number.ok_or_else(|| self.failure("This is not a number as JSON writes it."))
    }

    fn word(&mut self, word: &str) -> bool {
        let rest = &self.bytes[self.at..];
        let ends = !rest.get(word.len()).is_some_and(|byte| byte.is_ascii_alphanumeric());
        let found = rest.starts_with(word.as_bytes()) && ends;
        if found {
            self.at += word.len();
        }
        found
    }

    // Blanks and comments.
    fn skip(&mut self) -> Read<()> {
        loop {
            match self.bytes.get(self.at) {
                Some(b'\n') => self.new_line(),
                Some(b' ' | b'\t' | b'\r') => self.at += 1,
                Some(b'/') if self.bytes.get(self.at + 1) == Some(&b'/') => {
                    while !matches!(self.bytes.get(self.at), None | Some(b'\n')) {
                        self.at += 1;
                    }
                }
                Some(b'/') if self.bytes.get(self.at + 1) == Some(&b'*') => self.comment()?,
                _ => return Ok(()),
            }
        }
    }

    fn comment(&mut self) -> Read<()> {
        let at = self.position();
        self.at += 2;
        loop {
            match self.bytes.get(self.at) {
                None => {
                    let message = "A comment has no end.".to_owned();
                    return Err(Failure { message, at, path: self.path.clone() });
                }
                Some(b'*') if self.bytes.get(self.at + 1) == Some(&b'/') => {
                    self.at += 2;
                    return Ok(());
                }
                Some(b'\n') => self.new_line(),
                Some(_) => self.at += 1,
            }
        }
    }

    fn new_line(&mut self) {
        self.at += 1;
        self.line += 1;
        self.counted = self.at;
        self.column = 1;
    }

    fn position(&mut self) -> Position {
        self.column = self.here().column;
        self.counted = self.at;
        self.here()
    }

    fn here(&self) -> Position {
        let more = self.text[self.counted..self.at].chars().count();
        let column = self.column.saturating_add(u32::try_from(more).unwrap_or(u32::MAX));
        Position { line: self.line, column }
    }

    fn failure(&self, message: impl Into<String>) -> Failure {
        Failure { message: message.into(), at: self.here(), path: self.path.clone() }
    }

    fn unexpected(&self, wanted: &str) -> Failure {
        match self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
            Some(found) => self.failure(format!("'{found}' stands where {wanted} is expected.")),
            None => self.failure(format!("The file ends where {wanted} is expected.")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::node::Position, MAX_DEPTH, is_blank, read};

    #[test]
    fn comments_and_commas_are_tolerated() {
        let text = "\u{feff}// first\n{ \"a\": [1, -2.5e3, /* x\n */ true,], \"b\": {\"\\u00e9\": null,},\n}";
        let (node, duplicates) = read(text).expect("read");
        assert_eq!(
            node.to_value().to_json().expect("JSON"),
            r#"{"a":[1,-2500,true],"b":{"é":null}}"#
        );
        assert!(duplicates.is_empty());
        let b = node.get("b").expect("b");
        assert_eq!(b.at, Position { line: 3, column: 18 });
    }

    #[test]
    fn a_mistake_is_told_with_its_place() {
        let cases = [
            ("{a: 1}", 1, 2, "$", "'a' stands where a name in double quotes, or } is expected."),
            ("{\n \"a\": {\"b\": x}}", 2, 13, "$.a.b", "'x' stands where a value is expected."),
            ("[1, 2", 1, 6, "$", "The file ends where a comma or ] is expected."),
            ("[1 2]", 1, 4, "$", "'2' stands where a comma or ] is expected."),
            ("[,]", 1, 2, "$[0]", "',' stands where a value is expected."),
            ("[01]", 1, 4, "$[0]", "This is not a number as JSON writes it."),
            ("\"a\nb\"", 1, 3, "$", "A text has a line break"),
            ("{} {}", 1, 4, "$", "'{' stands where nothing more is expected."),
            ("/* ", 1, 1, "$", "A comment has no end."),
            ("\"\\x\"", 1, 2, "$", "A backslash in a text begins no escape of JSON."),
            ("['a']", 1, 2, "$[0]", "''' stands where a value is expected."),
        ];
        for (text, line, column, path, message) in cases {
            let failure = read(text).expect_err(text);
            assert_eq!(
                (failure.at, failure.path.as_str()),
                (Position { line, column }, path),
                "{text}"
            );
            assert!(failure.message.starts_with(message), "{text}: {}", failure.message);
        }
    }

    #[test]
    fn names_that_occur_twice_are_found() {
        let (node, duplicates) = read(r#"{"x": {"a": 1, "b": 2, "a": 3}}"#).expect("read");
        assert_eq!(node.to_value().to_json().expect("JSON"), r#"{"x":{"a":3,"b":2}}"#);
        assert_eq!(duplicates.len(), 1);
        assert_eq!(duplicates[0].path, "$.x.a");
        assert_eq!(duplicates[0].at, Position { line: 1, column: 24 });
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(&nested(MAX_DEPTH)).is_ok());
        assert!(read(&nested(MAX_DEPTH + 1)).is_err());
        assert!(read(&"[".repeat(1_000_000)).is_err());
    }

    #[test]
    fn a_file_can_say_nothing() {
        assert!(is_blank("") && is_blank(" \n// later\n"));
        assert!(!is_blank("{}") && !is_blank("{"));
    }
}
