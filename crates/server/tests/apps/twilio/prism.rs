//! The vendor's own specification as a judge: Prism refuses requests that are not in it, and as a
//! proxy also answers of our test server that are not.
//!
//! Runs where `HALYARD_TWILIO_SPEC` names a folder with the vendor's OpenAPI documents and
//! `HALYARD_PRISM` the program (`scripts/prism.sh` installs it). Elsewhere the reviewed table is
//! handed on, so that comparing tables needs neither.

use std::{
    env, fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use halyard_automation::apps::{
    ModuleKind,
    run::{self, Cursor, Failure},
};
use halyard_platform::db::testing::eventually;
use serde_json::{Value, json};

use super::world;
use crate::{
    driver::{Driver, iml},
    twilio_server::{NUMBER, Twilio},
};

const TABLE: &str = "apps.twilio.prism.tsv";

/// Where the documents and the program are.
struct Judge {
    documents: PathBuf,
    program: PathBuf,
}

/// A process of Prism.
struct Prism {
    child: Child,
    base: String,
}

impl Drop for Prism {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Judge {
    fn found() -> Option<Self> {
        let place = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        Some(Self { documents: place("HALYARD_TWILIO_SPEC")?, program: place("HALYARD_PRISM")? })
    }

    /// Starts Prism with a document: as a server that answers with examples, or before another one.
    async fn start(&self, document: &str, scratch: &Path, upstream: Option<&str>) -> Prism {
        let text = fs::read_to_string(self.documents.join(document)).unwrap();
        let mut specification: Value = serde_json::from_str(&text).unwrap();
        relax(&mut specification);
        let relaxed = scratch.join(document);
        fs::write(&relaxed, specification.to_string()).unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut command = Command::new(&self.program);
        command.arg(if upstream.is_some() { "proxy" } else { "mock" });
        command.args(["--errors", "--host", "127.0.0.1", "--port", &free.port().to_string()]);
        command.arg(&relaxed).args(upstream);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        eventually("Prism listens", || async { TcpStream::connect(free).is_ok() }).await;
        Prism { child, base: format!("http://{free}") }
    }
}

/// The documents call addresses without a host `uri`, which is what their own examples fail at. And
/// that a list is sent by repeating its name, which is how lists are sent unless a document says
/// otherwise, has to be spelled out for Prism; of such a list it looks at the last value only.
fn relax(value: &mut Value) {
    match value {
        Value::Object(entries) => {
            if let Some(form) = entries.get_mut("application/x-www-form-urlencoded") {
                let properties = form["schema"]["properties"].as_object().cloned();
                for (name, schema) in properties.unwrap_or_default() {
                    if schema["type"] == "array" {
                        form["encoding"][name] = json!({ "style": "form", "explode": true });
                    }
                }
            }
            if entries.get("format") == Some(&json!("uri")) {
                entries.insert("format".to_owned(), json!("uri-reference"));
            }
            entries.values_mut().for_each(relax);
        }
        Value::Array(items) => items.iter_mut().for_each(relax),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_specification_of_the_vendor_finds_nothing() {
    let Some(judge) = Judge::found() else {
        println!(
            "skipped: Prism; set HALYARD_TWILIO_SPEC to a folder with Twilio's OpenAPI documents"
        );
        hand_on();
        return;
    };
    let scratch = tempfile::tempdir().unwrap();
    let apps = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../apps/twilio");
    let mock = Twilio::start().await;
    let mut driver = Driver::load_from("twilio.prism", &apps, world::nothing(&mock)).await;
    let api = judge.start("twilio_api_v2010.json", scratch.path(), None).await;
    let monitor = judge.start("twilio_monitor_v1.json", scratch.path(), None).await;
    rows(&mut driver, "examples", &mock, &api, &monitor).await;
    let twilio = Twilio::start().await;
    let upstream = twilio.base();
    let api = judge.start("twilio_api_v2010.json", scratch.path(), Some(&upstream)).await;
    let monitor = judge.start("twilio_monitor_v1.json", scratch.path(), Some(&upstream)).await;
    rows(&mut driver, "test server", &twilio, &api, &monitor).await;
    driver.conclude();
}

/// The table that was reviewed is what this run would have seen.
fn hand_on() {
    let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance").join(TABLE);
    let Some(out) = env::var_os("HALYARD_CONFORMANCE_OUT").map(PathBuf::from) else { return };
    if let (Ok(table), true) = (fs::read(&recorded), out.join(TABLE) != recorded) {
        fs::create_dir_all(&out).unwrap();
        fs::write(out.join(TABLE), table).unwrap();
    }
}

/// A row for each module and look-up.
async fn rows(
    driver: &mut Driver,
    check: &'static str,
    twilio: &Twilio,
    api: &Prism,
    monitor: &Prism,
) {
    driver.service.base_url.clone_from(&api.base);
    driver.service.connection["monitorUrl"] = json!(monitor.base);
    let now = driver.host.clock.now() / 1000;
    twilio.set_now(now);
    let message = twilio.add_message(now - 60, &json!({}));
    twilio.add_media(&message, "image/png");
    let call = twilio.add_call(now - 60, &json!({}));
    let recording = twilio.add_recording(now - 60, &json!({}));
    twilio.add_transcription(now - 60, &recording, &json!({ "price": null }));
    twilio.add_alert(now - 60, &json!({}));
    let application = twilio.sids("AP").remove(0);
    let account = crate::twilio_server::account();
    for (module, input) in [
        ("WatchMessages", json!({ "to": "+15558675310", "from": NUMBER, "limit": 5 })),
        (
            "CreateAMessage",
            json!({
                "sendFrom": "phoneNumber", "sender": NUMBER, "to": "+15558675310", "body": "Hello",
                "mediaUrl": ["https://example.com/a.png", "https://example.com/b.png"],
                "smartEncoded": true, "validityPeriod": 60, "statusCallback": "https://example.com/s",
                "applicationSid": application, "maxPrice": "0.05", "provideFeedback": true,
            }),
        ),
        ("ListMessages", json!({ "to": "+15558675310", "from": NUMBER, "limit": 5 })),
        ("GetAMessage", json!({ "messageId": message })),
        ("ListMessageMedia", json!({ "messageId": message })),
        ("DeleteAMessage", json!({ "messageId": message })),
        (
            "WatchCalls",
            json!({ "to": "+15558675310", "from": NUMBER, "limit": 5, "status": "completed", "parentCallSid": call }),
        ),
        (
            "CreateACall",
            json!({
                "callFrom": "phoneNumber", "caller": NUMBER, "to": "+15558675310",
                "instructions": "url", "url": "https://example.com/voice", "method": "POST",
                "byoc": "BY0123456789abcdef0123456789abcdef", "sendDigits": "12w#", "timeout": 20,
                "trim": true, "callerId": NUMBER, "sipAuth": true, "sipAuthUsername": "ann",
                "sipAuthPassword": "secret", "record": true, "recordingChannels": "dual",
                "recordingTrack": "both", "recordingStatusCallback": "https://example.com/r",
                "recordingStatusCallbackMethod": "POST",
                "recordingStatusCallbackEvent": ["in-progress", "completed"],
                "machineDetection": "Enable", "machineDetectionTimeout": 10,
                "machineDetectionSpeechThreshold": 2000, "machineDetectionSpeechEndThreshold": 900,
                "machineDetectionSilenceTimeout": 4000, "asyncAmd": "background",
                "asyncAmdStatusCallback": "https://example.com/a",
                "asyncAmdStatusCallbackMethod": "POST", "statusCallback": "https://example.com/p",
                "statusCallbackEvent": ["initiated", "answered"],
                "fallbackUrl": "https://example.com/f",
            }),
        ),
        (
            "ListCalls",
            json!({ "to": "+15558675310", "from": NUMBER, "limit": 5, "status": "completed", "parentCallSid": call }),
        ),
        ("GetACall", json!({ "callId": call })),
        ("DeleteACall", json!({ "callId": call })),
        (
            "WatchRecordings",
            json!({ "callId": call, "conferenceId": "CF0123456789abcdef0123456789abcdef", "limit": 5 }),
        ),
        ("ListRecordingTranscriptions", json!({ "recordingId": recording, "limit": 5 })),
        ("WatchTranscriptions", json!({ "limit": 5 })),
        (
            "WatchAlerts",
            json!({ "logLevel": "error", "startDate": "2026-05-04T00:00:00Z", "endDate": "2099-01-01T00:00:00Z", "limit": 5 }),
        ),
        (
            "MakeAnAPICall",
            json!({ "url": format!("2010-04-01/Accounts/{account}/Messages.json"), "method": "GET", "qs": [{ "key": "DateSent>", "value": "2026-05-04" }] }),
        ),
    ] {
        let seen = one(driver, module, &input).await;
        driver.table.row(module, check, seen);
    }
    driver.table.none("DownloadARecordingMedia", check, "sound is not in the specification");
    driver.table.none("NewMessageStatusEvent", check, "makes no request");
    let look_ups: Vec<String> = driver.app.rpcs.keys().cloned().collect();
    for name in &look_ups {
        if name == "listMessagingServices" {
            driver.table.none(name, check, "not in these documents");
            continue;
        }
        let scene = driver.scene(iml(&json!({})), &driver.service.base_url);
        let called = run::rpc(&driver.host, &driver.app.rpcs[name], &scene).await;
        driver.table.row(name, check, verdict(called.map(|_| ())));
    }
}

async fn one(driver: &Driver, name: &str, input: &Value) -> Result<String, String> {
    let module = driver.module(name);
    let scene = driver.scene(driver.fill(module, input)?, &driver.service.base_url);
    let host = &driver.host;
    let called = if module.kind == ModuleKind::Trigger {
        // Once from the beginning, and once more with a cursor, which changes what is asked.
        let polled = run::poll(host, module, &scene, &Cursor::all(), None).await;
        match polled {
            Ok(polled) => run::poll(host, module, &scene, &polled.cursor, None).await.map(|_| ()),
            Err(failure) => Err(failure),
        }
    } else {
        run::module(host, module, &scene).await.map(|_| ())
    };
    verdict(called)
}

/// `ok`, or what Prism has found.
fn verdict(called: Result<(), Failure>) -> Result<String, String> {
    let Err(failure) = called else { return Ok("ok".to_owned()) };
    let shown = failure.exchanges.last().and_then(|exchange| exchange.shown.as_ref());
    let found = shown.map(|shown| format!(" {} {}", shown.url, shown.response_body));
    Err(format!("{failure}{}", found.unwrap_or_default()))
}
