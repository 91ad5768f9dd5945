//! A value as it was sent, and what a type must know to be read from one.

use serde_json::Value;
use sha2::Sha256;

use super::{Upload, feed};

/// A value as it was sent.
#[derive(Debug)]
pub enum Raw {
    /// From a query string, a form or a multipart field.
    Text(String),
    /// From a JSON body.
    Json(Value),
    /// A repeated key, or one spelled `key[]`.
    Many(Vec<Raw>),
    /// A multipart part that is a file.
    File(Box<Upload>),
}

impl Raw {
    /// Whether this is JSON `null`.
    pub fn is_null(&self) -> bool {
        matches!(self, Raw::Json(Value::Null))
    }

    /// The value as text when it is one text, in whatever place it was sent.
    pub fn text(&self) -> Option<&str> {
        match self {
            Raw::Text(text) | Raw::Json(Value::String(text)) => Some(text),
            Raw::Many(values) if values.len() == 1 => values[0].text(),
            _ => None,
        }
    }

    /// Adds the value to the fingerprint of a request.
    pub(super) fn feed(&self, digest: &mut Sha256) {
        match self {
            Raw::Text(text) => feed(digest, b"text", text.as_bytes()),
            Raw::Json(value) => feed(digest, b"json", value.to_string().as_bytes()),
            Raw::Many(values) => {
                feed(digest, b"many", &values.len().to_le_bytes());
                for value in values {
                    value.feed(digest);
                }
            }
            Raw::File(upload) => upload.feed(digest),
        }
    }

    /// The value when it is a single one: a list of one counts, a key sent twice does not, because
    /// guessing which of the two was meant could change the wrong thing.
    pub(super) fn single(self) -> Option<Single> {
        match self {
            Raw::Text(text) | Raw::Json(Value::String(text)) => Some(Single::Text(text)),
            Raw::Json(value) => Some(Single::Json(value)),
            Raw::Many(mut values) if values.len() == 1 => values.pop()?.single(),
            Raw::Many(_) | Raw::File(_) => None,
        }
    }
}

/// One value; JSON text and plain text are the same to every reader.
pub(super) enum Single {
    Text(String),
    /// Anything but text.
    Json(Value),
}

/// What a value is, for the documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A whole number in 64 bits.
    Integer,
    /// True or false.
    Boolean,
    /// Text in UTF-8 without U+0000.
    Text,
    /// A moment in Unix seconds, possibly with a fraction.
    Seconds,
    /// A list of whole numbers.
    Integers,
    /// A list of whole numbers, or one of these words, in any case.
    IntegersOr(&'static [&'static str]),
    /// A list of JSON objects.
    Objects,
    /// A JSON object.
    Object,
    /// An uploaded file.
    File,
    /// One of these words, in any case.
    Choice(&'static [&'static str]),
}

/// Why a parameter cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// It was not given.
    #[error("missing")]
    Missing,
    /// It is not what it should be.
    #[error("expected {expected}")]
    Invalid {
        /// What it should be, with its article: "an integer".
        expected: &'static str,
    },
    /// It is not a list of JSON objects. Apart from [`Problem::Invalid`], because some APIs answer
    /// an error code of its own.
    #[error("expected a list of JSON objects")]
    MalformedList,
}

/// A type that can be read from a parameter.
pub trait Param: Sized {
    /// Whether JSON `null` is handed to [`Param::parse`]; otherwise it means "not given".
    const NULL_CLEARS: bool = false;

    /// What it is, for the documentation.
    fn kind() -> Kind;

    /// Reads a value in any spelling; `None` when this spelling means "not given".
    ///
    /// # Errors
    ///
    /// When the value cannot be one of this type; never [`Problem::Missing`].
    fn parse(raw: Raw) -> Result<Option<Self>, Problem>;

    /// The value of a parameter that was not given; `None` makes it required.
    fn absent() -> Option<Self> {
        None
    }

    /// Whether this value, inside [`Patch`], removes what is stored.
    fn clears(raw: &Raw) -> bool {
        raw.is_null()
    }
}

impl<T: Param> Param for Option<T> {
    const NULL_CLEARS: bool = T::NULL_CLEARS;

    fn kind() -> Kind {
        T::kind()
    }

    fn parse(raw: Raw) -> Result<Option<Self>, Problem> {
        T::parse(raw).map(|value| value.map(Some))
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

/// A change to something that can be taken away again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// Not given: leave it.
    #[default]
    Absent,
    /// JSON `null` (or empty text, for an object): take it away.
    Clear,
    /// Put this.
    Set(T),
}

impl<T> Patch<T> {
    /// Changes the value, if there is one.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Patch<U> {
        match self {
            Patch::Absent => Patch::Absent,
            Patch::Clear => Patch::Clear,
            Patch::Set(value) => Patch::Set(f(value)),
        }
    }
}

impl<T: Param> Param for Patch<T> {
    const NULL_CLEARS: bool = true;

    fn kind() -> Kind {
        T::kind()
    }

    fn parse(raw: Raw) -> Result<Option<Self>, Problem> {
        if T::clears(&raw) {
            return Ok(Some(Patch::Clear));
        }
        T::parse(raw).map(|value| value.map(Patch::Set))
    }

    fn absent() -> Option<Self> {
        Some(Patch::Absent)
    }
}
