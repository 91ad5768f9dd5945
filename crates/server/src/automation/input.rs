//! What the command line gives to an app.

use std::{
    fs,
    io::{IsTerminal, Read},
    path::{Path, PathBuf},
};

use anyhow::{Context, anyhow, bail};
use clap::Args;
use halyard_automation::apps::{
    form::{self, Rules},
    parameter::{Choice, Field, Kind, Options, Parameter, Parameters, Store},
};
use halyard_iml::{Collection, Value, Zone};

use crate::commands::read_secret;

/// Values by name.
#[derive(Args, Clone, Default)]
pub(crate) struct Settings {
    /// A value as text, such as --set channel=7; can be given several times
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// A value from a file, as text; `-` is standard input
    #[arg(long = "set-file", value_name = "KEY=FILE")]
    set_file: Vec<String>,
}

impl Settings {
    /// The values, by name.
    pub(crate) fn read(&self) -> anyhow::Result<Vec<(String, Value)>> {
        let mut all = Vec::new();
        for text in &self.set {
            let (key, value) = split("set", text)?;
            all.push((key.to_owned(), Value::from(value)));
        }
        for text in &self.set_file {
            let (key, file) = split("set-file", text)?;
            let content = read(Path::new(file)).with_context(|| format!("{key}: {file}"))?;
            // Editors end a file with a line break that nobody means.
            let content = content.strip_suffix('\n').unwrap_or(&content);
            all.push((key.to_owned(), Value::from(content)));
        }
        Ok(all)
    }
}

fn split<'t>(flag: &str, text: &'t str) -> anyhow::Result<(&'t str, &'t str)> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key, value)),
        _ => bail!("{flag}: {text:?} is not KEY=VALUE"),
    }
}

/// The input of a module.
#[derive(Args, Clone, Default)]
pub(crate) struct Input {
    /// A file with the input as one JSON object; `-` is standard input
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
}

impl Input {
    /// The input as one collection; what is set wins.
    pub(crate) fn read(&self) -> anyhow::Result<Value> {
        let mut entries: Vec<(String, Value)> = Vec::new();
        if let Some(file) = &self.input {
            let text = read(file).with_context(|| format!("input: {}", file.display()))?;
            let given = Value::from_json(&text);
            let given = given.map_err(|why| anyhow!("input: {}: {why}", file.display()))?;
            let Value::Collection(given) = given else {
                bail!("input: {} does not hold a JSON object", file.display());
            };
            entries
                .extend(given.iter().map(|(key, value)| (key.name().to_string(), value.clone())));
        }
        entries.extend(self.settings.read()?);
        Ok(Collection::of(entries).into())
    }
}

fn read(file: &Path) -> anyhow::Result<String> {
    if file != Path::new("-") {
        return Ok(fs::read_to_string(file)?);
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    Ok(text)
}

/// Fills in a form of a connection: what was given, then what the form starts with; what is still
/// missing is asked for at a terminal. Passwords are also read from standard input, a line each, and
/// private keys, which have several lines.
pub(crate) fn fill(
    fields: &Parameters,
    given: &[(String, Value)],
    before: &Value,
) -> anyhow::Result<Value> {
    let mut known = Vec::new();
    names(fields, &mut known);
    for (key, _) in given {
        if !known.contains(&key.as_str()) {
            let known = if known.is_empty() { "nothing".to_owned() } else { known.join(", ") };
            bail!("set: the connection has no field {key:?}; it asks for {known}");
        }
    }
    let mut filling = Filling { given, before, values: Vec::new() };
    filling.fields(fields)?;
    let values = filling.values;
    if let Some((key, _)) = given.iter().find(|(key, _)| !values.iter().any(|(k, _)| k == key)) {
        bail!("set: {key:?} has no place beside what is chosen; leave it out, or choose otherwise");
    }
    let zone = Zone::utc();
    form::input(fields, &Collection::of(values).into(), &Rules::new(&zone)).map_err(|invalid| {
        let words = invalid.iter().map(|one| format!("{}: {}", one.path, one.message));
        anyhow!("{}", words.collect::<Vec<_>>().join("\n"))
    })
}

/// The names of fields, also of those that show only when something is chosen.
fn names<'f>(fields: &'f Parameters, found: &mut Vec<&'f str>) {
    for parameter in parameters(fields) {
        if let Some(name) = parameter.name.as_deref().filter(|name| !found.contains(name)) {
            found.push(name);
        }
        below(parameter, &|_| true).into_iter().for_each(|fields| names(fields, found));
    }
}

