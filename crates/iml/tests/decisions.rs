//! What is decided about the original's open questions, each shown at work. The numbers are those of
//! the decision record. None of these tests mentions its constant: each fails when that is changed,
//! which `scripts/decisions.sh` proves.
#![cfg(test)]

use halyard_iml::{
    Collection, Context, Date, Environment, Error, Functions, Program, Result, Seeded, Value,
};

struct Host;

impl Functions for Host {
    fn call(&self, name: &str, arguments: &[Value], _: &Environment<'_>) -> Option<Result<Value>> {
        match name {
            "upper" => Some(Ok(Value::from("the host's"))),
            "double" => Some(match arguments {
                [Value::Number(number)] => Ok(Value::Number(number * 2.0)),
                _ => Err(Error::host("not a number")),
            }),
            _ => None,
        }
    }
}

fn value(source: &str, with_host: bool) -> String {
    let randomness = Seeded::new(1);
    let mut environment = Environment::new(Date::from_ms(0).expect("1970"), &randomness);
    let mut context = Context::default();
    if with_host {
        environment.functions = &Host;
        context.host_function = &|name| matches!(name, "upper" | "double");
    }
    let scope = r#"{"a": {"list": [{"x": 1}], "n": 1}, "none": null}"#;
    let roots = Value::scope_from_json(scope).expect("JSON");
    let (program, _) = Program::expression(source, context);
    match program.evaluate(&roots, &environment) {
        Ok(Value::Undefined) => "undefined".to_owned(),
        Ok(value) => value.to_json().expect("small"),
        Err(error) => error.to_string(),
    }
}

fn check(source: &str, expected: &str) {
    assert_eq!(value(source, false), expected, "{source}");
}

#[test]
fn q01_operators_bind_as_in_javascript() {
    check("1 + 2 * 3 = 7 & 2 < 1 + 2 | false", "true");
    check("10 - 4 - 3", "3");
    check("2 + 3 * 4", "14");
}

#[test]
fn q02_equality_is_strict() {
    check("1 = '1'", "false");
    check("null == undefined", "false");
}

#[test]
fn q03_truth_is_that_of_javascript() {
    check("[!0, !'', !'false', ![], !{}, !null]", "[true,true,false,false,false,true]");
}

#[test]
fn q04_arithmetic_is_that_of_doubles() {
    check("0.1 + 0.2", "0.30000000000000004");
}

#[test]
fn q05_a_backslash_escapes_the_quote_only() {
    check(r#""/\+/g""#, r#""/\\+/g""#);
    check(r"'it\'s'", r#""it's""#);
    check(r"'a\\b\n'", r#""a\\\\b\\n""#);
}

#[test]
fn q06_bare_words_are_text_in_arguments() {
    check("if(1 = 1; A; B)", r#""A""#);
    check("if(1 = 1; two words; B)", r#""two words""#);
    check("length(A)", "1");
    check("A", "undefined");
}

#[test]
fn q07_lists_have_literals() {
    check("{a: [1, 'x'], 'b c': {}}", r#"{"a":[1,"x"],"b c":{}}"#);
    check("[1, {b: 2}]", r#"[1,{"b":2}]"#);
}

#[test]
fn q08_an_array_has_no_properties() {
    check("a.list.x", "undefined");
    check("a.list[].x", "1");
}

#[test]
fn q09_lists_have_a_text_form() {
    check("'' + [1, 'a', [2, 3]]", r#""1,a,2,3""#);
    check("'' + {a: 1}", r#""{\"a\":1}""#);
}

#[test]
fn q10_base64url_converts_base64() {
    check("base64url('+/8=')", r#""-_8""#);
    check("base64url('not base64')", r#""bm90IGJhc2U2NA""#);
}

#[test]
fn q11_markdown_characters_become_entities() {
    let replaced: Vec<_> = (' '..='~')
        .filter(|c| !matches!(c, '"' | '\\'))
        .filter(|c| value(&format!("escapeMarkdown(\"{c}\")"), false) != format!("\"{c}\""))
        .collect();
    assert_eq!(String::from_iter(replaced), "!#()*+-.>[]_`{|}");
    check(r"escapeMarkdown('# \ ')", r#""&#35; &#92; ""#);
}

#[test]
fn q12_plain_text_is_replaced_everywhere() {
    check("replace('aba'; 'a'; 'x')", r#""xbx""#);
    check("replace('aba'; '/a/'; 'x')", r#""xba""#);
}

#[test]
fn q13_a_missing_date_is_undefined() {
    check("addDays(none; 1)", "undefined");
    check("formatDate(a.none; 'YYYY')", "undefined");
}

#[test]
fn q14_functions_of_the_host_come_first() {
    assert_eq!(value("upper('a')", true), r#""the host's""#);
    check("upper('a')", r#""A""#);
    assert_eq!(value("double(21)", true), "42");
    assert_eq!(value("double('x')", true), "Function 'double' finished with error! not a number");
}

#[test]
fn q15_halves_round_away_from_zero_in_decimal() {
    check("formatNumber(1.005; 2; '.'; '')", r#""1.01""#);
    check("formatNumber(-2.5; 0)", r#""-3""#);
}

#[test]
fn q16_what_is_not_finite_is_rendered_as_null() {
    check("1 / 0", "null");
    check("[0 / 0]", "[null]");
    check("'x' + 1 / 0", r#""x""#);
    check("formatNumber(-1 / 0; 2)", r#""""#);
    check("1 / 0 > 1", "true");
}

#[test]
fn q17_positions_are_code_units() {
    check("length('😀')", "2");
    check("indexOf('😀a'; 'a')", "2");
    check("indexOf('😀a'; 'a'; 3)", "-1");
    check("substring('😀a'; 2; 3)", r#""a""#);
}

#[test]
fn nothing_is_known_about_roots_without_a_scope() {
    let randomness = Seeded::new(1);
    let environment = Environment::new(Date::from_ms(0).expect("1970"), &randomness);
    let (program, said) = Program::template("{{a.b}}", Context::default());
    assert!(said.is_empty());
    let value = program.evaluate(&Collection::default(), &environment).expect("a value");
    assert!(value.is_undefined());
}
