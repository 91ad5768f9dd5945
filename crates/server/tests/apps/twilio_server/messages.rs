//! Messages and their media.

use axum::http::Method;
use serde_json::{Value, json};

use super::{
    fields::{is_channel, is_number, is_sender_name, is_sid, is_url, moment},
    lists::{Between, List},
    wire::{Refusal, Reply, Request},
    world::{Kind, World, account, long_date, over, root},
};

const FINAL: [&str; 7] =
    ["sent", "delivered", "undelivered", "failed", "read", "received", "canceled"];

/// A message that was delivered long ago, with other fields on top.
pub(super) fn seed(world: &mut World, at: i64, fields: &Value) -> String {
    let sid = world.sid("SM");
    let message = json!({
        "sid": sid, "account_sid": account(), "messaging_service_sid": null,
        "from": "+15005550006", "to": "+15558675310", "body": "Hello",
        "status": "delivered", "direction": "outbound-api",
        "num_segments": "1", "num_media": "0", "price": "-0.00790", "price_unit": "USD",
        "error_code": null, "error_message": null,
        "date_created": long_date(at), "date_updated": long_date(at), "date_sent": long_date(at),
        "api_version": "2010-04-01", "uri": format!("{}/Messages/{sid}.json", root()),
        "subresource_uris": { "media": format!("{}/Messages/{sid}/Media.json", root()) },
    });
    world.add(Kind::Message, at, &sid, over(message, fields));
    sid
}

pub(super) fn attach(world: &mut World, message: &str, content_type: &str) -> String {
    let (sid, now) = (world.sid("ME"), long_date(world.now));
    let media = json!({
        "sid": sid, "account_sid": account(), "parent_sid": message, "content_type": content_type,
        "date_created": now, "date_updated": now,
        "uri": format!("{}/Messages/{message}/Media/{sid}.json", root()),
    });
    let at = world.now;
    world.add(Kind::Media, at, &sid, media);
    sid
}

pub(super) fn collection(world: &mut World, request: &Request) -> Result<Reply, Refusal> {
    request.only(&[Method::GET, Method::POST])?;
    if request.method == Method::POST {
        return create(world, request);
    }
    let sent = Between::read(request, "DateSent")?;
    let list = List {
        // By sending, which a message that still waits does not have.
        order: |item| moment(&item.fields, "date_sent").unwrap_or(item.at),
        ..List::new(Kind::Message, "messages")
    };
    list.page(world, request, |item| {
        let is = |parameter: &str, field: &str| {
            request.parameter(parameter).is_none_or(|wanted| item.fields[field] == wanted)
        };
        is("To", "to") && is("From", "from") && sent.holds(moment(&item.fields, "date_sent"))
    })
}

pub(super) fn route(world: &mut World, request: &Request, rest: &[&str]) -> Result<Reply, Refusal> {
    match rest {
        [file] => instance(world, request, file),
        [message, "Media.json"] => {
            request.only(&[Method::GET])?;
            world
                .present(Kind::Message, message)
                .ok_or_else(|| Refusal::not_found(&request.path))?;
            let list = List::new(Kind::Media, "media_list");
            list.page(world, request, |item| item.fields["parent_sid"] == *message)
        }
        [message, "Media", file] => {
            world
                .present(Kind::Message, message)
                .ok_or_else(|| Refusal::not_found(&request.path))?;
            world.fetch(request, Kind::Media, file, &[Method::GET, Method::DELETE])
        }
        _ => Err(Refusal::not_found(&request.path)),
    }
}

fn instance(world: &mut World, request: &Request, file: &str) -> Result<Reply, Refusal> {
    let sid = file.strip_suffix(".json").unwrap_or(file);
    let methods = [Method::GET, Method::POST, Method::DELETE];
    let status = world
        .present(Kind::Message, sid)
        .map(|item| item.fields["status"].as_str().unwrap_or_default().to_owned());
    if request.method == Method::DELETE
        && status.as_deref().is_some_and(|status| !FINAL.contains(&status))
    {
        return Err(Refusal::new(409, 20009, "Resource not complete"));
    }
    if request.method == Method::POST && status.is_some() {
        match (request.given("Body"), request.parameter("Status")) {
            (Some(""), None) => {
                let item = world.item_mut(sid).expect("its status was read");
                item.fields.insert("body".to_owned(), json!(""));
            }
            (None, Some("canceled")) => {
                return Err(Refusal::new(409, 30409, "This message cannot be canceled"));
            }
            (None, None) => {}
            _ => return Err(Refusal::bad(20001, "The body of a message cannot be changed")),
        }
    }
    world.fetch(request, Kind::Message, sid, &methods)
}

