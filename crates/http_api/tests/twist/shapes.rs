//! What clients need of each object, as tables.
//!
//! A line is a field and its type. `?` before the type: null is allowed. `!` after it: the field
//! must be there. `[type]` is a list. Fields that no table knows are reported too, so that the
//! tables stay whole.

use serde_json::Value;

const SHAPES: &[(&str, &str)] = &[
    // Version 3, after what the official SDK refuses.
    (
        "user",
        "id int!, name text!, short_name text!, first_name ?text, email email!, emails ?[mail],
        token ?text, lang text!, timezone text!, bot bool!, removed bool!, avatar_id ?text,
        avatar_urls ?avatar_urls, default_workspace ?int, profession ?text, contact_info ?text,
        away_mode ?away, off_days ?[int], snooze_until ?int, snooze_dnd_start ?text,
        snooze_dnd_end ?text, snoozed ?bool, setup_pending ?bool, restricted ?bool,
        scheduled_banners ?[text], feature_flags ?[text], time_format ?text, date_format ?text,
        theme ?text, client_id ?text, comet_server ?text, comet_channel ?text, version ?int",
    ),
    ("batch_answer", "code int!, headers text!, body text!"),
    ("oauth_token", "access_token text!, token_type text!, scope ?text"),
    (
        "application",
        "client_id text!, client_secret ?text, client_name text!, redirect_uris [text]!,
        scope ?text, grant_types [text]!, response_types [text]!, client_id_issued_at int!,
        token_endpoint_auth_method text!, client_secret_expires_at ?int, client_uri ?text",
    ),
    // Other clients sign in with what this answer holds.
    ("session", "token text!, default_workspace int!"),
    ("mail", "email email!, primary bool!, connected [text]!"),
    ("avatar_urls", "s35 text!, s60 text!, s195 text!, s640 text!"),
    ("away", "type text!, date_from text!, date_to text!"),
    (
        "workspace_user",
        "id int!, name text!, short_name text!, first_name ?text, bot bool!, timezone text!,
        removed bool!, user_type user_type!, version int!, email ?text, date_format ?text,
        time_format ?text, theme ?text, feature_flags ?[text], restricted ?bool,
        setup_pending ?bool, away_mode ?away, avatar_id ?text, avatar_urls ?avatar_urls,
        contact_info ?text, profession ?text, lang ?text, snooze_until ?int, snoozed ?bool",
    ),
    (
        "activity",
        "is_active bool!, latest_activity [any]!, activity activity_times!, local_time text!,
        user workspace_user!",
    ),
    ("activity_times", "mobile int!, desktop int!, api int!, email int!"),
    (
        "workspace",
        "id int!, name text!, creator int!, created_ts int!, color ?int, default_channel ?int,
        default_conversation ?int, plan ?plan, avatar_id ?text, avatar_urls ?avatar_urls,
        version ?int, security ?security",
    ),
    (
        "security",
        "guests_supported bool!, users_can_install_integrations bool!, users_can_invite bool!",
    ),
    ("google", "google_connection bool!, google_email text!"),
    (
        "channel",
        "id int!, workspace_id int!, creator int!, name text!, description ?text, user_ids ?[int],
        color ?int, public bool!, archived bool!, created_ts int!, version int!, icon ?int,
        is_favorited ?bool, use_default_recipients ?bool, default_recipients ?[int],
        default_groups ?[int], filters ?texts",
    ),
    (
        "thread",
        "id int!, channel_id int!, workspace_id int!, creator int!, creator_name ?text,
        title text!, content text!, attachments ?[attachment], actions ?[action],
        recipients ?[int], groups ?[int], participants ?[int], responders ?[int],
        direct_mentions ?[int], direct_group_mentions ?[int], reactions ?reactions,
        comment_count int!, last_obj_index ?int, snippet text!, snippet_creator int!,
        snippet_mask_avatar_url ?text, snippet_mask_poster ?text, posted_ts int!,
        last_updated_ts int!, last_edited_ts ?int, starred bool!, is_saved ?bool, pinned bool!,
        pinned_ts ?int, is_archived bool!, in_inbox ?bool, closed ?bool, muted_until_ts ?int,
        system_message ?any, to_emails ?[text], last_comment ?last_comment, version ?int",
    ),
    (
        "comment",
        "id int!, thread_id int!, channel_id int!, workspace_id int!, creator int!, content text!,
        posted_ts int!, last_edited_ts ?int, obj_index ?int, creator_name ?text,
        attachments ?[attachment], actions ?[action], recipients ?[int], groups ?[int],
        direct_mentions ?[int], direct_group_mentions ?[int], reactions ?reactions, deleted ?bool,
        deleted_by ?int, system_message ?any, to_emails ?[text], conversation_id ?int,
        version ?int",
    ),
    // Inside of a thread more is needed.
    (
        "last_comment",
        "id int!, thread_id int!, channel_id int!, workspace_id int!, creator int!, content text!,
        posted_ts int!, last_edited_ts ?int, obj_index int!, creator_name text!,
        attachments ?[attachment], actions ?[action], recipients ?[int], groups ?[int],
        direct_mentions ?[int], direct_group_mentions ?[int], reactions ?reactions, deleted bool!,
        deleted_by ?int, system_message ?any, to_emails ?[text], conversation_id ?int,
        version int!",
    ),
    ("wrapped_comment", "comment comment!"),
    (
        "conversation",
        "id int!, workspace_id int!, creator int!, user_ids [int]!, title ?text, private ?bool,
        message_count ?int, last_obj_index int!, snippet text!, snippet_creators [int]!,
        last_active_ts int!, created_ts int!, muted_until_ts ?int, archived bool!,
        last_message ?message, version ?int",
    ),
    (
        "message",
        "id int!, conversation_id int!, workspace_id int!, creator int!, content text!,
        posted_ts int!, obj_index ?int, attachments ?[attachment], actions ?[action],
        reactions ?reactions, system_message ?any, last_edited_ts ?int, is_deleted ?bool,
        deleted ?bool, creator_name ?text, direct_mentions ?[int], direct_group_mentions ?[int],
        version ?int",
    ),
    (
        "group",
        "id group_id!, name text!, description ?text, user_ids [int]!, workspace_id int!,
        version int!, color ?int",
    ),
    ("unread_thread", "thread_id int!, channel_id int!, obj_index int!, direct_mention bool!"),
    ("unread_conversation", "conversation_id int!, obj_index int!, direct_mention bool!"),
    (
        "attachment",
        "attachment_id text!, url_type text!, title ?text, url ?text, file_name ?text,
        underlying_type ?text, file_size ?int, upload_state ?text, image ?text, image_width ?int,
        image_height ?int, duration ?text",
    ),
    ("action", "action text!, type text!, button_text text!, url ?text, message ?text"),
    ("inbox_count", "data int!, version int!"),
    (
        "search_page",
        "items [search_item]!, next_cursor_mark text, has_more bool!, is_plan_restricted bool!",
    ),
    (
        "search_item",
        "id text!, type text!, snippet text!, snippet_creator_id int!,
        snippet_last_updated_ts int!, thread_id ?int, comment_id ?int, channel_id ?int,
        channel_name ?text, channel_color ?int, conversation_id ?int, message_id ?int, title ?text,
        closed ?bool, user_ids [int]!",
    ),
    ("comment_hits", "comment_ids [int]!"),
    ("message_hits", "message_ids [int]!"),
    ("done", "status text!"),
    // Version 2, as documented: every property is there. In a conversation without messages nobody
    // has written what the snippet shows.
    (
        "thread_v2",
        "id int!, title text!, content text!, is_starred bit!, creator int!, channel_id int!,
        workspace_id int!, attachments [attachment]!, actions [action]!, recipients recipients!,
        participants [int]!, groups [int]!, reactions reactions!, comment_count int!,
        last_obj_index int!, snippet text!, snippet_creator int!, last_updated date!,
        last_updated_ts int!, muted_until ?int!, system_message ?text!, posted_ts int!,
        last_edited_ts ?int!",
    ),
    (
        "conversation_v2",
        "id int!, name text!, title ?text!, is_private bit!, creator int!, workspace_id int!,
        user_ids [int]!, message_count int!, last_obj_index int!, snippet text!,
        snippet_creator ?int!, snippet_creators [int]!, last_active_ts int!, muted_until ?int!,
        archived bit!, created_ts int!",
    ),
];

