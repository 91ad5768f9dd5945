//! Time, memory, depth and size.

use super::*;

#[test]
fn what_runs_forever_ends() {
    let bodies = [
        "while (true) {}",
        "for (;;) { try { while (true) {} } finally { continue } }",
        "try { while (true) {} } catch { return 1 }",
        "const g = () => { try { while (true) {} } finally { g() } }; g()",
        "return {get a() { while (true) {} }}",
        "return new Proxy({}, {ownKeys() { while (true) {} }})",
        "return (async () => { while (true) await null })()",
        "const again = () => Promise.resolve().then(again); return again()",
        "throw {get message() { while (true) {} }}",
        "/(a*)*b/.test('a'.repeat(100))",
        "while (true) iml.upper('a')",
        "[...function* () { while (true) yield }()].length",
    ];
    for body in bodies {
        let code = format!("function f() {{ {body} }}");
        let error = called(&limited(&[("f", &code)], short()), "f", &[]).expect_err(body);
        let limit = matches!(error.kind(), ErrorKind::Limit(_));
        assert!(limit, "{body}: {error}");
    }
    let error = called(&limited(&[("f", "function f() { while (true) {} }")], short()), "f", &[]);
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit(Bound::Steps));
    assert_eq!(error.to_string(), "Function 'f' finished with error! It takes longer than 0.3 s.");
}

#[test]
fn what_cannot_be_interrupted_is_left_alone_up_to_a_number() {
    // The engine looks for an element without ever asking whether to go on.
    let stuck = "function f() { return 'a'.repeat(4e6).indexOf('a'.repeat(2e6) + 'b') }";
    let scripts = limited(&[("f", stuck), ("g", "function g() { return 1 }")], short());
    for _ in 0..3 {
        assert_eq!(kind(&scripts, "f"), ErrorKind::Limit(Bound::Steps));
    }
    let refused = called(&scripts, "g", &[]).unwrap_err();
    assert_eq!(
        refused.cause(),
        "Functions of the app are still busy with calls that were given up."
    );
    // Another app is not concerned.
    assert_eq!(run("return 1", &[]), "1");
}

#[test]
fn memory_and_depth_have_limits() {
    let limits = ScriptLimits { memory: 16 * 1024 * 1024, ..ScriptLimits::default() };
    let memory = [
        "const all = []; while (true) all.push(new Array(1000).fill(all.length))",
        "let s = 'x'; while (true) s += s",
        "return 'x'.repeat(1e9)",
        "return new Uint8Array(1e9)",
        "const o = {}; for (let i = 0; ; i += 1) o['k' + i] = i",
        "return new Array(1e8).fill(0)",
        "let a = []; while (true) a = [a]",
        "const m = new Map(); while (true) m.set({}, {})",
    ];
    for body in memory {
        let code = format!("function f() {{ {body} }}");
        let error = called(&limited(&[("f", &code)], limits), "f", &[]).expect_err(body);
        assert_eq!(error.kind(), ErrorKind::Limit(Bound::Output), "{body}: {error}");
        assert_eq!(error.cause(), "It needs more than 16 MiB of memory.", "{body}");
    }
    let depth = [
        "return f()",
        "const g = (n) => n + g(n + 1); return g(0)",
        "let s = '['.repeat(1e5); return JSON.parse(s)",
        "const p = new Proxy({}, {get: (t, k, r) => r[k]}); return p.x",
        "return iml.f()",
    ];
    for body in depth {
        let code = format!("function f() {{ {body} }}");
        let error = called(&limited(&[("f", &code)], limits), "f", &[]).expect_err(body);
        let stopped = error.kind() == ErrorKind::Limit(Bound::Depth)
            || error.cause().starts_with("SyntaxError");
        assert!(stopped, "{body}: {error}");
    }
}

#[test]
fn results_have_limits() {
    let cases = [
        ("const a = {}; a.a = a; return a", Bound::Depth),
        ("const a = []; a.push(a); return a", Bound::Depth),
        ("let a = {}; for (let i = 0; i < 60; i += 1) a = {x: a, y: a}; return a", Bound::Output),
        ("const a = []; a.length = 2 ** 32 - 1; return a", Bound::Output),
        ("return new Proxy([], {get: (t, k) => k === 'length' ? 2 ** 50 : 1})", Bound::Output),
        ("return new Proxy([], {get: (t, k) => k === 'length' ? NaN : 1})", Bound::Output),
        ("const s = 'x'.repeat(1e7); return [s, s, s, s, s, s, s, s]", Bound::Output),
        (
            "return new Proxy({}, {ownKeys: () => ['a'], getOwnPropertyDescriptor: () => ({value: 1, enumerable: true, configurable: true}), get: (t, k, r) => r})",
            Bound::Depth,
        ),
    ];
    for (body, bound) in cases {
        let code = format!("function f() {{ {body} }}");
        let error = called(&scripts(&[("f", &code)]), "f", &[]).expect_err(body);
        assert_eq!(error.kind(), ErrorKind::Limit(bound), "{body}: {error}");
    }
    let mut deep = Value::Null;
    for _ in 0..300 {
        deep = Value::array(vec![deep]);
    }
    let error = called(&scripts(&[("f", "function f(a) { return 1 }")]), "f", &[deep]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit(Bound::Depth));
}
