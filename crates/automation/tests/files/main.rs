//! Files that do not fit into memory. A program of its own: it watches its own memory.
#![cfg(test)]

use halyard_automation::apps::{
    ErrorType, Files, load,
    run::{self, Host, Scene},
};
use halyard_iml::Value;
use halyard_platform::{
    blobs::{BlobId, Blobs},
    clock::Clock,
    outbound::{
        Options, Outbound,
        loopback::{Loopback, Reply, most_memory},
    },
    random::Random,
};

const MIB: u64 = 1024 * 1024;
const SIZE: u64 = 100 * MIB;

fn files(url: &str) -> Files {
    let modules = [
        (
            "Download",
            r#"{"url": "/file", "response": {"type": "binary", "output": {"data": "{{body}}", "size": "{{length(body)}}"}}}"#,
        ),
        (
            "Drop",
            r#"{"url": "/file", "response": {"type": "binary", "output": {"size": "{{length(body)}}"}}}"#,
        ),
        (
            "Fail",
            r#"{"url": "/file", "response": {"type": "binary", "output": {"x": "{{sha256(body)}}"}}}"#,
        ),
        (
            "Upload",
            r#"{"url": "/upload", "method": "POST", "type": "multipart/form-data", "body": {"title": "t",
                "file": {"value": "{{parameters.data}}", "options": {"filename": "f.bin"}}, "end": "e"}}"#,
        ),
        (
            "Put",
            r#"{"url": "/upload", "method": "PUT", "type": "binary", "body": "{{parameters.data}}"}"#,
        ),
        (
            "Json",
            r#"{"url": "/upload", "method": "POST", "body": {"file": "{{parameters.data}}"}}"#,
        ),
    ];
    let component = |(name, _): &(&str, &str)| {
        format!(
            r#""{name}": {{"label": "{name}", "moduleType": "action", "codeFiles": {{"communication": "{name}.json"}}}}"#
        )
    };
    let components: Vec<String> = modules.iter().map(component).collect();
    let manifest = format!(
        r#"{{"fileVersion": 1, "generalCodeFiles": {{"base": "base.json", "common": null, "readme": null,
            "groups": null}}, "components": {{"module": {{{}}}}}}}"#,
        components.join(", ")
    );
    let base = format!(r#"{{"baseUrl": "{url}", "log": {{"sanitize": []}}}}"#);
    let texts = modules.map(|(name, text)| (format!("{name}.json"), text.to_owned()));
    [("makecomapp.json".to_owned(), manifest), ("base.json".to_owned(), base)]
        .into_iter()
        .chain(texts)
        .map(|(path, text)| (path, text.into_bytes()))
        .collect()
}

#[tokio::test]
async fn a_large_file_passes_through_without_being_held() {
    let server = Loopback::start(|seen| match seen.target.as_str() {
        "/file" => Reply::status(200).zeros(SIZE),
        _ => Reply::json("{}"),
    })
    .await;
    let directory = tempfile::tempdir().unwrap();
    let blobs = Blobs::open(directory.path()).unwrap();
    let allow = vec!["127.0.0.1".parse().unwrap()];
    let outbound = Outbound::new(Options { allow, ..Options::default() }).unwrap();
    let mut host = Host::new(outbound, Clock::system(), Random::seeded(1));
    host.blobs = Some(blobs.clone());
    let app = load(&files(&server.url())).app.unwrap();
    let stored = || blobs.list().count();

    // What one call needs anyway.
    let nothing = Scene::new(&app, Value::Null);
    run::module(&host, &app.modules["Put"], &nothing).await.unwrap();
    let before = most_memory();
    let outcome = run::module(&host, &app.modules["Download"], &nothing).await.unwrap();
    let Value::Collection(bundle) = &outcome.bundles[0] else { panic!() };
    assert!(matches!(bundle.by_name("size"), Some(Value::Number(size)) if *size == SIZE as f64));
    let data = bundle.by_name("data").unwrap().clone();
    let Value::Stored(file) = &data else { panic!("{data:?}") };
    assert_eq!(file.bytes, SIZE);
    assert_eq!(blobs.read(&file.id.parse::<BlobId>().unwrap()).await.unwrap().1, SIZE);

    let parameters = Value::collection(halyard_iml::Collection::of([("data", data)]));
    let scene = Scene::new(&app, parameters);
    run::module(&host, &app.modules["Upload"], &scene).await.unwrap();
    let seen = server.seen().pop().unwrap();
    let overhead = seen.body_bytes as u64 - SIZE;
    assert!((300..600).contains(&overhead), "{overhead}");
    let length = seen.header("content-length").map(str::to_owned);
    assert_eq!(length, Some(seen.body_bytes.to_string()));
    assert!(seen.text().contains("name=\"file\"; filename=\"f.bin\""));
    run::module(&host, &app.modules["Put"], &scene).await.unwrap();
    assert_eq!(server.seen().pop().unwrap().body_bytes as u64, SIZE);
    // Of each body the server remembers the first MiB.
    let grown = (most_memory() - before) / MIB;
    assert!(grown <= 8, "memory grew by {grown} MiB");

    let failure = run::module(&host, &app.modules["Json"], &scene).await.unwrap_err();
    assert_eq!(failure.error.kind, ErrorType::DataError);
    // Files that nothing refers to are not kept.
    assert_eq!(stored(), 1);
    run::module(&host, &app.modules["Drop"], &nothing).await.unwrap();
    let failure = run::module(&host, &app.modules["Fail"], &nothing).await.unwrap_err();
    assert!(failure.error.message.contains("too large for an expression"), "{failure}");
    assert_eq!(stored(), 1);
    host.bounds.file_bytes = SIZE - 1;
    let failure = run::module(&host, &app.modules["Download"], &nothing).await.unwrap_err();
    assert_eq!(failure.error.kind, ErrorType::MaxFileSizeExceededError);
    assert_eq!(stored(), 1);
    host.blobs = None;
    let failure = run::module(&host, &app.modules["Download"], &nothing).await.unwrap_err();
    assert_eq!(failure.error.kind, ErrorType::MaxFileSizeExceededError);
}
