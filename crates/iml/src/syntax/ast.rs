//! The tree of an expression. It borrows from the source.

use std::borrow::Cow;

use crate::{decisions, error::Span};

/// A part of an expression. Nodes are equal when they say the same, wherever they stand.
#[derive(Clone, Debug)]
pub struct Node<'s> {
    /// What it says.
    pub kind: Kind<'s>,
    /// Where it stands.
    pub span: Span,
}

impl PartialEq for Node<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

/// What a node says.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind<'s> {
    /// A text in quotes.
    Text(Cow<'s, str>),
    /// A number.
    Number(f64),
    /// A name without back ticks: a keyword, a variable or a root.
    Name(&'s str),
    /// A name in back ticks: always a root.
    Quoted(&'s str),
    /// The number of a module, with a path behind it.
    Module(&'s str),
    /// Steps into a value.
    Path(Box<Node<'s>>, Vec<Step<'s>>),
    /// A call of a function.
    Call(&'s str, Vec<Argument<'s>>),
    /// An operator in front of its operand.
    Unary(Unary, Box<Node<'s>>),
    /// Operators of one rank between operands, applied from left to right.
    Chain(Box<Node<'s>>, Vec<(Binary, Node<'s>)>),
    /// A list of expressions.
    Array(Vec<Node<'s>>),
    /// Names with expressions.
    Object(Vec<(Cow<'s, str>, Node<'s>)>),
    /// Source that is no expression, with what is wrong.
    Invalid(Invalid<'s>),
}

/// Source that is no expression.
#[derive(Clone, Debug)]
pub struct Invalid<'s> {
    /// The source.
    pub source: &'s str,
    /// What is wrong with it.
    pub message: String,
    /// Where exactly.
    pub at: Span,
}

impl PartialEq for Invalid<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

/// An argument of a call.
#[derive(Clone, Debug)]
pub enum Argument<'s> {
    /// An expression.
    Node(Node<'s>),
    /// Text that is written without quotes and is no expression.
    Raw(&'s str, Span),
    /// Nothing, between two separators.
    Missing(Span),
}

impl PartialEq for Argument<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Node(a), Self::Node(b)) => a == b,
            (Self::Raw(a, _), Self::Raw(b, _)) => a == b,
            (Self::Missing(_), Self::Missing(_)) => true,
            _ => false,
        }
    }
}

impl Argument<'_> {
    /// Where it stands.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Self::Node(node) => node.span,
            Self::Raw(_, span) | Self::Missing(span) => *span,
        }
    }
}

/// A step into a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Step<'s> {
    /// `.name`
    Name(&'s str),
    /// `[]`
    First,
    /// `[expression]`
    Index(Node<'s>),
}

/// An operator in front of its operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unary {
    /// `!`
    Not,
    /// `-`
    Minus,
}

/// An operator between two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    /// `||`, `|`, `or`
    Or,
    /// `&&`, `&`, `and`
    And,
    /// `=`, `==`, `===`
    Equal,
    /// `!=`, `!==`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `+`
    Plus,
    /// `-`
    Minus,
    /// `*`
    Times,
    /// `/`
    Divide,
    /// `%`
    Remainder,
}

impl Binary {
    /// How tightly it binds: operators of a higher rank come first. All associate to the left.
    #[must_use]
    pub fn rank(self) -> u8 {
        if !decisions::PRECEDENCE_IS_THAT_OF_JAVASCRIPT {
            return 1;
        }
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::Equal | Self::NotEqual => 3,
            Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual => 4,
            Self::Plus | Self::Minus => 5,
            Self::Times | Self::Divide | Self::Remainder => 6,
        }
    }
}

impl Node<'_> {
    /// The rank of the operator on top; that of anything without an operator is above all.
    #[must_use]
    pub fn rank(&self) -> u8 {
        match &self.kind {
            Kind::Chain(_, rest) => rest.first().map_or(9, |(operator, _)| operator.rank()),
            Kind::Unary(..) => 7,
            _ => 9,
        }
    }
}
