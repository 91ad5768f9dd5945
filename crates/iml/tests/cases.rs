//! Every function, operator and rule, by example: `cases/*.toml`.
//!
//! A file holds groups; a group has an optional `scope` (JSON), `zone`, `locale` and `now`, and
//! `cases`, each `[expression, expected]` or `["t", template, expected]`. Expected is JSON, or
//! `undefined`, `@2018-10-01T07:32:05.079Z` for a date, `#V29y` for a buffer, `!kind: words` for an
//! error whose message contains the words.
#![cfg(test)]

#[path = "cases/files.rs"]
mod files;

use base64::Engine as _;
use halyard_iml::{Context, Date, Environment, Locale, Program, Seeded, Value, Zone, functions};

struct Group {
    scope: String,
    zone: Option<String>,
    locale: Option<String>,
    now: String,
    cases: Vec<Vec<String>>,
}

fn groups(text: &str, file: &str) -> Vec<Group> {
    let parsed: toml::Value = toml::from_str(text).unwrap_or_else(|e| panic!("{file}: {e}"));
    let groups = parsed["group"].as_array().expect("groups");
    let field = |group: &toml::Value, name: &str| {
        group.get(name).map(|value| value.as_str().expect("text").to_owned())
    };
    groups
        .iter()
        .map(|group| Group {
            scope: field(group, "scope").unwrap_or_else(|| "{}".to_owned()),
            zone: field(group, "zone"),
            locale: field(group, "locale"),
            now: field(group, "now").unwrap_or_else(|| "2019-10-15T12:00:00Z".to_owned()),
            cases: group["cases"]
                .as_array()
                .expect("cases")
                .iter()
                .map(|case| {
                    let texts = case.as_array().expect("a list").iter();
                    texts.map(|text| text.as_str().expect("text").to_owned()).collect()
                })
                .collect(),
        })
        .collect()
}

fn shown(result: Result<Value, halyard_iml::Error>) -> String {
    match result {
        Ok(Value::Undefined) => "undefined".to_owned(),
        Ok(Value::Date(date)) => format!("@{}", date.to_iso()),
        Ok(Value::Buffer(bytes)) => {
            format!("#{}", base64::engine::general_purpose::STANDARD.encode(bytes))
        }
        Ok(value) => value.to_json().expect("small"),
        Err(error) => format!("!{}: {error}", error.kind().name()),
    }
}

fn run(group: &Group, is_template: bool, source: &str) -> String {
    let scope = Value::scope_from_json(&group.scope).expect("JSON");
    let randomness = Seeded::new(7);
    let now = Date::from_iso(&group.now).expect("a date");
    let mut environment = Environment::new(now, &randomness);
    if let Some(zone) = &group.zone {
        environment.zone = Zone::find(zone).expect("a zone");
    }
    if let Some(locale) = &group.locale {
        environment.locale = Locale::find(locale).expect("a locale");
    }
    let (program, _) = if is_template {
        Program::template(source, Context::default())
    } else {
        Program::expression(source, Context::default())
    };
    shown(program.evaluate(&scope, &environment))
}

#[test]
fn every_case_has_its_result() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for (file, text) in files::FILES {
        for group in groups(text, file) {
            for case in &group.cases {
                let (is_template, source, expected) = match case.as_slice() {
                    [source, expected] => (false, source, expected),
                    [kind, source, expected] if kind == "t" => (true, source, expected),
                    other => panic!("{file}: {other:?} is no case"),
                };
                let actual = run(&group, is_template, source);
                let right = if let Some((kind, words)) =
                    expected.strip_prefix('!').and_then(|e| e.split_once(": "))
                {
                    actual.starts_with(&format!("!{kind}: ")) && actual.contains(words)
                } else {
                    actual == *expected
                };
                count += 1;
                if !right {
                    wrong.push(format!("{file}: {source}\n   is {actual}\n  not {expected}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count > 800, "only {count} cases were found");
}

// Calls of a function in the sources, wherever they stand.
#[test]
fn every_function_has_cases() {
    let sources: Vec<String> = files::FILES
        .iter()
        .flat_map(|(file, text)| groups(text, file))
        .flat_map(|group| group.cases)
        .map(|case| case[case.len() - 2].clone())
        .collect();
    let few: Vec<_> = functions::catalogue()
        .iter()
        .filter(|function| {
            let call = format!("{}(", function.name);
            let calls = |source: &&String| {
                source
                    .match_indices(&call)
                    .any(|(at, _)| !source[..at].ends_with(|c: char| c.is_alphanumeric()))
            };
            sources.iter().filter(calls).count() < 6
        })
        .map(|function| function.name)
        .collect();
    assert!(few.is_empty(), "these have fewer than six cases: {few:?}");
    assert_eq!(functions::catalogue().iter().filter(|function| function.core).count(), 85);
    assert!(functions::catalogue().is_sorted_by_key(|function| function.name));
}
