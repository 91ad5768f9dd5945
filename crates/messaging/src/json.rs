//! Lists and objects that live in a text column.

use halyard_platform::db;
use serde::{Serialize, de::DeserializeOwned};

/// The stored form of plain data.
pub(crate) fn encode<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("plain data has a JSON form")
}

/// Reads what [`encode`] wrote.
pub(crate) fn decode<T: DeserializeOwned>(text: &str) -> Result<T, db::Error> {
    serde_json::from_str(text)
        .map_err(|error| db::Error::Engine(format!("stored JSON is damaged: {error}")))
}
