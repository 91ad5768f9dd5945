// Text, bytes, digests and patterns.
'use strict';
const crypto = require('crypto');
const { bytes, equal, fail, isEmpty, isNothing, number, text } = require('./values.cjs');

const LETTERS = { ß: 'ss', æ: 'ae', Æ: 'AE', œ: 'oe', Œ: 'OE', ø: 'o', Ø: 'O', ł: 'l', Ł: 'L', đ: 'd', Đ: 'D', þ: 'th', Þ: 'Th', ı: 'i', ħ: 'h', Ħ: 'H' };
const TYPES = { png: 'image/png', jpg: 'image/jpeg', pdf: 'application/pdf', gz: 'application/gzip' };
const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

const whole = (value) => value.isWellFormed?.() ?? true ? value : value.toWellFormed();

function decoded(value, encoding) {
  switch (encoding) {
    case 'hex': return /^([\da-f]{2})*$/i.test(value) ? Buffer.from(value, 'hex') : fail('no hexadecimal');
    case 'base64': return /^[\w+/-]*=*$/.test(value) ? Buffer.from(value, 'base64') : fail('no Base64');
    case 'utf8': return Buffer.from(value);
    case 'latin1': return /^[\0-\xff]*$/.test(value) ? Buffer.from(value, 'latin1') : fail('no Latin-1');
    default: return fail('no encoding');
  }
}

const digest = (algorithm) => ([value, encoding, key, keyEncoding]) => {
  const format = isEmpty(encoding) ? 'hex' : encoding;
  if (!['hex', 'base64', 'latin1'].includes(format)) fail('no encoding');
  if (isEmpty(key)) return crypto.createHash(algorithm).update(bytes(value)).digest(format);
  const secret = isEmpty(keyEncoding) || keyEncoding === 'text' || keyEncoding === 'binary' ? bytes(key)
    : ['hex', 'base64'].includes(keyEncoding) ? decoded(text(key), keyEncoding) : fail('no encoding of a key');
  return crypto.createHmac(algorithm, secret).update(bytes(value)).digest(format);
};

module.exports = {
  ascii([value, reduces]) {
    const given = reduces ? [...text(value).normalize('NFD')].map((c) => LETTERS[c] ?? c).join('') : text(value);
    return given.replace(/[^\0-\x7f]/g, '');
  },
  capitalize: ([value]) => text(value).replace(/^./su, (c) => c.toUpperCase()),
  contains([value, search]) {
    if (isNothing(value)) return false;
    return Array.isArray(value) ? value.some((item) => equal(item, search)) : text(value).includes(text(search));
  },
  indexOf([value, search, start]) {
    const from = number(start) ?? 0;
    if (Array.isArray(value)) return value.findIndex((item, at) => at >= from && equal(item, search));
    const [where, what] = [text(value), text(search)];
    return from > where.length ? -1 : where.indexOf(what, from);
  },
  length([value]) {
    if (Array.isArray(value) || Buffer.isBuffer(value)) return value.length;
    return value instanceof Map ? value.size : text(value).length;
  },
  lower: ([value]) => text(value).toLowerCase(),
  upper: ([value]) => text(value).toUpperCase(),
  replace([value, search, replacement]) {
    const pattern = /^\/(.+)\/([dgimsuvy]*)$/s.exec(text(search));
    if (!pattern) return text(search) === '' ? text(value) : text(value).split(text(search)).join(text(replacement));
    if (/\(\?<[^=!]/.test(pattern[1])) fail('groups with names');
    let compiled;
    try {
      compiled = new RegExp(pattern[1], pattern[2]);
    } catch (error) {
      fail(error.message);
    }
    return text(value).replace(compiled, text(replacement));
  },
  replaceEmojiCharacters: ([value, replacement]) => text(value).replace(/\p{RGI_Emoji}/gv, () => text(replacement)),
  split([value, separator]) {
    if (isNothing(value)) return [];
    return isNothing(separator) ? [text(value)] : text(value).split(text(separator));
  },
  startcase: ([value]) => text(value).toLowerCase().replace(/[\p{L}\p{N}][\p{L}\p{N}'’]*/gu, (word) => word.replace(/^./su, (c) => c.toUpperCase())),
  stripHTML: ([value]) => text(value).replace(/<!--.*?-->|<[/!]?[a-z][^>]*>/gis, ''),
  substring([value, start, end]) {
    return whole(text(value).substring(number(start) ?? 0, number(end)));
  },
  toString: ([value]) => text(value),
  trim: ([value]) => text(value).trim(),
  base64: ([value]) => bytes(value).toString('base64'),
  base64url([value]) {
    if (Buffer.isBuffer(value)) return value.toString('base64url');
    const given = text(value);
    const isBase64 = given.length % 4 === 0 && /^[\w+/]*={0,2}$/.test(given) && !given.includes('_');
    return (isBase64 ? Buffer.from(given, 'base64') : Buffer.from(given)).toString('base64url');
  },
  toBinary([value, encoding]) {
    if (!isEmpty(encoding)) return decoded(text(value), encoding);
    return bytes(value);
  },
  encodeURL: ([value]) => encodeURIComponent(text(value)),
  decodeURL([value]) {
    try {
      return decodeURIComponent(text(value));
    } catch (error) {
      return fail(error.message);
    }
  },
  escapeHTML: ([value]) => text(value).replace(/[&<>"']/g, (c) => ENTITIES[c]),
  escapeMarkdown: ([value]) => text(value).replace(/[\\*_{}[\]()#+\-.!>|`]/g, (c) => `&#${c.codePointAt(0)};`),
  mime([value]) {
    const name = text(value).split('/').at(-1);
    return TYPES[name.split('.').at(-1).toLowerCase()] ?? 'application/octet-stream';
  },
  md5: ([value]) => crypto.createHash('md5').update(bytes(value)).digest('hex'),
  sha1: digest('sha1'),
  sha256: digest('sha256'),
  sha512: digest('sha512'),
};
