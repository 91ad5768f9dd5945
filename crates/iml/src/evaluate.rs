//! Evaluation of the compiled form.

use crate::{
    coerce::{self, truth, write_text},
    collection::{Collection, Key},
    compile::{Call, CompiledPart, Op, Step, Target, Variable},
    date::Date,
    decisions,
    error::{Error, ErrorKind, Result},
    functions::{Arguments, Run, format_into},
    machine::Machine,
    operators::apply,
    syntax::Binary,
    value::{Text, Value},
};

impl<'a> Machine<'a> {
    /// The text of several parts.
    pub(crate) fn join(&self, parts: &[CompiledPart]) -> Result<Value> {
        let mut out = String::with_capacity(64);
        for part in parts {
            match part {
                CompiledPart::Text(text) => {
                    self.produce(text.len())?;
                    out.push_str(text);
                }
                CompiledPart::Expression(op) => self.append(op, &mut out)?,
            }
        }
        Ok(Value::Text(Text::from(out)))
    }

    // Without making a value of what is text in the end anyway, where that is often.
    fn append(&self, op: &Op, out: &mut String) -> Result<()> {
        if let Some(value) = self.reference(op)? {
            return write_text(self, out, value);
        }
        match op {
            Op::Constant(value) => write_text(self, out, value),
            Op::Call(call) => match (call.special(), &*call.arguments) {
                (Some(Run::IfEmpty), [first, second]) => match self.reference(first)? {
                    Some(value) if value.is_empty() => self.append(second, out),
                    Some(value) => write_text(self, out, value),
                    None => write_text(self, out, &self.value(op)?),
                },
                (Some(Run::Plain(_)), [date, Op::Constant(_)]) if &*call.name == "formatDate" => {
                    self.work(1)?;
                    let values = [self.value(date)?];
                    // The format is prepared, so that nobody looks at the constant again.
                    let arguments = Arguments::new(&values, self, &call.prepared);
                    if call.prepared.pattern.is_none() {
                        return write_text(self, out, &self.value(op)?);
                    }
                    format_into(&arguments, out)
                        .map(drop)
                        .map_err(|error| place(error.in_function(&call.name), call))
                }
                _ => write_text(self, out, &self.value(op)?),
            },
            _ => write_text(self, out, &self.value(op)?),
        }
    }

    /// The value of an expression.
    pub(crate) fn value(&self, op: &Op) -> Result<Value> {
        self.work(1)?;
        Ok(match op {
            Op::Constant(value) => value.clone(),
            Op::Root(key) => self.root(key).cloned().unwrap_or_default(),
            Op::Bare(key, text) => self.root(key).unwrap_or(text).clone(),
            Op::Environment => self.environment_root(),
            Op::Variable(variable) => self.variable(*variable)?,
            Op::Path(base, steps) => match self.reference(op)? {
                Some(value) => value.clone(),
                None => self.walk(&self.value(base)?, steps)?,
            },
            Op::Call(call) => self.call(call)?,
            Op::Not(operand) => Value::Bool(!truth(&self.value(operand)?)),
            Op::Negate(operand) => Value::Number(-coerce::operand(self, &self.value(operand)?)),
            Op::Chain(first, rest) => self.chain(first, rest)?,
            Op::Array(items) => {
                let mut array = Vec::with_capacity(items.len());
                for item in items {
                    let value = self.value(item)?;
                    if !value.is_undefined() {
                        array.push(value);
                    }
                }
                self.array(array)?
            }
            Op::Object(entries) => {
                let mut collection = Vec::with_capacity(entries.len());
                for (key, value) in entries {
                    let value = self.value(value)?;
                    if !value.is_undefined() {
                        collection.push((key.clone(), value));
                    }
                }
                self.produce(size_of::<(Key, Value)>() * collection.len())?;
                Value::collection(Collection::new(collection))
            }
            Op::Fail(error) => return Err(error.clone()),
        })
    }

