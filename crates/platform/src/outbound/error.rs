use std::{error::Error as StdError, fmt, io, net::IpAddr, time::Duration};

use rustls::AlertDescription;

/// Why there is no answer to an outbound request. The text says what to do about it; it holds no
/// query and no credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The address of the request cannot be used at all.
    #[error("{0}: give an absolute address that begins with https:// or http://")]
    Url(String),
    /// The host has no address that requests may go to.
    #[error(
        "{host} has the address {address}, which is {why}; if requests may go there, add it to outbound_allow"
    )]
    Forbidden {
        /// As it was asked for.
        host: String,
        /// Where it would have gone.
        address: IpAddr,
        /// What kind of address that is.
        why: &'static str,
    },
    /// Not encrypted, to an address for which that is not allowed.
    #[error(
        "{host} would be reached without encryption at {address}; use https://, or add the address to outbound_allow"
    )]
    Unencrypted {
        /// As it was asked for.
        host: String,
        /// Where it would have gone.
        address: IpAddr,
    },
    /// The name of the host leads nowhere.
    #[error("{host} cannot be resolved: {reason}; check the name of the host")]
    Unresolved {
        /// As it was asked for.
        host: String,
        /// What the resolver said.
        reason: String,
    },
    /// Nobody answers at the address.
    #[error(
        "cannot connect to {host}: {reason}; check that the service runs and can be reached from here"
    )]
    Connect {
        /// As it was asked for.
        host: String,
        /// What the operating system said.
        reason: String,
    },
    /// The encrypted connection could not be set up.
    #[error(
        "no secure connection to {host}: {reason}; it needs a valid certificate with its full chain"
    )]
    Tls {
        /// As it was asked for.
        host: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The server wants a client certificate, or another one than it was shown.
    #[error("{host} does not let us in: {reason}; it asks for a client certificate that it knows")]
    Unknown {
        /// As it was asked for.
        host: String,
        /// What it has said.
        reason: String,
    },
    /// The client certificate of the request is not usable.
    #[error("the client certificate cannot be used: {0}")]
    ClientCertificate(String),
    /// The proxy of the request is not usable.
    #[error("the proxy cannot be used: {0}")]
    Proxy(String),
    /// A time limit ended the attempt.
    #[error("{host} took longer than {} ms {phase}; answer first and work afterwards", limit.as_millis())]
    Timeout {
        /// As it was asked for.
        host: String,
        /// What was waited for.
        phase: Phase,
        /// How long.
        limit: Duration,
    },
    /// The answer is longer than the request wanted to read.
    #[error("{host} answered more than {limit} bytes; make the answer shorter")]
    TooLong {
        /// As it was asked for.
        host: String,
        /// In bytes.
        limit: usize,
    },
    /// The answer redirects once more than is followed.
    #[error("{host} redirects more often than {limit} times; use the final address")]
    TooManyRedirects {
        /// Who redirected last.
        host: String,
        /// How many were followed.
        limit: u8,
    },
    /// The answer redirects to nowhere.
    #[error("{host} redirects without a usable Location")]
    BadRedirect {
        /// Who redirected.
        host: String,
    },
    /// The connection broke, or did not carry HTTP.
    #[error("the exchange with {host} failed: {reason}")]
    Broken {
        /// As it was asked for.
        host: String,
        /// What happened.
        reason: String,
    },
}

/// What a time limit is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Resolving the name, connecting and the handshake.
    Connect,
    /// From the request to the head of the answer.
    Head,
    /// The whole exchange, redirects and body included.
    Whole,
}

impl fmt::Display for Phase {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Connect => "to accept the connection",
            Self::Head => "to begin its answer",
            Self::Whole => "for the whole exchange",
        })
    }
}

/// What the guard of a connection answers instead of addresses. Travels through the HTTP client
/// and is found again by [`Error::of`].
#[derive(Debug, Clone)]
pub(super) struct Refused(pub(super) Error);

impl fmt::Display for Refused {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl StdError for Refused {}

impl Error {
    /// Turns what the HTTP client reports into what it means.
    pub(super) fn of(error: &reqwest::Error, host: &str, connect: Duration) -> Self {
        let host = host.to_owned();
        let chain = chain(error);
        if let Some(refused) = chain.iter().find_map(|cause| cause.downcast_ref::<Refused>()) {
            return refused.0.clone();
        }
        if let Some(tls) = chain.iter().find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
            let reason = tls.to_string();
            return match tls {
                rustls::Error::AlertReceived(alert) if asks_who_we_are(*alert) => {
                    Self::Unknown { host, reason }
                }
                _ => Self::Tls { host, reason },
            };
        }
        if error.is_connect() && error.is_timeout() {
            return Self::Timeout { host, phase: Phase::Connect, limit: connect };
        }
        let reason = chain.last().map_or_else(|| error.to_string(), ToString::to_string);
        if error.is_connect() {
            return Self::Connect { host, reason };
        }
        Self::Broken { host, reason }
    }
}

/// Whether a server says that it has not been shown the certificate that it wants.
fn asks_who_we_are(alert: AlertDescription) -> bool {
    use AlertDescription as A;
    matches!(
        alert,
        A::CertificateRequired
            | A::BadCertificate
            | A::UnsupportedCertificate
            | A::CertificateRevoked
            | A::CertificateExpired
            | A::CertificateUnknown
            | A::UnknownCA
            | A::AccessDenied
    )
}

/// The error and its causes. An I/O error hides what it wraps from `source`.
fn chain<'e>(error: &'e (dyn StdError + 'static)) -> Vec<&'e (dyn StdError + 'static)> {
    let mut all = vec![error];
    let mut next = Some(error);
    while let Some(error) = next {
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
        all.extend(next);
    }
    all
}
