//! Regular expressions in the dialect of JavaScript.
//!
//! A matcher of our own, for two reasons. It backtracks in the order that JavaScript prescribes, with
//! look-around and references to groups. And it cannot be made to run away: what has failed once at a
//! place of the text is not tried again, so that time grows with pattern × text, and patterns with
//! references to groups, for which that is impossible, end at the limit of the evaluation.
//!
//! It works on characters, not on halves of them.

mod compile;
mod parse;
mod run;

pub(crate) use run::Matcher;

use compile::Program;

/// A compiled pattern.
#[derive(Debug)]
pub(crate) struct Regex {
    program: Program,
    /// Whether all matches are meant, not just the first.
    pub(crate) global: bool,
}

/// How a pattern is to be read.
#[derive(Clone, Copy, Debug, Default)]
struct Flags {
    ignore_case: bool,
    multiline: bool,
    dot_all: bool,
    unicode: bool,
}

impl Regex {
    /// Compiles a pattern.
    ///
    /// # Errors
    ///
    /// When it is not one, with the reason.
    pub(crate) fn new(pattern: &str, letters: &str) -> Result<Self, String> {
        let mut flags = Flags::default();
        let mut global = false;
        for letter in letters.chars() {
            match letter {
                'g' => global = true,
                'i' => flags.ignore_case = true,
                'm' => flags.multiline = true,
                's' => flags.dot_all = true,
                'u' => flags.unicode = true,
                _ => return Err(format!("the flag '{letter}' is not supported")),
            }
        }
        let parsed = parse::parse(pattern, flags)?;
        Ok(Self { program: compile::compile(&parsed, flags)?, global })
    }

    /// How many groups the pattern has.
    pub(crate) fn groups(&self) -> usize {
        self.program.groups
    }
}
