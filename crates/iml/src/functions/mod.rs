//! The functions, and what is known about them.

mod aggregates;
mod arguments;
mod arrays;
mod catalogue;
mod dates;
mod emoji;
mod encoding;
mod escaping;
mod general;
mod hashes;
mod json;
mod jwt;
mod lists;
mod members;
mod mime;
mod numbers;
mod replace;
mod table;
mod text;
mod units;

pub use catalogue::{Argument, ArgumentKind, Function, Group};

pub(crate) use arguments::{Arguments, Prepared};
pub(crate) use catalogue::Run;
pub(crate) use dates::format_into;

use crate::{
    date::{Pattern, Zone},
    error::Result,
    machine::Machine,
    value::Value,
};

/// All functions, sorted by name.
#[must_use]
pub fn catalogue() -> &'static [Function] {
    table::FUNCTIONS
}

/// The built-in function of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Function> {
    let at = table::FUNCTIONS.binary_search_by(|function| function.name.cmp(name)).ok()?;
    Some(&table::FUNCTIONS[at])
}

/// Does in advance what depends on constant arguments only.
pub(crate) fn prepare(function: &Function, constants: &[Option<&Value>]) -> Prepared {
    let text = |at: usize| constants.get(at).copied().flatten().and_then(Value::as_text);
    let mut prepared = Prepared::default();
    match function.name {
        "formatDate" | "parseDate" => {
            let format = text(1).filter(|format| !format.is_empty());
            prepared.pattern = format.map(|format| Pattern::new(format));
            prepared.zone = text(2).map(|name| Zone::find(name));
        }
        "replace" => prepared.search = text(1).map(|search| replace::Search::new(search)),
        _ => {}
    }
    prepared
}

/// Whether a pattern occurs in a text; nothing when it is not a pattern.
pub(crate) fn search(
    machine: &Machine<'_>,
    text: &str,
    pattern: &str,
    any_case: bool,
) -> Result<Option<bool>> {
    let (pattern, flags) = replace::pattern(pattern).unwrap_or((pattern, ""));
    let flags =
        if any_case && !flags.contains('i') { format!("{flags}i") } else { flags.to_owned() };
    let Ok(regex) = replace::compile(pattern, &flags) else { return Ok(None) };
    Ok(Some(crate::regex::Matcher::new(&regex, text, machine)?.find(0)?.is_some()))
}
