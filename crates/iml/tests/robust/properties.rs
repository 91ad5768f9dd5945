//! What must hold for every source and value: nothing panics, bounds are kept, results repeat, and
//! what is printed is read as the same.

use halyard_iml::{
    Bound, Context, ErrorKind, Limits, Program, Value,
    syntax::{Style, parse_expression, parse_template, print_expression, print_template},
};
use proptest::prelude::*;

use crate::support::{self, corpus, evaluate, evaluate_within, source};

pub(crate) fn returns(source: &str) {
    let (node, _) = parse_expression(source);
    for style in [Style::Scenario, Style::App] {
        let printed = print_expression(&node, style);
        let (again, _) = parse_expression(&printed);
        assert_eq!(again, node, "{source:?} is printed as {printed:?}");
        assert_eq!(print_expression(&again, style), printed);
    }
}

#[test]
fn the_corpus_returns() {
    for source in corpus() {
        returns(&source);
        let (template, _) = parse_template(&source);
        let printed = print_template(&template, Style::App);
        assert_eq!(parse_template(&printed).0, template, "{source:?} is printed as {printed:?}");
    }
}

#[test]
fn sources_that_were_found_return() {
    for source in
        ["map([{`a.b\\`: 1}]; 'a.b')", "{'`': 1, \"a'\\\"`\": 2}", "formatDate(x; (YYYY)-MM)"]
    {
        returns(source);
    }
}

#[test]
fn what_is_too_deep_is_an_error_and_not_a_crash() {
    for (open, close) in
        [("(", ")"), ("[", "]"), ("abs(", ")"), ("!", ""), ("-", ""), ("{a:", "}"), ("a[", "]")]
    {
        let source = format!("{}1{}", open.repeat(50_000), close.repeat(50_000));
        let result = evaluate(&source, false);
        assert_eq!(result.expect_err("too deep").kind(), ErrorKind::Syntax, "{open}");
    }
    let long = vec!["1"; 100_000].join(" + ");
    assert!(matches!(evaluate(&long, false), Ok(Value::Number(sum)) if sum == 100_000.0));
    let path = format!("a{}", ".b".repeat(100_000));
    assert!(matches!(evaluate(&path, false), Ok(Value::Undefined)));
}

#[test]
fn what_grows_without_end_stops_at_the_bound() {
    let mut source = "\"xxxxxxxxxx\"".to_owned();
    for _ in 0..30 {
        source = format!("replace({source}; \"x\"; \"xxxxxxxxxx\")");
    }
    let error = evaluate(&source, false).expect_err("too large");
    assert!(matches!(error.kind(), ErrorKind::Limit(Bound::Output | Bound::Steps)), "{error}");
    let hostile = [
        "replace(\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"; \"/(a|aa)+\\1$/\"; \"\")",
        "replace(\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"; \"/^(a+)+\\1?b/\"; \"\")",
    ];
    for source in hostile {
        match evaluate(source, false) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), ErrorKind::Limit(Bound::Steps), "{source}"),
        }
    }
    let tiny = Limits { steps: 20, output_bytes: 1000 };
    let long = vec!["1"; 100].join(" + ");
    let error = evaluate_within(&long, false, tiny).expect_err("too long");
    assert_eq!(error.kind(), ErrorKind::Limit(Bound::Steps));
    let error = evaluate_within("split(\"abcdefghijklmnopqrst\"; \"\")", false, tiny)
        .expect_err("too much");
    assert!(matches!(error.kind(), ErrorKind::Limit(_)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn generated_sources_return(source in source()) {
        returns(&source);
    }

    #[test]
    fn generated_sources_evaluate_and_repeat(source in source()) {
        let limits = Limits { steps: 200_000, output_bytes: 1 << 20 };
        let first = evaluate_within(&source, false, limits);
        let second = evaluate_within(&source, false, limits);
        match (first, second) {
            (Ok(first), Ok(second)) => {
                let (first, second) = (first.to_json(), second.to_json());
                if let Ok(text) = &first {
                    // What is produced costs at most a few times its size.
                    prop_assert!(text.len() < 8 << 20);
                }
                prop_assert_eq!(first, second);
            }
            (first, second) => prop_assert_eq!(first.err(), second.err()),
        }
    }

    #[test]
    fn any_text_is_a_template(source in "\\PC{0,60}|[{}'\"`a.()\\[\\];1 \\\\|&=!-]{0,60}") {
        let (template, _) = parse_template(&source);
        let whole: usize = template.parts.len();
        prop_assert!(whole <= source.len() + 1);
        let (program, _) = Program::template(&source, Context::default());
        drop(program);
        drop(evaluate(&source, true));
        returns(&source);
    }

    #[test]
    fn any_pattern_ends(pattern in "[ab(|)*+?.\\[\\]^$\\\\1{},-]{1,20}", text in "[ab\n-]{0,40}") {
        let source = format!("replace(\"{text}\"; `p`; \"<$&$1>\")");
        let roots = halyard_iml::Collection::of([("p", Value::from(format!("/{pattern}/g")))]);
        let limits = Limits { steps: 300_000, output_bytes: 1 << 20 };
        drop(support::evaluate_on(&source, false, limits, &roots));
    }

    #[test]
    fn any_date_format_and_text_end(format in "\\PC{0,20}|[YMDHhmsSAaZXxQWwEdGgkLlNyezo\\[\\] .:-]{0,20}", text in "\\PC{0,20}|[0-9 :+.TZapm-]{0,20}", ms in any::<i64>()) {
        let roots = halyard_iml::Collection::of([
            ("f", Value::from(format)),
            ("t", Value::from(text)),
            ("n", Value::Number(ms as f64 / 1000.0)),
        ]);
        for source in ["formatDate(`n`; `f`; \"Europe/Prague\")", "parseDate(`t`; `f`; \"America/St_Johns\")", "formatDate(`t`; `f`)"] {
            drop(support::evaluate_on(source, false, Limits::default(), &roots));
        }
    }
}
