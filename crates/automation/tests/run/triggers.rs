use std::sync::{Arc, Mutex};

use halyard_automation::apps::{
    App, ErrorType,
    run::{self, Cursor, Host, Polled, Scene},
};
use halyard_iml::Date;
use halyard_platform::outbound::loopback::{Loopback, Reply};

use crate::support::{Build, base, host, json, value};

/// Items as `(id, date)`, given out in pages of two, in this order.
struct Service {
    items: Arc<Mutex<Vec<(String, String)>>>,
    server: Loopback,
}

impl Service {
    async fn start() -> Self {
        let items: Arc<Mutex<Vec<(String, String)>>> = Arc::default();
        let held = items.clone();
        let server = Loopback::start(move |seen| {
            let page = seen.target.split("page=").nth(1).map_or(1, |page| page.parse().unwrap());
            let items = held.lock().unwrap();
            let shown: Vec<String> = items
                .iter()
                .skip((page - 1) * 2)
                .take(2)
                .map(|(id, date)| format!("{{\"id\": {id}, \"at\": \"{date}\"}}"))
                .collect();
            Reply::json(format!("{{\"data\": [{}]}}", shown.join(", ")))
        })
        .await;
        Self { items, server }
    }

    /// Items by id and the seconds of their date.
    fn set(&self, items: &[(&str, u32)]) {
        *self.items.lock().unwrap() = items
            .iter()
            .map(|(id, second)| ((*id).to_owned(), format!("2024-05-06T07:00:{second:02}Z")))
            .collect();
    }

    fn app(&self, trigger: &str, rest: &str) -> App {
        let communication = format!(
            r#"{{"url": "/list", "qs": {{"since": "{{{{data.lastDate}}}}", "last": "{{{{data.lastID}}}}"}},
            "pagination": {{"qs": {{"page": "{{{{pagination.page}}}}"}}}},
            "response": {{"iterate": "{{{{body.data}}}}", "output": {{"id": "{{{{item.id}}}}"}},
            "trigger": {{{trigger}, "id": "{{{{item.id}}}}", "date": "{{{{item.at}}}}"}}{rest}}}}}"#
        );
        let epoch = r#"{"response": {"limit": 300, "output": {"label": "Item {{item.id}}", "date": "{{item.at}}"}}}"#;
        Build::new(&base(&self.server.url())).trigger("m", &communication, epoch).app()
    }
}

async fn polled(host: &Host, app: &App, cursor: &Cursor, limit: Option<usize>) -> Polled {
    let scene = Scene::new(app, value("{}"));
    match run::poll(host, &app.modules["m"], &scene, cursor, limit).await {
        Ok(polled) => polled,
        Err(failure) => panic!("{failure}"),
    }
}

/// The ids of what is new; moves the cursor on, through its stored form.
async fn new(host: &Host, app: &App, cursor: &mut Cursor, limit: Option<usize>) -> Vec<String> {
    let polled = polled(host, app, cursor, limit).await;
    *cursor = serde_json::from_str(&serde_json::to_string(&polled.cursor).unwrap()).unwrap();
    let id = |bundle| json(bundle).trim_start_matches("{\"id\":").trim_end_matches('}').to_owned();
    polled.bundles.iter().map(id).collect()
}

fn at(second: u32) -> Date {
    Date::from_iso(&format!("2024-05-06T07:00:{second:02}Z")).unwrap()
}

const BY_DATE: &str = r#""type": "date", "order": "desc""#;
const BY_ID: &str = r#""type": "id", "order": "desc""#;