fn create(world: &mut World, request: &Request) -> Result<Reply, Refusal> {
    let to = request
        .parameter("To")
        .ok_or_else(|| Refusal::bad(21604, "A 'To' phone number is required."))?
        .to_owned();
    let from = request.parameter("From").map(str::to_owned);
    let service = request.parameter("MessagingServiceSid").map(str::to_owned);
    if from.is_none() && service.is_none() {
        return Err(Refusal::bad(21603, "A 'From' phone number is required."));
    }
    let body = request.parameter("Body").unwrap_or_default().to_owned();
    let media: Vec<String> = request.all("MediaUrl").into_iter().map(str::to_owned).collect();
    if body.trim().is_empty() && media.is_empty() {
        return Err(Refusal::bad(21602, "Message body is required."));
    }
    if body.chars().count() > 1600 {
        return Err(Refusal::bad(
            21617,
            "The concatenated message body exceeds the 1600 character limit",
        ));
    }
    recipient(&to)?;
    if let Some(from) = &from {
        sender(world, from, &to)?;
    }
    if let Some(service) = &service {
        if !is_sid("MG", service) {
            return Err(Refusal::bad(21705, "The Messaging Service SID is invalid"));
        }
        if world.present(Kind::Service, service).is_none() {
            return Err(Refusal::new(404, 21701, "The Messaging Service does not exist"));
        }
    }
    settings(world, request, &media)?;
    let sid = world.sid(if media.is_empty() { "SM" } else { "MM" });
    let at = world.now;
    let message = json!({
        "sid": sid, "from": from.filter(|_| service.is_none()), "to": to, "body": body,
        "messaging_service_sid": service,
        "status": if service.is_some() { "accepted" } else { "queued" },
        "num_segments": if service.is_some() { "0" } else { "1" },
        "num_media": media.len().to_string(), "price": null,
        "price_unit": if service.is_some() { Value::Null } else { json!("USD") },
        "date_sent": null, "uri": format!("{}/Messages/{sid}.json", root()),
        "subresource_uris": { "media": format!("{}/Messages/{sid}/Media.json", root()) },
    });
    let named = seed(world, at, &message);
    let callback = request.parameter("StatusCallback").map(str::to_owned).or_else(|| {
        let application = world.item(request.parameter("ApplicationSid")?)?;
        application.fields["message_status_callback"].as_str().map(str::to_owned)
    });
    let item = world.item_mut(&named).expect("it was added a line ago");
    item.sid.clone_from(&sid);
    item.callback = callback;
    let fields = item.fields.clone();
    for _ in &media {
        attach(world, &sid, "image/jpeg");
    }
    Ok(Reply::created(&Value::Object(fields)))
}

fn recipient(to: &str) -> Result<(), Refusal> {
    let refuse = |code, message: String| Err(Refusal::bad(code, message));
    match to {
        "+15005550001" => {
            refuse(21211, format!("The 'To' number {to} is not a valid phone number."))
        }
        "+15005550002" => refuse(21612, format!("The 'To' number {to} cannot be reached.")),
        "+15005550003" => refuse(
            21408,
            format!(
                "Permission to send an SMS has not been enabled for the region indicated by the 'To' number: {to}"
            ),
        ),
        "+15005550004" => refuse(21610, "Attempt to send to unsubscribed recipient".to_owned()),
        "+15005550009" => refuse(21614, format!("To number: {to}, is not a mobile number")),
        _ if is_number(to) || is_channel(to) => Ok(()),
        _ => refuse(21211, format!("The 'To' number {to} is not a valid phone number.")),
    }
}

