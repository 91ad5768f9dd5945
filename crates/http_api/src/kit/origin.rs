use http::{HeaderMap, Uri, header};

use super::proxy::came_by_https;
use crate::App;

/// Where this server is, as far as a client is concerned: `http://host:port`, without a slash at
/// its end.
pub(crate) fn base(app: &App, headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    let host = host.unwrap_or("localhost");
    app.settings.public_url.clone().unwrap_or_else(|| {
        let scheme = if came_by_https(headers) { "https" } else { "http" };
        format!("{scheme}://{host}")
    })
}

/// Whether a page of this server sent the request. Browsers send cookies and forms along with
/// requests of foreign pages too; those must not change anything.
pub(crate) fn is_same_origin(headers: &HeaderMap, uri: &Uri) -> bool {
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

    #[test]
    fn only_our_own_pages_may_change_something() {
        let uri = Uri::from_static("/x");
        let check = |pairs: &[(&'static str, &'static str)]| {
            let pair = |(name, value): &(&'static str, &'static str)| {
                (header::HeaderName::from_static(name), HeaderValue::from_static(value))
            };
            is_same_origin(&pairs.iter().map(pair).collect(), &uri)
        };
        assert!(check(&[("host", "h:1"), ("origin", "http://h:1")]));
        assert!(!check(&[("host", "h:1"), ("origin", "http://evil")]));
        assert!(!check(&[("host", "h:1"), ("origin", "null")]));
        assert!(!check(&[("host", "h:1")]));
        assert!(check(&[("sec-fetch-site", "same-origin")]));
        assert!(!check(&[("sec-fetch-site", "cross-site"), ("host", "h"), ("origin", "http://h")]));
    }
}
