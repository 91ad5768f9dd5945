//! Expressions and templates, ready to be evaluated any number of times.

use crate::{
    compile::{CompiledPart, Compiler, Context, Op},
    environment::{Environment, Roots},
    error::Result,
    machine::Machine,
    syntax::{Diagnostic, Kind, parse_expression, parse_template},
    value::Value,
};

/// A keyword that means something when it is the complete value of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKeyword {
    /// The field counts as not filled in.
    Ignore,
    /// The field is to be emptied on the remote side.
    Erase,
}

/// A compiled expression or template.
#[derive(Debug)]
pub struct Program {
    parts: Vec<CompiledPart>,
    keyword: Option<FieldKeyword>,
}

impl Program {
    /// Compiles an expression. It evaluates to an error where it cannot be read.
    #[must_use]
    pub fn expression(source: &str, context: Context<'_>) -> (Self, Vec<Diagnostic>) {
        let (node, mut diagnostics) = parse_expression(source);
        let mut compiler = Compiler { context, diagnostics: Vec::new() };
        let parts = vec![CompiledPart::Expression(compiler.node(&node))];
        diagnostics.append(&mut compiler.diagnostics);
        (Self { parts, keyword: keyword(&node.kind) }, diagnostics)
    }

    /// Compiles a text with expressions between double braces.
    #[must_use]
    pub fn template(source: &str, context: Context<'_>) -> (Self, Vec<Diagnostic>) {
        let (template, mut diagnostics) = parse_template(source);
        let mut compiler = Compiler { context, diagnostics: Vec::new() };
        let parts = compiler.template(&template);
        diagnostics.append(&mut compiler.diagnostics);
        let keyword = template.whole().and_then(|node| keyword(&node.kind));
        diagnostics.sort_by_key(|diagnostic| diagnostic.span.start);
        (Self { parts, keyword }, diagnostics)
    }

    /// Compiles a value of which only texts are templates.
    pub(crate) fn of_value(value: &Value, context: Context<'_>) -> (Self, Vec<Diagnostic>) {
        match value {
            Value::Text(source) => Self::template(source, context),
            other => {
                let parts = vec![CompiledPart::Expression(Op::Constant(other.clone()))];
                (Self { parts, keyword: None }, Vec::new())
            }
        }
    }

    /// The keyword that is all there is.
    #[must_use]
    pub fn keyword(&self) -> Option<FieldKeyword> {
        self.keyword
    }

    /// Whether there is nothing to evaluate.
    #[must_use]
    pub fn is_static(&self) -> bool {
        !self.parts.iter().any(CompiledPart::is_expression)
    }

    /// The value: of its own type for one expression alone, otherwise text.
    ///
    /// # Errors
    ///
    /// When the source cannot be read, a function fails or a limit is reached.
    pub fn evaluate(&self, roots: &dyn Roots, environment: &Environment<'_>) -> Result<Value> {
        self.evaluate_on(&Machine::new(environment, roots))
    }

    pub(crate) fn evaluate_on(&self, machine: &Machine<'_>) -> Result<Value> {
        match self.parts.as_slice() {
            [CompiledPart::Expression(op)] => machine.value(op),
            [CompiledPart::Text(text)] => Ok(Value::Text(text.clone())),
            // The empty text has no part.
            parts => machine.join(parts),
        }
    }
}

fn keyword(kind: &Kind<'_>) -> Option<FieldKeyword> {
    match kind {
        Kind::Name("ignore") => Some(FieldKeyword::Ignore),
        Kind::Name("erase") => Some(FieldKeyword::Erase),
        _ => None,
    }
}
