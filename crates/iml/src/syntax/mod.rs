//! From source text to a tree and back.

pub mod ast;
mod chars;
mod parser;
mod printer;
mod template;

pub use ast::{Argument, Binary, Kind, Node, Step, Unary};
pub use parser::parse_expression;
pub use printer::{Style, print_expression, print_template};
pub use template::{Part, Template, parse_template};

use crate::error::Span;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Evaluation fails there.
    Error,
    /// Evaluation works, perhaps not as meant.
    Warning,
}

/// Something to say about a part of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Which bytes of the source it is about.
    pub span: Span,
    /// What it is, as a sentence.
    pub message: String,
}

/// Nodes may be nested this deep in an expression.
pub const MAX_DEPTH: usize = 100;
