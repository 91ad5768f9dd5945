// Prints src/date/locales.rs from the language tables of moment (MIT): names, ordinals, parts of the
// day, first days of weeks, long formats; and decimal signs from the runtime's own tables.
//
//   npm install moment && node tools/locales.cjs > src/date/locales.rs && cargo fmt
//
// A language whose rules need more than what `LocaleData` can say is left out.
'use strict';
const fs = require('fs');
const path = require('path');
const moment = require('moment');
const folder = path.join(path.dirname(require.resolve('moment')), 'locale');
const ids = ['en', ...fs.readdirSync(folder).map((f) => f.replace(/\.js$/, ''))].sort();
const quote = (text) => JSON.stringify(text).replace(/\\u([0-9a-f]{4})/gi, '\\u{$1}');
const list = (items) => `[${items.map(quote).join(', ')}]`;
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
  if (same(() => after[2])) return `Fixed(${quote(before)}, ${quote(after[2])})`;
  if (before) return null;
  if (same((n) => (n === 1 ? after[1] : after[2]))) return `First(${quote(after[1])}, ${quote(after[2])})`;
  const teen = (n) => Math.floor((n % 100) / 10) === 1;
  if (same((n) => (teen(n) || n % 10 === 0 || n % 10 > 3 ? after[4] : after[20 + (n % 10)])))
    return `LastDigit(${quote(after[1])}, ${quote(after[2])}, ${quote(after[3])}, ${quote(after[4])})`;
  if (same((n) => (n === 1 || n === 8 || n >= 20 ? after[1] : after[2])))
    return `Dutch(${quote(after[1])}, ${quote(after[2])})`;
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

const out = [];
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
  const plain = names(12, month, 'MMMM');
  const short = names(12, month, 'MMM');
  const inDate = strip(names(12, month, 'D MMMM'));
  const shortInDate = strip(names(12, month, 'D MMM'));
  const dashed = names(12, month, '-MMM-').map((text) => text.slice(1, -1));
  const dotted = names(12, month, 'D. MMMM').map((text) => text.replace(/^5\. /, ''));
  const key = (k) => data.longDateFormat(k);
  if (['LTS', 'LT', 'L', 'LL', 'LLL', 'LLLL', 'l', 'll', 'lll', 'llll'].some((k) => typeof key(k) !== 'string')) continue;
  const [decimal, group] = separators(id);
  out.push(`    LocaleData {
        id: ${quote(id)},
        months: ${list(plain)},
        months_short: ${list(short)},
        months_after_day: ${list(inDate)},
        months_short_after_day: ${list(shortInDate)},
        months_short_dashed: ${list(dashed)},
        dot_after_day: ${dotted.join() === inDate.join()},
        weekdays: ${list(names(7, day, 'dddd'))},
        weekdays_short: ${list(names(7, day, 'ddd'))},
        weekdays_min: ${list(names(7, day, 'dd'))},
        time: ${quote(key('LT'))},
        time_with_seconds: ${quote(key('LTS'))},
        full: ${list(['L', 'LL', 'LLL', 'LLLL'].map(key))},
        short: ${list(['l', 'll', 'lll', 'llll'].map(key))},
        first_day: ${data.firstDayOfWeek()},
        first_week: ${data.firstDayOfYear()},
        ordinals: [${rules.join(', ')}],
        day_parts: &[${dayParts(data).map((r) => `(${r[0]}, ${quote(r[1])}, ${quote(r[2])})`).join(', ')}],
        decimal: ${quote(decimal)},
        group: ${quote(group)},
    },`);
}
console.log(`//! Names, ordinals, parts of the day, weeks, formats and decimal signs of languages.
//!
//! Written by tools/locales.cjs from the tables of moment ${moment.version}; do not edit.

use super::locale::{LocaleData, Ordinal::{Dutch, First, Fixed, LastDigit}};

/// The languages, sorted by their ids.
pub(crate) static LOCALES: &[LocaleData] = &[
${out.join('\n')}
];`);
