use std::fmt;

/// Longest address, in bytes.
const MAX_LENGTH: usize = 2000;

/// Schemes that make a browser run or show what the address holds instead of calling a program.
const NEVER: &[&str] = &[
    "about",
    "blob",
    "data",
    "file",
    "filesystem",
    "javascript",
    "mailto",
    "urn",
    "vbscript",
    "view-source",
    "ws",
    "wss",
];

/// Where a browser is sent with the outcome of an authorization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectUri(String);

impl RedirectUri {
    /// Reads an absolute address: http, https, or a scheme of a program's own.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() || text.len() > MAX_LENGTH {
            return Err("a redirect URI has 1 to 2000 bytes");
        }
        // A backslash is read as a slash by browsers, so that the host would be another one.
        if !text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\' && b != b'"') {
            return Err("a redirect URI consists of visible ASCII characters");
        }
        if text.contains('#') {
            return Err("a redirect URI has no fragment");
        }
        let (scheme, rest) = text.split_once(':').ok_or("a redirect URI is absolute")?;
        let mut letters = scheme.bytes();
        if !letters.next().is_some_and(|b| b.is_ascii_alphabetic())
            || !letters.all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
        {
            return Err("a redirect URI begins with a scheme");
        }
        let scheme = scheme.to_ascii_lowercase();
        if NEVER.contains(&scheme.as_str()) {
            return Err("this scheme does not lead to a program");
        }
        if matches!(scheme.as_str(), "http" | "https") {
            let authority = rest.strip_prefix("//").ok_or("a redirect URI names a host")?;
            let end = authority.find(['/', '?']).unwrap_or(authority.len());
            let authority = &authority[..end];
            if authority.contains('@') {
                return Err("a redirect URI names no user");
            }
            let in_a_host = |b: u8| b.is_ascii_alphanumeric() || b"-._~:[]".contains(&b);
            if authority.is_empty()
                || authority.starts_with(':')
                || !authority.bytes().all(in_a_host)
            {
                return Err("a redirect URI names a host");
            }
        }
        Ok(Self(text.to_owned()))
    }

    /// Whether this address was registered: the same text, or, on the own machine of the person,
    /// the same but for the port, which programs there cannot choose beforehand (RFC 8252).
    pub fn is_registered(&self, registered: &[Self]) -> bool {
        registered.iter().any(|other| {
            self.0 == other.0
                || matches!(
                    (self.without_loopback_port(), other.without_loopback_port()),
                    (Some(one), Some(other)) if one == other
                )
        })
    }

    /// Host and path of an http address of the loopback interface.
    fn without_loopback_port(&self) -> Option<(&str, &str)> {
        let rest = self.0.strip_prefix("http://")?;
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let host = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
            _ => authority,
        };
        matches!(host, "127.0.0.1" | "[::1]" | "localhost").then_some((host, path))
    }

    /// What a page's policy has to name, to let a form lead there: scheme and host, or the scheme.
    pub fn origin(&self) -> &str {
        let Some((scheme, rest)) = self.0.split_once("://") else {
            let end = self.0.find(':').map_or(self.0.len(), |at| at + 1);
            return &self.0[..end];
        };
        if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
            return &self.0[..scheme.len() + 1];
        }
        if rest.starts_with('[') {
            // Policies have no way to write the address of a machine in IPv6.
            return &self.0[..scheme.len() + 1];
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        &self.0[..scheme.len() + 3 + end]
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> RedirectUri {
        RedirectUri::parse(text).expect(text)
    }

    #[test]
    fn programs_can_be_called_and_nothing_else() {
        for good in [
            "https://app.example.com/callback?x=1",
            "http://localhost:8766/callback",
            "http://192.168.1.5/",
            "com.example.app:/done",
            "myapp://done",
        ] {
            uri(good);
        }
        for bad in [
            "",
            "/callback",
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            "data:text/html,x",
            "urn:ietf:wg:oauth:2.0:oob",
            "https://",
            "https:///path",
            "https:app.example.com",
            "https://app.example.com@evil.example/",
            "https://app.example.com\\@evil.example/",
            "https://app.example.com/#part",
            "https://app.example.com/a b",
            "https://app.example.com/\r\nset-cookie: a=b",
            "https://äpp.example.com/",
            "https://app.example.com;script-src/",
            "1a:b",
        ] {
            assert!(RedirectUri::parse(bad).is_err(), "{bad}");
        }
        assert!(RedirectUri::parse(&format!("https://a/{}", "x".repeat(2000))).is_err());
    }

    #[test]
    fn only_the_registered_text_matches_but_for_ports_of_the_own_machine() {
        let registered = [
            uri("https://app.example.com/cb"),
            uri("http://localhost:8766/cb"),
            uri("http://[::1]/cb"),
        ];
        for same in [
            "https://app.example.com/cb",
            "http://localhost:1/cb",
            "http://localhost/cb",
            "http://[::1]:9/cb",
        ] {
            assert!(uri(same).is_registered(&registered), "{same}");
        }
        for other in [
            "https://app.example.com/cb/",
            "https://app.example.com/cb?x",
            "https://app.example.com:444/cb",
            "https://app.example.com/CB",
            "http://app.example.com/cb",
            "https://app.example.com.evil.example/cb",
            "http://localhost:8766/other",
            "https://localhost:8766/cb",
            "http://127.0.0.1:8766/cb",
            "http://localhost.evil.example/cb",
        ] {
            assert!(!uri(other).is_registered(&registered), "{other}");
        }
    }

    #[test]
    fn the_origin_is_what_a_policy_names() {
        for (text, origin) in [
            ("https://app.example.com:8443/cb?x", "https://app.example.com:8443"),
            ("http://localhost:8766/cb", "http://localhost:8766"),
            ("http://[::1]:8766/cb", "http:"),
            ("com.example.app:/done", "com.example.app:"),
            ("myapp://done", "myapp:"),
        ] {
            assert_eq!(uri(text).origin(), origin);
        }
    }
}
