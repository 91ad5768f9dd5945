// What the tests of a function find beside the function: `it`, `assert`, `environment`.
(function (host, report, wait) {
  'use strict';
  const shown = (value) => {
    try {
      const json = JSON.stringify(value);
      return json === undefined ? String(value) : json;
    } catch {
      return String(value);
    }
  };

  class AssertionError extends Error {
    constructor(message, actual, expected) {
      super(message);
      this.name = 'AssertionError';
      this.actual = actual;
      this.expected = expected;
    }
  }

  function check(holds, message, usual, actual, expected) {
    if (holds) return;
    if (message instanceof Error) throw message;
    throw new AssertionError(message === undefined ? usual() : String(message), actual, expected);
  }

  const primitive = (value) => value === null || (typeof value !== 'object' && typeof value !== 'function');
  const sameLoosely = (a, b) => a == b || (a !== a && b !== b);

  function alike(a, b, strict, seen = []) {
    if (primitive(a) || primitive(b)) {
      if (strict) return Object.is(a, b);
      return primitive(a) && primitive(b) && sameLoosely(a, b);
    }
    if (a === b) return true;
    if (typeof a === 'function' || typeof b === 'function') return false;
    if (strict && Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
    if (Array.isArray(a) !== Array.isArray(b)) return false;
    if (a instanceof Date || b instanceof Date) {
      return a instanceof Date && b instanceof Date && Object.is(a.getTime(), b.getTime());
    }
    if (a instanceof RegExp || b instanceof RegExp) return String(a) === String(b);
    if (a instanceof Error && b instanceof Error) return a.name === b.name && a.message === b.message;
    if (seen.some(([x, y]) => x === a && y === b)) return true;
    const deeper = [...seen, [a, b]];
    if (a instanceof Map && b instanceof Map) {
      return a.size === b.size && [...a].every(([key, value]) => b.has(key) && alike(value, b.get(key), strict, deeper));
    }
    if (a instanceof Set && b instanceof Set) {
      return a.size === b.size
        && [...a].every((value) => b.has(value) || [...b].some((other) => alike(value, other, strict, deeper)));
    }
    const names = Object.keys(a);
    return names.length === Object.keys(b).length
      && names.every((key) => Object.prototype.hasOwnProperty.call(b, key) && alike(a[key], b[key], strict, deeper));
  }

  const fits = (error, wanted) => {
    if (wanted === undefined) return true;
    if (wanted instanceof RegExp) return wanted.test(String(error));
    if (typeof wanted === 'function') {
      if (wanted.prototype !== undefined && error instanceof wanted) return true;
      if (Error.isPrototypeOf(wanted) || wanted === Error) return false;
      return wanted(error) === true;
    }
    return Object.keys(wanted).every((key) => {
      const expected = wanted[key];
      return expected instanceof RegExp && typeof error[key] === 'string'
        ? expected.test(error[key])
        : alike(error[key], expected, true);
    });
  };

  const ok = (value, message) =>
    check(value, message, () => `The value ${shown(value)} is not true.`, value, true);
  const assert = (value, message) => ok(value, message);
  const pair = (holds, words) => (actual, expected, message) =>
    check(holds(actual, expected), message, () => `${shown(actual)} ${words} ${shown(expected)}.`, actual, expected);
  const not = (holds) => (a, b) => !holds(a, b);
  const deep = (a, b) => alike(a, b, false);
  const deepStrict = (a, b) => alike(a, b, true);
  Object.assign(assert, {
    AssertionError,
    ok,
    equal: pair(sameLoosely, 'does not equal'),
    notEqual: pair(not(sameLoosely), 'equals'),
    strictEqual: pair(Object.is, 'is not'),
    notStrictEqual: pair(not(Object.is), 'is'),
    deepEqual: pair(deep, 'is not like'),
    notDeepEqual: pair(not(deep), 'is like'),
    deepStrictEqual: pair(deepStrict, 'is not exactly like'),
    notDeepStrictEqual: pair(not(deepStrict), 'is exactly like'),
    match: pair((value, pattern) => pattern.test(value), 'does not match'),
    doesNotMatch: pair((value, pattern) => !pattern.test(value), 'matches'),
    fail(message) {
      check(false, message, () => 'Failed.');
    },
    ifError(value) {
      if (value !== null && value !== undefined) throw value;
    },
    throws(run, wanted, message) {
      const words = typeof wanted === 'string' ? wanted : message;
      const expected = typeof wanted === 'string' ? undefined : wanted;
      let thrown;
      try {
        run();
      } catch (error) {
        thrown = { error };
      }
      check(thrown !== undefined, words, () => 'Nothing was thrown.');
      check(fits(thrown.error, expected), words, () => `Another error was thrown: ${thrown.error}`);
    },
    doesNotThrow(run, message) {
      try {
        run();
      } catch (error) {
        check(false, typeof message === 'string' ? message : undefined, () => `Thrown: ${error}`);
      }
    },
  });
  assert.strict = assert;

  const words = (error) => {
    try {
      return error instanceof Error ? `${error.name}: ${error.message}` : `Thrown: ${shown(error)}`;
    } catch {
      return 'Something was thrown that cannot be shown.';
    }
  };

  const hide = (name, value) => Object.defineProperty(globalThis, name, {
    value, writable: true, enumerable: false, configurable: true,
  });
  hide('assert', assert);
  hide('environment', { timezone: host.timezone });
  hide('it', (name, run) => {
    report(String(name), 'It did not come to an end.');
    let problem;
    try {
      wait(run());
    } catch (error) {
      problem = words(error);
    }
    report(String(name), problem);
  });
})
