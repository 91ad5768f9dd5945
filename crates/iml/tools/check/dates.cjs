// Dates, by moment and moment-timezone.
'use strict';
const moment = require('moment-timezone');
const { fail, isEmpty, number, numeric, text } = require('./values.cjs');

for (const locale of ['cs', 'de', 'es', 'ja', 'ru']) require(`moment/locale/${locale}`);
moment.locale('en');

const ZONE = '(?:\\s*(?:GMT|UTC)?\\s*(Z|[+-]\\d\\d:?\\d\\d))?';
const TIME = `(?:[T ]+(\\d\\d?):(\\d\\d)(?::(\\d\\d)(?:\\.(\\d+))?)?(?:\\s*([AP]M))?${ZONE})?`;
const SHAPES = [
  [new RegExp(`^([+-]\\d{6}|\\d{4})-(\\d\\d?)-(\\d\\d?)${TIME}$`, 'i'), [1, 2, 3]],
  [new RegExp(`^(\\d{4})/(\\d\\d?)/(\\d\\d?)${TIME}$`, 'i'), [1, 2, 3]],
  [new RegExp(`^(\\d\\d?)/(\\d\\d?)/(\\d{4})${TIME}$`, 'i'), [3, 1, 2]],
  [new RegExp(`^(\\d\\d?)\\.(\\d\\d?)\\.(\\d{4})${TIME}$`, 'i'), [3, 2, 1]],
];

/** The date that a text is in one of the usual shapes, or nothing. */
function read(given, { zone }) {
  for (const [shape, [year, month, day]] of SHAPES) {
    const m = shape.exec(given.trim());
    if (!m) continue;
    const hour = Number(m[4] ?? 0) % (m[8] ? 12 : 24) + (/PM/i.test(m[8]) ? 12 : 0);
    const fields = [Number(m[year]), Number(m[month]) - 1, Number(m[day]), hour, Number(m[5] ?? 0), Number(m[6] ?? 0), Math.floor(Number(`0.${m[7] ?? 0}`) * 1000)];
    const utc = moment.utc(fields);
    if (!utc.isValid()) return undefined;
    if (m[9]) return new Date(utc.valueOf() - moment.parseZone(`2000-01-01T00:00:00${m[9].toUpperCase()}`).utcOffset() * 60000);
    return moment.tz(fields, zone).toDate();
  }
  return undefined;
}

function date(value, place) {
  if (value instanceof Date) return value;
  const read_ = typeof value === 'string' ? read(value, place) : typeof value === 'number' ? new Date(value) : undefined;
  return read_ && !Number.isNaN(read_.getTime()) ? read_ : fail('not a date');
}

const zoneOf = (name, { zone }) => (typeof name === 'string' && moment.tz.zone(name) ? name : zone);

// A function of a date and a number; without either of them there is no value.
const change = (apply, names) => ([value, by], place) => {
  if (isEmpty(value)) return undefined;
  const given = moment.tz(date(value, place), place.zone);
  let amount = by;
  if (names && typeof by === 'string' && numeric(by) === undefined) {
    amount = names.findIndex((name) => name.toLowerCase() === by.trim().toLowerCase()) + 1 || fail('no name');
  }
  amount = number(amount);
  if (amount === undefined) return undefined;
  const changed = apply(given, amount);
  return changed.isValid() ? changed.toDate() : fail('out of range');
};

const UNITS = ['millisecond', 'second', 'minute', 'hour', 'day', 'week', 'month', 'year'];

const functions = {
  formatDate([value, format, zone], place) {
    if (isEmpty(value)) return undefined;
    return moment.tz(date(value, place), zoneOf(zone, place)).locale(place.locale).format(format ?? undefined);
  },
  parseDate([value, format, zone], place) {
    if (isEmpty(value)) return undefined;
    if (value instanceof Date) return value;
    if (isEmpty(format)) return date(text(value), place);
    moment.now = () => place.now.getTime();
    const found = moment.tz(text(value), text(format), place.locale, zoneOf(zone, place));
    return found.isValid() ? found.toDate() : fail('not a date in this format');
  },
  addSeconds: change((given, n) => given.add(n, 'seconds')),
  addMinutes: change((given, n) => given.add(n, 'minutes')),
  addHours: change((given, n) => given.add(n, 'hours')),
  addDays: change((given, n) => given.add(n, 'days')),
  addMonths: change((given, n) => given.add(n, 'months')),
  addYears: change((given, n) => given.add(n, 'years')),
  setSecond: change((given, n) => given.second(n)),
  setMinute: change((given, n) => given.minute(n)),
  setHour: change((given, n) => given.hour(n)),
  setDate: change((given, n) => given.date(n)),
  setYear: change((given, n) => given.year(n)),
  setDay: change((given, n) => given.day(n - 1), moment.weekdays()),
  setMonth: change((given, n) => given.month(n - 1), moment.months()),
  dateDifference([later, earlier, unit], place) {
    if (isEmpty(later) || isEmpty(earlier)) return undefined;
    const name = isEmpty(unit) ? 'millisecond' : text(unit).replace(/s$/, '');
    if (!UNITS.includes(name)) fail('no unit');
    const [a, b] = [later, earlier].map((value) => moment.tz(date(value, place), place.zone));
    return Math.trunc(a.diff(b, name, true)) + 0;
  },
};

module.exports = { functions, read };
