//! How a request gets to its server: whom it believes, who it is, through whom, and in what time.

use std::time::Duration;

use halyard_iml::{Collection, Value};
use halyard_platform::outbound::{self, ClientCertificate, Proxy, Trust};

use super::{
    prepare::{Preparation, wrong},
    scope::{Expressions, Scope},
    text::text,
};
use crate::apps::{AppError, Template};

impl Preparation<'_, '_> {
    pub(super) fn trust(&self) -> Result<Trust, AppError> {
        if !self.holds(self.plan.reject_unauthorized.as_ref(), true)? {
            return if self.expressions.host.bounds.unverified_tls {
                Ok(Trust::Anything)
            } else {
                Err(wrong(
                    "rejectUnauthorized is false, which this installation does not allow. Give \
                     the certificate of the service as ca instead.",
                ))
            };
        }
        let ca = self.expressions.optional(self.plan.ca.as_ref(), self.scope())?;
        Ok(if ca.is_empty() { Trust::Usual } else { Trust::Also(text(&ca).into()) })
    }

    pub(super) fn certificate(&mut self) -> Result<Option<ClientCertificate>, AppError> {
        let Some(template) = &self.plan.client_certificate else { return Ok(None) };
        let Some((certificate, key)) = certificate(self.expressions, template, self.scope())?
        else {
            return Ok(None);
        };
        // That of a connection is hidden already.
        if !self.mask.touches(&key) {
            self.mask.add(key.trim());
        }
        Ok(Some(certificate))
    }

    pub(super) fn proxy(&mut self) -> Result<Option<Proxy>, AppError> {
        let Some(template) = &self.plan.proxy else { return Ok(None) };
        let value = self.expressions.value(template, self.scope())?;
        let (url, user, password) = match &value {
            Value::Collection(all) => {
                (member(all, "url"), member(all, "user"), member(all, "password"))
            }
            value if value.is_empty() => return Ok(None),
            value => (text(value), String::new(), String::new()),
        };
        if url.trim().is_empty() {
            return Ok(None);
        }
        let credentials = match user.is_empty() && password.is_empty() {
            true => None,
            false => Some((user.as_str(), password.as_str())),
        };
        if !password.is_empty() && !self.mask.touches(&password) {
            self.mask.add(&password);
        }
        Proxy::new(&url, credentials).map(Some).map_err(|error| wrong(in_a_sentence(&error)))
    }
}

/// The certificate that a template is, with the text of its key; none where it says nothing.
pub(super) fn certificate(
    expressions: Expressions<'_>,
    template: &Template,
    scope: Scope<'_>,
) -> Result<Option<(ClientCertificate, String)>, AppError> {
    let said = expressions.collection("clientCertificate", template, scope)?;
    let (chain, key) = (member(&said, "certificate"), member(&said, "key"));
    if chain.is_empty() && key.is_empty() {
        return Ok(None);
    }
    let certificate = ClientCertificate::new(&chain, &key);
    certificate.check().map_err(|error| wrong(in_a_sentence(&error)))?;
    Ok(Some((certificate, key)))
}

/// The time that an expression allows a request; none where it says nothing.
pub(super) fn timeout_of(value: &Value) -> Result<Option<Duration>, AppError> {
    if value.is_empty() {
        return Ok(None);
    }
    let number = match value {
        Value::Number(number) => Some(*number),
        other => text(other).trim().parse().ok(),
    };
    match number {
        Some(number) if number >= 1.0 => {
            // Saturates, and the bounds of the host cut it anyway.
            Ok(Some(Duration::from_millis(number as u64)))
        }
        _ => {
            let found = text(value);
            Err(wrong(format!("timeout must be a number of milliseconds from 1 on, not {found}.")))
        }
    }
}

fn member(all: &Collection, name: &str) -> String {
    all.by_name(name).map(text).unwrap_or_default()
}

fn in_a_sentence(error: &outbound::Error) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}
