// Values and their conversions. Collections are maps, everything else is what JavaScript has for it.
'use strict';

/** A failure that an expression may end with. */
class Expected extends Error {
  constructor(message) {
    super(message);
    this.isExpected = true;
  }
}

const fail = (what) => {
  throw new Expected(what);
};
const isNothing = (value) => value === undefined || value === null;
const isEmpty = (value) => isNothing(value) || value === '';

// In any case where a header is looked up.
class Headers_ extends Map {
  get(name) {
    if (super.has(name)) return super.get(name);
    for (const [key, value] of this) if (key.toLowerCase() === name.toLowerCase()) return value;
    return undefined;
  }
}

function fromJson(value, dates) {
  if (typeof value === 'string' && dates && /^\d{4}-\d\d-\d\dT\d\d:\d\d.*(Z|[+-]\d\d:?\d\d)$/.test(value)) return new Date(value);
  if (Array.isArray(value)) return value.map((item) => fromJson(item, dates));
  if (value && typeof value === 'object') return new Map(Object.entries(value).map(([key, item]) => [key.replace('\0', ''), fromJson(item, dates)]));
  return value;
}

function json(value) {
  if (isNothing(value)) return 'null';
  if (value instanceof Map) {
    const entries = [...value].filter(([, item]) => item !== undefined);
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${json(item)}`).join(',')}}`;
  }
  if (Array.isArray(value)) return `[${value.map(json).join(',')}]`;
  if (Buffer.isBuffer(value)) return JSON.stringify(value.toString('base64'));
  return JSON.stringify(value);
}

/** The form that the tables have. */
function shown(value) {
  if (value === undefined) return 'undefined';
  if (value instanceof Date) return `@${value.toISOString()}`;
  if (Buffer.isBuffer(value)) return `#${value.toString('base64')}`;
  return json(value);
}

function text(value) {
  if (isNothing(value)) return '';
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : '';
  if (value instanceof Date) return value.toISOString();
  if (Buffer.isBuffer(value)) return value.toString('utf8');
  if (Array.isArray(value)) return value.map(text).join(',');
  if (value instanceof Map) return json(value);
  return String(value);
}

/** The number that a text spells, or nothing. */
function spelled(value) {
  return /^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/.test(value) ? Number(value) : undefined;
}

/** The number that a value is, or nothing when it is none. */
function numeric(value) {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return Number(value);
  if (value instanceof Date) return value.getTime();
  return typeof value === 'string' ? spelled(value) : undefined;
}

const number = (value) => (isNothing(value) ? undefined : (numeric(value) ?? fail('not a number')));
const array = (value) => (isNothing(value) ? [] : Array.isArray(value) ? value : [value]);
const collection = (value) => (isNothing(value) ? new Map() : value instanceof Map ? value : fail('not a collection'));
const bytes = (value) => (Buffer.isBuffer(value) ? value : Buffer.from(text(value), 'utf8'));
const truth = (value) => Boolean(value);

function equal(a, b) {
  if (a instanceof Date && b instanceof Date) return a.getTime() === b.getTime();
  if (Buffer.isBuffer(a) && Buffer.isBuffer(b)) return a.equals(b);
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, at) => equal(item, b[at]));
  if (a instanceof Map && b instanceof Map) return a.size === b.size && [...a].every(([key, item]) => b.has(key) && equal(item, b.get(key)));
  return a === b;
}

/** The property of a collection, or the element of an array, the first being 1 and the last -1. */
function step(value, key) {
  if (value instanceof Map) return value.get(text(key));
  if (!Array.isArray(value)) return undefined;
  const at = numeric(key);
  return at > 0 ? value[at - 1] : at < 0 ? value[value.length + at] : undefined;
}

/** What a path in dot notation leads to. */
function at(value, path) {
  if (value instanceof Map && value.has(path)) return value.get(path);
  if (!/^(`[^`]*`|[^.[\]`]+|\[-?\d*\])((\.(`[^`]*`|[^.[\]`]+))|\[-?\d*\])*$/.test(path)) return undefined;
  const segments = path.match(/`[^`]*`|\[-?\d*\]|[^.[\]`]+/g);
  return segments.reduce((found, segment) => {
    if (segment.startsWith('[')) return step(found, Number(segment.slice(1, -1) || 1));
    return step(found, segment.startsWith('`') ? segment.slice(1, -1) : segment);
  }, value);
}

module.exports = { Expected, Headers_, array, at, bytes, collection, equal, fail, fromJson, isEmpty, isNothing, json, number, numeric, shown, spelled, step, text, truth };
