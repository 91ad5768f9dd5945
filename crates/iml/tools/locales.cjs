// Prints src/date/locales.tsv from the language tables of moment (MIT): names, ordinals, parts of the
// day, first days of weeks, long formats; and decimal signs from the runtime's own tables.
//
//   NODE_PATH=$(scripts/npm.sh) node crates/iml/tools/locales.cjs > crates/iml/src/date/locales.tsv
//
// A language whose rules need more than what `LocaleData` can say is left out. Columns are separated
// by tabs, items by `|`, parts of an item by `~`; a list that is that of another column is left empty.
'use strict';
const fs = require('fs');
const path = require('path');
const moment = require('moment');
const folder = path.join(path.dirname(require.resolve('moment')), 'locale');
const ids = ['en', ...fs.readdirSync(folder).map((f) => f.replace(/\.js$/, ''))].sort();
const plain = (text) => {
  if (/[\t\n|~]/.test(text)) throw new Error(`${JSON.stringify(text)} has a separator in it`);
  return String(text);
};
const list = (items) => items.map(plain).join('|');
const otherThan = (items, usual) => (items.join() === usual.join() ? '' : list(items));
const item = (...parts) => parts.map(plain).join('~');
const PERIODS = ['M', 'Q', 'DDD', 'D', 'd', 'w', 'W'];

function ordinalRule(data, period) {
  const all = Array.from({ length: 367 }, (_, n) => String(data.ordinal(n, period)));
  const split = all.map((text, n) => {
    const at = text.indexOf(String(n));
    return at < 0 ? null : [text.slice(0, at), text.slice(at + String(n).length)];
  });
  if (split.includes(null)) return null;
  const before = split[2][0];
  if (split.some((s) => s[0] !== before)) return null;
  const after = split.map((s) => s[1]);
  const same = (rule) => after.slice(0).every((s, n) => s === rule(n));
  if (same(() => after[2])) return item('fixed', before, after[2]);
  if (before) return null;
  if (same((n) => (n === 1 ? after[1] : after[2]))) return item('first', after[1], after[2]);
  const teen = (n) => Math.floor((n % 100) / 10) === 1;
  if (same((n) => (teen(n) || n % 10 === 0 || n % 10 > 3 ? after[4] : after[20 + (n % 10)])))
    return item('digit', after[1], after[2], after[3], after[4]);
  if (same((n) => (n === 1 || n === 8 || n >= 20 ? after[1] : after[2])))
    return item('dutch', after[1], after[2]);
  return null;
}

function dayParts(data) {
  const runs = [];
  for (let minute = 0; minute < 1440; minute += 1) {
    const lower = data.meridiem(Math.floor(minute / 60), minute % 60, true);
    const upper = data.meridiem(Math.floor(minute / 60), minute % 60, false);
    const last = runs[runs.length - 1];
    if (!last || last[1] !== lower || last[2] !== upper) runs.push([minute, lower, upper]);
  }
  return runs;
}

function separators(id) {
  let parts;
  try {
    parts = new Intl.NumberFormat(id, { numberingSystem: 'latn' }).formatToParts(1234567.5);
  } catch {
    parts = [];
  }
  const of = (type, fallback) => (parts.find((p) => p.type === type) || { value: fallback }).value;
  return [of('decimal', '.'), of('group', ',')];
}

const rows = [];
for (const id of ids) {
  const file = id === 'en' ? '' : fs.readFileSync(path.join(folder, `${id}.js`), 'utf8');
  if (/postformat/.test(file) || ['x-pseudo', 'tlh', 'tzl'].includes(id)) continue;
  if (id !== 'en') require(path.join(folder, `${id}.js`));
  moment.locale(id);
  const data = moment.localeData(id);
  const rules = PERIODS.map((period) => ordinalRule(data, period));
  if (rules.includes(null)) continue;
  const month = (n) => moment.utc([2017, n, 5]);
  const day = (n) => moment.utc([2017, 0, 1 + n]);
  const names = (count, make, format) => Array.from({ length: count }, (_, n) => make(n).locale(id).format(format));
  const strip = (items) => items.map((text) => text.replace(/^5 /, ''));
  const months = names(12, month, 'MMMM');
  const short = names(12, month, 'MMM');
  const inDate = strip(names(12, month, 'D MMMM'));
  const shortInDate = strip(names(12, month, 'D MMM'));
  const dashed = names(12, month, '-MMM-').map((text) => text.slice(1, -1));
  const dotted = names(12, month, 'D. MMMM').map((text) => text.replace(/^5\. /, ''));
  const key = (k) => data.longDateFormat(k);
  if (['LTS', 'LT', 'L', 'LL', 'LLL', 'LLLL', 'l', 'll', 'lll', 'llll'].some((k) => typeof key(k) !== 'string')) continue;
  const [decimal, group] = separators(id);
  rows.push([
    id,
    list(months),
    list(short),
    otherThan(inDate, months),
    otherThan(shortInDate, short),
    otherThan(dashed, short),
    dotted.join() === inDate.join() ? 'dot' : '',
    list(names(7, day, 'dddd')),
    list(names(7, day, 'ddd')),
    list(names(7, day, 'dd')),
    list(['LT', 'LTS'].map(key)),
    list(['L', 'LL', 'LLL', 'LLLL'].map(key)),
    list(['l', 'll', 'lll', 'llll'].map(key)),
    item(data.firstDayOfWeek(), data.firstDayOfYear()),
    (rules.every((rule) => rule === rules[0]) ? rules.slice(0, 1) : rules).join('|'),
    dayParts(data).map((run) => item(...run)).join('|'),
    item(decimal, group),
  ]);
}
console.log(`# Written by tools/locales.cjs from moment ${moment.version} and CLDR ${process.versions.cldr}; do not edit.`);
console.log(rows.map((row) => row.join('\t')).join('\n'));
