use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::run::{Ended, finish, halyard};

fn app(directory: &Path, arguments: &[&str]) -> Ended {
    let all: Vec<_> = ["app"].iter().chain(arguments).copied().collect();
    finish(halyard(directory, &all), "")
}

/// A folder with an app in it.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let at = tempfile::tempdir().expect("a directory");
    for (path, content) in files {
        let path = at.path().join("mine").join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, content).expect("written");
    }
    at
}

const BASE: (&str, &str) =
    ("base.imljson", r#"{"baseUrl": "https://x.example", "log": {"sanitize": []}}"#);
const METADATA: (&str, &str) = ("modules/GetUser/metadata.json", r#"{"typeId": 4}"#);

#[test]
fn a_warning_is_a_line_and_no_failure() {
    let at = folder(&[
        BASE,
        METADATA,
        ("modules/GetUser/api.imljson", "{\n  \"url\": \"/users\",\n  \"ulr\": 1,\n}"),
    ]);
    let ended = app(at.path(), &["lint", "mine"]);
    assert!(ended.ok, "{ended:?}");
    assert_eq!(
        ended.out,
        "modules/GetUser/api.imljson:$.ulr: warning: unknown-directive: Nobody knows a directive `ulr`. Is `url` meant?\n"
    );
    let ended = app(at.path(), &["lint", "mine", "--json"]);
    let found: Value = serde_json::from_str(&ended.out).expect("one JSON object");
    assert_eq!(
        found,
        json!({
            "file": "modules/GetUser/api.imljson", "path": "$.ulr", "line": 3, "column": 10,
            "level": "warning", "rule": "unknown-directive",
            "message": "Nobody knows a directive `ulr`. Is `url` meant?"
        })
    );
}

#[test]
fn an_error_is_a_failure() {
    let at = folder(&[BASE, METADATA, ("modules/GetUser/api.imljson", r#"{"url": "/users"}} "#)]);
    let ended = app(at.path(), &["lint", "mine"]);
    assert!(!ended.ok, "{ended:?}");
    assert!(ended.out.contains(":$: error: json-syntax: Line 1, column 18: "), "{ended:?}");
    assert_eq!(ended.err, "");
}

#[test]
fn a_folder_that_is_none_is_named() {
    let at = folder(&[BASE]);
    let ended = app(at.path(), &["lint", "nowhere"]);
    assert!(!ended.ok && ended.out.is_empty(), "{ended:?}");
    let said = "halyard: DIR: there is no folder \"nowhere\" and no built-in app of this name";
    assert!(ended.err.starts_with(said), "{ended:?}");
    let ended = app(at.path(), &["lint", "mine/base.imljson"]);
    assert!(!ended.ok && ended.err.contains("name the folder that it is in"), "{ended:?}");
    fs::create_dir(at.path().join("empty")).expect("made");
    let ended = app(at.path(), &["lint", "empty"]);
    assert!(!ended.ok && ended.out.starts_with(":$: error: no-app: "), "{ended:?}");
}

/// Folders with apps of others, where an environment variable names a directory of such folders.
#[test]
fn apps_of_others_load() {
    let Some(directory) = std::env::var_os("HALYARD_APPS_DIR") else {
        println!("skipped: HALYARD_APPS_DIR names no directory with folders of apps");
        return;
    };
    let mut folders: Vec<_> = fs::read_dir(&directory)
        .expect("the directory of HALYARD_APPS_DIR")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    assert!(!folders.is_empty(), "HALYARD_APPS_DIR holds no folder");
    let mut rules = std::collections::BTreeMap::<String, usize>::new();
    for folder in &folders {
        let name = folder.to_str().expect("a path in UTF-8");
        let ended = app(Path::new("."), &["lint", name, "--json"]);
        assert_eq!(ended.err, "", "{name}");
        let mut errors = 0;
        for line in ended.out.lines() {
            let found: Value = serde_json::from_str(line).expect("JSON");
            let text = |key: &str| found[key].as_str().expect("text").to_owned();
            assert_ne!(text("rule"), "no-app", "{name}");
            errors += usize::from(text("level") == "error");
            let path = text("path");
            let directive = path.rsplit('.').next().unwrap_or_default();
            let directive = directive.split('[').next().unwrap_or_default();
            *rules.entry(format!("{} {directive}", text("rule"))).or_default() += 1;
        }
        println!("{name}: {} findings, {errors} errors", ended.out.lines().count());
        assert_eq!(ended.ok, errors == 0, "{name}");
    }
    for (rule, count) in rules {
        println!("{count:6} {rule}");
    }
}
