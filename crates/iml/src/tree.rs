//! Objects and lists of which every text is a template, as in the files of apps and in mappings.

use crate::{
    collection::{Collection, Key},
    compile::Context,
    environment::{Environment, MAX_VALUE_DEPTH, Roots},
    error::{Bound, Error, ErrorKind, Result},
    machine::Machine,
    program::{FieldKeyword, Program},
    syntax::Diagnostic,
    value::Value,
};

/// The key whose value is merged into the object around it.
pub const SPREAD: &str = "{{...}}";

/// A compiled value.
#[derive(Debug)]
pub struct Tree(Branch);

#[derive(Debug)]
enum Branch {
    Leaf(Value),
    Template(Program),
    Array(Vec<Branch>),
    Object(Vec<(Entry, Branch)>),
    TooDeep,
}

#[derive(Debug)]
enum Entry {
    Key(Key),
    Spread,
}

/// A finding, with the way to the text that it is about, such as `$.items[0].name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where the text is.
    pub path: String,
    /// What is to be said about it.
    pub diagnostic: Diagnostic,
}

impl Tree {
    /// Compiles a value.
    #[must_use]
    pub fn new(value: &Value, context: Context<'_>) -> (Self, Vec<Finding>) {
        let mut compiler = Compiler { context, findings: Vec::new(), path: "$".to_owned() };
        let root = compiler.branch(value, 0);
        (Self(root), compiler.findings)
    }

    /// The value with every template replaced by its result. Keys and elements without a value are
    /// left out.
    ///
    /// # Errors
    ///
    /// When a template cannot be evaluated or a limit is reached.
    pub fn evaluate(&self, roots: &dyn Roots, environment: &Environment<'_>) -> Result<Value> {
        evaluate(&self.0, &Machine::new(environment, roots))
    }

    /// The keyword that is all there is.
    #[must_use]
    pub fn keyword(&self) -> Option<FieldKeyword> {
        match &self.0 {
            Branch::Template(program) => program.keyword(),
            _ => None,
        }
    }
}

struct Compiler<'a> {
    context: Context<'a>,
    findings: Vec<Finding>,
    path: String,
}

impl Compiler<'_> {
    fn branch(&mut self, value: &Value, depth: usize) -> Branch {
        if depth == MAX_VALUE_DEPTH {
            return Branch::TooDeep;
        }
        match value {
            Value::Text(source) => {
                let (program, said) = Program::template(source, self.context);
                self.findings.extend(
                    said.into_iter()
                        .map(|diagnostic| Finding { path: self.path.clone(), diagnostic }),
                );
                if program.is_static() {
                    Branch::Leaf(value.clone())
                } else {
                    Branch::Template(program)
                }
            }
            Value::Array(items) => Branch::Array(
                items
                    .iter()
                    .enumerate()
                    .map(|(at, item)| self.below(&format!("[{at}]"), item, depth))
                    .collect(),
            ),
            Value::Collection(collection) => Branch::Object(
                collection
                    .iter()
                    .map(|(key, value)| {
                        let entry = if &**key.name() == SPREAD {
                            Entry::Spread
                        } else {
                            Entry::Key(key.clone())
                        };
                        (entry, self.below(&format!(".{}", key.name()), value, depth))
                    })
                    .collect(),
            ),
            other => Branch::Leaf(other.clone()),
        }
    }

    fn below(&mut self, step: &str, value: &Value, depth: usize) -> Branch {
        let length = self.path.len();
        self.path.push_str(step);
        let branch = self.branch(value, depth + 1);
        self.path.truncate(length);
        branch
    }
}

fn evaluate(branch: &Branch, machine: &Machine<'_>) -> Result<Value> {
    machine.work(1)?;
    match branch {
        Branch::Leaf(value) => Ok(value.clone()),
        Branch::Template(program) => program.evaluate_on(machine),
        Branch::TooDeep => Err(Error::limit(Bound::Depth)),
        Branch::Array(items) => {
            let mut array = Vec::with_capacity(items.len());
            for item in items {
                let value = evaluate(item, machine)?;
                if !value.is_undefined() {
                    array.push(value);
                }
            }
            machine.array(array)
        }
        Branch::Object(entries) => {
            let mut out: Vec<(Key, Value)> = Vec::with_capacity(entries.len());
            for (entry, branch) in entries {
                let value = evaluate(branch, machine)?;
                match (entry, value) {
                    (_, Value::Undefined) | (Entry::Spread, Value::Null) => {}
                    (Entry::Key(key), value) => out.push((key.clone(), value)),
                    (Entry::Spread, Value::Collection(collection)) => {
                        machine.work(collection.len())?;
                        out.extend(collection.iter().filter(|(_, v)| !v.is_undefined()).cloned());
                    }
                    (Entry::Spread, other) => {
                        let cause = format!(
                            "A value of the type {} cannot be merged into an object.",
                            other.kind().name()
                        );
                        return Err(Error::new(ErrorKind::Conversion, cause));
                    }
                }
            }
            machine.produce(size_of::<(Key, Value)>() * out.len())?;
            Ok(Value::collection(Collection::new(out)))
        }
    }
}
