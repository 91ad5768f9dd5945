//! What forms look up: numbers, verified callers, applications, messaging services.

use axum::http::Method;
use serde_json::{Value, json};

use super::{
    lists::List,
    wire::{Refusal, Reply, Request},
    world::{Kind, NUMBER, OTHER_NUMBER, World, account, long_date, root, short_date},
};

/// What an account begins with.
pub(super) fn seed(world: &mut World) {
    let now = world.now;
    let created = long_date(now);
    let number = |sid: &str, number: &str, name: &str, sms: bool| {
        json!({
            "sid": sid, "account_sid": account(), "phone_number": number, "friendly_name": name,
            "capabilities": { "voice": true, "sms": sms, "mms": sms, "fax": false },
            "voice_url": "", "voice_method": "POST", "sms_url": "", "sms_method": "POST",
            "status_callback": "", "origin": "twilio", "status": "in-use", "beta": false,
            "address_requirements": "none", "api_version": "2010-04-01",
            "date_created": created, "date_updated": created,
            "uri": format!("{}/IncomingPhoneNumbers/{sid}.json", root()),
        })
    };
    let (first, second) = (world.sid("PN"), world.sid("PN"));
    world.add(Kind::Number, now, &first, number(&first, NUMBER, "Parcels", true));
    world.add(Kind::Number, now, &second, number(&second, OTHER_NUMBER, OTHER_NUMBER, false));
    let sid = world.sid("SC");
    let code = json!({
        "sid": sid, "account_sid": account(), "short_code": "67898", "friendly_name": "67898",
        "sms_url": null, "date_created": created, "date_updated": created,
        "api_version": "2010-04-01", "uri": format!("{}/SMS/ShortCodes/{sid}.json", root()),
    });
    world.add(Kind::ShortCode, now, &sid, code);
    let sid = world.sid("PN");
    let caller = json!({
        "sid": sid, "account_sid": account(), "phone_number": "+15558675310",
        "friendly_name": "Front desk", "date_created": created, "date_updated": created,
        "uri": format!("{}/OutgoingCallerIds/{sid}.json", root()),
    });
    world.add(Kind::Caller, now, &sid, caller);
    let sid = world.sid("AP");
    let application = json!({
        "sid": sid, "account_sid": account(), "friendly_name": "Reception",
        "voice_url": "https://example.com/voice", "voice_method": "POST", "sms_url": "",
        "message_status_callback": null, "date_created": created, "date_updated": created,
        "api_version": "2010-04-01", "uri": format!("{}/Applications/{sid}.json", root()),
    });
    world.add(Kind::Application, now, &sid, application);
    let sid = world.sid("MG");
    let service = json!({
        "sid": sid, "account_sid": account(), "friendly_name": "Reminders",
        "inbound_request_url": null, "inbound_method": "POST", "status_callback": null,
        "validity_period": 36_000, "usecase": "undeclared",
        "date_created": short_date(now), "date_updated": short_date(now),
        "url": format!("{}/v1/Services/{sid}", world.base),
    });
    world.add(Kind::Service, now, &sid, service);
}

pub(super) fn route(world: &mut World, request: &Request, rest: &[&str]) -> Result<Reply, Refusal> {
    let (kind, key) = match rest.first().map(|name| name.trim_end_matches(".json")) {
        Some("IncomingPhoneNumbers") => (Kind::Number, "incoming_phone_numbers"),
        Some("OutgoingCallerIds") => (Kind::Caller, "outgoing_caller_ids"),
        Some("Applications") => (Kind::Application, "applications"),
        Some("SMS") if rest.get(1) == Some(&"ShortCodes.json") && rest.len() == 2 => {
            (Kind::ShortCode, "short_codes")
        }
        _ => return Err(Refusal::not_found(&request.path)),
    };
    match rest {
        [_, file] if kind != Kind::ShortCode => world.fetch(request, kind, file, &[Method::GET]),
        _ => {
            request.only(&[Method::GET])?;
            page(&List::new(kind, key), world, request)
        }
    }
}

pub(super) fn services(
    world: &mut World,
    request: &Request,
    rest: &[&str],
) -> Result<Reply, Refusal> {
    match rest {
        [] => {
            request.only(&[Method::GET])?;
            page(&List { meta: true, ..List::new(Kind::Service, "services") }, world, request)
        }
        [sid] => world.fetch(request, Kind::Service, sid, &[Method::GET]),
        _ => Err(Refusal::not_found(&request.path)),
    }
}

fn page(list: &List<'_>, world: &World, request: &Request) -> Result<Reply, Refusal> {
    list.page(world, request, |item| {
        let is = |parameter: &str, field: &str| {
            let wanted = request.parameter(parameter);
            wanted.is_none_or(|wanted| item.fields.get(field) == Some(&Value::from(wanted)))
        };
        is("PhoneNumber", "phone_number") && is("FriendlyName", "friendly_name")
    })
}
