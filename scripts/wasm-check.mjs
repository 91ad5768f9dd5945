// Calls the expression language built for browsers: `node scripts/wasm-check.mjs FILE`.
import { readFile } from 'node:fs/promises';
import assert from 'node:assert/strict';

const { instance } = await WebAssembly.instantiate(await readFile(process.argv[2]), {});
const { memory, input, run, output } = instance.exports;

function ask(request) {
  const bytes = new TextEncoder().encode(JSON.stringify(request));
  const at = input(bytes.length);
  new Uint8Array(memory.buffer, at, bytes.length).set(bytes);
  const length = run();
  return JSON.parse(new TextDecoder().decode(new Uint8Array(memory.buffer, output(), length)));
}

const eight = Date.UTC(2018, 9, 1, 7, 32, 5);
const formatted = { do: 'eval', now: eight, zone: 'Europe/Prague', locale: 'cs', scope: { 1: { n: 'Ženo' } } };
assert.equal(ask({ ...formatted, template: '{{upper(1.n)}} {{formatDate(now; "D. MMMM HH:mm")}}' }).value, 'ŽENO 1. října 09:32');
assert.equal(ask({ ...formatted, template: '{{sha256("hello")}}' }).value.slice(0, 8), '2cf24dba');
assert.equal(ask({ ...formatted, template: '{{nope()}}' }).error.type, 'unknown_function');
assert.equal(ask({ do: 'check', template: '{{1 +}}' }).diagnostics[0].severity, 'error');
assert.ok(ask({ do: 'functions' }).functions.length >= 85);
console.log('the module answers');