    // What a path names without anything having to be made for it.
    fn reference(&self, op: &Op) -> Result<Option<&'a Value>> {
        match op {
            Op::Root(key) => Ok(self.root(key)),
            Op::Path(base, steps) => {
                let Op::Root(key) = &**base else { return Ok(None) };
                let Some(mut value) = self.root(key) else { return Ok(None) };
                self.work(steps.len())?;
                for step in steps {
                    let next = match step {
                        Step::Name(key) => property(value, key),
                        Step::First => first(value),
                        Step::Index(index) => self.indexed(value, &self.value(index)?)?,
                    };
                    match next {
                        Some(next) => value = next,
                        None => return Ok(Some(&Value::Undefined)),
                    }
                }
                Ok(Some(value))
            }
            _ => Ok(None),
        }
    }

    fn walk(&self, base: &Value, steps: &[Step]) -> Result<Value> {
        let mut value = base;
        self.work(steps.len())?;
        for step in steps {
            let next = match step {
                Step::Name(key) => property(value, key),
                Step::First => first(value),
                Step::Index(index) => self.indexed(value, &self.value(index)?)?,
            };
            match next {
                Some(next) => value = next,
                None => return Ok(Value::Undefined),
            }
        }
        Ok(value.clone())
    }

    fn indexed<'v>(&self, value: &'v Value, index: &Value) -> Result<Option<&'v Value>> {
        Ok(match (value, index) {
            (_, Value::Undefined | Value::Null) => None,
            (Value::Array(_), Value::Number(number)) => element(value, *number),
            (Value::Array(_), Value::Text(text)) => {
                crate::number::read_number(text).and_then(|number| element(value, number))
            }
            (Value::Collection(collection), index) => {
                collection.by_name(&coerce::text(self, index)?)
            }
            _ => None,
        })
    }

    fn chain(&self, first: &Op, rest: &[(Binary, Op)]) -> Result<Value> {
        let mut left = self.value(first)?;
        // Long sums of texts would otherwise copy everything again at each operand.
        let mut joined: Option<String> = None;
        for (operator, operand) in rest {
            match operator {
                Binary::And if !truth(&left) => continue,
                Binary::Or if truth(&left) => continue,
                Binary::And | Binary::Or => left = self.value(operand)?,
                Binary::Plus => {
                    let right = self.value(operand)?;
                    if let Some(text) = &mut joined {
                        write_text(self, text, &right)?;
                    } else if matches!((&left, &right), (Value::Text(_), _) | (_, Value::Text(_))) {
                        let mut text = String::new();
                        write_text(self, &mut text, &left)?;
                        write_text(self, &mut text, &right)?;
                        joined = Some(text);
                    } else {
                        left = apply(self, Binary::Plus, &left, &right)?;
                    }
                }
                _ => {
                    if let Some(text) = joined.take() {
                        left = Value::from(text);
                    }
                    let right = self.value(operand)?;
                    left = apply(self, *operator, &left, &right)?;
                }
            }
        }
        Ok(joined.map_or(left, Value::from))
    }

    fn call(&self, call: &Call) -> Result<Value> {
        let result = match call.special() {
            Some(Run::If) => self.choose(&call.arguments),
            Some(Run::IfEmpty) => self.unless_empty(&call.arguments),
            Some(Run::Switch) => self.switch(&call.arguments),
            Some(Run::Plain(_)) | None => self.plain(call),
        };
        result.map_err(|error| place(error, call))
    }

    fn plain(&self, call: &Call) -> Result<Value> {
        let count = call.arguments.len();
        let mut few: [Value; 4] = Default::default();
        let mut many = Vec::new();
        let values = if count <= few.len() {
            for (slot, argument) in few.iter_mut().zip(&call.arguments) {
                *slot = self.value(argument)?;
            }
            &few[..count]
        } else {
            many.reserve_exact(count);
            for argument in &call.arguments {
                many.push(self.value(argument)?);
            }
            &many[..]
        };
        match &call.target {
            Target::BuiltIn(function) => match function.run {
                Run::Plain(run) => run(&Arguments::new(values, self, &call.prepared))
                    .map_err(|error| error.in_function(&call.name)),
                // The special forms evaluate their arguments themselves.
                Run::If | Run::IfEmpty | Run::Switch => Ok(Value::Undefined),
            },
            Target::Host => self
                .environment
                .functions
                .call(&call.name, values, self.environment)
                .unwrap_or_else(|| Err(unknown(&call.name)))
                .map_err(|error| error.in_function(&call.name)),
        }
    }

    fn choose(&self, arguments: &[Op]) -> Result<Value> {
        let condition = self.argument(arguments, 0)?;
        self.argument(arguments, if truth(&condition) { 1 } else { 2 })
    }

    fn unless_empty(&self, arguments: &[Op]) -> Result<Value> {
        let value = self.argument(arguments, 0)?;
        if value.is_empty() { self.argument(arguments, 1) } else { Ok(value) }
    }

    fn switch(&self, arguments: &[Op]) -> Result<Value> {
        let value = self.argument(arguments, 0)?;
        let mut at = 1;
        while at + 1 < arguments.len() {
            if decisions::equal(self, &value, &self.argument(arguments, at)?)? {
                return self.argument(arguments, at + 1);
            }
            at += 2;
        }
        self.argument(arguments, at)
    }

    fn argument(&self, arguments: &[Op], at: usize) -> Result<Value> {
        arguments.get(at).map_or(Ok(Value::Undefined), |argument| self.value(argument))
    }

    fn environment_root(&self) -> Value {
        let key = Key::new("environment");
        self.root(&key).cloned().unwrap_or_else(|| {
            let zone = Value::from(self.environment.zone.name());
            Value::collection(Collection::of([("timezone", zone)]))
        })
    }

    fn variable(&self, variable: Variable) -> Result<Value> {
        let environment = self.environment;
        let run = &environment.run;
        let text = |text: &Option<Text>| text.clone().map_or(Value::Undefined, Value::Text);
        Ok(match variable {
            Variable::Now => Value::Date(environment.now),
            Variable::Timestamp => Value::Number(environment.now.ms().div_euclid(1000) as f64),
            Variable::Random => {
                // 53 bits are what a double between 0 and 1 holds.
                let bits = environment.randomness.next() >> 11;
                Value::Number(bits as f64 / 9_007_199_254_740_992.0)
            }
            Variable::Uuid => Value::from(self.uuid()),
            Variable::ExecutionId => text(&run.execution_id),
            Variable::ScenarioId => text(&run.scenario_id),
            Variable::ScenarioName => text(&run.scenario_name),
            Variable::TriggerTimestamp => {
                run.triggered_at.map_or(Value::Undefined, |date: Date| Value::Date(date))
            }
            Variable::Operations => run.operations.map_or(Value::Undefined, Value::Number),
        })
    }

    // Version 4, variant 1.
    fn uuid(&self) -> String {
        let high = self.environment.randomness.next();
        let low = self.environment.randomness.next();
        let high = (high & 0xffff_ffff_ffff_0fff) | 0x4000;
        let low = (low & 0x3fff_ffff_ffff_ffff) | 0x8000_0000_0000_0000;
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            high >> 16 & 0xffff,
            high & 0xffff,
            low >> 48,
            low & 0xffff_ffff_ffff
        )
    }
}

