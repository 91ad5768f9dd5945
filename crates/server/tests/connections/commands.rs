//! The commands for connections, as an operator types them.

use serde_json::Value;

use crate::{
    process::Installation,
    service::{EXAMPLE, LARGE, Service},
};
use halyard_platform::db::testing::eventually;
use rustix::process::Signal;

async fn add(installation: &Installation, base: &str, name: &str) {
    let add = add_words(base, name);
    installation.start(&add, b"sesame-key\n").end().await.expect(0);
}

fn add_words<'a>(base: &'a str, name: &'a str) -> [&'a str; 9] {
    ["connection", "add", name, "--app", EXAMPLE, "--kind", "key", "--base-url", base]
}

#[tokio::test]
async fn a_password_is_read_from_standard_input_and_shows_nowhere() {
    let (installation, service) = (Installation::sqlite(), Service::start().await);
    add(&installation, &service.base, "crew").await;
    let listed = installation.halyard(&["connection", "list", "--json"]).await.expect(0).out;
    assert!(!listed.contains("sesame"), "{listed}");
    let row = serde_json::from_str::<Value>(&listed).unwrap()[0].clone();
    assert_eq!((&row["metadata"], &row["uid"]), (&"Ann".into(), &"17".into()));
    let me = ["app", "call", EXAMPLE, "GetMe", "--connection", "crew"];
    let called = installation.halyard(&me).await.expect(0);
    assert_eq!(called.out.trim(), r#"{"id":17,"name":"Ann","plan":"free"}"#);
    for entry in std::fs::read_dir(installation.data()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let content = std::fs::read(&path).unwrap();
            assert!(!content.windows(6).any(|part| part == b"sesame"), "{}", path.display());
        }
    }
}

#[tokio::test]
async fn errors_name_the_field_and_the_fix() {
    let (installation, service) = (Installation::sqlite(), Service::start().await);
    let base = service.base.as_str();
    let expect = async |words: &[&str], input: &'static [u8], parts: &[&str]| {
        let ended = installation.start(words, input).end().await.expect(1);
        for part in parts {
            assert!(ended.err.contains(part), "{part} in {}", ended.err);
        }
    };
    let words = add_words(base, "crew");
    expect(&words, b"", &["apiKey: standard input is empty"]).await;
    expect(&words, b"wrong-key\n", &["InvalidAccessTokenError", "[401]"]).await;
    let no_kind = ["connection", "add", "crew", "--app", EXAMPLE];
    expect(
        &no_kind,
        b"",
        &["kind: ", "--kind key or --kind machine or --kind oauth or --kind one"],
    )
    .await;
    let unknown = [&words[..], &["--set", "colour=red"]].concat();
    expect(&unknown, b"", &["set: ", "\"colour\"", "apiKey, region"]).await;
    let bad_base = add_words("ftp://x", "crew");
    expect(&bad_base, b"sesame-key\n", &["base-url: ", "https://"]).await;
    let nowhere = [&words[..], &["--workspace", "77"]].concat();
    expect(&nowhere, b"sesame-key\n", &["workspace: ", "halyard workspace list"]).await;
    let machine =
        ["connection", "add", "m", "--app", EXAMPLE, "--kind", "machine", "--base-url", base];
    expect(&machine, b"", &["clientId: Field is mandatory.", "--set clientId="]).await;
    let elsewhere = [
        "connection",
        "add",
        "o",
        "--app",
        EXAMPLE,
        "--kind",
        "oauth",
        "--base-url",
        base,
        "--redirect-uri",
        "https://app.example/cb",
    ];
    expect(&elsewhere, b"", &["redirect-uri: ", "--print-only"]).await;
    assert_eq!(installation.halyard(&["connection", "list"]).await.expect(0).out, "");
    add(&installation, base, "crew").await;
    expect(&words, b"sesame-key\n", &["name: ", "\"crew\" already"]).await;
    let missing = ["app", "call", EXAMPLE, "GetMe"];
    expect(&missing, b"", &["GetMe needs one (oauth or key)", "halyard connection add"]).await;
    let other = ["app", "call", "twist", "ListTeams", "--connection", "crew"];
    expect(&other, b"", &["is one of the app example, not of twist"]).await;
}

