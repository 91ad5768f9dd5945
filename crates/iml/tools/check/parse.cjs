// The grammar: templates, expressions, arguments without quotes.
'use strict';
const { Expected } = require('./values.cjs');

const RANKS = [['||', '|', 'or'], ['&&', '&', 'and'], ['===', '==', '=', '!==', '!='], ['<=', '>=', '<', '>'], ['+', '-'], ['*', '/', '%']];
const OPERATORS = RANKS.flat().sort((a, b) => b.length - a.length);
const NAME = /[\p{L}_$][\p{L}\p{N}_$]*/uy;
const SAME = { '|': '||', or: '||', '&': '&&', and: '&&', '=': '==', '===': '==', '!==': '!=' };

function endOfQuoted(source, at) {
  const quote = source[at];
  for (let i = at + 1; i < source.length; i += 1) {
    if (quote !== '`' && source[i] === '\\' && source[i + 1] === quote) i += 1;
    else if (source[i] === quote) {
      if (quote === '`' || source[i + 1] !== quote) return i + 1;
      i += 1;
    }
  }
  throw new Expected('a quote is not closed');
}

class Parser {
  constructor(source) {
    this.source = source;
    this.at = 0;
  }

  fail(what) {
    throw new Expected(`${what} at ${this.at}`);
  }

  skip() {
    while (' \t\n\r\u00a0'.includes(this.source[this.at] ?? 'x')) this.at += 1;
  }

  peek() {
    this.skip();
    return this.source[this.at];
  }

  take(text) {
    if (this.peek() !== text) this.fail(`${text} expected`);
    this.at += text.length;
  }

  name() {
    NAME.lastIndex = this.at;
    const match = NAME.exec(this.source);
    return match ? match[0] : '';
  }

  operator() {
    this.skip();
    const found = OPERATORS.find((text) => this.source.startsWith(text, this.at));
    return found === 'and' || found === 'or' ? (this.name() === found ? found : undefined) : found;
  }

  binary(rank = 0) {
    if (rank === RANKS.length) return this.unary();
    let left = this.binary(rank + 1);
    for (;;) {
      const operator = this.operator();
      if (!operator || !RANKS[rank].includes(operator)) return left;
      this.at += operator.length;
      left = { kind: 'binary', operator: SAME[operator] ?? operator, left, right: this.binary(rank + 1) };
    }
  }

  unary() {
    const first = this.peek();
    if (first !== '!' && first !== '-') return this.postfix();
    this.at += 1;
    return { kind: 'unary', operator: first, operand: this.unary() };
  }

  postfix() {
    let node = this.primary();
    for (;;) {
      const next = this.peek();
      if (next === '.') {
        this.at += 1;
        this.skip();
        node = { kind: 'step', of: node, name: this.segment() };
      } else if (next === '[') {
        this.at += 1;
        const index = this.peek() === ']' ? { kind: 'constant', value: 1 } : this.binary();
        this.take(']');
        node = { kind: 'index', of: node, index };
      } else return node;
    }
  }

  quoted() {
    const end = endOfQuoted(this.source, this.at);
    const inside = this.source.slice(this.at + 1, end - 1);
    const quote = this.source[this.at];
    this.at = end;
    if (quote === '`') return inside;
    return inside.replaceAll(`\\${quote}`, quote).replaceAll(quote + quote, quote);
  }

  segment() {
    if (this.source[this.at] === '`') return this.quoted();
    const digits = /^\d+/.exec(this.source.slice(this.at));
    const name = digits ? digits[0] : this.name();
    if (!name) this.fail('a name expected');
    this.at += name.length;
    return name;
  }

