//! From the tree to a form that is evaluated without looking at names again.

use std::sync::Arc;

use crate::{
    collection::Key,
    decisions,
    error::{Error, ErrorKind, Span},
    functions::{self, Function, Prepared, Run},
    syntax::{
        Argument, Binary, Diagnostic, Kind, Node, Part, Severity, Step as SourceStep, Template,
        Unary,
    },
    value::{Text, Value},
};

/// Names that are roots even when they have no value, so that they are not taken as text.
pub const KNOWN_ROOTS: &[&str] = &[
    "body",
    "common",
    "connection",
    "data",
    "environment",
    "headers",
    "item",
    "iterate",
    "metadata",
    "method",
    "oauth",
    "output",
    "pagination",
    "parameters",
    "payload",
    "query",
    "response",
    "scenario",
    "statusCode",
    "temp",
    "var",
    "webhook",
];

#[derive(Debug)]
pub(crate) enum Op {
    Constant(Value),
    Root(Key),
    // A lone name as an argument: a root if there is one of this name, otherwise text.
    Bare(Key, Value),
    Environment,
    Variable(Variable),
    Path(Box<Op>, Box<[Step]>),
    Call(Box<Call>),
    Not(Box<Op>),
    Negate(Box<Op>),
    Chain(Box<Op>, Box<[(Binary, Op)]>),
    Array(Box<[Op]>),
    Object(Box<[(Key, Op)]>),
    Fail(Error),
}

#[derive(Debug)]
pub(crate) enum Step {
    Name(Key),
    First,
    Index(Op),
}

#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) name: Text,
    pub(crate) target: Target,
    pub(crate) arguments: Box<[Op]>,
    pub(crate) spans: Box<[Span]>,
    pub(crate) span: Span,
    pub(crate) prepared: Prepared,
}

#[derive(Debug)]
pub(crate) enum Target {
    BuiltIn(&'static Function),
    Host,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variable {
    Now,
    Timestamp,
    Random,
    Uuid,
    ExecutionId,
    ScenarioId,
    ScenarioName,
    TriggerTimestamp,
    Operations,
}

/// What the host knows when sources are compiled.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Names that are roots even when they have no value.
    pub known_roots: &'a [&'a str],
    /// Whether the host has a function of this name.
    pub host_function: &'a dyn Fn(&str) -> bool,
}

impl Default for Context<'_> {
    fn default() -> Self {
        Self { known_roots: KNOWN_ROOTS, host_function: &|_| false }
    }
}

impl std::fmt::Debug for Context<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Context").field("known_roots", &self.known_roots).finish_non_exhaustive()
    }
}

