use halyard_identity::{Credentials, SecretHash};
use http::{HeaderMap, Uri, header};

/// Name of the session cookie: our decision, the vendor documents none.
pub(crate) const COOKIE: &str = "halyard_session";

/// How a request proves who sends it.
pub(super) struct Presented {
    pub(super) credentials: Credentials,
    /// The token as it was sent; the person who sent it may see it again.
    pub(super) token: Option<String>,
    /// The session cookie as it was sent.
    pub(super) session: Option<String>,
}

/// Looks for `Authorization: Bearer …`, a bare token in the same header (a community client), the
/// parameter `token`, and the session cookie, in this order.
pub(super) fn present(headers: &HeaderMap, parameter: Option<&str>) -> Presented {
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = header.map(bearer).filter(|token| !token.is_empty()).or(parameter);
    let session = cookie(headers);
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

fn cookie(headers: &HeaderMap) -> Option<String> {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut cookies = values.flat_map(|value| value.split(';'));
    cookies.find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == COOKIE && !value.is_empty()).then(|| value.to_owned())
    })
}

/// Whether a page of this server sent the request. Browsers send a cookie along with requests of
/// foreign pages too; those must not change anything.
pub(super) fn is_same_origin(headers: &HeaderMap, uri: &Uri) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text(header::HeaderName::from_static("sec-fetch-site")) {
        return site == "same-origin";
    }
    let host = text(header::HOST).or_else(|| uri.authority().map(|authority| authority.as_str()));
    let origin = text(header::ORIGIN).and_then(|origin| origin.split_once("://"));
    matches!((host, origin), (Some(host), Some((_, origin))) if host.eq_ignore_ascii_case(origin))
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

    #[test]
    fn only_our_own_pages_may_use_the_cookie() {
        let uri = Uri::from_static("/x");
        let check = |pairs: &[(&'static str, &'static str)]| is_same_origin(&headers(pairs), &uri);
        assert!(check(&[("host", "h:1"), ("origin", "http://h:1")]));
        assert!(!check(&[("host", "h:1"), ("origin", "http://evil")]));
        assert!(!check(&[("host", "h:1")]));
        assert!(check(&[("sec-fetch-site", "same-origin")]));
        assert!(!check(&[("sec-fetch-site", "cross-site"), ("host", "h"), ("origin", "http://h")]));
    }
}
