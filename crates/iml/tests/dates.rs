//! Dates beside an independent implementation: `dates/dates.tsv` holds what moment-timezone makes of
//! 300 cases in many zones and languages. Where node and that package are present, the table itself
//! is compared with what they print now.
#![cfg(test)]

use std::{path::Path, process::Command};

use halyard_iml::{Collection, Context, Date, Environment, Locale, Program, Seeded, Value, Zone};

const TABLE: &str = include_str!("dates/dates.tsv");

fn result(kind: &str, zone: &str, locale: &str, input: &str, argument: &str) -> String {
    let randomness = Seeded::new(1);
    let now = Date::from_iso("2019-10-15T12:00:00Z").expect("a date");
    let mut environment = Environment::new(now, &randomness);
    environment.zone = Zone::find(zone).expect("a zone");
    environment.locale = Locale::find(locale).expect("a locale");
    assert_eq!(environment.locale.id(), locale);
    let roots = Collection::of([("i", Value::from(input)), ("a", Value::from(argument))]);
    let source = match kind {
        "format" => "formatDate(`i`; `a`)".to_owned(),
        "parse" => "parseDate(`i`; `a`)".to_owned(),
        change => format!("{change}(`i`; `a`)"),
    };
    let (program, _) = Program::expression(&source, Context::default());
    match program.evaluate(&roots, &environment) {
        Ok(Value::Text(text)) => text.to_string(),
        Ok(Value::Date(date)) => date.to_iso(),
        Ok(other) => format!("{other:?}"),
        Err(_) => "none".to_owned(),
    }
}

#[test]
fn dates_are_those_of_moment() {
    let mut wrong = Vec::new();
    for line in TABLE.lines() {
        let [kind, zone, locale, input, argument, expected] =
            line.split('\t').collect::<Vec<_>>()[..]
        else {
            panic!("six columns: {line}");
        };
        let actual = result(kind, zone, locale, input, argument);
        if actual != expected {
            wrong.push(format!("{line}\n   is {actual}"));
        }
    }
    assert_eq!(TABLE.lines().count(), 300);
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_table_is_what_moment_prints() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dates/generate.cjs");
    let generated = Command::new("node").arg(script).output();
    let printed = match generated {
        Ok(output) if output.status.success() => output.stdout,
        Ok(output) if String::from_utf8_lossy(&output.stderr).contains("MODULE_NOT_FOUND") => {
            println!("moment-timezone is not installed: the committed table stands for it");
            return;
        }
        Ok(output) => panic!("{}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => {
            println!("node is not installed ({error}): the committed table stands for it");
            return;
        }
    };
    assert_eq!(String::from_utf8(printed).expect("text").trim_end(), TABLE.trim_end());
}
