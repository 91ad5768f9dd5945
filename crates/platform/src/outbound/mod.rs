//! Requests to servers of others.
//!
//! Users choose where many of them go. So that nobody reaches through us what only this machine or
//! its network may reach, a connection is made only to public addresses, to those that the operator
//! lists, and to the installation itself. The check is part of connecting (see `guard`), and every
//! redirect passes it again.

mod address;
mod certificate;
mod clients;
mod error;
mod guard;
#[cfg(feature = "testing")]
pub mod loopback;
mod pieces;
mod proxy;
mod request;
#[cfg(test)]
mod tests;
mod trust;

use std::{borrow::Cow, net::IpAddr, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
pub use reqwest::{Method, StatusCode, Url, header};
use tokio::time::{Instant, timeout, timeout_at};

pub use address::{Network, special};
pub use certificate::ClientCertificate;
pub use error::{Error, Phase};
pub use guard::{Resolve, Resolved, System};
pub use pieces::Piece;
pub use proxy::Proxy;
pub use request::{Limits, Request, Response, Take, Trust, Unencrypted, location};
pub use trust::tls;

use clients::{Clients, Kind};
use guard::{Guard, Rule};
use pieces::Sending;

/// How requests are sent.
#[derive(Debug, Clone)]
pub struct Options {
    /// Addresses that may be reached although they are not public.
    pub allow: Vec<Network>,
    /// The addresses of this installation (scheme, host and port count); always reachable.
    pub itself: Vec<Url>,
    /// Who we say we are.
    pub user_agent: String,
    /// Limit for resolving, connecting and the handshake.
    pub connect: Duration,
    /// How long an unused connection is kept.
    pub idle: Duration,
    /// How many unused connections are kept for each host.
    pub idle_per_host: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            itself: Vec::new(),
            user_agent: concat!("Halyard/", env!("CARGO_PKG_VERSION")).to_owned(),
            connect: Duration::from_secs(5),
            idle: Duration::from_secs(30),
            idle_per_host: 32,
        }
    }
}

/// Sends requests. Clones share their connections.
#[derive(Clone)]
pub struct Outbound {
    inner: Arc<Inner>,
}

struct Inner {
    clients: Clients,
    itself: Vec<Url>,
    connect: Duration,
}

/// The head of an answer, with its body still to come.
#[derive(Debug)]
pub struct Answer {
    /// Whatever it is; only the exchange has succeeded.
    pub status: StatusCode,
    /// As they came.
    pub headers: header::HeaderMap,
    /// Who answered.
    pub url: Url,
    answer: reqwest::Response,
    host: String,
    connect: Duration,
    end: Instant,
    whole: Duration,
}

impl Answer {
    /// The next bytes of the body; none at its end.
    ///
    /// # Errors
    /// When the connection breaks, or the limit for the whole exchange is reached.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        match timeout_at(self.end, self.answer.chunk()).await {
            Ok(chunk) => chunk.map_err(|error| Error::of(&error, &self.host, self.connect)),
            Err(_) => Err(Error::Timeout {
                host: self.host.clone(),
                phase: Phase::Whole,
                limit: self.whole,
            }),
        }
    }
}

impl Outbound {
    /// With the names of the operating system's resolver.
    ///
    /// # Errors
    /// [`Error::Broken`] when the client cannot be set up.
    pub fn new(options: Options) -> Result<Self, Error> {
        Self::with_resolver(options, System)
    }

