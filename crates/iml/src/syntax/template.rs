//! Text with expressions between double braces.

use super::{Diagnostic, Severity, ast::Node, chars::end_of_quoted, parser::parse_at};
use crate::error::Span;

/// A text with expressions in it. Templates are equal when they say the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Template<'s> {
    /// Texts and expressions in their order.
    pub parts: Vec<Part<'s>>,
}

/// A part of a template.
#[derive(Clone, Debug)]
pub enum Part<'s> {
    /// Text that stands for itself.
    Text(&'s str, Span),
    /// An expression; the span includes its braces.
    Expression(Node<'s>, Span),
}

impl PartialEq for Part<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(a, _), Self::Text(b, _)) => a == b,
            (Self::Expression(a, _), Self::Expression(b, _)) => a == b,
            _ => false,
        }
    }
}

impl<'s> Template<'s> {
    /// The only expression, when there is nothing else: its value keeps its type.
    #[must_use]
    pub fn whole(&self) -> Option<&Node<'s>> {
        match self.parts.as_slice() {
            [Part::Expression(node, _)] => Some(node),
            _ => None,
        }
    }
}

// Every opening that has no end costs a look at all the rest. Nobody writes more than a few.
const MOST_UNCLOSED: usize = 64;

/// The parts of a text, with what is to be said about them. Braces that are not closed are text.
#[must_use]
pub fn parse_template(source: &str) -> (Template<'_>, Vec<Diagnostic>) {
    let mut parts = Vec::new();
    let mut diagnostics = Vec::new();
    let (mut from, mut look_at, mut unclosed) = (0, 0, 0);
    while unclosed < MOST_UNCLOSED {
        let Some(start) = find_opening(source.as_bytes(), look_at) else { break };
        let Some(end) = end_of_expression(source.as_bytes(), start + 2) else {
            unclosed += 1;
            look_at = start + 1;
            diagnostics.push(Diagnostic {
                severity: Severity::Warning,
                span: Span::new(start, start + 2),
                message: "These braces are not closed, so that they are text.".to_owned(),
            });
            continue;
        };
        if from < start {
            parts.push(Part::Text(&source[from..start], Span::new(from, start)));
        }
        let (node, said) = parse_at(source, start + 2, end);
        diagnostics.extend(said);
        from = end + 2;
        look_at = from;
        parts.push(Part::Expression(node, Span::new(start, from)));
    }
    if from < source.len() {
        parts.push(Part::Text(&source[from..], Span::new(from, source.len())));
    }
    (Template { parts }, diagnostics)
}

fn find_opening(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += bytes.get(at..)?.iter().position(|byte| *byte == b'{')?;
        if bytes.get(at + 1) == Some(&b'{') {
            return Some(at);
        }
        at += 1;
    }
}

// Braces and quotes inside the expression hide its end.
fn end_of_expression(bytes: &[u8], from: usize) -> Option<usize> {
    let (mut at, mut open) = (from, 0_usize);
    loop {
        match bytes.get(at)? {
            b'"' | b'\'' | b'`' => {
                at = end_of_quoted(bytes, at)?;
                continue;
            }
            b'{' => open += 1,
            b'}' if open > 0 => open -= 1,
            b'}' if bytes.get(at + 1) == Some(&b'}') => return Some(at),
            _ => {}
        }
        at += 1;
    }
}
