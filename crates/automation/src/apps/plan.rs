//! What a communication says, typed and with its expressions compiled.
//!
//! A [`Request`] is complete: the base of the app is already combined with it. Every directive that is
//! not said is `None`, so that combining is a matter of which of two is there. The documentation of a
//! field names the directive that it comes from.

use std::time::Duration;

use halyard_iml::Text;

use super::{finding::Finding, template::Template};

/// Requests that are made one after the other.
#[derive(Clone, Debug, Default)]
pub struct Communication {
    /// In their order; none for a file that is missing or empty.
    pub requests: Vec<Request>,
}

impl Communication {
    /// What keeps it from being run.
    #[must_use]
    pub fn broken(&self) -> Option<&Finding> {
        self.requests.iter().find_map(|request| request.broken.as_deref())
    }
}

/// One request, or without [`url`](Self::url) only a computation.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// `temp`: what the base says comes first, then what the request says.
    pub temp: Vec<Template>,
    /// `condition`
    pub condition: Option<Condition>,
    /// `baseUrl` of the base.
    pub base_url: Option<Template>,
    /// `url`
    pub url: Option<Template>,
    /// `method`; GET when missing.
    pub method: Option<Template>,
    /// `headers`, by layers: a later one wins, names are compared without case.
    pub headers: Vec<Template>,
    /// `qs`, by layers: a later one wins.
    pub qs: Vec<Template>,
    /// `body`
    pub body: Option<Template>,
    /// `type` of the body; `json` when missing.
    pub body_type: Option<Template>,
    /// `encodeUrl`; true when missing.
    pub encode_url: Option<Switch>,
    /// `gzip`
    pub gzip: Option<Switch>,
    /// `ca`
    pub ca: Option<Template>,
    /// `rejectUnauthorized`
    pub reject_unauthorized: Option<Switch>,
    /// `clientCertificate`, a directive of ours: a collection of `certificate` and `key`. Checked also
    /// where no request is made.
    pub client_certificate: Option<Template>,
    /// `proxy`, a directive of ours: an address, or a collection of `url`, `user` and `password`.
    pub proxy: Option<Template>,
    /// `followRedirect` and `followRedirects`; true when missing.
    pub follow_redirects: Option<Switch>,
    /// `followAllRedirect` and `followAllRedirects`; true when missing.
    pub follow_all_redirects: Option<Switch>,
    /// `shareCookies`
    pub share_cookies: Option<Switch>,
    /// `aws`
    pub aws: Option<Template>,
    /// `oauth`: how requests are signed for OAuth 1.0. Layers, a later one wins.
    pub oauth: Vec<Template>,
    /// `log.sanitize` of base and request; none when neither has the directive.
    pub sanitize: Option<Vec<Text>>,
    /// `repeat`
    pub repeat: Option<Repeat>,
    /// `pagination`
    pub pagination: Option<Box<Pagination>>,
    /// `timeout`
    pub timeout: Option<Timeout>,
    /// `endpoint` and `input`: what is run instead of an HTTP request.
    pub endpoint: Option<EndpointCall>,
    /// `response`
    pub response: Response,
    /// What keeps it from being read: what it belongs to cannot be run.
    pub broken: Option<Box<Finding>>,
}

/// True or false: written so, or as an expression, which is an addition of ours.
#[derive(Clone, Debug)]
pub enum Switch {
    /// As it is written.
    Fixed(bool),
    /// What comes of an expression; the default where that is empty.
    Said(Template),
}

/// `timeout`: a number of milliseconds, or an expression, which is an addition of ours.
#[derive(Clone, Debug)]
pub enum Timeout {
    /// As it is written.
    Fixed(Duration),
    /// What comes of an expression; none where that is empty.
    Said(Template),
}

/// `condition` of a request.
#[derive(Clone, Debug)]
pub struct Condition {
    /// Whether the request is made.
    pub holds: Template,
    /// What its output is when it is not made.
    pub default: Option<Template>,
}

/// `repeat`
#[derive(Clone, Debug)]
pub struct Repeat {
    /// Whether the request is made once more.
    pub condition: Template,
    /// The time between two.
    pub delay: Duration,
    /// How often at most.
    pub limit: Option<u32>,
}

/// `pagination`: what a request for the next page says otherwise.
#[derive(Clone, Debug)]
pub struct Pagination {
    /// `mergeWithParent`; false: the next request is only what stands here.
    pub merge_with_parent: bool,
    /// `condition`
    pub condition: Option<Template>,
    /// `url`
    pub url: Option<Template>,
    /// `method`
    pub method: Option<Template>,
    /// `headers`
    pub headers: Option<Template>,
    /// `qs`
    pub qs: Option<Template>,
    /// `body`
    pub body: Option<Template>,
    /// `endpoint`: where further pages come from, if not from where the first one came.
    pub endpoint: Option<EndpointCall>,
    /// `input`, where an endpoint is run.
    pub input: Option<Template>,
}

