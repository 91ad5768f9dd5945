use halyard_platform::outbound::loopback::{Loopback, Reply, Seen};

use crate::support::{Build, base, bundles, host, run};

/// A service with pages of two numbers each, from 1 to `last`, asked for by `page`, `offset`,
/// `cursor`, `after` or the path.
async fn pages(last: u32) -> Loopback {
    Loopback::start(move |seen| {
        let asked = |name: &str| -> Option<u32> {
            let query = seen.target.split_once('?')?.1;
            let mut pairs = query.split('&').rev().filter_map(|pair| pair.split_once('='));
            pairs.find(|(other, _)| *other == name)?.1.trim_start_matches('c').parse().ok()
        };
        let from = match (asked("page"), asked("offset"), asked("cursor"), asked("after")) {
            (Some(page), ..) => (page - 1) * 2,
            (_, Some(offset), ..) => offset,
            (_, _, Some(cursor), _) => cursor,
            (.., Some(after)) => after,
            _ => seen.target.strip_prefix("/from/").map_or(0, |from| from.parse().unwrap()),
        };
        let items: Vec<String> =
            (from + 1..=last.min(from + 2)).map(|id| format!("{{\"id\": {id}}}")).collect();
        let next = if from + 2 < last { format!("\"c{}\"", from + 2) } else { "null".to_owned() };
        let link =
            if from + 2 < last { format!("\"/from/{}\"", from + 2) } else { "null".to_owned() };
        Reply::json(format!(
            "{{\"data\": [{}], \"next\": {next}, \"link\": {link}, \"pages\": {}}}",
            items.join(", "),
            last.div_ceil(2)
        ))
    })
    .await
}

fn request(rest: &str) -> String {
    format!(
        r#"{{"url": "/", {rest}, "response": {{"iterate": "{{{{body.data}}}}", "output": {{"id": "{{{{item.id}}}}"}}}}}}"#
    )
}

fn ids(bundles: &[String]) -> Vec<u32> {
    let id = |text: &String| text.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap();
    bundles.iter().map(id).collect()
}

