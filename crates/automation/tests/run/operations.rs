//! Operations as the rest of the program runs them.

use std::{sync::Arc, time::Duration};

use halyard_automation::{
    apps::{
        App,
        function::{ScriptLimits, Scripts, mark_shared_thread},
        run::Host,
    },
    operations::{Error, Known, Operator},
};
use halyard_iml::Value;
use halyard_platform::outbound::loopback::{Loopback, Reply};

use crate::support::{Build, base, host, json, value};

/// An app and what its operations need, for tasks that may run anywhere.
struct Desk {
    host: Host,
    app: App,
    scripts: Scripts,
}

impl Desk {
    fn new(app: App) -> Self {
        let scripts = Scripts::new(&app.functions);
        Self { host: host(), app, scripts }
    }

    fn operator(&self) -> Operator<'_> {
        Operator {
            host: &self.host,
            app: &self.app,
            functions: &self.scripts,
            connection: None,
            known: None,
        }
    }

    async fn call(&self, input: Value) -> String {
        let outcome = self.operator().call("m", input).await.unwrap();
        json(&outcome.bundles[0])
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_are_tasks_that_move_between_threads() {
    let server =
        Loopback::start(|seen| Reply::json(format!("{{\"at\": \"{}\"}}", seen.target))).await;
    let url = base(&server.url());
    let desk = Arc::new(Desk::new(Build::action(&url, r#"{"url": "/{{parameters.n}}"}"#)));
    let mut calls = tokio::task::JoinSet::new();
    for n in 0..20 {
        let desk = Arc::clone(&desk);
        calls.spawn(async move { (n, desk.call(value(&format!("{{\"n\": {n}}}"))).await) });
    }
    for (n, got) in calls.join_all().await {
        assert_eq!(got, format!("{{\"at\":\"/{n}\"}}"));
    }
}

#[test]
fn a_function_that_loops_holds_up_nobody_else() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .on_thread_start(mark_shared_thread)
        .build()
        .unwrap();
    runtime.block_on(others_go_on());
}

async fn others_go_on() {
    let server =
        Loopback::start(|seen| Reply::json(format!("{{\"at\": \"{}\"}}", seen.target))).await;
    let looping = Build::new("{}")
        .module("m", "action", r#"{"response": {"output": {"x": "{{spin()}}"}}}"#)
        .function("spin", "function spin() { while (true) {} }")
        .app();
    let limits = ScriptLimits { time: Duration::from_secs(3), ..ScriptLimits::default() };
    let scripts = Scripts::with_limits(&looping.functions, limits);
    let looping = Desk { scripts, ..Desk::new(looping) };
    let loops = tokio::spawn(async move {
        let done = looping.operator().call("m", Value::Undefined).await;
        done.map(drop).unwrap_err().to_string()
    });
    let url = base(&server.url());
    let app = Build::new(&url)
        .module("m", "action", r#"{"url": "/{{twice(parameters.n)}}"}"#)
        .function("twice", "function twice(n) { return 2 * n }")
        .app();
    let desk = Arc::new(Desk::new(app));
    let mut calls = tokio::task::JoinSet::new();
    for n in 0..50 {
        let desk = Arc::clone(&desk);
        calls.spawn(async move { (n, desk.call(value(&format!("{{\"n\": {n}}}"))).await) });
    }
    for (n, got) in calls.join_all().await {
        assert_eq!(got, format!("{{\"at\":\"/{}\"}}", 2 * n));
    }
    assert!(!loops.is_finished(), "the others have waited for it");
    let error = loops.await.unwrap();
    assert!(error.contains("It takes longer than 3 s."), "{error}");
}

/// Whether a future may move between threads: compiling is the check.
fn moves<F: Future + Send>(_: F) {}

#[test]
fn all_that_operators_do_moves_between_threads() {
    let desk = Desk::new(Build::action("{}", "{}"));
    let operator = desk.operator();
    let cursor = halyard_automation::apps::run::Cursor::all();
    let attached = halyard_automation::operations::Attached::unattached("http://a/", "a");
    moves(operator.poll("m", Value::Undefined, &cursor, None));
    moves(operator.starts("m", Value::Undefined));
    moves(operator.options("m", Value::Undefined));
    moves(operator.attach("m", Value::Undefined, "http://a/", "a"));
    moves(operator.arrived("m", Value::Undefined, &attached, Value::Undefined));
    moves(operator.detach("m", Value::Undefined, &attached));
}

/// What the action `m` with these fields makes of an input, and what look-ups were asked.
async fn filled(fields: &str, inputs: &[&str]) -> (Vec<Result<String, String>>, Vec<String>) {
    let server = Loopback::start(|seen| match seen.target.as_str() {
        "/colors" => Reply::json(r#"[{"label": "Red", "value": "red"}]"#.to_owned()),
        "/fields?kind=a" => Reply::json(
            r#"[{"name": "size", "type": "uinteger"},
                {"name": "shade", "type": "select", "options": "rpc://colors", "dynamic": false}]"#
                .to_owned(),
        ),
        "/fields?kind=bad" => Reply::status(429),
        _ => Reply::json("[]".to_owned()),
    })
    .await;
    let build = Build::new(&base(&server.url()))
        .form("m", r#"{"response": {"output": "{{parameters}}"}}"#, fields)
        .rpc("colors", r#"{"url": "/colors"}"#)
        .rpc("fields", r#"{"url": "/fields", "qs": {"kind": "{{parameters.kind}}"}}"#);
    let desk = Desk::new(build.app());
    let mut results = Vec::new();
    for input in inputs {
        let done = desk.operator().call("m", value(input)).await;
        results.push(match done {
            Ok(outcome) => Ok(json(&outcome.bundles[0])),
            Err(Error::Input(wrong)) => Err(wrong
                .iter()
                .map(|wrong| format!("{}: {}", wrong.path, wrong.message))
                .collect::<Vec<_>>()
                .join(" ")),
            Err(other) => Err(other.to_string()),
        });
    }
    (results, server.seen().iter().map(|seen| seen.target.clone()).collect())
}

#[tokio::test]
async fn values_are_among_options_where_the_author_wants_it() {
    let field = |dynamic: &str| {
        format!(r#"[{{"name": "color", "type": "select", "options": "rpc://colors"{dynamic}}}]"#)
    };
    let inputs = [r#"{"color": "red"}"#, r#"{"color": "blue"}"#];
    let (results, asked) = filled(&field(r#", "dynamic": false"#), &inputs).await;
    let wrong = "color: Value 'blue' not found in options.".to_owned();
    assert_eq!(results, [Ok(r#"{"color":"red"}"#.to_owned()), Err(wrong)]);
    assert_eq!(asked, ["/colors", "/colors"]);
    let (results, asked) = filled(&field(""), &inputs).await;
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    assert!(asked.is_empty(), "{asked:?}");
}

#[tokio::test]
async fn what_look_ups_have_answered_counts_for_a_while() {
    let server = Loopback::start(|_| Reply::json(r#"[{"label": "Red", "value": 7}]"#)).await;
    let fields = |dynamic: bool| {
        format!(
            r#"[{{"name": "color", "type": "select", "options": "rpc://colors", "dynamic": {dynamic}}}]"#
        )
    };
    let output = r#"{"response": {"output": "{{parameters}}"}}"#;
    let app = Build::new(&base(&server.url()))
        .form("strict", output, &fields(false))
        .form("free", output, &fields(true))
        .rpc("colors", r#"{"url": "/colors"}"#)
        .app();
    let (desk, known) = (Desk::new(app), Known::default());
    let operator = Operator { known: Some(&known), ..desk.operator() };
    let call = async |module: &str, input: &str| operator.call(module, value(input)).await;
    let asked = || server.seen().len();
    // Nobody asks for options that values need not be among, and nothing is known of them.
    let free = call("free", r#"{"color": "7"}"#).await.unwrap();
    assert_eq!((json(&free.bundles[0]), asked()), (r#"{"color":"7"}"#.to_owned(), 0));
    for _ in 0..3 {
        call("strict", r#"{"color": "7"}"#).await.unwrap();
    }
    assert_eq!(asked(), 1, "once for the same form");
    // Now they are known.
    let free = call("free", r#"{"color": "7"}"#).await.unwrap();
    assert_eq!((json(&free.bundles[0]), free.warnings), (r#"{"color":7}"#.to_owned(), vec![]));
    let wrong = call("strict", r#"{"color": 8}"#).await.map(drop).unwrap_err().to_string();
    assert!(wrong.contains("Value '8' not found in options."), "{wrong}");
    assert_eq!(asked(), 2);
    let wrong = call("strict", r#"{"color": 8}"#).await.map(drop).unwrap_err().to_string();
    assert!(wrong.contains("Value '8' not found in options."), "{wrong}");
    assert_eq!(asked(), 3, "asked anew before a value is refused");
    let free = call("free", r#"{"color": 8}"#).await.unwrap();
    assert_eq!(free.warnings, ["color: Value '8' not found in options."]);
    assert_eq!(asked(), 3);
    // Who asks for options gets them from the service.
    operator.options("colors", Value::Undefined).await.unwrap();
    assert_eq!(asked(), 4);
    desk.host.clock.advance(30_000);
    call("strict", r#"{"color": "7"}"#).await.unwrap();
    assert_eq!(asked(), 5, "not for long");
}

#[tokio::test]
async fn fields_that_look_ups_give_are_converted_and_checked() {
    let whole = r#"[{"name": "kind", "type": "text"}, "rpc://fields"]"#;
    let nested = r#"[{"name": "kind", "type": "text", "nested": "rpc://fields"}]"#;
    let inputs = [
        r#"{"kind": "a", "size": "12", "shade": "red"}"#,
        r#"{"kind": "a", "size": "-1", "shade": "green"}"#,
        r#"{"kind": "b", "size": "12"}"#,
        r#"{"kind": "bad"}"#,
    ];
    for fields in [whole, nested] {
        let (results, _) = filled(fields, &inputs).await;
        assert_eq!(results[0], Ok(r#"{"kind":"a","size":12,"shade":"red"}"#.to_owned()));
        let wrong = results[1].clone().unwrap_err();
        assert!(wrong.contains("size: "), "{wrong}");
        assert!(wrong.contains("shade: Value 'green' not found in options."), "{wrong}");
        // Nobody knows a field of this name here: it stays as it is.
        assert_eq!(results[2], Ok(r#"{"kind":"b","size":"12"}"#.to_owned()));
        let failed = results[3].clone().unwrap_err();
        assert!(failed.starts_with("RateLimitError") || failed.contains("429"), "{failed}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_keeps_only_itself_from_being_run() {
    let server = Loopback::start(|_| Reply::json("{}")).await;
    let app = Build::new(&base(&server.url()))
        .module("sound", "action", r#"{"url": "/sound"}"#)
        .module(
            "broken",
            "action",
            r#"[{"url": "/first", "method": "POST"}, {"url": "/then", "qs": {"a": "{{1 +}}"}}]"#,
        )
        .module("strange", "actoin", r#"{"url": "/strange"}"#)
        .rpc("listBroken", r#"{"url": "/{{list(}}"}"#)
        .loaded();
    let desk = Desk::new(app);
    let failed = async |module: &str| {
        desk.operator().call(module, Value::Undefined).await.map(drop).unwrap_err().to_string()
    };
    let message = failed("broken").await;
    for part in ["modules/broken/communication.json:$[1].qs.a: ", "cannot be run"] {
        assert!(message.contains(part), "{message}");
    }
    let message = failed("strange").await;
    assert!(message.starts_with("module: strange cannot be used. "), "{message}");
    assert!(message.contains("There is no type of modules `actoin`"), "{message}");
    let looked = desk.operator().options("listBroken", Value::Undefined).await;
    let message = looked.map(drop).unwrap_err().to_string();
    assert!(message.contains("rpcs/listBroken/communication.json:$.url: "), "{message}");
    assert!(server.seen().is_empty(), "nothing was asked for in vain");
    desk.operator().call("sound", Value::Undefined).await.unwrap();
    assert_eq!(server.seen().len(), 1);
}
