// Numbers and aggregates.
'use strict';
const { fail, isEmpty, isNothing, number, numeric, text } = require('./values.cjs');

// A number as digits with a position of the point, from its shortest decimal form.
function decimal(value) {
  const [mantissa, exponent] = Math.abs(value).toExponential().split('e');
  return { negative: value < 0, digits: BigInt(mantissa.replace('.', '')), places: (mantissa.split('.')[1] ?? '').length - Number(exponent) };
}

// The digits with this many places, cut or with halves away from zero.
function withPlaces({ digits, places }, wanted, rounds) {
  if (places <= wanted) return digits * 10n ** BigInt(wanted - places);
  const unit = 10n ** BigInt(places - wanted);
  return (digits + (rounds ? unit / 2n : 0n)) / unit;
}

function each(change) {
  return ([value]) => {
    const given = number(value);
    return given === undefined ? undefined : change(given);
  };
}

const numbers = (args) => args.flatMap((value) => (Array.isArray(value) ? value : [value])).map(numeric).filter((value) => value !== undefined);
const over = (combine, least = 1) => (args) => {
  const all = numbers(args);
  return all.length < least ? undefined : combine(all);
};
const total = (all) => all.reduce((a, b) => a + b, 0);
const deviation = (all, by) => Math.sqrt(total(all.map((value) => (value - total(all) / all.length) ** 2)) / by);

module.exports = {
  abs: each(Math.abs),
  ceil: each(Math.ceil),
  floor: each(Math.floor),
  round: each(Math.round),
  average: over((all) => total(all) / all.length),
  max: over((all) => Math.max(...all)),
  min: over((all) => Math.min(...all)),
  sum: over(total, 0),
  stdevP: over((all) => deviation(all, all.length)),
  stdevS: over((all) => deviation(all, all.length - 1), 2),
  median: over((all) => {
    const sorted = all.sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }),
  trunc([value, decimals]) {
    const given = number(value);
    const places = Math.trunc(number(decimals) ?? 0);
    if (given === undefined) return undefined;
    if (Math.abs(places) > 400) fail('too many decimals');
    const exact = decimal(given);
    const cut = withPlaces(exact, places, false);
    return Number(`${exact.negative ? '-' : ''}${cut}e${-places}`);
  },
  formatNumber([value, decimals, point, group]) {
    const given = number(value);
    if (given === undefined) return '';
    const places = number(decimals) ?? 0;
    if (places < 0 || places > 100) fail('decimals out of range');
    if (!Number.isFinite(given)) return '';
    const digits = String(withPlaces(decimal(given), places, true)).padStart(places + 1, '0');
    const whole = digits.slice(0, digits.length - places).replace(/\B(?=(\d{3})+$)/g, () => (isNothing(group) ? '.' : text(group)));
    const fraction = places ? (isNothing(point) ? ',' : text(point)) + digits.slice(-places) : '';
    return (given < 0 ? '-' : '') + whole + fraction;
  },
  parseNumber([value, separator]) {
    if (isNothing(value)) return undefined;
    if (typeof value === 'number') return value;
    const point = isEmpty(separator) ? '.' : text(separator);
    // What is neither digit nor sign nor separator goes; the number ends where it cannot go on.
    const kept = [...text(value).replaceAll(point, '\0')].filter((c) => /[\d+\-\0]/.test(c)).join('').replaceAll('\0', '.');
    const found = parseFloat(kept);
    return Number.isNaN(found) ? fail('no number') : found;
  },
};
