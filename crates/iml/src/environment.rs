//! What an evaluation is given from outside: time, place, language, ids, randomness, functions, bounds.

use std::cell::Cell;

use crate::{
    collection::{Collection, Key},
    date::{Date, Locale, Zone},
    error::Result,
    value::{Text, Value},
};

/// A source of random numbers.
pub trait Randomness {
    /// The next 64 random bits.
    fn next(&self) -> u64;
}

/// Random numbers that follow from a seed: good for tests and repeatable runs, not for secrets.
#[derive(Debug)]
pub struct Seeded(Cell<u64>);

impl Seeded {
    /// The sequence of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Cell::new(seed))
    }
}

impl Randomness for Seeded {
    fn next(&self) -> u64 {
        // SplitMix64.
        let state = self.0.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.0.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// Functions that the host adds, such as those that an app brings along.
pub trait Functions {
    /// The result of a function, or nothing when there is none of this name.
    fn call(
        &self,
        name: &str,
        arguments: &[Value],
        environment: &Environment<'_>,
    ) -> Option<Result<Value>>;
}

/// A host without functions of its own.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFunctions;

impl Functions for NoFunctions {
    fn call(&self, _: &str, _: &[Value], _: &Environment<'_>) -> Option<Result<Value>> {
        None
    }
}

/// Where references begin.
pub trait Roots {
    /// The value of a root.
    fn root(&self, key: &Key) -> Option<&Value>;
}

impl Roots for Collection {
    fn root(&self, key: &Key) -> Option<&Value> {
        self.get(key)
    }
}

/// Several sources of roots, of which the first that has one counts.
#[derive(Clone, Copy)]
pub struct Layers<'a>(pub &'a [&'a dyn Roots]);

impl Roots for Layers<'_> {
    fn root(&self, key: &Key) -> Option<&Value> {
        self.0.iter().find_map(|roots| roots.root(key))
    }
}

/// What an evaluation must not exceed. It ends with an error when it would.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Units of work: nodes, elements of arrays, characters that are searched.
    pub steps: u64,
    /// Bytes of text, buffers and arrays that are produced, also those in between.
    pub output_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { steps: 50_000_000, output_bytes: 64 * 1024 * 1024 }
    }
}

/// How deep values may be nested when they are compared or written as text.
pub const MAX_VALUE_DEPTH: usize = 200;

/// What the variables tell about the run.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// The id of the run.
    pub execution_id: Option<Text>,
    /// The id of the scenario.
    pub scenario_id: Option<Text>,
    /// The name of the scenario.
    pub scenario_name: Option<Text>,
    /// When the trigger fired.
    pub triggered_at: Option<Date>,
    /// Operations that the run has used.
    pub operations: Option<f64>,
}

/// What an evaluation is given from outside.
#[derive(Clone)]
pub struct Environment<'a> {
    /// The time that `now` tells.
    pub now: Date,
    /// The zone in which calendars are read.
    pub zone: Zone,
    /// The language of names in dates.
    pub locale: Locale,
    /// What the variables tell about the run.
    pub run: Run,
    /// Where random numbers come from.
    pub randomness: &'a dyn Randomness,
    /// Functions of the host.
    pub functions: &'a dyn Functions,
    /// What must not be exceeded.
    pub limits: Limits,
}

impl std::fmt::Debug for Environment<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Environment")
            .field("now", &self.now)
            .field("zone", &self.zone)
            .field("locale", &self.locale)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl<'a> Environment<'a> {
    /// In UTC and English, without functions of the host, within the usual limits.
    #[must_use]
    pub fn new(now: Date, randomness: &'a dyn Randomness) -> Self {
        Self {
            now,
            zone: Zone::utc(),
            locale: Locale::default(),
            run: Run::default(),
            randomness,
            functions: &NoFunctions,
            limits: Limits::default(),
        }
    }
}
