use halyard_identity::UserId;
use halyard_messaging::{
    Actor, Audience, Error, Post, PostParts, Reach,
    attachment::{self, Attachment},
    comment::{self, CommentChange, NewComment},
    thread::{self, NewThread, ThreadChange},
};
use halyard_platform::{db::testing::TestDb, on_both_databases};
use serde_json::{Map, Value, json};

use crate::{
    people::{NOW, Team, act, migrations},
    support::*,
};

const EVERYONE: Audience =
    Audience { reach: Reach::Channel, recipients: Vec::new(), groups: Vec::new() };

async fn upload(test: &TestDb, owner: UserId, id: &'static str) {
    done(test, owner, NOW, move |tx, a: &Actor| {
        let file = Attachment {
            id: id.to_owned(),
            owner: a.user,
            blob: format!("blob-{id}"),
            sha256: "00".to_owned(),
            file_name: "cat.png".to_owned(),
            file_size: 12,
            media_type: "image/png".to_owned(),
            url_type: "image".to_owned(),
            image_width: Some(3),
            image_height: Some(4),
            created_at: a.now,
        };
        attachment::add(tx, &file)
    })
    .await;
}

fn entry(id: &str) -> Map<String, Value> {
    match json!({"attachment_id": id, "file_name": "forged.exe", "title": "kept"}) {
        Value::Object(entry) => entry,
        _ => unreachable!("an object"),
    }
}

fn post(files: &[&str]) -> Post {
    let attachments = Some(files.iter().map(|id| entry(id)).collect());
    Post::new(PostParts { attachments, ..PostParts::default() }).expect("a post")
}

async fn may_fetch(test: &TestDb, user: UserId, id: &'static str) -> bool {
    match see(test, user, NOW, move |tx, a| attachment::load(tx, a, id)).await {
        Ok(file) => {
            assert_eq!((file.id.as_str(), file.file_size), (id, 12));
            true
        }
        Err(Error::AttachmentNotFound) => false,
        Err(other) => panic!("{other:?}"),
    }
}

on_both_databases! {
    migrations();

    async fn a_file_is_for_who_can_see_where_it_hangs(test: &TestDb) {
        let team = Team::new(&test.db).await;
        upload(test, team.ann, "f1").await;
        let everybody = [team.ann, team.bo, team.gus, team.rae, team.eve];
        let seen_by = async |id| {
            let mut seen = Vec::new();
            for user in everybody {
                seen.push(may_fetch(test, user, id).await);
            }
            seen
        };
        assert_eq!(seen_by("f1").await, [true, false, false, false, false], "its owner");
        let new = new_thread(team.general, EVERYONE, "");
        let new = NewThread { post: post(&["f1"]), ..new };
        let posted = done(test, team.ann, NOW, move |tx, a| thread::add(tx, a, &new)).await;
        assert_eq!(seen_by("f1").await, [true, true, false, false, false]);
        let list: Value = serde_json::from_str(posted.attachments_json.as_deref().unwrap()).unwrap();
        assert_eq!(list[0]["file_name"], "cat.png", "what the server knows is not taken from the client");
        assert_eq!((&list[0]["title"], &list[0]["file_size"]), (&"kept".into(), &12.into()));
        upload(test, team.ann, "f2").await;
        let id = start(test, team.ann, NOW, team.side, EVERYONE).await.id;
        let new = NewComment { post: post(&["f2"]), ..new_comment(id, "") };
        let said = done(test, team.ann, NOW, move |tx, a| comment::add(tx, a, &new)).await.id;
        assert_eq!(seen_by("f2").await, [true, false, true, false, false]);
        done(test, team.ann, NOW, move |tx, a| comment::remove(tx, a, said)).await;
        assert_eq!(seen_by("f2").await, [true, false, false, false, false]);
        let id = posted.id;
        done(test, team.ann, NOW, move |tx, a| thread::remove(tx, a, id)).await;
        assert_eq!(seen_by("f1").await, [true, false, false, false, false]);
    }

    async fn an_edit_replaces_the_list(test: &TestDb) {
        let team = Team::new(&test.db).await;
        for id in ["f1", "f2"] {
            upload(test, team.ann, id).await;
        }
        let new = NewThread { post: post(&["f1"]), ..new_thread(team.general, EVERYONE, "") };
        let id = done(test, team.ann, NOW, move |tx, a| thread::add(tx, a, &new)).await.id;
        let new = NewComment { post: post(&["f1"]), ..new_comment(id, "") };
        let said = done(test, team.ann, NOW, move |tx, a| comment::add(tx, a, &new)).await.id;
        done(test, team.ann, NOW, move |tx, a| {
            let change = ThreadChange { title: Some("same files".to_owned()), ..ThreadChange::default() };
            thread::update(tx, a, id, &change)
        }).await;
        done(test, team.ann, NOW, move |tx, a| {
            let change = ThreadChange { attachments: Some(vec![entry("f2")]), ..ThreadChange::default() };
            thread::update(tx, a, id, &change)
        }).await;
        assert!(may_fetch(test, team.bo, "f1").await, "the comment has it still");
        assert!(may_fetch(test, team.bo, "f2").await);
        let emptied = done(test, team.ann, NOW, move |tx, a| {
            let change = CommentChange { attachments: Some(Vec::new()), ..CommentChange::default() };
            comment::update(tx, a, said, &change)
        }).await;
        assert_eq!(emptied.attachments_json.as_deref(), Some("[]"));
        assert!(!may_fetch(test, team.bo, "f1").await);
    }

    async fn lists_are_checked(test: &TestDb) {
        let team = Team::new(&test.db).await;
        upload(test, team.ann, "f1").await;
        let try_as = async |user, post: Post| {
            let new = NewThread { post, ..new_thread(team.general, EVERYONE, "") };
            act(&test.db, user, move |tx, a| thread::add(tx, a, &new)).await
        };
        let stolen = try_as(team.bo, post(&["f1"])).await;
        assert!(matches!(stolen, Err(Error::AttachmentsInvalid(_))), "{stolen:?}");
        let many = try_as(team.ann, post(&["x"; 51])).await;
        assert!(matches!(many, Err(Error::AttachmentsInvalid(_))), "{many:?}");
        let parts = PostParts { attachments: Some(vec![Map::new()]), ..PostParts::default() };
        let nameless = try_as(team.ann, Post::new(parts).unwrap()).await;
        assert!(matches!(nameless, Err(Error::AttachmentsInvalid(_))), "{nameless:?}");
        let preview = try_as(team.bo, post(&["a-link-preview"])).await.unwrap();
        assert!(preview.attachments_json.unwrap().contains("forged.exe"), "not ours: kept as sent");
        // Who can see a file may pass it on.
        try_as(team.ann, post(&["f1"])).await.unwrap();
        try_as(team.bo, post(&["f1"])).await.unwrap();
        let twice = act(&test.db, team.bo, |tx, a| {
            let file = attachment::load(tx, a, "f1")?;
            attachment::add(tx, &file)
        }).await;
        assert!(matches!(twice, Err(Error::Exists("attachment_id"))), "{twice:?}");
        assert_eq!(attachment::path("a/b", "é x.png"), "/files/a%2Fb/%C3%A9%20x.png");
    }
}
