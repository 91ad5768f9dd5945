use halyard_identity::{Credentials, SecretHash};
use http::{HeaderMap, header};

use super::session;

/// How a request proves who sends it.
pub(crate) struct Presented {
    pub(crate) credentials: Credentials,
    /// The token as it was sent; the person who sent it may see it again.
    pub(crate) token: Option<String>,
    /// The session cookie as it was sent.
    pub(crate) session: Option<String>,
}

/// Looks for `Authorization: Bearer …`, a bare token in the same header (a community client), the
/// parameter `token`, and the session cookie, in this order.
pub(crate) fn present(headers: &HeaderMap, parameter: Option<&str>) -> Presented {
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = header.map(bearer).filter(|token| !token.is_empty()).or(parameter);
    let session = session::find(headers);
    let credentials = match (token, &session) {
        (Some(token), _) => Credentials::Token(SecretHash::of(token)),
        (None, Some(session)) => Credentials::Session(SecretHash::of(session)),
        (None, None) => Credentials::None,
    };
    Presented { credentials, token: token.map(str::to_owned), session }
}

fn bearer(value: &str) -> &str {
    let value = value.trim();
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (header::HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn tokens_come_with_and_without_bearer_and_keep_their_prefix() {
        for (value, token) in [
            ("Bearer abc", "abc"),
            ("bearer abc ", "abc"),
            ("abc", "abc"),
            ("Bearer oauth2:abc", "oauth2:abc"),
        ] {
            let found = present(&headers(&[("authorization", value)]), None);
            assert_eq!(found.token.as_deref(), Some(token), "{value}");
        }
        assert_eq!(present(&headers(&[]), Some("p")).token.as_deref(), Some("p"));
        assert_eq!(present(&headers(&[]), None).credentials, Credentials::None);
    }

    #[test]
    fn a_session_is_used_when_no_token_is_there() {
        let cookie = ("cookie", "a=b; halyard_session=s3cret");
        let found = present(&headers(&[cookie]), None);
        assert_eq!(found.credentials, Credentials::Session(SecretHash::of("s3cret")));
        let found = present(&headers(&[cookie, ("authorization", "Bearer t")]), None);
        assert_eq!(found.credentials, Credentials::Token(SecretHash::of("t")));
    }
}
