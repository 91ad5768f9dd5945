//! What look-ups have answered lately.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use halyard_iml::Value;
use halyard_platform::clock::Millis;

use super::{Using, call::Operator};

/// How long an answer counts.
const AGE: Millis = 30_000;
/// Answers that are kept.
const MOST: usize = 256;
/// Bytes of the JSON text of an answer that is kept.
const LARGEST: usize = 256 * 1024;

/// Answers of look-ups, for a short while: an operation that is run a thousand times with the same form
/// asks once. Operators share it as their owner likes. What was asked for with one connection, or with
/// other parameters, is no answer for another.
#[derive(Debug, Default)]
pub struct Known(Mutex<BTreeMap<String, (Millis, Value)>>);

impl Known {
    fn entries(&self) -> MutexGuard<'_, BTreeMap<String, (Millis, Value)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, key: &str, now: Millis) -> Option<Value> {
        let entries = self.entries();
        let (at, value) = entries.get(key)?;
        (now.saturating_sub(*at) < AGE).then(|| value.clone())
    }

    fn put(&self, key: String, now: Millis, value: &Value) {
        if value.to_json().map_or(usize::MAX, |text| text.len()) > LARGEST {
            return;
        }
        let mut entries = self.entries();
        entries.retain(|_, (at, _)| now.saturating_sub(*at) < AGE);
        if entries.len() >= MOST && !entries.contains_key(&key) {
            let oldest = entries.iter().min_by_key(|(_, (at, _))| *at).map(|(key, _)| key.clone());
            oldest.map(|key| entries.remove(&key));
        }
        entries.insert(key, (now, value.clone()));
    }
}

impl Operator<'_> {
    /// What a look-up has answered to these parameters a short while ago.
    pub(super) fn recalled(&self, rpc: &str, parameters: &Value) -> Option<Value> {
        self.known?.get(&self.key(rpc, parameters)?, self.host.clock.now())
    }

    pub(super) fn remember(&self, rpc: &str, parameters: &Value, answer: &Value) {
        if let Some((known, key)) = self.known.zip(self.key(rpc, parameters)) {
            known.put(key, self.host.clock.now(), answer);
        }
    }

    /// None for parameters that have no JSON text.
    fn key(&self, rpc: &str, parameters: &Value) -> Option<String> {
        let connection =
            self.connection.as_ref().map(|Using { workspace, name, .. }| (workspace, name));
        let given = parameters.to_json().ok()?;
        let key = (&self.app.name, self.app.version, connection, rpc, given);
        serde_json::to_string(&key).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_few_and_young() {
        let known = Known::default();
        known.put("a".to_owned(), 0, &Value::from("x"));
        assert_eq!(known.get("a", AGE - 1).unwrap().as_text().map(|text| &**text), Some("x"));
        assert!(known.get("a", AGE).is_none());
        for at in 0..1000 {
            known.put(format!("{at}"), at, &Value::Null);
        }
        assert_eq!(known.entries().len(), MOST);
        assert!(known.get("999", 1000).is_some() && known.get("0", 1000).is_none());
        known.put("large".to_owned(), 1000, &Value::from("x".repeat(LARGEST)));
        assert!(known.get("large", 1000).is_none());
    }
}
