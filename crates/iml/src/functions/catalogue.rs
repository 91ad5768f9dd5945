//! What is known about a function.

use super::Arguments;
use crate::{error::Result, value::Value};

/// Which part of the language a function belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Choice, access to values.
    General,
    /// Text and binary data.
    Text,
    /// Numbers.
    Math,
    /// Points in time.
    Date,
    /// Arrays and collections.
    Array,
    /// JSON and tokens.
    Data,
}

impl Group {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::General => "general",
            Self::Text => "text",
            Self::Math => "math",
            Self::Date => "date",
            Self::Array => "array",
            Self::Data => "data",
        }
    }
}

/// What an argument is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgumentKind {
    /// Anything.
    Any,
    /// Text.
    Text,
    /// A number.
    Number,
    /// A date.
    Date,
    /// An array.
    Array,
    /// A collection.
    Collection,
    /// Text or bytes.
    Buffer,
}

impl ArgumentKind {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Text => "text",
            Self::Number => "number",
            Self::Date => "date",
            Self::Array => "array",
            Self::Collection => "collection",
            Self::Buffer => "buffer",
        }
    }
}

/// An argument of a function.
#[derive(Clone, Copy, Debug)]
pub struct Argument {
    /// What it is called.
    pub name: &'static str,
    /// What it is read as.
    pub kind: ArgumentKind,
    /// Whether it may be left out.
    pub optional: bool,
    /// Whether more of the same may follow.
    pub repeated: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Run {
    Plain(fn(&Arguments<'_, '_>) -> Result<Value>),
    If,
    IfEmpty,
    Switch,
}

/// A function, with what people and programs want to know about it.
#[derive(Debug)]
pub struct Function {
    /// Its name; case counts.
    pub name: &'static str,
    /// Where it belongs.
    pub group: Group,
    /// What it takes.
    pub arguments: &'static [Argument],
    /// What it does, in one line.
    pub help: &'static str,
    /// Whether it is one of the original's own; the others come from other editions of it.
    pub core: bool,
    pub(crate) run: Run,
}

impl Function {
    /// How many arguments must be given.
    #[must_use]
    pub fn least_arguments(&self) -> usize {
        self.arguments.iter().filter(|argument| !argument.optional).count()
    }

    /// The name of an argument, counted from 0.
    #[must_use]
    pub fn argument_name(&self, at: usize) -> Option<&'static str> {
        let last = self.arguments.last().filter(|argument| argument.repeated);
        self.arguments.get(at).or(last).map(|argument| argument.name)
    }

    /// How it is called, such as `get(value; path)`; what may be left out is in brackets.
    #[must_use]
    pub fn signature(&self) -> String {
        let arguments: Vec<_> = self
            .arguments
            .iter()
            .map(|argument| {
                let more = if argument.repeated { "…" } else { "" };
                if argument.optional {
                    format!("[{}{more}]", argument.name)
                } else {
                    format!("{}{more}", argument.name)
                }
            })
            .collect();
        format!("{}({})", self.name, arguments.join("; "))
    }
}

pub(super) const fn one(name: &'static str, kind: ArgumentKind) -> Argument {
    Argument { name, kind, optional: false, repeated: false }
}

pub(super) const fn maybe(name: &'static str, kind: ArgumentKind) -> Argument {
    Argument { name, kind, optional: true, repeated: false }
}

pub(super) const fn more(name: &'static str, kind: ArgumentKind) -> Argument {
    Argument { name, kind, optional: true, repeated: true }
}

pub(super) const fn function(
    name: &'static str,
    group: Group,
    arguments: &'static [Argument],
    run: fn(&Arguments<'_, '_>) -> Result<Value>,
    help: &'static str,
) -> Function {
    Function { name, group, arguments, help, core: true, run: Run::Plain(run) }
}

pub(super) const fn special(
    name: &'static str,
    arguments: &'static [Argument],
    run: Run,
    help: &'static str,
) -> Function {
    Function { name, group: Group::General, arguments, help, core: true, run }
}

pub(super) const fn added(mut function: Function) -> Function {
    function.core = false;
    function
}
