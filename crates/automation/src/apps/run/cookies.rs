//! Cookies of one run.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use halyard_platform::{
    clock::Millis,
    outbound::{Url, header::HeaderMap, header::SET_COOKIE},
};

use super::text::read_http_date;

/// The cookies that services have set. Clones share them: the calls of one run are given one of
/// these, which ends with the run. Each cookie goes back only to the host that has set it, since an
/// app has no list of the domains under which strangers live side by side.
#[derive(Clone, Default)]
pub struct Cookies(Arc<Mutex<Vec<Cookie>>>);

// What services have set lets in whoever has it.
impl std::fmt::Debug for Cookies {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} cookies", self.all().len())
    }
}

#[derive(Clone)]
struct Cookie {
    host: String,
    path: String,
    secure: bool,
    /// After which it is gone; with the run where the service does not say.
    until: Option<Millis>,
    name: String,
    value: String,
}

/// More than any service needs; beyond it the oldest of a host, or of all, goes.
const OF_A_HOST: usize = 50;
const KEPT: usize = 300;
/// Bytes of name and value; what is longer is not taken.
const LONGEST: usize = 4096;

impl Cookies {
    fn all(&self) -> MutexGuard<'_, Vec<Cookie>> {
        // No change is half made when a panic passes by.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what an answer sets.
    pub(super) fn take(&self, from: &Url, headers: &HeaderMap, now: Millis) {
        let mut all = self.all();
        for header in headers.get_all(SET_COOKIE) {
            let Some(cookie) = header.to_str().ok().and_then(|text| read(text, from, now)) else {
                continue;
            };
            let same = |other: &Cookie| {
                (&other.host, &other.path, &other.name)
                    == (&cookie.host, &cookie.path, &cookie.name)
            };
            // What was set over a safe connection is not replaced over one that anybody can change.
            if from.scheme() != "https" && all.iter().any(|other| same(other) && other.secure) {
                continue;
            }
            all.retain(|other| !same(other));
            if cookie.until.is_some_and(|until| until <= now) {
                continue;
            }
            let of_host = |other: &Cookie| other.host == cookie.host;
            if all.iter().filter(|other| of_host(other)).count() >= OF_A_HOST
                && let Some(oldest) = all.iter().position(of_host)
            {
                all.remove(oldest);
            } else if all.len() >= KEPT {
                all.remove(0);
            }
            all.push(cookie);
        }
    }

