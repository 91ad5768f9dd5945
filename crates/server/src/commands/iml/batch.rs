//! Many evaluations at once.

use std::{
    io::{BufWriter, Write as _},
    path::Path,
    process::ExitCode,
};

use anyhow::Context as _;
use halyard_iml::{Collection, Context, Program, Value, scope};
use serde::{Deserialize, Serialize};

use super::{
    environment::{Place, SystemRandomness, read},
    shown::{Failed, Typed},
};

#[derive(Deserialize)]
struct Case {
    #[serde(default)]
    id: serde_json::Value,
    expression: Option<String>,
    template: Option<String>,
    scope: Option<Value>,
    zone: Option<String>,
    locale: Option<String>,
    now: Option<String>,
}

#[derive(Serialize)]
struct Line {
    id: serde_json::Value,
    #[serde(flatten)]
    outcome: Outcome,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Outcome {
    Value(Typed),
    Failed(Failed),
}

/// Evaluates the cases of a file. That some of them fail is a result, too: the exit status tells
/// only whether the lines could be read.
pub(super) fn run(file: &Path, roots: &Collection, place: &Place) -> anyhow::Result<ExitCode> {
    let text = read(file)?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut readable = true;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let line = match serde_json::from_str::<Case>(line) {
            Ok(case) => evaluate(case, roots, place),
            Err(error) => {
                readable = false;
                let outcome = Outcome::Failed(Failed::input(format!("not a case: {error}")));
                Line { id: serde_json::Value::Null, outcome }
            }
        };
        writeln!(out, "{}", serde_json::to_string(&line)?).context("print the results")?;
    }
    out.flush().context("print the results")?;
    Ok(if readable { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn evaluate(case: Case, roots: &Collection, place: &Place) -> Line {
    let outcome = match outcome(&case, roots, place) {
        Ok(outcome) => outcome,
        Err(error) => Outcome::Failed(Failed::input(format!("{error:#}"))),
    };
    Line { id: case.id, outcome }
}

fn outcome(case: &Case, roots: &Collection, place: &Place) -> anyhow::Result<Outcome> {
    let own = Place { zone: case.zone.clone(), locale: case.locale.clone(), now: case.now.clone() };
    let randomness = SystemRandomness;
    let environment = own.or(place).environment(&randomness)?;
    let own_roots = match &case.scope {
        Some(Value::Collection(own)) => Some(scope(own)),
        None | Some(Value::Null) => None,
        Some(_) => anyhow::bail!("scope: not an object of roots"),
    };
    let (program, _) = match (&case.expression, &case.template) {
        (Some(source), None) => Program::expression(source, Context::default()),
        (None, Some(source)) => Program::template(source, Context::default()),
        _ => anyhow::bail!("a case has either an expression or a template"),
    };
    let value = program.evaluate(own_roots.as_ref().unwrap_or(roots), &environment);
    Ok(match value.and_then(|value| Typed::new(&value)) {
        Ok(value) => Outcome::Value(value),
        Err(error) => Outcome::Failed(Failed::new(&error)),
    })
}
