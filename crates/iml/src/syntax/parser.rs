//! A tree from the source of one expression. Precedence climbing over the bytes of the source.

use super::{
    Diagnostic, MAX_DEPTH, Severity,
    ast::{Argument, Binary, Invalid, Kind, Node, Step, Unary},
    chars::{blanks, end_of_quoted, name_length, unescape},
};
use crate::{decisions, error::Span};

/// The tree of an expression, with what is to be said about it. What cannot be read becomes an
/// invalid node.
#[must_use]
pub fn parse_expression(source: &str) -> (Node<'_>, Vec<Diagnostic>) {
    parse_at(source, 0, source.len())
}

/// The same for a part of the source.
pub(super) fn parse_at(source: &str, start: usize, end: usize) -> (Node<'_>, Vec<Diagnostic>) {
    let source = &source[..end];
    let mut parser =
        Parser { source, bytes: source.as_bytes(), at: start, depth: 0, diagnostics: Vec::new() };
    match parser.whole() {
        Ok(node) => (node, parser.diagnostics),
        Err(failure) => {
            let mut diagnostics = parser.diagnostics;
            diagnostics.push(Diagnostic {
                severity: Severity::Error,
                span: failure.at,
                message: failure.message.clone(),
            });
            let inside = source[start..].trim_matches([' ', '\t', '\n', '\r', '\u{a0}']);
            let kind =
                Kind::Invalid(Invalid { source: inside, message: failure.message, at: failure.at });
            (Node { kind, span: Span::new(start, end) }, diagnostics)
        }
    }
}

struct Failure {
    at: Span,
    message: String,
    // Whether reading the argument as plain text cannot help.
    fatal: bool,
}

type Parsed<T> = Result<T, Failure>;

struct Parser<'s> {
    source: &'s str,
    bytes: &'s [u8],
    at: usize,
    depth: usize,
    diagnostics: Vec<Diagnostic>,
}

