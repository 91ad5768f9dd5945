//! Forms as clients see them, and forms with what RPCs give put in.

use halyard_iml::{Collection, Key, Text, Value};

use super::{
    Invalid,
    answers::{self, Answer, Asking, Rpcs},
    below, bounds, name_of, options, unresolved,
};
use crate::apps::parameter::{
    Choice, Field, Kind, Nested, Options, Parameter, RpcCall, Spec, Store, fields_from,
};

/// Fields nested in each other.
const MAX_DEPTH: usize = 40;

/// A form with what RPCs have given.
#[derive(Clone, Debug, Default)]
pub struct Described {
    /// The fields, each as an object with the attributes as they stand in the file.
    pub fields: Value,
    /// RPCs that have failed. Their references still stand in the form.
    pub failed: Vec<Invalid>,
}

/// A form as JSON: every attribute as the author wrote it, RPCs as references.
#[must_use]
pub fn describe(fields: &[Field]) -> Value {
    let written = |field: &Field| match field {
        Field::Parameter(parameter) => parameter.source.clone(),
        Field::Rpc(call) => Value::from(call.to_string()),
    };
    Value::array(fields.iter().map(written).collect())
}

/// The same with the answers of RPCs in place of the references: those of fields and options, and in
/// nested fields those that show with these values. One that depends on a field without a value is
/// not called.
pub async fn resolve<R: Rpcs>(fields: &[Field], values: &Collection, rpcs: &R) -> Described {
    answers::settle(rpcs, |asking| {
        let mut view = View { asking, failed: Vec::new(), depth: 0 };
        let form = Form { values, outer: None, path: String::new() };
        let fields = Value::array(view.fields(fields, &form));
        Described { fields, failed: view.failed }
    })
    .await
}

/// The values that a new form begins with.
#[must_use]
pub fn defaults(fields: &[Field]) -> Collection {
    let mut values = Vec::new();
    add_defaults(fields, &mut values);
    Collection::new(values)
}

fn add_defaults(fields: &[Field], values: &mut Vec<(Key, Value)>) {
    for field in fields {
        let Field::Parameter(parameter) = field else { continue };
        let Some(name) = name_of(parameter) else { continue };
        let chosen = parameter.options.as_ref().and_then(|options| match &options.store {
            Store::Fixed(choices) => default_choice(parameter, choices),
            Store::Rpc(_) => None,
        });
        let Some(value) = parameter.default.clone().or(chosen) else { continue };
        values.push((Key::new(name.clone()), value.clone()));
        for nested in shown(parameter, &value, fixed(parameter)) {
            add_defaults(&nested.fields, values);
        }
    }
}

fn default_choice(parameter: &Parameter, choices: &[Choice]) -> Option<Value> {
    let mut all = Vec::new();
    let mut waiting: Vec<&Choice> = choices.iter().rev().collect();
    while let Some(choice) = waiting.pop() {
        match choice {
            Choice::Option { value, default: true, .. } => all.push(value.clone()),
            Choice::Option { .. } => {}
            Choice::Group { options, .. } => waiting.extend(options.iter().rev()),
        }
    }
    if parameter.multiple && !all.is_empty() {
        return Some(Value::array(all));
    }
    all.into_iter().next()
}

fn fixed(parameter: &Parameter) -> &[Choice] {
    match &parameter.options {
        Some(Options { store: Store::Fixed(choices), .. }) => choices,
        _ => &[],
    }
}

/// The fields that show below a field with a value.
fn shown<'p>(parameter: &'p Parameter, value: &Value, known: &'p [Choice]) -> Vec<&'p Nested> {
    let mut shown = Vec::new();
    let given = match (&parameter.kind, value) {
        (Kind::Boolean | Kind::Checkbox, value) => matches!(value, Value::Bool(true)),
        (kind, Value::Array(items)) if kind.is_choice() => !items.is_empty(),
        (_, value) => !value.is_empty(),
    };
    let Some(of) = &parameter.options else {
        return parameter.nested.iter().filter(|_| given).collect();
    };
    if !given {
        return of.placeholder_nested.iter().collect();
    }
    shown.extend(&parameter.nested);
    shown.extend(&of.nested);
    for value in bounds::several(parameter, value) {
        shown.extend(options::find(known, value).and_then(|found| found.nested));
    }
    shown
}

struct View<'a> {
    asking: &'a Asking<'a>,
    failed: Vec<Invalid>,
    depth: usize,
}

/// Values of a form, and of those around it.
struct Form<'a> {
    values: &'a Collection,
    outer: Option<&'a Form<'a>>,
    path: String,
}

