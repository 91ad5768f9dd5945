use halyard_iml::{
    Context, Date, Environment, Error, Locale, Program, Seeded, Value, Zone,
    functions::{Function, catalogue},
    scope,
    syntax::{Diagnostic, Severity},
};
use serde::Deserialize;
use serde_json::{json, value::RawValue};

#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "lowercase")]
enum Request {
    Eval(Eval),
    Check { template: String },
    Functions,
}

#[derive(Deserialize)]
struct Eval {
    template: String,
    scope: Option<Value>,
    now: f64,
    seed: Option<f64>,
    zone: Option<String>,
    locale: Option<String>,
}

/// The answer to a request, both as JSON text.
#[must_use]
pub fn answer(request: &str) -> String {
    match serde_json::from_str(request) {
        Ok(Request::Eval(eval)) => evaluate(&eval),
        Ok(Request::Check { template }) => {
            let (_, said) = Program::template(&template, Context::default());
            json!({ "diagnostics": diagnostics(&said) }).to_string()
        }
        Ok(Request::Functions) => {
            let functions: Vec<_> = catalogue().iter().map(described).collect();
            json!({ "functions": functions }).to_string()
        }
        Err(error) => {
            json!({ "error": { "type": "input", "message": error.to_string() } }).to_string()
        }
    }
}

fn evaluate(eval: &Eval) -> String {
    let (program, said) = Program::template(&eval.template, Context::default());
    let diagnostics = diagnostics(&said);
    match value(eval, &program).and_then(|value| Ok((value.kind().name(), value.to_json()?))) {
        Ok((kind, text)) => {
            let value = RawValue::from_string(text).ok();
            #[derive(serde::Serialize)]
            struct Answer {
                #[serde(rename = "type")]
                kind: &'static str,
                value: Option<Box<RawValue>>,
                diagnostics: serde_json::Value,
            }
            serde_json::to_string(&Answer { kind, value, diagnostics }).unwrap_or_default()
        }
        Err(error) => {
            let span = error.span();
            let error = json!({
                "type": error.kind().name(),
                "message": error.to_string(),
                "function": error.function(),
                "argument": error.argument(),
                "start": span.map(|span| span.start),
                "end": span.map(|span| span.end),
            });
            json!({ "error": error, "diagnostics": diagnostics }).to_string()
        }
    }
}

fn value(eval: &Eval, program: &Program) -> Result<Value, Error> {
    let randomness = Seeded::new(eval.seed.unwrap_or(0.0).to_bits());
    let mut environment = Environment::new(Date::from_ms(eval.now as i64)?, &randomness);
    if let Some(zone) = eval.zone.as_deref().and_then(Zone::find) {
        environment.zone = zone;
    }
    if let Some(locale) = eval.locale.as_deref().and_then(Locale::find) {
        environment.locale = locale;
    }
    let roots = match &eval.scope {
        Some(Value::Collection(roots)) => scope(roots),
        _ => halyard_iml::Collection::default(),
    };
    program.evaluate(&roots, &environment)
}

fn diagnostics(said: &[Diagnostic]) -> serde_json::Value {
    said.iter()
        .map(|diagnostic| {
            let severity = if diagnostic.severity == Severity::Error { "error" } else { "warning" };
            json!({
                "severity": severity,
                "message": diagnostic.message,
                "start": diagnostic.span.start,
                "end": diagnostic.span.end,
            })
        })
        .collect()
}

fn described(function: &Function) -> serde_json::Value {
    json!({
        "name": function.name,
        "group": function.group.name(),
        "signature": function.signature(),
        "help": function.help,
        "core": function.core,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(request: &serde_json::Value) -> serde_json::Value {
        serde_json::from_str(&answer(&request.to_string())).unwrap()
    }

    #[test]
    fn requests_are_answered() {
        let mut request = json!({"do": "eval", "template": "Hi {{1.name}}", "now": 0});
        request["scope"] = json!({"1": {"name": "Ann"}});
        let answer = asked(&request);
        assert_eq!(answer, json!({"type": "text", "value": "Hi Ann", "diagnostics": []}));
        let failed = asked(&json!({"do": "eval", "template": "{{nope()}}", "now": 0}));
        assert_eq!(failed["error"]["type"], "unknown_function");
        let checked = asked(&json!({"do": "check", "template": "{{1 +}}"}));
        assert_eq!(checked["diagnostics"][0]["severity"], "error");
        let functions = asked(&json!({"do": "functions"}));
        assert!(functions["functions"].as_array().unwrap().len() >= 85);
        assert_eq!(asked(&json!({"do": "dance"}))["error"]["type"], "input");
    }
}
