//! Polling: what is new comes once, oldest first, and nothing is missed.

use halyard_automation::apps::run::{self, Cursor};
use halyard_iml::Date;
use serde_json::{Value, json};

use super::world::{self, NOON};
use crate::{
    driver::{Driver, iml, plain},
    twilio_server::{Fault, Twilio},
};

/// A trigger that is watched.
pub(super) struct Watch<'a> {
    driver: &'a Driver,
    module: &'static str,
    input: Value,
    /// As it is stored between two polls.
    cursor: String,
}

impl<'a> Watch<'a> {
    /// From a moment on.
    pub(super) fn since(driver: &'a Driver, module: &'static str, input: Value, at: i64) -> Self {
        let cursor = Cursor::since(Date::from_ms(at * 1000).unwrap());
        Self { driver, module, input, cursor: serde_json::to_string(&cursor).unwrap() }
    }

    /// Everything there is.
    pub(super) fn all(driver: &'a Driver, module: &'static str, input: Value) -> Self {
        let cursor = serde_json::to_string(&Cursor::all()).unwrap();
        Self { driver, module, input, cursor }
    }

    /// The bundles of a poll. The cursor moves only when it succeeds, and is read anew each time, as
    /// after a restart.
    pub(super) async fn bundles(&mut self) -> Result<Vec<Value>, String> {
        let module = self.driver.module(self.module);
        let parameters = self.driver.fill(module, &self.input)?;
        let scene = self.driver.scene(parameters, &self.driver.service.base_url);
        let cursor: Cursor = serde_json::from_str(&self.cursor).unwrap();
        let polled = run::poll(&self.driver.host, module, &scene, &cursor, None)
            .await
            .map_err(|failure| failure.to_string())?;
        self.cursor = serde_json::to_string(&polled.cursor).unwrap();
        Ok(polled.bundles.iter().map(plain).collect())
    }

    /// The SIDs that a poll brings.
    pub(super) async fn poll(&mut self) -> Vec<String> {
        let bundles = self.bundles().await.unwrap();
        bundles.iter().map(|bundle| bundle["sid"].as_str().unwrap().to_owned()).collect()
    }
}

async fn begin() -> (Twilio, Driver) {
    let twilio = Twilio::start().await;
    twilio.set_now(NOON);
    let driver = Driver::load("twilio", world::nothing(&twilio)).await;
    (twilio, driver)
}

fn limit(limit: u32) -> Value {
    json!({ "limit": limit })
}

#[tokio::test]
async fn only_what_comes_later_is_new() {
    let (twilio, driver) = begin().await;
    twilio.add_message(NOON - 100, &json!({}));
    let mut watch = Watch::since(&driver, "WatchMessages", limit(10), NOON);
    assert!(watch.poll().await.is_empty());
    let first = twilio.add_message(NOON + 1, &json!({}));
    let second = twilio.add_message(NOON + 2, &json!({ "date_sent": null, "status": "queued" }));
    assert_eq!(watch.poll().await, [first, second.clone()]);
    // A later status is nothing new.
    twilio.change(
        &second,
        &json!({ "status": "delivered", "date_sent": "Mon, 4 May 2026 12:05:00 +0000" }),
    );
    assert!(watch.poll().await.is_empty());
}

#[tokio::test]
async fn everything_is_new_to_who_wants_it_all() {
    let (twilio, driver) = begin().await;
    let sids: Vec<_> = (0..5).map(|n| twilio.add_message(NOON - 1000 + n, &json!({}))).collect();
    let mut watch = Watch::all(&driver, "WatchMessages", limit(10));
    assert_eq!(watch.poll().await, sids);
    assert!(watch.poll().await.is_empty());
}

#[tokio::test]
async fn items_of_one_second_come_once_each_also_over_several_polls() {
    let (twilio, driver) = begin().await;
    let mut watch = Watch::since(&driver, "WatchMessages", limit(10), NOON);
    let mut known =
        vec![twilio.add_message(NOON + 1, &json!({})), twilio.add_message(NOON + 1, &json!({}))];
    let mut seen = watch.poll().await;
    for _ in 0..3 {
        known.push(twilio.add_message(NOON + 1, &json!({})));
        seen.extend(watch.poll().await);
        seen.extend(watch.poll().await);
    }
    assert_eq!(sorted(seen), sorted(known));
}