/// The property of a collection; anything else has none.
pub(crate) fn property<'v>(value: &'v Value, key: &Key) -> Option<&'v Value> {
    match value {
        Value::Collection(collection) => collection.get(key),
        Value::Array(items) if decisions::PROPERTY_OF_ARRAY_IS_THAT_OF_FIRST => {
            property(items.first()?, key)
        }
        _ => None,
    }
}

// The first element. A value that is in no list is its own first one: whether an XML element occurs
// once or several times must not matter to who reads it.
fn first(value: &Value) -> Option<&Value> {
    match value {
        Value::Array(_) => element(value, 1.0),
        Value::Undefined | Value::Null => None,
        alone => Some(alone),
    }
}

/// The element of an array, the first being 1 and the last -1.
pub(crate) fn element(value: &Value, number: f64) -> Option<&Value> {
    let Value::Array(items) = value else { return None };
    if number.trunc() != number || number.abs() > items.len() as f64 {
        return None;
    }
    let distance = number.abs() as usize;
    if number > 0.0 { items.get(distance - 1) } else { items.get(items.len() - distance) }
}

fn unknown(name: &str) -> Error {
    Error::new(ErrorKind::UnknownFunction, format!("Unknown function '{name}'.")).in_function(name)
}

// An error belongs to the innermost call that it went through.
fn place(error: Error, call: &Call) -> Error {
    if error.function() != Some(&*call.name) || error.span().is_some() {
        return error;
    }
    let at = error.argument().and_then(|number| number.checked_sub(1));
    let span = at.and_then(|at| call.spans.get(at)).copied().unwrap_or(call.span);
    let name = match (&call.target, at) {
        (Target::BuiltIn(function), Some(at)) => function.argument_name(at),
        _ => None,
    };
    error.naming(name).at(span)
}
