// What a function finds around it: the built-in objects of the language with a clock and random
// numbers of the evaluation, `Buffer`, and `iml`. Gives the host what it needs to read results.
(function (host) {
  'use strict';
  const global = globalThis;
  const RealDate = Date;
  const proto = RealDate.prototype;
  const { UTC, parse: parseDate } = RealDate;
  const { apply, construct } = Reflect;
  const { defineProperty, create } = Object;
  const { getTime } = proto;
  const { toWellFormed } = String.prototype;
  const { test } = RegExp.prototype;
  const { get: valueOfDate } = { get: (date) => apply(getTime, date, []) };
  const text = String;

  const { fromCharCode } = String;
  const Bytes = Uint8Array;
  const { subarray } = Bytes.prototype;

  // Bytes as a text of as many characters, in which they leave the engine.
  function characters(array) {
    const chunk = 4096;
    let out = '';
    for (let at = 0; at < array.length; at += chunk) {
      out += apply(fromCharCode, undefined, apply(subarray, array, [at, at + chunk]));
    }
    return out;
  }
  host.characters = characters;

  function hide(object, name, value) {
    defineProperty(object, name, { value, writable: true, enumerable: false, configurable: true });
  }

  // A time without a zone is one of UTC, whatever the machine thinks.
  const zoned = /(?:z|[a-z]{3,4}|\)|[+-]\d{1,2}:?\d{2})\s*$/i;
  const dateOnly = /^\s*[+-]?\d{4,6}(?:-\d\d){0,2}\s*$/;
  function parse(source) {
    const given = text(source);
    if (apply(test, zoned, [given]) || apply(test, dateOnly, [given])) return parseDate(given);
    const iso = parseDate(given + 'Z');
    return iso === iso ? iso : parseDate(given + ' GMT');
  }

  hide(global, 'Date', function Date(...given) {
    if (new.target === undefined) return new global.Date(host.now).toString();
    if (given.length === 0) return construct(RealDate, [host.now], new.target);
    if (given.length > 1) return construct(RealDate, [UTC(...given)], new.target);
    const one = given[0];
    return construct(RealDate, [typeof one === 'string' ? parse(one) : one], new.target);
  });
  const Clock = global.Date;
  defineProperty(Clock, 'prototype', { value: proto, writable: false });
  defineProperty(Clock, 'length', { value: 7 });
  hide(proto, 'constructor', Clock);
  hide(Clock, 'now', function now() { return host.now; });
  hide(Clock, 'UTC', UTC);
  hide(Clock, 'parse', parse);

  const parts = ['FullYear', 'Month', 'Date', 'Day', 'Hours', 'Minutes', 'Seconds', 'Milliseconds'];
  for (let at = 0; at < parts.length; at += 1) {
    const part = parts[at];
    hide(proto, 'get' + part, proto['getUTC' + part]);
    if (part !== 'Day') hide(proto, 'set' + part, proto['setUTC' + part]);
  }
  const { getUTCFullYear, getUTCMonth, getUTCDate, getUTCDay } = proto;
  const { getUTCHours, getUTCMinutes, getUTCSeconds } = proto;
  const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
  const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
  const two = (number) => (number < 10 ? '0' : '') + number;
  function words(write) {
    return function () {
      const ms = valueOfDate(this);
      if (ms !== ms) return 'Invalid Date';
      return write((part) => apply(part, this, []));
    };
  }
  const day = (of) => {
    const year = of(getUTCFullYear);
    let digits = text(year < 0 ? -year : year);
    while (digits.length < 4) digits = '0' + digits;
    return days[of(getUTCDay)] + ' ' + months[of(getUTCMonth)] + ' ' + two(of(getUTCDate)) + ' '
      + (year < 0 ? '-' : '') + digits;
  };
  const clock = (of) => two(of(getUTCHours)) + ':' + two(of(getUTCMinutes)) + ':'
    + two(of(getUTCSeconds)) + ' GMT+0000 (Coordinated Universal Time)';
  const localDay = (of) =>
    (of(getUTCMonth) + 1) + '/' + of(getUTCDate) + '/' + of(getUTCFullYear);
  const localClock = (of) => {
    const hours = of(getUTCHours);
    return ((hours + 11) % 12 + 1) + ':' + two(of(getUTCMinutes)) + ':' + two(of(getUTCSeconds))
      + (hours < 12 ? ' AM' : ' PM');
  };
  hide(proto, 'getTimezoneOffset', function getTimezoneOffset() {
    return valueOfDate(this) * 0;
  });
  hide(proto, 'toDateString', words(day));
  hide(proto, 'toTimeString', words(clock));
  hide(proto, 'toString', words((of) => day(of) + ' ' + clock(of)));
  hide(proto, 'toLocaleDateString', words(localDay));
  hide(proto, 'toLocaleTimeString', words(localClock));
  hide(proto, 'toLocaleString', words((of) => localDay(of) + ', ' + localClock(of)));

  hide(Math, 'random', function random() { return host.random(); });
  // It would tell the time of the machine.
  delete global.performance;

  let bufferClass;
  function buffer() {
    if (bufferClass === undefined) bufferClass = host.buffer()(host);
    return bufferClass;
  }
  defineProperty(global, 'Buffer', {
    get: buffer,
    set(value) { hide(global, 'Buffer', value); },
    enumerable: false,
    configurable: true,
  });

  const self = { timezone: host.timezone };
  const found = create(null);
  function find(name) {
    if (name in found) return found[name];
    const own = host.own(name);
    if (own !== undefined) {
      found[name] = (...given) => apply(own, { timezone: host.timezone }, given);
    } else if (host.isBuiltIn(name)) {
      found[name] = (...given) => host.call(name, given);
    } else {
      return undefined;
    }
    return found[name];
  }
  hide(global, 'iml', new Proxy(create(null), {
    get: (_, name) => (typeof name === 'string' ? find(name) : undefined),
    has: (_, name) => typeof name === 'string' && find(name) !== undefined,
    set: () => false,
    defineProperty: () => false,
    deleteProperty: () => false,
  }));

  return {
    self,
    // What an object is beside its properties: a date, bytes, a wrapped value.
    dateOf(value) {
      if (!(value instanceof RealDate)) return undefined;
      try {
        return valueOfDate(value);
      } catch {
        return undefined;
      }
    },
    unwrapped(value) {
      if (value instanceof String || value instanceof Number || value instanceof Boolean) {
        try {
          return value.valueOf();
        } catch {
          return undefined;
        }
      }
      return undefined;
    },
    plain: Object.prototype,
    isArray: Array.isArray,
    bytesOf: (value) => characters(new Bytes(value)),
    date: (ms) => construct(RealDate, [ms], Clock),
    bytes: (array) => buffer().from(array),
    wellFormed: (value) => apply(toWellFormed, value, []),
    define: (object, name, value) => defineProperty(object, name, {
      value, writable: true, enumerable: true, configurable: true,
    }),
    digits: (value) => text(value),
  };
})
