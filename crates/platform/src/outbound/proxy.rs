//! Requests that somebody else makes for us.

use std::{fmt, sync::Arc};

use reqwest::Url;

use super::Error;

/// An HTTP proxy. Encrypted requests go through a tunnel, which it cannot read.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Proxy {
    address: Url,
    credentials: Option<(Arc<str>, Arc<str>)>,
}

// Without the credentials.
impl fmt::Debug for Proxy {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Proxy({})", self.place())
    }
}

impl Proxy {
    /// The proxy at an address such as `proxy.example:3128` or `http://proxy.example:3128`, with the
    /// user and the password that it wants, if any.
    ///
    /// # Errors
    /// [`Error::Proxy`] for any other address.
    pub fn new(address: &str, credentials: Option<(&str, &str)>) -> Result<Self, Error> {
        let wrong = |reason: &str| Error::Proxy(reason.to_owned());
        let text = address.trim();
        let text = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let address: Url = text.parse().map_err(|_| wrong("its address cannot be read"))?;
        if address.scheme() != "http" {
            return Err(wrong("only those that are reached by http:// can be used"));
        }
        if !address.username().is_empty() || address.password().is_some() {
            return Err(wrong("its user and password do not belong into the address"));
        }
        if address.path() != "/" || address.query().is_some() || !address.has_host() {
            return Err(wrong("its address is a host and a port, nothing else"));
        }
        let credentials = credentials.map(|(user, password)| (user.into(), password.into()));
        Ok(Self { address, credentials })
    }

    /// Host and port, for messages.
    pub(super) fn place(&self) -> String {
        let port = self.address.port_or_known_default().unwrap_or(80);
        format!("{}:{port}", self.address.host_str().unwrap_or_default())
    }

    pub(super) fn address(&self) -> &Url {
        &self.address
    }

    pub(super) fn of_client(&self) -> reqwest::Result<reqwest::Proxy> {
        let proxy = reqwest::Proxy::all(self.address.clone())?;
        Ok(match &self.credentials {
            Some((user, password)) => proxy.basic_auth(user, password),
            None => proxy,
        })
    }
}
