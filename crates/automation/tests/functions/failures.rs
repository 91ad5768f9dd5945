//! What goes wrong, as it is told.

use super::*;

#[test]
fn what_is_thrown_is_told() {
    let cases = [
        ("throw new Error('too bad')", "too bad"),
        ("throw new TypeError('wrong')", "TypeError: wrong"),
        ("null.x", "TypeError: cannot read property 'x' of null"),
        ("nobody()", "ReferenceError: nobody is not defined"),
        ("throw 'a text'", "a text"),
        ("throw {code: 5}", "Thrown: {\"code\":5}"),
        // As the engine does when it has no memory left for an error.
        ("throw null", "It needs more than 64 MiB of memory."),
        ("throw undefined", "Thrown: undefined"),
        ("throw new Error()", "Error"),
        ("throw {get message() { throw 1 }}", "Something was thrown that cannot be shown."),
        (
            "const e = new Error('x'); Object.defineProperty(e, 'message', {get() { throw 1 }}); throw e",
            "Error",
        ),
        (
            "throw new Proxy({}, {get() { throw 1 }, ownKeys() { throw 2 }})",
            "Something was thrown that cannot be shown.",
        ),
        ("return new Proxy({}, {ownKeys() { throw new Error('no keys') }})", "no keys"),
        ("return {get a() { throw new Error('no a') }}", "no a"),
        ("return Promise.reject(new Error('later'))", "later"),
        ("return new Promise(() => {})", "A promise is never kept."),
        ("throw 'x'.repeat(5000)", &format!("{}…", "x".repeat(2000))),
    ];
    for (body, expected) in cases {
        let expected = format!("Function 'f' finished with error! {expected}");
        assert_eq!(run(body, &[]), expected, "{body}");
    }
    let error = called(&scripts(&[("f", "function f() { throw new Error('x') }")]), "f", &[]);
    let error = error.unwrap_err();
    assert_eq!((error.kind(), error.function(), error.cause()), (ErrorKind::Host, Some("f"), "x"));
}

#[test]
fn promises_are_waited_for() {
    assert_eq!(run("return (async () => (await 1) + (await Promise.resolve(2)))()", &[]), "3");
    let code =
        "async function f(a) { const all = await Promise.all([a, iml.upper('b')]); return all }";
    let result = called(&scripts(&[("f", code)]), "f", &[Value::from("a")]).unwrap();
    assert_eq!(result.to_json().unwrap(), r#"["a","B"]"#);
}

#[test]
fn code_that_is_no_function() {
    for (code, expected) in [
        ("function f( {", "SyntaxError"),
        ("5", "not a function"),
        ("", ""),
        ("throw new Error('at once')", "at once"),
    ] {
        let failed = called(&scripts(&[("f", code)]), "f", &[]).expect_err(code).to_string();
        assert!(failed.contains(expected), "{code:?}: {failed}");
    }
    let long = format!("function f() {{ return 1 }} {}", " ".repeat(5000));
    let scripts =
        scripts(&[("f", &long), ("good", "function good() {}"), ("bad", "function bad( {")]);
    let failed = called(&scripts, "f", &[]).unwrap_err();
    assert_eq!(failed.cause(), "The code has 5026 characters; 5000 are allowed.");
    let problems = in_environment(|environment| scripts.problems(environment));
    let names: Vec<_> = problems.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["bad", "f"]);
}