fn sender(world: &World, from: &str, to: &str) -> Result<(), Refusal> {
    if is_channel(from) != is_channel(to) {
        return Err(Refusal::bad(21910, "The 'From' and 'To' pair violates a channel"));
    }
    let able = world.of(Kind::Number).any(|number| {
        number.fields["phone_number"] == from && number.fields["capabilities"]["sms"] == true
    });
    let short = world.of(Kind::ShortCode).any(|code| code.fields["short_code"] == from);
    if able || short || is_channel(from) || is_sender_name(from) {
        return Ok(());
    }
    if !is_number(from) {
        return Err(Refusal::bad(
            21212,
            format!("The 'From' number {from} is not a valid phone number."),
        ));
    }
    Err(Refusal::bad(
        21606,
        format!(
            "The From phone number {from} is not a valid, SMS-capable inbound phone number or short code for your account."
        ),
    ))
}

fn settings(world: &World, request: &Request, media: &[String]) -> Result<(), Refusal> {
    if media.len() > 10 {
        return Err(Refusal::bad(21623, "Number of media files exceeds allowed limit"));
    }
    if let Some(wrong) = media.iter().find(|url| !is_url(url)) {
        return Err(Refusal::bad(21620, format!("Invalid media URL {wrong}")));
    }
    if request.parameter("StatusCallback").is_some_and(|url| !is_url(url)) {
        return Err(Refusal::bad(21609, "The 'StatusCallback' URL is not a valid URL."));
    }
    if let Some(sid) = request.parameter("ApplicationSid")
        && world.present(Kind::Application, sid).is_none()
    {
        return Err(Refusal::bad(21218, format!("Invalid ApplicationSid {sid}")));
    }
    if let Some(period) = request.parameter("ValidityPeriod")
        && !period.parse().is_ok_and(|seconds: u32| (1..=36_000).contains(&seconds))
    {
        return Err(Refusal::bad(21624, "Invalid validity period value"));
    }
    if let Some(price) = request.parameter("MaxPrice")
        && !price.parse().is_ok_and(|price: f64| price >= 0.0)
    {
        return Err(Refusal::bad(21627, "Max Price must be a valid float"));
    }
    for name in ["SmartEncoded", "ProvideFeedback"] {
        if let Some(value) = request.parameter(name)
            && !matches!(value.to_ascii_lowercase().as_str(), "true" | "false")
        {
            return Err(Refusal::bad(20001, format!("{name} is neither true nor false")));
        }
    }
    Ok(())
}

/// Moves a message on. Returns where that is reported to, and with which parameters.
pub(super) fn advance(
    world: &mut World,
    sid: &str,
    status: &str,
    error: Option<u32>,
) -> Option<(String, Vec<(String, String)>)> {
    let now = world.now;
    let item = world.item_mut(sid)?;
    item.fields.insert("status".to_owned(), json!(status));
    item.fields.insert("date_updated".to_owned(), json!(long_date(now)));
    item.fields.insert("error_code".to_owned(), json!(error));
    if status == "sent" {
        item.fields.insert("date_sent".to_owned(), json!(long_date(now)));
    }
    let address = item.callback.clone()?;
    let text = |name: &str| item.fields[name].as_str().unwrap_or_default().to_owned();
    let mut parameters = vec![
        ("SmsSid".to_owned(), sid.to_owned()),
        ("SmsStatus".to_owned(), status.to_owned()),
        ("MessageStatus".to_owned(), status.to_owned()),
        ("To".to_owned(), text("to")),
        ("MessageSid".to_owned(), sid.to_owned()),
        ("AccountSid".to_owned(), text("account_sid")),
        ("From".to_owned(), text("from")),
        ("ApiVersion".to_owned(), "2010-04-01".to_owned()),
    ];
    if let Some(service) = item.fields["messaging_service_sid"].as_str() {
        parameters.push(("MessagingServiceSid".to_owned(), service.to_owned()));
    }
    if let Some(code) = error {
        parameters.push(("ErrorCode".to_owned(), code.to_string()));
    }
    Some((address, parameters))
}
