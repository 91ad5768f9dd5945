//! Commands about what is in a workspace: integrations, retention, the list of acts, archives.

use std::{fs::File, io::Write, path::Path};

use halyard_platform::{
    db::{Error, testing::TestDb},
    on_both_databases, params,
};
use serde_json::{Value, json};
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::administration::{fails, json as json_of, migrations, ok};

/// The demo workspace with its admin and first channel.
async fn demo(test: &TestDb) -> (String, String, String) {
    let demo: Value = serde_json::from_str(&ok(test, &["demo", "--json"], "").await).unwrap();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    (
        text(&demo["workspace_id"]),
        text(&demo["users"][0]["email"]),
        text(&demo["channels"][0]["id"]),
    )
}

async fn number(test: &TestDb, sql: &'static str) -> i64 {
    test.db.read(move |tx| tx.one(sql, params![])).await.map_err(|error: Error| error).unwrap()
}

/// An archive of Slack with one channel and one post of one person.
fn slack(path: &Path) {
    let mut zip = ZipWriter::new(File::create(path).unwrap());
    let mut add = |name: &str, content: Value| {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content.to_string().as_bytes()).unwrap();
    };
    add(
        "users.json",
        json!([{"id": "U1", "name": "zoe", "profile": {"real_name": "Zoe", "email": "zoe@slack.example"}}]),
    );
    add(
        "channels.json",
        json!([{"id": "C1", "name": "moved", "creator": "U1", "created": 1_600_000_000, "members": ["U1"]}]),
    );
    add(
        "moved/2023-11-14.json",
        json!([{"type": "message", "user": "U1", "ts": "1700000000.000100", "text": "Hello"}]),
    );
    zip.finish().unwrap();
}

