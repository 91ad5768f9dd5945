//! Alerts, of the Monitor API.

use axum::http::Method;
use serde_json::{Value, json};

use super::{
    fields::{moment, read_date},
    lists::List,
    wire::{Refusal, Reply, Request},
    world::{Kind, World, account, over, short_date},
};

/// An alert, with other fields on top.
pub(super) fn seed(world: &mut World, at: i64, fields: &Value) -> String {
    let sid = world.sid("NO");
    let alert = json!({
        "sid": sid, "account_sid": account(), "error_code": "11200", "log_level": "error",
        "alert_text": "EmailNotification=false&LogLevel=ERROR&ErrorCode=11200&httpResponse=500",
        "more_info": "https://www.twilio.com/docs/errors/11200",
        "date_generated": short_date(at), "date_created": short_date(at + 2),
        "date_updated": short_date(at + 2), "resource_sid": null, "service_sid": null,
        "request_method": "POST", "request_url": "https://example.com/voice",
        "api_version": "2010-04-01", "url": format!("{}/v1/Alerts/{sid}", world.base),
    });
    world.add(Kind::Alert, at, &sid, over(alert, fields));
    sid
}

pub(super) fn route(world: &mut World, request: &Request, rest: &[&str]) -> Result<Reply, Refusal> {
    match rest {
        [] => {
            request.only(&[Method::GET])?;
            list(world, request)
        }
        [sid] => world.fetch(request, Kind::Alert, sid, &[Method::GET]),
        _ => Err(Refusal::not_found(&request.path)),
    }
}

fn list(world: &World, request: &Request) -> Result<Reply, Refusal> {
    let bound = |name: &str| match request.parameter(name) {
        None => Ok(None),
        // Only these two forms are understood.
        Some(text) if text.len() == 10 || text.ends_with('Z') => {
            let span = read_date(text);
            span.map(Some).ok_or_else(|| Refusal::bad(20001, format!("{name} is no date")))
        }
        Some(_) => Err(Refusal::bad(20001, format!("{name} is no date"))),
    };
    let oldest = world.now - 30 * 86_400;
    // Whoever asks for more than 30 days is refused, so that nobody can rely on it.
    let from = match bound("StartDate")? {
        Some((start, end)) if end < oldest => {
            return Err(Refusal::bad(20001, format!("StartDate {start} is older than 30 days")));
        }
        Some((start, _)) => start.max(oldest),
        None => oldest,
    };
    let to = bound("EndDate")?.map(|(_, end)| end);
    let alerts = List { meta: true, ..List::new(Kind::Alert, "alerts") };
    alerts.page(world, request, |item| {
        let at = moment(&item.fields, "date_generated").unwrap_or(item.at);
        at >= from
            && to.is_none_or(|to| at <= to)
            && request.parameter("LogLevel").is_none_or(|level| item.fields["log_level"] == level)
    })
}
