//! Tests of functions.

use super::*;

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
