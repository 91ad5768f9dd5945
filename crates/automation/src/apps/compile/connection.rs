use std::collections::BTreeMap;

use super::{
    Compiler,
    directive::{Members, Place, similar},
};
use crate::apps::{
    app::{ConnectionKind, OAuth2},
    notes::Site,
    plan::{Communication, Request},
    rules::{MISSING_PART, UNKNOWN_DIRECTIVE},
};

const OAUTH2: &[&str] = &["preauthorize", "authorize", "token", "info", "refresh", "invalidate"];
const OAUTH1: &[&str] = &["oauth", "requestToken", "authorize", "accessToken", "info"];

/// What the author says a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConnectionType {
    Basic,
    OAuth,
    /// The communication tells.
    Unsaid,
}

impl Compiler<'_> {
    /// How a connection is made. Its scopes stand in other files.
    pub(crate) fn connection(&self, site: &Site<'_>, said: ConnectionType) -> ConnectionKind {
        let has = |names: &[&str]| names.iter().any(|name| site.node.get(name).is_some());
        let sections = has(&["requestToken", "accessToken"]) || has(OAUTH2);
        let oauth = match said {
            ConnectionType::Basic => false,
            ConnectionType::OAuth => true,
            ConnectionType::Unsaid => sections && !has(&["url"]),
        };
        if !oauth {
            let requests = self.requests(site, Place::Basic);
            return ConnectionKind::Basic(Communication { requests });
        }
        if has(&["requestToken", "accessToken"]) {
            return ConnectionKind::OAuth1(self.oauth1(site));
        }
        ConnectionKind::OAuth2(Box::new(self.oauth2(site)))
    }

    fn oauth2(&self, site: &Site<'_>) -> OAuth2 {
        let sections = Sections::of(site, OAUTH2);
        let section = |name| {
            let site = sections.0.get(name).filter(|site| !site.is_empty())?;
            Some(self.request(site, Place::OAuth2))
        };
        let oauth = OAuth2 {
            preauthorize: section("preauthorize"),
            authorize: section("authorize"),
            token: section("token"),
            info: section("info"),
            refresh: section("refresh"),
            invalidate: section("invalidate"),
            ..OAuth2::default()
        };
        if oauth.token.is_none() && !site.is_empty() {
            site.report(MISSING_PART, "An OAuth 2.0 connection needs the section `token`.");
        }
        for (name, request) in [("authorize", &oauth.authorize), ("token", &oauth.token)] {
            if let (Some(section), Some(Request { url: None, broken: None, .. })) =
                (sections.0.get(name), request)
            {
                section.report(MISSING_PART, format!("`{name}` needs a `url`."));
            }
        }
        oauth
    }

    fn oauth1(&self, site: &Site<'_>) -> BTreeMap<String, Request> {
        let sections = Sections::of(site, OAUTH1);
        let settings = sections
            .0
            .get("oauth")
            .filter(|site| !site.is_empty())
            .and_then(|site| self.signing(site, Place::OAuth1));
        for name in ["requestToken", "authorize", "accessToken"] {
            if !sections.0.contains_key(name) {
                site.report(MISSING_PART, format!("An OAuth 1.0 connection needs `{name}`."));
            }
        }
        let requests = sections.0.iter().filter(|(name, _)| **name != "oauth");
        requests
            .map(|(name, site)| {
                let mut request = self.request(site, Place::OAuth1);
                request.oauth.splice(0..0, settings.clone());
                ((*name).to_owned(), request)
            })
            .collect()
    }
}

struct Sections<'a>(BTreeMap<&'a str, Site<'a>>);

impl<'a> Sections<'a> {
    fn of(site: &Site<'a>, known: &[&'static str]) -> Self {
        let mut sections = BTreeMap::new();
        for (name, section) in site.members() {
            if known.contains(&name) {
                sections.insert(name, section);
                continue;
            }
            let hint = similar(name, known.iter().copied());
            let hint = hint.map(|other| format!(" Is `{other}` meant?")).unwrap_or_default();
            let message = format!("Nobody knows a section `{name}` of a connection.{hint}");
            section.report(UNKNOWN_DIRECTIVE, message);
        }
        // Whether it is an object at all.
        if !site.is_object() {
            Members::named(site, known);
        }
        Self(sections)
    }
}
