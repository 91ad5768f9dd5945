//! From the directives of a request to what is sent.

use std::time::Duration;

use bytes::Bytes;
use halyard_iml::{Collection, Key, Value, truth};
use halyard_platform::outbound::{
    self, Method, Piece, Url,
    header::{self, HeaderMap, HeaderName, HeaderValue},
};

use super::{
    address::{self, Parts},
    body::{Encoded, Encoding},
    host::Host,
    mask::Mask,
    scope::{Expressions, Frame, Page, Scope},
    sign::{
        aws,
        oauth1::{self, Transport},
    },
    text::{pairs, query, text},
};
use crate::apps::{
    AppError, ErrorType, Template,
    plan::{Pagination, Request, Switch},
};

/// A request for a further page.
#[derive(Clone, Copy)]
pub(super) struct Next<'a> {
    pub(super) pagination: &'a Pagination,
    /// The page before.
    pub(super) page: &'a Page,
    /// Where the first page was.
    pub(super) first: Option<&'a Url>,
}

/// What is sent.
pub(super) struct Prepared {
    pub(super) request: outbound::Request,
    /// The body before it was encoded.
    pub(super) body: Value,
    /// The `Cookie` header that the author has written.
    pub(super) cookie: Option<String>,
    /// Whether redirects are followed.
    pub(super) follows: bool,
    /// Whether cookies are kept and sent.
    pub(super) shares_cookies: bool,
}

/// Headers that tell nothing about who asks: those that any page may send anywhere. Only these
/// follow to another origin.
const HARMLESS: [&str; 8] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "content-encoding",
    "content-language",
    "content-type",
    "range",
    "user-agent",
];

/// Headers that follow from the body and the connection.
const COMPUTED: [&str; 5] =
    ["connection", "content-length", "host", "keep-alive", "transfer-encoding"];

const METHODS: [&str; 21] = [
    "GET",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "HEAD",
    "OPTIONS",
    "COPY",
    "LINK",
    "LOCK",
    "MKCOL",
    "MOVE",
    "PROPFIND",
    "PROPPATCH",
    "PURGE",
    "QUERY",
    "REPORT",
    "SEARCH",
    "UNLINK",
    "UNLOCK",
    "VIEW",
];

pub(super) fn wrong(message: impl Into<String>) -> AppError {
    AppError::new(ErrorType::InvalidConfigurationError, message)
}

/// Headers by their names in lower case; a name may have several values.
type Headers = Vec<(String, Vec<String>)>;

/// Evaluates and encodes.
pub(super) struct Preparation<'a, 'm> {
    pub(super) expressions: Expressions<'a>,
    pub(super) frame: &'a Frame,
    pub(super) plan: &'a Request,
    /// The root `pagination`.
    pub(super) pagination: &'a Value,
    pub(super) next: Option<Next<'a>>,
    /// Secrets of signatures are added.
    pub(super) mask: &'m mut Mask,
    /// The limit of this request.
    pub(super) time: Duration,
}

