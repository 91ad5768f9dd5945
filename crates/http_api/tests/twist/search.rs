//! Search through the API: names of parameters, shapes, pages, ranges.

use halyard_platform::{db::testing::TestDb, on_both_databases};
use serde_json::{Value, json};

use crate::{
    shapes,
    support::{NOW, migrations},
    team::Team,
};

const SECOND: i64 = NOW / 1000;

struct Desk {
    team: Team,
    channel: Value,
    thread: i64,
    comments: Vec<i64>,
    talk: i64,
    messages: Vec<i64>,
}

impl Desk {
    /// A thread with 60 comments and a conversation with 60 messages; the 10th and the 40th of each
    /// speak of otters, and each is a second later than the one before.
    async fn new(db: &TestDb) -> Self {
        let team = Team::new(db).await;
        let (ann, space) = (&team.ann, team.space);
        let workspace = ann.get(&format!("v3/workspaces/getone?id={space}")).await.ok();
        let channel = workspace["default_channel"].clone();
        let body =
            json!({"channel_id": channel, "title": "Rivers", "content": "What lives there?"});
        let thread = ann.post_json("v3/threads/add", body).await.ok()["id"].as_i64().unwrap();
        let talk = team.talk(ann, &[&team.bo]).await.id.0;
        let (mut comments, mut messages) = (Vec::new(), Vec::new());
        for n in 0..60 {
            team.app.app.clock.advance(1_000);
            let text = if n == 10 || n == 40 { "an **otter** there" } else { "nothing" };
            let body = json!({"thread_id": thread, "content": text});
            comments
                .push(ann.post_json("v3/comments/add", body).await.ok()["id"].as_i64().unwrap());
            let body = json!({"conversation_id": talk, "content": text});
            let message = ann.post_json("v3/conversation_messages/add", body).await.ok();
            messages.push(message["id"].as_i64().unwrap());
        }
        team.app.index().await;
        Self { team, channel, thread, comments, talk, messages }
    }

    async fn search(&self, query: &str) -> Value {
        let path = format!("v3/search?workspace_id={}&{query}", self.team.space);
        let page = self.team.bo.get(&path).await.ok();
        shapes::check("search_page", &page).unwrap();
        page
    }
}

fn ids(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect()
}

fn kinds(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|item| match item["idx_start"].as_i64() {
            Some(start) => format!("{start}-{}", item["idx_end"]),
            None => format!("{} {}", item["type"].as_str().unwrap(), item["obj"]["obj_index"]),
        })
        .collect()
}

