// Prints dates.tsv: 300 cases of zones and languages with the results of moment-timezone.
//
//   npm install moment-timezone && node tests/dates/generate.cjs > tests/dates/dates.tsv
'use strict';
const moment = require('moment-timezone');
const LOCALES = ['en', 'en-gb', 'de', 'fr', 'es', 'it', 'pt-br', 'pt', 'nl', 'sv', 'da', 'nb', 'fi', 'pl', 'cs', 'sk',
  'hu', 'ro', 'ru', 'uk', 'el', 'he', 'ja', 'ko', 'zh-cn', 'zh-tw', 'vi', 'id', 'th', 'et'];
for (const id of LOCALES) if (id !== 'en') require(`moment/locale/${id}`);
const ZONES = ['UTC', 'Europe/Prague', 'America/New_York', 'America/St_Johns', 'Asia/Kolkata', 'Asia/Kathmandu',
  'Australia/Lord_Howe', 'Pacific/Apia', 'Pacific/Chatham', 'America/Sao_Paulo', 'Africa/Casablanca', 'Asia/Tokyo',
  'Europe/London', 'Asia/Tehran', 'America/Los_Angeles'];
const INSTANTS = ['2018-10-01T07:32:05.079Z', '2020-02-29T23:59:59.999Z', '1999-12-31T23:30:00.000Z',
  '2011-12-30T09:30:00.000Z', '2016-01-03T12:00:00.000Z', '2024-03-31T00:59:59.000Z', '2024-03-31T01:00:00.000Z',
  '2024-10-27T00:30:00.000Z', '2024-10-27T01:30:00.000Z', '1970-01-01T00:00:00.000Z', '2030-07-04T16:05:09.500Z'];
const FORMATS = ['YYYY-MM-DDTHH:mm:ss.SSSZ', 'dddd, D MMMM YYYY HH:mm', 'LLLL', 'ddd D MMM YY h:mm A', 'Do MMMM YYYY, wo',
  'gggg-[W]ww-e GGGG-[W]WW-E', 'MMMM YYYY dd', 'L LT', 'Qo DDDo DDDD Mo do', 'kk:mm a ZZ z', 'LL ll LTS', 'D. MMMM, DD-MMM-YYYY'];
const out = [];
const seen = new Set();
function add(kind, zone, locale, input, argument, result) {
  const expected = result === null ? 'none' : typeof result === 'string' ? result : result.toISOString() || 'none';
  const line = [kind, zone, locale, input, argument, expected].join('\t');
  if (!seen.has(line)) out.push(line);
  seen.add(line);
}
const at = (list, n) => list[n % list.length];
for (let n = 0; n < 180; n += 1) {
  const zone = at(ZONES, n * 7 + Math.floor(n / 15));
  const locale = at(LOCALES, n);
  const instant = at(INSTANTS, n * 3 + Math.floor(n / 11));
  const format = at(FORMATS, n * 5 + Math.floor(n / 12) + Math.floor(n / 60));
  add('format', zone, locale, instant, format, moment.tz(instant, zone).locale(locale).format(format));
}
const TEXTS = [['2024-03-31 02:30', 'YYYY-MM-DD HH:mm'], ['2024-10-27 02:30', 'YYYY-MM-DD HH:mm'], ['2024-03-10 02:15', 'YYYY-MM-DD HH:mm'],
  ['2024-11-03 01:30', 'YYYY-MM-DD HH:mm'], ['28/12/2016', 'DD.MM.YYYY'], ['Aug 18, 2019 10:00 AM', 'MMM DD, YYYY hh:mm A'],
  ['2016-W52-3', 'GGGG-[W]WW-E'], ['2016-366 23', 'YYYY-DDDD HH'], ['1482940986.372', 'X'], ['2020-02-30', 'YYYY-MM-DD'],
  ['2020-02-03T17:43:09+0530', 'YYYY-MM-DDTHH:mm:ssZ'], ['99 3 1', 'YY M D'], ['12:30 PM 5.6.2021', 'h:mm A D.M.YYYY'],
  ['2019-13-01', 'YYYY-MM-DD'], ['1st March 2020', 'Do MMMM YYYY'], ['2011-12-30', 'YYYY-MM-DD']];
for (let n = 0; n < 64; n += 1) {
  const [text, format] = at(TEXTS, n);
  const zone = at(ZONES, n + 4 * Math.floor(n / 16));
  const parsed = moment.tz(text, format, 'en', zone);
  add('parse', zone, 'en', text, format, parsed.isValid() ? parsed : null);
}
for (let n = 0; n < 20; n += 1) {
  const zone = at(ZONES, n * 4);
  const locale = at(['de', 'fr', 'es', 'it', 'pt-br', 'nl', 'sv', 'cs', 'pl', 'ru'], n);
  const date = moment.utc(at(INSTANTS, n)).locale(locale).format('D MMMM YYYY HH:mm');
  const parsed = moment.tz(date, 'D MMMM YYYY HH:mm', locale, zone);
  add('parse', zone, locale, date, 'D MMMM YYYY HH:mm', parsed.isValid() ? parsed : null);
}
const CHANGES = [['addDays', 1, (m) => m.add(1, 'days')], ['addDays', -1, (m) => m.add(-1, 'days')], ['addMonths', 1, (m) => m.add(1, 'months')],
  ['addYears', -4, (m) => m.add(-4, 'years')], ['addHours', 25, (m) => m.add(25, 'hours')], ['setHour', 2, (m) => m.hour(2)],
  ['setDate', 31, (m) => m.date(31)], ['setMonth', 2, (m) => m.month(1)], ['setDay', 1, (m) => m.day(0)], ['setMinute', 75, (m) => m.minute(75)],
  ['setYear', 2023, (m) => m.year(2023)]];
const EDGES = ['2024-03-30T01:30:00.000Z', '2024-03-31T12:00:00.000Z', '2024-10-26T00:30:00.000Z', '2024-10-28T01:30:00.000Z',
  '2024-03-09T10:30:00.000Z', '2024-11-02T08:30:00.000Z', '2020-01-31T05:00:00.000Z'];
for (let n = 0; out.length < 300; n += 1) {
  const [kind, number, change] = at(CHANGES, n);
  const zone = at(['Europe/Prague', 'America/Los_Angeles', 'Australia/Lord_Howe', 'America/St_Johns', 'Pacific/Apia'], n);
  const instant = at(EDGES, n + Math.floor(n / 7));
  add(kind, zone, 'en', instant, number, change(moment.tz(instant, zone)));
}
console.log(out.join('\n'));
