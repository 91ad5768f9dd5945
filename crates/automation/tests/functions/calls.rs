//! Functions and expressions that call each other; clock and random numbers.

use super::*;

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
    let failed = run("return iml.parseDate('x', 'YYYY')", &[]);
    let expected = "Function 'f' finished with error! Function 'parseDate' finished";
    assert!(failed.starts_with(expected), "{failed}");
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