impl Preparation<'_, '_> {
    /// The request; nothing for a further page that has no address.
    pub(super) fn prepare(mut self) -> Result<Option<Prepared>, AppError> {
        let Some(parts) = self.address()? else { return Ok(None) };
        let bare = parts.clone().build()?;
        let foreign = self
            .next
            .and_then(|next| next.first)
            .is_some_and(|first| first.origin() != bare.origin());
        let qs = self.qs(foreign)?;
        let mut url = if qs.is_empty() { bare } else { Parts { qs, ..parts }.build()? };
        let method = self.method()?;
        let mut headers = self.headers(foreign)?;
        let cookie = take(&mut headers, "cookie");
        let (mut encoded, body) = self.body(&method)?;
        if foreign && carries(self.mask, &encoded.bytes, &encoded.pieces) {
            return Err(AppError::new(
                ErrorType::RuntimeError,
                "The next page is at another service, and the request for it would carry \
                 credentials there. Change pagination so that they stay out of the body.",
            ));
        }
        if let Some(content_type) = encoded.content_type.take()
            && get(&headers, "content-type").is_none()
        {
            headers.push(("content-type".to_owned(), vec![content_type]));
        }
        if self.holds(self.plan.gzip.as_ref(), false)? && get(&headers, "accept-encoding").is_none()
        {
            headers.push(("accept-encoding".to_owned(), vec!["gzip, deflate".to_owned()]));
        }
        if !foreign {
            self.sign(&method, &mut url, &mut headers, &mut encoded)?;
        }

        let mut request = outbound::Request::new(method.clone(), url);
        request.headers = sent(&headers)?;
        request.body = encoded.bytes;
        request.pieces = encoded.pieces;
        request.limits = outbound::Limits { head: self.time, whole: self.time };
        request.title_case = true;
        request.trust = self.trust()?;
        request.proxy = self.proxy()?;
        if !foreign {
            request.certificate = self.certificate()?;
        }
        let follows = match method {
            Method::GET | Method::HEAD => &self.plan.follow_redirects,
            _ => &self.plan.follow_all_redirects,
        };
        let follows = self.holds(follows.as_ref(), true)?;
        let shares_cookies = self.holds(self.plan.share_cookies.as_ref(), false)?;
        Ok(Some(Prepared { request, body, cookie, follows, shares_cookies }))
    }

    /// Whether a directive that is true or false is true.
    pub(super) fn holds(&self, switch: Option<&Switch>, otherwise: bool) -> Result<bool, AppError> {
        match switch {
            None => Ok(otherwise),
            Some(Switch::Fixed(fixed)) => Ok(*fixed),
            Some(Switch::Said(template)) => {
                let value = self.expressions.value(template, self.scope())?;
                Ok(if value.is_empty() { otherwise } else { truth(&value) })
            }
        }
    }

    /// The address that a browser is sent to.
    pub(super) fn link(self) -> Result<Url, AppError> {
        let Some(parts) = self.address()? else { return Err(wrong("url is missing.")) };
        Parts { qs: self.qs(false)?, ..parts }.build()
    }

