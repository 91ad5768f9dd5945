//! Calls.

use axum::http::Method;
use serde_json::{Value, json};

use super::{
    fields::{formatted, is_channel, is_number, is_sid, is_url, moment},
    lists::{Between, List},
    wire::{Refusal, Reply, Request},
    world::{Kind, World, account, long_date, over, root},
};

const STATUSES: [&str; 8] =
    ["queued", "ringing", "in-progress", "completed", "busy", "failed", "no-answer", "canceled"];

/// A call that has ended, with other fields on top.
pub(super) fn seed(world: &mut World, at: i64, fields: &Value) -> String {
    let sid = world.sid("CA");
    let uri = format!("{}/Calls/{sid}", root());
    let call = json!({
        "sid": sid, "account_sid": account(), "parent_call_sid": null, "phone_number_sid": null,
        "from": "+15005550006", "from_formatted": "(500) 555-0006",
        "to": "+15558675310", "to_formatted": "(555) 867-5310", "caller_name": null,
        "status": "completed", "direction": "outbound-api", "answered_by": null,
        "start_time": long_date(at), "end_time": long_date(at + 30), "duration": "29",
        "queue_time": "0", "price": "-0.01300", "price_unit": "USD", "forwarded_from": null,
        "group_sid": null, "trunk_sid": null,
        "date_created": long_date(at), "date_updated": long_date(at + 30),
        "api_version": "2010-04-01", "uri": format!("{uri}.json"),
        "subresource_uris": {
            "notifications": format!("{uri}/Notifications.json"),
            "recordings": format!("{uri}/Recordings.json"), "events": format!("{uri}/Events.json"),
        },
    });
    world.add(Kind::Call, at, &sid, over(call, fields));
    sid
}

pub(super) fn collection(world: &mut World, request: &Request) -> Result<Reply, Refusal> {
    request.only(&[Method::GET, Method::POST])?;
    if request.method == Method::POST {
        return create(world, request);
    }
    if let Some(status) = request.parameter("Status")
        && !STATUSES.contains(&status)
    {
        return Err(Refusal::bad(20001, format!("Invalid Status {status}")));
    }
    let (started, ended) =
        (Between::read(request, "StartTime")?, Between::read(request, "EndTime")?);
    let list = List {
        order: |item| moment(&item.fields, "start_time").unwrap_or(item.at),
        ..List::new(Kind::Call, "calls")
    };
    list.page(world, request, |item| {
        let is = |parameter: &str, field: &str| {
            request.parameter(parameter).is_none_or(|wanted| item.fields[field] == wanted)
        };
        is("To", "to")
            && is("From", "from")
            && is("ParentCallSid", "parent_call_sid")
            && is("Status", "status")
            && started.holds(moment(&item.fields, "start_time"))
            && ended.holds(moment(&item.fields, "end_time"))
    })
}

pub(super) fn instance(world: &mut World, request: &Request, file: &str) -> Result<Reply, Refusal> {
    let sid = file.strip_suffix(".json").unwrap_or(file);
    let live = world.present(Kind::Call, sid).is_some_and(|item| {
        matches!(item.fields["status"].as_str(), Some("queued" | "ringing" | "in-progress"))
    });
    if live && request.method == Method::DELETE {
        return Err(Refusal::new(409, 20009, "Resource not complete"));
    }
    if request.method == Method::POST && world.present(Kind::Call, sid).is_some() {
        if !live {
            return Err(Refusal::bad(21220, "Call is not in-progress. Cannot redirect."));
        }
        if let Some(status) = request.parameter("Status") {
            if !matches!(status, "canceled" | "completed") {
                return Err(Refusal::bad(20001, format!("Invalid Status {status}")));
            }
            let item = world.item_mut(sid).expect("it is live");
            item.fields.insert("status".to_owned(), json!(status));
        }
    }
    world.fetch(request, Kind::Call, sid, &[Method::GET, Method::POST, Method::DELETE])
}

