//! Operations as the rest of the program runs them.

use std::sync::Arc;

use halyard_automation::{
    apps::{App, function::Scripts, run::Host},
    operations::Operator,
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
        Operator { host: &self.host, app: &self.app, functions: &self.scripts, connection: None }
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