/// Compares a value with a type, the name of a shape, or a list of either.
pub(crate) fn check(kind: &str, value: &Value) -> Result<(), String> {
    if let Some(item) = kind.strip_prefix('[').and_then(|kind| kind.strip_suffix(']')) {
        let list = value.as_array().ok_or_else(|| format!("no list: {value}"))?;
        return list
            .iter()
            .enumerate()
            .try_for_each(|(at, one)| check(item, one).map_err(|wrong| format!("[{at}] {wrong}")));
    }
    let right = match kind {
        "any" => true,
        "int" => value.is_i64(),
        // The official SDK reserves 1 and 2 for whole channels and threads.
        "group_id" => value.as_i64().is_some_and(|id| id > 2),
        "bool" => value.is_boolean(),
        "bit" => value == 0 || value == 1,
        "text" => value.is_string(),
        "texts" => value.as_object().is_some_and(|map| map.values().all(Value::is_string)),
        "date" => value.as_str().is_some_and(is_date),
        "email" => value.as_str().is_some_and(is_email),
        "plan" => value == "free" || value == "unlimited",
        "user_type" => value == "USER" || value == "GUEST" || value == "ADMIN",
        "recipients" => value == "EVERYONE" || check("[int]", value).is_ok(),
        // In an inbox the official SDK needs two fields more.
        "inbox_thread" => {
            value["in_inbox"].is_boolean()
                && value["closed"].is_boolean()
                && check("thread", value).is_ok()
        }
        "reactions" => value
            .as_object()
            .is_some_and(|map| map.values().all(|users| check("[int]", users).is_ok())),
        shape => return check_object(shape, value),
    };
    if right { Ok(()) } else { Err(format!("not {kind}: {value}")) }
}

