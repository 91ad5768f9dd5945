//! What people are and set.

use halyard_messaging::Role;
use halyard_platform::on_both_databases;
use serde_json::{Value, json};

use crate::support::{NOW, TestApp, migrations};

const ME: &str = "v3/users/get_session_user";
const UPDATE: &str = "v3/users/update";
const AVATAR: &str = "v3/users/update_avatar";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR and the rest of a picture";

on_both_databases! {
    migrations();

    async fn shapes_of_versions_2_and_3(db: &TestDb) {
        let app = TestApp::new(db);
        let ann = app.person("ann").await;
        let space = app.workspace(&ann, "Crew").await.id;
        let new = ann.get(ME).await.ok();
        assert_eq!(
            new,
            json!({
                "id": ann.id, "name": "Ann Example", "short_name": "Ann E.", "first_name": "Ann",
                "email": "ann@example.com",
                "emails": [{"email": "ann@example.com", "primary": true, "connected": []}],
                "token": ann.token, "lang": "en", "timezone": "UTC", "bot": false,
                "removed": false, "restricted": false, "avatar_id": null, "avatar_urls": null,
                "default_workspace": space, "profession": null, "contact_info": null,
                "away_mode": null, "off_days": [], "snooze_until": null,
                "snooze_dnd_start": null, "snooze_dnd_end": null, "snoozed": false,
                "setup_pending": false, "scheduled_banners": [], "feature_flags": [],
                "time_format": "24", "date_format": "YYYY-MM-DD", "theme": null,
                "client_id": null, "comet_server": null, "comet_channel": null,
                "version": new["version"]
            })
        );
        assert!(new["version"].is_i64());
        let old = ann.get("v2/users/get_session_user").await.ok();
        assert_eq!(
            old,
            json!({
                "id": ann.id, "name": "Ann Example", "short_name": "Ann E.",
                "email": "ann@example.com", "token": ann.token, "lang": "en", "timezone": "UTC",
                "is_bot": false, "is_removed": false, "is_snoozed": false,
                "is_doist_employee": false, "avatar_id": null, "avatar_urls": null,
                "default_workspace": space, "profession": null, "contact_info": null,
                "away_mode": null, "off_days": [], "snooze_until": -1, "snooze_dnd_start": null,
                "snooze_dnd_end": null, "setup_pending": false, "client_id": null,
                "comet_server": null, "comet_channel": null
            })
        );
    }

    async fn others_are_seen_only_in_a_common_workspace(db: &TestDb) {
        let app = TestApp::new(db);
        let ann = app.person("ann").await;
        let space = app.workspace(&ann, "Crew").await.id;
        let bo = app.member(&ann, space, "bo", Role::User).await;
        let eve = app.person("eve").await;
        app.workspace(&eve, "Other").await;
        let me = ann.get("v2/users/getone").await.ok();
        assert_eq!(me["token"], json!(ann.token));
        assert_eq!(ann.get(&format!("v2/users/getone?id={}", ann.id)).await.ok(), me);
        let other = ann.get(&format!("v2/users/getone?id={}", bo.id)).await.ok();
        assert_eq!((&other["id"], &other["is_bot"]), (&json!(bo.id), &json!(false)));
        assert_eq!((&other["token"], &other["default_workspace"]), (&Value::Null, &Value::Null));
        eve.get(&format!("v2/users/getone?id={}", bo.id)).await.fails(404, 106);
        ann.get("v2/users/getone?id=987654").await.fails(404, 106);
    }

    async fn settings_are_changed_and_cleared(db: &TestDb) {
        let app = TestApp::new(db);
        let ann = app.person("ann").await;
        let first = app.workspace(&ann, "First").await.id;
        let second = app.workspace(&ann, "Second").await.id;
        assert_eq!(ann.get(ME).await.ok()["default_workspace"], json!(first));
        let changed = ann
            .post_form(
                UPDATE,
                &[
                    ("name", "Ann Lee"),
                    ("email", "lee@example.com"),
                    ("default_workspace", &second.to_string()),
                    ("profession", "Rigger"),
                    ("contact_info", "Deck 2"),
                    ("timezone", "Asia/Tokyo"),
                    ("snooze_until", "3600"),
                    ("snooze_dnd_start", "22:00"),
                    ("snooze_dnd_stop", "07:30"),
                    ("away_mode", r#"{"type":"vacation","date_to":"2027-02-01"}"#),
                    ("off_days", "[7,6]"),
                ],
            )
            .await
            .ok();
        let expected = json!({
            "name": "Ann Lee", "short_name": "Ann L.", "email": "lee@example.com",
            "default_workspace": second, "profession": "Rigger", "contact_info": "Deck 2",
            "timezone": "Asia/Tokyo", "snooze_until": NOW / 1000 + 3600, "snoozed": true,
            "snooze_dnd_start": "22:00", "snooze_dnd_end": "07:30", "off_days": [6, 7],
            "away_mode": {"type": "vacation", "date_from": "2027-01-15", "date_to": "2027-02-01"}
        });
        for (key, value) in expected.as_object().unwrap() {
            assert_eq!(&changed[key], value, "{key}");
        }
        assert_eq!(ann.get(ME).await.ok(), changed);
        let of = format!("id={second}&user_id={}", ann.id);
        let seen = ann.get(&format!("v4/workspace_users/getone?{of}")).await.ok();
        assert_eq!(seen["away_mode"], changed["away_mode"]);
        // Half an hour past four in the afternoon there is not yet the next day.
        let time = ann.get(&format!("v4/workspace_users/get_local_time?{of}")).await.ok();
        assert_eq!(time, json!("2027-01-15 17:00:00"));
        let events: Vec<(i64, i64)> = app
            .rows(
                "select workspace_id, count(*) from event where kind = 'workspace_user_updated'
                 group by workspace_id order by workspace_id",
            )
            .await;
        assert_eq!(events, [(first.0, 1), (second.0, 1)]);

        app.app.clock.advance(3_600_000);
        let over = ann.get(ME).await.ok();
        assert_eq!((&over["snooze_until"], &over["snoozed"]), (&Value::Null, &json!(false)));

        let cleared = ann
            .post_json(
                UPDATE,
                json!({
                    "away_mode": "", "profession": null, "contact_info": "", "snooze_until": 0,
                    "snooze_dnd_start": "", "snooze_dnd_end": null, "off_days": []
                }),
            )
            .await
            .ok();
        for key in ["away_mode", "profession", "contact_info", "snooze_until", "snooze_dnd_start"] {
            assert_eq!(cleared[key], Value::Null, "{key}");
        }
        assert_eq!((&cleared["off_days"], &cleared["name"]), (&json!([]), &json!("Ann Lee")));
    }

    async fn settings_that_make_no_sense(db: &TestDb) {
        let app = TestApp::new(db);
        let ann = app.person("ann").await;
        let bo = app.person("bo").await;
        let other = app.workspace(&bo, "Other").await.id;
        let before = ann.get(ME).await.ok();
        for (change, status, code) in [
            (json!({"email": "BO@example.com"}), 400, 101),
            (json!({"email": "ann@localhost"}), 400, 103),
            (json!({"default_workspace": other}), 404, 105),
            (json!({"timezone": "Moon/Base"}), 401, 121),
            (json!({"name": ""}), 400, 126),
            (
                json!({"away_mode": {
                    "type": "other", "date_from": "2027-03-02", "date_to": "2027-03-01"
                }}),
                400,
                128,
            ),
            (json!({"away_mode": {"type": "other", "date_to": "2020-01-01"}}), 400, 128),
            (json!({"away_mode": {"type": "party", "date_to": "2027-03-01"}}), 400, 20),
            (json!({"away_mode": {}}), 400, 20),
            (json!({"away_mode": "soon"}), 400, 20),
            (json!({"off_days": [0]}), 400, 20),
            (json!({"snooze_dnd_start": "late"}), 400, 20),
            (json!({"snooze_until": i64::MAX}), 400, 20),
            (json!({"snooze_until": "tomorrow"}), 400, 20),
        ] {
            ann.post_json(UPDATE, change).await.fails(status, code);
        }
        assert_eq!(ann.get(ME).await.ok(), before);
        app.nobody().post_json(UPDATE, json!({"name": "Eve"})).await.fails(403, 200);
    }

    async fn a_picture_is_shown_to_whoever_has_its_address(db: &TestDb) {
        let app = TestApp::new(db);
        let ann = app.person("ann").await;
        let user = ann.upload(AVATAR, "image", PNG).await.ok();
        let id = user["avatar_id"].as_str().unwrap();
        assert_eq!(
            user["avatar_urls"],
            json!({
                "s35": format!("http://halyard.test/avatars/{id}/s35"),
                "s60": format!("http://halyard.test/avatars/{id}/s60"),
                "s195": format!("http://halyard.test/avatars/{id}/s195"),
                "s640": format!("http://halyard.test/avatars/{id}/s640")
            })
        );
        for size in ["s35", "s60", "s195", "s640"] {
            let picture = app.nobody().get(&format!("/avatars/{id}/{size}")).await;
            assert_eq!((picture.status, &picture.bytes[..]), (200, PNG));
            assert_eq!(picture.headers["content-type"], "image/png");
            assert_eq!(picture.headers["x-content-type-options"], "nosniff");
            assert_eq!(picture.headers["content-length"], PNG.len().to_string().as_str());
            let cached = picture.headers["cache-control"].to_str().unwrap();
            assert!(cached.starts_with("public"), "{cached}");
        }
        app.nobody().get(&format!("/avatars/{id}/s1")).await.fails(404, 110);
        app.nobody().get("/avatars/../s35").await.fails(404, 110);
        app.nobody().get(&format!("/avatars/{}/s35", "0".repeat(32))).await.fails(404, 110);

        let gif = ann.upload(AVATAR, "image", b"GIF89a and so on").await.ok();
        let new = gif["avatar_id"].as_str().unwrap();
        assert_ne!(new, id);
        app.nobody().get(&format!("/avatars/{id}/s35")).await.fails(404, 110);
        let picture = app.nobody().get(&format!("/avatars/{new}/s35")).await;
        assert_eq!(picture.headers["content-type"], "image/gif");
        assert_eq!(app.app.blobs.list().count(), 1, "the old picture is gone");
    }

    async fn other_blobs_are_no_pictures(db: &TestDb) {
        let app = TestApp::new(db);
        let mut blob = app.app.blobs.create().await.unwrap();
        blob.write(PNG).await.unwrap();
        let blob = blob.finish().await.unwrap();
        app.nobody().get(&format!("/avatars/{}/s35", blob.id)).await.fails(404, 110);
    }

    async fn pictures_that_are_refused(db: &TestDb) {
        let app = TestApp::new(db);
        let ann = app.person("ann").await;
        ann.upload(AVATAR, "image", b"<svg xmlns='http://www.w3.org/2000/svg'/>").await.fails(400, 202);
        ann.upload(AVATAR, "image", b"").await.fails(400, 202);
        let mut large = PNG.to_vec();
        large.resize(10 * 1024 * 1024, 0);
        ann.upload(AVATAR, "image", &large).await.ok();
        large.push(0);
        ann.upload(AVATAR, "image", &large).await.fails(413, 205);
        ann.post_json(AVATAR, json!({"image": "text"})).await.fails(400, 19);
        app.nobody().upload(AVATAR, "image", PNG).await.fails(403, 200);
        assert_eq!(app.app.blobs.list().count(), 1, "nothing of it is kept");
    }

    async fn nobody_is_connected_to_google(db: &TestDb) {
        let app = TestApp::new(db);
        let ann = app.person("ann").await;
        let connected = ann.get("v3/users/is_connected_to_google").await.ok();
        assert_eq!(connected, json!({"google_connection": false, "google_email": ""}));
        ann.post_form("v3/users/disconnect_google", &[]).await.done();
        app.nobody().post_form("v3/users/disconnect_google", &[]).await.fails(403, 200);
    }
}
