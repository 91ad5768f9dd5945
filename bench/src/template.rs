//! Requests with placeholders, so that scenarios are data.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};

use crate::request::Request;

/// A request whose path and body contain placeholders.
///
/// * `$name` is the value of variable `name` for the index that is rendered; a variable with fewer
///   values starts over.
/// * `$name*` is a JSON list of all its values.
/// * `$index` is the index itself, from 0.
#[derive(Debug, Clone)]
pub struct Template {
    /// HTTP method, upper case.
    pub method: &'static str,
    /// Path and query.
    pub path: &'static str,
    /// JSON body, if any.
    pub body: Option<String>,
    /// The variable that holds the Bearer token.
    pub token: &'static str,
}

/// The values that are known so far, by name. Every variable is a list.
#[derive(Debug, Clone, Default)]
pub struct Variables(BTreeMap<String, Vec<String>>);

impl Template {
    /// A GET without body.
    #[must_use]
    pub fn get(token: &'static str, path: &'static str) -> Self {
        Self { method: "GET", path, body: None, token }
    }

    /// A POST of a JSON body.
    #[must_use]
    pub fn post(token: &'static str, path: &'static str, body: impl Into<String>) -> Self {
        Self { method: "POST", path, body: Some(body.into()), token }
    }

    /// The request for one index. Fails on an unknown variable.
    pub fn render(&self, variables: &Variables, index: u64) -> Result<Request> {
        let render = |text: &str| variables.fill(text, index);
        Ok(Request {
            method: self.method,
            path: render(self.path)?,
            token: Some(variables.value(self.token, index)?.to_owned()),
            body: self.body.as_deref().map(render).transpose()?,
        })
    }
}

impl Variables {
    /// Sets all values of a variable, replacing earlier ones.
    pub fn set(&mut self, name: &str, values: Vec<String>) {
        self.0.insert(name.to_owned(), values);
    }

    /// The value of a variable for an index.
    pub fn value(&self, name: &str, index: u64) -> Result<&str> {
        let values = self.values(name)?;
        let count = values.len() as u64;
        // `values` refuses an empty list, and the remainder is below the length.
        Ok(&values[(index % count) as usize])
    }

    fn values(&self, name: &str) -> Result<&[String]> {
        match self.0.get(name) {
            Some(values) if !values.is_empty() => Ok(values),
            Some(_) => bail!("variable ${name} has no value"),
            None => bail!("variable ${name} is unknown"),
        }
    }

    fn fill(&self, text: &str, index: u64) -> Result<String> {
        let mut filled = String::with_capacity(text.len());
        let mut parts = text.split('$');
        filled.push_str(parts.next().unwrap_or_default());
        for part in parts {
            let end = part.find(|c: char| !c.is_ascii_lowercase() && c != '_');
            let (name, rest) = part.split_at(end.unwrap_or(part.len()));
            if name == "index" {
                filled.push_str(&index.to_string());
                filled.push_str(rest);
            } else if let Some(rest) = rest.strip_prefix('*') {
                let values = self.values(name).with_context(|| format!("in {text}"))?;
                filled.push_str(&format!("[{}]", values.join(",")));
                filled.push_str(rest);
            } else {
                filled.push_str(self.value(name, index).with_context(|| format!("in {text}"))?);
                filled.push_str(rest);
            }
        }
        Ok(filled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables() -> Variables {
        let mut variables = Variables::default();
        variables.set("threads", vec!["11".into(), "12".into(), "13".into()]);
        variables.set("admin_token", vec!["s3cret".into()]);
        variables.set("none", vec![]);
        variables
    }

    #[test]
    fn placeholders_are_filled_by_index() {
        let template = Template::post(
            "admin_token",
            "/api/v3/x?id=$threads&n=$index",
            "{\"thread_id\":$threads,\"all\":$threads*,\"text\":\"no. $index\"}",
        );
        let request = template.render(&variables(), 4).unwrap();
        assert_eq!(request.path, "/api/v3/x?id=12&n=4");
        assert_eq!(
            request.body.as_deref(),
            Some("{\"thread_id\":12,\"all\":[11,12,13],\"text\":\"no. 4\"}")
        );
        assert_eq!(request.token.as_deref(), Some("s3cret"));
    }

    #[test]
    fn what_is_unknown_or_empty_is_an_error() {
        for path in ["/$channels", "/$none", "/$none*", "/$"] {
            assert!(Template::get("admin_token", path).render(&variables(), 0).is_err(), "{path}");
        }
        assert!(Template::get("reader_token", "/").render(&variables(), 0).is_err());
    }
}
