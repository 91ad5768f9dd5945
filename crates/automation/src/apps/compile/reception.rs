use super::{
    Compiler,
    directive::{Members, Place, RECEPTION},
    roots::Moment,
    values::{check_value, is_expression},
};
use crate::apps::{
    node::NodeKind,
    notes::Site,
    plan::{Reception, Respond, Verification},
    rules::{INCOMPLETE, UNKNOWN_VALUE},
};

const TYPES: &[&str] = &["json", "urlencoded", "text"];

impl Compiler<'_> {
    /// What becomes of a call of a webhook.
    pub(crate) fn reception(&self, site: &Site<'_>) -> Reception {
        if site.is_empty() {
            return Reception::default();
        }
        let (place, moment) = (Place::Webhook, Moment::Reception);
        let said = Members::of(site, place, RECEPTION);
        let primitive = |name| self.primitive(said.get(name)?, place, moment, usize::MAX);
        Reception {
            verification: said.get("verification").and_then(|site| self.verification(site)),
            respond: said.get("respond").map(|site| self.respond(site, place)),
            condition: primitive("condition"),
            iterate: said.get("iterate").and_then(|site| self.iterate(site, place)),
            output: said.any("output").map(|site| self.template(site, place, moment)),
            uid: primitive("uid"),
        }
    }

    fn verification(&self, site: &Site<'_>) -> Option<Verification> {
        if site.is_empty() {
            return None;
        }
        let said = Members::named(site, &["condition", "respond"]);
        let (place, moment) = (Place::Webhook, Moment::Reception);
        if said.get("respond").is_none() {
            site.report(
                INCOMPLETE,
                "`verification` has no `respond`; the answer is the usual one.",
            );
        }
        Some(Verification {
            condition: said
                .get("condition")
                .and_then(|site| self.primitive(site, place, moment, usize::MAX)),
            respond: said.get("respond").map(|s| self.respond(s, place)).unwrap_or_default(),
        })
    }

    /// The answer to a call: of a webhook, or of a responder.
    pub(crate) fn respond(&self, site: &Site<'_>, place: Place) -> Respond {
        let moment = if place == Place::Webhook { Moment::Reception } else { Moment::Request };
        let said = Members::named(site, &["type", "status", "headers", "body"]);
        if let Some(kind) = said.get("type") {
            check_value(kind, TYPES);
        }
        if let Some(status) = said.get("status") {
            let code = match &status.node.kind {
                NodeKind::Number(code) => Some(*code),
                NodeKind::Text(text) if is_expression(text) => Some(200.0),
                NodeKind::Text(text) => text.trim().parse().ok(),
                _ => None,
            };
            if !code.is_some_and(|code| (100.0..600.0).contains(&code) && code.fract() == 0.0) {
                status.report(UNKNOWN_VALUE, "This is no status of HTTP.");
            }
        }
        let primitive = |name| self.primitive(said.get(name)?, place, moment, usize::MAX);
        Respond {
            kind: primitive("type"),
            status: primitive("status"),
            headers: said.get("headers").and_then(|site| self.object(site, place, moment)),
            body: said.any("body").map(|site| self.template(site, place, moment)),
        }
    }

    /// The communication of a responder: only its `response` says something.
    pub(crate) fn responder(&self, site: &Site<'_>) -> Option<Respond> {
        if site.is_empty() {
            return None;
        }
        let said = Members::of(site, Place::Responder, super::directive::REQUEST);
        said.get("response").map(|site| self.respond(site, Place::Responder))
    }
}