#[tokio::test]
async fn a_second_with_more_items_than_the_limit_is_worked_off() {
    let (twilio, driver) = begin().await;
    let mut watch = Watch::since(&driver, "WatchMessages", limit(2), NOON);
    let known: Vec<_> = (0..7).map(|_| twilio.add_message(NOON + 1, &json!({}))).collect();
    let mut seen = Vec::new();
    for count in [2, 2, 2, 1, 0] {
        let polled = watch.poll().await;
        assert_eq!(polled.len(), count);
        seen.extend(polled);
    }
    assert_eq!(sorted(seen), sorted(known));
}

#[tokio::test]
async fn what_exceeds_the_limit_comes_next_and_the_oldest_first() {
    let (twilio, driver) = begin().await;
    let mut watch = Watch::since(&driver, "WatchMessages", limit(2), NOON);
    let mut known: Vec<_> = (1..=5).map(|n| twilio.add_message(NOON + n, &json!({}))).collect();
    let mut seen = watch.poll().await;
    // Newer ones do not push older ones out.
    known.push(twilio.add_message(NOON + 9, &json!({})));
    for _ in 0..3 {
        seen.extend(watch.poll().await);
    }
    assert_eq!(seen, known);
}

#[tokio::test]
async fn new_items_over_several_pages_all_come_in_order() {
    let (twilio, driver) = begin().await;
    for n in 0..150 {
        twilio.add_message(NOON - 4000 + n, &json!({}));
    }
    let mut watch = Watch::since(&driver, "WatchMessages", limit(1000), NOON);
    let known: Vec<_> = (1..=250).map(|n| twilio.add_message(NOON + n, &json!({}))).collect();
    twilio.asked();
    assert_eq!(watch.poll().await, known);
    // The page with the last new one is followed by one with old ones only, and by no other.
    assert_eq!(twilio.asked().len(), 4);
    assert!(watch.poll().await.is_empty());
    assert!(twilio.asked().len() < 5);
}

#[tokio::test]
async fn deletions_between_two_pages_cost_nothing() {
    let (twilio, driver) = begin().await;
    let mut watch = Watch::since(&driver, "WatchMessages", limit(1000), NOON);
    let known: Vec<_> = (1..=150).map(|n| twilio.add_message(NOON + n, &json!({}))).collect();
    // The first page ends with the fiftieth; it and some before and behind it vanish.
    let gone = [known[49].clone(), known[50].clone(), known[149].clone(), known[10].clone()];
    let taken = gone.clone();
    twilio.after_next_page(move |behind| taken.iter().for_each(|sid| behind.remove(sid)));
    let seen = watch.poll().await;
    let left: Vec<_> = known.iter().filter(|sid| !gone.contains(sid)).cloned().collect();
    let alive: Vec<_> = seen.iter().filter(|sid| !gone.contains(sid)).cloned().collect();
    assert_eq!(alive, left);
    assert_eq!(sorted(seen.clone()).len(), seen.len());
}

#[tokio::test]
async fn arrivals_between_two_pages_come_once() {
    let (twilio, driver) = begin().await;
    let mut watch = Watch::since(&driver, "WatchMessages", limit(1000), NOON);
    let known: Vec<_> = (1..=150).map(|n| twilio.add_message(NOON + n, &json!({}))).collect();
    twilio.after_next_page(|behind| {
        behind.add_message(NOON + 150, &json!({}));
        behind.add_message(NOON + 151, &json!({}));
    });
    let mut seen = watch.poll().await;
    assert_eq!(seen, known);
    seen.extend(watch.poll().await);
    assert_eq!(sorted(seen), sorted(twilio.sids("SM")));
}

