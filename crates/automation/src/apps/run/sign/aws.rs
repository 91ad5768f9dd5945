//! The `aws` directive.

use halyard_iml::{Collection, Date, Value};
use halyard_platform::outbound::Url;

use super::{aws2, aws4};
use crate::apps::run::text::text;

/// A request that is to be signed.
pub(in crate::apps::run) struct Unsigned<'a> {
    pub(in crate::apps::run) method: &'a str,
    pub(in crate::apps::run) url: &'a Url,
    /// Names in lower case.
    pub(in crate::apps::run) headers: &'a [(String, String)],
    pub(in crate::apps::run) body: &'a [u8],
    pub(in crate::apps::run) now: Date,
}

impl Unsigned<'_> {
    /// The host as it stands in the `Host` header.
    pub(super) fn host(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        match self.url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

/// What the directive says.
pub(in crate::apps::run) struct Settings {
    pub(super) key: String,
    pub(super) secret: String,
    pub(super) session: Option<String>,
    pub(super) bucket: Option<String>,
    pub(super) service: Option<String>,
    pub(super) region: Option<String>,
    version: Version,
}

#[derive(Clone, Copy)]
enum Version {
    Two,
    Four,
}

impl Settings {
    /// Reads the directive.
    pub(in crate::apps::run) fn of(value: &Collection) -> Result<Self, String> {
        let get = |name: &str| value.by_name(name).filter(|value| !value.is_empty()).map(text);
        let needed = |name: &str| get(name).ok_or_else(|| format!("aws.{name} is missing."));
        let version = match value.by_name("sign_version") {
            None | Some(Value::Null | Value::Undefined) => Version::Two,
            Some(version) => match text(version).as_str() {
                "2" => Version::Two,
                "4" => Version::Four,
                other => return Err(format!("aws.sign_version must be 2 or 4, not {other}.")),
            },
        };
        Ok(Self {
            key: needed("key")?,
            secret: needed("secret")?,
            session: get("session"),
            bucket: get("bucket"),
            service: get("service"),
            region: get("region"),
            version,
        })
    }

    /// What is secret of it.
    pub(in crate::apps::run) fn secrets(&self) -> impl Iterator<Item = &str> {
        [Some(&self.secret), self.session.as_ref()].into_iter().flatten().map(String::as_str)
    }

    /// The headers that sign a request.
    pub(in crate::apps::run) fn sign(&self, request: &Unsigned<'_>) -> Vec<(String, String)> {
        match self.version {
            Version::Two => aws2::sign(self, request),
            Version::Four => aws4::sign(self, request),
        }
    }
}
