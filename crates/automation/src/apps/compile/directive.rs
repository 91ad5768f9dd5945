//! Which directives there are, and where each of them has an effect.

use crate::apps::{
    notes::Site,
    rules::{MISPLACED_DIRECTIVE, UNKNOWN_DIRECTIVE, WRONG_KIND},
};

/// What a file, or a section of one, describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Base,
    Action,
    Search,
    Trigger,
    Universal,
    Instant,
    Responder,
    Epoch,
    Rpc,
    Basic,
    OAuth2,
    OAuth1,
    Attach,
    Detach,
    Endpoint,
    Webhook,
}

impl Place {
    const fn bit(self) -> u32 {
        1 << self as u32
    }

    /// For messages.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Base => "the base",
            Self::Action => "an action",
            Self::Search => "a search",
            Self::Trigger => "a trigger",
            Self::Universal => "a universal module",
            Self::Instant => "an instant trigger",
            Self::Responder => "a responder",
            Self::Epoch => "an epoch",
            Self::Rpc => "an RPC",
            Self::Basic => "a basic connection",
            Self::OAuth2 | Self::OAuth1 => "an OAuth connection",
            Self::Attach => "the attachment of a webhook",
            Self::Detach => "the detachment or update of a webhook",
            Self::Endpoint => "an endpoint",
            Self::Webhook => "the communication of a webhook",
        }
    }

    pub(crate) fn is_connection(self) -> bool {
        matches!(self, Self::Basic | Self::OAuth2 | Self::OAuth1)
    }
}

const CONNECTIONS: u32 = Place::Basic.bit() | Place::OAuth2.bit() | Place::OAuth1.bit();
const PROCEDURES: u32 = Place::Attach.bit() | Place::Detach.bit();
const STEPS: u32 = Place::Action.bit()
    | Place::Search.bit()
    | Place::Trigger.bit()
    | Place::Universal.bit()
    | Place::Rpc.bit()
    | Place::Epoch.bit();
const BASE: u32 = Place::Base.bit();
const REQUESTS: u32 =
    STEPS | CONNECTIONS | PROCEDURES | BASE | Place::Instant.bit() | Place::Endpoint.bit();
// Where the items of several pages are collected.
const PAGES: u32 = (STEPS | BASE) & !Place::Action.bit();

