//! What is given and what comes back.

use super::*;

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
    let ms = run("return a instanceof Date && a.getTime()", std::slice::from_ref(&date));
    assert_eq!(ms, NOW.to_string());
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
