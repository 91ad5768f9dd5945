//! Requests of real clients, sent as the clients send them: the same header lines, the same order
//! of keys, empty bodies with a length of 0. The table is `replay/requests.txt`.

use std::collections::BTreeMap;

use halyard_platform::on_both_databases;
use serde_json::{Value, json};

use crate::{
    conformance::{Row, conclude},
    oauth, shapes,
    support::{NOW, code_in, migrations},
    team::Team,
    wire::{Raw, Wire},
};

const TABLE: &str = include_str!("replay/requests.txt");
const FORM: &str = "application/x-www-form-urlencoded";
const LIMIT: &str = "----formdata-undici-039281746550";

/// One line of the table.
struct Line {
    area: &'static str,
    client: &'static str,
    caller: &'static str,
    method: &'static str,
    target: &'static str,
    body: &'static str,
    answer: &'static str,
    /// Under what name to keep the id of the answer.
    keep: Option<&'static str>,
    /// Fields of the answer with their values.
    expected: Vec<(&'static str, &'static str)>,
}

fn lines() -> Vec<Line> {
    let (mut area, mut client) = ("", "");
    let mut found = Vec::new();
    for text in TABLE.lines().filter(|text| !text.is_empty() && !text.starts_with('#')) {
        if let Some(section) = text.strip_prefix("== ") {
            (area, client) = section.rsplit_once(' ').expect(text);
            continue;
        }
        let (request, answer) = text.rsplit_once(" => ").expect(text);
        let mut words = request.splitn(4, ' ');
        let mut word = || words.next().expect(text);
        let (caller, method, target, body) = (word(), word(), word(), word());
        let (answer, expected) = answer.split_once(" with ").unwrap_or((answer, ""));
        let (answer, keep) = match answer.split_once(" as ") {
            Some((answer, keep)) => (answer, Some(keep)),
            None => (answer, None),
        };
        let expected = expected.split(" and ").filter(|pair| !pair.is_empty());
        let expected = expected.map(|pair| pair.split_once('=').expect(text)).collect();
        let body = if body == "-" { "" } else { body };
        found.push(Line { area, client, caller, method, target, body, answer, keep, expected });
    }
    found
}

/// What `$name` stands for.
struct Names(BTreeMap<String, String>);

impl Names {
    fn set(&mut self, name: &str, value: impl std::fmt::Display) {
        self.0.insert(name.to_owned(), value.to_string());
    }

    /// Puts values in the place of names.
    #[track_caller]
    fn fill(&self, text: &str) -> String {
        let mut filled = String::new();
        let mut parts = text.split('$');
        filled.push_str(parts.next().unwrap_or_default());
        for part in parts {
            let end = part.find(|letter: char| !letter.is_ascii_lowercase()).unwrap_or(part.len());
            let (name, rest) = part.split_at(end);
            filled.push_str(self.0.get(name).unwrap_or_else(|| panic!("${name} in {text}")));
            filled.push_str(rest);
        }
        filled
    }
}

/// The header lines of the official SDK on the HTTP library that it brings along.
fn sdk(content_type: &str, token: Option<&str>, body: Option<usize>) -> Vec<String> {
    let mut lines =
        vec!["connection: keep-alive".to_owned(), format!("Content-Type: {content_type}")];
    lines.extend(token.map(|token| format!("Authorization: Bearer {token}")));
    for line in [
        "accept: */*",
        "accept-language: *",
        "sec-fetch-mode: cors",
        "user-agent: undici",
        "accept-encoding: gzip, deflate",
    ] {
        lines.push(line.to_owned());
    }
    lines.extend(body.map(|length| format!("content-length: {length}")));
    lines
}

/// The header lines of Apprise.
fn apprise(token: Option<&str>, body: usize) -> Vec<String> {
    let mut lines: Vec<String> = [
        "User-Agent: Apprise",
        "Accept-Encoding: gzip, deflate",
        "Accept: */*",
        "Connection: keep-alive",
        "Content-Type: application/x-www-form-urlencoded; charset=utf-8",
    ]
    .map(str::to_owned)
    .into();
    lines.extend(token.map(|token| format!("Authorization: Bearer {token}")));
    lines.push(format!("Content-Length: {body}"));
    lines
}

