//! Sources for tests: those of the cases, and generated ones.

use halyard_iml::{Context, Date, Environment, Limits, Program, Result, Roots, Seeded, Value};
use proptest::prelude::*;

use crate::files::FILES;

/// Every source in the tables of cases.
pub(crate) fn corpus() -> Vec<String> {
    let mut sources = Vec::new();
    for (_, text) in FILES {
        let parsed: toml::Value = toml::from_str(text).expect("TOML");
        let groups = parsed["group"].as_array().expect("groups");
        for case in groups.iter().flat_map(|group| group["cases"].as_array().expect("cases")) {
            let case = case.as_array().expect("a list");
            sources.push(case[case.len() - 2].as_str().expect("text").to_owned());
        }
    }
    sources.sort();
    assert!(sources.len() > 800);
    sources
}

/// The value of a source in a small scope.
pub(crate) fn evaluate(source: &str, is_template: bool) -> Result<Value> {
    evaluate_within(source, is_template, Limits::default())
}

pub(crate) fn evaluate_within(source: &str, is_template: bool, limits: Limits) -> Result<Value> {
    let scope = r#"{"1": {"a": 5, "l": ["p", "q", null], "t": "žluť 😀 text", "n": -2.5},
        "body": {"items": [{"n": 1, "s": "b"}, {"n": 2, "s": "A"}], "d": "2018-10-01T07:32:05.079Z"},
        "x": "12", "d": "2020-02-29T23:59:59.999Z"}"#;
    let roots = Value::scope_from_json(scope).expect("JSON");
    evaluate_on(source, is_template, limits, &roots)
}

pub(crate) fn evaluate_on(
    source: &str,
    is_template: bool,
    limits: Limits,
    roots: &dyn Roots,
) -> Result<Value> {
    let randomness = Seeded::new(3);
    let now = Date::from_ms(1_571_140_800_000).expect("2019");
    let mut environment = Environment::new(now, &randomness);
    environment.limits = limits;
    let (program, _) = if is_template {
        Program::template(source, Context::default())
    } else {
        Program::expression(source, Context::default())
    };
    program.evaluate(roots, &environment)
}

/// Sources that are mostly expressions.
pub(crate) fn source() -> impl Strategy<Value = String> {
    let names: Vec<&'static str> =
        halyard_iml::functions::catalogue().iter().map(|function| function.name).collect();
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("now".to_owned()),
        Just("emptyarray".to_owned()),
        Just("1.a".to_owned()),
        Just("1.l[-1]".to_owned()),
        Just("1.t".to_owned()),
        Just("body.items".to_owned()),
        Just("body.items[].s".to_owned()),
        Just("`1`".to_owned()),
        Just("d".to_owned()),
        Just("bare".to_owned()),
        Just("YYYY-MM-DD".to_owned()),
        Just("two words".to_owned()),
        "[0-9]{1,12}",
        "[0-9]{1,4}\\.[0-9]{1,4}",
        "'[a-zé😀 \\\\/]{0,6}'",
        "\"[a-z'`{}]{0,6}\"",
        "'[YMDHhms:. -]{1,10}'",
    ];
    let operators = prop::sample::select(vec![
        "+", "-", "*", "/", "%", "=", "==", "!=", "<", ">", "<=", ">=", "&", "&&", "|", "||",
        " and ", " or ",
    ]);
    let names = prop::sample::select(names);
    leaf.prop_recursive(5, 40, 4, move |inner| {
        prop_oneof![
            (inner.clone(), operators.clone(), inner.clone())
                .prop_map(|(a, operator, b)| format!("{a} {operator} {b}")),
            inner.clone().prop_map(|a| format!("({a})")),
            inner.clone().prop_map(|a| format!("!{a}")),
            inner.clone().prop_map(|a| format!("-{a}")),
            inner.clone().prop_map(|a| format!("1.l[{a}]")),
            prop::collection::vec(inner.clone(), 0..4).prop_map(|a| format!("[{}]", a.join(", "))),
            prop::collection::vec(inner.clone(), 0..3).prop_map(|a| {
                let entries: Vec<_> =
                    a.iter().enumerate().map(|(at, a)| format!("k{at}: {a}")).collect();
                format!("{{{}}}", entries.join(", "))
            }),
            (names.clone(), prop::collection::vec(inner, 0..4), any::<bool>()).prop_map(
                |(name, arguments, app)| {
                    format!("{name}({})", arguments.join(if app { ", " } else { ";" }))
                }
            ),
        ]
    })
}
