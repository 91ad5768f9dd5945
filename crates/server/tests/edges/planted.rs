//! The checks must be able to fail: each test plants one thing that is forbidden, and finds it.

use crate::check::violations;
use crate::tree::Tree;

/// A small workspace without a fault, into which a test puts more files or other ones.
fn with(changes: &[(&str, &str)]) -> Vec<String> {
    let package = |name: &str, rest: &str| format!("[package]\nname = \"halyard-{name}\"\n{rest}");
    let platform = package("platform", "[dependencies]\nrusqlite = \"1\"\n");
    let messaging = package(
        "messaging",
        "[dependencies]\nhalyard-platform.workspace = true\n\
         [dev-dependencies]\nhalyard-platform = { workspace = true, features = [\"testing\"] }\n",
    );
    let http_api = package("http-api", "[dependencies]\naxum = \"1\"\nhalyard-messaging = {}\n");
    let sound = [
        ("Cargo.toml", "[workspace.dependencies]\nforum = { package = \"halyard-http-api\" }\n"),
        ("crates/platform/Cargo.toml", platform.as_str()),
        ("crates/platform/src/lib.rs", "fn f() { std::fs::read(\"select a from b\"); }"),
        ("crates/platform/migrations/0001.sql", "create table event (workspace_id bigint)"),
        ("crates/messaging/Cargo.toml", messaging.as_str()),
        ("crates/messaging/src/lib.rs", "use halyard_platform::db; // std::env, halyard_http_api"),
        ("crates/messaging/migrations/0001.sql", "create table comment (id bigint)"),
        ("crates/http_api/Cargo.toml", http_api.as_str()),
        (
            "crates/http_api/src/twist/comments.rs",
            "use super::dto; use crate::{kit, twist::auth}; const A: &str = \"Select a channel\";",
        ),
    ];
    let kept = sound.iter().filter(|(path, _)| changes.iter().all(|(changed, _)| changed != path));
    let files: Vec<(&str, &str)> = kept.chain(changes).copied().collect();
    violations(&Tree::of_files(&files))
}

#[track_caller]
fn assert_found(changes: &[(&str, &str)], expected: &[&str]) {
    assert_eq!(with(changes), expected);
}

#[test]
fn a_sound_workspace_passes() {
    assert_found(&[], &[]);
}

#[test]
fn a_package_that_the_table_does_not_know() {
    assert_found(
        &[("crates/extra/Cargo.toml", "[package]\nname = \"halyard-extra\"\n")],
        &["crates/extra: a package that the table of edges does not know"],
    );
}

#[test]
fn a_package_under_another_name() {
    assert_found(
        &[("crates/iml/Cargo.toml", "[package]\nname = \"iml\"\n")],
        &["crates/iml/Cargo.toml: the package in this folder must be named halyard-iml"],
    );
}

#[test]
fn a_dependency_against_the_direction() {
    let manifest = |rest: &str| format!("[package]\nname = \"halyard-platform\"\n{rest}");
    let expected =
        ["crates/platform/Cargo.toml: halyard-platform must not use halyard-http-api"].as_slice();
    for rest in [
        "[dependencies]\nhalyard-http-api = { path = \"../http_api\" }\n",
        "[dependencies.halyard-http-api]\npath = \"../http_api\"\n",
        "[dev-dependencies]\nhalyard-http-api.workspace = true\n",
        "[build-dependencies]\nhalyard-http-api.workspace = true\n",
        "[target.'cfg(unix)'.dependencies]\nhalyard-http-api.workspace = true\n",
        // Renamed here, and renamed in the workspace.
        "[dependencies]\nh = { path = \"../http_api\", package = \"halyard-http-api\" }\n",
        "[dependencies]\nforum.workspace = true\n",
    ] {
        assert_found(&[("crates/platform/Cargo.toml", &manifest(rest))], expected);
    }
}

#[test]
fn a_core_that_uses_another_core() {
    assert_found(
        &[(
            "crates/telephony/Cargo.toml",
            "[package]\nname = \"halyard-telephony\"\n[dependencies]\nhalyard-messaging = {}\n",
        )],
        &["crates/telephony/Cargo.toml: halyard-telephony must not use halyard-messaging"],
    );
}

