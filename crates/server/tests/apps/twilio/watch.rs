//! The rows of the triggers that poll.

use halyard_automation::apps::run::{self, Cursor};
use serde_json::{Value, json};

use super::polling::Watch;
use crate::{
    driver::{Driver, check_failure},
    twilio_server::{Fault, Twilio},
};

/// The module, an input that its form refuses, and the words with which it does.
const WATCHED: [(&str, &str, &str); 5] = [
    ("WatchMessages", r#"{"limit":0}"#, "Minimum value is 1"),
    ("WatchCalls", r#"{"status":"answered"}"#, "not found in options"),
    ("WatchRecordings", r#"{"callId":"CA1"}"#, "doesn't match the pattern"),
    ("WatchTranscriptions", r#"{"limit":-1}"#, "Minimum value is"),
    ("WatchAlerts", r#"{"logLevel":"loud"}"#, "not found in options"),
];

pub(super) async fn rows(driver: &mut Driver) {
    // A server of its own, because alerts need dates that are near the clock of this machine.
    let twilio = &Twilio::start().await;
    let furnished = std::mem::replace(&mut driver.service.base_url, twilio.base());
    let now = driver.host.clock.now() / 1000;
    twilio.set_now(now + 60);
    let recording = twilio.add_recording(now - 120, &json!({}));
    for n in 0..250 {
        twilio.add_alert(now - 300 + n, &json!({}));
        twilio.add_recording(now - 300 + n, &json!({}));
        twilio.add_message(now - 300 + n, &json!({}));
        twilio.add_call(now - 300 + n, &json!({}));
        twilio.add_transcription(now - 300 + n, &recording, &json!({}));
    }
    for (module, refused, words) in WATCHED {
        driver.check_lint(module);
        driver.check_options(module).await;
        let happy = happy(driver, module, now).await;
        driver.table.row(module, "happy", happy);
        let refused: Value = serde_json::from_str(refused).unwrap();
        let seen = driver.check_refused(module, &refused, words);
        driver.table.row(module, "wrong input", seen);
        for (check, fault) in [
            ("4xx", Fault::new(400, 21211, "Not like this")),
            ("429", Fault { message: "Not like this", ..Fault::too_many() }),
            ("5xx", Fault::new(503, 20503, "Not like this")),
        ] {
            let seen = failing(driver, twilio, module, check, fault).await;
            driver.table.row(module, check, seen);
        }
        let seen = limited(driver, twilio, module, now).await;
        driver.table.row(module, "limit", seen);
    }
    driver.service.base_url = furnished;
}

/// All of what is there, oldest first, then nothing.
async fn happy(driver: &Driver, module: &'static str, now: i64) -> Result<String, String> {
    let mut watch = Watch::since(driver, module, json!({ "limit": 1000 }), now - 300);
    let bundles = watch.bundles().await?;
    let field = if module == "WatchAlerts" { "date_generated" } else { "date_created" };
    let dates: Vec<&str> = bundles.iter().map(|bundle| bundle[field].as_str().unwrap()).collect();
    let ordered = dates.is_sorted();
    let again = watch.bundles().await?.len();
    // The recording that the transcriptions are of is one more.
    let expected = if module == "WatchRecordings" { 251 } else { 250 };
    match (bundles.len() == expected, ordered, again) {
        (true, true, 0) => Ok("ok".to_owned()),
        _ => Err(format!("{} bundles, in order: {ordered}, then {again}", bundles.len())),
    }
}

async fn failing(
    driver: &Driver,
    twilio: &Twilio,
    module: &'static str,
    check: &'static str,
    fault: Fault,
) -> Result<String, String> {
    let about = driver.module(module);
    let expected = driver.service.faults.iter().find(|fault| fault.check == check);
    let parameters = driver.fill(about, &json!({ "limit": 10 }))?;
    let scene = driver.scene(parameters, &driver.service.base_url);
    twilio.fail([fault]);
    let polled = run::poll(&driver.host, about, &scene, &Cursor::all(), None).await;
    check_failure(expected.expect("a fault for each check"), polled.map(|_| ()))
}

/// Less than there is, and the rest with the next polls.
async fn limited(
    driver: &Driver,
    twilio: &Twilio,
    module: &'static str,
    now: i64,
) -> Result<String, String> {
    let mut watch = Watch::since(driver, module, json!({ "limit": 120 }), now - 300);
    twilio.asked();
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.extend(watch.poll().await);
    }
    let pages = twilio.asked().len();
    let count = seen.len();
    seen.sort_unstable();
    seen.dedup();
    let expected = if module == "WatchRecordings" { 251 } else { 250 };
    if count == expected && seen.len() == count && pages > 3 {
        return Ok("ok over several pages".to_owned());
    }
    Err(format!("{count} bundles, {} different, from {pages} pages", seen.len()))
}
