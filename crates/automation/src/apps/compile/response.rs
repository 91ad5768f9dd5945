use super::{
    Compiler,
    directive::{Members, Place, RESPONSE},
    roots::Moment,
    values::{check_length, check_value, is_expression},
};
use crate::apps::{
    error::ErrorType,
    node::NodeKind,
    notes::Site,
    plan::{Decode, ErrorPlan, ErrorWords, Iterate, Response, Trigger, Valid},
    rules::{
        INCOMPLETE, MISSING_PART, NESTED_ITERATE, UNKNOWN_DIRECTIVE, UNKNOWN_ERROR_TYPE,
        UNKNOWN_VALUE, WRONG_KIND,
    },
    template::Template,
};

const DECODINGS: &[&str] =
    &["automatic", "json", "urlencoded", "xml", "text", "string", "raw", "binary"];
const ERROR_MESSAGE: usize = 1024;
const SHORT: usize = 512;

impl Compiler<'_> {
    pub(super) fn response(&self, site: &Site<'_>, place: Place) -> Response {
        let said = Members::of(site, place, RESPONSE);
        let iterate = said.get("iterate").and_then(|site| self.iterate(site, place));
        // What a base iterates over is not known where only the output is said.
        let item = match place {
            Place::Epoch | Place::Base => true,
            _ => iterate.is_some() || said.get("output").is_some(),
        };
        let per_item = if item { Moment::Item } else { Moment::Response };
        if let Some(output) = said.get("output") {
            check_nested(output);
        }
        let template = |name, moment| said.any(name).map(|site| self.template(site, place, moment));
        let object = |name| self.object(said.get(name)?, place, Moment::Response);
        let primitive = |name, most| self.primitive(said.get(name)?, place, Moment::Response, most);
        Response {
            decode: said.get("type").and_then(|site| self.decode(site, place)),
            temp: object("temp").into_iter().collect(),
            accept_errors: primitive("acceptErrors", usize::MAX),
            valid: said.get("valid").and_then(|site| self.valid(site, place)),
            error: said.get("error").map(|site| self.error(site, place)).unwrap_or_default(),
            limit: primitive("limit", usize::MAX),
            iterate,
            output: template("output", per_item),
            wrapper: template("wrapper", Moment::Wrapper),
            trigger: said.get("trigger").and_then(|site| self.trigger(site, place)),
            data: object("data"),
            metadata: object("metadata"),
            uid: primitive("uid", SHORT),
            expires: primitive("expires", SHORT),
        }
    }

    fn decode(&self, site: &Site<'_>, place: Place) -> Option<Decode> {
        let one = |site: &Site<'_>| {
            check_value(site, DECODINGS);
            self.text(site, place, Moment::Response, SHORT)
        };
        if !site.is_object() {
            return one(site).map(Decode::Always);
        }
        let mut ranges = Vec::new();
        for (key, site) in site.members() {
            match status_range(key) {
                Some((from, to)) => ranges.extend(one(&site).map(|kind| (from, to, kind))),
                None => {
                    let message =
                        format!("{key:?} is no status, no range such as 400-408, and not *.");
                    site.report(UNKNOWN_VALUE, message);
                }
            }
        }
        if !ranges.iter().any(|(from, to, _)| (*from, *to) == EVERY_STATUS) {
            site.report(INCOMPLETE, "There is no `*`; other statuses are decoded automatically.");
        }
        Some(Decode::ByStatus(ranges))
    }

    fn valid(&self, site: &Site<'_>, place: Place) -> Option<Valid> {
        let condition = |site: &Site<'_>| self.primitive(site, place, Moment::Response, usize::MAX);
        if !site.is_object() {
            return Some(Valid { condition: condition(site)?, message: None, kind: None });
        }
        let said = Members::named(site, &["condition", "message", "type"]);
        let Some(holds) = said.get("condition") else {
            site.report(MISSING_PART, "`valid` needs a `condition`.");
            return None;
        };
        let words = self.words(&said, place);
        Some(Valid { condition: condition(holds)?, message: words.message, kind: words.kind })
    }

    fn error(&self, site: &Site<'_>, place: Place) -> ErrorPlan {
        let mut plan = ErrorPlan::default();
        if !site.is_object() {
            plan.general.message = self.message(site, place);
            return plan;
        }
        let mut general = Vec::new();
        for (key, entry) in site.members() {
            match (key, status(key)) {
                ("message" | "type", _) => general.push(key),
                (_, Some(status)) if entry.is_object() => {
                    let said = Members::named(&entry, &["message", "type"]);
                    plan.by_status.push((status, self.words(&said, place)));
                }
                (_, Some(status)) => {
                    let message = self.message(&entry, place);
                    plan.by_status.push((status, ErrorWords { message, kind: None }));
                }
                _ => entry.report(
                    UNKNOWN_DIRECTIVE,
                    format!(
                        "`error` has `message`, `type` and statuses of three digits, not `{key}`."
                    ),
                ),
            }
        }
        let member = |name| general.contains(&name).then(|| site.get(name)).flatten();
        plan.general.message = member("message").and_then(|site| self.message(&site, place));
        plan.general.kind = member("type").and_then(|site| self.error_type(&site, place));
        // The base, or the statuses, may have the message.
        if plan.general.message.is_none() && plan.by_status.is_empty() {
            site.report(INCOMPLETE, "`error` has no `message`; people see the status only.");
        }
        plan
    }

    fn words(&self, said: &Members<'_>, place: Place) -> ErrorWords {
        ErrorWords {
            message: said.get("message").and_then(|site| self.message(site, place)),
            kind: said.get("type").and_then(|site| self.error_type(site, place)),
        }
    }

    fn message(&self, site: &Site<'_>, place: Place) -> Option<Template> {
        self.text(site, place, Moment::Response, ERROR_MESSAGE)
    }

    fn error_type(&self, site: &Site<'_>, place: Place) -> Option<Template> {
        if let Some(name) = site.node.as_text().filter(|name| !is_expression(name))
            && ErrorType::named(name).is_none()
        {
            let message =
                format!("There is no type of errors {name:?}; RuntimeError takes its place.");
            site.report(UNKNOWN_ERROR_TYPE, message);
        }
        self.text(site, place, Moment::Response, SHORT)
    }

    pub(super) fn iterate(&self, site: &Site<'_>, place: Place) -> Option<Iterate> {
        let (outer, inner) = match place {
            Place::Webhook => (Moment::Reception, Moment::Reception),
            _ => (Moment::Response, Moment::Item),
        };
        if !site.is_object() {
            return Some(Iterate { container: self.list(site, place, outer)?, condition: None });
        }
        let said = Members::named(site, &["container", "condition"]);
        let Some(container) = said.get("container") else {
            site.report(MISSING_PART, "`iterate` needs a `container`.");
            return None;
        };
        Some(Iterate {
            container: self.list(container, place, outer)?,
            condition: said
                .get("condition")
                .and_then(|site| self.primitive(site, place, inner, SHORT)),
        })
    }

    fn list(&self, site: &Site<'_>, place: Place, moment: Moment) -> Option<Template> {
        check_length(site, SHORT);
        match &site.node.kind {
            NodeKind::Text(_) | NodeKind::Array(_) => Some(self.container(site, place, moment)),
            _ => {
                let kind = site.node.kind_name();
                site.report(WRONG_KIND, format!("An expression is expected, not {kind}."));
                None
            }
        }
    }

    fn trigger(&self, site: &Site<'_>, place: Place) -> Option<Trigger> {
        let said = Members::named(site, &["type", "order", "id", "date", "overlap"]);
        for (name, known) in
            [("type", &["date", "id"][..]), ("order", &["asc", "desc", "unordered"][..])]
        {
            if let Some(site) = said.get(name) {
                check_value(site, known);
            }
        }
        let text = |name| self.primitive(said.get(name)?, place, Moment::Item, SHORT);
        let parts = (text("type"), text("id"), text("order"), text("date"));
        let overlap = text("overlap");
        let by_date = said.get("type").and_then(|site| site.node.as_text());
        let needed: &[&str] = match by_date {
            Some(kind) if &**kind == "date" => &["type", "id", "date"],
            _ => &["type", "id"],
        };
        for name in needed {
            if said.get(name).is_none() {
                site.report(MISSING_PART, format!("`trigger` needs `{name}`."));
            }
        }
        if said.get("order").is_none() {
            site.report(INCOMPLETE, "`trigger` has no `order`; all pages are read.");
        }
        match parts {
            (Some(kind), Some(id), order, date) => Some(Trigger { kind, order, id, date, overlap }),
            _ => None,
        }
    }
}

const EVERY_STATUS: (u16, u16) = (1, 999);

fn status(key: &str) -> Option<u16> {
    let digits = key.len() == 3 && key.bytes().all(|byte| byte.is_ascii_digit());
    key.parse().ok().filter(|_| digits)
}

fn status_range(key: &str) -> Option<(u16, u16)> {
    if key == "*" {
        return Some(EVERY_STATUS);
    }
    match key.split_once('-') {
        Some((from, to)) => {
            let range = (status(from.trim())?, status(to.trim())?);
            (range.0 <= range.1).then_some(range)
        }
        None => status(key).map(|status| (status, status)),
    }
}

// Only the response itself iterates.
fn check_nested(site: &Site<'_>) {
    if site.is_object() && site.get("iterate").is_some() && site.get("output").is_some() {
        site.report(NESTED_ITERATE, "`iterate` and `output` are plain names inside an `output`.");
    }
    site.members().for_each(|(_, member)| check_nested(&member));
    site.items().for_each(|item| check_nested(&item));
}
