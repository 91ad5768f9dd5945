//! What a program sends, and whether it is the one that it says.

use std::sync::Arc;

use axum::{body::Body, extract::Request};
use halyard_identity::{
    LoginLimit,
    oauth::{Application, by_client_id},
};
use http::{HeaderMap, Uri, header::AUTHORIZATION};

use super::{BODY_LIMIT, error::Error};
use crate::{
    App,
    kit::{
        params::{Params, Raw, ReadLimits},
        sign_in::peer,
    },
};

/// Failures that one origin may cause in a quarter of an hour. Secrets are too long to be guessed;
/// this only keeps a program that has gone wrong from filling the log.
const FAILURES: u32 = 100;

/// The fields of a request and its address.
pub(super) struct Sent {
    headers: HeaderMap,
    params: Params,
    /// Address that it comes from.
    pub(super) peer: String,
}

impl Sent {
    /// Reads a form or JSON. What stands in the address does not count: addresses are logged, and
    /// secrets must not be.
    pub(super) async fn read(request: Request) -> Result<Self, Error> {
        let (mut parts, body) = request.into_parts();
        parts.uri = Uri::from_static("/");
        let limits = ReadLimits { body: BODY_LIMIT as u64, upload: 0 };
        let params = Params::read(&parts, Body::new(body), &limits, None).await;
        let params =
            params.map_err(|error| Error::bad_request("invalid_request", error.to_string()))?;
        Ok(Self { params, peer: peer(&parts.extensions), headers: parts.headers })
    }

    /// A field, if it was sent once and is not empty. One with a character that no store can hold
    /// is none of ours.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let text = self.params.peek(name).and_then(Raw::text);
        text.filter(|text| !text.is_empty() && !text.contains('\0'))
    }

    /// A field that must be there.
    pub(super) fn need(&self, name: &str) -> Result<&str, Error> {
        self.get(name)
            .ok_or_else(|| Error::bad_request("invalid_request", format!("{name} is missing")))
    }

    /// Name and secret of the program, from the header or the body.
    fn credentials(&self) -> Result<Credentials, Error> {
        let header = self.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        // Another scheme is a token that was left over, which does not matter here.
        let basic = header
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"));
        if let Some((_, text)) = basic {
            // Not percent-decoded, as measured on the real service.
            let decoded = from_base64(text.trim()).and_then(|bytes| String::from_utf8(bytes).ok());
            let (id, secret) = decoded
                .as_deref()
                .filter(|pair| !pair.contains('\0'))
                .and_then(|pair| pair.split_once(':'))
                .ok_or_else(|| Error::unknown_client(true))?;
            if self.get("client_id").is_some_and(|other| other != id) {
                let reason = "client_id is another one in the header";
                return Err(Error::bad_request("invalid_request", reason));
            }
            return Ok(Credentials {
                id: id.to_owned(),
                secret: (!secret.is_empty()).then(|| secret.to_owned()),
                basic: true,
            });
        }
        Ok(Credentials {
            id: self.need("client_id")?.to_owned(),
            secret: self.get("client_secret").map(str::to_owned),
            basic: false,
        })
    }
}

struct Credentials {
    id: String,
    secret: Option<String>,
    basic: bool,
}

/// Counts a request as failed until it has succeeded.
pub(super) struct Attempt<'a> {
    limit: &'a LoginLimit,
    key: Option<String>,
}

impl<'a> Attempt<'a> {
    /// # Errors
    /// Status 429 when this origin has failed too often.
    pub(super) fn begin(app: &'a App, sent: &Sent) -> Result<Self, Error> {
        let key = (!sent.peer.is_empty()).then(|| format!("oauth:{}", sent.peer));
        if let Some(key) = &key {
            app.logins.attempt_within(key, FAILURES, app.clock.now())?;
        }
        Ok(Self { limit: &app.logins, key })
    }

    pub(super) fn succeeded(self) {
        if let Some(key) = &self.key {
            self.limit.forgive(key);
        }
    }
}

/// Finds the application that sends a request and checks its secret. One without a secret is
/// believed: what it may do is bound to it otherwise.
pub(super) async fn authenticate(app: &Arc<App>, sent: &Sent) -> Result<Application, Error> {
    let Credentials { id, secret, basic } = sent.credentials()?;
    let found = app.db.read(move |tx| by_client_id(tx, &id)).await?;
    found
        .filter(|application| {
            application.secret.is_none()
                || secret.as_deref().is_some_and(|secret| application.knows(secret))
        })
        .ok_or_else(|| Error::unknown_client(basic))
}

/// Decodes base64 in the usual alphabet, with or without padding.
fn from_base64(text: &str) -> Option<Vec<u8>> {
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::with_capacity(text.len()));
    for letter in text.trim_end_matches('=').bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_decoded() {
        for (text, bytes) in
            [("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("YTpiOmM", "a:b:c")]
        {
            assert_eq!(from_base64(text).as_deref(), Some(bytes.as_bytes()), "{text}");
        }
        assert_eq!(from_base64("+/+/"), Some(vec![0xfb, 0xff, 0xbf]));
        assert_eq!(from_base64("a-b"), None);
    }
}
