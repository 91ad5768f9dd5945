//! What each module is given, and what must come out.

use serde_json::{Value, json};

use super::world::MANY;
use crate::driver::Case;

const MISSING: &str = "SM00000000000000000000000000000000";
const NO_CALL: &str = "CA00000000000000000000000000000000";

/// More items than one page can have.
fn over_a_page() -> Value {
    json!(MANY - 2)
}

fn pages() -> usize {
    usize::try_from(MANY - 2).unwrap()
}

pub(super) fn all() -> Vec<Case> {
    messages().into_iter().chain(calls()).chain(recordings()).collect()
}

fn messages() -> Vec<Case> {
    let sent = json!({
        "sendFrom": "phoneNumber", "sender": "$number", "to": "+15558675310", "body": "On its way",
    });
    vec![
        Case::new("CreateAMessage", sent.clone())
            .expect(json!({
                "sid": "*", "from": "$number", "to": "+15558675310", "body": "On its way",
                "status": "queued", "date_created": "2026-05-04T12:00:00.000Z",
            }))
            .then("GetAMessage", json!({ "messageId": "$it.sid" }), json!({ "body": "On its way" }))
            .wrong(with(&sent, "body", json!("x".repeat(1601))), "maximum length of 1600"),
        Case::new("ListMessages", json!({ "from": "+15005550010", "limit": 5 }))
            .expect(json!({
                "sid": "$message.sid", "body": "At the door",
                "date_sent": "2026-05-04T12:00:00.000Z", "error_code": null,
            }))
            .wrong(json!({ "limit": 0 }), "Minimum value is 1")
            .limit(json!({ "limit": over_a_page() }), pages(), 2),
        Case::new("GetAMessage", json!({ "messageId": "$message.sid" }))
            .expect(json!({ "sid": "$message.sid", "date_created": "2026-05-04T12:00:00.000Z" }))
            .then_failure("GetAMessage", json!({ "messageId": MISSING }), "[404]")
            .wrong(json!({ "messageId": "SM1" }), "doesn't match the pattern"),
        Case::new("DeleteAMessage", json!({ "messageId": "$message.sid" }))
            .expect(json!({ "sid": "$message.sid" }))
            .then_failure("GetAMessage", json!({ "messageId": "$message.sid" }), "(error 20404)")
            .then_failure("DeleteAMessage", json!({ "messageId": "$queued.sid" }), "(error 20009)"),
        Case::new("ListMessageMedia", json!({ "messageId": "$pictures.sid" }))
            .expect(json!({ "parent_sid": "$pictures.sid", "content_type": "image/png" }))
            .limit(json!({ "messageId": "$pictures.sid" }), 10, 1),
    ]
}

fn calls() -> Vec<Case> {
    let made = json!({
        "callFrom": "outgoingCaller", "caller": "$caller", "to": "sip:ann@example.com",
        "instructions": "twiml", "twiml": "<Response><Say>Hello</Say></Response>",
    });
    vec![
        Case::new("CreateACall", made.clone())
            .expect(json!({
                "sid": "*", "from": "$caller", "to": "sip:ann@example.com", "status": "queued",
                "start_time": "-", "date_created": "2026-05-04T12:00:00.000Z",
            }))
            .then("GetACall", json!({ "callId": "$it.sid" }), json!({ "status": "queued" }))
            .wrong(with(&made, "sendDigits", json!("123x")), "doesn't match the pattern"),
        Case::new("ListCalls", json!({ "status": "no-answer", "to": "+15550000001", "limit": 5 }))
            .expect(json!({ "sid": "$call.sid", "start_time": "2026-05-04T12:00:00.000Z" }))
            .wrong(json!({ "status": "answered" }), "not found in options")
            .limit(json!({ "status": "completed", "limit": over_a_page() }), pages(), 2),
        Case::new("GetACall", json!({ "callId": "$call.sid" }))
            .expect(json!({ "sid": "$call.sid", "end_time": "2026-05-04T12:00:30.000Z" }))
            .then_failure("GetACall", json!({ "callId": NO_CALL }), "[404]"),
        Case::new("DeleteACall", json!({ "callId": "$ended.sid" }))
            .expect(json!({ "sid": "$ended.sid" }))
            .then_failure("GetACall", json!({ "callId": "$ended.sid" }), "(error 20404)"),
    ]
}

fn recordings() -> Vec<Case> {
    let api = "2010-04-01/Accounts/$account/Messages.json";
    vec![
        Case::new(
            "DownloadARecordingMedia",
            json!({ "recordingId": "$recording.sid", "format": "mp3" }),
        )
        .expect(json!({ "contentType": "audio/mpeg", "fileName": "*", "data": "*" }))
        .then_failure(
            "DownloadARecordingMedia",
            json!({ "recordingId": "$unfinished.sid", "format": "wav" }),
            "IncompleteDataError: [404] The recording is not finished yet.",
        )
        .wrong(json!({ "recordingId": "$recording.sid", "format": "ogg" }), "not found in options"),
        Case::new("ListRecordingTranscriptions", json!({ "recordingId": "$recording.sid", "limit": 1 }))
            .expect(json!({ "recording_sid": "$recording.sid", "transcription_text": "Take 1004" }))
            .limit(json!({ "recordingId": "$recording.sid", "limit": over_a_page() }), pages(), 2),
        Case::new("MakeAnAPICall", json!({
            "url": api.replace("$account", &crate::twilio_server::account()), "method": "GET",
            "qs": [{ "key": "PageSize", "value": "1" }, { "key": "DateSent>", "value": "2026-05-04" }],
        }))
        .expect(json!({ "statusCode": 200, "body": { "page_size": 1 }, "headers": { "content-type": "*" } }))
        .wrong(json!({ "url": "x", "method": "TRACE" }), "not found in options"),
    ]
}

/// An input with another value.
fn with(input: &Value, name: &str, value: Value) -> Value {
    let mut input = input.clone();
    input[name] = value;
    input
}