/// A file as the SDK uploads it.
fn upload(attachment_id: &str) -> String {
    let mut body = format!(
        "--{LIMIT}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\
         Content-Type: application/octet-stream\r\n\r\nhello\r\n"
    );
    for (name, value) in [
        ("file_name", "a.txt"),
        ("file_size", "5"),
        ("underlying_type", "application/octet-stream"),
        ("attachment_id", attachment_id),
    ] {
        body.push_str(&format!(
            "--{LIMIT}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        ));
    }
    body.push_str(&format!("--{LIMIT}--\r\n"));
    body
}

async fn send(wire: &Wire, line: &Line, names: &Names) -> Raw {
    let target = names.fill(line.target);
    let token = match line.caller {
        "nobody" => None,
        "stale" => Some("0123456789abcdef0123456789abcdef01234567".to_owned()),
        caller => Some(names.fill(&format!("$token{caller}"))),
    };
    let token = token.as_deref();
    let body = match line.body {
        "multipart" => upload("6f1c9a5e-30a7-4c3d-9d1a-0f8e2b7c4d11"),
        body => match body.strip_prefix("requests=") {
            // The table has it decoded.
            Some(batch) => {
                let (list, rest) = batch.rsplit_once(']').expect(body);
                let list = names.fill(&format!("{list}]"));
                let mut form = form_urlencoded::Serializer::new(String::new());
                format!("{}{rest}", form.append_pair("requests", &list).finish())
            }
            None => names.fill(body),
        },
    };
    let length = (line.method == "POST").then_some(body.len());
    let (host, headers) = match line.client {
        "apprise" => ("Host", apprise(token, body.len())),
        "sdk-form" => ("host", sdk(FORM, token, length)),
        "sdk-without-fetch" => ("host", sdk("text/plain;charset=UTF-8", token, length)),
        "sdk" if line.body == "multipart" => {
            ("host", sdk(&format!("multipart/form-data; boundary={LIMIT}"), token, length))
        }
        "sdk" => ("host", sdk("application/json", token, length)),
        other => panic!("no client {other}"),
    };
    wire.send(line.method, &target, host, &headers, body.as_bytes()).await
}

/// Compares an answer with a line; answers what is wrong.
fn judge(line: &Line, names: &Names, raw: &Raw) -> Result<Value, String> {
    if let Some(status) = line.answer.strip_prefix("refused ") {
        let text = String::from_utf8_lossy(&raw.body);
        let error: Value = serde_json::from_slice(&raw.body).map_err(|wrong| wrong.to_string())?;
        let complete = error["error_code"].is_i64()
            && error["error_string"].is_string()
            && error["error_extra"].is_object()
            && error["error_uuid"].as_str().is_some_and(|uuid| uuid.len() == 32);
        return if raw.status.to_string() == status && complete {
            Ok(error)
        } else {
            Err(format!("status {}: {text}", raw.status))
        };
    }
    if line.answer == "page" {
        let html = String::from_utf8_lossy(&raw.body);
        let is_page = raw.content_type.starts_with("text/html") && html.contains("</html>");
        return match (raw.status, is_page) {
            (200, true) => Ok(Value::Null),
            _ => Err(format!("no page, but status {}: {html}", raw.status)),
        };
    }
    let (kind, answer) = match line.answer.strip_prefix("created ") {
        Some(kind) => (kind, raw.with_status(201)?),
        None => (line.answer, raw.strict()?),
    };
    shapes::check_rules(&answer)?;
    match kind {
        "none" if answer == json!([]) => {}
        "none" => return Err(format!("not empty: {answer}")),
        "done" if answer != json!({"status": "ok"}) => return Err(format!("not ok: {answer}")),
        kind => shapes::check(kind, &answer)?,
    }
    if line.answer.starts_with('[') && answer == json!([]) {
        return Err("an empty list".to_owned());
    }
    if kind == "[batch_answer]" {
        for one in answer.as_array().into_iter().flatten() {
            let body = one["body"].as_str().unwrap_or_default();
            let inner: Value = serde_json::from_str(body).map_err(|error| error.to_string())?;
            if one["code"] != 200 {
                return Err(format!("a call of the batch failed: {inner}"));
            }
        }
    }
    for (field, value) in &line.expected {
        let value: Value = serde_json::from_str(&names.fill(value)).expect(value);
        if answer[field] != value {
            return Err(format!("{field} is {}, not {value}", answer[field]));
        }
    }
    Ok(answer)
}

/// An archived channel and a group that nobody needs, beside the team.
async fn names(team: &Team) -> Names {
    let mut names = Names(BTreeMap::new());
    for (name, person) in [
        ("ann", &team.ann),
        ("bo", &team.bo),
        ("cat", &team.cat),
        ("gus", &team.gus),
        ("rae", &team.rae),
    ] {
        names.set(name, person.id);
        names.set(&format!("token{name}"), &person.token);
    }
    let (ann, space) = (&team.ann, team.space);
    let body = json!({"workspace_id": space, "name": "Attic"});
    let attic = ann.post_json("v3/channels/add", body).await.ok()["id"].clone();
    ann.post_json("v3/channels/archive", json!({"id": attic})).await.done();
    let body = json!({"workspace_id": space, "name": "Spare"});
    let spare = ann.post_json("v3/groups/add", body).await.ok()["id"].clone();
    let workspace = ann.get(&format!("v3/workspaces/getone?id={space}")).await.ok();
    names.set("space", space);
    names.set("general", &workspace["default_channel"]);
    names.set("attic", attic);
    names.set("spare", spare);
    names.set("token", &ann.token);
    names.set("redirect", "http://localhost:8766/callback");
    names.set("past", NOW / 1000 - 60);
    names.set("future", NOW / 1000 + 60);
    names
}

on_both_databases! {
    migrations();

    async fn requests_of_real_clients_get_what_the_clients_need(db: &TestDb) {
        let team = Team::new(db).await;
        let wire = Wire::start(&team.app).await;
        let mut names = names(&team).await;
        names.set("base", wire.base());
        let mut rows = Vec::new();
        for line in lines() {
            let verdict = if line.answer == "not yet" {
                "not yet".to_owned()
            } else {
                if line.body.contains("$code") {
                    names.set("code", code_in(team.app.mails().await.last().expect("a mail")));
                }
                if line.body.contains("$granted") {
                    // What a person does between two requests of the program.
                    let browser = oauth::signed_in(&team.app, &team.ann).await;
                    let fields = ["client", "redirect"].map(|name| names.fill(&format!("${name}")));
                    let fields = [
                        ("client_id", fields[0].as_str()),
                        ("redirect_uri", fields[1].as_str()),
                        ("scope", "user:read threads:write"),
                    ];
                    names.set("granted", oauth::allow(&browser, &fields).await);
                }
                match judge(&line, &names, &send(&wire, &line, &names).await) {
                    Ok(answer) => {
                        for (field, name) in [
                            ("client_id", "client"),
                            ("client_secret", "secret"),
                            ("access_token", "access"),
                        ] {
                            if let Some(value) = answer[field].as_str() {
                                names.set(name, value);
                            }
                        }
                        if let Some(name) = line.keep {
                            let id = answer["attachment_id"].as_str().map(str::to_owned);
                            names.set(name, id.unwrap_or_else(|| answer["id"].to_string()));
                        }
                        "ok".to_owned()
                    }
                    Err(wrong) => wrong,
                }
            };
            // A space ends a request that has no body.
            let request = format!("{} {} {}", line.method, line.target, line.body);
            rows.push(Row {
                area: line.area.to_owned(),
                request: format!("{}: {}", line.client, request.trim_end()),
                verdict,
            });
        }
        conclude("twist.requests.tsv", &rows);
    }
}
