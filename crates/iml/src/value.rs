//! What an expression works on.

use std::sync::Arc;

use crate::{collection::Collection, date::Date};

/// Text, shared by everything that holds it.
pub type Text = Arc<str>;

/// A value. Cloning one takes constant time, however large it is.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// No value: a field that has it is left out of what contains it.
    #[default]
    Undefined,
    /// Explicitly nothing; kept where it stands.
    Null,
    /// True or false.
    Bool(bool),
    /// An IEEE double.
    Number(f64),
    /// Unicode text.
    Text(Text),
    /// A point in time, in milliseconds.
    Date(Date),
    /// Bytes.
    Buffer(Arc<[u8]>),
    /// Bytes that are kept outside of memory. To expressions they are a buffer that can only be
    /// handed on.
    Stored(Arc<Stored>),
    /// An ordered list.
    Array(Arc<Vec<Value>>),
    /// Ordered keys with values.
    Collection(Arc<Collection>),
}

/// Bytes that the host keeps elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// What the host calls them.
    pub id: Text,
    /// How many they are.
    pub bytes: u64,
}

/// The type of a value, by the name that people know it by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// No value.
    Undefined,
    /// Explicitly nothing.
    Null,
    /// True or false.
    Boolean,
    /// A number.
    Number,
    /// Text.
    Text,
    /// A point in time.
    Date,
    /// Bytes.
    Buffer,
    /// A list.
    Array,
    /// Keys with values.
    Collection,
}

impl Type {
    /// Its name in messages and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Undefined => "undefined",
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Number => "number",
            Self::Text => "text",
            Self::Date => "date",
            Self::Buffer => "buffer",
            Self::Array => "array",
            Self::Collection => "collection",
        }
    }
}

impl Value {
    /// A text.
    pub fn text(text: impl Into<Text>) -> Self {
        Self::Text(text.into())
    }

    /// A buffer.
    pub fn buffer(bytes: impl Into<Arc<[u8]>>) -> Self {
        Self::Buffer(bytes.into())
    }

    /// An array.
    #[must_use]
    pub fn array(items: Vec<Value>) -> Self {
        Self::Array(Arc::new(items))
    }

    /// A collection.
    #[must_use]
    pub fn collection(collection: Collection) -> Self {
        Self::Collection(Arc::new(collection))
    }

    /// Which type it has.
    #[must_use]
    pub fn kind(&self) -> Type {
        match self {
            Self::Undefined => Type::Undefined,
            Self::Null => Type::Null,
            Self::Bool(_) => Type::Boolean,
            Self::Number(_) => Type::Number,
            Self::Text(_) => Type::Text,
            Self::Date(_) => Type::Date,
            Self::Buffer(_) | Self::Stored(_) => Type::Buffer,
            Self::Array(_) => Type::Array,
            Self::Collection(_) => Type::Collection,
        }
    }

    /// Whether there is nothing: undefined or null.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        matches!(self, Self::Undefined | Self::Null)
    }

    /// Whether it is undefined.
    #[must_use]
    pub fn is_undefined(&self) -> bool {
        matches!(self, Self::Undefined)
    }

    /// Whether it is empty as `ifempty` sees it: undefined, null or the empty text.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Undefined | Self::Null => true,
            Self::Text(text) => text.is_empty(),
            _ => false,
        }
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<Date> for Value {
    fn from(date: Date) -> Self {
        Self::Date(date)
    }
}

impl From<Vec<Value>> for Value {
    fn from(items: Vec<Value>) -> Self {
        Self::array(items)
    }
}

impl From<Collection> for Value {
    fn from(collection: Collection) -> Self {
        Self::collection(collection)
    }
}