#[tokio::test]
async fn a_code_can_be_pasted_when_the_browser_is_elsewhere() {
    let (installation, service) = (Installation::sqlite(), Service::start().await);
    let add = [
        "connection",
        "add",
        "o",
        "--app",
        EXAMPLE,
        "--kind",
        "oauth",
        "--base-url",
        &service.base,
        "--redirect-uri",
        "https://app.example/cb",
        "--print-only",
    ];
    let mut adding = installation.start_open(&add);
    let address: halyard_platform::outbound::Url = adding.line().await.parse().unwrap();
    let pair =
        |name: &str| address.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
    assert_eq!(pair("redirect_uri"), "https://app.example/cb");
    let (code, state) = (service.agree(&address), pair("state"));
    adding.write(&format!("https://app.example/cb?code={code}&state={state}\n"));
    adding.end().await.expect(0);
    installation.halyard(&["connection", "test", "o"]).await.expect(0);
    installation.halyard(&["connection", "remove", "o"]).await.expect(0);
    assert_eq!(service.known().revoked, ["access-1"]);
}

#[tokio::test]
async fn keys_rotate_and_one_that_is_missing_is_told() {
    let (installation, service) = (Installation::sqlite(), Service::start().await);
    for name in ["one", "two"] {
        add(&installation, &service.base, name).await;
    }
    let file = installation.data().join("connection.keys");
    let before = std::fs::read_to_string(&file).unwrap();
    let rotated = installation.halyard(&["connection", "rotate-key"]).await.expect(0);
    assert!(rotated.out.contains("2 connections"), "{}", rotated.out);
    assert_ne!(std::fs::read_to_string(&file).unwrap(), before);
    installation.halyard(&["connection", "test", "one"]).await.expect(0);
    installation.halyard(&["doctor"]).await.expect(0);

    // A backup has the connections, and not the keys.
    let backup = installation.scratch().join("all.backup");
    let backup = backup.to_str().unwrap();
    let made = installation.halyard(&["backup", "--to", backup]).await.expect(0);
    assert!(made.err.contains("connection.keys"), "{}", made.err);
    let target = Installation::sqlite();
    let restored = target.halyard(&["restore", "--from", backup]).await.expect(0);
    assert!(restored.err.contains("connection.keys"), "{}", restored.err);
    let test = ["connection", "test", "one"];
    let failed = target.halyard(&test).await.expect(1);
    assert!(failed.err.contains("which is not here"), "{}", failed.err);
    let listed = target.halyard(&["connection", "list"]).await.expect(0);
    assert_eq!(listed.out.matches("key missing").count(), 2, "{}", listed.out);
    let looked = target.halyard(&["doctor"]).await.expect(1);
    assert!(looked.out.contains("connection-keys"), "{}", looked.out);
    // With the file of the old installation everything works.
    std::fs::copy(&file, target.data().join("connection.keys")).unwrap();
    target.halyard(&test).await.expect(0);
    // One whose key is gone for good can be removed.
    std::fs::remove_file(target.data().join("connection.keys")).unwrap();
    let removed = target.halyard(&["connection", "remove", "one"]).await.expect(0);
    assert!(removed.err.contains("the service was not told"), "{}", removed.err);
}