    pub(super) fn scope(&self) -> Scope<'_> {
        let scope = self.frame.scope().pagination(self.pagination);
        match self.next {
            Some(next) => scope.page(next.page),
            None => scope,
        }
    }

    /// Whether what the request says counts, beside what its pagination says.
    fn merges(&self) -> bool {
        self.next.is_none_or(|next| next.pagination.merge_with_parent)
    }

    fn own<'t>(&'t self, of_request: Option<&'t Template>) -> Option<&'t Template> {
        of_request.filter(|_| self.merges())
    }

    fn address(&self) -> Result<Option<Parts<'_>>, AppError> {
        let scope = self.scope();
        let of_next = self.next.and_then(|next| next.pagination.url.as_ref());
        let Some(template) = of_next.or_else(|| self.own(self.plan.url.as_ref())) else {
            return Err(wrong("pagination has no url."));
        };
        let value = self.expressions.value(template, scope)?;
        if value.is_empty() {
            return if of_next.is_some() { Ok(None) } else { Err(wrong("url is empty.")) };
        }
        let mut url = text(&value);
        let mut base = match &self.plan.base_url {
            Some(template) => Some(text(&self.expressions.value(template, scope)?)),
            None => None,
        };
        if let (Some(to), Some(template), Some(from)) =
            (&self.expressions.scene.base_url, &self.plan.base_url, &base)
            && !asks_for_base(template)
        {
            // Also addresses of the same service that the author has written out.
            let same = |a: &str, b: &str| match (outbound::url(a), outbound::url(b)) {
                (Ok(a), Ok(b)) => a.origin() == b.origin(),
                _ => false,
            };
            if same(&url, from) {
                url = address::moved(&url, to);
            }
            base = Some(address::moved(from, to));
        }
        let encode = self.holds(self.plan.encode_url.as_ref(), true)?;
        Ok(Some(Parts { base, url, source: template.source(), qs: Vec::new(), encode }))
    }

    fn qs(&self, foreign: bool) -> Result<Vec<(String, String)>, AppError> {
        let scope = self.scope();
        let mut entries: Vec<(Key, Value)> = Vec::new();
        if self.merges() && !foreign {
            for layer in &self.plan.qs {
                entries.extend(self.expressions.collection("qs", layer, scope)?.iter().cloned());
            }
        }
        if let Some(layer) = self.next.and_then(|next| next.pagination.qs.as_ref()) {
            let layer = self.expressions.collection("pagination.qs", layer, scope)?;
            entries.extend(layer.iter().cloned());
        }
        let mut qs = pairs(&Collection::new(entries));
        if foreign {
            qs.retain(|(_, value)| !self.mask.touches(value));
        }
        Ok(qs)
    }

    fn method(&self) -> Result<Method, AppError> {
        let of_next = self.next.and_then(|next| next.pagination.method.as_ref());
        let template = of_next.or_else(|| self.own(self.plan.method.as_ref()));
        let value = self.expressions.optional(template, self.scope())?;
        if value.is_empty() {
            return Ok(Method::GET);
        }
        let name = text(&value).trim().to_ascii_uppercase();
        if !METHODS.contains(&name.as_str()) {
            return Err(wrong(format!("{name} is no method that requests can have.")));
        }
        Method::from_bytes(name.as_bytes()).map_err(|_| wrong("method is no method."))
    }

    fn headers(&self, foreign: bool) -> Result<Headers, AppError> {
        let scope = self.scope();
        let mut headers = Headers::new();
        if self.merges() {
            for layer in &self.plan.headers {
                let layer = self.expressions.collection("headers", layer, scope)?;
                layer.iter().for_each(|(key, value)| set(&mut headers, key.name(), value));
            }
            if foreign {
                headers.retain(|(name, _)| HARMLESS.contains(&name.as_str()));
            }
        }
        if let Some(layer) = self.next.and_then(|next| next.pagination.headers.as_ref()) {
            let layer = self.expressions.collection("pagination.headers", layer, scope)?;
            layer.iter().for_each(|(key, value)| set(&mut headers, key.name(), value));
        }
        if foreign {
            headers.retain(|(_, values)| !values.iter().any(|value| self.mask.touches(value)));
        }
        Ok(headers)
    }

    fn body(&self, method: &Method) -> Result<(Encoded, Value), AppError> {
        if matches!(*method, Method::GET | Method::HEAD) {
            return Ok((Encoded::default(), Value::Undefined));
        }
        let scope = self.scope();
        let of_next = self.next.and_then(|next| next.pagination.body.as_ref());
        let template = of_next.or_else(|| self.own(self.plan.body.as_ref()));
        let value = self.expressions.optional(template, scope)?;
        let kind = self.expressions.optional(self.plan.body_type.as_ref(), scope)?;
        let encoding = if kind.is_empty() {
            Encoding::Json
        } else {
            let name = text(&kind);
            Encoding::named(&name)
                .ok_or_else(|| wrong(format!("{name} is no type that a body can have.")))?
        };
        let boundary = || format!("----halyard-{}", self.expressions.host.random.hex(16));
        let encoded = encoding
            .encode(&value, self.expressions.host.blobs.as_ref(), boundary)
            .map_err(|cause| AppError::new(ErrorType::DataError, cause))?;
        Ok((encoded, value))
    }

    fn sign(
        &mut self,
        method: &Method,
        url: &mut Url,
        headers: &mut Headers,
        encoded: &mut Encoded,
    ) -> Result<(), AppError> {
        let host: &Host = self.expressions.host;
        let mut oauth: Vec<(Key, Value)> = Vec::new();
        for layer in &self.plan.oauth {
            oauth
                .extend(self.expressions.collection("oauth", layer, self.scope())?.iter().cloned());
        }
        if let Some(settings) = oauth1::Settings::of(&Collection::new(oauth)).map_err(wrong)? {
            settings.secrets().for_each(|secret| self.mask.add(secret));
            let signed = settings
                .sign(&oauth1::Unsigned {
                    method: method.as_str(),
                    url,
                    form: encoded.form.as_deref(),
                    body: &encoded.bytes,
                    nonce: &host.random.hex(16),
                    timestamp: host.clock.now().div_euclid(1000),
                })
                .map_err(wrong)?;
            for (name, value) in &signed {
                if name == "oauth_signature" {
                    self.mask.add(value);
                }
            }
            match settings.transport {
                Transport::Header => {
                    let value = Value::from(settings.header(&signed));
                    set(headers, "authorization", &value);
                }
                Transport::Query => {
                    let added = query(&signed);
                    let all = url.query().filter(|query| !query.is_empty());
                    let all =
                        all.map_or_else(|| added.clone(), |before| format!("{before}&{added}"));
                    url.set_query(Some(&all));
                }
                Transport::Body => {
                    let Some(form) = &mut encoded.form else {
                        return Err(wrong("oauth is to go into the body, which is no form."));
                    };
                    form.extend(signed);
                    encoded.bytes = Bytes::from(query(form));
                }
            }
        }
        let aws = match &self.plan.aws {
            Some(template) => self.expressions.collection("aws", template, self.scope())?,
            None => return Ok(()),
        };
        if aws.is_empty() {
            return Ok(());
        }
        let settings = aws::Settings::of(&aws).map_err(wrong)?;
        if !encoded.pieces.is_empty() {
            // Nobody has read the file yet; the storage service takes this word for its digest.
            let unsigned = Value::from("UNSIGNED-PAYLOAD");
            set(headers, "x-amz-content-sha256", &unsigned);
        }
        settings.secrets().for_each(|secret| self.mask.add(secret));
        let lines: Vec<(String, String)> =
            headers.iter().map(|(name, values)| (name.clone(), values.join(","))).collect();
        let added = settings.sign(&aws::Unsigned {
            method: method.as_str(),
            url,
            headers: &lines,
            body: &encoded.bytes,
            now: host.now(),
        });
        for (name, value) in added {
            if name == "authorization"
                && let Some(signature) = value.rsplit(['=', ':']).find(|part| !part.is_empty())
            {
                self.mask.add(signature);
            }
            set(headers, &name, &Value::from(value));
        }
        Ok(())
    }
}

