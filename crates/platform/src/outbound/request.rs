use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use reqwest::{
    Method, StatusCode, Url,
    header::{
        AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HeaderMap, LOCATION,
        PROXY_AUTHORIZATION, TRANSFER_ENCODING,
    },
};

use super::{ClientCertificate, Piece, Proxy};

/// A request to somebody else's server.
#[derive(Debug, Clone)]
pub struct Request {
    /// GET, POST, …
    pub method: Method,
    /// Where to; `http` or `https`.
    pub url: Url,
    /// Sent as they are. `Authorization`, `Cookie` and values marked as sensitive do not follow a
    /// redirect to another origin.
    pub headers: HeaderMap,
    /// Sent again on the redirects that keep the method.
    pub body: Bytes,
    /// Sent in the place of the body, when there are any: parts of which some are files.
    pub pieces: Vec<Piece>,
    /// How long the answer may take.
    pub limits: Limits,
    /// How much of the body of the answer is wanted.
    pub take: Take,
    /// How many redirects are followed; 0 hands the redirect to the caller as the answer.
    pub redirects: u8,
    /// Where `http://` may lead.
    pub unencrypted: Unencrypted,
    /// Whose certificates are believed.
    pub trust: Trust,
    /// Shown to a server that asks for one. Does not follow a redirect to another origin.
    pub certificate: Option<ClientCertificate>,
    /// Who connects in our place. Its address is judged like any other; that of the server as far as
    /// its name can be resolved here.
    pub proxy: Option<Proxy>,
    /// Whether names of headers are written `Like-This`, for servers that mind.
    pub title_case: bool,
}

/// Whose certificates are believed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub enum Trust {
    /// Those of the usual authorities.
    #[default]
    Usual,
    /// Also those of these authorities, and these certificates themselves, in PEM.
    Also(Arc<str>),
    /// Anybody's. Whoever sits between can then read and change everything.
    Anything,
}

/// Time limits of one exchange. The limit for connecting belongs to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From sending to the head of the answer, for each hop; connecting included.
    pub head: Duration,
    /// Everything.
    pub whole: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { head: Duration::from_secs(10), whole: Duration::from_secs(30) }
    }
}

/// How much of a body is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Take {
    /// All of it; an answer of more bytes than this is an error.
    Whole(usize),
    /// Its first bytes; the rest is dropped and [`Response::cut`] says so.
    Start(usize),
}

/// Where requests without encryption may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unencrypted {
    /// Wherever encrypted ones may go.
    Anywhere,
    /// Only to addresses that the operator lists, and to this installation.
    Listed,
}

impl Request {
    /// A request without headers and body, with the usual limits, at most 1 MiB of answer, and no
    /// redirects.
    pub fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            pieces: Vec::new(),
            limits: Limits::default(),
            take: Take::Whole(1024 * 1024),
            redirects: 0,
            unencrypted: Unencrypted::Anywhere,
            trust: Trust::Usual,
            certificate: None,
            proxy: None,
            title_case: false,
        }
    }

    /// Turns it into the request that follows a redirect to `next`. `Authorization`, `Cookie`,
    /// sensitive headers and the certificate are left behind when that is another origin.
    pub fn redirected(&mut self, status: StatusCode, mut next: Url) {
        let kept =
            matches!(status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
        let read = matches!(self.method, Method::GET | Method::HEAD);
        if !kept && !read {
            self.method = Method::GET;
            self.body = Bytes::new();
            self.pieces = Vec::new();
            for name in [CONTENT_TYPE, CONTENT_LENGTH, CONTENT_ENCODING, TRANSFER_ENCODING] {
                self.headers.remove(name);
            }
        }
        // Whoever redirects does not choose the credentials.
        if next.set_username("").and_then(|()| next.set_password(None)).is_ok()
            && self.url.origin() != next.origin()
        {
            self.forget_credentials();
        }
        self.url = next;
    }

    fn forget_credentials(&mut self) {
        self.certificate = None;
        let secret: Vec<_> = self
            .headers
            .iter()
            .filter(|(name, value)| {
                value.is_sensitive() || [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION].contains(name)
            })
            .map(|(name, _)| name.clone())
            .collect();
        for name in secret {
            self.headers.remove(name);
        }
    }
}

/// An answer from somebody else's server.
#[derive(Debug, Clone)]
pub struct Response {
    /// Whatever it is; only the exchange has succeeded.
    pub status: StatusCode,
    /// As they came.
    pub headers: HeaderMap,
    /// As much as [`Take`] asked for.
    pub body: Bytes,
    /// Whether there was more body.
    pub cut: bool,
    /// Who answered, after redirects.
    pub url: Url,
    /// From the start to the head of the last answer.
    pub head_after: Duration,
    /// From the start to the end.
    pub whole_after: Duration,
}

/// Where an answer redirects to: nothing when it does not redirect, and nothing inside when it
/// redirects to nowhere.
pub fn location(status: StatusCode, headers: &HeaderMap, from: &Url) -> Option<Option<Url>> {
    let redirects = matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308);
    redirects.then(|| {
        let location = headers.get(LOCATION)?;
        let next = from.join(std::str::from_utf8(location.as_bytes()).ok()?).ok()?;
        matches!(next.scheme(), "http" | "https").then_some(next)
    })
}