    /// The `Cookie` header for a request: longer paths first, then in the order in which they came.
    pub(super) fn header(&self, to: &Url, now: Millis) -> Option<String> {
        let all = self.all();
        let mut fitting: Vec<&Cookie> = all
            .iter()
            .filter(|cookie| {
                to.host_str() == Some(cookie.host.as_str())
                    && (!cookie.secure || to.scheme() == "https")
                    && cookie.until.is_none_or(|until| until > now)
                    && is_below(to.path(), &cookie.path)
            })
            .collect();
        fitting.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<String> =
            fitting.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

/// A cookie as RFC 6265 reads it; nothing for one that the host may not set.
fn read(text: &str, from: &Url, now: Millis) -> Option<Cookie> {
    let mut attributes = text.split(';').map(str::trim);
    let (name, value) = attributes.next()?.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    if name.is_empty() || name.len() + value.len() > LONGEST {
        return None;
    }
    let host = from.host_str()?;
    let mut cookie = Cookie {
        host: host.to_owned(),
        path: directory(from.path()).to_owned(),
        secure: false,
        until: None,
        name: name.to_owned(),
        value: value.to_owned(),
    };
    let (mut has_age, mut has_domain, mut has_path) = (false, false, false);
    for attribute in attributes {
        let (name, value) = attribute.split_once('=').unwrap_or((attribute, ""));
        let value = value.trim();
        match name.trim().to_ascii_lowercase().as_str() {
            "path" if value.starts_with('/') => {
                has_path = true;
                cookie.path = value.to_owned();
            }
            "secure" => cookie.secure = true,
            "domain" if !value.is_empty() => {
                has_domain = true;
                let domain = value.trim_start_matches('.').to_ascii_lowercase();
                let above = host.strip_suffix(domain.as_str());
                if !above.is_some_and(|rest| rest.is_empty() || rest.ends_with('.')) {
                    return None;
                }
            }
            "max-age" => {
                if let Ok(seconds) = value.parse::<i64>() {
                    has_age = true;
                    cookie.until = Some(now.saturating_add(seconds.max(0).saturating_mul(1000)));
                }
            }
            "expires" if !has_age => cookie.until = read_http_date(value),
            _ => {}
        }
    }
    let safe = from.scheme() == "https";
    let allowed = match name {
        _ if cookie.secure && !safe => false,
        name if name.starts_with("__Secure-") => cookie.secure,
        name if name.starts_with("__Host-") => {
            cookie.secure && !has_domain && has_path && cookie.path == "/"
        }
        _ => true,
    };
    allowed.then_some(cookie)
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

    const NOW: Millis = 1_000_000_000_000;

    fn url(text: &str) -> Url {
        outbound::url(text).unwrap()
    }

    fn set(jar: &Cookies, from: &str, cookie: &str) {
        let mut headers = HeaderMap::new();
        headers.append(SET_COOKIE, cookie.parse().unwrap());
        jar.take(&url(from), &headers, NOW);
    }

    fn sent(jar: &Cookies, to: &str, later: Millis) -> String {
        jar.header(&url(to), NOW + later).unwrap_or_default()
    }

    const HERE: &str = "https://a.example/x/y";

    #[test]
    fn cookies_go_back_to_who_has_set_them() {
        let jar = Cookies::default();
        set(&jar, HERE, "one=1; Domain=example; Secure");
        set(&jar, HERE, "two=2; Path=/");
        set(&jar, HERE, "three=3; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(sent(&jar, "https://a.example/x/z", 0), "one=1; three=3; two=2");
        assert_eq!(sent(&jar, "http://a.example/x/z", 0), "three=3; two=2");
        assert_eq!(sent(&jar, "https://a.example/xy", 0), "two=2");
        for other in ["https://b.example/x/z", "https://example/x/z", "https://b.a.example/x/z"] {
            assert_eq!(sent(&jar, other, 0), "", "{other}");
        }
        set(&jar, HERE, "two=; Path=/; Max-Age=0");
        set(&jar, HERE, "one=; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(sent(&jar, "https://a.example/x/z", 0), "three=3");
    }

    #[test]
    fn cookies_end_when_the_service_says() {
        let jar = Cookies::default();
        set(&jar, HERE, "a=1; Max-Age=60");
        set(&jar, HERE, "b=1; Expires=Sun, 09 Sep 2001 01:48:00 GMT");
        set(&jar, HERE, "c=1; Max-Age=soon");
        assert_eq!(sent(&jar, HERE, 59_999), "a=1; b=1; c=1");
        assert_eq!(sent(&jar, HERE, 60_000), "b=1; c=1");
        assert_eq!(sent(&jar, HERE, 100_000), "c=1");
    }

    #[test]
    fn what_a_host_may_not_set_is_not_taken() {
        let jar = Cookies::default();
        for cookie in [
            "a=1; Domain=b.example",
            "a=1; Domain=ample",
            "=1",
            "nothing",
            "__Secure-a=1",
            "__Host-a=1; Secure",
            "__Host-a=1; Secure; Path=/; Domain=a.example",
        ] {
            set(&jar, HERE, cookie);
            assert_eq!(sent(&jar, HERE, 0), "", "{cookie}");
        }
        set(&jar, HERE, &format!("a={}", "x".repeat(5000)));
        set(&jar, "http://a.example/x/y", "a=1; Secure");
        assert_eq!(sent(&jar, HERE, 0), "");
        set(&jar, HERE, "a=safe; Secure");
        set(&jar, "http://a.example/x/y", "a=changed");
        assert_eq!(sent(&jar, HERE, 0), "a=safe");
        set(&jar, HERE, "__Host-b=1; Secure; Path=/");
        assert_eq!(sent(&jar, "https://a.example/", 0), "__Host-b=1");
    }

    #[test]
    fn a_jar_has_bounds() {
        let jar = Cookies::default();
        for number in 0..60 {
            set(&jar, HERE, &format!("c{number}=1"));
        }
        let all = sent(&jar, HERE, 0);
        assert_eq!(all.split("; ").count(), OF_A_HOST);
        assert!(!all.contains("c9=") && all.contains("c10=") && all.contains("c59="), "{all}");
        for number in 0..400 {
            set(&jar, &format!("https://h{number}.example/"), "a=1");
        }
        assert_eq!(jar.all().len(), KEPT);
        assert_eq!(format!("{jar:?}"), "300 cookies");
    }
}