#[test]
fn only_automation_knows_the_expression_language() {
    let manifest = |name: &str| {
        format!("[package]\nname = \"halyard-{name}\"\n[dependencies]\nhalyard-iml = {{}}\n")
    };
    assert_found(&[("crates/automation/Cargo.toml", &manifest("automation"))], &[]);
    assert_found(
        &[("crates/messaging/Cargo.toml", &manifest("messaging"))],
        &["crates/messaging/Cargo.toml: halyard-messaging must not use halyard-iml"],
    );
}

#[test]
fn a_core_that_depends_on_http() {
    assert_found(
        &[(
            "crates/messaging/Cargo.toml",
            "[package]\nname = \"halyard-messaging\"\n[dependencies]\nweb = { package = \"axum\" }\n",
        )],
        &["crates/messaging/Cargo.toml: a core must not use axum"],
    );
}

#[test]
fn a_source_that_mentions_a_crate_against_the_direction() {
    assert_found(
        &[("crates/messaging/src/lib.rs", "fn f() {\n halyard_http_api::g() }")],
        &["crates/messaging/src/lib.rs:2: halyard-messaging must not use halyard_http_api"],
    );
}

#[test]
fn a_core_that_knows_the_outside() {
    for (source, module) in [
        ("use std::{collections::BTreeMap, env};", "std::env"),
        ("fn f() { std::fs::read(p) }", "std::fs"),
        ("use ::std::net::IpAddr;", "std::net"),
        ("use tokio::{net::TcpStream, sync::Mutex};", "tokio::net"),
        ("fn f(h: http::HeaderMap) {}", "http"),
        ("#[cfg(test)]\nmod tests { use reqwest::Client; }", "reqwest"),
    ] {
        let found = with(&[("crates/messaging/src/threads.rs", source)]);
        assert_eq!(found.len(), 1, "{source}: {found:?}");
        assert!(found[0].ends_with(&format!("a core must not know {module}")), "{found:?}");
    }
}

#[test]
fn a_facade_that_contains_sql() {
    for source in [
        "db.all(\"select id from comment\")",
        "db.all(\"with x as (select 1 from y) delete from x\")",
        "db.exec(r#\"\n  insert into comment (id)\n  values ($1)\"#)",
        "db.exec(\"update comment set a = 1\")",
        "db.exec(\"DELETE FROM comment\")",
        "db.one(\"select 1\")",
        "db.exec(include_str!(\"add.sql\"))",
    ] {
        let found = with(&[("crates/http_api/src/twist/comments.rs", source)]);
        assert_eq!(
            found,
            ["crates/http_api/src/twist/comments.rs:1: a facade must not contain SQL"],
            "{source}"
        );
    }
    assert_found(
        &[("crates/http_api/src/make/a.sql", "")],
        &["crates/http_api/src/make/a.sql: a facade must not contain SQL"],
    );
}

#[test]
fn a_facade_that_uses_another_facade() {
    let path = "crates/http_api/src/twist/comments/add.rs";
    for source in [
        "use crate::chatwork::rooms;",
        "use crate::{kit, chatwork};",
        "use super::super::super::chatwork;",
        "mod tests { use super::super::super::super::chatwork; }",
        "fn f() { halyard_http_api::chatwork::g() }",
    ] {
        let expected = format!("{path}:1: the facade twist must not use the facade chatwork");
        assert_eq!(with(&[(path, source)]), [expected], "{source}");
    }
    // A module of the facade's own may share a name with another facade.
    assert_found(&[(path, "use super::super::chatwork; use super::make;")], &[]);
}

#[test]
fn a_table_of_platform_with_a_word_of_a_domain() {
    let noun = |path: &str, table: &str, noun: &str| {
        format!(
            "{path}:1: the table {table} of platform names a {noun}, which is a word of a domain"
        )
    };
    let path = "crates/platform/migrations/0002.sql";
    assert_found(
        &[(path, "-- why\ncreate table if not exists channel_events (id bigint);")],
        &[&noun(path, "channel_events", "channel")],
    );
    let path = "crates/platform/src/lib.rs";
    assert_found(
        &[(path, "const M: &str = \"create table users (id bigint)\";")],
        &[&noun(path, "users", "user")],
    );
    assert_found(&[(path, "mod tests { const M: &str = \"create table comment (id)\"; }")], &[]);
}