#[tokio::test]
async fn what_becomes_visible_late_still_comes() {
    let (twilio, driver) = begin().await;
    let mut watch = Watch::since(&driver, "WatchMessages", limit(10), NOON);
    let on_time = twilio.add_message(NOON + 200, &json!({}));
    assert_eq!(watch.poll().await, [on_time]);
    let late = twilio.add_message(NOON + 20, &json!({}));
    // What was there before the start stays old, however near.
    twilio.add_message(NOON - 20, &json!({}));
    assert_eq!(watch.poll().await, [late]);
    assert!(watch.poll().await.is_empty());
}

#[tokio::test]
async fn a_poll_that_fails_loses_nothing() {
    let (twilio, driver) = begin().await;
    let mut watch = Watch::since(&driver, "WatchMessages", limit(1000), NOON);
    let known: Vec<_> = (1..=120).map(|n| twilio.add_message(NOON + n, &json!({}))).collect();
    twilio.fail([Fault::too_many()]);
    let words = watch.bundles().await.unwrap_err();
    assert!(words.contains("RateLimitError"), "{words}");
    // The second page fails as well.
    twilio.after_next_page(|behind| behind.fail(Fault::gateway()));
    assert!(watch.bundles().await.is_err());
    assert_eq!(watch.poll().await, known);
}

#[tokio::test]
async fn a_list_without_an_end_ends() {
    let (twilio, driver) = begin().await;
    let known =
        [twilio.add_message(NOON + 1, &json!({})), twilio.add_message(NOON + 2, &json!({}))];
    twilio.never_end();
    let mut watch = Watch::since(&driver, "WatchMessages", limit(1000), NOON);
    assert_eq!(watch.poll().await, known);
    assert_eq!(twilio.asked().len(), 2);
}

#[tokio::test]
async fn filters_reach_the_service() {
    let (twilio, driver) = begin().await;
    let wanted = twilio.add_message(NOON + 1, &json!({ "to": "+15550000001" }));
    twilio.add_message(NOON + 2, &json!({}));
    let input = json!({ "to": "+15550000001", "limit": 10 });
    let mut watch = Watch::since(&driver, "WatchMessages", input, NOON);
    assert_eq!(watch.poll().await, [wanted]);
    assert_eq!(twilio.asked()[0].parameter("To"), Some("+15550000001"));
}

#[tokio::test]
async fn a_call_is_new_when_it_is_first_seen_in_the_wanted_status() {
    let (twilio, driver) = begin().await;
    let input = json!({ "status": "completed", "limit": 10 });
    let mut watch = Watch::since(&driver, "WatchCalls", input, NOON);
    let long = twilio.add_call(NOON + 1, &json!({ "status": "in-progress", "end_time": null }));
    let short = twilio.add_call(NOON + 600, &json!({}));
    assert_eq!(watch.poll().await, [short]);
    twilio.change(&long, &json!({ "status": "completed" }));
    assert_eq!(watch.poll().await, [long]);
    assert!(watch.poll().await.is_empty());
}

#[tokio::test]
async fn a_call_that_has_no_dates_yet_waits_for_them() {
    let (twilio, driver) = begin().await;
    let mut watch = Watch::since(&driver, "WatchCalls", limit(10), NOON);
    let queued = json!({ "date_created": null, "start_time": null, "status": "queued" });
    let call = twilio.add_call(NOON + 1, &queued);
    assert!(watch.poll().await.is_empty());
    twilio.change(&call, &json!({ "start_time": "Mon, 4 May 2026 12:00:05 +0000" }));
    assert_eq!(watch.poll().await, [call]);
}

#[tokio::test]
async fn recordings_come_when_they_are_finished() {
    let (twilio, driver) = begin().await;
    let mut watch = Watch::since(&driver, "WatchRecordings", limit(10), NOON);
    let running = twilio.add_recording(NOON + 1, &json!({ "status": "in-progress" }));
    let done = twilio.add_recording(NOON + 2, &json!({}));
    assert_eq!(watch.poll().await, [done]);
    twilio.change(&running, &json!({ "status": "processing" }));
    assert!(watch.poll().await.is_empty());
    twilio.change(&running, &json!({ "status": "completed" }));
    assert_eq!(watch.poll().await, [running]);
    assert!(watch.poll().await.is_empty());
    let asked = twilio.asked();
    assert_eq!(asked.last().unwrap().parameter("DateCreated>"), Some("2026-05-02"));
}

