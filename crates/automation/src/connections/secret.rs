//! Which of a connection's values nobody may see.

use halyard_iml::{Text, Value};

use super::Secrets;
use crate::apps::parameter::{Field, Kind, Parameters};

/// Shorter texts are in too many places by chance; hiding them would spoil what is shown.
const SHORTEST: usize = 4;
/// Parts of names behind which secrets stand.
const TELLING: [&str; 5] = ["token", "secret", "password", "key", "verifier"];

/// The secrets of a connection, longest first: the parameters that are typed like a password, and
/// everything whose name says that it is secret.
#[must_use]
pub fn secrets(fields: &Parameters, secrets: &Secrets) -> Vec<Text> {
    let mut found = Vec::new();
    typed(fields, &secrets.parameters, &mut found);
    named(&secrets.parameters, &mut found);
    named(&secrets.data, &mut found);
    // What contains another secret has to be hidden before it.
    found.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    found.dedup();
    found
}

fn typed(fields: &Parameters, values: &Value, found: &mut Vec<Text>) {
    let Value::Collection(values) = values else { return };
    for field in fields {
        let Field::Parameter(parameter) = field else { continue };
        if let Some(name) = &parameter.name
            && matches!(parameter.kind, Kind::Password | Kind::Pkey)
            && let Some(value) = values.by_name(name)
        {
            take(value, found);
        }
    }
}

/// Adds what stands behind telling names.
pub(super) fn named(value: &Value, found: &mut Vec<Text>) {
    match value {
        Value::Collection(all) => {
            for (key, value) in all.iter() {
                let name = key.name().to_ascii_lowercase();
                match TELLING.iter().any(|part| name.contains(part)) {
                    true => take(value, found),
                    false => named(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| named(item, found)),
        _ => {}
    }
}

fn take(value: &Value, found: &mut Vec<Text>) {
    match value {
        Value::Text(text) if text.len() >= SHORTEST => found.push(text.clone()),
        Value::Collection(all) => all.iter().for_each(|(_, value)| take(value, found)),
        Value::Array(items) => items.iter().for_each(|item| take(item, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use halyard_iml::Collection;

    use super::*;
    use crate::apps::parameter::Parameter;

    #[test]
    fn passwords_and_what_is_named_like_a_secret_are_secret() {
        let password =
            Parameter { name: Some("pin".into()), kind: Kind::Password, ..Parameter::default() };
        let fields = vec![Field::Parameter(Box::new(password))];
        let inner = Collection::of([("refresh_token", Value::from("r-1234"))]);
        let all = Secrets {
            parameters: Collection::of([
                ("pin", Value::from("p-1234")),
                ("apiKey", Value::from("k-123456")),
                ("user", Value::from("ann-1234")),
            ])
            .into(),
            data: Collection::of([
                ("accessToken", Value::from("p-1234")),
                ("sub", inner.into()),
                ("shortKey", Value::from("1")),
            ])
            .into(),
        };
        let found = secrets(&fields, &all);
        let found: Vec<&str> = found.iter().map(|text| &**text).collect();
        assert_eq!(found, ["k-123456", "p-1234", "r-1234"]);
    }
}