pub(crate) struct Compiler<'a> {
    pub(crate) context: Context<'a>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl Compiler<'_> {
    pub(crate) fn template(&mut self, template: &Template<'_>) -> Vec<CompiledPart> {
        template
            .parts
            .iter()
            .map(|part| match part {
                Part::Text(text, _) => CompiledPart::Text((*text).into()),
                Part::Expression(node, _) => CompiledPart::Expression(self.node(node)),
            })
            .collect()
    }

    pub(crate) fn node(&mut self, node: &Node<'_>) -> Op {
        match &node.kind {
            Kind::Text(text) => Op::Constant(Value::text(text.as_ref())),
            Kind::Number(number) => Op::Constant(Value::Number(*number)),
            Kind::Name(name) => keyword(name).unwrap_or_else(|| root(name)),
            Kind::Quoted(name) | Kind::Module(name) => root(name),
            Kind::Path(base, steps) => {
                let base = match &base.kind {
                    // A root of an app may have the name of a variable.
                    Kind::Name(name) if keyword(name).is_none() => root(name),
                    _ => self.node(base),
                };
                let steps = steps.iter().map(|step| match step {
                    SourceStep::Name(name) => Step::Name(Key::new(*name)),
                    SourceStep::First => Step::First,
                    SourceStep::Index(index) => Step::Index(self.node(index)),
                });
                Op::Path(Box::new(base), steps.collect())
            }
            Kind::Call(name, arguments) => self.call(name, arguments, node.span),
            Kind::Unary(Unary::Not, operand) => Op::Not(Box::new(self.node(operand))),
            Kind::Unary(Unary::Minus, operand) => match self.node(operand) {
                Op::Constant(Value::Number(number)) => Op::Constant(Value::Number(-number)),
                other => Op::Negate(Box::new(other)),
            },
            Kind::Chain(first, rest) => {
                let first = Box::new(self.node(first));
                let rest = rest.iter().map(|(operator, node)| (*operator, self.node(node)));
                Op::Chain(first, rest.collect())
            }
            Kind::Array(items) => Op::Array(items.iter().map(|item| self.node(item)).collect()),
            Kind::Object(entries) => Op::Object(
                entries
                    .iter()
                    .map(|(key, value)| (Key::new(key.as_ref()), self.node(value)))
                    .collect(),
            ),
            Kind::Invalid(invalid) => {
                Op::Fail(Error::new(ErrorKind::Syntax, invalid.message.clone()).at(invalid.at))
            }
        }
    }

    fn call(&mut self, name: &str, arguments: &[Argument<'_>], span: Span) -> Op {
        let spans = arguments.iter().map(Argument::span).collect();
        let built_in = functions::find(name);
        let host = (self.context.host_function)(name);
        let target = match built_in {
            Some(function) if !(host && decisions::HOST_FUNCTIONS_COME_FIRST) => {
                Target::BuiltIn(function)
            }
            _ => Target::Host,
        };
        match (&target, host) {
            (Target::Host, false) => self.diagnostics.push(Diagnostic {
                severity: Severity::Warning,
                span: Span::new(span.start, span.start + name.len()),
                message: format!("Unknown function '{name}'."),
            }),
            (Target::BuiltIn(function), _) if arguments.len() < function.least_arguments() => {
                self.diagnostics.push(Diagnostic {
                    severity: Severity::Warning,
                    span,
                    message: format!(
                        "Function '{name}' takes at least {} arguments.",
                        function.least_arguments()
                    ),
                });
            }
            _ => {}
        }
        let arguments: Box<[Op]> =
            arguments.iter().map(|argument| self.argument(argument)).collect();
        let prepared = match &target {
            Target::BuiltIn(function) => {
                let constants = arguments.iter().map(|argument| match argument {
                    Op::Constant(value) => Some(value),
                    _ => None,
                });
                functions::prepare(function, &constants.collect::<Vec<_>>())
            }
            Target::Host => Prepared::default(),
        };
        Op::Call(Box::new(Call { name: name.into(), target, arguments, spans, span, prepared }))
    }

    fn argument(&mut self, argument: &Argument<'_>) -> Op {
        match argument {
            Argument::Missing(_) => Op::Constant(Value::Undefined),
            Argument::Raw(text, _) => Op::Constant(Value::text(*text)),
            Argument::Node(Node { kind: Kind::Name(name), .. }) => {
                keyword(name).unwrap_or_else(|| {
                    if self.context.known_roots.contains(name) || !decisions::BARE_WORDS_ARE_TEXT {
                        root(name)
                    } else {
                        Op::Bare(Key::new(*name), Value::text(*name))
                    }
                })
            }
            Argument::Node(node) => self.node(node),
        }
    }
}

#[derive(Debug)]
pub(crate) enum CompiledPart {
    Text(Arc<str>),
    Expression(Op),
}

impl CompiledPart {
    /// Whether it is the call of a special form or anything else that has a fixed name.
    pub(crate) fn is_expression(&self) -> bool {
        matches!(self, Self::Expression(_))
    }
}

fn root(name: &str) -> Op {
    if name == "environment" { Op::Environment } else { Op::Root(Key::new(name)) }
}

/// Whether a name without back ticks is a keyword or a variable, and no reference.
#[must_use]
pub fn is_keyword(name: &str) -> bool {
    keyword(name).is_some()
}

/// Keywords and variables; everything else is a reference.
fn keyword(name: &str) -> Option<Op> {
    let text = |text: &str| Op::Constant(Value::from(text));
    Some(match name {
        "null" | "erase" => Op::Constant(Value::Null),
        "undefined" | "ignore" => Op::Constant(Value::Undefined),
        "true" => Op::Constant(Value::Bool(true)),
        "false" => Op::Constant(Value::Bool(false)),
        "emptystring" => text(""),
        "emptyarray" => Op::Constant(Value::array(Vec::new())),
        "space" => text(" "),
        "tab" => text("\t"),
        "newline" => text("\n"),
        "carriagereturn" => text("\r"),
        "nbsp" => text("\u{a0}"),
        "pi" => Op::Constant(Value::Number(std::f64::consts::PI)),
        "now" => Op::Variable(Variable::Now),
        "timestamp" => Op::Variable(Variable::Timestamp),
        "random" => Op::Variable(Variable::Random),
        "uuid" => Op::Variable(Variable::Uuid),
        "executionId" | "executionID" => Op::Variable(Variable::ExecutionId),
        "scenarioID" => Op::Variable(Variable::ScenarioId),
        "scenarioName" => Op::Variable(Variable::ScenarioName),
        "triggerTimestamp" => Op::Variable(Variable::TriggerTimestamp),
        "operationsConsumed" => Op::Variable(Variable::Operations),
        _ => return None,
    })
}

impl Call {
    pub(crate) fn special(&self) -> Option<Run> {
        match &self.target {
            Target::BuiltIn(function) => Some(function.run),
            Target::Host => None,
        }
    }
}