on_both_databases! {
    migrations();

    async fn integrations_come_are_placed_and_go(test: &TestDb) {
        let (space, email, channel) = demo(test).await;
        let add = |kind: &'static str, more: &[&'static str]| {
            let mut all = vec!["integration", "add", "--workspace", "1", "--kind", kind, "--name", "Helper"];
            all.extend_from_slice(more);
            all
        };
        assert_eq!(space, "1");
        fails(test, &add("robot", &[]), "", &["kind", "robot", "channel, thread, bot"]).await;
        fails(test, &add("channel", &["--url", "nowhere"]), "", &["url"]).await;
        fails(test, &["integration", "add", "--workspace", "9", "--kind", "bot", "--name", "X"], "", &["workspace", "workspace list"]).await;
        fails(test, &["integration", "add", "--workspace", "1", "--kind", "channel", "--name", ""], "", &["name"]).await;
        assert_eq!(ok(test, &["integration", "list"], "").await, "");
        assert_eq!(ok(test, &add("channel", &["--url", "https://in.example/x", "--description", "Helps"]), "").await, "integration 1 added");
        let command = add("command", &["--url", "https://c.example/", "--command", "/help"]);
        assert_eq!(ok(test, &command, "").await, "integration 2 added");

        let install = |id: &'static str, more: Vec<String>| {
            let mut all: Vec<String> = ["integration", "install", id, "--user"].map(str::to_owned).to_vec();
            all.push(email.clone());
            all.extend(more);
            all
        };
        let run = async |words: Vec<String>| {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            ok(test, &words, "").await
        };
        let placed = run(install("1", vec!["--channel".to_owned(), channel.clone()])).await;
        let (id, address) = placed.split_once('\n').unwrap();
        let id = id.strip_prefix("installation ").unwrap();
        assert!(address.starts_with("post_data_url "), "{address}");
        assert!(address.contains(&format!("install_id={id}&install_token={id}_")), "{address}");
        let told = run(install("2", Vec::new())).await;
        assert!(told.contains("verify_token "), "{told}");
        let stranger = ["integration", "install", "1", "--user", "no@example.com", "--channel", &channel];
        fails(test, &stranger, "", &["no@example.com"]).await;
        fails(test, &["integration", "install", "1", "--user", &email, "--channel", "999"], "", &["channel"]).await;
        fails(test, &["integration", "install", "99", "--user", &email], "", &["id", "integration list"]).await;
        fails(test, &["integration", "install", "1", "--user", &email, "--channel", "1", "--thread", "1"], "", &["--thread"]).await;

        let listed = json_of(test, &["integration", "list", "--json"]).await;
        assert_eq!((listed.as_array().unwrap().len(), &listed[0]["kind"]), (2, &"channel".into()));
        assert_eq!(listed[0]["installations"][0]["channel_id"].to_string(), channel);
        assert_eq!(listed[1]["command"], "/help");
        assert!(!listed.to_string().contains("token"), "secrets are shown once");
        let shown = ok(test, &["integration", "list"], "").await;
        assert!(shown.contains("channel  Helper  workspace 1"), "{shown}");
        assert!(shown.contains(&format!("installation {id} in channel {channel}")), "{shown}");
        assert!(shown.contains("in the workspace"), "{shown}");

        assert_eq!(ok(test, &["integration", "uninstall", id], "").await, format!("installation {id} has ended"));
        fails(test, &["integration", "uninstall", id], "", &["installation", "integration list"]).await;
        assert_eq!(ok(test, &["integration", "remove", "2"], "").await, "integration 2 is removed");
        fails(test, &["integration", "remove", "2"], "", &["integration list"]).await;
        let left = json_of(test, &["integration", "list", "--json"]).await;
        assert_eq!((left.as_array().unwrap().len(), &left[0]["installations"]), (1, &json!([])));
    }

    async fn retention_is_set_and_every_act_is_told(test: &TestDb) {
        let (space, _, channel) = demo(test).await;
        let set = ["channel", "retention", &channel, "90"];
        assert_eq!(ok(test, &set, "").await, format!("threads of channel {channel} go 90 days after their last comment"));
        assert_eq!(number(test, "select max(retention_days) from channel").await, 90);
        let off = ok(test, &["channel", "retention", &channel, "off"], "").await;
        assert_eq!(off, format!("threads of channel {channel} are kept for ever"));
        assert_eq!(number(test, "select count(*) from channel where retention_days is not null").await, 0);
        fails(test, &["channel", "retention", &channel, "0"], "", &["days: use"]).await;
        fails(test, &["channel", "retention", &channel, "-5"], "", &[]).await;
        fails(test, &["channel", "retention", &channel, "soon"], "", &["a number of days, or off"]).await;
        fails(test, &["channel", "retention", "999", "90"], "", &["there is no channel 999"]).await;
        fails(test, &["channel", "retention"], "", &["DAYS|off"]).await;

        // A line an act, newest first: id, time, kind, subject, who, from where, more.
        let acts = ok(test, &["audit"], "").await;
        let lines: Vec<&str> = acts.lines().collect();
        let words: Vec<Vec<&str>> = lines.iter().map(|line| line.split("  ").map(str::trim).filter(|word| !word.is_empty()).collect()).collect();
        assert!(lines.len() >= 2, "{acts}");
        for line in &words[..2] {
            assert_eq!(line.len(), 7, "{line:?}");
            assert!(line[1].ends_with('Z') && line[1].contains('T'), "{line:?}");
            assert!(line[2].contains("retention"), "{line:?}");
            assert!(line[3].contains(&channel), "{line:?}");
            assert_eq!(line[5], "command line");
        }
        let id = |line: &[&str]| line[0].parse::<i64>().unwrap();
        assert!(id(&words[0]) > id(&words[1]), "newest first");
        assert!(words[1][6].contains("90"), "{:?}", words[1]);
        assert_eq!(ok(test, &["audit", "--limit", "1"], "").await, lines[0].trim());
        let before = ok(test, &["audit", "--limit", "1", "--before", words[0][0]], "").await;
        assert_eq!(before, lines[1].trim());
        assert!(ok(test, &["audit", "--workspace", &space], "").await.contains("retention"));
        assert_eq!(ok(test, &["audit", "--workspace", "99"], "").await, "");
        assert_eq!(ok(test, &["audit", "--limit", "0"], "").await, "");
    }

    async fn an_archive_of_slack_comes_into_a_workspace_that_is_there(test: &TestDb) {
        let (space, ..) = demo(test).await;
        let scratch = tempfile::tempdir().unwrap();
        let file = scratch.path().join("slack.zip");
        slack(&file);
        let path = file.to_str().unwrap();
        fails(test, &["import-slack", path, "--workspace", "99"], "", &["workspace: there is no such one", "workspace list"]).await;
        fails(test, &["import-slack", path, "--workspace", &space, "--new", "Crew"], "", &["--new"]).await;
        fails(test, &["import-slack", path], "", &["--workspace"]).await;
        let before = json_of(test, &["workspace", "list", "--json"]).await;
        let into = ["import-slack", path, "--workspace", &space];
        let said = ok(test, &into, "").await;
        assert!(said.ends_with("slack.zip: workspace 1, with 1 threads, 0 comments, 0 messages"), "{said}");
        let after = json_of(test, &["workspace", "list", "--json"]).await;
        assert_eq!((after.as_array().unwrap().len(), &after[0]["name"]), (1, &before[0]["name"]));
        assert_eq!(after[0]["members"].as_i64().unwrap(), before[0]["members"].as_i64().unwrap() + 1);
        assert_eq!(number(test, "select count(*) from channel where name = 'moved' and workspace_id = 1").await, 1);
        assert_eq!(number(test, "select count(*) from thread t join channel c on c.id = t.channel_id where c.name = 'moved'").await, 1);
        let again = ok(test, &into, "").await;
        assert!(again.contains("is workspace 1 already"), "{again}");
        assert_eq!(number(test, "select count(*) from channel where name = 'moved'").await, 1);
        ok(test, &[&into[..], &["--again"]].concat(), "").await;
        assert_eq!(number(test, "select count(*) from users where email = 'zoe@slack.example'").await, 1);
        assert_eq!(number(test, "select count(*) from import_id").await, 0);
    }
}