#[tokio::test]
async fn transcriptions_come_when_they_are_finished() {
    let (twilio, driver) = begin().await;
    let recording = twilio.add_recording(NOON, &json!({}));
    let mut watch = Watch::since(&driver, "WatchTranscriptions", limit(10), NOON);
    let running = json!({ "status": "in-progress", "transcription_text": null });
    let running = twilio.add_transcription(NOON + 1, &recording, &running);
    let failed = twilio.add_transcription(NOON + 2, &recording, &json!({ "status": "failed" }));
    assert_eq!(watch.poll().await, [failed]);
    twilio.change(&running, &json!({ "status": "completed", "transcription_text": "Hello" }));
    let bundles = watch.bundles().await.unwrap();
    assert_eq!(bundles[0]["sid"], running);
    assert_eq!(bundles[0]["transcription_text"], "Hello");
    assert_eq!(bundles[0]["date_created"], "2026-05-04T12:00:01.000Z");
}

#[tokio::test]
async fn alerts_are_asked_for_within_thirty_days() {
    let (twilio, driver) = begin().await;
    // Now is the clock of this machine, since the app asks it for the bound.
    let now = driver.host.clock.now() / 1000;
    twilio.set_now(now + 5);
    let old = twilio.add_alert(now - 29 * 86_400, &json!({}));
    twilio.add_alert(now - 10, &json!({ "log_level": "warning" }));
    let input = json!({ "logLevel": "error", "startDate": "2020-01-01T00:00:00Z", "limit": 10 });
    let mut watch = Watch::all(&driver, "WatchAlerts", input);
    assert_eq!(watch.poll().await, [old]);
    let asked = twilio.asked();
    assert_eq!(asked[0].parameter("LogLevel"), Some("error"));
    let start = asked[0].parameter("StartDate").unwrap();
    assert_eq!(start.len(), "2026-05-04T12:00:00Z".len(), "{start}");
    let new = twilio.add_alert(now - 5, &json!({}));
    // Alerts are stored some time after they were generated.
    let late = twilio.add_alert(now - 700, &json!({}));
    assert_eq!(watch.poll().await, [late, new]);
    assert!(watch.poll().await.is_empty());
}

#[tokio::test]
async fn alerts_end_with_the_end_date() {
    let (twilio, driver) = begin().await;
    let now = driver.host.clock.now() / 1000;
    twilio.set_now(now + 5);
    let before = twilio.add_alert(now - 3600, &json!({}));
    twilio.add_alert(now - 10, &json!({}));
    let end = Date::from_ms((now - 1800) * 1000).unwrap();
    let end = plain(&halyard_iml::Value::Date(end));
    let mut watch = Watch::all(&driver, "WatchAlerts", json!({ "endDate": end, "limit": 10 }));
    assert_eq!(watch.poll().await, [before]);
}

#[tokio::test]
async fn people_can_choose_where_to_start() {
    let (twilio, driver) = begin().await;
    let sids: Vec<_> = (1..=4)
        .map(|n| twilio.add_message(NOON + n, &json!({ "body": format!("No. {n}") })))
        .collect();
    let module = driver.module("WatchMessages");
    let scene = driver.scene(iml(&limit(10)), &driver.service.base_url);
    let starts = run::epoch(&driver.host, module, &scene).await.unwrap();
    let third = starts.iter().find(|start| start.label.ends_with("No. 3")).expect("a label of it");
    let mut watch = Watch::all(&driver, "WatchMessages", limit(10));
    watch.cursor = serde_json::to_string(&third.cursor).unwrap();
    assert_eq!(watch.poll().await, sids[2..]);
}

fn sorted(mut sids: Vec<String>) -> Vec<String> {
    sids.sort_unstable();
    sids.dedup();
    sids
}