impl Form<'_> {
    fn all(&self) -> Vec<&Collection> {
        let mut all = self.outer.map(Form::all).unwrap_or_default();
        all.push(self.values);
        all
    }
}

impl View<'_> {
    fn ask(
        &mut self,
        call: &RpcCall,
        form: &Form<'_>,
        own: &Collection,
        path: &str,
    ) -> Option<Value> {
        let known: Vec<Collection> = form
            .all()
            .iter()
            .map(|values| {
                let plain = |(_, value): &&(Key, Value)| !bounds::has_expression(value);
                Collection::new(values.iter().filter(plain).cloned().collect())
            })
            .collect();
        let forms: Vec<&Collection> = known.iter().collect();
        match self.asking.ask(&call.name, answers::parameters(&forms, call, own)) {
            Answer::Value(value) => Some(value),
            Answer::Failed(cause) => {
                let failed = Invalid { path: path.to_owned(), message: unresolved(call, &cause) };
                if !self.failed.contains(&failed) {
                    self.failed.push(failed);
                }
                None
            }
            Answer::Unknown => None,
        }
    }

    fn fields(&mut self, fields: &[Field], form: &Form<'_>) -> Vec<Value> {
        let mut out = Vec::new();
        if self.depth == MAX_DEPTH {
            return out;
        }
        self.depth += 1;
        for field in fields {
            match field {
                Field::Parameter(parameter) => out.push(self.parameter(parameter, form)),
                Field::Rpc(call) => {
                    match self.ask(call, form, &Collection::default(), &form.path) {
                        Some(answer) => {
                            let given = fields_from(&answer);
                            out.extend(self.fields(&given, form));
                        }
                        None => out.push(Value::from(call.to_string())),
                    }
                }
            }
        }
        self.depth -= 1;
        out
    }

    fn parameter(&mut self, parameter: &Parameter, form: &Form<'_>) -> Value {
        let Value::Collection(source) = &parameter.source else { return parameter.source.clone() };
        let path = match name_of(parameter) {
            Some(name) => below(&form.path, name),
            None => form.path.clone(),
        };
        let value = name_of(parameter)
            .and_then(|name| form.values.by_name(name))
            .cloned()
            .unwrap_or_default();
        // An expression may become anything, so that nobody can tell what depends on it.
        let told = !bounds::has_expression(&value);
        let answered = self.answered(parameter, form, &path);
        let known = answered.as_deref().unwrap_or_else(|| fixed(parameter));
        let shown = if told { shown(parameter, &value, known) } else { Vec::new() };
        let mut out = Vec::with_capacity(source.len());
        for (key, attribute) in source.iter() {
            let attribute = match &**key.name() {
                "nested" => self.nested(attribute, among(&shown, parameter.nested.as_ref()), form),
                "spec" => self.spec(parameter, attribute, form, &path),
                "options" => match &parameter.options {
                    Some(of) => {
                        let chosen = Chosen { parameter, of, value: &value, told, shown: &shown };
                        self.options(attribute, &chosen, form, &path)
                    }
                    None => attribute.clone(),
                },
                _ => attribute.clone(),
            };
            out.push((key.clone(), attribute));
        }
        Value::collection(Collection::new(out))
    }

    /// The options that an RPC gives.
    fn answered(
        &mut self,
        parameter: &Parameter,
        form: &Form<'_>,
        path: &str,
    ) -> Option<Vec<Choice>> {
        let answer = self.store(parameter, form, path)?;
        let of = parameter.options.as_ref()?;
        Some(options::given(of, &answer))
    }

    fn store(&mut self, parameter: &Parameter, form: &Form<'_>, path: &str) -> Option<Value> {
        let of = parameter.options.as_ref()?;
        let Store::Rpc(call) = &of.store else { return None };
        let mut own = Collection::default();
        if matches!(parameter.kind, Kind::File | Kind::Folder) {
            // The outermost level; the others are browsed to.
            let start = if of.show_root { "/" } else { "" };
            own = parameter.name.iter().map(|name| (name.clone(), Value::from(start))).collect();
        }
        Some(match self.ask(call, form, &own, path)? {
            Value::Array(items) => Value::Array(items),
            Value::Undefined | Value::Null => Value::array(Vec::new()),
            one => Value::array(vec![one]),
        })
    }

    fn nested(&mut self, written: &Value, shown: Option<&Nested>, form: &Form<'_>) -> Value {
        let Some(nested) = shown else { return written.clone() };
        let fields = Value::array(self.fields(&nested.fields, form));
        match written {
            Value::Collection(entries) if entries.by_name("store").is_some() => {
                with(entries, "store", fields)
            }
            _ => fields,
        }
    }

    // The form of an element or of a collection that has no values yet, or of the collection's own.
    fn spec(
        &mut self,
        parameter: &Parameter,
        written: &Value,
        form: &Form<'_>,
        path: &str,
    ) -> Value {
        let empty = Collection::default();
        let values = match name_of(parameter).and_then(|name| form.values.by_name(name)) {
            Some(Value::Collection(values)) => values,
            _ => &empty,
        };
        let inner = Form { values, outer: Some(form), path: path.to_owned() };
        match &parameter.spec {
            Some(Spec::Many(fields)) => Value::array(self.fields(fields, &inner)),
            Some(Spec::One(element)) => {
                let field = [Field::Parameter(element.clone())];
                self.fields(&field, &inner).pop().unwrap_or_else(|| written.clone())
            }
            None => written.clone(),
        }
    }

    fn options(
        &mut self,
        written: &Value,
        chosen: &Chosen<'_>,
        form: &Form<'_>,
        path: &str,
    ) -> Value {
        let store = match &chosen.of.store {
            Store::Rpc(_) => self.store(chosen.parameter, form, path),
            Store::Fixed(_) => None,
        };
        let Value::Collection(entries) = written else {
            let items = store.as_ref().unwrap_or(written);
            return self.items(items, chosen, form);
        };
        let mut out = Vec::with_capacity(entries.len());
        for (key, attribute) in entries.iter() {
            let attribute = match &**key.name() {
                "store" => self.items(store.as_ref().unwrap_or(attribute), chosen, form),
                "nested" => {
                    self.nested(attribute, among(chosen.shown, chosen.of.nested.as_ref()), form)
                }
                "placeholder" => match (attribute, &chosen.of.placeholder_nested) {
                    (Value::Collection(placeholder), Some(nested))
                        if among(chosen.shown, Some(nested)).is_some() =>
                    {
                        let written = placeholder.by_name("nested").cloned().unwrap_or_default();
                        let fields = self.nested(&written, Some(nested), form);
                        with(placeholder, "nested", fields)
                    }
                    _ => attribute.clone(),
                },
                _ => attribute.clone(),
            };
            out.push((key.clone(), attribute));
        }
        Value::collection(Collection::new(out))
    }

    // Options with the nested fields of those that are chosen.
    fn items(&mut self, items: &Value, chosen: &Chosen<'_>, form: &Form<'_>) -> Value {
        let Value::Array(list) = items else { return items.clone() };
        let mut out = Vec::with_capacity(list.len());
        for item in list.iter() {
            out.push(self.item(item, chosen, form));
        }
        Value::array(out)
    }

    fn item(&mut self, item: &Value, chosen: &Chosen<'_>, form: &Form<'_>) -> Value {
        let Value::Collection(entries) = item else { return item.clone() };
        let read = options::given(chosen.of, item);
        match read.first() {
            Some(Choice::Group { .. }) => {
                let inside = entries.by_name("options").cloned().unwrap_or_default();
                with(entries, "options", self.items(&inside, chosen, form))
            }
            Some(Choice::Option { nested: Some(nested), .. }) if chosen.told => {
                let values = bounds::several(chosen.parameter, chosen.value);
                if values.iter().any(|value| options::find(&read, value).is_some()) {
                    let written = entries.by_name("nested").cloned().unwrap_or_default();
                    with(entries, "nested", self.nested(&written, Some(nested), form))
                } else {
                    item.clone()
                }
            }
            _ => item.clone(),
        }
    }
}

/// A field with options, and its value.
struct Chosen<'p> {
    parameter: &'p Parameter,
    of: &'p Options,
    value: &'p Value,
    /// Whether the value is known.
    told: bool,
    /// The nested fields that show.
    shown: &'p [&'p Nested],
}

/// The nested fields, if they show.
fn among<'p>(shown: &[&Nested], nested: Option<&'p Nested>) -> Option<&'p Nested> {
    nested.filter(|nested| shown.iter().any(|shown| std::ptr::eq::<Nested>(*shown, *nested)))
}

/// The same object with another value in the place of one.
fn with(entries: &Collection, name: &str, value: Value) -> Value {
    let name = Text::from(name);
    let replaced = entries.iter().cloned().chain([(Key::new(name), value)]);
    Value::collection(Collection::new(replaced.collect()))
}
