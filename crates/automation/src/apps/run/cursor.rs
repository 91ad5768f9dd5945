//! How far a polling trigger has come.

use std::cmp::Ordering;

use halyard_iml::{Collection, Date, Value};
use serde::{Deserialize, Serialize};

/// How far a polling trigger has come. To be stored as it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cursor {
    /// The date of the last item, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) date: Option<i64>,
    /// The id of the last item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<ItemId>,
    /// The items of that date that were handed out; others of the same date still count as new.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) seen: Vec<ItemId>,
    /// Whether the item `id` itself still is to be handed out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) inclusive: bool,
}

impl Cursor {
    /// Everything that there is counts as new.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// What is from this moment or later counts as new. For triggers that know dates.
    #[must_use]
    pub fn since(date: Date) -> Self {
        Self { date: Some(date.ms()), ..Self::default() }
    }

    /// The root `data`: `lastDate` and `lastID`.
    pub(super) fn data(&self) -> Value {
        let date = self.date.and_then(|ms| Date::from_ms(ms).ok()).map(Value::Date);
        let id = self.id.as_ref().map(ItemId::value);
        Value::collection(Collection::of(
            [("lastDate", date), ("lastID", id)]
                .into_iter()
                .filter_map(|(name, value)| Some((name, value?))),
        ))
    }
}

/// The id of an item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum ItemId {
    Number(f64),
    Text(String),
}

impl ItemId {
    /// The id that a value is; none for what cannot be one.
    pub(super) fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) if number.is_finite() => Some(Self::Number(*number)),
            Value::Text(text) if !text.is_empty() => Some(Self::Text(text.to_string())),
            _ => None,
        }
    }

    /// Whether both name the same item.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.compare(other) == Ordering::Equal
    }

    pub(super) fn value(&self) -> Value {
        match self {
            Self::Number(number) => Value::Number(*number),
            Self::Text(text) => Value::text(text.as_str()),
        }
    }

    /// By number where both are whole numbers, also when written as text, otherwise as text.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        if let (Self::Number(a), Self::Number(b)) = (self, other) {
            return a.total_cmp(b);
        }
        let (a, b) = (self.text(), other.text());
        match (digits(&a), digits(&b)) {
            // Longer than a double can tell apart: by length, then digit by digit.
            (Some(a), Some(b)) => a.len().cmp(&b.len()).then_with(|| a.cmp(b)),
            _ => a.cmp(&b),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

/// A whole number without leading zeros.
fn digits(text: &str) -> Option<&str> {
    let all = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| text.trim_start_matches('0'))
}