/// `endpoint` and `input`
#[derive(Clone, Debug)]
pub struct EndpointCall {
    /// Which.
    pub name: Text,
    /// The connection that it uses, where it is another one.
    pub connection: Option<Text>,
    /// What it is given.
    pub input: Option<Template>,
}

/// `response`
#[derive(Clone, Debug, Default)]
pub struct Response {
    /// `type`; automatic when missing.
    pub decode: Option<Decode>,
    /// `temp`: that of the base first.
    pub temp: Vec<Template>,
    /// `acceptErrors`, a directive of ours: whether an answer of 400 or more is none the less what was
    /// asked for.
    pub accept_errors: Option<Template>,
    /// `valid`
    pub valid: Option<Valid>,
    /// `error`, base and request combined by key.
    pub error: ErrorPlan,
    /// `limit`
    pub limit: Option<Template>,
    /// `iterate`
    pub iterate: Option<Iterate>,
    /// `output`; the body, or with `iterate` the item, when missing.
    pub output: Option<Template>,
    /// `wrapper`
    pub wrapper: Option<Template>,
    /// `trigger`
    pub trigger: Option<Trigger>,
    /// `data`
    pub data: Option<Template>,
    /// `metadata`: a collection of `value` and `type`.
    pub metadata: Option<Template>,
    /// `uid`
    pub uid: Option<Template>,
    /// `expires`
    pub expires: Option<Template>,
}

/// `response.type`
#[derive(Clone, Debug)]
pub enum Decode {
    /// The same for every status.
    Always(Template),
    /// By ranges of the status, both ends included; the narrowest counts. `*` is 1 to 999.
    ByStatus(Vec<(u16, u16, Template)>),
}

/// `response.valid`
#[derive(Clone, Debug)]
pub struct Valid {
    /// Whether the answer is what was hoped for.
    pub condition: Template,
    /// What is said otherwise.
    pub message: Option<Template>,
    /// The type of the error otherwise.
    pub kind: Option<Template>,
}

/// `response.error`
#[derive(Clone, Debug, Default)]
pub struct ErrorPlan {
    /// For every status that has no words of its own.
    pub general: ErrorWords,
    /// By status.
    pub by_status: Vec<(u16, ErrorWords)>,
}

/// What an error is called.
#[derive(Clone, Debug, Default)]
pub struct ErrorWords {
    /// `message`
    pub message: Option<Template>,
    /// `type`
    pub kind: Option<Template>,
}

/// `response.iterate`
#[derive(Clone, Debug)]
pub struct Iterate {
    /// What is iterated over.
    pub container: Template,
    /// Which elements are taken.
    pub condition: Option<Template>,
}

/// `response.trigger`
#[derive(Clone, Debug)]
pub struct Trigger {
    /// `type`: evaluates to `date` or `id`.
    pub kind: Template,
    /// `order`: evaluates to `asc`, `desc` or `unordered`.
    pub order: Option<Template>,
    /// `id`
    pub id: Template,
    /// `date`
    pub date: Option<Template>,
    /// `overlap`, a directive of ours: how many seconds before the date of the last item others still
    /// count as new, because services show some items late.
    pub overlap: Option<Template>,
}

/// The communication of a webhook: what becomes of a call that comes in.
#[derive(Clone, Debug, Default)]
pub struct Reception {
    /// `verification`
    pub verification: Option<Verification>,
    /// `respond`
    pub respond: Option<Respond>,
    /// `condition`: the call is ignored when it does not hold.
    pub condition: Option<Template>,
    /// `iterate`
    pub iterate: Option<Iterate>,
    /// `output`; the item or the body when missing.
    pub output: Option<Template>,
    /// `uid` of the addressed user, of shared webhooks.
    pub uid: Option<Template>,
}

/// `verification`
#[derive(Clone, Debug)]
pub struct Verification {
    /// Whether the call is one; always when missing.
    pub condition: Option<Template>,
    /// The answer.
    pub respond: Respond,
}

/// `respond`, and the `response` of a responder.
#[derive(Clone, Debug, Default)]
pub struct Respond {
    /// `type`: `json` (when missing), `urlencoded`, `text`.
    pub kind: Option<Template>,
    /// `status`; 200 when missing.
    pub status: Option<Template>,
    /// `headers`
    pub headers: Option<Template>,
    /// `body`
    pub body: Option<Template>,
}