/// A name that an object may have, with the places where it has an effect.
pub(super) type Directive = (&'static str, u32);

/// Of a request.
pub(super) const REQUEST: &[Directive] = &[
    ("temp", REQUESTS),
    ("condition", REQUESTS),
    ("baseUrl", BASE),
    ("url", REQUESTS),
    ("method", REQUESTS),
    ("headers", REQUESTS),
    ("qs", REQUESTS),
    ("body", REQUESTS),
    ("type", REQUESTS),
    ("encodeUrl", REQUESTS),
    ("gzip", REQUESTS),
    ("ca", REQUESTS),
    ("rejectUnauthorized", REQUESTS),
    // Ours.
    ("clientCertificate", REQUESTS),
    ("proxy", REQUESTS),
    ("followRedirect", REQUESTS),
    ("followRedirects", REQUESTS),
    ("followAllRedirect", REQUESTS),
    ("followAllRedirects", REQUESTS),
    ("shareCookies", REQUESTS),
    ("aws", REQUESTS & !CONNECTIONS),
    ("oauth", REQUESTS & !(Place::Basic.bit() | Place::OAuth2.bit())),
    ("log", REQUESTS),
    ("repeat", REQUESTS & !(BASE | Place::Instant.bit())),
    ("pagination", PAGES),
    // By the vendor's schema in the base only; published apps have it in requests too.
    ("timeout", REQUESTS),
    ("endpoint", STEPS),
    ("input", STEPS),
    ("response", REQUESTS | Place::Responder.bit()),
];

/// Of the response of a request.
pub(super) const RESPONSE: &[Directive] = &[
    ("type", REQUESTS),
    ("temp", REQUESTS),
    // Ours.
    ("acceptErrors", REQUESTS),
    ("valid", REQUESTS),
    ("error", REQUESTS),
    ("limit", PAGES),
    ("iterate", STEPS | BASE | Place::Endpoint.bit()),
    ("output", REQUESTS & !(CONNECTIONS | PROCEDURES)),
    ("wrapper", REQUESTS & !(CONNECTIONS | PROCEDURES)),
    ("trigger", Place::Trigger.bit() | Place::Epoch.bit()),
    ("data", CONNECTIONS | Place::Attach.bit() | BASE),
    ("metadata", CONNECTIONS | BASE),
    ("uid", CONNECTIONS | BASE),
    ("expires", Place::OAuth2.bit() | Place::OAuth1.bit()),
    // In the vendor's schema, without a meaning that anybody knows.
    ("oauth", 0),
];

/// Of the requests for further pages.
pub(super) const PAGINATION: &[Directive] = &[
    ("mergeWithParent", PAGES),
    ("condition", PAGES),
    ("url", PAGES),
    ("method", PAGES),
    ("headers", PAGES),
    ("qs", PAGES),
    ("body", PAGES),
    ("input", PAGES),
    ("endpoint", PAGES),
];

/// Of a webhook that is called.
pub(super) const RECEPTION: &[Directive] = &[
    ("verification", Place::Webhook.bit()),
    ("respond", Place::Webhook.bit()),
    ("condition", Place::Webhook.bit()),
    ("iterate", Place::Webhook.bit()),
    ("output", Place::Webhook.bit()),
    ("uid", Place::Webhook.bit()),
];

/// The members of an object that have an effect in this place, by name. The others are reported.
pub(super) struct Members<'a>(Vec<(&'a str, Site<'a>)>);

impl<'a> Members<'a> {
    /// Of an object of directives.
    pub(super) fn of(site: &Site<'a>, place: Place, known: &[Directive]) -> Self {
        if !site.is_object() {
            site.report(
                WRONG_KIND,
                format!("An object is expected, not {}.", site.node.kind_name()),
            );
        }
        let allowed = |(name, member): &(&'a str, Site<'a>)| {
            match known.iter().find(|(other, _)| other == name) {
                Some((_, places)) if places & place.bit() != 0 => return true,
                Some(_) => member.report(
                    MISPLACED_DIRECTIVE,
                    format!("`{name}` has no effect in {} and is ignored.", place.words()),
                ),
                None => unknown(name, member, known),
            }
            false
        };
        Self(site.members().filter(allowed).collect())
    }

    /// Of an object with fixed names.
    pub(super) fn named(site: &Site<'a>, names: &[&'static str]) -> Self {
        let known: Vec<_> = names.iter().map(|name| (*name, u32::MAX)).collect();
        Self::of(site, Place::Base, &known)
    }

    /// The value of a name, unless it is null.
    pub(super) fn get(&self, name: &str) -> Option<&Site<'a>> {
        self.any(name).filter(|site| !matches!(site.node.kind, crate::apps::NodeKind::Null))
    }

    /// The value of a name, also null.
    pub(super) fn any(&self, name: &str) -> Option<&Site<'a>> {
        self.0.iter().find(|(other, _)| *other == name).map(|(_, site)| site)
    }
}

fn unknown(name: &str, member: &Site<'_>, known: &[Directive]) {
    let elsewhere: &[(&str, &[Directive])] =
        &[("a request", REQUEST), ("`response`", RESPONSE), ("`pagination`", PAGINATION)];
    let home = elsewhere.iter().find(|(_, names)| names.iter().any(|(other, _)| *other == name));
    if let Some((home, _)) = home {
        let message = format!("`{name}` belongs into {home}; here it is ignored.");
        return member.report(MISPLACED_DIRECTIVE, message);
    }
    let names = known.iter().map(|(name, _)| *name);
    let hint =
        similar(name, names).map(|other| format!(" Is `{other}` meant?")).unwrap_or_default();
    member.report(UNKNOWN_DIRECTIVE, format!("Nobody knows a directive `{name}`.{hint}"));
}

/// The one of some names that this one is probably a mistyping of.
pub(crate) fn similar<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    // What is too long for a name is not worth comparing.
    let bound = if name.len() > 40 { return None } else { name.len().div_ceil(4).min(3) };
    let near = names.map(|other| (distance(name, other), other));
    near.filter(|(distance, _)| *distance <= bound).min().map(|(_, other)| other)
}

// Letters to add, remove, replace, or swap with their neighbour, without regard to case.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.to_ascii_lowercase().into_bytes(), b.to_ascii_lowercase().into_bytes());
    let mut rows = vec![(0..=b.len()).collect::<Vec<_>>()];
    for (at, x) in a.iter().enumerate() {
        let mut row = vec![at + 1];
        for (to, y) in b.iter().enumerate() {
            let above = &rows[at];
            let mut least =
                (above[to] + usize::from(x != y)).min(above[to + 1] + 1).min(row[to] + 1);
            if at > 0 && to > 0 && *x == b[to - 1] && a[at - 1] == *y {
                least = least.min(rows[at - 1][to - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}