impl<'s> Parser<'s> {
    fn whole(&mut self) -> Parsed<Node<'s>> {
        self.skip();
        if self.at == self.bytes.len() {
            return Err(self.failure("The expression is empty.", true));
        }
        let node = self.chain(0)?;
        self.skip();
        if self.at < self.bytes.len() { Err(self.unexpected()) } else { Ok(node) }
    }

    fn skip(&mut self) {
        if self.bytes.get(self.at).is_some_and(|byte| *byte <= b' ' || *byte == 0xc2) {
            self.at += blanks(&self.bytes[self.at..]);
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn failure(&self, message: impl Into<String>, fatal: bool) -> Failure {
        let length = self.source[self.at..].chars().next().map_or(0, char::len_utf8);
        Failure { at: Span::new(self.at, self.at + length), message: message.into(), fatal }
    }

    fn unexpected(&self) -> Failure {
        match self.source[self.at..].chars().next() {
            Some(c) => self.failure(format!("'{c}' is not expected here."), false),
            None => self.failure("The expression ends too early.", false),
        }
    }

    // Operands joined by operators of at least this rank.
    fn chain(&mut self, least: u8) -> Parsed<Node<'s>> {
        let mut left = self.unary()?;
        loop {
            self.skip();
            let Some((operator, length)) = self.operator() else { return Ok(left) };
            let rank = operator.rank();
            if rank < least {
                return Ok(left);
            }
            self.at += length;
            let mut rest = vec![(operator, self.chain(rank + 1)?)];
            loop {
                self.skip();
                match self.operator() {
                    Some((operator, length)) if operator.rank() == rank => {
                        self.at += length;
                        rest.push((operator, self.chain(rank + 1)?));
                    }
                    _ => break,
                }
            }
            let span = rest.last().map_or(left.span, |(_, node)| left.span.to(node.span));
            left = Node { kind: Kind::Chain(Box::new(left), rest), span };
        }
    }

    fn operator(&self) -> Option<(Binary, usize)> {
        use Binary as B;
        let rest = &self.bytes[self.at..];
        let next = |at: usize| rest.get(at).copied();
        Some(match *rest.first()? {
            b'+' => (B::Plus, 1),
            b'-' => (B::Minus, 1),
            b'*' => (B::Times, 1),
            b'/' => (B::Divide, 1),
            b'%' => (B::Remainder, 1),
            b'=' if next(1) == Some(b'=') && next(2) == Some(b'=') => (B::Equal, 3),
            b'=' if next(1) == Some(b'=') => (B::Equal, 2),
            b'=' => (B::Equal, 1),
            b'!' if next(1) == Some(b'=') && next(2) == Some(b'=') => (B::NotEqual, 3),
            b'!' if next(1) == Some(b'=') => (B::NotEqual, 2),
            b'<' if next(1) == Some(b'=') => (B::LessOrEqual, 2),
            b'<' => (B::Less, 1),
            b'>' if next(1) == Some(b'=') => (B::GreaterOrEqual, 2),
            b'>' => (B::Greater, 1),
            b'&' if next(1) == Some(b'&') => (B::And, 2),
            b'&' => (B::And, 1),
            b'|' if next(1) == Some(b'|') => (B::Or, 2),
            b'|' => (B::Or, 1),
            b'a' if rest.starts_with(b"and") && self.name() == "and" => (B::And, 3),
            b'o' if rest.starts_with(b"or") && self.name() == "or" => (B::Or, 2),
            _ => return None,
        })
    }

    fn name(&self) -> &'s str {
        let rest = &self.source[self.at..];
        &rest[..name_length(rest)]
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == MAX_DEPTH {
            return Err(self.failure("The expression is nested too deeply.", true));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn unary(&mut self) -> Parsed<Node<'s>> {
        self.skip();
        let operator = match self.peek() {
            Some(b'!') => Unary::Not,
            Some(b'-') => Unary::Minus,
            _ => return self.postfix(),
        };
        let start = self.at;
        self.at += 1;
        let operand = self.deeper(Self::unary)?;
        let span = Span::new(start, operand.span.end);
        Ok(Node { kind: Kind::Unary(operator, Box::new(operand)), span })
    }

    fn postfix(&mut self) -> Parsed<Node<'s>> {
        let base = self.primary()?;
        let mut steps = Vec::new();
        let mut end = self.at;
        loop {
            self.skip();
            match self.peek() {
                Some(b'.') => {
                    self.at += 1;
                    self.skip();
                    steps.push(Step::Name(self.segment()?));
                }
                Some(b'[') => {
                    self.at += 1;
                    self.skip();
                    if self.peek() == Some(b']') {
                        self.at += 1;
                        steps.push(Step::First);
                    } else {
                        let index = self.deeper(|parser| parser.chain(0))?;
                        self.close(b']')?;
                        steps.push(Step::Index(index));
                    }
                }
                _ => break,
            }
            end = self.at;
        }
        if steps.is_empty() {
            return Ok(base);
        }
        let span = Span::new(base.span.start, end);
        Ok(Node { kind: Kind::Path(Box::new(base), steps), span })
    }

    fn segment(&mut self) -> Parsed<&'s str> {
        match self.peek() {
            Some(b'`') => self.back_quoted(),
            Some(b'0'..=b'9') => Ok(self.digits()),
            _ => {
                let name = self.name();
                if name.is_empty() {
                    return Err(self.unexpected());
                }
                self.at += name.len();
                Ok(name)
            }
        }
    }

    fn digits(&mut self) -> &'s str {
        let rest = &self.source[self.at..];
        let count = rest.bytes().take_while(u8::is_ascii_digit).count();
        self.at += count;
        &rest[..count]
    }

    fn back_quoted(&mut self) -> Parsed<&'s str> {
        match end_of_quoted(self.bytes, self.at) {
            Some(end) => {
                let name = &self.source[self.at + 1..end - 1];
                self.at = end;
                Ok(name)
            }
            None => Err(self.failure("The closing back tick is missing.", true)),
        }
    }

    fn close(&mut self, bracket: u8) -> Parsed<()> {
        self.skip();
        if self.peek() == Some(bracket) {
            self.at += 1;
            return Ok(());
        }
        if self.at == self.bytes.len() {
            return Err(self.failure(format!("'{}' is missing.", char::from(bracket)), true));
        }
        Err(self.unexpected())
    }

    fn primary(&mut self) -> Parsed<Node<'s>> {
        let start = self.at;
        let kind = match self.peek() {
            Some(quote @ (b'"' | b'\'')) => {
                let Some(end) = end_of_quoted(self.bytes, start) else {
                    return Err(self.failure("The closing quote is missing.", true));
                };
                self.at = end;
                Kind::Text(unescape(&self.source[start + 1..end - 1], char::from(quote)))
            }
            Some(b'0'..=b'9') => self.number()?,
            Some(b'`') => Kind::Quoted(self.back_quoted()?),
            Some(b'(') => {
                self.at += 1;
                let inside = self.deeper(|parser| parser.chain(0))?;
                self.close(b')')?;
                return Ok(inside);
            }
            Some(b'[') if decisions::LITERALS_OF_LISTS_ARE_ACCEPTED => {
                self.at += 1;
                self.deeper(Self::array)?
            }
            Some(b'{') if decisions::LITERALS_OF_LISTS_ARE_ACCEPTED => {
                self.at += 1;
                self.deeper(Self::object)?
            }
            _ => {
                let name = self.name();
                if name.is_empty() {
                    return Err(self.unexpected());
                }
                self.at += name.len();
                let behind = self.at;
                self.skip();
                if self.peek() == Some(b'(') {
                    self.at += 1;
                    Kind::Call(name, self.deeper(|parser| parser.arguments(name))?)
                } else {
                    self.at = behind;
                    Kind::Name(name)
                }
            }
        };
        Ok(Node { kind, span: Span::new(start, self.at) })
    }

    // Digits before a dot that no digit follows, or before a bracket, are the number of a module.
    fn number(&mut self) -> Parsed<Kind<'s>> {
        let start = self.at;
        let whole = self.digits();
        match self.peek() {
            Some(b'.') if self.bytes.get(self.at + 1).is_some_and(u8::is_ascii_digit) => {
                self.at += 1;
                self.digits();
            }
            Some(b'.' | b'[') => return Ok(Kind::Module(whole)),
            _ => {}
        }
        match self.source[start..self.at].parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Kind::Number(number)),
            _ => {
                self.at = start;
                Err(self.failure("The number is too large.", false))
            }
        }
    }

    fn array(&mut self) -> Parsed<Kind<'s>> {
        let mut items = Vec::new();
        self.skip();
        if self.peek() != Some(b']') {
            loop {
                items.push(self.chain(0)?);
                self.skip();
                if !matches!(self.peek(), Some(b',' | b';')) {
                    break;
                }
                self.at += 1;
            }
        }
        self.close(b']')?;
        Ok(Kind::Array(items))
    }

    fn object(&mut self) -> Parsed<Kind<'s>> {
        let mut entries = Vec::new();
        self.skip();
        if self.peek() != Some(b'}') {
            loop {
                self.skip();
                let key = match self.peek() {
                    Some(b'"' | b'\'') => match self.primary()?.kind {
                        Kind::Text(text) => text,
                        _ => return Err(self.unexpected()),
                    },
                    _ => self.segment()?.into(),
                };
                self.skip();
                if self.peek() != Some(b':') {
                    return Err(self.unexpected());
                }
                self.at += 1;
                entries.push((key, self.chain(0)?));
                self.skip();
                if !matches!(self.peek(), Some(b',' | b';')) {
                    break;
                }
                self.at += 1;
            }
        }
        self.close(b'}')?;
        Ok(Kind::Object(entries))
    }

    fn arguments(&mut self, function: &str) -> Parsed<Vec<Argument<'s>>> {
        let mut arguments = Vec::new();
        self.skip();
        if self.peek() == Some(b')') {
            self.at += 1;
            return Ok(arguments);
        }
        loop {
            let argument = self.argument(function, arguments.len())?;
            arguments.push(argument);
            match self.peek() {
                Some(b',' | b';') => self.at += 1,
                _ => break,
            }
        }
        self.close(b')')?;
        Ok(arguments)
    }

    fn argument(&mut self, function: &str, index: usize) -> Parsed<Argument<'s>> {
        self.skip();
        let start = self.at;
        if matches!(self.peek(), Some(b',' | b';' | b')')) {
            return Ok(Argument::Missing(Span::new(start, start)));
        }
        let said = self.diagnostics.len();
        match self.chain(0) {
            Ok(node) => {
                self.skip();
                if matches!(self.peek(), Some(b',' | b';' | b')')) {
                    let text = self.source[start..self.at].trim_end();
                    if takes_format(function, index)
                        && !matches!(node.kind, Kind::Name(_))
                        && is_format(text)
                    {
                        return Ok(Argument::Raw(text, Span::new(start, start + text.len())));
                    }
                    return Ok(Argument::Node(node));
                }
            }
            Err(failure) if failure.fatal => return Err(failure),
            Err(_) => {}
        }
        self.diagnostics.truncate(said);
        self.at = start;
        self.raw(function, index)
    }

    // Text without quotes, up to the next separator or closing parenthesis.
    fn raw(&mut self, function: &str, index: usize) -> Parsed<Argument<'s>> {
        let start = self.at;
        let mut open = Vec::new();
        loop {
            let Some(byte) = self.peek() else {
                return Err(self.failure("')' is missing.", true));
            };
            match byte {
                b'"' | b'\'' | b'`' => match end_of_quoted(self.bytes, self.at) {
                    Some(end) => {
                        self.at = end;
                        continue;
                    }
                    None => return Err(self.failure("The closing quote is missing.", true)),
                },
                b'(' => open.push(b')'),
                b'[' => open.push(b']'),
                b'{' => open.push(b'}'),
                b',' | b';' | b')' if open.is_empty() => break,
                b')' | b']' | b'}' if open.pop() != Some(byte) => {
                    let mut failure = self.unexpected();
                    failure.fatal = true;
                    return Err(failure);
                }
                _ => {}
            }
            self.at += 1;
        }
        let text = self.source[start..self.at].trim_end_matches([' ', '\t', '\n', '\r', '\u{a0}']);
        let span = Span::new(start, start + text.len());
        if !takes_format(function, index) {
            self.diagnostics.push(Diagnostic {
                severity: Severity::Warning,
                span,
                message: "This is not an expression and is taken as text; put it in quotes."
                    .to_owned(),
            });
        }
        Ok(Argument::Raw(text, span))
    }
}

/// Whether this argument of this function is a date format, which may be written without quotes.
pub(super) fn takes_format(function: &str, index: usize) -> bool {
    index == 1 && matches!(function, "formatDate" | "parseDate")
}

/// Whether a text consists of the letters of date formats and of what stands between them, so that
/// nobody can have meant to subtract names in it.
pub(super) fn is_format(text: &str) -> bool {
    let token = |word: &str| {
        word.bytes().all(|byte| b"YMDHhmsSAaZXxQWwEdGgkT".contains(&byte)) || word == "Do"
    };
    let between = |c: char| c.is_ascii_whitespace() || matches!(c, '-' | '/' | '.' | '+');
    let mut words = text.split(between).filter(|word| !word.is_empty()).peekable();
    words.peek().is_some() && words.all(token)
}
