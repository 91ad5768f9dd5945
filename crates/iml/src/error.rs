//! What can go wrong, told in words that the author of a scenario understands.

use std::fmt;

/// A range of bytes in the source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last one.
    pub end: usize,
}

impl Span {
    /// From `start` up to, not including, `end`.
    #[must_use]
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    pub(crate) fn to(self, other: Self) -> Self {
        Self { start: self.start, end: other.end.max(self.end) }
    }
}

/// What an evaluation must not exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// How deep expressions or values are nested.
    Depth,
    /// How much work one evaluation does.
    Steps,
    /// How many bytes one evaluation produces.
    Output,
    /// How far a date lies from 1970.
    DateRange,
}

/// The kind of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The source is not an expression.
    Syntax,
    /// There is no function of this name.
    UnknownFunction,
    /// An argument of a function cannot be used.
    Argument,
    /// A value cannot be converted to the type of a field.
    Conversion,
    /// A bound of the evaluation was reached.
    Limit(Bound),
    /// A function of the host failed.
    Host,
}

impl ErrorKind {
    /// Its name for programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::UnknownFunction => "unknown_function",
            Self::Argument => "argument",
            Self::Conversion => "conversion",
            Self::Limit(Bound::Depth) => "limit_depth",
            Self::Limit(Bound::Steps) => "limit_steps",
            Self::Limit(Bound::Output) => "limit_output",
            Self::Limit(Bound::DateRange) => "limit_date_range",
            Self::Host => "host",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Details {
    kind: ErrorKind,
    cause: String,
    function: Option<String>,
    argument: Option<usize>,
    argument_name: Option<&'static str>,
    span: Option<Span>,
}

/// A failed evaluation or conversion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(Box<Details>);

/// The result of an evaluation or conversion.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A failure with a sentence about its cause.
    pub fn new(kind: ErrorKind, cause: impl Into<String>) -> Self {
        let cause = cause.into();
        Self(Box::new(Details {
            kind,
            cause,
            function: None,
            argument: None,
            argument_name: None,
            span: None,
        }))
    }

    /// A failure of a function of the host.
    pub fn host(cause: impl Into<String>) -> Self {
        Self::new(ErrorKind::Host, cause)
    }

    pub(crate) fn limit(bound: Bound) -> Self {
        let cause = match bound {
            Bound::Depth => "The expression is nested too deeply.",
            Bound::Steps => "The expression takes too many steps.",
            Bound::Output => "The expression produces too much data.",
            Bound::DateRange => "The date lies outside the years that dates can have.",
        };
        Self::new(ErrorKind::Limit(bound), cause)
    }

    /// Says that argument number `at`, counted from 1, is the cause.
    #[must_use]
    pub fn at_argument(mut self, at: usize) -> Self {
        self.0.argument.get_or_insert(at);
        self
    }

    /// Says what the argument is called, when the cause is one.
    #[must_use]
    pub(crate) fn naming(mut self, name: Option<&'static str>) -> Self {
        self.0.argument_name = self.0.argument_name.or(name);
        self
    }

    /// Says which function it happened in, unless that is known.
    #[must_use]
    pub fn in_function(mut self, name: &str) -> Self {
        self.0.function.get_or_insert_with(|| name.to_owned());
        self
    }

    /// Says where in the source it happened, unless that is known.
    #[must_use]
    pub fn at(mut self, span: Span) -> Self {
        self.0.span.get_or_insert(span);
        self
    }

    /// The kind of the failure.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What happened, without the name of the function.
    #[must_use]
    pub fn cause(&self) -> &str {
        &self.0.cause
    }

    /// The function that failed.
    #[must_use]
    pub fn function(&self) -> Option<&str> {
        self.0.function.as_deref()
    }

    /// The number of the argument that is the cause, counted from 1.
    #[must_use]
    pub fn argument(&self) -> Option<usize> {
        self.0.argument
    }

    /// Where it happened, in bytes of the source.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        self.0.span
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.0.function, self.0.kind) {
            (Some(function), kind) if kind != ErrorKind::UnknownFunction => {
                write!(out, "Function '{function}' finished with error! ")?;
                match (self.0.argument, self.0.argument_name) {
                    (Some(at), Some(name)) => write!(out, "Argument {at} ({name}): ")?,
                    (Some(at), None) => write!(out, "Argument {at}: ")?,
                    (None, _) => {}
                }
                out.write_str(&self.0.cause)
            }
            _ => out.write_str(&self.0.cause),
        }
    }
}

impl std::error::Error for Error {}

/// A text for a message: shortened, in quotes.
pub(crate) fn quoted(text: &str) -> String {
    const SHOWN: usize = 60;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("\"{}…\"", &text[..end]),
        None => format!("\"{text}\""),
    }
}
