//! Where a request goes: the base of the app, the path, the query.

use halyard_iml::Value;
use halyard_platform::outbound::{self, Url};

use super::text::{encode_address, query};
use crate::apps::{AppError, ErrorType};

/// What an address is made of.
#[derive(Clone, Debug)]
pub(super) struct Parts<'a> {
    /// The evaluated `baseUrl`.
    pub(super) base: Option<String>,
    /// The evaluated `url`, and what it was evaluated from.
    pub(super) url: String,
    pub(super) source: &'a Value,
    /// Pairs of `qs`; they take the place of those of the same name in `url`.
    pub(super) qs: Vec<(String, String)>,
    /// `encodeUrl`
    pub(super) encode: bool,
}

impl Parts<'_> {
    /// The address.
    pub(super) fn build(self) -> Result<Url, AppError> {
        let url = without_doubled_slash(self.url.trim(), self.source);
        let mut address = if is_absolute(&url) {
            url
        } else {
            let Some(base) = self.base.as_deref().filter(|base| !base.is_empty()) else {
                let cause = "url is a path, but the app has no baseUrl that it could be added to.";
                return Err(AppError::new(ErrorType::InvalidConfigurationError, cause));
            };
            joined(base, &url)
        };
        if let Some(fragment) = address.find('#') {
            address.truncate(fragment);
        }
        if !self.qs.is_empty() {
            address = with_query(&address, &self.qs);
        }
        if self.encode {
            let start = address.find("://").map_or(0, |at| at + 3);
            let path = address[start..].find(['/', '?']).map_or(address.len(), |at| start + at);
            address = format!("{}{}", &address[..path], encode_address(&address[path..]));
        }
        outbound::url(&address).map_err(|error| {
            AppError::new(
                ErrorType::InvalidConfigurationError,
                format!("The address {address} cannot be used: {error}."),
            )
        })
    }
}

fn is_absolute(url: &str) -> bool {
    let begins = |scheme: &str| {
        url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    begins("http://") || begins("https://")
}

/// Base and path with exactly one slash in between.
fn joined(base: &str, path: &str) -> String {
    let (base, path) =
        (base.strip_suffix('/').unwrap_or(base), path.strip_prefix('/').unwrap_or(path));
    if path.is_empty() || path.starts_with('?') {
        format!("{base}{path}")
    } else {
        format!("{base}/{path}")
    }
}

/// Drops one of two slashes where a mapped part begins with one right after one that the author
/// has written. Behind the first expression it cannot be told who wrote which, so there every pair
/// goes where the author has written a slash before an expression.
fn without_doubled_slash(url: &str, source: &Value) -> String {
    let Value::Text(source) = source else { return url.to_owned() };
    let Some(first) = source.find("{{") else { return url.to_owned() };
    let (written, rest) = source.split_at(first);
    let mut url = url.to_owned();
    if written.ends_with('/') && url[written.len().min(url.len())..].starts_with('/') {
        url.remove(written.len());
    }
    if rest[2..].contains("/{{") {
        let start = url.find("://").map_or(0, |at| at + 3);
        let end = url[start..].find(['?', '#']).map_or(url.len(), |at| start + at);
        let mut path = url[start..end].to_owned();
        while path.contains("//") {
            path = path.replace("//", "/");
        }
        url.replace_range(start..end, &path);
    }
    url
}

/// The address with these pairs in its query, in the place of those of the same name.
fn with_query(address: &str, pairs: &[(String, String)]) -> String {
    let (path, before) = address.split_once('?').unwrap_or((address, ""));
    let kept = before.split('&').filter(|pair| {
        let name = pair.split('=').next().unwrap_or_default();
        let name = form_urlencoded::parse(name.as_bytes()).next();
        let name = name.map(|(name, _)| name.into_owned()).unwrap_or_default();
        !pair.is_empty() && !pairs.iter().any(|(other, _)| *other == name)
    });
    let mut parts: Vec<String> = kept.map(str::to_owned).collect();
    parts.push(query(pairs));
    format!("{path}?{}", parts.join("&"))
}

/// An address of the app at the place where the service really is. A path of that place comes first.
pub(super) fn moved(address: &str, to: &Url) -> String {
    let Ok(from) = outbound::url(address) else { return address.to_owned() };
    let mut rest = from.path().to_owned();
    if let Some(query) = from.query() {
        rest.push('?');
        rest.push_str(query);
    }
    joined(to.as_str(), &rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(base: &str, source: &str, url: &str, qs: &[(&str, &str)]) -> String {
        let qs = qs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let base = (!base.is_empty()).then(|| base.to_owned());
        let source = Value::from(source);
        let parts = Parts { base, url: url.to_owned(), source: &source, qs, encode: true };
        parts.build().map_or_else(|error| error.to_string(), |url| url.to_string())
    }

    #[test]
    fn a_path_is_added_to_the_base_with_one_slash() {
        for (base, path) in [
            ("https://x.example/v1", "/users"),
            ("https://x.example/v1/", "/users"),
            ("https://x.example/v1", "users"),
            ("https://x.example/v1/", "users"),
        ] {
            assert_eq!(address(base, path, path, &[]), "https://x.example/v1/users");
        }
        assert_eq!(address("https://x.example/v1", "", "", &[]), "https://x.example/v1");
        assert_eq!(
            address("https://x.example/v1", "?a=1", "?a=1", &[]),
            "https://x.example/v1?a=1"
        );
        assert_eq!(
            address("https://x.example", "", "HTTPS://y.example/z", &[]),
            "https://y.example/z"
        );
        assert!(address("", "/users", "/users", &[]).contains("no baseUrl"));
    }

    #[test]
    fn a_mapped_slash_is_not_doubled() {
        let base = "https://x.example/v1";
        assert_eq!(address(base, "/{{a}}", "//users", &[]), "https://x.example/v1/users");
        assert_eq!(address(base, "/v2/{{a}}", "/v2//users", &[]), "https://x.example/v1/v2/users");
        assert_eq!(
            address("", "https://{{a}}/{{b}}", "https://y.example//users?u=a//b", &[]),
            "https://y.example/users?u=a//b"
        );
        // What is mapped may hold two of its own.
        assert_eq!(
            address(base, "/files/{{a}}", "/files/a//b", &[]),
            "https://x.example/v1/files/a//b"
        );
        assert_eq!(
            address(base, "{{a}}", "/é/{{a}}", &[]),
            "https://x.example/v1/%C3%A9/%7B%7Ba%7D%7D"
        );
        assert_eq!(address(base, "/é/{{a}}", "/é//b", &[]), "https://x.example/v1/%C3%A9/b");
    }

    #[test]
    fn qs_takes_the_place_of_what_the_address_says() {
        assert_eq!(
            address(
                "https://x.example",
                "/",
                "/a?size=1&b%5B%5D=c&q=d%20e#top",
                &[("size", "2"), ("b[]", "&")]
            ),
            "https://x.example/a?q=d%20e&size=2&b%5B%5D=%26"
        );
    }

    #[test]
    fn an_address_moves_to_where_the_service_is() {
        let to = outbound::url("http://127.0.0.1:8080/twist/").unwrap();
        assert_eq!(moved("https://api.example/v3?x=1", &to), "http://127.0.0.1:8080/twist/v3?x=1");
        let to = outbound::url("http://127.0.0.1:8080").unwrap();
        assert_eq!(moved("https://api.example", &to), "http://127.0.0.1:8080");
        assert_eq!(moved("/v3", &to), "/v3");
    }
}
