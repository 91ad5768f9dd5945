//! What there is to work with, and how the service fails.

use halyard_automation::apps::ErrorType;
use serde_json::{Value, json};

use crate::{
    driver::{Fault, Names, Service},
    twilio_server::{API_KEY, API_SECRET, AUTH_TOKEN, NUMBER, Twilio, account},
};

/// Noon of 4 May 2026.
pub(super) const NOON: i64 = 1_777_896_000;
/// More than a page of the API can have.
pub(super) const MANY: i64 = 1_005;

/// Fills the account and says what is where.
pub(super) fn furnish(twilio: &Twilio) -> Service {
    twilio.set_now(NOON);
    let mut names = Names::default();
    for at in 0..MANY {
        twilio.add_message(NOON - MANY + at, &json!({ "body": format!("Parcel {at}") }));
        twilio.add_call(NOON - MANY + at, &json!({}));
    }
    let name = |names: &mut Names, name: &str, sid: String| {
        names.set(name, Value::Object(twilio.get(&sid).unwrap()));
        sid
    };
    let message =
        twilio.add_message(NOON, &json!({ "body": "At the door", "from": "+15005550010" }));
    name(&mut names, "message", message);
    let queued = twilio.add_message(NOON, &json!({ "status": "queued", "date_sent": null }));
    name(&mut names, "queued", queued);
    let with_media = twilio.add_message(NOON, &json!({ "num_media": "10", "to": "+15550000001" }));
    for _ in 0..10 {
        twilio.add_media(&with_media, "image/png");
    }
    name(&mut names, "pictures", with_media);
    let call = twilio.add_call(NOON, &json!({ "status": "no-answer", "to": "+15550000001" }));
    name(&mut names, "call", call);
    let ended = twilio.add_call(NOON, &json!({}));
    name(&mut names, "ended", ended);
    let recording = twilio.add_recording(NOON, &json!({}));
    for at in 0..MANY {
        let text = json!({ "transcription_text": format!("Take {at}") });
        twilio.add_transcription(NOON - MANY + at, &recording, &text);
    }
    name(&mut names, "recording", recording);
    let unfinished = twilio.add_recording(NOON, &json!({ "status": "processing" }));
    name(&mut names, "unfinished", unfinished);
    for (called, prefix) in [("application", "AP"), ("service", "MG")] {
        let sid = twilio.sids(prefix).remove(0);
        name(&mut names, called, sid);
    }
    names.set("number", json!(NUMBER));
    names.set("caller", json!("+15558675310"));
    Service { names, ..nothing(twilio) }
}

/// An account without messages, calls and so on.
pub(super) fn nothing(twilio: &Twilio) -> Service {
    Service {
        base_url: twilio.base(),
        connection: json!({ "accountSid": account(), "authToken": AUTH_TOKEN }),
        names: Names::default(),
        look_up: json!({}),
        faults: faults(),
    }
}

/// A connection by key instead of by token.
pub(super) fn by_key() -> Value {
    json!({ "accountSid": account(), "apiKeySid": API_KEY, "apiKeySecret": API_SECRET })
}

fn faults() -> Vec<Fault> {
    let fault = |check, status: u16, code: u32, says, kind| Fault {
        check,
        status,
        headers: Vec::new(),
        body: json!({
            "code": code, "message": "Not like this", "status": status,
            "more_info": format!("https://www.twilio.com/docs/errors/{code}"),
        })
        .to_string(),
        kind,
        says,
        retry_after: None,
    };
    vec![
        fault("4xx", 400, 21211, "[400] Not like this (error 21211)", ErrorType::DataError),
        Fault {
            headers: vec![("retry-after", "7")],
            retry_after: Some(7),
            ..fault(
                "429",
                429,
                20429,
                "[429] Not like this (error 20429)",
                ErrorType::RateLimitError,
            )
        },
        fault("5xx", 503, 20503, "[503] Not like this (error 20503)", ErrorType::ConnectionError),
    ]
}
