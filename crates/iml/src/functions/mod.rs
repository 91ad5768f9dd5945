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
    coerce,
    collection::Collection,
    date::{Date, Pattern, Zone},
    decisions,
    environment::{Environment, Seeded},
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

/// The result of a built-in function for arguments that are values already, or nothing when there is
/// none of this name.
///
/// # Errors
///
/// When the function fails or a limit is reached. The limits are counted for this call alone.
pub fn call(
    name: &str,
    arguments: &[Value],
    environment: &Environment<'_>,
) -> Option<Result<Value>> {
    let nothing = Collection::default();
    let machine = Machine::new(environment, &nothing);
    let at = |at: usize| arguments.get(at).cloned().unwrap_or_default();
    let result = match find(name)?.run {
        Run::Plain(run) => run(&Arguments::new(arguments, &machine, &Prepared::default())),
        Run::If => Ok(at(if coerce::truth(&at(0)) { 1 } else { 2 })),
        Run::IfEmpty => Ok(at(usize::from(at(0).is_empty()))),
        Run::Switch => switch(&machine, arguments),
    };
    Some(result.map_err(|error| error.in_function(name)))
}

fn switch(machine: &Machine<'_>, arguments: &[Value]) -> Result<Value> {
    let Some((value, mut rest)) = arguments.split_first() else { return Ok(Value::Undefined) };
    while let [case, result, more @ ..] = rest {
        if decisions::equal(machine, value, case)? {
            return Ok(result.clone());
        }
        rest = more;
    }
    Ok(rest.first().cloned().unwrap_or_default())
}

/// Whether a pattern in the dialect of JavaScript, bare or as `/pattern/flags`, occurs in a text;
/// nothing when it is not a pattern.
///
/// # Errors
///
/// When matching would take too long.
pub fn matches(text: &str, pattern: &str) -> Result<Option<bool>> {
    let randomness = Seeded::new(0);
    let environment = Environment::new(Date::from_ms(0)?, &randomness);
    let nothing = Collection::default();
    search(&Machine::new(&environment, &nothing), text, pattern, false)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn called(name: &str, arguments: &[Value]) -> String {
        let randomness = Seeded::new(0);
        let environment = Environment::new(Date::from_ms(0).unwrap(), &randomness);
        match call(name, arguments, &environment) {
            Some(Ok(value)) => value.to_json().unwrap(),
            Some(Err(error)) => error.to_string(),
            None => "unknown".to_owned(),
        }
    }

    #[test]
    fn functions_are_called_with_values() {
        let [a, b, c, d] = ["a", "b", "c", "d"].map(Value::from);
        assert_eq!(called("upper", std::slice::from_ref(&a)), "\"A\"");
        assert_eq!(called("if", &[Value::Bool(true), a.clone(), b.clone()]), "\"a\"");
        assert_eq!(called("if", &[Value::Bool(false), a.clone(), b.clone()]), "\"b\"");
        assert_eq!(called("ifempty", &[Value::from(""), b.clone()]), "\"b\"");
        assert_eq!(called("ifempty", &[a.clone(), b.clone()]), "\"a\"");
        assert_eq!(called("switch", &[a.clone(), a.clone(), c.clone(), d.clone()]), "\"c\"");
        assert_eq!(called("switch", &[b.clone(), a.clone(), c, d]), "\"d\"");
        assert_eq!(called("switch", &[b, a.clone(), a.clone()]), "null");
        assert_eq!(called("nothing", &[]), "unknown");
        assert!(called("parseNumber", &[a]).starts_with("Function 'parseNumber' finished"));
    }

    #[test]
    fn patterns_are_bare_or_have_flags() {
        assert_eq!(matches("Abc", "^abc$"), Ok(Some(false)));
        assert_eq!(matches("Abc", "/^abc$/i"), Ok(Some(true)));
        assert_eq!(matches("Abc", "("), Ok(None));
    }
}
