//! What reaches the service, parameter by parameter.

use serde_json::{Value, json};

use super::world;
use crate::{
    driver::Driver,
    twilio_server::{Asked, Fault, NUMBER, Twilio, account},
};

async fn sent(driver: &Driver, twilio: &Twilio, module: &str, input: Value) -> Asked {
    twilio.asked();
    if let Err(wrong) = driver.call(module, &input).await {
        panic!("{module}: {wrong}");
    }
    twilio.asked().remove(0)
}

fn form(asked: &Asked) -> Vec<(&str, &str)> {
    let mut fields: Vec<(&str, &str)> =
        asked.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    fields.sort_unstable();
    fields
}

async fn begin() -> (Twilio, Driver) {
    let twilio = Twilio::start().await;
    let driver = Driver::load("twilio", world::furnish(&twilio)).await;
    (twilio, driver)
}

#[tokio::test]
async fn every_field_of_a_message_reaches_the_service() {
    let (twilio, driver) = begin().await;
    let asked = sent(&driver, &twilio, "CreateAMessage", json!({
        "sendFrom": "phoneNumber", "sender": NUMBER, "to": "+15558675310", "body": "Für dich & mich",
        "mediaUrl": ["https://h/a.png", "https://h/b.png"], "smartEncoded": true,
        "validityPeriod": 14_400, "statusCallback": "https://h/status?flow=7",
        "applicationSid": "$application.sid", "maxPrice": "0.0750", "provideFeedback": false,
    }))
    .await;
    assert_eq!(asked.method, "POST");
    assert_eq!(asked.path, format!("/2010-04-01/Accounts/{}/Messages.json", account()));
    let kind = asked.content_type.as_deref().unwrap();
    assert!(kind.starts_with("application/x-www-form-urlencoded"), "{kind}");
    let application = driver.service.names.get("application.sid").as_str().unwrap();
    assert_eq!(
        form(&asked),
        [
            ("ApplicationSid", application),
            ("Body", "Für dich & mich"),
            ("From", NUMBER),
            ("MaxPrice", "0.0750"),
            ("MediaUrl", "https://h/a.png"),
            ("MediaUrl", "https://h/b.png"),
            ("ProvideFeedback", "false"),
            ("SmartEncoded", "true"),
            ("StatusCallback", "https://h/status?flow=7"),
            ("To", "+15558675310"),
            ("ValidityPeriod", "14400"),
        ]
    );
}

#[tokio::test]
async fn each_kind_of_sender_has_its_own_parameter() {
    let (twilio, driver) = begin().await;
    let message = |kind: &str, sender: Value, to: &str| json!({ "sendFrom": kind, "sender": sender, "to": to, "body": "Hi" });
    let service = driver.service.names.get("service.sid").clone();
    let phone = "+15558675310";
    for (input, parameter, value) in [
        (
            message("messagingService", service.clone(), phone),
            "MessagingServiceSid",
            service.as_str().unwrap(),
        ),
        (message("alphanumericSender", json!("Parcels"), phone), "From", "Parcels"),
        (
            message("channel", json!("whatsapp:+15005550006"), "whatsapp:+15558675310"),
            "From",
            "whatsapp:+15005550006",
        ),
        (message("phoneNumber", json!("67898"), phone), "From", "67898"),
    ] {
        let asked = sent(&driver, &twilio, "CreateAMessage", input).await;
        assert_eq!(asked.parameter(parameter), Some(value));
        assert_eq!(asked.parameters.len(), 3, "{:?}", asked.parameters);
    }
}

