use serde_json::{Map, Value};

/// What texts such as `$thread.id` stand for.
#[derive(Clone, Default)]
pub(crate) struct Names(Map<String, Value>);

impl Names {
    /// Calls a thing by a name.
    pub(crate) fn set(&mut self, name: &str, thing: Value) {
        self.0.insert(name.to_owned(), thing);
    }

    /// What a path such as `thread.id` leads to.
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> &Value {
        let mut steps = path.split('.');
        let mut found = steps.next().and_then(|name| self.0.get(name));
        for step in steps {
            found = found.and_then(|value| match step.parse::<usize>() {
                Ok(index) => value.get(index),
                Err(_) => value.get(step),
            });
        }
        found.unwrap_or_else(|| panic!("nothing is called ${path}"))
    }

    /// The value with every name replaced.
    #[track_caller]
    pub(crate) fn fill(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => match text.strip_prefix('$') {
                Some(path) => self.get(path).clone(),
                None => value.clone(),
            },
            Value::Array(items) => items.iter().map(|item| self.fill(item)).collect(),
            Value::Object(entries) => {
                entries.iter().map(|(key, value)| (key.clone(), self.fill(value))).collect()
            }
            other => other.clone(),
        }
    }
}

/// Whether a value has at least what is expected of it. `"*"` stands for anything but null, `"-"` for
/// null or nothing, and null for whatever it may be.
pub(crate) fn matches(found: &Value, expected: &Value) -> Result<(), String> {
    match (found, expected) {
        (_, Value::Null) => Ok(()),
        (Value::Null, Value::String(text)) if text == "-" => Ok(()),
        (Value::Null, _) => Err(format!("null instead of {expected}")),
        (_, Value::String(text)) if text == "*" => Ok(()),
        (Value::Object(found), Value::Object(expected)) => {
            for (key, value) in expected {
                let inside = found.get(key).unwrap_or(&Value::Null);
                matches(inside, value).map_err(|wrong| format!("{key}: {wrong}"))?;
            }
            Ok(())
        }
        (Value::Array(found), Value::Array(expected)) if found.len() == expected.len() => {
            found.iter().zip(expected).try_for_each(|(found, expected)| matches(found, expected))
        }
        _ if found == expected => Ok(()),
        _ => Err(format!("{found} instead of {expected}")),
    }
}
