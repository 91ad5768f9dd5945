use halyard_iml::Text;

use super::{
    Compiler,
    checks::{check_sanitize, check_url},
    directive::{Members, PAGINATION, Place, REQUEST},
    roots::Moment,
    values::{always, boolean, check_value, is_expression, milliseconds, number, texts},
};
use crate::apps::{
    node::NodeKind,
    notes::Site,
    plan::{Condition, EndpointCall, Pagination, Repeat, Request, Switch, Timeout},
    rules::{
        CERTIFICATE_NOT_VERIFIED, INCOMPLETE, MISPLACED_DIRECTIVE, MISSING_ENDPOINT, MISSING_PART,
        TOO_MANY_REQUESTS, WRONG_KIND,
    },
    template::Template,
};

const METHODS: &[&str] = &["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
const BODY_TYPES: &[&str] =
    &["json", "urlencoded", "multipart/form-data", "text", "string", "raw", "binary"];
const WEEK_MS: f64 = 604_800_000.0;
const MOST_REPETITIONS: f64 = 1_000_000.0;

// What an endpoint takes the place of.
const NOT_BESIDE_ENDPOINT: &[&str] = &[
    "url",
    "method",
    "headers",
    "qs",
    "body",
    "encodeUrl",
    "ca",
    "clientCertificate",
    "proxy",
    "timeout",
    "type",
    "gzip",
    "aws",
    "oauth",
    "followRedirect",
    "followRedirects",
    "followAllRedirect",
    "followAllRedirects",
];

impl Compiler<'_> {
    /// The requests of a file, each as it stands there. None for an empty file.
    pub(crate) fn requests(&self, site: &Site<'_>, place: Place) -> Vec<Request> {
        let several = !place.is_connection()
            && !matches!(place, Place::Instant | Place::Endpoint | Place::Epoch | Place::Base);
        match &site.node.kind {
            _ if site.is_empty() => Vec::new(),
            NodeKind::Array(items) => {
                if !several && items.len() > 1 {
                    let message = format!("One request is allowed in {}.", place.words());
                    site.report(TOO_MANY_REQUESTS, message);
                }
                site.items().map(|item| self.request(&item, place)).collect()
            }
            _ => vec![self.request(site, place)],
        }
    }

    /// One request, as it stands in the file. What cannot be read of it keeps nothing else from being
    /// used, except in the base, which is in every request.
    pub(crate) fn request(&self, site: &Site<'_>, place: Place) -> Request {
        let before = site.notes.len();
        let mut request = self.read(site, place);
        if place != Place::Base {
            let errors = site.notes.errors_since(before);
            site.notes.bear(errors.len());
            request.broken = errors.into_iter().next().map(Box::new);
        }
        request
    }

    fn read(&self, site: &Site<'_>, place: Place) -> Request {
        let said = Members::of(site, place, REQUEST);
        let moment = Moment::Request;
        let text = |name, most| self.text(said.get(name)?, place, moment, most);
        let object = |name| self.object(said.get(name)?, place, moment);
        let switch = |name| said.get(name).and_then(|site| self.switch(site, place));
        let either = |a, b| switch(a).or_else(|| switch(b));
        let list = |template: Option<_>| template.into_iter().collect::<Vec<_>>();
        if let Some(url) = said.get("url") {
            check_url(url, place);
        }
        for (name, known) in [("method", METHODS), ("type", BODY_TYPES)] {
            if let Some(site) = said.get(name) {
                check_value(site, known);
            }
        }
        let reject_unauthorized = switch("rejectUnauthorized");
        if let (Some(site), Some(Switch::Fixed(false))) =
            (said.get("rejectUnauthorized"), &reject_unauthorized)
        {
            site.report(
                CERTIFICATE_NOT_VERIFIED,
                "The certificate of the service is not verified; anyone on the way can read along.",
            );
        }
        if said.get("endpoint").is_some() {
            for name in NOT_BESIDE_ENDPOINT {
                if let Some(site) = said.get(name) {
                    let message = format!("`{name}` has no effect beside `endpoint`.");
                    site.report(MISPLACED_DIRECTIVE, message);
                }
            }
        }
        Request {
            temp: list(object("temp")),
            condition: said.get("condition").and_then(|site| self.condition(site, place)),
            base_url: text("baseUrl", 512),
            url: text("url", 512),
            method: text("method", 512),
            headers: list(object("headers")),
            qs: list(object("qs")),
            body: said.any("body").map(|site| self.template(site, place, moment)),
            body_type: text("type", 512),
            encode_url: switch("encodeUrl"),
            gzip: switch("gzip"),
            ca: text("ca", 8192),
            reject_unauthorized,
            client_certificate: said
                .get("clientCertificate")
                .and_then(|site| self.members(site, place, &["certificate", "key"])),
            proxy: said.get("proxy").and_then(|site| match &site.node.kind {
                NodeKind::Text(_) => self.text(site, place, moment, 512),
                _ => self.members(site, place, &["url", "user", "password"]),
            }),
            follow_redirects: either("followRedirect", "followRedirects"),
            follow_all_redirects: either("followAllRedirect", "followAllRedirects"),
            share_cookies: switch("shareCookies"),
            aws: said.get("aws").and_then(|site| {
                let names =
                    ["key", "secret", "session", "bucket", "sign_version", "service", "region"];
                self.members(site, place, &names)
            }),
            oauth: list(said.get("oauth").and_then(|site| self.signing(site, place))),
            sanitize: said.get("log").and_then(sanitize),
            repeat: said.get("repeat").and_then(|site| self.repeat(site, place)),
            pagination: said.get("pagination").and_then(|site| self.pagination(site, place)),
            timeout: said.get("timeout").and_then(|site| self.timeout(site, place)),
            endpoint: said.get("endpoint").and_then(|site| {
                self.endpoint(
                    site,
                    said.any("input").map(|site| self.template(site, place, moment)),
                )
            }),
            response: said
                .get("response")
                .map(|site| self.response(site, place))
                .unwrap_or_default(),
            broken: None,
        }
    }

    /// An object with these names, or one expression that gives one.
    fn members(&self, site: &Site<'_>, place: Place, names: &[&'static str]) -> Option<Template> {
        if site.is_object() {
            Members::named(site, names);
        }
        self.object(site, place, Moment::Request)
    }

    /// True or false, or an expression.
    fn switch(&self, site: &Site<'_>, place: Place) -> Option<Switch> {
        match site.node.as_text() {
            Some(text) if is_expression(text) => {
                Some(Switch::Said(self.template(site, place, Moment::Request)))
            }
            _ => boolean(site).map(Switch::Fixed),
        }
    }

    /// Milliseconds, or an expression.
    fn timeout(&self, site: &Site<'_>, place: Place) -> Option<Timeout> {
        match site.node.as_text() {
            Some(text) if is_expression(text) => {
                Some(Timeout::Said(self.template(site, place, Moment::Request)))
            }
            _ => milliseconds(site, 1.0, 300_000.0).map(Timeout::Fixed),
        }
    }

    fn condition(&self, site: &Site<'_>, place: Place) -> Option<Condition> {
        if site.is_object() {
            let said = Members::named(site, &["condition", "default"]);
            let holds = match said.get("condition") {
                Some(site) => self.primitive(site, place, Moment::Request, usize::MAX)?,
                None => always(),
            };
            let default = said.any("default").map(|s| self.template(s, place, Moment::Request));
            return Some(Condition { holds, default });
        }
        let holds = self.primitive(site, place, Moment::Request, usize::MAX)?;
        Some(Condition { holds, default: None })
    }

    /// `oauth`: how requests are signed for OAuth 1.0.
    pub(super) fn signing(&self, site: &Site<'_>, place: Place) -> Option<Template> {
        self.members(
            site,
            place,
            &[
                "consumer_key",
                "consumer_secret",
                "private_key",
                "token",
                "token_secret",
                "verifier",
                "signature_method",
                "transport_method",
                "body_hash",
            ],
        )
    }

    fn repeat(&self, site: &Site<'_>, place: Place) -> Option<Repeat> {
        let said = Members::named(site, &["condition", "delay", "limit"]);
        let Some(condition) = said.get("condition") else {
            site.report(MISSING_PART, "`repeat` needs a `condition`.");
            return None;
        };
        if said.get("delay").is_none() {
            site.report(INCOMPLETE, "`repeat` has no `delay`; there is no pause between two.");
        }
        let limit = said.get("limit").and_then(number);
        Some(Repeat {
            condition: self.primitive(condition, place, Moment::Request, usize::MAX)?,
            delay: said
                .get("delay")
                .and_then(|s| milliseconds(s, 0.0, WEEK_MS))
                .unwrap_or_default(),
            limit: limit.map(|limit| limit.clamp(0.0, MOST_REPETITIONS) as u32),
        })
    }

    fn pagination(&self, site: &Site<'_>, place: Place) -> Option<Box<Pagination>> {
        if site.is_empty() {
            return None;
        }
        let said = Members::of(site, place, PAGINATION);
        let moment = Moment::Pagination;
        if let Some(site) = said.get("method") {
            check_value(site, METHODS);
        }
        let text = |name| self.text(said.get(name)?, place, moment, 512);
        Some(Box::new(Pagination {
            merge_with_parent: said.get("mergeWithParent").and_then(boolean).unwrap_or(true),
            condition: said
                .get("condition")
                .and_then(|site| self.primitive(site, place, moment, usize::MAX)),
            url: text("url"),
            method: text("method"),
            headers: said.get("headers").and_then(|site| self.object(site, place, moment)),
            qs: said.get("qs").and_then(|site| self.object(site, place, moment)),
            body: said.any("body").map(|site| self.template(site, place, moment)),
            endpoint: said.get("endpoint").and_then(|site| self.endpoint(site, None)),
            input: said.any("input").map(|site| self.template(site, place, moment)),
        }))
    }

    fn endpoint(&self, site: &Site<'_>, input: Option<Template>) -> Option<EndpointCall> {
        let (name, connection) = if site.is_object() {
            let said = Members::named(site, &["name", "connection"]);
            (said.get("name").cloned(), said.get("connection").cloned())
        } else {
            (Some(site.clone()), None)
        };
        let text = |site: &Site<'_>| -> Option<Text> {
            let text = site.node.as_text().cloned();
            if text.is_none() {
                site.report(
                    WRONG_KIND,
                    format!("A text is expected, not {}.", site.node.kind_name()),
                );
            }
            text
        };
        let Some(name) = name else {
            site.report(MISSING_PART, "`endpoint` needs a `name`.");
            return None;
        };
        let called = text(&name)?;
        if !self.endpoints.contains(&*called) {
            name.report(MISSING_ENDPOINT, format!("The app has no endpoint `{called}`."));
        }
        Some(EndpointCall { name: called, connection: connection.as_ref().and_then(text), input })
    }
}

fn sanitize(site: &Site<'_>) -> Option<Vec<Text>> {
    let said = Members::named(site, &["sanitize"]);
    let paths = said.get("sanitize")?;
    for path in paths.items() {
        check_sanitize(&path);
    }
    Some(texts(paths))
}
