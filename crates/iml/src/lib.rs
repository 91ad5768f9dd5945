//! IML, the expression language of scenarios and apps: what stands between `{{` and `}}`.
//!
//! The crate is pure. It reads no clock, no random source, no file and no environment: what an
//! evaluation depends on is in its [`Environment`]. Sources are compiled once to a [`Program`], which
//! is evaluated any number of times against the roots of references.
//!
//! ```
//! use halyard_iml::{Collection, Context, Date, Environment, Program, Seeded, Value};
//!
//! let (program, diagnostics) = Program::template("Hello {{upper(1.name)}}!", Context::default());
//! assert!(diagnostics.is_empty());
//! let bundle = Collection::of([("name", Value::from("Ann"))]);
//! let roots = Collection::of([("1", Value::collection(bundle))]);
//! let randomness = Seeded::new(1);
//! let environment = Environment::new(Date::from_ms(0)?, &randomness);
//! let value = program.evaluate(&roots, &environment)?;
//! assert_eq!(value.to_json()?, "\"Hello ANN!\"");
//! # Ok::<(), halyard_iml::Error>(())
//! ```
//!
//! What is not known for certain about the original is decided in [`decisions`].

mod coerce;
mod collection;
mod compile;
mod date;
pub mod decisions;
mod environment;
mod error;
mod evaluate;
pub mod field;
pub mod filter;
pub mod functions;
mod json;
mod machine;
mod number;
mod operators;
mod program;
mod regex;
pub mod syntax;
pub mod tree;
mod value;

pub use coerce::truth;
pub use collection::{Collection, Key};
pub use compile::{Context, KNOWN_ROOTS, is_keyword};
pub use date::{DATE_RANGE_MS, Date, Locale, Zone};
pub use environment::{
    Environment, Functions, Layers, Limits, MAX_VALUE_DEPTH, NoFunctions, Randomness, Roots, Run,
    Seeded,
};
pub use error::{Bound, Error, ErrorKind, Result, Span};
pub use json::scope;
pub use program::{FieldKeyword, Program};
pub use value::{Stored, Text, Type, Value};
