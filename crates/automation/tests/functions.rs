#![cfg(test)]
//! Functions of apps: what they are given, what becomes of their results, and what they cannot do.

use std::{collections::BTreeMap, time::Duration};

use halyard_automation::apps::{
    Function,
    function::{ScriptLimits, Scripts, TestResult},
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

#[test]
fn values_come_and_go() {
    let as_json = [
        ("return a", json("null"), "null"),
        ("return a", json("true"), "true"),
        ("return a", json("-0.5"), "-0.5"),
        ("return a", json(r#""tęxt \u0000 😀""#), r#""tęxt \u0000 😀""#),
        ("return a", json(r#"[1,[2,"b"],{}]"#), r#"[1,[2,"b"],{}]"#),
        ("return a", json(r#"{"z":1,"a":{"y":2}}"#), r#"{"z":1,"a":{"y":2}}"#),
        ("return a === undefined", Value::Undefined, "true"),
        ("return [typeof a, Array.isArray(a)]", json("[1]"), r#"["object",true]"#),
        ("return {...a, c: undefined}", json(r#"{"b":1}"#), r#"{"b":1}"#),
        ("return a.hasOwnProperty('__proto__') && a.__proto__ === 5", own_proto(), "true"),
        ("return a", own_proto(), r#"{"__proto__":5}"#),
        ("return Object.keys(a)", json(r#"{"b":1,"10":2,"2":3}"#), r#"["2","10","b"]"#),
        ("return [1, undefined, null]", Value::Undefined, "[1,null,null]"),
        ("return [1n, 2n ** 64n]", Value::Undefined, r#"[1,"18446744073709551616"]"#),
        ("return new String('x')", Value::Undefined, r#""x""#),
        ("return {f() {}, s: Symbol('s'), g: () => 1}", Value::Undefined, "{}"),
        ("return NaN", Value::Undefined, "null"),
        ("return '\\ud83d|\\ude00'", Value::Undefined, "\"\u{fffd}|\u{fffd}\""),
        ("return new Map([[1, 2]])", Value::Undefined, "{}"),
        ("return new Date(NaN)", Value::Undefined, "null"),
    ];
    for (body, given, expected) in as_json {
        assert_eq!(run(body, &[given]), expected, "{body}");
    }
    assert_eq!(run("", &[]), "undefined");
    assert_eq!(run("return () => 1", &[]), "undefined");
    assert_eq!(run("return arguments.length", &[Value::Null, Value::Null]), "2");
}

fn own_proto() -> Value {
    Value::collection(Collection::of([("__proto__", Value::Number(5.0))]))
}

#[test]
fn dates_and_bytes_keep_their_types() {
    let date = Value::Date(Date::from_ms(NOW).unwrap());
    assert_eq!(run("return a instanceof Date && a.getTime()", &[date.clone()]), NOW.to_string());
    let same = called(&scripts(&[("f", "function f(a) { return {a} }")]), "f", &[date]).unwrap();
    let Value::Collection(same) = same else { panic!("a collection") };
    assert!(matches!(same.by_name("a"), Some(Value::Date(date)) if date.ms() == NOW));

    let bytes = Value::buffer([0, 255, 65]);
    let given = "return [Buffer.isBuffer(a), a instanceof Uint8Array, a.length, a.toString('hex')]";
    assert_eq!(run(given, std::slice::from_ref(&bytes)), r#"[true,true,3,"00ff41"]"#);
    for body in ["a", "new Uint8Array([0, 255, 65])", "new Uint8Array([0, 255, 65]).buffer"] {
        let code = format!("function f(a) {{ return {body} }}");
        let result = called(&scripts(&[("f", &code)]), "f", std::slice::from_ref(&bytes)).unwrap();
        assert!(matches!(result, Value::Buffer(bytes) if *bytes == [0, 255, 65]), "{body}");
    }
}

#[test]
fn buffers_are_those_of_node() {
    let cases = [
        ("Buffer.from('aé').length", "3"),
        ("Buffer.from('aGk=', 'base64').toString()", r#""hi""#),
        ("Buffer.from('hi?>').toString('base64')", r#""aGk/Pg==""#),
        ("Buffer.from('hi?>').toString('base64url')", r#""aGk_Pg""#),
        ("Buffer.from([104, 105]).toString()", r#""hi""#),
        ("Buffer.concat([Buffer.from('a'), Buffer.from('bc')]).toString()", r#""abc""#),
        ("Buffer.concat([Buffer.from('ab'), Buffer.from('cd')], 3).toString()", r#""abc""#),
        ("Buffer.alloc(3, 'ab').toString()", r#""aba""#),
        ("Buffer.from('abc').slice(1).toString('utf8')", r#""bc""#),
        ("Buffer.from('abc').equals(Buffer.from('abc'))", "true"),
        ("Buffer.compare(Buffer.from('a'), Buffer.from('b'))", "-1"),
        ("JSON.stringify(Buffer.from('a'))", r#""{\"type\":\"Buffer\",\"data\":[97]}""#),
        ("Buffer.byteLength('é')", "2"),
        ("Buffer.from('ff00', 'hex').readUInt16BE(0)", "65280"),
        ("Buffer.from('abcabc').indexOf('ca')", "2"),
        ("Buffer.isEncoding('latin1') && !Buffer.isEncoding('klingon')", "true"),
    ];
    for (expression, expected) in cases {
        assert_eq!(run(&format!("return {expression}"), &[]), expected, "{expression}");
    }
    assert_eq!(
        run("return Buffer.from('a', 'klingon')", &[]),
        "Function 'f' finished with error! TypeError: Unknown encoding: klingon"
    );
}

#[test]
fn expressions_call_functions_and_functions_call_expressions() {
    let scripts = scripts(&[
        ("double", "function double(x) { return iml.plain(x) * 2 }"),
        ("plain", "const plain = (x) => iml.parseNumber(x, '.')"),
        ("zone", "function zone() { return this.timezone }"),
        ("zoneOfOther", "function zoneOfOther() { return iml.zone() }"),
        ("upper", "function upper(x) { return '<' + x + '>' }"),
        ("named", "/* function no */ function other(x) { return x + 1 }"),
        ("anonymous", "(x) => x + 2;\n"),
        ("class", "function klass() { return 'class' }"),
    ]);
    let randomness = Seeded::new(1);
    let mut environment = Environment::new(Date::from_ms(NOW).unwrap(), &randomness);
    environment.functions = &scripts;
    environment.zone = Zone::find("Asia/Tokyo").unwrap();
    for (source, expected) in [
        ("{{double('21.5')}}", "43"),
        ("{{double(body.n) + 1}}", "11"),
        ("{{zone()}}", "\"Asia/Tokyo\""),
        ("{{zoneOfOther()}}", "\"Asia/Tokyo\""),
        ("{{upper('x')}}", "\"<x>\""),
        ("{{named(1)}}", "2"),
        ("{{anonymous(1)}}", "3"),
        ("{{class()}}", "\"class\""),
    ] {
        let known = |name: &str| scripts.has(name);
        let context = Context { host_function: &known, ..Context::default() };
        let (program, _) = Program::template(source, context);
        let body = Collection::of([("n", Value::from("5"))]);
        let roots = Collection::of([("body", Value::collection(body))]);
        let value = program.evaluate(&roots, &environment).unwrap();
        assert_eq!(value.to_json().unwrap(), expected, "{source}");
    }
    let (program, _) = Program::template("{{nobody()}}", Context::default());
    let failed = program.evaluate(&Collection::default(), &environment).unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::UnknownFunction);
}

#[test]
fn every_built_in_function_is_there() {
    let names: Vec<Value> =
        functions::catalogue().iter().map(|function| Value::from(function.name)).collect();
    assert!(names.len() > 60);
    let names = Value::array(names);
    assert_eq!(run("return a.filter((name) => typeof iml[name] !== 'function')", &[names]), "[]");
    for (expression, expected) in [
        ("iml['if'](1 > 0, 'yes', 'no')", r#""yes""#),
        ("iml.ifempty('', 'else')", r#""else""#),
        ("iml['switch']('b', 'a', 1, 'b', 2, 3)", "2"),
        ("iml.length([1, 2])", "2"),
        ("iml.get({a: [{b: 5}]}, 'a[1].b')", "5"),
        (
            "iml.formatDate(iml.parseDate('2016-12-28 17:04', 'YYYY-MM-DD HH:mm'), 'X')",
            r#""1482941040""#,
        ),
        ("iml.parseDate('2016-12-28', 'YYYY-MM-DD') instanceof Date", "true"),
        ("iml.base64(Buffer.from('hi'))", r#""aGk=""#),
        ("'upper' in iml && !('nothing' in iml)", "true"),
        ("iml.nothing === undefined", "true"),
        ("(() => { try { iml.upper = 1 } catch {} return iml.upper('a') })()", r#""A""#),
    ] {
        assert_eq!(run(&format!("return {expression}"), &[]), expected, "{expression}");
    }
    assert_eq!(
        run("return iml.parseDate('x', 'YYYY')", &[])
            .starts_with("Function 'f' finished with error! Function 'parseDate' finished"),
        true
    );
    assert_eq!(
        run("try { iml.parseNumber({}) } catch (e) { return e instanceof Error }", &[]),
        "true"
    );
}

#[test]
fn the_clock_and_random_numbers_are_those_of_the_evaluation() {
    let cases = [
        ("Date.now()", "1482941046372"),
        ("new Date().toISOString()", r#""2016-12-28T16:04:06.372Z""#),
        ("Date().slice(0, 15)", r#""Wed Dec 28 2016""#),
        ("new Date(2016, 11, 28, 5).toISOString()", r#""2016-12-28T05:00:00.000Z""#),
        ("new Date('2016-12-28T05:00:00').toISOString()", r#""2016-12-28T05:00:00.000Z""#),
        ("new Date('2016-12-28T05:00:00+02:00').toISOString()", r#""2016-12-28T03:00:00.000Z""#),
        ("new Date('2016-12-28').toISOString()", r#""2016-12-28T00:00:00.000Z""#),
        ("new Date('Dec 28, 2016 05:00 PM').toISOString()", r#""2016-12-28T17:00:00.000Z""#),
        ("Date.parse('2016-12-28 05:00')", "1482901200000"),
        ("[new Date().getHours(), new Date().getTimezoneOffset()]", "[16,0]"),
        (
            "(() => { const d = new Date(0); d.setHours(5); return d.toISOString() })()",
            r#""1970-01-01T05:00:00.000Z""#,
        ),
        (
            "String(new Date())",
            r#""Wed Dec 28 2016 16:04:06 GMT+0000 (Coordinated Universal Time)""#,
        ),
        ("new Date().toLocaleString()", r#""12/28/2016, 4:04:06 PM""#),
        ("new Date() instanceof Date && Date.prototype.constructor === Date", "true"),
        ("class_(new (class Own extends Date {})())", r#""Own""#),
        ("typeof performance", r#""undefined""#),
    ];
    for (expression, expected) in cases {
        let body = format!("const class_ = (x) => x.constructor.name; return {expression}");
        assert_eq!(run(&body, &[]), expected, "{expression}");
    }
    let twice = "return [Math.random(), Math.random(), Math.random()]";
    let numbers = run(twice, &[]);
    assert_eq!(numbers, run(twice, &[]));
    let Value::Array(numbers) = json(&numbers) else { panic!("an array") };
    assert!(numbers.iter().all(|n| matches!(n, Value::Number(n) if (0.0..1.0).contains(n))));
    assert!(!matches!((&numbers[0], &numbers[1]), (Value::Number(a), Value::Number(b)) if a == b));
}

#[test]
fn nothing_of_the_machine_is_there() {
    for name in [
        "require",
        "process",
        "fetch",
        "setTimeout",
        "setInterval",
        "XMLHttpRequest",
        "console",
        "std",
        "os",
        "module",
        "exports",
        "global",
        "WebAssembly",
        "navigator",
        "scriptArgs",
        "print",
        "gc",
        "performance",
        "Worker",
    ] {
        assert_eq!(run(&format!("return typeof {name}"), &[]), r#""undefined""#, "{name}");
    }
    let imported = run("return import('fs')", &[]);
    assert!(imported.starts_with("Function 'f' finished with error!"), "{imported}");
    let required = run("return eval('import.meta')", &[]);
    assert!(required.starts_with("Function 'f' finished with error!"), "{required}");
}

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

#[test]
fn a_call_leaves_nothing_behind() {
    let scripts = scripts(&[
        (
            "pollute",
            "function pollute() {
                Object.prototype.evil = 1; Array.prototype.map = () => 'evil';
                String.prototype.toUpperCase = () => 'evil'; Date.now = () => 0;
                JSON.stringify = () => 'evil'; globalThis.evil = 1; leaked = 1;
                Function.prototype.call = () => 'evil'; Object.keys = () => ['evil'];
                Reflect.apply = () => 'evil'; Symbol.iterator = 'evil';
                Array.prototype[Symbol.iterator] = function* () { yield 'evil' };
                iml = {upper: () => 'evil'}; Buffer.from = () => 'evil';
                return {a: [1, 2]}
            }",
        ),
        (
            "look",
            "function look() {
                return [({}).evil, [1].map((x) => x + 1), 'a'.toUpperCase(), typeof evil,
                    typeof leaked, JSON.stringify({}), iml.upper('a'), Date.now() > 0]
            }",
        ),
        ("count", "let n = 0; function count() { n += 1; return n }"),
    ]);
    assert_eq!(called(&scripts, "pollute", &[]).unwrap().to_json().unwrap(), r#"{"a":[1,2]}"#);
    let seen = called(&scripts, "look", &[]).unwrap().to_json().unwrap();
    assert_eq!(seen, r#"[null,[2],"A","undefined","undefined","{}","A",true]"#);
    for _ in 0..2 {
        assert_eq!(called(&scripts, "count", &[]).unwrap().to_json().unwrap(), "1");
    }
}

#[test]
fn calls_at_the_same_time_do_not_touch_each_other() {
    let scripts = limited(
        &[
            ("loop", "function loop() { while (true) {} }"),
            ("eat", "function eat() { const a = []; while (true) a.push(a.slice()) }"),
            ("add", "function add(a, b) { return a + b }"),
        ],
        ScriptLimits { time: Duration::from_secs(2), ..ScriptLimits::default() },
    );
    std::thread::scope(|scope| {
        let loops = scope.spawn(|| kind(&scripts, "loop"));
        let eats = scope.spawn(|| kind(&scripts, "eat"));
        for at in 0..20 {
            let sum = called(&scripts, "add", &[Value::from(f64::from(at)), Value::from(1.0)]);
            assert_eq!(sum.unwrap().to_json().unwrap(), (at + 1).to_string());
        }
        assert!(matches!(loops.join().unwrap(), ErrorKind::Limit(_)));
        assert!(matches!(eats.join().unwrap(), ErrorKind::Limit(_)));
    });
}

fn tested(code: &str, test: &str) -> Vec<TestResult> {
    let function = Function { code: code.into(), test: Some(test.into()) };
    let functions = BTreeMap::from([
        ("f".to_owned(), function),
        ("other".to_owned(), Function { code: "function other() { return 4 }".into(), test: None }),
    ]);
    let limits = ScriptLimits { time: Duration::from_secs(1), ..ScriptLimits::default() };
    let scripts = Scripts::with_limits(&functions, limits);
    in_environment(|environment| scripts.test("f", environment)).unwrap()
}

#[test]
fn functions_have_tests() {
    let results = tested(
        "function f(a) { return a * 2 }",
        "
        it('doubles', () => { assert.strictEqual(f(2), 4); assert.equal(f('2'), '4'); assert(f(1)); });
        it('fails', () => { assert.strictEqual(f(2), 5); });
        it('compares', () => {
            assert.deepEqual({a: [1, new Date(5)]}, {a: ['1', new Date(5)]});
            assert.deepStrictEqual([{a: NaN}], [{a: NaN}]);
            assert.notDeepStrictEqual({a: 1}, {a: '1'});
            assert.throws(() => assert.deepStrictEqual({a: 1}, {a: '1'}), /not exactly like/);
            assert.throws(() => { throw new TypeError('x') }, TypeError);
            assert.throws(() => { throw new TypeError('x') }, {message: 'x'});
            assert.doesNotThrow(() => 1);
            assert.match('abc', /b/);
        });
        it('reaches the rest', () => {
            assert.equal(iml.upper('a'), 'A');
            assert.equal(iml.other(), 4);
            assert.equal(iml.f(2), 4);
            assert.equal(environment.timezone, 'Europe/Prague');
        });
        it('waits', async () => { await null; assert.fail('after a while'); });
        it('throws anything', () => { throw {a: 1} });
        ",
    );
    let told: Vec<_> =
        results.iter().map(|result| (result.name.as_str(), result.failure.as_deref())).collect();
    assert_eq!(
        told,
        [
            ("doubles", None),
            ("fails", Some("AssertionError: 4 is not 5.")),
            ("compares", None),
            ("reaches the rest", None),
            ("waits", Some("AssertionError: after a while")),
            ("throws anything", Some("Thrown: {\"a\":1}")),
        ]
    );
}

#[test]
fn tests_that_do_not_end_have_failed() {
    let results =
        tested("function f() {}", "it('ends', () => {}); it('loops', () => { while (true) {} })");
    assert_eq!(results.len(), 2);
    assert_eq!(results[0].failure, None);
    assert_eq!(results[1].failure.as_deref(), Some("It did not come to an end."));

    let function = Function { code: "function f() {}".into(), test: Some("it('x'".into()) };
    let scripts = Scripts::new(&BTreeMap::from([("f".to_owned(), function)]));
    let failed = in_environment(|environment| scripts.test("f", environment)).unwrap_err();
    assert!(failed.cause().starts_with("SyntaxError"), "{failed}");
    let none = in_environment(|environment| scripts.test("g", environment)).unwrap_err();
    assert_eq!(none.cause(), "There is no function 'g'.");
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
