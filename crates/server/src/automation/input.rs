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
    parameter::{Field, Kind, Parameter, Parameters},
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
/// missing is asked for at a terminal. Passwords are also read from standard input, a line each.
pub(crate) fn fill(
    fields: &Parameters,
    given: &[(String, Value)],
    before: &Value,
) -> anyhow::Result<Value> {
    let parameters: Vec<(&str, &Parameter)> = fields
        .iter()
        .filter_map(|field| match field {
            Field::Parameter(parameter) => Some((parameter.name.as_deref()?, &**parameter)),
            Field::Rpc(_) => None,
        })
        .collect();
    for (key, _) in given {
        if !parameters.iter().any(|(name, _)| name == key) {
            let known: Vec<&str> = parameters.iter().map(|(name, _)| *name).collect();
            let known = if known.is_empty() { "nothing".to_owned() } else { known.join(", ") };
            bail!("set: the connection has no field {key:?}; it asks for {known}");
        }
    }
    let mut values = Vec::new();
    for (name, parameter) in parameters {
        let given = given.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        let earlier = match before {
            Value::Collection(before) => before.by_name(name).cloned(),
            _ => None,
        };
        let value = given.or(earlier).or_else(|| parameter.default.clone()).unwrap_or_default();
        let value = match value.is_empty() && parameter.required {
            true => ask(name, parameter)?,
            false => value,
        };
        if !value.is_undefined() {
            values.push((name.to_owned(), value));
        }
    }
    let zone = Zone::utc();
    form::input(fields, &Collection::of(values).into(), &Rules::new(&zone)).map_err(|invalid| {
        let words = invalid.iter().map(|one| format!("{}: {}", one.path, one.message));
        anyhow!("{}", words.collect::<Vec<_>>().join("\n"))
    })
}

fn ask(name: &str, parameter: &Parameter) -> anyhow::Result<Value> {
    let label = parameter.label.as_deref().unwrap_or(name);
    let missing = || anyhow!("{name}: Field is mandatory. Give it with --set {name}=…");
    let secret = matches!(parameter.kind, Kind::Password | Kind::Pkey);
    let text = match (secret, std::io::stdin().is_terminal()) {
        (true, _) => read_secret(name, label)?,
        (false, true) => {
            eprint!("{label}: ");
            let mut line = String::new();
            std::io::stdin().read_line(&mut line)?;
            line.trim_end_matches(['\n', '\r']).to_owned()
        }
        (false, false) => return Err(missing()),
    };
    if text.is_empty() { Err(missing()) } else { Ok(Value::from(text)) }
}

#[cfg(test)]
mod tests {
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
    fn settings_are_keys_with_values() {
        let settings = |text: &str| Settings { set: vec![text.to_owned()], set_file: Vec::new() };
        let read = settings("a=b=c").read().unwrap();
        assert!(matches!(&read[..], [(key, Value::Text(text))] if key == "a" && &**text == "b=c"));
        assert!(settings("a").read().unwrap_err().to_string().contains("KEY=VALUE"));
    }
}