fn parameters(fields: &Parameters) -> impl Iterator<Item = &Parameter> {
    fields.iter().filter_map(|field| match field {
        Field::Parameter(parameter) => Some(&**parameter),
        Field::Rpc(_) => None,
    })
}

/// The fields below a field for values that are wanted.
fn below<'f>(parameter: &'f Parameter, wanted: &dyn Fn(&Value) -> bool) -> Vec<&'f Parameters> {
    fn of<'f>(
        choices: &'f [Choice],
        wanted: &dyn Fn(&Value) -> bool,
        found: &mut Vec<&'f Parameters>,
    ) {
        for choice in choices {
            match choice {
                Choice::Option { value, nested: Some(nested), .. } if wanted(value) => {
                    found.push(&nested.fields);
                }
                Choice::Option { .. } => {}
                Choice::Group { options, .. } => of(options, wanted, found),
            }
        }
    }
    let mut found = Vec::new();
    if let Some(Options { store: Store::Fixed(choices), .. }) = &parameter.options {
        of(choices, wanted, &mut found);
    }
    if let Some(nested) = parameter.nested.as_ref().filter(|_| wanted(&Value::Bool(true))) {
        found.push(&nested.fields);
    }
    found
}

/// A form that is being filled in.
struct Filling<'a> {
    given: &'a [(String, Value)],
    before: &'a Value,
    values: Vec<(String, Value)>,
}

impl Filling<'_> {
    fn fields(&mut self, fields: &Parameters) -> anyhow::Result<()> {
        for parameter in parameters(fields) {
            let Some(name) = parameter.name.as_deref() else { continue };
            let given = self.given.iter().rev().find(|(key, _)| key == name);
            let earlier = match self.before {
                Value::Collection(before) => before.by_name(name).cloned(),
                _ => None,
            };
            let value = given.map(|(_, value)| value.clone()).or(earlier);
            let value = value.or_else(|| parameter.default.clone()).unwrap_or_default();
            let value = match value.is_empty() && parameter.required {
                true => ask(name, parameter)?,
                false => value,
            };
            let chosen = written(&value);
            if !value.is_undefined() {
                self.values.push((name.to_owned(), value));
            }
            for fields in below(parameter, &|value| written(value) == chosen) {
                self.fields(fields)?;
            }
        }
        Ok(())
    }
}

/// A value as people write it on a command line.
fn written(value: &Value) -> String {
    match value {
        Value::Text(text) => text.to_string(),
        other => other.to_json().unwrap_or_default(),
    }
}

fn ask(name: &str, parameter: &Parameter) -> anyhow::Result<Value> {
    let label = parameter.label.as_deref().unwrap_or(name);
    let missing = || anyhow!("{name}: Field is mandatory. Give it with --set {name}=…");
    let text = match (&parameter.kind, std::io::stdin().is_terminal()) {
        (Kind::Password, _) => read_secret(name, label)?,
        (Kind::Pkey, _) => read_key(name, label)?,
        (_, true) => {
            eprint!("{label}: ");
            let mut line = String::new();
            std::io::stdin().read_line(&mut line)?;
            line.trim_end_matches(['\n', '\r']).to_owned()
        }
        (_, false) => return Err(missing()),
    };
    if text.is_empty() { Err(missing()) } else { Ok(Value::from(text)) }
}