fn create(world: &mut World, request: &Request) -> Result<Reply, Refusal> {
    let to = request
        .parameter("To")
        .ok_or_else(|| Refusal::bad(21201, "No 'To' number is specified"))?
        .to_owned();
    let from = request
        .parameter("From")
        .ok_or_else(|| Refusal::bad(21213, "A 'From' phone number is required."))?
        .to_owned();
    instructions(world, request)?;
    let refuse = |code, message: &str| Err(Refusal::bad(code, message));
    match to.as_str() {
        "+15005550001" => return refuse(21217, "Phone number does not appear to be valid"),
        "+15005550002" => return refuse(21214, "'To' phone number cannot be reached"),
        "+15005550003" => return refuse(21215, "Account not authorized to call that number"),
        "+15005550004" => return refuse(21216, "Account not allowed to call that number"),
        _ if is_number(&to) || is_channel(&to) => {}
        _ => return refuse(21211, "The 'To' number is not a valid phone number."),
    }
    if !is_number(&from) && !is_channel(&from) {
        return refuse(21212, "The 'From' number is not a valid phone number.");
    }
    let known = |kind| world.of(kind).any(|item| item.fields["phone_number"] == from);
    if !is_channel(&from) && !known(Kind::Number) && !known(Kind::Caller) {
        return Err(Refusal::bad(
            21210,
            format!(
                "The source phone number provided, {from}, is not yet verified for your account."
            ),
        ));
    }
    options(request)?;
    let at = world.now;
    let call = json!({
        "from": from, "from_formatted": formatted(&from), "to": to, "to_formatted": formatted(&to),
        "status": "queued", "start_time": null, "end_time": null, "duration": null,
        "queue_time": null, "price": null, "date_updated": long_date(at),
    });
    let sid = seed(world, at, &call);
    let item = world.item_mut(&sid).expect("it was added a line ago");
    item.callback = request.parameter("StatusCallback").map(str::to_owned);
    Ok(Reply::created(&Value::Object(item.fields.clone())))
}

fn instructions(world: &World, request: &Request) -> Result<(), Refusal> {
    match (
        request.parameter("Url"),
        request.parameter("Twiml"),
        request.parameter("ApplicationSid"),
    ) {
        (Some(url), ..) if !is_url(url) => {
            Err(Refusal::bad(21205, format!("Url is not a valid URL: {url}")))
        }
        (None, None, None) => Err(Refusal::bad(21205, "Url parameter is required.")),
        (.., Some(sid)) if world.present(Kind::Application, sid).is_none() => {
            Err(Refusal::bad(21218, format!("Invalid ApplicationSid {sid}")))
        }
        (_, Some(twiml), _) if twiml.chars().count() > 4000 => {
            Err(Refusal::bad(21205, "Twiml is too long"))
        }
        _ => Ok(()),
    }
}

fn options(request: &Request) -> Result<(), Refusal> {
    let between = |name: &str, low: u32, high: u32, code: u32| {
        let fits = |text: &str| text.parse().is_ok_and(|value: u32| (low..=high).contains(&value));
        match request.parameter(name) {
            Some(text) if !fits(text) => Err(Refusal::bad(code, format!("Invalid {name}"))),
            _ => Ok(()),
        }
    };
    let among = |name: &str, allowed: &[&str], code: u32| match request
        .all(name)
        .iter()
        .find(|value| !allowed.contains(*value))
    {
        Some(wrong) => Err(Refusal::bad(code, format!("Invalid {name} {wrong}"))),
        None => Ok(()),
    };
    if let Some(digits) = request.parameter("SendDigits")
        && (digits.len() > 32 || !digits.chars().all(|c| "0123456789ABCD#*wW".contains(c)))
    {
        return Err(Refusal::bad(21206, "Invalid SendDigits"));
    }
    between("Timeout", 1, 600, 21208)?;
    among("Method", &["GET", "POST"], 21209)?;
    among("Trim", &["trim-silence", "do-not-trim"], 20001)?;
    among("Record", &["true", "false"], 20001)?;
    among("RecordingChannels", &["mono", "dual"], 20001)?;
    among("RecordingTrack", &["inbound", "outbound", "both"], 20001)?;
    among("RecordingStatusCallbackMethod", &["GET", "POST"], 21209)?;
    among("RecordingStatusCallbackEvent", &["in-progress", "completed", "absent"], 13621)?;
    among("StatusCallbackEvent", &["initiated", "ringing", "answered", "completed"], 21626)?;
    among("MachineDetection", &["Enable", "DetectMessageEnd"], 21234)?;
    between("MachineDetectionTimeout", 3, 60, 21234)?;
    between("MachineDetectionSpeechThreshold", 1000, 6000, 21234)?;
    between("MachineDetectionSpeechEndThreshold", 500, 5000, 21234)?;
    between("MachineDetectionSilenceTimeout", 2000, 10_000, 21234)?;
    among("AsyncAmd", &["true", "false"], 21234)?;
    among("AsyncAmdStatusCallbackMethod", &["GET", "POST"], 21209)?;
    if let Some(trunk) = request.parameter("Byoc")
        && !is_sid("BY", trunk)
    {
        return Err(Refusal::bad(21300, "Invalid BYOC SID"));
    }
    let (user, password) =
        (request.parameter("SipAuthUsername"), request.parameter("SipAuthPassword"));
    if user.is_some() && password.is_none() {
        return Err(Refusal::bad(21225, "The password for the SIP address is missing"));
    }
    if user.is_some_and(|user| user.len() > 255) {
        return Err(Refusal::bad(21221, "The user name for the SIP address is too long"));
    }
    Ok(())
}
