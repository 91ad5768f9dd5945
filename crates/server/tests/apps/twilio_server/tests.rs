//! That the server is what the vendor's documentation says, so that apps are held to that and not to
//! a mistake of ours.

use serde_json::{Value, json};

use super::{API_KEY, API_SECRET, AUTH_TOKEN, Fault, NUMBER, Twilio, account, client};

const NOON: i64 = 1_777_896_000;

async fn get(twilio: &Twilio, path: &str) -> (u16, Value) {
    let client = client();
    let request = client.get(format!("{}{path}", twilio.base()));
    let answer = request.basic_auth(account(), Some(AUTH_TOKEN)).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

async fn post(twilio: &Twilio, path: &str, form: &[(&str, &str)]) -> (u16, Value) {
    let client = client();
    let request = client.post(format!("{}{path}", twilio.base())).form(form);
    let answer = request.basic_auth(account(), Some(AUTH_TOKEN)).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

fn own(path: &str) -> String {
    format!("/2010-04-01/Accounts/{}{path}", account())
}

#[tokio::test]
async fn the_account_and_its_keys_may_ask_and_nobody_else() {
    let twilio = Twilio::start().await;
    let client = client();
    let path = own(".json");
    for (user, password, status) in [
        (account(), AUTH_TOKEN, 200),
        (API_KEY.to_owned(), API_SECRET, 200),
        (account(), "wrong", 401),
        (API_KEY.to_owned(), AUTH_TOKEN, 401),
    ] {
        let request = client.get(format!("{}{path}", twilio.base()));
        let answer = request.basic_auth(user, Some(password)).send().await.unwrap();
        assert_eq!(answer.status(), status);
        if status == 401 {
            let error: Value = answer.json().await.unwrap();
            assert_eq!(error["code"], 20003);
            assert_eq!(error["status"], 401);
        }
    }
    let (status, error) = get(&twilio, "/2010-04-01/Accounts/AC1/Messages.json").await;
    assert_eq!((status, &error["code"]), (401, &json!(20003)));
}

#[tokio::test]
async fn pages_follow_one_another_also_behind_what_is_gone() {
    let twilio = Twilio::start().await;
    let sids: Vec<_> = (0..5).map(|n| twilio.add_message(NOON + n, &json!({}))).collect();
    let (status, first) = get(&twilio, &own("/Messages.json?PageSize=2&To=%2B15558675310")).await;
    assert_eq!(status, 200);
    assert_eq!(first["messages"][0]["sid"], sids[4]);
    assert_eq!(first["messages"][0]["date_created"], "Mon, 4 May 2026 12:00:04 +0000");
    let next = first["next_page_uri"].as_str().unwrap();
    assert!(next.contains("To=%2B15558675310"), "{next}");
    assert!(next.ends_with(&format!("PageSize=2&Page=1&PageToken=PA{}", sids[3])), "{next}");
    twilio.remove(&sids[3]);
    let (_, second) = get(&twilio, next).await;
    assert_eq!(second["messages"][0]["sid"], sids[2]);
    assert_eq!((&second["start"], &second["end"]), (&json!(2), &json!(3)));
    let (_, last) = get(&twilio, second["next_page_uri"].as_str().unwrap()).await;
    assert_eq!(last["messages"].as_array().unwrap().len(), 1);
    assert_eq!(last["next_page_uri"], Value::Null);
    let (status, error) = get(&twilio, &own("/Messages.json?PageToken=PAnothing")).await;
    assert_eq!((status, &error["code"]), (400, &json!(21481)));
}

#[tokio::test]
async fn dates_filter_by_day_and_by_moment() {
    let twilio = Twilio::start().await;
    twilio.add_message(NOON, &json!({}));
    twilio.add_message(NOON, &json!({ "date_sent": null }));
    for (filter, count) in [
        ("DateSent=2026-05-04", 1),
        ("DateSent=2026-05-05", 0),
        ("DateSent%3E=2026-05-04T12:00:00Z", 1),
        ("DateSent%3E=2026-05-04T12:00:01Z", 0),
        ("DateSent%3C=2026-05-04", 1),
        ("DateSent%3C=2026-05-03", 0),
        ("", 2),
    ] {
        let (_, page) = get(&twilio, &own(&format!("/Messages.json?{filter}"))).await;
        assert_eq!(page["messages"].as_array().unwrap().len(), count, "{filter}");
    }
    let (status, error) = get(&twilio, &own("/Messages.json?DateSent=soon")).await;
    assert_eq!((status, &error["code"]), (400, &json!(20001)));
}

#[tokio::test]
async fn messages_are_checked_in_the_order_of_the_vendor() {
    let twilio = Twilio::start().await;
    let path = own("/Messages.json");
    let good = [("To", "+15558675310"), ("From", NUMBER), ("Body", "Hi")];
    for (fields, code) in [
        (vec![], 21604),
        (vec![("To", "1")], 21603),
        (vec![("To", "1"), ("From", "1")], 21602),
        (vec![("To", "1"), ("From", "1"), ("Body", "x")], 21211),
        (vec![("To", "+15558675310"), ("From", "+15005550007"), ("Body", "x")], 21606),
        ([good.as_slice(), &[("ValidityPeriod", "0")]].concat(), 21624),
        ([good.as_slice(), &[("MaxPrice", "much")]].concat(), 21627),
        ([good.as_slice(), &[("MediaUrl", "x")]].concat(), 21620),
        ([good.as_slice(), &[("MediaUrl", "https://h/x"); 11]].concat(), 21623),
    ] {
        let (status, error) = post(&twilio, &path, &fields).await;
        assert_eq!((status, &error["code"]), (400, &json!(code)), "{fields:?}: {error}");
        assert_eq!(error["more_info"], format!("https://www.twilio.com/docs/errors/{code}"));
    }
    let (status, made) = post(&twilio, &path, &good).await;
    assert_eq!(
        (status, &made["status"], &made["date_sent"]),
        (201, &json!("queued"), &Value::Null)
    );
    let sid = made["sid"].as_str().unwrap();
    assert_eq!(twilio.get(sid).unwrap()["to"], "+15558675310");
}

#[tokio::test]
async fn alerts_reach_back_thirty_days_and_name_whole_addresses() {
    let twilio = Twilio::start().await;
    twilio.set_now(NOON);
    twilio.add_alert(NOON - 31 * 86_400, &json!({}));
    let alerts: Vec<_> = (0..3).map(|n| twilio.add_alert(NOON - n, &json!({}))).collect();
    let (_, page) = get(&twilio, "/v1/Alerts?PageSize=2").await;
    assert_eq!(page["meta"]["key"], "alerts");
    assert_eq!(page["alerts"][0]["sid"], alerts[0]);
    let next = page["meta"]["next_page_url"].as_str().unwrap();
    let (_, rest) = get(&twilio, next.strip_prefix(&twilio.base()).unwrap()).await;
    assert_eq!(rest["alerts"].as_array().unwrap().len(), 1);
    let (status, _) = get(&twilio, "/v1/Alerts?StartDate=2026-03-01").await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn failures_come_as_the_test_wants_them() {
    let twilio = Twilio::start().await;
    twilio.fail([Fault::too_many(), Fault::gateway()]);
    let (status, error) = get(&twilio, &own("/Calls.json")).await;
    assert_eq!((status, &error["code"]), (429, &json!(20429)));
    assert_eq!(get(&twilio, &own("/Calls.json")).await, (502, Value::Null));
    assert_eq!(get(&twilio, &own("/Calls.json")).await.0, 200);
    assert_eq!(twilio.asked().len(), 3);
}