on_both_databases! {
    migrations();

    async fn a_page_has_one_item_for_each_place(db: &TestDb) {
        let desk = Desk::new(db).await;
        let (thread, talk) = (format!("thread_{}", desk.thread), format!("conversation_{}", desk.talk));
        let page = desk.search("query=otter").await;
        assert_eq!(ids(&page), [&*talk, &*thread]);
        assert_eq!((&page["has_more"], &page["is_plan_restricted"]), (&json!(false), &json!(false)));
        let (message, comment) = (&page["items"][0], &page["items"][1]);
        assert_eq!(comment["comment_id"], desk.comments[40]);
        assert_eq!(comment["snippet"], "an otter there");
        assert_eq!(comment["snippet_last_updated_ts"], SECOND + 41);
        assert_eq!((&comment["title"], &comment["channel_id"]), (&json!("Rivers"), &desk.channel));
        assert_eq!((&comment["type"], &message["type"]), (&json!("thread"), &json!("conversation")));
        assert_eq!(message["message_id"], desk.messages[40]);
        assert_eq!(message["user_ids"], json!([desk.team.ann.id, desk.team.bo.id]));
        let title = desk.search("query=rivers").await;
        assert_eq!(title["items"][0]["comment_id"], -1);

        let first = desk.search("query=otter&limit=1").await;
        assert_eq!((ids(&first), &first["has_more"]), (vec![&*talk], &json!(true)));
        let mark = first["next_cursor_mark"].as_str().unwrap();
        for name in ["cursor_mark", "cursor"] {
            let second = desk.search(&format!("query=otter&limit=1&{name}={mark}")).await;
            assert_eq!((ids(&second), &second["has_more"]), (vec![&*thread], &json!(false)));
        }
        for wrong in ["query=x&limit=101", "query=x&type=everything", "query=x&date_from=soon"] {
            let path = format!("v3/search?workspace_id={}&{wrong}", desk.team.space);
            desk.team.bo.get(&path).await.fails(400, 20);
        }
        let path = format!("v3/search?workspace_id={}&", desk.team.space);
        desk.team.bo.get(&format!("{path}query=")).await.fails(400, 19);
        let dates = "query=x&date_from=2027-02-01&date_to=2027-01-01";
        desk.team.bo.get(&format!("{path}{dates}")).await.fails(400, 128);
    }

    async fn both_ways_of_naming_the_filters_work(db: &TestDb) {
        let desk = Desk::new(db).await;
        let (ann, bo, channel) = (desk.team.ann.id, desk.team.bo.id, &desk.channel);
        let (thread, talk) = (format!("thread_{}", desk.thread), format!("conversation_{}", desk.talk));
        let both: &[&str] = &[&talk, &thread];
        // The 40th was posted in second 41.
        for (filter, expected) in [
            (format!("from_user_id={ann}"), both),
            (format!("from_user_id={bo}"), &[]),
            (format!("author_ids={ann}%2C{bo}"), both),
            (format!("author_ids={bo}"), &[]),
            (format!("to_user_id={bo}"), &[&*talk]),
            (format!("channel_ids=[{channel}]"), &[&*thread]),
            (format!("channel_ids={channel}"), &[&*thread]),
            (format!("conversation_ids=[{}]", desk.talk), &[&*talk]),
            ("type=threads".to_owned(), &[&*thread]),
            ("type=MESSAGES".to_owned(), &[&*talk]),
            ("title=true".to_owned(), &[]),
            ("mention_self=true".to_owned(), &[]),
            (format!("after_ts={}.75", SECOND + 40), both),
            (format!("after_ts={}.25", SECOND + 41), &[]),
            (format!("before_ts={}.5", SECOND + 11), &[]),
            (format!("before_ts={}.5", SECOND + 12), both),
            ("date_from=2027-01-15&date_to=2027-01-15".to_owned(), both),
            ("date_to=2027-01-14".to_owned(), &[]),
            ("date_from=2027-01-16".to_owned(), &[]),
        ] {
            let page = desk.search(&format!("query=otter&{filter}")).await;
            assert_eq!(ids(&page), expected, "{filter}");
        }
    }

    async fn hits_in_one_place_come_as_ids(db: &TestDb) {
        let desk = Desk::new(db).await;
        let bo = &desk.team.bo;
        let (comments, messages) = (&desk.comments, &desk.messages);
        let path = format!("v3/search/thread?thread_id={}&query=otter", desk.thread);
        assert_eq!(bo.get(&path).await.ok(), json!({"comment_ids": [comments[40], comments[10]]}));
        let narrow = format!("{path}&before_ts={}", SECOND + 41);
        assert_eq!(bo.get(&narrow).await.ok(), json!({"comment_ids": [comments[10]]}));
        let path = format!("v3/search/conversation?conversation_id={}&query=otter", desk.talk);
        assert_eq!(bo.get(&path).await.ok(), json!({"message_ids": [messages[40], messages[10]]}));
        desk.team.cat.get(&path).await.fails(404, 124);
        let path = format!("v3/autocomplete/query_threads?workspace_id={}", desk.team.space);
        let found = bo.get(&format!("{path}&query=r")).await.ok();
        assert_eq!((found.as_array().unwrap().len(), &found[0]["id"]), (1, &json!(desk.thread)));
        assert_eq!(bo.get(&format!("{path}&query=otter")).await.ok(), json!([]));
        bo.get(&format!("{path}&query=r&limit=51")).await.fails(400, 20);
    }

    async fn version_2_folds_what_lies_between_hits(db: &TestDb) {
        let desk = Desk::new(db).await;
        let bo = &desk.team.bo;
        let page = bo.get("v2/search/query?query=otter&limit=20").await.ok();
        assert_eq!((&page["hits"], &page["has_more"]), (&json!(2), &json!(false)));
        assert_eq!(page["items"][1]["obj_type"], "thread");
        for (item, name) in [(1, "comment"), (0, "conversation_message")] {
            let link = page["items"][item]["details_link"].as_str().unwrap();
            let details = bo.get(link.strip_prefix("http://halyard.test").unwrap()).await.ok();
            assert_eq!(details["terms"], json!(["otter"]));
            let mut expected = vec![
                "0-9".to_owned(), format!("{name} 10"), "11-39".to_owned(), format!("{name} 40"),
                "41-59".to_owned(),
            ];
            if item == 1 {
                expected.insert(0, "thread null".to_owned());
            }
            assert_eq!(kinds(&details), expected);
            let range = &details["items"].as_array().unwrap().iter()
                .find(|item| item["idx_start"] == 11).unwrap();
            for (link, first, last, rest) in [
                ("expand_link", 11, 39, None),
                ("top_expand_link", 11, 30, Some("31-39")),
                ("bottom_expand_link", 20, 39, Some("11-19")),
            ] {
                let link = range[link].as_str().unwrap();
                let shown = bo.get(link.strip_prefix("http://halyard.test").unwrap()).await.ok();
                let mut shown = kinds(&shown);
                shown.retain(|kind| Some(kind.as_str()) != rest);
                let expected: Vec<_> = (first..=last).map(|n| format!("{name} {n}")).collect();
                assert_eq!(shown, expected);
            }
        }
    }
}