#[tokio::test]
async fn the_five_ways_of_asking_for_the_next_page_work() {
    let server = pages(5).await;
    for (pagination, targets) in [
        (
            r#"{"qs": {"page": "{{pagination.page}}"}, "condition": "{{body.pages >= pagination.page}}"}"#,
            ["/", "/?page=2", "/?page=3"],
        ),
        (
            r#"{"qs": {"offset": "{{(pagination.page - 1) * 2}}"}, "condition": "{{body.next}}"}"#,
            ["/", "/?offset=2", "/?offset=4"],
        ),
        (
            r#"{"qs": {"cursor": "{{body.next}}"}, "condition": "{{body.next}}"}"#,
            ["/", "/?cursor=c2", "/?cursor=c4"],
        ),
        (r#"{"url": "{{body.link}}", "condition": "{{body.link}}"}"#, ["/", "/from/2", "/from/4"]),
        (
            r#"{"qs": {"after": "{{iterate.container.last.id}}"}, "condition": "{{body.next}}"}"#,
            ["/", "/?after=2", "/?after=4"],
        ),
    ] {
        let before = server.seen().len();
        let app = Build::search(
            &base(&server.url()),
            &request(&format!(r#""pagination": {pagination}"#)),
        );
        let found = bundles(&host(), &app, "{}").await;
        assert_eq!(ids(&found), [1, 2, 3, 4, 5], "{pagination}");
        let asked: Vec<String> =
            server.seen()[before..].iter().map(|seen| seen.target.clone()).collect();
        assert_eq!(asked, targets, "{pagination}");
    }
}

#[tokio::test]
async fn a_page_says_otherwise_what_it_wants() {
    let server = pages(3).await;
    let app = |pagination: &str| {
        let rest = format!(
            r#""headers": {{"x-a": "1", "x-b": "1"}}, "qs": {{"size": 2, "q": "x"}}, "pagination": {pagination}"#
        );
        Build::search(&base(&server.url()), &request(&rest))
    };
    let merged = app(r#"{"qs": {"cursor": "{{body.next}}", "q": "y"}, "headers": {"X-B": "2"},
        "method": "POST", "body": {"a": 1}, "condition": "{{body.next}}"}"#);
    assert_eq!(ids(&bundles(&host(), &merged, "{}").await), [1, 2, 3]);
    let second = server.seen()[1].clone();
    let header = |seen: &Seen, name: &str| seen.header(name).map(str::to_owned);
    assert_eq!(second.target, "/?size=2&q=y&cursor=c2");
    assert_eq!(
        (header(&second, "x-a"), header(&second, "x-b")),
        (Some("1".into()), Some("2".into()))
    );
    assert_eq!((second.method.as_str(), second.text().as_str()), ("POST", r#"{"a":1}"#));

    let alone = app(r#"{"mergeWithParent": false, "url": "{{body.link}}", "headers": {"X-B": "2"},
        "condition": "{{body.next}}"}"#);
    assert_eq!(ids(&bundles(&host(), &alone, "{}").await), [1, 2, 3]);
    let second = server.seen()[3].clone();
    assert_eq!(second.target, "/from/2");
    assert_eq!((header(&second, "x-a"), header(&second, "x-b")), (None, Some("2".into())));
}

#[tokio::test]
async fn the_limit_cuts_and_ends_reading() {
    let server = pages(100).await;
    let request = r#"{"url": "/", "pagination": {"qs": {"cursor": "{{body.next}}"}},
        "response": {"iterate": "{{body.data}}", "limit": "{{parameters.limit}}"}}"#;
    let app = Build::search(&base(&server.url()), request);
    assert_eq!(ids(&bundles(&host(), &app, r#"{"limit": 3}"#).await), [1, 2, 3]);
    assert_eq!(server.seen().len(), 2);
    assert_eq!(ids(&bundles(&host(), &app, r#"{"limit": 4}"#).await), [1, 2, 3, 4]);
    assert_eq!(server.seen().len(), 4, "the page after the last wanted one is not read");
    assert!(bundles(&host(), &app, r#"{"limit": 0}"#).await.is_empty());
}

#[tokio::test]
async fn an_empty_page_ends_reading_and_a_filtered_one_does_not() {
    let server = pages(6).await;
    let app = |condition: &str| {
        Build::search(
            &base(&server.url()),
            &format!(
                r#"{{"url": "/", "pagination": {{"qs": {{"page": "{{{{pagination.page}}}}"}}}}, "response": {{
                "iterate": {{"container": "{{{{body.data}}}}", "condition": "{condition}"}}}}}}"#
            ),
        )
    };
    // The fourth page is empty.
    assert_eq!(ids(&bundles(&host(), &app("{{true}}"), "{}").await), [1, 2, 3, 4, 5, 6]);
    assert_eq!(server.seen().len(), 4);
    assert_eq!(ids(&bundles(&host(), &app("{{item.id > 4}}"), "{}").await), [5, 6]);
}

#[tokio::test]
async fn pages_without_iteration_are_joined() {
    let server = pages(3).await;
    let app = |output: &str| {
        let request = format!(
            r#"{{"url": "/", "pagination": {{"qs": {{"cursor": "{{{{body.next}}}}"}}, "condition": "{{{{body.next}}}}"}},
            "response": {{"output": {output}}}}}"#
        );
        Build::search(&base(&server.url()), &request)
    };
    assert_eq!(ids(&bundles(&host(), &app(r#""{{body.data}}""#), "{}").await), [1, 2, 3]);
    assert_eq!(
        bundles(&host(), &app(r#"{"n": "{{length(body.data)}}"}"#), "{}").await,
        [r#"{"n":2}"#, r#"{"n":1}"#]
    );
}

#[tokio::test]
async fn what_temp_remembers_on_a_page_is_there_for_the_next() {
    let server = pages(5).await;
    let request = r#"{"url": "/", "temp": {"cursor": "c0"}, "qs": {"cursor": "{{temp.cursor}}"},
        "pagination": {"condition": "{{temp.cursor}}"},
        "response": {"temp": {"cursor": "{{body.next}}"}, "iterate": "{{body.data}}"}}"#;
    let app = Build::search(&base(&server.url()), request);
    assert_eq!(ids(&bundles(&host(), &app, "{}").await), [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn reading_ends_quietly_with_the_bounds_of_the_platform() {
    let server = pages(1_000_000).await;
    let next = r#"{"qs": {"cursor": "{{body.next}}"}}"#;
    let app = Build::search(&base(&server.url()), &request(&format!(r#""pagination": {next}"#)));
    let outcome = run(&host(), &app, "{}").await.unwrap();
    assert_eq!((server.seen().len(), outcome.bundles.len()), (51, 102));
    assert!(outcome.warnings[0].contains("more pages"), "{:?}", outcome.warnings);

    let mut host = host();
    host.bounds.pages = 1000;
    let outcome = run(&host, &app, "{}").await.unwrap();
    assert_eq!((server.seen().len() - 51, outcome.bundles.len()), (100, 200));
    host.bounds.records = 7;
    let outcome = run(&host, &app, "{}").await.unwrap();
    assert_eq!(outcome.bundles.len(), 7);
    assert!(outcome.warnings[0].contains("7 records"), "{:?}", outcome.warnings);
}

#[tokio::test]
async fn an_action_has_no_pages() {
    let server = pages(5).await;
    let request = r#"{"url": "/", "pagination": {"qs": {"cursor": "{{body.next}}"}},
        "response": {"output": {"n": "{{length(body.data)}}"}}}"#;
    let app = Build::action(&base(&server.url()), request);
    assert_eq!(bundles(&host(), &app, "{}").await, [r#"{"n":2}"#]);
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn the_worked_example_of_the_format_runs() {
    let server = Loopback::start(|seen| {
        Reply::json(match seen.target.as_str() {
            "/v1/users?size=2" => r#"{"data":[{"id":1},{"id":2}],"next":"c2"}"#,
            "/v1/users?size=2&cursor=c2" => r#"{"data":[{"id":3},{"id":4}],"next":"c3"}"#,
            other => panic!("{other}"),
        })
    })
    .await;
    let base = format!(
        r#"{{"baseUrl": "{}/v1", "headers": {{"authorization": "Bearer {{{{connection.token}}}}"}},
        "response": {{"error": {{"message": "[{{{{statusCode}}}}] {{{{body.message}}}}"}}}},
        "log": {{"sanitize": ["request.headers.authorization"]}}}}"#,
        server.url()
    );
    let app = Build::search(
        &base,
        r#"{"url": "/users", "qs": {"q": "{{parameters.q}}", "size": 2}, "response": {
            "iterate": "{{body.data}}", "output": {"id": "{{item.id}}"}, "limit": "{{parameters.limit}}"},
            "pagination": {"qs": {"cursor": "{{body.next}}"}, "condition": "{{body.next}}"}}"#,
    );
    let outcome = run(&host(), &app, r#"{"limit": 3}"#).await.unwrap();
    let found: Vec<String> = outcome.bundles.iter().map(crate::support::json).collect();
    assert_eq!(found, [r#"{"id":1}"#, r#"{"id":2}"#, r#"{"id":3}"#]);
    for exchange in outcome.exchanges {
        let shown = exchange.shown.unwrap();
        let hidden = ("Authorization".to_owned(), "[hidden]".to_owned());
        assert!(shown.request_headers.contains(&hidden), "{shown:?}");
    }
}