  primary() {
    const first = this.peek();
    if (first === undefined) this.fail('more expected');
    if (first === '"' || first === "'") return { kind: 'constant', value: this.quoted() };
    if (first === '`') return { kind: 'root', name: this.quoted() };
    if (first === '(') {
      this.at += 1;
      const inside = this.binary();
      this.take(')');
      return { kind: 'inside', inside };
    }
    if (first === '[') return { kind: 'array', items: this.list(']', () => this.binary()) };
    if (first === '{') {
      const entry = () => {
        const quote = this.peek();
        const key = quote === '"' || quote === "'" ? this.quoted() : this.segment();
        this.take(':');
        return [key, this.binary()];
      };
      return { kind: 'object', entries: this.list('}', entry) };
    }
    const number = /^\d+(\.\d+)?/.exec(this.source.slice(this.at));
    if (number) {
      const behind = this.source[this.at + number[0].length];
      this.at += number[0].length;
      if (!number[1] && (behind === '.' || behind === '[')) return { kind: 'root', name: number[0] };
      if (!Number.isFinite(Number(number[0]))) this.fail('a smaller number expected');
      return { kind: 'constant', value: Number(number[0]) };
    }
    const name = this.name();
    if (!name) this.fail('an operand expected');
    this.at += name.length;
    const behind = this.at;
    if (this.peek() === '(') {
      let index = 0;
      return { kind: 'call', name, arguments: this.list(')', () => this.argument(name, index++)) };
    }
    this.at = behind;
    return { kind: 'name', name };
  }

  // What stands between brackets, between commas or semicolons.
  list(end, item) {
    this.at += 1;
    const items = [];
    if (this.peek() !== end) {
      do {
        items.push(item());
      } while ((this.peek() === ',' || this.peek() === ';') && (this.at += 1));
    }
    this.take(end);
    return items;
  }

  argument(call, index) {
    const start = (this.skip(), this.at);
    if (',;)'.includes(this.source[start])) return { kind: 'constant', value: undefined };
    let node;
    try {
      node = this.binary();
    } catch (error) {
      if (!error.isExpected) throw error;
    }
    const ended = node && ',;)'.includes(this.peek() ?? 'x');
    const text = this.source.slice(start, this.at).trim();
    // Letters of date formats where one is expected are one.
    const format = index === 1 && /^(formatDate|parseDate)$/.test(call) && /^[YMDHhmsSAaZXxQWwEdGgkT]+([-/.+ :]+[YMDHhmsSAaZXxQWwEdGgkT]+)+$/.test(text);
    if (ended && !format) return node.kind === 'name' ? { ...node, kind: 'bare' } : node;
    let depth = 0;
    for (this.at = start; ; this.at += 1) {
      const c = this.source[this.at];
      if (c === undefined) this.fail(') expected');
      if ('\'"`'.includes(c)) this.at = endOfQuoted(this.source, this.at) - 1;
      else if ('([{'.includes(c)) depth += 1;
      else if (depth > 0 && ')]}'.includes(c)) depth -= 1;
      else if (depth === 0 && ',;)'.includes(c)) break;
    }
    return { kind: 'constant', value: this.source.slice(start, this.at).trim() };
  }
}

function parseExpression(source) {
  const parser = new Parser(source);
  const node = parser.binary();
  if (parser.peek() !== undefined) parser.fail('the end expected');
  return node;
}

// Where the expression ends that begins here, or nothing.
function endOfExpression(source, from) {
  let open = 0;
  try {
    for (let at = from; at < source.length; at += 1) {
      if ('\'"`'.includes(source[at])) at = endOfQuoted(source, at) - 1;
      else if (source[at] === '{') open += 1;
      else if (source[at] === '}' && open > 0) open -= 1;
      else if (source.startsWith('}}', at)) return at;
    }
  } catch (error) {
    if (!error.isExpected) throw error;
  }
  return undefined;
}

function parseTemplate(source) {
  const parts = [];
  let from = 0;
  for (let look = 0; ; ) {
    const start = source.indexOf('{{', look);
    if (start < 0) break;
    const end = endOfExpression(source, start + 2);
    if (end === undefined) {
      look = start + 1;
      continue;
    }
    if (from < start) parts.push(source.slice(from, start));
    parts.push(parseExpression(source.slice(start + 2, end)));
    from = look = end + 2;
  }
  if (from < source.length) parts.push(source.slice(from));
  return parts;
}

module.exports = { parseExpression, parseTemplate };
