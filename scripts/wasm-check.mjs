// Calls the expression language built for browsers through its compiled wrapper:
// `node scripts/wasm-check.mjs iml.wasm iml.js`.
import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import assert from 'node:assert/strict';

const [module, wrapper] = process.argv.slice(2);
// The wrapper is a module although it lies where no package says so.
const source = Buffer.from(await readFile(wrapper)).toString('base64');
const { Iml } = await import(`data:text/javascript;base64,${source}#${pathToFileURL(wrapper)}`);
const bytes = await readFile(module);

// From bytes, and from a response as a page has it.
const iml = await Iml.load(bytes);
const fetched = await Iml.load(Promise.resolve(new Response(bytes, { headers: { 'content-type': 'application/wasm' } })));

const now = Date.UTC(2018, 9, 1, 7, 32, 5);
const scope = { 1: { n: 'Ženo', list: [{ id: 1 }, { id: 2 }] } };
const place = { now, zone: 'Europe/Prague', locale: 'cs' };
const dated = '{{upper(1.n)}} {{formatDate(now; "D. MMMM HH:mm")}}';
for (const loaded of [iml, fetched]) {
  assert.deepEqual(loaded.evaluate(dated, scope, place), { type: 'text', value: 'ŽENO 1. října 09:32', diagnostics: [] });
}

// Values keep their types.
const values = [
  ['{{1.list}}', 'array', [{ id: 1 }, { id: 2 }]],
  ['{{1 + 1}}', 'number', 2],
  ['{{now}}', 'date', '2018-10-01T07:32:05.000Z'],
  ['{{toBinary("é")}}', 'buffer', 'w6k='],
  ['{{1.none}}', 'undefined', null],
  ['{{sha256("hello")}}', 'text', '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824'],
];
for (const [template, type, value] of values) {
  assert.deepEqual(iml.evaluate(template, scope, place), { type, value, diagnostics: [] }, template);
}

// The same seed, the same randomness; another one, or none, another.
const uuid = (seed) => iml.evaluate('{{uuid}}', {}, seed === undefined ? {} : { seed }).value;
assert.match(uuid(), /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
assert.equal(uuid(0.5), uuid(0.5));
assert.notEqual(uuid(0.5), uuid(0.25));
assert.notEqual(uuid(), uuid());

// Failures are values, not exceptions; positions are bytes.
const failed = iml.evaluate('ž{{nope(1)}}', {}, place);
assert.equal(failed.error.type, 'unknown_function');
assert.equal(failed.error.function, 'nope');
assert.deepEqual([failed.error.start, failed.error.end], [4, 11]);
assert.equal(failed.diagnostics[0].severity, 'warning');
const [said] = iml.check('{{1 +}}');
assert.equal(said.severity, 'error');
assert.deepEqual(iml.check('{{1 + 1}}'), []);

const functions = iml.functions();
assert.ok(functions.filter((known) => known.core).length === 85);
assert.match(functions.find((known) => known.name === 'formatDate').signature, /^formatDate\(date; /);

// A large scope makes the memory grow under a view that was taken before.
const large = { big: 'x'.repeat(8 << 20) };
assert.equal(iml.evaluate('{{length(big)}}', large, place).value, 8 << 20);
assert.equal(iml.evaluate(dated, scope, place).value, 'ŽENO 1. října 09:32');
console.log('the module answers through its wrapper');