/// `2017-05-11 11:05:13`
fn is_date(text: &str) -> bool {
    let form: String =
        text.chars().map(|letter| if letter.is_ascii_digit() { '0' } else { letter }).collect();
    form == "0000-00-00 00:00:00"
}

/// The official SDK refuses addresses whose host has no dot.
fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty()
            && host.contains('.')
            && host.split('.').all(|label| !label.is_empty() && !label.contains('@'))
    })
}

fn check_object(shape: &str, value: &Value) -> Result<(), String> {
    let (_, fields) = SHAPES.iter().find(|(name, _)| *name == shape).expect(shape);
    let object = value.as_object().ok_or_else(|| format!("no {shape}: {value}"))?;
    let mut known = Vec::new();
    for field in fields.split(',') {
        let (name, kind) = field.trim().split_once(' ').expect(field);
        let needed = kind.ends_with('!');
        let kind = kind.trim_end_matches('!');
        let nullable = kind.starts_with('?');
        known.push(name);
        match object.get(name) {
            None if needed => return Err(format!("{shape} without {name}")),
            Some(Value::Null) if !nullable => return Err(format!("{shape}.{name} is null")),
            None | Some(Value::Null) => {}
            Some(value) => check(kind.trim_start_matches('?'), value)
                .map_err(|wrong| format!("{shape}.{name}: {wrong}"))?,
        }
    }
    let unknown = object.keys().find(|key| !known.contains(&key.as_str()));
    match unknown {
        // The table of a session lists only what is needed beside a user.
        Some(_) if shape == "session" => check("user", value),
        Some(key) => Err(format!("{shape}.{key} is in no table")),
        None => Ok(()),
    }
}

/// What holds for every answer of version 3, however deep inside.
pub(crate) fn check_rules(value: &Value) -> Result<(), String> {
    match value {
        Value::Array(list) => list.iter().try_for_each(check_rules),
        Value::Object(object) => object.iter().try_for_each(|(key, value)| {
            let wrong = |what: &str| Err(format!("{key}: {what}: {value}"));
            // The official SDK makes a date under the bare name of each of these.
            if let Some(bare) = key.strip_suffix("_ts") {
                if !value.is_i64() && !value.is_null() {
                    return wrong("no number of seconds");
                }
                if object.contains_key(bare) && bare != "pinned" {
                    return wrong("stands beside its bare name");
                }
            }
            match key.as_str() {
                "reactions" if !value.is_object() && !value.is_null() => wrong("no object"),
                "recipients" if !value.is_array() && !value.is_null() => wrong("no list"),
                _ => check_rules(value),
            }
        }),
        _ => Ok(()),
    }
}

/// What the official SDK was seen to refuse, each a change to a body that it accepts.
#[test]
fn bodies_that_the_sdk_refuses_are_refused() {
    let thread = serde_json::json!({
        "id": 3, "title": "T", "content": "x", "creator": 1, "channel_id": 2, "workspace_id": 1,
        "comment_count": 0, "last_updated_ts": 1_700_000_000, "pinned": false,
        "posted_ts": 1_700_000_000, "snippet": "x", "snippet_creator": 1, "starred": false,
        "is_archived": false
    });
    let judge = |value: &Value| check("thread", value).and_then(|()| check_rules(value));
    judge(&thread).unwrap();
    for (field, value) in [
        ("starred", Value::from(0)),
        ("recipients", Value::from("EVERYONE")),
        ("snippet", Value::Null),
        ("posted_ts", Value::from("2027-01-15 08:00:00")),
        ("posted", Value::from("2027-01-15 08:00:00")),
        ("reactions", Value::from(Vec::<i64>::new())),
        ("unheard_of", Value::Null),
    ] {
        let mut wrong = thread.clone();
        wrong[field] = value;
        judge(&wrong).unwrap_err();
    }
    for field in ["is_archived", "pinned", "last_updated_ts", "comment_count"] {
        let mut wrong = thread.clone();
        wrong.as_object_mut().unwrap().remove(field);
        judge(&wrong).unwrap_err();
    }
    for (kind, value) in [
        ("email", Value::from("x@localhost")),
        ("email", Value::from("")),
        ("plan", Value::from("business")),
        ("user_type", Value::from("admin")),
        ("away", serde_json::json!({})),
        ("unread_thread", serde_json::json!([2, 3, 0])),
        ("group_id", Value::from(2)),
    ] {
        check(kind, &value).unwrap_err();
    }
}