    /// With names from elsewhere: for tests.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_resolver(options: Options, resolver: impl Resolve) -> Result<Self, Error> {
        let (itself, connect) = (options.itself.clone(), options.connect);
        let clients = Clients::new(options, Arc::new(resolver))?;
        Ok(Self { inner: Arc::new(Inner { clients, itself, connect }) })
    }

    /// Sends a request and hands over the answer as soon as its head is there. Redirects are not
    /// followed, and [`Request::take`] does not count.
    ///
    /// # Errors
    /// When there is no answer within the limits.
    pub async fn open(&self, request: &Request) -> Result<Answer, Error> {
        let (end, whole) = (Instant::now() + request.limits.whole, request.limits.whole);
        let host = host_of(&request.url);
        let connect = self.inner.connect;
        match timeout_at(end, self.hop(request, &host)).await {
            Ok(answer) => {
                let answer = answer?;
                let (status, headers) = (answer.status(), answer.headers().clone());
                let url = request.url.clone();
                Ok(Answer { status, headers, url, answer, host, connect, end, whole })
            }
            Err(_) => Err(Error::Timeout { host, phase: Phase::Whole, limit: whole }),
        }
    }

    /// Sends a request and reads the answer.
    ///
    /// # Errors
    /// When there is no answer within the limits. An answer with a status that tells of a failure
    /// is an answer.
    pub async fn send(&self, mut request: Request) -> Result<Response, Error> {
        let started = Instant::now();
        let (end, limit) = (started + request.limits.whole, request.limits.whole);
        let mut host = host_of(&request.url);
        let exchange = self.exchange(&mut request, &mut host, started);
        let result = timeout_at(end, exchange).await;
        result.unwrap_or_else(|_| Err(Error::Timeout { host, phase: Phase::Whole, limit }))
    }

    /// Refuses what can be told to be unreachable without asking anybody: an address that is written
    /// out in the place of a host name.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; [`Error::Url`] for what is no web address.
    pub fn check(&self, url: &Url) -> Result<(), Error> {
        let rule = self.rule(&Request::new(Method::GET, url.clone()))?;
        match literal(url) {
            Some(address) => self.inner.clients.guard(rule).check(&host_of(url), address),
            None => Ok(()),
        }
    }

    async fn exchange(
        &self,
        request: &mut Request,
        host: &mut String,
        started: Instant,
    ) -> Result<Response, Error> {
        let allowed = request.redirects;
        loop {
            let answer = self.hop(request, host).await?;
            let head_after = started.elapsed();
            let (status, headers) = (answer.status(), answer.headers().clone());
            match location(status, &headers, &request.url) {
                Some(_) if allowed == 0 => {}
                Some(_) if request.redirects == 0 => {
                    return Err(Error::TooManyRedirects { host: host.clone(), limit: allowed });
                }
                Some(None) => return Err(Error::BadRedirect { host: host.clone() }),
                Some(Some(next)) => {
                    request.redirects -= 1;
                    request.redirected(status, next);
                    *host = host_of(&request.url);
                    continue;
                }
                None => {}
            }
            let (body, cut) = self.body(answer, request.take, host).await?;
            let (url, whole_after) = (request.url.clone(), started.elapsed());
            return Ok(Response { status, headers, body, cut, url, head_after, whole_after });
        }
    }

    /// One request, up to the head of its answer.
    async fn hop(&self, request: &Request, host: &str) -> Result<reqwest::Response, Error> {
        let (guard, client) = self.choose(request)?;
        let mut said = Cow::Borrowed(host);
        let connected = match &request.proxy {
            None => &request.url,
            Some(proxy) => {
                self.check_target(request, host).await?;
                said = format!("{host} (through the proxy {})", proxy.place()).into();
                proxy.address()
            }
        };
        if let Some(address) = literal(connected) {
            // An address that is written out is not resolved, so the guard does not see it.
            guard.check(&host_of(connected), address)?;
        }
        let body = if request.pieces.is_empty() {
            request.body.clone().into()
        } else {
            let opened = Sending::open(&request.pieces).await;
            reqwest::Body::wrap(opened.map_err(|error| Error::Broken {
                host: host.to_owned(),
                reason: format!("a file that is to be sent cannot be read: {error}"),
            })?)
        };
        let sending = client
            .request(request.method.clone(), request.url.clone())
            .headers(request.headers.clone())
            .body(body)
            .send();
        match timeout(request.limits.head, sending).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(Error::of(&error, &said, self.inner.connect)),
            Err(_) => Err(Error::Timeout {
                host: said.into_owned(),
                phase: Phase::Head,
                limit: request.limits.head,
            }),
        }
    }

    /// Judges where a proxy is asked to connect to.
    async fn check_target(&self, request: &Request, host: &str) -> Result<(), Error> {
        let guard = self.inner.clients.guard(self.rule(request)?);
        match literal(&request.url) {
            Some(address) => guard.check(host, address),
            None => guard.check_all(host).await,
        }
    }

    fn rule(&self, request: &Request) -> Result<Rule, Error> {
        let url = &request.url;
        let encrypted = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(Error::Url(url.to_string())),
        };
        Ok(if self.inner.itself.iter().any(|own| own.origin() == url.origin()) {
            Rule::Itself
        } else if !encrypted && request.unencrypted == Unencrypted::Listed {
            Rule::Listed
        } else {
            Rule::Public
        })
    }

    fn choose(&self, request: &Request) -> Result<(Guard, reqwest::Client), Error> {
        let rule = self.rule(request)?;
        let kind = Kind {
            // What is connected to then is the proxy.
            rule: if request.proxy.is_some() { Rule::Public } else { rule },
            title_case: request.title_case,
            trust: request.trust.clone(),
            certificate: request.certificate.clone(),
            proxy: request.proxy.clone(),
        };
        self.inner.clients.of(kind)
    }

    async fn body(
        &self,
        mut answer: reqwest::Response,
        take: Take,
        host: &str,
    ) -> Result<(Bytes, bool), Error> {
        let (Take::Whole(limit) | Take::Start(limit)) = take;
        let mut body = BytesMut::new();
        loop {
            let chunk = answer.chunk().await;
            let chunk = chunk.map_err(|error| Error::of(&error, host, self.inner.connect))?;
            let Some(chunk) = chunk else { return Ok((body.freeze(), false)) };
            let room = limit - body.len();
            if chunk.len() <= room {
                body.extend_from_slice(&chunk);
                continue;
            }
            if let Take::Whole(_) = take {
                return Err(Error::TooLong { host: host.to_owned(), limit });
            }
            body.extend_from_slice(&chunk[..room]);
            return Ok((body.freeze(), true));
        }
    }
}

/// Reads the address of a request. Whether it may be reached shows when it is used.
///
/// # Errors
/// [`Error::Url`] unless it is an absolute `http` or `https` address with a host.
pub fn url(text: &str) -> Result<Url, Error> {
    let url = text.parse::<Url>().map_err(|error| Error::Url(error.to_string()))?;
    if matches!(url.scheme(), "http" | "https") && url.has_host() {
        Ok(url)
    } else {
        Err(Error::Url(format!("{} is not a web address", url.scheme())))
    }
}

fn host_of(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

/// The address that is written out in the place of a host name, in whatever notation.
fn literal(url: &Url) -> Option<IpAddr> {
    let host = url.host_str()?;
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}