#[tokio::test]
async fn every_field_of_a_call_reaches_the_service() {
    let (twilio, driver) = begin().await;
    let asked = sent(&driver, &twilio, "CreateACall", json!({
        "callFrom": "phoneNumber", "caller": NUMBER, "to": "sip:ann@example.com",
        "instructions": "url", "url": "https://h/voice", "method": "GET",
        "twiml": "not chosen", "byoc": "BY0123456789abcdef0123456789abcdef", "sendDigits": "12w#",
        "timeout": 20, "trim": false, "callerId": "+15005550010",
        "sipAuth": true, "sipAuthUsername": "ann", "sipAuthPassword": "secret",
        "record": true, "recordingChannels": "dual", "recordingTrack": "inbound",
        "recordingStatusCallback": "https://h/recorded", "recordingStatusCallbackMethod": "GET",
        "recordingStatusCallbackEvent": ["in-progress", "completed"],
        "machineDetection": "DetectMessageEnd", "machineDetectionTimeout": 10,
        "machineDetectionSpeechThreshold": 2000, "machineDetectionSpeechEndThreshold": 900,
        "machineDetectionSilenceTimeout": 4000, "asyncAmd": "background",
        "asyncAmdStatusCallback": "https://h/amd", "asyncAmdStatusCallbackMethod": "POST",
        "statusCallback": "https://h/progress", "statusCallbackEvent": ["initiated", "answered"],
        "fallbackUrl": "https://h/fallback",
    }))
    .await;
    assert_eq!(
        form(&asked),
        [
            ("AsyncAmd", "true"),
            ("AsyncAmdStatusCallback", "https://h/amd"),
            ("AsyncAmdStatusCallbackMethod", "POST"),
            ("Byoc", "BY0123456789abcdef0123456789abcdef"),
            ("CallerId", "+15005550010"),
            ("FallbackUrl", "https://h/fallback"),
            ("From", NUMBER),
            ("MachineDetection", "DetectMessageEnd"),
            ("MachineDetectionSilenceTimeout", "4000"),
            ("MachineDetectionSpeechEndThreshold", "900"),
            ("MachineDetectionSpeechThreshold", "2000"),
            ("MachineDetectionTimeout", "10"),
            ("Method", "GET"),
            ("Record", "true"),
            ("RecordingChannels", "dual"),
            ("RecordingStatusCallback", "https://h/recorded"),
            ("RecordingStatusCallbackEvent", "completed"),
            ("RecordingStatusCallbackEvent", "in-progress"),
            ("RecordingStatusCallbackMethod", "GET"),
            ("RecordingTrack", "inbound"),
            ("SendDigits", "12w#"),
            ("SipAuthPassword", "secret"),
            ("SipAuthUsername", "ann"),
            ("StatusCallback", "https://h/progress"),
            ("StatusCallbackEvent", "answered"),
            ("StatusCallbackEvent", "initiated"),
            ("Timeout", "20"),
            ("To", "sip:ann@example.com"),
            ("Trim", "do-not-trim"),
            ("Url", "https://h/voice"),
        ]
    );
}

#[tokio::test]
async fn what_is_not_chosen_is_not_sent() {
    let (twilio, driver) = begin().await;
    let asked = sent(
        &driver,
        &twilio,
        "CreateACall",
        json!({
            "callFrom": "phoneNumber", "caller": NUMBER, "to": "+15558675310",
            "instructions": "application", "applicationSid": "$application.sid",
            "asyncAmd": "blocking",
        }),
    )
    .await;
    let application = driver.service.names.get("application.sid").as_str().unwrap();
    assert_eq!(
        form(&asked),
        [
            ("ApplicationSid", application),
            ("AsyncAmd", "false"),
            ("From", NUMBER),
            ("To", "+15558675310"),
        ]
    );
    let asked = sent(&driver, &twilio, "ListMessages", json!({ "limit": 3 })).await;
    assert_eq!(form(&asked), [("PageSize", "3")]);
}

