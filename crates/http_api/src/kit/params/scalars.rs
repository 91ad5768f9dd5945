//! Single values: numbers, truth, text, moments.

use serde_json::{Number, Value};

use super::values::Single;
use super::{Kind, Param, Problem, Raw};

/// A number that stands for a thing: implemented for id types by [`id_param!`](crate::id_param).
/// Any number is let through, also a negative one, which may be a temporary id.
pub trait FromId: Sized {
    /// Wraps the number.
    fn from_id(id: i64) -> Self;
}

impl FromId for i64 {
    fn from_id(id: i64) -> i64 {
        id
    }
}

const INTEGER: Problem = Problem::Invalid { expected: "an integer" };

impl Param for i64 {
    fn kind() -> Kind {
        Kind::Integer
    }

    fn parse(raw: Raw) -> Result<Option<i64>, Problem> {
        match raw.single() {
            Some(Single::Text(text)) => integer_in_text(&text),
            Some(Single::Json(Value::Number(number))) => integer_in_number(&number).map(Some),
            _ => Err(INTEGER),
        }
    }
}

/// A number in decimal text, with or without a sign; `None` when the text is blank.
pub(super) fn integer_in_text(text: &str) -> Result<Option<i64>, Problem> {
    match text.trim() {
        "" => Ok(None),
        digits => digits.parse().map(Some).map_err(|_| INTEGER),
    }
}

/// A JSON number that is whole, however it is written: `3`, `3.0`, `3e0`.
pub(super) fn integer_in_number(number: &Number) -> Result<i64, Problem> {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0; // 2^63, exact in f64
    if let Some(integer) = number.as_i64() {
        return Ok(integer);
    }
    match number.as_f64() {
        Some(float) if float.fract() == 0.0 && (-BEYOND..BEYOND).contains(&float) => {
            Ok(float as i64)
        }
        _ => Err(INTEGER),
    }
}

impl Param for bool {
    fn kind() -> Kind {
        Kind::Boolean
    }

    fn parse(raw: Raw) -> Result<Option<bool>, Problem> {
        const BOOLEAN: Problem = Problem::Invalid { expected: "true or false" };
        match raw.single() {
            Some(Single::Json(Value::Bool(value))) => Ok(Some(value)),
            Some(Single::Json(Value::Number(number))) => match integer_in_number(&number) {
                Ok(0) => Ok(Some(false)),
                Ok(1) => Ok(Some(true)),
                _ => Err(BOOLEAN),
            },
            Some(Single::Text(text)) => match text.trim() {
                "" => Ok(None),
                "1" => Ok(Some(true)),
                "0" => Ok(Some(false)),
                word if word.eq_ignore_ascii_case("true") => Ok(Some(true)),
                word if word.eq_ignore_ascii_case("false") => Ok(Some(false)),
                _ => Err(BOOLEAN),
            },
            _ => Err(BOOLEAN),
        }
    }
}

impl Param for String {
    fn kind() -> Kind {
        Kind::Text
    }

    /// Empty text is a value. A JSON number is taken as its digits: scenario tools send them so.
    fn parse(raw: Raw) -> Result<Option<String>, Problem> {
        match raw.single() {
            // PostgreSQL cannot store U+0000 in text, so it is refused before it gets there.
            Some(Single::Text(text)) if !text.contains('\0') => Ok(Some(text)),
            Some(Single::Json(Value::Number(number))) => Ok(Some(number.to_string())),
            _ => Err(Problem::Invalid { expected: "text in UTF-8 without U+0000" }),
        }
    }
}

/// A moment that clients send in Unix seconds, whole or with a fraction. It lies within the years
/// -9999 to 9999, so that every calendar can show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seconds {
    millis: i64,
}

impl Seconds {
    /// The moment in milliseconds since the Unix epoch.
    pub fn millis(self) -> i64 {
        self.millis
    }

    fn from_seconds(seconds: f64) -> Result<Seconds, Problem> {
        // The last moments that the calendar library can show in every time zone.
        const FIRST: f64 = -377_705_023_201.0;
        const LAST: f64 = 253_402_207_200.0;
        if (FIRST..=LAST).contains(&seconds) {
            Ok(Seconds { millis: (seconds * 1000.0).round() as i64 })
        } else {
            Err(Problem::Invalid { expected: "a moment in Unix seconds" })
        }
    }
}

impl Param for Seconds {
    fn kind() -> Kind {
        Kind::Seconds
    }

    fn parse(raw: Raw) -> Result<Option<Seconds>, Problem> {
        // f64 is exact to far below a millisecond within the allowed years.
        let seconds = match raw.single() {
            Some(Single::Text(text)) => match text.trim() {
                "" => return Ok(None),
                digits => digits.parse().ok(),
            },
            Some(Single::Json(Value::Number(number))) => number.as_f64(),
            _ => None,
        };
        Seconds::from_seconds(seconds.unwrap_or(f64::NAN)).map(Some)
    }
}