/// Whether a body has something secret in it. Files are not looked through.
pub(super) fn carries(mask: &Mask, bytes: &[u8], pieces: &[Piece]) -> bool {
    let in_piece = |piece: &Piece| match piece {
        Piece::Bytes(bytes) => mask.touches_bytes(bytes),
        Piece::File { .. } => false,
    };
    mask.touches_bytes(bytes) || pieces.iter().any(in_piece)
}

/// Whether the app itself asks where the service is.
fn asks_for_base(template: &Template) -> bool {
    matches!(template.source(), Value::Text(source) if source.contains("connection.baseUrl"))
}

fn get<'h>(headers: &'h Headers, name: &str) -> Option<&'h Vec<String>> {
    headers.iter().find(|(other, _)| other == name).map(|(_, values)| values)
}

fn take(headers: &mut Headers, name: &str) -> Option<String> {
    let at = headers.iter().position(|(other, _)| other == name)?;
    Some(headers.remove(at).1.join("; "))
}

/// Sets a header in the place of one of the same name; null takes it away.
fn set(headers: &mut Headers, name: &str, value: &Value) {
    let name = name.trim().to_ascii_lowercase();
    let values = match value {
        Value::Undefined => return,
        Value::Null => Vec::new(),
        Value::Array(items) => items.iter().filter(|item| !item.is_nothing()).map(text).collect(),
        one => vec![text(one)],
    };
    headers.retain(|(other, _)| *other != name);
    if !values.is_empty() && !COMPUTED.contains(&name.as_str()) {
        headers.push((name, values));
    }
}

fn sent(headers: &Headers) -> Result<HeaderMap, AppError> {
    let mut out = HeaderMap::with_capacity(headers.len() + 1);
    for (name, values) in headers {
        let key = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| wrong(format!("{name:?} is no name of a header.")))?;
        for value in values {
            let mut value = HeaderValue::from_bytes(value.trim().as_bytes())
                .map_err(|_| wrong(format!("The header {name} has a value with line breaks.")))?;
            value.set_sensitive(!HARMLESS.contains(&name.as_str()));
            out.append(&key, value);
        }
    }
    out.entry(header::ACCEPT).or_insert(HeaderValue::from_static("*/*"));
    Ok(out)
}
