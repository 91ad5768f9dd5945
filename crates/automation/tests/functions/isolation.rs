//! What a function cannot reach, and what it leaves behind.

use super::*;

#[test]
fn nothing_of_the_machine_is_there() {
    for name in [
        "require",
        "process",
        "fetch",
        "setTimeout",
        "setInterval",
        "XMLHttpRequest",
        "console",
        "std",
        "os",
        "module",
        "exports",
        "global",
        "WebAssembly",
        "navigator",
        "scriptArgs",
        "print",
        "gc",
        "performance",
        "Worker",
    ] {
        assert_eq!(run(&format!("return typeof {name}"), &[]), r#""undefined""#, "{name}");
    }
    let imported = run("return import('fs')", &[]);
    assert!(imported.starts_with("Function 'f' finished with error!"), "{imported}");
    let required = run("return eval('import.meta')", &[]);
    assert!(required.starts_with("Function 'f' finished with error!"), "{required}");
}

#[test]
fn a_call_leaves_nothing_behind() {
    let scripts = scripts(&[
        (
            "pollute",
            "function pollute() {
                Object.prototype.evil = 1; Array.prototype.map = () => 'evil';
                String.prototype.toUpperCase = () => 'evil'; Date.now = () => 0;
                JSON.stringify = () => 'evil'; globalThis.evil = 1; leaked = 1;
                Function.prototype.call = () => 'evil'; Object.keys = () => ['evil'];
                Reflect.apply = () => 'evil'; Symbol.iterator = 'evil';
                Array.prototype[Symbol.iterator] = function* () { yield 'evil' };
                iml = {upper: () => 'evil'}; Buffer.from = () => 'evil';
                return {a: [1, 2]}
            }",
        ),
        (
            "look",
            "function look() {
                return [({}).evil, [1].map((x) => x + 1), 'a'.toUpperCase(), typeof evil,
                    typeof leaked, JSON.stringify({}), iml.upper('a'), Date.now() > 0]
            }",
        ),
        ("count", "let n = 0; function count() { n += 1; return n }"),
    ]);
    assert_eq!(called(&scripts, "pollute", &[]).unwrap().to_json().unwrap(), r#"{"a":[1,2]}"#);
    let seen = called(&scripts, "look", &[]).unwrap().to_json().unwrap();
    assert_eq!(seen, r#"[null,[2],"A","undefined","undefined","{}","A",true]"#);
    for _ in 0..2 {
        assert_eq!(called(&scripts, "count", &[]).unwrap().to_json().unwrap(), "1");
    }
}

#[test]
fn calls_at_the_same_time_do_not_touch_each_other() {
    let scripts = limited(
        &[
            ("loop", "function loop() { while (true) {} }"),
            ("eat", "function eat() { const a = []; while (true) a.push(a.slice()) }"),
            ("add", "function add(a, b) { return a + b }"),
        ],
        ScriptLimits { time: Duration::from_secs(2), ..ScriptLimits::default() },
    );
    std::thread::scope(|scope| {
        let loops = scope.spawn(|| kind(&scripts, "loop"));
        let eats = scope.spawn(|| kind(&scripts, "eat"));
        for at in 0..20 {
            let sum = called(&scripts, "add", &[Value::from(f64::from(at)), Value::from(1.0)]);
            assert_eq!(sum.unwrap().to_json().unwrap(), (at + 1).to_string());
        }
        assert!(matches!(loops.join().unwrap(), ErrorKind::Limit(_)));
        assert!(matches!(eats.join().unwrap(), ErrorKind::Limit(_)));
    });
}

#[test]
fn a_function_can_be_called_wherever_tasks_run() {
    let call = || {
        let scripts = scripts(&[("add", "function add(a, b) { return a + b }")]);
        let sum = called(&scripts, "add", &[Value::from(1.0), Value::from(2.0)]);
        assert_eq!(sum.unwrap().to_json().unwrap(), "3");
    };
    let several = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .on_thread_start(mark_shared_thread)
        .build()
        .unwrap();
    let one = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for runtime in [&several, &one] {
        runtime.block_on(async { call() });
        runtime.block_on(async { tokio::spawn(async move { call() }).await.unwrap() });
        let local = tokio::task::LocalSet::new();
        local.block_on(runtime, async {
            tokio::task::spawn_local(async move { call() }).await.unwrap();
        });
    }
}

#[test]
fn tasks_that_share_a_thread_go_on_while_a_function_runs() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .on_thread_start(mark_shared_thread)
        .build()
        .unwrap();
    let (begin, begun) = tokio::sync::oneshot::channel();
    let looping = async move {
        let scripts = limited(&[("loop", "function loop() { while (true) {} }")], short());
        begin.send(()).unwrap();
        kind(&scripts, "loop");
    };
    runtime.block_on(async {
        let looping = tokio::spawn(looping);
        begun.await.unwrap();
        tokio::spawn(async {}).await.unwrap();
        assert!(!looping.is_finished(), "the only thread was free");
        looping.await.unwrap();
    });
}