#[tokio::test]
async fn only_what_is_new_is_given_and_the_oldest_first() {
    let (service, host) = (Service::start().await, host());
    for order in ["desc", "asc", "unordered"] {
        for kind in ["date", "id"] {
            let app = service.app(&format!(r#""type": "{kind}", "order": "{order}""#), "");
            let sorted = |items: &[(&'static str, u32)]| {
                let mut items = items.to_vec();
                match order {
                    "desc" => items.reverse(),
                    "unordered" => items.rotate_left(1),
                    _ => {}
                }
                items
            };
            service.set(&sorted(&[("1", 1), ("2", 2), ("3", 3)]));
            let mut cursor = Cursor::all();
            assert_eq!(
                new(&host, &app, &mut cursor, None).await,
                ["1", "2", "3"],
                "{order} {kind}"
            );
            assert!(new(&host, &app, &mut cursor, None).await.is_empty(), "{order} {kind}");
            service.set(&sorted(&[("1", 1), ("2", 2), ("3", 3), ("9", 4), ("10", 5)]));
            assert_eq!(new(&host, &app, &mut cursor, None).await, ["9", "10"], "{order} {kind}");
        }
    }
}

#[tokio::test]
async fn items_of_the_same_moment_are_neither_missed_nor_repeated() {
    let (service, host) = (Service::start().await, host());
    let app = service.app(BY_DATE, "");
    let mut cursor = Cursor::all();
    service.set(&[("2", 5), ("1", 5)]);
    assert_eq!(new(&host, &app, &mut cursor, None).await, ["1", "2"]);
    // One with a smaller id shows up later, in the same second.
    service.set(&[("3", 5), ("2", 5), ("1", 5), ("0", 5)]);
    assert_eq!(new(&host, &app, &mut cursor, None).await, ["3"], "the page after is not read");
    service.set(&[("0", 5), ("3", 5), ("2", 5), ("1", 5)]);
    assert_eq!(new(&host, &app, &mut cursor, None).await, ["0"]);
    assert!(new(&host, &app, &mut cursor, None).await.is_empty());
    service.set(&[("4", 6), ("0", 5), ("3", 5)]);
    assert_eq!(new(&host, &app, &mut cursor, None).await, ["4"]);
}

#[tokio::test]
async fn descending_lists_are_read_until_something_known() {
    let (service, host) = (Service::start().await, host());
    let app = service.app(BY_DATE, "");
    service.set(&[("6", 6), ("5", 5), ("4", 4), ("3", 3), ("2", 2), ("1", 1)]);
    let mut cursor = Cursor::since(at(4));
    assert_eq!(new(&host, &app, &mut cursor, None).await, ["4", "5", "6"]);
    // Pages 1 and 2; the second one holds 3, which is before the start.
    assert_eq!(service.server.seen().len(), 2);
    assert!(new(&host, &app, &mut cursor, None).await.is_empty());
    assert_eq!(service.server.seen().len(), 3);
    let since = &service.server.seen()[2].target;
    assert_eq!(since, "/list?since=2024-05-06T07%3A00%3A06.000Z&last=6");
}

#[tokio::test]
async fn what_is_over_the_limit_comes_with_the_next_poll() {
    let (service, host) = (Service::start().await, host());
    for (order, rest) in [("desc", ""), ("asc", ""), ("unordered", r#", "limit": 2"#)] {
        let app = service.app(&format!(r#""type": "date", "order": "{order}""#), rest);
        let mut items = vec![("1", 1), ("2", 2), ("3", 2), ("4", 2), ("5", 5)];
        if order == "desc" {
            items.reverse();
        }
        service.set(&items);
        let limit = if rest.is_empty() { Some(2) } else { None };
        let mut cursor = Cursor::all();
        assert_eq!(new(&host, &app, &mut cursor, limit).await, ["1", "2"], "{order}");
        assert_eq!(new(&host, &app, &mut cursor, limit).await, ["3", "4"], "{order}");
        assert_eq!(new(&host, &app, &mut cursor, limit).await, ["5"], "{order}");
        assert!(new(&host, &app, &mut cursor, limit).await.is_empty(), "{order}");
    }
}

#[tokio::test]
async fn a_poll_that_is_not_committed_changes_nothing() {
    let (service, host) = (Service::start().await, host());
    let app = service.app(BY_DATE, "");
    service.set(&[("1", 1)]);
    let cursor = Cursor::all();
    assert_eq!(polled(&host, &app, &cursor, None).await.bundles.len(), 1);
    assert_eq!(polled(&host, &app, &cursor, None).await.bundles.len(), 1);
    assert_eq!(cursor, Cursor::all());
}

#[tokio::test]
async fn an_item_that_moves_between_pages_comes_once() {
    let (service, host) = (Service::start().await, host());
    let app = service.app(BY_DATE, "");
    service.set(&[("3", 3), ("2", 2), ("2", 2), ("1", 1)]);
    assert_eq!(new(&host, &app, &mut Cursor::all(), None).await, ["1", "2", "3"]);
}

#[tokio::test]
async fn people_choose_where_to_start() {
    let (service, host) = (Service::start().await, host());
    service.set(&[("4", 3), ("3", 2), ("2", 2), ("1", 1)]);
    for kind in [BY_DATE, BY_ID] {
        let app = service.app(kind, r#", "limit": 1"#);
        let scene = Scene::new(&app, value("{}"));
        let starts = run::epoch(&host, &app.modules["m"], &scene).await.unwrap();
        let labels: Vec<&str> = starts.iter().map(|start| start.label.as_str()).collect();
        assert_eq!(labels, ["Item 4", "Item 3", "Item 2", "Item 1"]);
        assert_eq!(starts[1].date, Some(at(2)));
        assert_eq!(starts[1].id, "3");
        let app = service.app(kind, "");
        for (chosen, expected) in [(1, &["3", "4"][..]), (2, &["2", "3", "4"]), (0, &["4"])] {
            let mut cursor = starts[chosen].cursor.clone();
            assert_eq!(new(&host, &app, &mut cursor, None).await, expected, "{kind} {chosen}");
            assert!(new(&host, &app, &mut cursor, None).await.is_empty());
        }
    }
    let app = service.app(BY_DATE, "");
    let mut everything = Cursor::all();
    assert_eq!(new(&host, &app, &mut everything, None).await.len(), 4);
    let mut from_now = Cursor::since(at(59));
    assert!(new(&host, &app, &mut from_now, None).await.is_empty());
}

#[tokio::test]
async fn an_item_without_id_or_date_is_refused() {
    let (service, host) = (Service::start().await, host());
    let app = service.app(BY_DATE, "");
    for items in [[("null", 1)], [("1", 61)]] {
        service.set(&items);
        let scene = Scene::new(&app, value("{}"));
        let failure =
            run::poll(&host, &app.modules["m"], &scene, &Cursor::all(), None).await.unwrap_err();
        assert_eq!(failure.error.kind, ErrorType::DataError, "{failure}");
    }
}

#[tokio::test]
async fn long_ids_are_compared_as_numbers() {
    let (service, host) = (Service::start().await, host());
    let app = service.app(r#""type": "id", "order": "asc""#, "");
    let mut cursor = Cursor::all();
    service.set(&[(r#""9""#, 1), (r#""10""#, 1)]);
    assert_eq!(new(&host, &app, &mut cursor, None).await, [r#""9""#, r#""10""#]);
    service.set(&[(r#""90071992547409930""#, 1), (r#""90071992547409931""#, 1)]);
    assert_eq!(new(&host, &app, &mut cursor, Some(1)).await, [r#""90071992547409930""#]);
    assert_eq!(new(&host, &app, &mut cursor, None).await, [r#""90071992547409931""#]);
}