/// Reads a private key in PEM: up to the line that ends it.
fn read_key(name: &str, label: &str) -> anyhow::Result<String> {
    /// More lines than any key has.
    const LINES: usize = 500;
    let mut text = read_secret(name, label)?;
    if text.trim_start().starts_with("-----BEGIN ") {
        let mut lines = 1;
        while !text.trim_end().ends_with("-----") || lines == 1 {
            if lines == LINES {
                bail!("{name}: the key has no line that ends it");
            }
            text.push('\n');
            text.push_str(&read_secret(name, "")?);
            lines += 1;
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use halyard_automation::apps::parameter::Nested;

    use super::*;

    fn field(name: &str, required: bool, default: Option<&str>) -> Field {
        Field::Parameter(Box::new(Parameter {
            name: Some(name.into()),
            required,
            default: default.map(Value::from),
            ..Parameter::default()
        }))
    }

    #[test]
    fn what_is_set_wins_over_what_was_before_and_over_defaults() {
        let fields = vec![
            field("a", true, Some("1")),
            field("b", false, Some("1")),
            field("c", false, None),
        ];
        let before = Collection::of([("a", Value::from("2")), ("b", Value::from("2"))]).into();
        let given = vec![("a".to_owned(), Value::from("3"))];
        let filled = fill(&fields, &given, &before).unwrap().to_json().unwrap();
        assert_eq!(filled, r#"{"a":"3","b":"2"}"#);
        let filled = fill(&fields, &[], &Value::Undefined).unwrap().to_json().unwrap();
        assert_eq!(filled, r#"{"a":"1","b":"1"}"#);
        let unknown = fill(&fields, &[("x".to_owned(), Value::Null)], &Value::Undefined);
        let unknown = unknown.unwrap_err().to_string();
        assert_eq!(unknown, "set: the connection has no field \"x\"; it asks for a, b, c");
    }

    #[test]
    fn fields_below_a_choice_are_filled_in_when_it_is_made() {
        let choice = |value: &str, fields: Vec<Field>| Choice::Option {
            label: value.into(),
            value: Value::from(value),
            default: false,
            file: false,
            nested: Some(Nested { fields, domain: None }),
        };
        let choices = vec![
            choice("one", vec![field("a", true, None)]),
            choice("two", vec![field("b", false, Some("2"))]),
        ];
        let kind = Field::Parameter(Box::new(Parameter {
            name: Some("kind".into()),
            required: true,
            options: Some(Options {
                store: Store::Fixed(choices),
                nested: None,
                label: None,
                value: None,
                placeholder_nested: None,
                show_root: true,
                single_level: false,
                rest: Vec::new(),
            }),
            ..Parameter::default()
        }));
        let fields = vec![kind];
        let set = |all: &[(&str, &str)]| {
            let given: Vec<_> =
                all.iter().map(|(key, value)| ((*key).to_owned(), Value::from(*value))).collect();
            let filled = fill(&fields, &given, &Value::Undefined);
            filled.map(|value| value.to_json().unwrap()).map_err(|error| error.to_string())
        };
        assert_eq!(set(&[("kind", "one"), ("a", "x")]).unwrap(), r#"{"kind":"one","a":"x"}"#);
        assert_eq!(set(&[("kind", "two")]).unwrap(), r#"{"kind":"two","b":"2"}"#);
        let other = set(&[("kind", "two"), ("a", "x")]).unwrap_err();
        assert!(other.contains("\"a\" has no place"), "{other}");
        let unknown = set(&[("kind", "two"), ("c", "x")]).unwrap_err();
        assert!(unknown.contains("it asks for kind, a, b"), "{unknown}");
    }

    #[test]
    fn settings_are_keys_with_values() {
        let settings = |text: &str| Settings { set: vec![text.to_owned()], set_file: Vec::new() };
        let read = settings("a=b=c").read().unwrap();
        assert!(matches!(&read[..], [(key, Value::Text(text))] if key == "a" && &**text == "b=c"));
        assert!(settings("a").read().unwrap_err().to_string().contains("KEY=VALUE"));
    }
}