#[tokio::test]
async fn options_and_searches_print_lines() {
    let (installation, service) = (Installation::sqlite(), Service::start().await);
    add(&installation, &service.base, "crew").await;
    service.known().items = (1..=3)
        .rev()
        .map(|id| serde_json::json!({"id": id, "name": format!("item {id}")}))
        .collect();
    let options = ["app", "options", EXAMPLE, "itemOptions", "--connection", "crew"];
    let options = installation.halyard(&options).await.expect(0).out;
    assert_eq!(options.lines().next(), Some(r#"{"label":"item 3","value":3}"#));
    let list = ["app", "call", EXAMPLE, "ListItems", "--connection", "crew", "--set", "limit=2"];
    let listed = installation.halyard(&list).await.expect(0).out;
    assert_eq!(listed.lines().count(), 2, "{listed}");
    let all = [&list[..], &["--json"]].concat();
    let listed: Value =
        serde_json::from_str(&installation.halyard(&all).await.expect(0).out).unwrap();
    assert_eq!(listed[0]["id"], 3);
}

#[tokio::test]
async fn input_is_converted_and_checked_before_anything_is_sent() {
    let (installation, service) = (Installation::sqlite(), Service::start().await);
    add(&installation, &service.base, "crew").await;
    let call = ["app", "call", EXAMPLE, "ListItems", "--connection", "crew", "--set", "limit=many"];
    let failed = installation.halyard(&call).await.expect(1);
    let error: Value = serde_json::from_str(failed.err.trim()).unwrap();
    assert_eq!(error["type"], "BundleValidationError", "{error}");
    assert_eq!(error["fields"][0]["path"], "limit", "{error}");
    assert_eq!(service.known().looked, 0);
    // The whole of standard error is the report.
    let me = ["app", "call", EXAMPLE, "Nothing"];
    let failed = installation.halyard(&me).await.expect(1);
    let error: Value = serde_json::from_str(failed.err.trim()).unwrap();
    assert!(error["message"].as_str().unwrap().contains("ListItems"), "{error}");
}

#[tokio::test]
async fn a_large_file_is_written_or_told_of() {
    let (installation, service) = (Installation::sqlite(), Service::start().await);
    add(&installation, &service.base, "crew").await;
    let scratch = installation.scratch().join("tmp");
    std::fs::create_dir(&scratch).unwrap();
    let words = ["app", "call", EXAMPLE, "Download", "--connection", "crew"];
    let called = installation.halyard(&words).await.expect(0);
    assert_eq!(called.out.trim(), r#"{"fileName":"large.bin","data":{"bytes":20000000}}"#);
    assert!(called.err.contains("--files"), "{}", called.err);
    let folder = installation.scratch().join("files");
    let files = [&words[..], &["--files", folder.to_str().unwrap()]].concat();
    let called = installation.halyard(&files).await.expect(0);
    let bundle: Value = serde_json::from_str(&called.out).unwrap();
    let path = bundle["data"].as_str().unwrap();
    assert!(path.ends_with("0001-large.bin"), "{path}");
    assert_eq!(std::fs::read(path).unwrap(), vec![7; LARGE]);
    // The folder in which they were kept meanwhile is gone.
    assert_eq!(std::fs::read_dir(&scratch).unwrap().count(), 0);
}

#[tokio::test]
async fn a_call_that_is_told_to_stop_leaves_nothing_behind() {
    let (installation, service) = (Installation::sqlite(), Service::start().await);
    add(&installation, &service.base, "crew").await;
    let scratch = installation.scratch().join("tmp");
    std::fs::create_dir(&scratch).unwrap();
    service.known().stalls = true;
    let words = ["app", "call", EXAMPLE, "Download", "--connection", "crew"];
    for (at, signal) in [Signal::INT, Signal::TERM].into_iter().enumerate() {
        let calling = installation.start(&words, b"");
        eventually("it asks", async || service.known().looked as usize == at + 1).await;
        assert_eq!(std::fs::read_dir(&scratch).unwrap().count(), 1);
        let ended = calling.signal(signal).await.expect(130);
        assert!(ended.err.contains("told to stop"), "{}", ended.err);
        assert_eq!(std::fs::read_dir(&scratch).unwrap().count(), 0);
    }
}