#[tokio::test]
async fn forms_refuse_what_the_service_would_refuse() {
    let twilio = Twilio::start().await;
    let driver = Driver::load("twilio", world::furnish(&twilio)).await;
    let message = json!({
        "sendFrom": "phoneNumber", "sender": NUMBER, "to": "+15558675310", "body": "Hi",
    });
    let call = json!({
        "callFrom": "phoneNumber", "caller": NUMBER, "to": "+15558675310",
        "instructions": "url", "url": "https://h/voice",
    });
    let other = |input: &Value, changes: Value| {
        let mut input = input.clone();
        for (name, value) in changes.as_object().unwrap() {
            input[name] = value.clone();
        }
        input
    };
    let eleven: Vec<_> = (0..11).map(|n| format!("https://h/{n}")).collect();
    for (module, input, words) in [
        ("CreateAMessage", other(&message, json!({ "to": "" })), "Field is mandatory."),
        ("CreateAMessage", other(&message, json!({ "mediaUrl": eleven })), "more than 10 items"),
        ("CreateAMessage", other(&message, json!({ "validityPeriod": 0 })), "Minimum value is 1."),
        (
            "CreateAMessage",
            other(&message, json!({ "validityPeriod": 14_401 })),
            "Maximum value is 14400.",
        ),
        (
            "CreateAMessage",
            other(&message, json!({ "maxPrice": "0.12345" })),
            "doesn't match the pattern",
        ),
        (
            "CreateAMessage",
            other(&message, json!({ "sendFrom": "alphanumericSender", "sender": "123" })),
            "doesn't match the pattern",
        ),
        (
            "CreateAMessage",
            other(
                &message,
                json!({ "sendFrom": "alphanumericSender", "sender": "Parcel Service" }),
            ),
            "maximum length of 11",
        ),
        (
            "CreateACall",
            other(&call, json!({ "sendDigits": "1".repeat(33) })),
            "maximum length of 32",
        ),
        ("CreateACall", other(&call, json!({ "timeout": 601 })), "Maximum value is 600."),
        ("CreateACall", other(&call, json!({ "byoc": "BY1" })), "doesn't match the pattern"),
        ("CreateACall", other(&call, json!({ "instructions": "twiml" })), "Field is mandatory."),
        (
            "CreateACall",
            other(&call, json!({ "instructions": "twiml", "twiml": "x".repeat(4001) })),
            "maximum length of 4000",
        ),
        (
            "CreateACall",
            other(&call, json!({ "sipAuth": true, "sipAuthUsername": "ann" })),
            "Field is mandatory.",
        ),
        (
            "CreateACall",
            other(&call, json!({ "machineDetection": "Enable", "machineDetectionTimeout": 2 })),
            "Minimum value is 3.",
        ),
        (
            "CreateACall",
            other(
                &call,
                json!({ "recordingTrack": "both", "record": true, "recordingChannels": "quad" }),
            ),
            "not found in options",
        ),
    ] {
        if let Err(wrong) = driver.check_refused(module, &input, words) {
            panic!("{module} {input}: {wrong}");
        }
    }
    assert_eq!(twilio.asked().len(), 0);
}

#[tokio::test]
async fn a_key_serves_as_well_as_the_token() {
    let twilio = Twilio::start().await;
    let mut service = world::furnish(&twilio);
    service.connection = world::by_key();
    let driver = Driver::load("twilio", service).await;
    let called = driver.call("ListMessages", &json!({ "limit": 2 })).await.unwrap();
    assert_eq!(called.bundles.len(), 2);
}

#[tokio::test]
async fn errors_say_what_can_be_done() {
    let (twilio, driver) = begin().await;
    let one = json!({ "messageId": "$message.sid" });
    for (fault, words) in [
        (
            Fault::new(401, 20003, "Authenticate"),
            "InvalidAccessTokenError: [401] Authenticate: the Account SID, the key or the token is not accepted.",
        ),
        (Fault::new(404, 20404, "Not found"), "DataError: [404] Not found (error 20404)"),
        (
            Fault::new(409, 20009, "Resource not complete"),
            "IncompleteDataError: [409] Resource not complete (error 20009)",
        ),
        (Fault::gateway(), "ConnectionError: [502] The service gave no reason."),
    ] {
        twilio.fail([fault]);
        let words_seen = driver.call("GetAMessage", &one).await.err().unwrap();
        assert!(words_seen.contains(words), "{words_seen}");
    }
}

#[tokio::test]
async fn a_list_without_an_end_ends() {
    let (twilio, driver) = begin().await;
    twilio.never_end();
    twilio.asked();
    let called =
        driver.call("ListMessages", &json!({ "limit": 5000, "from": "+15005550010" })).await;
    assert_eq!(called.unwrap().requests, 2);
    assert_eq!(twilio.asked().len(), 2);
}

#[tokio::test]
async fn a_call_of_the_api_stays_at_the_service() {
    let (twilio, driver) = begin().await;
    for url in [
        "/v1/Alerts",
        "v1/Alerts",
        "https://api.twilio.com/v1/Alerts",
        "http://evil.example/v1/Alerts",
    ] {
        twilio.asked();
        let called = driver.call("MakeAnAPICall", &json!({ "url": url, "method": "GET" })).await;
        assert_eq!(called.is_ok(), !url.contains("://"), "{url}");
        let asked = twilio.asked();
        assert_eq!(asked.len(), 1, "{url} went elsewhere");
    }
    let asked = sent(
        &driver,
        &twilio,
        "MakeAnAPICall",
        json!({
            "url": format!("2010-04-01/Accounts/{}/Messages.json", account()), "method": "POST",
            "body": format!("To=%2B15558675310&From=%2B{}&Body=a+b", &NUMBER[1..]),
        }),
    )
    .await;
    assert_eq!(form(&asked), [("Body", "a b"), ("From", NUMBER), ("To", "+15558675310")]);
}
