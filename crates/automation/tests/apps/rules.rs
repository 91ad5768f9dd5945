//! A folder with one mistake of each kind: for every rule the file and the place that it names.

use std::collections::BTreeSet;

use halyard_automation::apps::{Level, RULES};

use crate::{lines, loaded};

/// An app without a finding.
pub(crate) const SOUND: &[(&str, &str)] = &[
    (
        "base.imljson",
        r#"{"baseUrl": "https://x.example", "log": {"sanitize": ["request.headers.authorization"]}}"#,
    ),
    ("groups.json", r#"[{"label": "Users", "modules": ["GetUser", "ListUsers"]}]"#),
    ("connections/main/metadata.json", r#"{"name": "main", "type": "oauth"}"#),
    (
        "connections/main/api.imljson",
        r#"{
            "authorize": {"url": "https://x.example/authorize", "response": {"temp": {"code": "{{query.code}}"}}},
            "token": {"url": "https://x.example/token", "log": {"sanitize": ["request.body"]},
                "response": {"data": {"accessToken": "{{body.access_token}}"}}}
        }"#,
    ),
    ("connections/main/scopes.imljson", r#"{"users:read": "See users"}"#),
    ("webhooks/events/metadata.json", r#"{"type": "web", "connection": "main"}"#),
    ("webhooks/events/api.imljson", r#"{"output": "{{body}}"}"#),
    ("rpcs/listUsers/metadata.json", r#"{"connection": "main"}"#),
    ("rpcs/listUsers/api.imljson", r#"{"url": "/users", "response": {"iterate": "{{body}}"}}"#),
    ("functions/addOne/code.js", "function addOne(n) { return n + 1 }"),
    ("modules/GetUser/metadata.json", r#"{"typeId": 4, "connection": "main"}"#),
    ("modules/GetUser/api.imljson", r#"{"url": "/users/{{addOne(parameters.id)}}"}"#),
    (
        "modules/GetUser/expect.imljson",
        r#"[{"name": "id", "type": "select", "options": "rpc://listUsers?all=1"}]"#,
    ),
    ("modules/ListUsers/metadata.json", r#"{"typeId": 9, "connection": "main"}"#),
    (
        "modules/ListUsers/api.imljson",
        r#"{"url": "/users", "response": {"iterate": "{{body}}", "output": "{{item}}"}}"#,
    ),
    ("modules/WatchEvents/metadata.json", r#"{"typeId": 10, "webhook": "events"}"#),
    ("modules/WatchUsers/metadata.json", r#"{"typeId": 1, "connection": "main"}"#),
    (
        "modules/WatchUsers/api.imljson",
        r#"{"url": "/users", "response": {"iterate": "{{body}}", "trigger": {
            "type": "date", "order": "desc", "id": "{{item.id}}", "date": "{{item.at}}"}}}"#,
    ),
    (
        "modules/WatchUsers/epoch.imljson",
        r#"{"response": {"output": {"label": "{{item.name}}", "date": "{{item.at}}"}}}"#,
    ),
];

const GET: &str = "modules/GetUser/api.imljson";
const EXPECT: &str = "modules/GetUser/expect.imljson";
const LIST: &str = "modules/ListUsers/api.imljson";
const WATCH: &str = "modules/WatchUsers/api.imljson";

/// A rule, the file that breaks it with its content, and where the finding is. The file replaces the
/// one of the sound app.
type Case = (&'static str, &'static str, &'static str, &'static str);

const CASES: &[Case] = &[
    ("json-syntax", GET, r#"{url: "/users"}"#, "$"),
    ("unknown-component-type", "modules/GetUser/metadata.json", r#"{"typeId": 77}"#, "$.typeId"),
    ("unknown-component-type", "modules/GetUser/metadata.json", r#"{"type": "actoin"}"#, "$"),
    (
        "unknown-component-type",
        "webhooks/events/metadata.json",
        r#"{"type": "weeb", "connection": "main"}"#,
        "$",
    ),
    ("wrong-kind", GET, r#"{"url": {"path": "/users"}}"#, "$.url"),
    ("wrong-kind", GET, r#"{"url": "/users", "headers": 1}"#, "$.headers"),
    ("wrong-kind", GET, r#"{"url": "/users", "response": []}"#, "$.response"),
    ("wrong-kind", GET, r#"{"url": "/users", "gzip": 1}"#, "$.gzip"),
    ("wrong-kind", GET, r#"{"url": "/users", "timeout": {}}"#, "$.timeout"),
    ("wrong-kind", GET, r#"{"url": "/users", "proxy": 3128}"#, "$.proxy"),
    (
        "wrong-kind",
        GET,
        r#"{"url": "/users", "clientCertificate": "certificate.pem"}"#,
        "$.clientCertificate",
    ),
    (
        "wrong-kind",
        GET,
        r#"{"url": "/users", "response": {"acceptErrors": [404]}}"#,
        "$.response.acceptErrors",
    ),
    ("expression-syntax", GET, r#"{"url": "/users", "qs": {"a": ["{{1 +}}"]}}"#, "$.qs.a[0]"),
    ("missing-part", WATCH, r#"{"url": "/users", "response": {"iterate": "{{body}}"}}"#, "$"),
    (
        "missing-part",
        WATCH,
        r#"{"url": "/users", "response": {"trigger": {"type": "date", "order": "asc", "id": "{{item.id}}"}}}"#,
        "$.response.trigger",
    ),
    (
        "missing-part",
        WATCH,
        r#"{"response": {"trigger": {"type": "id", "order": "asc", "id": "{{item.id}}"}}}"#,
        "$",
    ),
    ("missing-part", "modules/WatchEvents/metadata.json", r#"{"typeId": 10}"#, "$"),
    ("missing-part", GET, r#"{"url": "/users", "repeat": {"delay": 1}}"#, "$.repeat"),
    (
        "missing-part",
        "connections/main/api.imljson",
        r#"{"authorize": {"url": "https://x.example"}}"#,
        "$",
    ),
    ("missing-part", "functions/addOne/code.js", " ", "$"),
    (
        "missing-connection",
        "modules/GetUser/metadata.json",
        r#"{"typeId": 4, "connection": "other"}"#,
        "$",
    ),
    (
        "missing-webhook",
        "modules/WatchEvents/metadata.json",
        r#"{"typeId": 10, "webhook": "other"}"#,
        "$",
    ),
    (
        "missing-endpoint",
        GET,
        r#"{"endpoint": "getUser", "input": {"a": "{{addOne(1)}}"}}"#,
        "$.endpoint",
    ),
    (
        "too-many-requests",
        "modules/WatchEvents/api.imljson",
        r#"[{"url": "/a"}, {"url": "/b"}]"#,
        "$",
    ),
    ("unknown-directive", GET, r#"{"ulr": "/users", "url": "/users"}"#, "$.ulr"),
    (
        "unknown-directive",
        GET,
        r#"{"url": "/users", "response": {"oneOf": []}}"#,
        "$.response.oneOf",
    ),
    ("unknown-directive", GET, r#"{"url": "/users", "makeable": true}"#, "$.makeable"),
    ("unknown-directive", GET, r#"{"url": "/users", "log": {"hide": []}}"#, "$.log.hide"),
    (
        "unknown-directive",
        GET,
        r#"{"url": "/users", "response": {"error": {"4xx": "no"}}}"#,
        "$.response.error.4xx",
    ),
    (
        "unknown-directive",
        "connections/main/api.imljson",
        r#"{"token": {"url": "https://x.example", "log": {"sanitize": []}}, "tokn": {}}"#,
        "$.tokn",
    ),
    (
        "unknown-directive",
        GET,
        r#"{"url": "/users", "clientCertificate": {"certificate": "a", "pfx": "b"}}"#,
        "$.clientCertificate.pfx",
    ),
    ("unknown-directive", GET, r#"{"url": "/users", "proxy": {"host": "a"}}"#, "$.proxy.host"),
    ("unknown-directive", "webhooks/events/api.imljson", r#"{"answer": 1}"#, "$.answer"),
    (
        "misplaced-directive",
        GET,
        r#"{"url": "/users", "pagination": {"qs": {"page": 1}}}"#,
        "$.pagination",
    ),
    ("misplaced-directive", GET, r#"{"url": "/users", "output": "{{body}}"}"#, "$.output"),
    (
        "misplaced-directive",
        GET,
        r#"{"url": "/users", "baseUrl": "https://y.example"}"#,
        "$.baseUrl",
    ),
    (
        "misplaced-directive",
        GET,
        r#"{"url": "/users", "response": {"data": {"a": 1}}}"#,
        "$.response.data",
    ),
    (
        "misplaced-directive",
        "webhooks/events/attach.imljson",
        r#"{"url": "/hooks", "response": {"output": 1}}"#,
        "$.response.output",
    ),
    ("misplaced-directive", "modules/GetUser/epoch.imljson", r#"{"response": {}}"#, "$"),
    ("duplicate-key", GET, r#"{"url": "/a", "method": "GET", "url": "/b"}"#, "$.url"),
    ("loose-kind", GET, r#"{"url": "/users", "encodeUrl": "false"}"#, "$.encodeUrl"),
    (
        "static-directive",
        GET,
        r#"{"url": "/users", "repeat": {"condition": "{{temp.a}}", "delay": "{{parameters.delay}}"}}"#,
        "$.repeat.delay",
    ),
    ("unknown-value", GET, r#"{"url": "/users", "method": "FETCH"}"#, "$.method"),
    ("unknown-value", GET, r#"{"url": "/users", "type": "GET"}"#, "$.type"),
    ("unknown-value", GET, r#"{"url": "/users", "timeout": 0}"#, "$.timeout"),
    ("unknown-value", GET, r#"{"url": "/users", "timeout": 300001}"#, "$.timeout"),
    (
        "unknown-value",
        GET,
        r#"{"url": "/users", "response": {"type": {"*": "json", "4xx": "text"}}}"#,
        "$.response.type.4xx",
    ),
    (
        "unknown-error-type",
        GET,
        r#"{"url": "/users", "response": {"error": {"404": {"message": "None", "type": "NotFound"}}}}"#,
        "$.response.error.404.type",
    ),
    ("unknown-function", GET, r#"{"url": "/users/{{addTwo(1)}}"}"#, "$.url"),
    ("unknown-root", GET, r#"{"url": "/users/{{params.id}}"}"#, "$.url"),
    ("misplaced-root", GET, r#"{"url": "/users/{{item.id}}"}"#, "$.url"),
    (
        "misplaced-root",
        GET,
        r#"{"url": "/users", "qs": {"page": "{{pagination.page}}"}}"#,
        "$.qs.page",
    ),
    (
        "zero-index",
        GET,
        r#"{"url": "/users", "response": {"output": "{{body.list[0]}}"}}"#,
        "$.response.output",
    ),
    ("expression", GET, r#"{"url": "/users/{{parameters.id"}"#, "$.url"),
    ("relative-url", GET, r#"{"url": "users"}"#, "$.url"),
    ("request-less", LIST, r#"{"response": {"output": []}}"#, "$"),
    (
        "incomplete",
        "modules/WatchUsers/epoch.imljson",
        r#"{"response": {"output": {"label": "{{item.name}}"}}}"#,
        "$.response.output",
    ),
    (
        "incomplete",
        EXPECT,
        r#"[{"name": "id", "type": "select"}, {"name": "x", "type": "text", "help": "rpc://listUsers"}]"#,
        "$[0]",
    ),
    (
        "nested-iterate",
        LIST,
        r#"{"url": "/users", "response": {"output": {"list": {"iterate": "{{body}}", "output": "x"}}}}"#,
        "$.response.output.list",
    ),
    (
        "certificate-not-verified",
        GET,
        r#"{"url": "/users", "rejectUnauthorized": false}"#,
        "$.rejectUnauthorized",
    ),
    ("missing-sanitize", "base.imljson", r#"{"baseUrl": "https://x.example"}"#, "$"),
    (
        "missing-sanitize",
        "connections/main/api.imljson",
        r#"{"token": {"url": "https://x.example"}}"#,
        "$",
    ),
    (
        "sanitize-path",
        "base.imljson",
        r#"{"log": {"sanitize": ["headers.authorization"]}}"#,
        "$.log.sanitize[0]",
    ),
    (
        "sanitize-path",
        "base.imljson",
        r#"{"log": {"sanitize": ["request.header.authorization"]}}"#,
        "$.log.sanitize[0]",
    ),
    (
        "unknown-attribute",
        EXPECT,
        r#"[{"name": "id", "type": "select", "options": "rpc://listUsers", "requird": true}]"#,
        "$[0].requird",
    ),
    (
        "wrong-attribute",
        EXPECT,
        r#"[{"name": "id", "type": "select", "options": "rpc://listUsers", "required": 1}]"#,
        "$[0].required",
    ),
    (
        "wrong-attribute",
        EXPECT,
        r#"[{"name": "id", "type": "select", "options": "rpc://listUsers"}, "listUsers"]"#,
        "$[1]",
    ),
    (
        "unknown-parameter-type",
        EXPECT,
        r#"[{"name": "id", "type": "string", "help": "rpc://listUsers"}]"#,
        "$[0].type",
    ),
    (
        "missing-rpc",
        EXPECT,
        r#"["rpc://listUsers", {"name": "id", "type": "select", "options": {"store": "rpc://others"}}]"#,
        "$[1].options.store",
    ),
    (
        "missing-module",
        "groups.json",
        r#"[{"label": "Users", "modules": ["Nobody"]}]"#,
        "$[0].modules[0]",
    ),
    ("unknown-scope", "modules/GetUser/scope.imljson", r#"["users:write"]"#, "$"),
    ("unused-component", EXPECT, "[]", ""),
    ("unused-component", "functions/unused/code.js", "function unused() {}", "$"),
    ("bad-identifier", "rpcs/_x/metadata.json", "{}", "$"),
    ("not-supported", "connections/main/install-spec.imljson", r#"[{"name": "a"}]"#, "$"),
    ("unknown-entry", "modules/GetUser/colours.imljson", "{}", "$"),
];

fn with(file: &'static str, content: &'static str) -> Vec<(&'static str, &'static str)> {
    let others = SOUND.iter().filter(|(path, _)| *path != file).copied();
    others.chain([(file, content)]).collect()
}

#[test]
fn a_sound_app_has_no_finding() {
    let loaded = loaded(SOUND);
    assert_eq!(lines(&loaded), [""; 0], "{:#?}", loaded.findings);
    let app = loaded.app.expect("an app");
    assert_eq!((app.modules.len(), app.rpcs.len(), app.functions.len()), (4, 1, 1));
}

#[test]
fn directives_of_ours_are_known() {
    let said = r#"{"url": "/users/{{addOne(1)}}", "timeout": "{{parameters.seconds * 1000}}",
        "proxy": "{{parameters.proxy}}", "clientCertificate": {"certificate": "{{connection.a}}",
            "key": "{{connection.b}}"},
        "followRedirects": "{{parameters.follow}}", "followAllRedirect": "{{parameters.follow}}",
        "encodeUrl": "{{parameters.encode}}", "gzip": "{{parameters.gzip}}",
        "shareCookies": "{{parameters.share}}", "rejectUnauthorized": "{{parameters.reject}}",
        "response": {"acceptErrors": "{{statusCode == 404}}"}}"#;
    assert_eq!(lines(&loaded(&with(GET, said))), [""; 0]);
    let said = r#"{"url": "/users/{{addOne(1)}}", "timeout": 5000, "proxy": {"url": "{{connection.a}}",
        "user": "{{connection.b}}", "password": "{{connection.c}}"}}"#;
    assert_eq!(lines(&loaded(&with(GET, said))), [""; 0]);
}

#[test]
fn every_mistake_is_named_with_its_place() {
    for (rule, file, content, path) in CASES {
        let loaded = loaded(&with(file, content));
        let level = RULES.iter().find(|known| known.name == *rule).expect(rule).level;
        // Where the place is another file, the case says no path.
        let wanted = format!("{file}:{path} {level} {rule}");
        let found = lines(&loaded);
        let matches = found.iter().any(|line| match *path {
            "" => line.ends_with(&format!(" {level} {rule}")),
            _ => *line == wanted,
        });
        assert!(matches, "{rule}: {content}\n{:#?}", loaded.findings);
        assert!(
            loaded.findings.iter().all(|finding| finding.message.ends_with(['.', '?'])),
            "{rule}"
        );
        let placed = |finding: &halyard_automation::apps::Finding| {
            finding.at.is_some() || finding.file.ends_with(".js") || finding.path == "$"
        };
        assert!(loaded.findings.iter().all(placed), "{rule}: {:#?}", loaded.findings);
        assert_eq!(loaded.has_errors(), level == Level::Error, "{rule}: {:#?}", loaded.findings);
    }
}

/// What attaching has saved is there in whatever a webhook says, and in its procedures.
#[test]
fn webhooks_know_what_was_attached() {
    let communication = r#"{
        "verification": {"condition": "{{query.challenge = webhook.id}}",
            "respond": {"body": "{{webhook.secret}}"}},
        "condition": "{{headers.sign = sha256(rawBody, 'hex', webhook.secret)}}",
        "iterate": {"container": "{{body}}", "condition": "{{item.hook = webhook.id}}"},
        "output": {"hook": "{{webhook.id}}", "item": "{{item}}"},
        "respond": {"body": "{{webhook.url}}", "headers": {"x-hook": "{{webhook.id}}"}}
    }"#;
    let procedure = r#"{"condition": "{{webhook.id}}", "url": "/hooks/{{webhook.id}}"}"#;
    let attach = r#"{"url": "/hooks", "body": {"url": "{{webhook.url}}"},
        "response": {"data": {"id": "{{ifempty(body.id, webhook.id)}}"}}}"#;
    let replaced = [
        ("webhooks/events/api.imljson", communication),
        ("webhooks/events/attach.imljson", attach),
        ("webhooks/events/update.imljson", procedure),
        ("webhooks/events/detach.imljson", procedure),
        ("modules/WatchEvents/api.imljson", r#"{"response": {"output": "{{webhook.id}}"}}"#),
    ];
    let others = SOUND.iter().filter(|(path, _)| replaced.iter().all(|(new, _)| new != path));
    let files: Vec<(&str, &str)> = others.copied().chain(replaced).collect();
    let loaded = loaded(&files);
    assert!(loaded.findings.is_empty(), "{:#?}", loaded.findings);
    // Elsewhere nobody has attached anything.
    let elsewhere = (GET, r#"{"url": "/{{addOne(webhook.id)}}"}"#);
    let others = SOUND.iter().copied().filter(|(path, _)| *path != GET);
    let files: Vec<(&str, &str)> = others.chain([elsewhere]).collect();
    assert_eq!(lines(&crate::loaded(&files)), [format!("{GET}:$.url warning misplaced-root")]);
}

#[test]
fn long_texts_are_named() {
    let long = "x".repeat(513);
    let of = |path: &'static str, content: String, at: &str| {
        let others = SOUND.iter().filter(|(other, _)| *other != path);
        let mut files: Vec<(&str, &str)> = others.copied().collect();
        files.push((path, &content));
        let found = lines(&loaded(&files));
        let wanted = format!("{path}:{at} warning too-long");
        assert!(found.contains(&wanted), "{wanted}: {found:?}");
    };
    of(GET, format!(r#"{{"url": "/{long}"}}"#), "$.url");
    let error = format!(r#"{{"url": "/a", "response": {{"error": "{long}{long}"}}}}"#);
    of(GET, error, "$.response.error");
    of("functions/addOne/code.js", format!("//{}", long.repeat(10)), "$");
    let scope = format!(r#"["{long}"]"#);
    of("modules/GetUser/scope.imljson", scope, "$[0]");
}

/// Rules that other tests break, here and beside manifests.
const OTHERS: &[&str] =
    &["no-app", "missing-file", "missing-optional-file", "code-left-out", "encoding", "too-long"];

#[test]
fn every_rule_has_a_case() {
    let cases: BTreeSet<_> =
        CASES.iter().map(|(rule, ..)| *rule).chain(OTHERS.iter().copied()).collect();
    let rules: BTreeSet<_> = RULES.iter().map(|rule| rule.name).collect();
    assert_eq!(rules.len(), RULES.len(), "a name occurs twice");
    assert_eq!(cases, rules);
}

/// `docs/app-lint.md` is the table of rules for readers.
#[test]
fn the_documentation_lists_the_rules() {
    let mut page = include_str!("../../../../docs/app-lint.md");
    for level in [Level::Error, Level::Warning] {
        for rule in RULES.iter().filter(|rule| rule.level == level) {
            let line =
                format!("| `{}` | {} | {} | {} |", rule.name, rule.level, rule.meaning, rule.fix);
            let at = page.find(&line).unwrap_or_else(|| panic!("missing, or not in order: {line}"));
            page = &page[at + line.len()..];
        }
    }
    assert!(!page.contains("\n| `"), "a rule that does not exist: {page}");
}
