//! What is not known for certain about the original, decided in one place each. The numbers are
//! those of the open questions; `docs/decisions/0009-iml-open-questions.md` gives the reasons, and
//! `tests/decisions.rs` shows every one of them at work.

use crate::{
    error::Result,
    machine::Machine,
    operators::same,
    value::{Type, Value},
};

/// 1: operators bind as in JavaScript. The ranks are those of [`crate::syntax::Binary::rank`].
pub const PRECEDENCE_IS_THAT_OF_JAVASCRIPT: bool = true;

/// 2: values of different types are never equal, neither 1 and "1" nor null and undefined.
pub const EQUALITY_IS_STRICT: bool = true;

/// 3: of values that are something, only false, 0, NaN and the empty text count as false.
pub const EMPTY_LISTS_ARE_TRUE: bool = true;

/// 4: arithmetic is that of IEEE doubles.
pub const ARITHMETIC_IS_DECIMAL: bool = false;

/// 5: a backslash in a text literal is one, except before the quote that ends the literal.
pub const BACKSLASH_ESCAPES_ONLY_QUOTES: bool = true;

/// 6: an argument that is a name which nothing has, or no expression at all, is text.
pub const BARE_WORDS_ARE_TEXT: bool = true;

/// 7: `{ name: value }` and `[ value ]` are literals.
pub const LITERALS_OF_LISTS_ARE_ACCEPTED: bool = true;

/// 8: a property of an array is undefined; it is not that of the first element.
pub const PROPERTY_OF_ARRAY_IS_THAT_OF_FIRST: bool = false;

/// 9: what stands between the elements of an array as text; collections are JSON text.
pub const ARRAY_TEXT_SEPARATOR: &str = ",";

/// 10: `base64url` converts Base64 text; text that is not Base64 is encoded.
pub const BASE64URL_CONVERTS_BASE64: bool = true;

/// 11: the characters that `escapeMarkdown` replaces.
pub const MARKDOWN_CHARACTERS: &str = "\\*_{}[]()#+-.!>|`";

/// 12: `replace` with a plain text replaces every occurrence.
pub const REPLACE_PLAIN_TEXT_EVERYWHERE: bool = true;

/// 13: a date function without a date is undefined; it is no error.
pub const MISSING_DATE_IS_AN_ERROR: bool = false;

/// 14: a function of the host takes the place of a built-in one of the same name.
pub const HOST_FUNCTIONS_COME_FIRST: bool = true;

/// 15: `formatNumber` rounds halves away from zero, on the decimal form of the number.
pub const HALVES_ROUND_AWAY_FROM_ZERO: bool = true;

/// 16: numbers that are not finite are kept, and rendered as null.
pub const NON_FINITE_IS_RENDERED_AS_NULL: bool = true;

/// 17: lengths and positions count UTF-16 code units.
pub const POSITIONS_ARE_CODE_UNITS: bool = true;

/// The operations of arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// Question 4: all arithmetic of operators comes through here.
pub(crate) fn arithmetic(operation: Arithmetic, left: f64, right: f64) -> f64 {
    let exact = match operation {
        Arithmetic::Add => left + right,
        Arithmetic::Subtract => left - right,
        Arithmetic::Multiply => left * right,
        Arithmetic::Divide => left / right,
        Arithmetic::Remainder => left % right,
    };
    if ARITHMETIC_IS_DECIMAL && exact.is_finite() {
        // The nearest number of fifteen digits hides what the binary form cannot say.
        format!("{exact:.14e}").parse().unwrap_or(exact)
    } else {
        exact
    }
}

/// Question 5: what a backslash before this character stands for in a text literal; nothing when the
/// backslash is just one. All reading and writing of literals comes through here.
pub(crate) fn escaped(c: char, quote: char) -> Option<char> {
    match c {
        _ if c == quote => Some(quote),
        _ if BACKSLASH_ESCAPES_ONLY_QUOTES => None,
        '\\' => Some('\\'),
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        _ => None,
    }
}

/// Question 16: what a number that is not finite is shown as; nothing for null.
pub(crate) fn non_finite(number: f64) -> &'static str {
    match number {
        _ if NON_FINITE_IS_RENDERED_AS_NULL => "",
        _ if number.is_nan() => "NaN",
        _ if number > 0.0 => "Infinity",
        _ => "-Infinity",
    }
}

/// Question 2: all comparisons for equality come through here.
pub(crate) fn equal(machine: &Machine<'_>, left: &Value, right: &Value) -> Result<bool> {
    if !EQUALITY_IS_STRICT && left.kind() != right.kind() {
        if left.is_nothing() && right.is_nothing() {
            return Ok(true);
        }
        if matches!(
            (left.kind(), right.kind()),
            (Type::Number, Type::Text) | (Type::Text, Type::Number)
        ) {
            let number = |value| crate::coerce::operand(machine, value);
            return Ok(number(left) == number(right));
        }
    }
    same(machine, left, right)
}

/// Question 3: everything that asks whether a value is true comes through here.
pub(crate) fn truth(value: &Value) -> bool {
    match value {
        Value::Undefined | Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => *number != 0.0 && !number.is_nan(),
        Value::Text(text) => !text.is_empty(),
        Value::Date(_) | Value::Buffer(_) | Value::Stored(_) => true,
        Value::Array(items) => EMPTY_LISTS_ARE_TRUE || !items.is_empty(),
        Value::Collection(collection) => EMPTY_LISTS_ARE_TRUE || !collection.is_empty(),
    }
}
