// Operators, references, keywords and the functions that evaluate only what they need.
'use strict';
const crypto = require('crypto');
const { Headers_, equal, fail, fromJson, isEmpty, isNothing, numeric, step, text, truth } = require('./values.cjs');
const dates = require('./dates.cjs');
const functions = { ...require('./text.cjs'), ...require('./numbers.cjs'), ...require('./arrays.cjs'), ...dates.functions };

const KEYWORDS = {
  null: null, erase: null, undefined, ignore: undefined, true: true, false: false, emptystring: '',
  space: ' ', tab: '\t', newline: '\n', carriagereturn: '\r', nbsp: '\u00a0', pi: Math.PI,
};
const ROOTS = new Set('body common connection data environment headers item iterate metadata method oauth output pagination parameters payload query response scenario statusCode temp webhook'.split(' '));

class Evaluator {
  constructor({ scope = '{}', zone = 'UTC', locale = 'en', now = '2019-10-15T12:00:00Z' }) {
    // A prefix keeps keys that are numbers in their place.
    this.roots = fromJson(JSON.parse(scope.replace(/"(\d+)":/g, '"\\u0000$1":')), true);
    if (this.roots.get('headers') instanceof Map) this.roots.set('headers', new Headers_(this.roots.get('headers')));
    this.place = { zone, locale, now: new Date(now) };
  }

  template(parts) {
    if (parts.length === 1 && typeof parts[0] !== 'string') return this.value(parts[0]);
    return parts.map((part) => (typeof part === 'string' ? part : text(this.value(part)))).join('');
  }

  known(name) {
    if (Object.hasOwn(KEYWORDS, name)) return [KEYWORDS[name]];
    switch (name) {
      case 'emptyarray': return [[]];
      case 'now': return [this.place.now];
      case 'timestamp': return [Math.floor(this.place.now / 1000)];
      case 'random': return [Math.random()];
      case 'uuid': return [crypto.randomUUID()];
      case 'executionId': return [undefined];
      case 'environment': return [this.roots.get('environment') ?? new Map([['timezone', this.place.zone]])];
      default: return undefined;
    }
  }

  value(node) {
    switch (node.kind) {
      case 'constant': return node.value;
      case 'inside': return this.value(node.inside);
      case 'root': return this.roots.get(node.name);
      case 'name': return (this.known(node.name) ?? [this.roots.get(node.name)])[0];
      case 'bare': {
        const known = this.known(node.name);
        if (known) return known[0];
        return this.roots.has(node.name) || ROOTS.has(node.name) ? this.roots.get(node.name) : node.name;
      }
      case 'step': return this.stepInto(this.value(node.of), node.name);
      case 'index': {
        const index = this.value(node.index);
        return isNothing(index) ? undefined : step(this.value(node.of), index);
      }
      case 'array': return node.items.map((item) => this.value(item)).filter((item) => item !== undefined);
      case 'object': return new Map(node.entries.map(([key, item]) => [key, this.value(item)]).filter(([, item]) => item !== undefined));
      case 'unary': {
        const operand = this.value(node.operand);
        return node.operator === '!' ? !truth(operand) : -(this.operand(operand));
      }
      case 'binary': return this.binary(node);
      default: return this.call(node);
    }
  }

  stepInto(value, name) {
    return value instanceof Map ? value.get(name) : undefined;
  }

  operand(value) {
    if (typeof value === 'string' && numeric(value) === undefined) return dates.read(value, this.place)?.getTime() ?? NaN;
    return numeric(value) ?? NaN;
  }

  binary({ operator, left, right }) {
    const a = this.value(left);
    if (operator === '&&') return truth(a) ? this.value(right) : a;
    if (operator === '||') return truth(a) ? a : this.value(right);
    const b = this.value(right);
    const texts = typeof a === 'string' && typeof b === 'string';
    const [x, y] = texts ? [a, b] : [this.operand(a), this.operand(b)];
    switch (operator) {
      case '==': return equal(a, b);
      case '!=': return !equal(a, b);
      case '<': return x < y;
      case '<=': return x <= y;
      case '>': return x > y;
      case '>=': return x >= y;
      case '+': return typeof a === 'string' || typeof b === 'string' ? text(a) + text(b) : x + y;
      case '-': return this.operand(a) - this.operand(b);
      case '*': return this.operand(a) * this.operand(b);
      case '/': return this.operand(a) / this.operand(b);
      default: return this.operand(a) % this.operand(b);
    }
  }

  call({ name, arguments: given }) {
    const at = (n) => (n < given.length ? this.value(given[n]) : undefined);
    if (name === 'if') return at(truth(at(0)) ? 1 : 2);
    if (name === 'ifempty') {
      const first = at(0);
      return isEmpty(first) ? at(1) : first;
    }
    if (name === 'switch') {
      const value = at(0);
      let n = 1;
      for (; n + 1 < given.length; n += 2) if (equal(value, at(n))) return at(n + 1);
      return at(n);
    }
    if (!Object.hasOwn(functions, name)) fail(`Unknown function '${name}'`);
    return functions[name](given.map((_, n) => at(n)), this.place);
  }
}

module.exports = { Evaluator };
