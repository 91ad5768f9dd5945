//! The way through a form: which fields are asked for, and where their values are.

use std::collections::BTreeSet;

use halyard_iml::{Collection, Key, Text, Value};

use super::{
    Invalid, Rules, Set,
    answers::{self, Answer, Asking},
    below, bounds, name_of, options, unresolved,
};
use crate::apps::parameter::{Field, Kind, Nested, Parameter, Parameters, RpcCall, fields_from};

/// Fields nested in each other, and fields that RPCs give instead of fields.
const MAX_DEPTH: usize = 40;

/// In which state values are seen.
#[derive(Clone, Copy)]
pub(super) enum Mode<'a> {
    /// Of an operation: evaluated, to be converted.
    Running(&'a Rules<'a>),
    /// As they are stored, with expressions.
    Stored { strict: bool },
}

/// A check on its way.
pub(super) struct Walk<'a> {
    pub(super) mode: Mode<'a>,
    asking: &'a Asking<'a>,
    pub(super) invalid: Vec<Invalid>,
    pub(super) doubtful: Vec<Invalid>,
    // Nested fields that belong to another set.
    deferred: Vec<(Text, Parameters)>,
    sets: Vec<String>,
    depth: usize,
}

/// A collection whose fields are being looked at.
pub(super) struct Level<'a> {
    /// The set that it belongs to.
    set: &'a str,
    given: &'a Collection,
    pub(super) path: String,
    outer: Option<&'a Level<'a>>,
    // Values of the other sets.
    around: Option<&'a Collection>,
    /// Whether expressions are allowed.
    pub(super) mappable: bool,
    out: Vec<(Key, Value)>,
    seen: BTreeSet<Text>,
    /// Whether there may be fields that nobody could tell.
    pub(super) open: bool,
}

/// What a field holds.
#[derive(Clone, Debug)]
pub(super) enum Held {
    Nothing,
    /// An expression, which may become anything.
    Expression,
    Value(Value),
}

impl<'a> Level<'a> {
    fn new(set: &'a str, given: &'a Collection, path: String, mappable: bool) -> Self {
        Self {
            set,
            given,
            path,
            outer: None,
            around: None,
            mappable,
            out: Vec::new(),
            seen: BTreeSet::new(),
            open: false,
        }
    }

    /// The collection that a field of this level holds.
    pub(super) fn inner<'b>(
        &'b self,
        given: &'b Collection,
        path: String,
        mappable: bool,
    ) -> Level<'b>
    where
        'a: 'b,
    {
        Level { outer: Some(self), ..Level::new(self.set, given, path, mappable) }
    }

    /// The values around and in it, from the outermost.
    fn values(&self, known: &impl Fn(&Value) -> bool) -> Collection {
        let mut all: Vec<(Key, Value)> = match (self.outer, self.around) {
            (Some(outer), _) => outer.values(known).iter().cloned().collect(),
            (None, Some(around)) => {
                around.iter().filter(|(_, value)| known(value)).cloned().collect()
            }
            (None, None) => Vec::new(),
        };
        let here = self.given.iter().filter(|(_, value)| known(value)).chain(&self.out);
        all.extend(here.cloned());
        Collection::new(all)
    }
}

impl<'a> Walk<'a> {
    pub(super) fn new(mode: Mode<'a>, asking: &'a Asking<'a>) -> Self {
        Self {
            mode,
            asking,
            invalid: Vec::new(),
            doubtful: Vec::new(),
            deferred: Vec::new(),
            sets: Vec::new(),
            depth: 0,
        }
    }

    /// The only set: what an operation is given.
    pub(super) fn root(&mut self, fields: &[Field], given: &Collection) -> Value {
        let mut level = Level::new("", given, String::new(), true);
        self.fields(fields, &mut level);
        while let Some((_, fields)) = self.deferred.pop() {
            self.fields(&fields, &mut level);
        }
        Value::collection(self.leave(level, true))
    }

