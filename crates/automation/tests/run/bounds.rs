//! Whatever a service answers: a typed error within bounds, and other calls go on.

use std::time::Duration;

use halyard_automation::apps::ErrorType;
use halyard_platform::outbound::loopback::{Loopback, Reply};

use crate::support::{Build, base, bundles, host, run};

#[tokio::test]
async fn bad_answers_end_in_time_and_leave_others_alone() {
    let bomb = {
        use std::io::Write as _;
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        let zeros = vec![b'0'; 1024 * 1024];
        (0..64).for_each(|_| packer.write_all(&zeros).unwrap());
        packer.finish().unwrap()
    };
    assert!(bomb.len() < 128 * 1024);
    let server = Loopback::start(move |seen| match seen.target.as_str() {
        "/good" => Reply::json(r#"{"a": 1}"#),
        "/malformed" => Reply::json("{\"a\":"),
        "/deep" => Reply::json("[".repeat(100_000)),
        "/wide" => Reply::json(format!("[{}1]", "[],".repeat(2_000_000))),
        "/html" => Reply::status(200).header("Content-Type", "text/html").body("<html>"),
        "/endless" => Reply::json("").endless(),
        "/huge" => Reply::status(200).header("Content-Type", "text/plain").zeros(1 << 34),
        "/slow" => Reply::json("").stalled("{"),
        "/bomb" => Reply::json("").header("Content-Encoding", "gzip").body(bomb.clone()),
        "/cut" => Reply::json("").header("Content-Encoding", "gzip").body(bomb[..1000].to_vec()),
        "/unknown" => Reply::json("{}").header("Content-Encoding", "br"),
        _ => Reply::status(302).header("Location", "/loop"),
    })
    .await;
    let mut host = host();
    host.bounds.time = Duration::from_secs(20);
    let slow = Duration::from_millis(300);
    let url = base(&server.url());
    let bad = [
        ("/malformed", ErrorType::DataError),
        ("/deep", ErrorType::DataError),
        ("/wide", ErrorType::DataError),
        ("/html", ErrorType::DataError),
        ("/endless", ErrorType::MaxFileSizeExceededError),
        ("/huge", ErrorType::MaxFileSizeExceededError),
        ("/slow", ErrorType::ModuleTimeoutError),
        ("/bomb", ErrorType::DataError),
        ("/cut", ErrorType::DataError),
        ("/unknown", ErrorType::DataError),
        ("/loop", ErrorType::ConnectionError),
    ];
    let calls: Vec<_> = bad
        .into_iter()
        .map(|(path, kind)| {
            let kinds = if path == "/html" { r#", "response": {"type": "json"}"# } else { "" };
            let app = Build::action(&url, &format!("{{\"url\": \"{path}\"{kinds}}}"));
            let mut host = host.clone();
            if path == "/slow" {
                host.bounds.time = slow;
            }
            tokio::spawn(async move { (path, kind, run(&host, &app, "{}").await) })
        })
        .collect();
    let good = Build::action(&url, r#"{"url": "/good"}"#);
    for _ in 0..20 {
        assert_eq!(bundles(&host, &good, "{}").await, [r#"{"a":1}"#]);
    }
    for call in calls {
        let (path, kind, result) = call.await.unwrap();
        let failure = result.expect_err(path);
        assert_eq!(failure.error.kind, kind, "{path}: {failure}");
        let exchange = failure.exchanges.last().expect(path);
        assert!(exchange.problem.is_some() && exchange.shown.is_some(), "{path}: {exchange:?}");
        assert!(format!("{failure:?}").len() < 100_000, "{path}");
    }
}
