//! Texts of directives that can be judged without running them.

use super::{directive::Place, values::is_expression};
use crate::apps::{
    notes::Site,
    rules::{RELATIVE_URL, SANITIZE_PATH},
};

/// An address must be complete, or a path that the base can be put in front of.
pub(super) fn check_url(site: &Site<'_>, place: Place) {
    let Some(url) = site.node.as_text() else { return };
    let complete = url.starts_with('/') || url.contains("://") || url.starts_with("{{");
    if !complete && !url.is_empty() {
        site.report(RELATIVE_URL, format!("{url:?} should begin with `/`."));
    } else if url.starts_with('/') && place.is_connection() {
        let message =
            format!("{url:?} is not complete, and the base does not apply to connections.");
        site.report(RELATIVE_URL, message);
    }
}

/// A path of `log.sanitize` leads into one side of an exchange.
pub(super) fn check_sanitize(site: &Site<'_>) {
    let Some(path) = site.node.as_text() else { return };
    if is_expression(path) {
        return site
            .report(SANITIZE_PATH, "A path takes no expression, so that this hides nothing.");
    }
    let lower = path.to_ascii_lowercase();
    let mut steps = lower.split(['.', '[']);
    let side = steps.next().unwrap_or_default();
    let part = steps.next().map(|step| step.trim_matches('`'));
    let fits = match (side, part) {
        ("request", Some(part)) => ["headers", "body", "qs", "url"].contains(&part),
        ("response", Some(part)) => ["headers", "body"].contains(&part),
        _ => false,
    };
    if !fits {
        site.report(
            SANITIZE_PATH,
            format!(
                "{path:?} leads to nothing; paths are such as `request.headers.authorization`."
            ),
        );
    }
}
