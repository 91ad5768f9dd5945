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
    /// Where people chose to start: what is older is never new, however far the trigger looks back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) start: Option<i64>,
    /// What was handed out and is older than `date`, as far back as the trigger looks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) recent: Vec<(i64, ItemId)>,
}

impl Cursor {
    /// Everything that there is counts as new.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// What is from this second or later counts as new. For triggers that know dates.
    #[must_use]
    pub fn since(date: Date) -> Self {
        // Many services know no fractions: what they make in the rest of this second has its date.
        let date = Some(date.ms() - date.ms().rem_euclid(1000));
        Self { date, start: date, ..Self::default() }
    }

    /// Whether an item of this date was not handed out yet, for a trigger that looks back so many
    /// milliseconds.
    pub(super) fn lacks(&self, date: i64, id: &ItemId, overlap: i64) -> bool {
        let Some(last) = self.date else { return true };
        // One whose date has changed since stays the same item.
        let known = || {
            self.seen.iter().any(|seen| seen.is(id))
                || self.recent.iter().any(|(_, seen)| seen.is(id))
        };
        let wanted = match date.cmp(&last) {
            Ordering::Greater if overlap == 0 => return true,
            Ordering::Greater | Ordering::Equal => true,
            Ordering::Less => {
                date >= last.saturating_sub(overlap) && self.start.is_none_or(|start| date >= start)
            }
        };
        wanted && !known()
    }

    /// The cursor after items with these dates were handed out, the newest last.
    pub(super) fn after(&self, handed: &[(i64, ItemId)], overlap: i64) -> Self {
        let Some((newest, id)) = handed.last() else { return self.clone() };
        // What comes late does not take the cursor back.
        let back = self.date.filter(|date| date > newest);
        let date = back.unwrap_or(*newest);
        let mut next = Self {
            date: Some(date),
            id: if back.is_some() { self.id.clone() } else { Some(id.clone()) },
            start: self.start,
            ..Self::default()
        };
        let before =
            self.date.into_iter().flat_map(|date| self.seen.iter().map(move |id| (date, id)));
        let known = self.recent.iter().map(|(date, id)| (*date, id)).chain(before);
        for (at, id) in known.chain(handed.iter().map(|(date, id)| (*date, id))) {
            if at == date {
                next.seen.push(id.clone());
            } else if at >= date.saturating_sub(overlap) {
                next.recent.push((at, id.clone()));
            }
        }
        next
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
        // Most are text, and a cursor may hold many of them.
        match (self, other) {
            (Self::Text(a), Self::Text(b)) if a == b => true,
            (Self::Text(a), Self::Text(b)) => match (digits(a), digits(b)) {
                (Some(a), Some(b)) => a == b,
                _ => false,
            },
            _ => self.compare(other) == Ordering::Equal,
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1000;

    fn id(text: &str) -> ItemId {
        ItemId::Text(text.to_owned())
    }

    fn at(second: i64) -> Cursor {
        Cursor::since(Date::from_ms(second * SECOND).unwrap())
    }

    #[test]
    fn a_start_within_a_second_takes_in_all_of_it() {
        let cursor = Cursor::since(Date::from_ms(10_700).unwrap());
        assert!(cursor.lacks(10_000, &id("a"), 0));
        assert!(!cursor.lacks(9_999, &id("a"), 0));
    }

    #[test]
    fn without_an_overlap_only_the_last_date_is_remembered() {
        let cursor = at(10).after(&[(11_000, id("a")), (12_000, id("b"))], 0);
        assert!(!cursor.lacks(11_000, &id("c"), 0));
        assert!(cursor.lacks(12_000, &id("c"), 0));
        assert!(!cursor.lacks(12_000, &id("b"), 0));
        assert!(cursor.recent.is_empty());
        let cursor = cursor.after(&[(12_000, id("c"))], 0);
        assert!(!cursor.lacks(12_000, &id("b"), 0));
    }

    #[test]
    fn what_comes_late_is_new_once_and_takes_nothing_back() {
        let overlap = 5 * SECOND;
        let cursor = at(10).after(&[(12_000, id("a")), (14_000, id("b"))], overlap);
        assert!(cursor.lacks(13_000, &id("c"), overlap));
        assert!(!cursor.lacks(12_000, &id("a"), overlap));
        let cursor = cursor.after(&[(13_000, id("c"))], overlap);
        assert_eq!(cursor.date, Some(14_000));
        assert_eq!(cursor.id, Some(id("b")));
        for known in ["a", "b", "c"] {
            assert!(!cursor.lacks(13_000, &id(known), overlap));
            // Also with another date than before.
            assert!(!cursor.lacks(15_000, &id(known), overlap));
        }
    }

    #[test]
    fn nothing_from_before_the_start_or_the_overlap_is_new() {
        let overlap = 5 * SECOND;
        assert!(!at(10).lacks(9_000, &id("a"), overlap));
        let cursor = at(10).after(&[(30_000, id("a"))], overlap);
        assert!(cursor.lacks(25_000, &id("b"), overlap));
        assert!(!cursor.lacks(24_000, &id("b"), overlap));
        let cursor = cursor.after(&[(31_000, id("c")), (36_000, id("d"))], overlap);
        assert_eq!(cursor.recent, [(31_000, id("c"))]);
    }
}
