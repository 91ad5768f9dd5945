// Computes the tables of cases again, in another language and from the documentation alone, and prints
// where the two differ:
//
//   NODE_PATH=$(scripts/npm.sh) node crates/iml/tools/check.cjs
//
// Dates come from moment and moment-timezone, patterns from the runtime's own engine, emoji from its
// Unicode tables, digests from its own library. Nothing here is taken from the Rust code.
'use strict';
const fs = require('fs');
const path = require('path');
const { parseTemplate, parseExpression } = require('./check/parse.cjs');
const { Evaluator } = require('./check/evaluate.cjs');
const { shown } = require('./check/values.cjs');

const folder = path.join(__dirname, '../tests/cases');

// Where we decided to be different, each with its reason; a row that agrees after all is an error too.
const DECIDED = new Map([
  ["replace('😀a'; '/./'; 'x')", 'half a character is no text: patterns match whole ones (question 17)'],
  ["parseJSON('-1e400')", 'a number beyond all doubles is refused rather than made infinite'],
  ['formatNumber(-0.001; 2)', 'what is rounded to zero has no sign'],
  ["parseDate('1 Oct 2018'; 'D MMM YYYY')", 'English names of months are understood in every language'],
]);

// Literal and basic strings of TOML, as far as the tables use them.
function strings(text) {
  const found = [];
  const pattern = /'([^'\n]*)'|("(?:[^"\\\n]|\\.)*")/gy;
  let at = 0;
  while (at < text.length) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match) {
      found.push(match[1] ?? JSON.parse(match[2]));
      at = pattern.lastIndex;
    } else at += 1;
  }
  return found;
}

function* cases(file) {
  let group = {};
  for (const line of fs.readFileSync(path.join(folder, file), 'utf8').split('\n')) {
    const setting = /^(scope|zone|locale|now) = (.*)$/.exec(line);
    if (line === '[[group]]') group = {};
    else if (setting) group[setting[1]] = strings(setting[2])[0];
    else if (line.startsWith('  [')) {
      const row = strings(line);
      yield { group, template: row.length === 3, source: row.at(-2), expected: row.at(-1) };
    }
  }
}

let count = 0;
const different = [];
for (const file of fs.readdirSync(folder).filter((name) => name.endsWith('.toml')).sort()) {
  for (const { group, template, source, expected } of cases(file)) {
    count += 1;
    let ours;
    try {
      const evaluator = new Evaluator(group);
      ours = shown(template ? evaluator.template(parseTemplate(source)) : evaluator.value(parseExpression(source)));
    } catch (error) {
      if (!error.isExpected) throw new Error(`${file}: ${source}`, { cause: error });
      ours = `!${error.message}`;
    }
    const same = expected.startsWith('!') ? ours.startsWith('!') : ours === expected;
    if (DECIDED.has(source) ? same : !same) different.push(`${file}: ${source}\n   table ${expected}\n   check ${ours}`);
  }
}
for (const difference of different) console.log(difference);
console.log(`${count} cases, ${different.length} differences, ${DECIDED.size} decided`);
process.exit(different.length > 0 || count < 800 ? 1 : 0);
