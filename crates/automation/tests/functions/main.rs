//! Functions of apps: what they are given, what becomes of their results, and what they cannot do.
#![cfg(test)]

mod calls;
mod failures;
mod isolation;
mod limits;
mod tests;
mod values;

use std::{collections::BTreeMap, time::Duration};

use halyard_automation::apps::{
    Function,
    function::{ScriptLimits, Scripts, TestResult, mark_shared_thread},
};
use halyard_iml::{
    Bound, Collection, Context, Date, Environment, ErrorKind, Functions, Program, Seeded, Value,
    Zone, functions,
};

const NOW: i64 = 1_482_941_046_372; // 2016-12-28T16:04:06.372Z, a Wednesday

fn scripts(codes: &[(&str, &str)]) -> Scripts {
    limited(codes, ScriptLimits::default())
}

fn limited(codes: &[(&str, &str)], limits: ScriptLimits) -> Scripts {
    let functions: BTreeMap<_, _> = codes
        .iter()
        .map(|(name, code)| ((*name).to_owned(), Function { code: (*code).into(), test: None }))
        .collect();
    Scripts::with_limits(&functions, limits)
}

fn short() -> ScriptLimits {
    ScriptLimits { time: Duration::from_millis(300), ..ScriptLimits::default() }
}

fn in_environment<T>(act: impl FnOnce(&Environment<'_>) -> T) -> T {
    let randomness = Seeded::new(7);
    let mut environment = Environment::new(Date::from_ms(NOW).unwrap(), &randomness);
    environment.zone = Zone::find("Europe/Prague").unwrap();
    act(&environment)
}

fn called(scripts: &Scripts, name: &str, arguments: &[Value]) -> Result<Value, halyard_iml::Error> {
    in_environment(|environment| scripts.call(name, arguments, environment).expect("it exists"))
}

/// The result of a function's body with the arguments `a` and `b`, as JSON, or the error.
fn run(body: &str, arguments: &[Value]) -> String {
    let code = format!("function f(a, b) {{ {body} }}");
    match called(&scripts(&[("f", &code)]), "f", arguments) {
        Ok(Value::Undefined) => "undefined".to_owned(),
        Ok(value) => value.to_json().unwrap(),
        Err(error) => error.to_string(),
    }
}

fn kind(scripts: &Scripts, name: &str) -> ErrorKind {
    called(scripts, name, &[]).expect_err("it must fail").kind()
}

fn json(text: &str) -> Value {
    Value::from_json(text).unwrap()
}

/// Prints what a call costs; `cargo test -p halyard-automation --test functions -- --ignored cost`.
#[test]
#[ignore = "a measurement"]
fn cost_of_a_call() {
    let scripts = scripts(&[
        ("add", "function add(a, b) { return a + b }"),
        ("upper", "function upper(a) { return iml.lower(a) }"),
        ("same", "function same(a) { return a }"),
    ]);
    let rows: Vec<Value> =
        (0..1000).map(|at| json(&format!(r#"{{"id":{at},"name":"n{at}"}}"#))).collect();
    let calls: [(&str, Vec<Value>); 3] = [
        ("add", vec![Value::from(1.0), Value::from(2.0)]),
        ("upper", vec![Value::from("A")]),
        ("same", vec![Value::array(rows)]),
    ];
    for (name, arguments) in calls {
        let start = std::time::Instant::now();
        for _ in 0..500 {
            called(&scripts, name, &arguments).unwrap();
        }
        println!("{name}: {:?} a call", start.elapsed() / 500);
    }
}
