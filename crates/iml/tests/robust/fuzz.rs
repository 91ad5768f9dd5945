//! Fuzzing without a special compiler: sources of the cases, mutated for `HALYARD_FUZZ_SECONDS`
//! (a second when that is not set while this is compiled). `make fuzz` runs each target for a minute.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

use halyard_iml::{
    Limits, Randomness, Seeded,
    syntax::{Style, parse_expression, parse_template, print_template},
};

use crate::{
    properties::returns,
    support::{corpus, evaluate_within},
};

const TOKENS: &[&str] = &[
    "{{",
    "}}",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "[]",
    ".",
    ",",
    ";",
    ":",
    "'",
    "\"",
    "`",
    "\\",
    "\\'",
    " and ",
    " or ",
    "&&",
    "||",
    "===",
    "!=",
    "<=",
    "-",
    "!",
    "/",
    "%",
    "*",
    "+",
    "$1",
    "$&",
    "/g",
    "null",
    "undefined",
    "emptyarray",
    "ignore",
    "now",
    "1.",
    "1.a",
    "1[",
    "-1",
    "0",
    "1e9",
    "99999999999999999999",
    "0.1",
    "😀",
    "\u{301}",
    "\u{a0}",
    "\n",
    "\0",
    "ß",
    "YYYY",
    "MMMM",
    "[at]",
    "(?=",
    "(?<!",
    "(a|",
    ")*",
    "{1,99}",
    "\\1",
    "^",
    "$",
    ".*?",
    "formatDate(",
    "parseDate(",
    "replace(",
    "map(",
    "sort(",
    "if(",
    "switch(",
    "ifempty(",
    "jwt(",
    "get(",
    "flatten(",
];

struct Mutator {
    corpus: Vec<String>,
    random: Seeded,
}

impl Mutator {
    fn below(&self, bound: usize) -> usize {
        usize::try_from(self.random.next() % (bound.max(1) as u64)).expect("below the bound")
    }

    fn pick(&self) -> &str {
        &self.corpus[self.below(self.corpus.len())]
    }

    fn boundary(&self, text: &str) -> usize {
        let mut at = self.below(text.len() + 1);
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }

    fn source(&self) -> String {
        let mut source = self.pick().to_owned();
        for _ in 0..=self.below(6) {
            let at = self.boundary(&source);
            match self.below(6) {
                0 | 1 => source.insert_str(at, TOKENS[self.below(TOKENS.len())]),
                2 => {
                    let end = self.boundary(&source);
                    source.replace_range(at.min(end)..at.max(end), "");
                }
                3 => {
                    let end = self.boundary(&source);
                    let part = source[at.min(end)..at.max(end)].to_owned();
                    source.insert_str(self.boundary(&source), &part);
                }
                4 => {
                    let other = self.pick();
                    let (from, to) = (self.boundary(other), self.boundary(other));
                    source.insert_str(at, &other[from.min(to)..from.max(to)]);
                }
                _ => {
                    let c = char::from_u32(u32::try_from(self.below(0x500)).expect("small"));
                    source.insert(at, c.unwrap_or('x'));
                }
            }
            if source.len() > 4000 {
                source.truncate(self.boundary(&source));
            }
        }
        source
    }
}

fn fuzz(target: &str, check: impl Fn(&str)) {
    let seconds = option_env!("HALYARD_FUZZ_SECONDS").and_then(|text| text.parse().ok());
    let end = Instant::now() + Duration::from_secs(seconds.unwrap_or(1));
    // Long runs begin elsewhere each time, and say where.
    let seed = option_env!("HALYARD_FUZZ_SEED").and_then(|text| text.parse().ok()).unwrap_or(1);
    let mutator = Mutator { corpus: corpus(), random: Seeded::new(seed) };
    let (mut count, mut slowest) = (0_u64, (Duration::ZERO, String::new()));
    while Instant::now() < end {
        let source = mutator.source();
        let started = Instant::now();
        if catch_unwind(AssertUnwindSafe(|| check(&source))).is_err() {
            panic!("{target}: {source:?}");
        }
        let took = started.elapsed();
        if took > slowest.0 {
            slowest = (took, source);
        }
        count += 1;
    }
    println!(
        "{target}: {count} sources with seed {seed}; slowest {:?}: {:?}",
        slowest.0, slowest.1
    );
    assert!(count > 0);
}

#[test]
fn fuzz_parse() {
    fuzz("parse", |source| {
        let (template, said) = parse_template(source);
        drop(parse_expression(source));
        for diagnostic in said {
            assert!(diagnostic.span.start <= diagnostic.span.end);
            assert!(source.get(diagnostic.span.start..diagnostic.span.end).is_some());
        }
        assert!(template.parts.len() <= source.len() + 1);
    });
}

#[test]
fn fuzz_evaluate() {
    let limits = Limits { steps: 2_000_000, output_bytes: 4 << 20 };
    fuzz("evaluate", |source| {
        for is_template in [false, true] {
            let first = evaluate_within(source, is_template, limits);
            let again = evaluate_within(source, is_template, limits);
            match (first, again) {
                (Ok(first), Ok(again)) => {
                    assert_eq!(first.to_json(), again.to_json(), "not the same again");
                }
                (first, again) => assert_eq!(first.err(), again.err()),
            }
        }
    });
}

#[test]
fn fuzz_format() {
    fuzz("format", |source| {
        returns(source);
        let (template, said) = parse_template(source);
        // Braces that are not closed are text, until what is printed behind them closes them.
        if said.iter().all(|diagnostic| !diagnostic.message.contains("not closed")) {
            let printed = print_template(&template, Style::Scenario);
            assert_eq!(parse_template(&printed).0, template, "printed as {printed:?}");
        }
    });
}