    /// All sets of a stored configuration.
    pub(super) fn sets(&mut self, sets: &[Set<'_>]) {
        self.sets = sets.iter().map(|set| set.name.to_owned()).collect();
        let all: Vec<_> = sets.iter().flat_map(|set| set.values.iter()).cloned().collect();
        let around = Collection::new(all);
        let mut levels: Vec<_> = sets
            .iter()
            .map(|set| {
                let level = Level::new(set.name, set.values, set.name.to_owned(), set.mappable);
                Level { around: Some(&around), ..level }
            })
            .collect();
        for (at, set) in sets.iter().enumerate() {
            self.fields(set.fields, &mut levels[at]);
        }
        while let Some((name, fields)) = self.deferred.pop() {
            if let Some(level) = levels.iter_mut().find(|level| *level.set == *name) {
                self.fields(&fields, level);
            }
        }
        for level in levels {
            self.leave(level, true);
        }
    }

    pub(super) fn wrong(&mut self, path: &str, message: impl Into<String>) {
        self.invalid.push(Invalid { path: path.to_owned(), message: message.into() });
    }

    pub(super) fn doubt(&mut self, path: &str, message: String) {
        self.doubtful.push(Invalid { path: path.to_owned(), message });
    }

    /// The answer of an RPC for a field of this level.
    pub(super) fn ask(&self, call: &RpcCall, level: &Level<'_>, own: &Collection) -> Answer {
        let stored = matches!(self.mode, Mode::Stored { .. });
        let values = level.values(&|value| !stored || !bounds::has_expression(value));
        self.asking.ask(&call.name, answers::parameters(&[&values], call, own))
    }

    /// The options of a field. What is chosen there already is none of the parameters: options do not
    /// depend on it, and would be asked for anew with every other value.
    pub(super) fn ask_options(
        &self,
        call: &RpcCall,
        field: &Parameter,
        level: &Level<'_>,
    ) -> Answer {
        self.asking.ask(&call.name, self.parameters_of_options(call, field, level))
    }

    /// The same, if it is known without asking.
    pub(super) fn recall_options(
        &self,
        call: &RpcCall,
        field: &Parameter,
        level: &Level<'_>,
    ) -> Option<Value> {
        self.asking.recall(&call.name, &self.parameters_of_options(call, field, level))
    }

    fn parameters_of_options(&self, call: &RpcCall, field: &Parameter, level: &Level<'_>) -> Value {
        let stored = matches!(self.mode, Mode::Stored { .. });
        let values = level.values(&|value| !stored || !bounds::has_expression(value));
        let others = values.iter().filter(|(key, _)| Some(key.name()) != field.name.as_ref());
        let others = Collection::new(others.cloned().collect());
        answers::parameters(&[&others], call, &Collection::default())
    }

    pub(super) fn fields(&mut self, fields: &[Field], level: &mut Level<'_>) {
        if self.depth == MAX_DEPTH {
            self.wrong(&level.path, "Fields are nested too deeply.");
            level.open = true;
            return;
        }
        self.depth += 1;
        for field in fields {
            match field {
                Field::Parameter(parameter) => self.field(parameter, level),
                Field::Rpc(call) => match self.ask(call, level, &Collection::default()) {
                    Answer::Value(answer) => {
                        let fields = fields_from(&answer);
                        self.fields(&fields, level);
                    }
                    Answer::Failed(cause) => {
                        self.wrong(&level.path, unresolved(call, &cause));
                        level.open = true;
                    }
                    Answer::Unknown => level.open = true,
                },
            }
        }
        self.depth -= 1;
    }

    fn field(&mut self, parameter: &Parameter, level: &mut Level<'_>) {
        if parameter.kind.is_visual() {
            return;
        }
        let Some(name) = name_of(parameter) else {
            self.wrong(&level.path, "Object contains field with unknown name.");
            return;
        };
        let path = below(&level.path, name);
        let given = level.given.by_name(name).cloned().unwrap_or_default();
        let held = match self.mode {
            Mode::Running(rules) => {
                let value = self.running(parameter, given, &path, level, rules);
                let held =
                    if value.is_empty() { Held::Nothing } else { Held::Value(value.clone()) };
                if !value.is_undefined() {
                    level.out.push((Key::new(name.clone()), value));
                }
                held
            }
            Mode::Stored { .. } => self.stored(parameter, &given, &path, level),
        };
        level.seen.insert(name.clone());
        self.nested(parameter, &held, level);
    }

    // Nested fields stand in the collection of their parent.
    fn nested(&mut self, parameter: &Parameter, held: &Held, level: &mut Level<'_>) {
        let mut shown: Vec<&Nested> = Vec::new();
        let given = match (held, &parameter.kind) {
            (Held::Value(value), Kind::Boolean | Kind::Checkbox) => {
                matches!(value, Value::Bool(true))
            }
            (Held::Value(Value::Array(items)), kind) if kind.is_choice() => !items.is_empty(),
            (Held::Nothing, _) => false,
            _ => true,
        };
        if given {
            shown.extend(&parameter.nested);
        }
        let known;
        if let Some(of) = &parameter.options {
            match held {
                _ if !given => shown.extend(&of.placeholder_nested),
                Held::Value(value) => {
                    shown.extend(&of.nested);
                    // What is chosen of files are paths, and these have no fields.
                    let files = matches!(parameter.kind, Kind::File | Kind::Folder);
                    known = if files { None } else { self.known(parameter, of, level) };
                    match &known {
                        Some(choices) => {
                            for value in bounds::several(parameter, value) {
                                let found = options::find(choices, value);
                                shown.extend(found.and_then(|found| found.nested));
                            }
                        }
                        None => level.open |= !files,
                    }
                }
                Held::Nothing | Held::Expression => {
                    shown.extend(&of.nested);
                    level.open = true;
                }
            }
        }
        for nested in shown {
            match &nested.domain {
                Some(set) if **set != *level.set && self.is_set(set) => {
                    self.deferred.push((set.clone(), nested.fields.clone()));
                }
                _ => self.fields(&nested.fields, level),
            }
        }
    }

    // An operation has only one set, which holds all of them; it is the outermost collection.
    fn is_set(&self, name: &str) -> bool {
        match self.mode {
            Mode::Running(_) => matches!(name, "parameters" | "expect"),
            Mode::Stored { .. } => self.sets.iter().any(|set| set == name),
        }
    }

    /// What a level holds, after all its fields.
    pub(super) fn leave(&mut self, level: Level<'_>, in_order: bool) -> Collection {
        let strict = match self.mode {
            Mode::Running(rules) => rules.strict,
            Mode::Stored { strict } => strict,
        };
        let unknown: Vec<_> =
            level.given.iter().filter(|(key, _)| !level.seen.contains(key.name())).collect();
        if strict && !level.open {
            for (key, _) in &unknown {
                let path = below(&level.path, key.name());
                self.wrong(&path, format!("Unknown field '{}'.", key.name()));
            }
        }
        let mut out = level.out;
        out.extend(unknown.into_iter().filter(|(_, value)| !value.is_undefined()).cloned());
        let out = Collection::new(out);
        if in_order {
            return out;
        }
        // As they were given, then what was not.
        let given = level
            .given
            .iter()
            .filter_map(|(key, _)| out.get(key).map(|value| (key.clone(), value.clone())));
        let more = out.iter().filter(|(key, _)| level.given.get(key).is_none()).cloned();
        Collection::new(given.chain(more).collect())
    }
}
