// Arrays, collections, JSON and tokens.
'use strict';
const crypto = require('crypto');
const { array, at, bytes, collection, equal, fail, fromJson, isEmpty, isNothing, json, number, step, text } = require('./values.cjs');

const holds = (items, value) => items.some((item) => equal(item, value));
const unique = (items, key) => items.filter((item, n) => !items.slice(0, n).some((other) => equal(key(item), key(other))));

// What has no value last, numbers before truth values before texts; texts by code unit.
function order(a, b) {
  const rank = (value) => (isNothing(value) ? 9 : { number: 0, boolean: 2, string: 3 }[typeof value] ?? 4);
  return rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0);
}

const names = (args) => args.flatMap((name) => (Array.isArray(name) ? name : [name])).map(text);

const seconds = (span) => {
  if (typeof span === 'number') return span;
  const match = /^(-?[\d.]+) ?(ms|s|m|h|d|w|y)?$/.exec(span);
  return match ? Number(match[1]) * { ms: 0.001, s: 1, m: 60, h: 3600, d: 86400, w: 604800, y: 31557600 }[match[2] ?? 'ms'] : fail('no span');
};

module.exports = {
  add: ([items, ...more]) => [...array(items), ...more],
  arrayDiff: ([a, b]) => array(a).filter((item) => !holds(array(b), item)),
  arrayIntersect: ([a, b]) => array(a).filter((item) => holds(array(b), item)),
  arrayDifference([a, b, mode]) {
    const [left, right] = [array(a), array(b)];
    const only = left.filter((item) => !holds(right, item));
    if (isEmpty(mode) || mode === 'classic') return only;
    return mode === 'symmetric' ? [...only, ...right.filter((item) => !holds(left, item))] : fail('no mode');
  },
  deduplicate: ([items]) => unique(array(items), (item) => item),
  distinct: ([items, key]) => unique(array(items), (item) => (isEmpty(key) ? item : at(item, text(key)))),
  first: ([items]) => array(items)[0],
  last: ([items]) => array(items).at(-1),
  flatten: ([items, depth]) => array(items).flat(Math.min(number(depth) ?? 1, 200)),
  join: ([items, separator]) => array(items).map(text).join(text(separator)),
  keys([value]) {
    if (Array.isArray(value)) return Object.keys(value);
    return [...collection(value).keys()];
  },
  map([items, key, filter, values]) {
    let kept = array(items);
    if (!isEmpty(filter) && !isNothing(values)) {
      const wanted = text(values).split(',').map((value) => value.trim());
      kept = kept.filter((item) => at(item, text(filter)) !== undefined && wanted.includes(text(at(item, text(filter))).trim()));
    }
    return kept.map((item) => at(item, text(key))).filter((item) => item !== undefined);
  },
  merge(args) {
    const given = args.filter((value) => !isNothing(value));
    if (given.length && given.every((value) => value instanceof Map)) return new Map(given.flatMap((value) => [...value]));
    return given.flatMap(array);
  },
  remove: ([items, ...values]) => array(items).filter((item) => !holds(values, item)),
  reverse: ([items]) => [...array(items)].reverse(),
  shuffle: ([items]) => [...array(items)].sort(() => Math.random() - 0.5),
  slice: ([items, start, end]) => array(items).slice(number(start) ?? 0, number(end)),
  sort([items, direction, key]) {
    const orders = ['asc', 'desc', 'asc ci', 'desc ci'];
    let by = isEmpty(key) ? undefined : text(key);
    let way = isEmpty(direction) ? 'asc' : text(direction);
    if (!orders.includes(way)) [way, by] = by === undefined ? ['asc', way] : fail('no order');
    const compared = (item) => {
      const value = by === undefined ? item : at(item, by);
      return way.endsWith('ci') && typeof value === 'string' ? value.toLowerCase() : value;
    };
    return [...array(items)].sort((a, b) => {
      const [x, y] = [compared(a), compared(b)];
      if (isNothing(x) || isNothing(y)) return isNothing(x) - isNothing(y);
      return way.startsWith('desc') ? order(y, x) : order(x, y);
    });
  },
  toArray: ([value]) => [...collection(value)].map(([key, item]) => new Map([['key', key], ['value', item]])),
  toCollection([items, name, value]) {
    const pairs = array(items).filter((item) => !isNothing(at(item, text(name))));
    return new Map(pairs.map((item) => [text(at(item, text(name))), at(item, text(value))]).filter(([, item]) => item !== undefined));
  },

  get: ([value, path]) => (isEmpty(path) ? undefined : typeof path === 'number' ? step(value, path) : at(value, text(path))),
  omit: ([value, ...keys]) => new Map([...collection(value)].filter(([key]) => !names(keys).includes(key))),
  pick: ([value, ...keys]) => new Map([...collection(value)].filter(([key]) => names(keys).includes(key))),
  equal: ([a, b]) => equal(a, b),

  createJSON: ([value]) => (value === undefined ? undefined : json(value)),
  parseJSON([value]) {
    if (isEmpty(value)) return undefined;
    try {
      return fromJson(JSON.parse(text(value)), false);
    } catch (error) {
      return fail(error.message);
    }
  },
  jwt([payload, secret, algorithm, options], { now }) {
    const hash = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512', RS256: 'RSA' }[isNothing(algorithm) ? 'HS256' : algorithm] ?? fail('no algorithm');
    if (isEmpty(secret)) fail('no secret');
    if (hash === 'RSA') return fail('a key is needed, which no table has');
    const given = collection(options);
    const header = new Map([['alg', algorithm ?? 'HS256'], ...(typeof payload === 'string' ? [] : [['typ', 'JWT']]), ...(given.get('header') ?? [])]);
    let body = payload;
    if (typeof payload !== 'string') {
      const claims = new Map(collection(payload));
      const issued = claims.get('iat') ?? Math.floor(now / 1000);
      if (given.get('noTimestamp')) claims.delete('iat');
      else claims.set('iat', issued);
      if (given.has('expiresIn')) claims.set('exp', Math.floor(issued + seconds(given.get('expiresIn'))));
      if (given.has('issuer')) claims.set('iss', given.get('issuer'));
      body = json(claims);
    }
    const message = [json(header), body].map((part) => Buffer.from(part).toString('base64url')).join('.');
    return `${message}.${crypto.createHmac(hash, bytes(secret)).update(message).digest('base64url')}`;
  },
};
