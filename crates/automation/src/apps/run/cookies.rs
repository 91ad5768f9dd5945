//! Cookies of one run.

use halyard_platform::outbound::{Url, header::HeaderMap, header::SET_COOKIE};

use super::text::read_http_date;

/// The cookies that services have set. Each goes back only to the host that has set it: an app has
/// no list of the domains under which strangers live side by side.
#[derive(Clone, Debug, Default)]
pub(super) struct Jar(Vec<Cookie>);

#[derive(Clone, Debug)]
struct Cookie {
    host: String,
    path: String,
    secure: bool,
    name: String,
    value: String,
}

/// More than any service needs; beyond it the oldest goes.
const KEPT: usize = 100;

impl Jar {
    /// Takes what an answer sets.
    pub(super) fn take(&mut self, from: &Url, headers: &HeaderMap, now: i64) {
        for header in headers.get_all(SET_COOKIE) {
            let Ok(text) = header.to_str() else { continue };
            let mut attributes = text.split(';').map(str::trim);
            let Some((name, value)) = attributes.next().and_then(|pair| pair.split_once('='))
            else {
                continue;
            };
            let mut cookie = Cookie {
                host: from.host_str().unwrap_or_default().to_owned(),
                path: directory(from.path()).to_owned(),
                secure: false,
                name: name.trim().to_owned(),
                value: value.trim().to_owned(),
            };
            let mut gone = false;
            let mut has_age = false;
            for attribute in attributes {
                let (name, value) = attribute.split_once('=').unwrap_or((attribute, ""));
                match name.trim().to_ascii_lowercase().as_str() {
                    "path" if value.starts_with('/') => cookie.path = value.to_owned(),
                    "secure" => cookie.secure = true,
                    "max-age" => {
                        has_age = true;
                        gone = value.trim().parse::<i64>().is_ok_and(|seconds| seconds <= 0);
                    }
                    "expires" if !has_age => {
                        gone = read_http_date(value).is_some_and(|date| date <= now);
                    }
                    _ => {}
                }
            }
            self.0.retain(|other| {
                (&other.host, &other.path, &other.name)
                    != (&cookie.host, &cookie.path, &cookie.name)
            });
            if !gone {
                self.0.push(cookie);
            }
            if self.0.len() > KEPT {
                self.0.remove(0);
            }
        }
    }

    /// The `Cookie` header for a request.
    pub(super) fn header(&self, to: &Url) -> Option<String> {
        let pairs: Vec<String> = self
            .0
            .iter()
            .filter(|cookie| {
                to.host_str() == Some(cookie.host.as_str())
                    && (!cookie.secure || to.scheme() == "https")
                    && is_below(to.path(), &cookie.path)
            })
            .map(|cookie| format!("{}={}", cookie.name, cookie.value))
            .collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

fn directory(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) | None => "/",
        Some(end) => &path[..end],
    }
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.is_empty() || folder.ends_with('/') || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use halyard_platform::outbound;

    use super::*;

    fn url(text: &str) -> Url {
        outbound::url(text).unwrap()
    }

    fn set(jar: &mut Jar, from: &str, cookie: &str) {
        let mut headers = HeaderMap::new();
        headers.append(SET_COOKIE, cookie.parse().unwrap());
        jar.take(&url(from), &headers, 1_000_000_000_000);
    }

    #[test]
    fn cookies_go_back_to_who_has_set_them() {
        let mut jar = Jar::default();
        set(&mut jar, "https://a.example/x/y", "one=1; Domain=example; Secure");
        set(&mut jar, "https://a.example/x/y", "two=2; Path=/");
        set(
            &mut jar,
            "https://a.example/x/y",
            "three=3; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        );
        assert_eq!(jar.header(&url("https://a.example/x/z")).unwrap(), "one=1; two=2; three=3");
        assert_eq!(jar.header(&url("http://a.example/x/z")).unwrap(), "two=2; three=3");
        assert_eq!(jar.header(&url("https://a.example/xy")).unwrap(), "two=2");
        assert_eq!(jar.header(&url("https://b.example/x/z")), None);
        set(&mut jar, "https://a.example/x/y", "two=; Path=/; Max-Age=0");
        set(&mut jar, "https://a.example/x/y", "one=; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(jar.header(&url("https://a.example/x/z")).unwrap(), "three=3");
    }
}
