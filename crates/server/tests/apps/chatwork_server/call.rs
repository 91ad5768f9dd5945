//! A request as the endpoints see it.

use std::str::FromStr;

use axum::http::{HeaderMap, Method, header, request::Parts};

use super::answer::Refusal;

/// A request.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) query: Parameters,
    /// Empty unless the body is a form: bodies of any other type are not understood.
    pub(super) form: Parameters,
}

impl Call {
    pub(super) fn new(parts: &Parts, body: &[u8]) -> Self {
        let form = header_text(&parts.headers, header::CONTENT_TYPE.as_str())
            .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        Self {
            method: parts.method.clone(),
            path: parts.uri.path().to_owned(),
            headers: parts.headers.clone(),
            query: Parameters::read(parts.uri.query().unwrap_or_default().as_bytes()),
            form: Parameters::read(if form { body } else { b"" }),
        }
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        header_text(&self.headers, name)
    }
}

fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The parameters of a query or form, in the order of the request.
#[derive(Debug)]
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    fn read(encoded: &[u8]) -> Self {
        Self(form_urlencoded::parse(encoded).into_owned().collect())
    }

    /// What is given under a name, even when it is empty.
    pub(super) fn given(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A text. One that is empty counts as not given, as clients leave optional fields empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.given(name).filter(|value| !value.is_empty())
    }

    /// A text that has to be there, of at most so many characters.
    pub(super) fn required(&self, name: &str, most: usize) -> Result<&str, Refusal> {
        let text = self.text(name).ok_or_else(|| Refusal::required(name))?;
        if text.chars().count() > most { Err(Refusal::invalid(name)) } else { Ok(text) }
    }

    /// A number.
    pub(super) fn number<N: FromStr>(&self, name: &str) -> Result<Option<N>, Refusal> {
        let text = self.text(name);
        text.map(|text| text.parse().map_err(|_| Refusal::invalid(name))).transpose()
    }

    /// One of some words.
    pub(super) fn word<'a>(
        &self,
        name: &str,
        words: &[&'a str],
    ) -> Result<Option<&'a str>, Refusal> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let word = words.iter().find(|word| **word == text);
        word.map(|word| Some(*word)).ok_or_else(|| Refusal::invalid(name))
    }

    /// Yes or no: `1` or `0`.
    pub(super) fn flag(&self, name: &str) -> Result<bool, Refusal> {
        Ok(self
            .word(name, &["0", "1", "false", "true"])?
            .is_some_and(|word| matches!(word, "1" | "true")))
    }

    /// Ids: separated by commas, or the name repeated. Each is taken once.
    pub(super) fn ids(&self, name: &str) -> Result<Vec<u64>, Refusal> {
        let mut ids = Vec::new();
        let values = self.0.iter().filter(|(key, value)| key == name && !value.is_empty());
        for id in values.flat_map(|(_, value)| value.split(',')) {
            let id = id.trim().parse().map_err(|_| Refusal::invalid(name))?;
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        Ok(ids)
    }

    /// Ids of which there has to be at least one.
    pub(super) fn required_ids(&self, name: &str) -> Result<Vec<u64>, Refusal> {
        let ids = self.ids(name)?;
        if ids.is_empty() { Err(Refusal::required(name)) } else { Ok(ids) }
    }
}
