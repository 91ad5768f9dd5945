//! What each call of the API is asked for, and who may.

/// Calls by which nobody changes anything here: they have nothing to take away, or only read.
pub(super) const UNCHANGING: &[&str] = &[
    "users/logout",
    "users/validate_token",
    "users/disconnect_google",
    "reactions/get",
    "integrations/ping",
];

/// One call: its path, its parameters with the names of things in braces, and what the actors get
/// in the order of the columns: `ok` or the error code.
///
/// The last two, those without a token and with one that lacks the scope, follow from the route
/// unless they are given.
pub(super) type Row = (&'static str, &'static str, &'static str);

// In all rows: admin, member, guest inside, guest outside, non-member, removed member.
const EVERYBODY: &str = "ok ok ok ok ok ok";
const ANYBODY: &str = "ok ok ok ok ok ok ok ok";
/// The people of the workspace.
const PEOPLE: &str = "ok ok ok ok 105 105";
const NO_GUESTS: &str = "ok ok 109 109 105 105";
const ADMINS: &str = "ok 109 109 109 105 105";

pub(super) const ROWS: &[Row] = &[
    // The batch itself is everybody's; `batch.rs` looks at its calls.
    ("batch", r#"requests=[{"method":"POST","url":"/api/v3/threads/star?id={thread}"}]"#, ANYBODY),
    ("users/login", "email=ann@example.com&password=correct horse", ANYBODY),
    ("users/logout", "", "ok ok ok ok ok ok 200 ok"),
    (
        "users/register",
        "name=New&email=new@example.com&password=horse correct&code=invited",
        ANYBODY,
    ),
    ("users/get_session_user", "", EVERYBODY),
    ("users/getone", "id={bo}", "ok ok ok 106 106 106"),
    ("users/update", "profession=Tailor", EVERYBODY),
    ("users/update_password", "new_password=horse correct", EVERYBODY),
    ("users/update_avatar", "image", EVERYBODY),
    ("users/invalidate_token", "", EVERYBODY),
    // The token of the call itself; a missing one is no valid one.
    ("users/validate_token", "", "ok ok ok ok ok ok 200 ok"),
    ("users/heartbeat", "workspace_id={space}&platform=desktop", PEOPLE),
    ("users/reset_presence", "workspace_id={space}", PEOPLE),
    ("users/reset_presense", "workspace_id={space}", PEOPLE),
    ("users/reset_password", "email=ann@example.com", ANYBODY),
    ("users/set_password", "reset_code=forgotten&new_password=horse correct", ANYBODY),
    // Both administrators are the only ones of workspaces with other people in them.
    ("users/delete", "password=correct horse", "127 ok ok ok 127 ok"),
    ("users/is_connected_to_google", "", EVERYBODY),
    ("users/disconnect_google", "", EVERYBODY),
    ("workspaces/get", "", EVERYBODY),
    ("workspaces/getone", "id={space}", PEOPLE),
    // The non-member has a workspace of their own.
    ("workspaces/get_default", "", "ok ok ok ok ok 105"),
    ("workspaces/add", "name=Mine", EVERYBODY),
    ("workspaces/update", "id={space}&name=Ours", ADMINS),
    ("workspaces/remove", "id={space}&current_password=correct horse", ADMINS),
    ("audit/get", "workspace_id={space}", ADMINS),
    ("workspaces/get_public_channels", "id={space}", PEOPLE),
    ("workspaces/get_users", "id={space}", PEOPLE),
    ("workspaces/add_user", "id={space}&email=fay@example.com", NO_GUESTS),
    ("workspaces/resend_invite", "id={space}&user_id={invited}", NO_GUESTS),
    ("workspaces/update_user", "id={space}&user_id={cat}&user_type=ADMIN", ADMINS),
    ("workspaces/remove_user", "id={space}&user_id={cat}", ADMINS),
    ("workspaces/get_user_by_email", "id={space}&email=bo@example.com", "ok ok ok 132 105 105"),
    ("workspaces/get_user_by_id", "id={space}&user_id={bo}", "ok ok ok 106 105 105"),
    ("workspaces/get_user_info", "id={space}&user_id={bo}", "ok ok ok 106 105 105"),
    ("workspaces/get_user_local_time", "id={space}&user_id={bo}", "ok ok ok 106 105 105"),
    ("workspace_users/get", "id={space}", PEOPLE),
    ("workspace_users/get_ids", "id={space}", PEOPLE),
    ("workspace_users/getone", "id={space}&user_id={bo}", "ok ok ok 106 105 105"),
    ("workspace_users/get_by_email", "id={space}&email=bo@example.com", "ok ok ok 132 105 105"),
    ("workspace_users/get_info", "id={space}&user_id={bo}", "ok ok ok 106 105 105"),
    ("workspace_users/get_local_time", "id={space}&user_id={bo}", "ok ok ok 106 105 105"),
    ("workspace_users/add", "id={space}&email=fay@example.com", NO_GUESTS),
    ("workspace_users/update", "id={space}&user_id={cat}&user_type=ADMIN", ADMINS),
    ("workspace_users/remove", "id={space}&user_id={cat}", ADMINS),
    ("workspace_users/resend_invite", "id={space}&user_id={invited}", NO_GUESTS),
    // The guest inside is in the group; guests see no others.
    ("groups/getone", "id={group}", "ok ok ok 119 119 119"),
    ("groups/get", "workspace_id={space}", PEOPLE),
    ("groups/add", "workspace_id={space}&name=Tailors", NO_GUESTS),
    ("groups/update", "id={group}&name=Tailors", "ok ok 109 119 119 119"),
    ("groups/remove", "id={group}", "ok ok 109 119 119 119"),
    ("groups/add_user", "id={group}&user_id={cat}", "ok ok 109 119 119 119"),
    ("groups/add_users", "id={group}&user_ids=[{cat}]", "ok ok 109 119 119 119"),
    ("groups/remove_user", "id={group}&user_id={bo}", "ok ok 109 119 119 119"),
    ("groups/remove_users", "id={group}&user_ids=[{bo}]", "ok ok 109 119 119 119"),
    ("channels/getone", "id={channel}", CHANNEL),
    ("channels/get", "workspace_id={space}", PEOPLE),
    ("channels/add", "workspace_id={space}&name=Fabrics", NO_GUESTS),
    ("channels/update", "id={channel}&name=Fabrics", "ok ok 109 107 107 107"),
    // Somebody else made the channels.
    ("channels/remove", "id={old}", "ok 109 109 107 107 107"),
    ("channels/archive", "id={channel}", "ok 109 109 107 107 107"),
    ("channels/unarchive", "id={old}", "ok 109 109 107 107 107"),
    ("channels/favorite", "id={channel}", CHANNEL),
    ("channels/unfavorite", "id={old}", CHANNEL),
    ("channels/add_user", "id={channel}&user_id={dan}", "ok ok 109 107 107 107"),
    ("channels/add_users", "id={channel}&user_ids=[{dan}]", "ok ok 109 107 107 107"),
    ("channels/remove_user", "id={channel}&user_id={cat}", "ok 109 109 107 107 107"),
    ("channels/remove_users", "id={channel}&user_ids=[{cat}]", "ok 109 109 107 107 107"),
    ("threads/getone", "id={thread}", THREAD),
    ("threads/get", "channel_id={channel}", CHANNEL),
    ("threads/add", "channel_id={channel}&title=Cut&content=Sewn", CHANNEL),
    // The member has written all of these.
    ("threads/update", "id={thread}&title=Cut", "ok ok 109 108 108 108"),
    ("threads/remove", "id={thread}", "ok ok 109 108 108 108"),
    ("threads/star", "id={thread}", THREAD),
    ("threads/unstar", "id={kept}", THREAD),
    ("threads/pin", "id={thread}", "ok ok 109 108 108 108"),
    ("threads/unpin", "id={kept}", "ok ok 109 108 108 108"),
    ("threads/move_to_channel", "id={thread}&to_channel={second}", "ok ok 109 108 108 108"),
    ("threads/follow", "id={thread}", THREAD),
    ("threads/unfollow", "id={thread}", THREAD),
    ("threads/get_unread", "workspace_id={space}", PEOPLE),
    ("threads/mark_read", "id={thread}&obj_index=0", THREAD),
    ("threads/mark_unread", "id={thread}&obj_index=-1", THREAD),
    ("threads/mark_unread_for_others", "id={thread}&obj_index=-1", THREAD),
    ("threads/mark_all_read", "channel_id={channel}", CHANNEL),
    ("threads/clear_unread", "workspace_id={space}", PEOPLE),
    ("threads/mute", "id={thread}&minutes=30", THREAD),
    ("threads/unmute", "id={kept}", THREAD),
    ("threads/archive", "id={thread}", THREAD),
    ("threads/unarchive", "id={kept}", THREAD),
    ("inbox/get", "workspace_id={space}", PEOPLE),
    ("inbox/get_count", "workspace_id={space}", PEOPLE),
    ("inbox/archive", "id={thread}", THREAD),
    ("inbox/unarchive", "id={kept}", THREAD),
    ("inbox/archive_all", "workspace_id={space}", PEOPLE),
    ("inbox/mark_all_read", "workspace_id={space}", PEOPLE),
    ("comments/getone", "id={comment}", COMMENT),
    ("comments/get", "thread_id={thread}", THREAD),
    ("comments/add", "thread_id={thread}&content=Sewn", THREAD),
    ("comments/update", "id={comment}&content=Sewn", "109 ok 109 115 115 115"),
    ("comments/remove", "id={comment}", "ok ok 109 115 115 115"),
    ("comments/mark_position", "thread_id={thread}&comment_id={comment}", THREAD),
    ("reactions/get", "comment_id={comment}", COMMENT),
    ("reactions/add", "comment_id={comment}&reaction=🎉", COMMENT),
    ("reactions/remove", "comment_id={comment}&reaction=👍", COMMENT),
    ("conversations/getone", "id={talk}", TALK),
    ("conversations/get", "workspace_id={space}", PEOPLE),
    // The guest outside has nothing in common with these people.
    (
        "conversations/get_or_create",
        "workspace_id={space}&user_ids=[{cat}]",
        "ok ok ok 106 105 105",
    ),
    ("conversations/update", "id={talk}&title=Cut", TALK),
    // The guest inside has nothing in common with Dan.
    ("conversations/add_user", "id={talk}&user_id={dan}", "ok ok 106 124 124 124"),
    ("conversations/add_users", "id={talk}&user_ids=[{dan}]", "ok ok 106 124 124 124"),
    ("conversations/remove_user", "id={talk}&user_id={bo}", "ok ok 109 124 124 124"),
    ("conversations/remove_users", "id={talk}&user_ids=[{bo}]", "ok ok 109 124 124 124"),
    ("conversations/archive", "id={talk}", TALK),
    ("conversations/unarchive", "id={kept_talk}", TALK),
    ("conversations/get_unread", "workspace_id={space}", PEOPLE),
    ("conversations/mark_read", "id={talk}&obj_index=0", TALK),
    ("conversations/mark_unread", "id={talk}&obj_index=-1", TALK),
    ("conversations/mute", "id={talk}&minutes=30", TALK),
    ("conversations/unmute", "id={kept_talk}", TALK),
    ("conversation_messages/getone", "id={message}", MESSAGE),
    ("conversation_messages/get", "conversation_id={talk}", TALK),
    ("conversation_messages/add", "conversation_id={talk}&content=Sewn", TALK),
    ("conversation_messages/update", "id={message}&content=Sewn", "109 ok 109 125 125 125"),
    ("conversation_messages/remove", "id={message}", "ok ok 109 125 125 125"),
    (
        "hooks/subscribe",
        "target_url=https://example.com/new&event=comment_added&channel_id={channel}",
        "ok ok ok 107 107 107 200 109",
    ),
    ("hooks/unsubscribe", "target_url=https://example.com/hook", "ok ok ok ok ok ok 200 ok"),
    ("hooks/get", "", "ok ok ok ok ok ok 200 ok"),
    // The administrator's own; the token without scopes is the administrator's too.
    ("hooks/get_deliveries", "id={hook}", "ok 110 110 110 110 110 200 ok"),
    ("hooks/resend", "id={hook}&delivery_id={delivery}", "ok 110 110 110 110 110 200 ok"),
    ("integrations/get", "workspace_id={space}", PEOPLE),
    ("integrations/add", "workspace_id={space}&kind=channel&name=Crane", NO_GUESTS),
    // The member has made and installed it; guests see none.
    ("integrations/remove", "id={integration}", "ok ok 110 110 110 110"),
    ("integrations/install", "id={integration}&channel_id={channel}", "ok ok 110 110 110 110"),
    ("integrations/uninstall", "id={installation}", "ok ok 110 110 110 110"),
    // Nobody answers at its address.
    ("integrations/ping", "id={installation}", "20 20 110 110 110 110"),
    // The secret of the integration counts, whoever sends it.
    (
        "integration_incoming/post_data",
        "install_id={installation}&install_token={install_token}&content=Sewn",
        ANYBODY,
    ),
    (
        "integration_incoming/post_callback",
        "install_id={bot}&conversation_id={bot_talk}&until={until}&key={bot_key}&content=Sewn",
        ANYBODY,
    ),
    ("attachments/upload", "file", EVERYBODY),
    ("attachments/remove", "attachment_id={file}&comment_id={comment}", "ok ok 109 115 115 115"),
    ("notifications/get", "", EVERYBODY),
    // The guest inside was told of a channel.
    ("notifications/mark_read", "notification_id={told}", "20 20 ok 20 20 20"),
    ("notifications/reset", "", EVERYBODY),
    ("notifications_settings/get", "workspace_id={space}", PEOPLE),
    ("notifications_settings/update", "workspace_id={space}&setting=push_delay&value=5", PEOPLE),
    (
        "notifications_settings/update_many",
        "workspace_id={space}&mapping={\"push_delay\":5}",
        PEOPLE,
    ),
    ("notifications_settings/v2/get", "workspace_id={space}", PEOPLE),
    ("notifications_settings/v2/update", "workspace_id={space}&setting=push_delay&value=5", PEOPLE),
    (
        "notifications_settings/v2/update_many",
        "workspace_id={space}&mapping={\"push_delay\":5}",
        PEOPLE,
    ),
    ("url_join/get_or_create", "workspace_id={second_space}", "ok 105 105 105 105 105"),
    ("url_join/get_only", "workspace_id={space}", NO_GUESTS),
    ("url_join/disable", "workspace_id={space}", NO_GUESTS),
    // Who is in it stays in it; who was removed may not come back this way.
    ("url_join/join_workspace", "url_invite_code={link}", "ok ok ok ok ok 109"),
    ("loop_in/get_or_create", "obj_type=THREAD&obj_id={thread}", THREAD),
    ("loop_in/disable", "obj_type=CONVERSATION&obj_id={talk}", TALK),
    ("search", "workspace_id={space}&query=zanzibar", PEOPLE),
    ("search/thread", "thread_id={thread}&query=zanzibar", THREAD),
    ("search/conversation", "conversation_id={talk}&query=zanzibar", TALK),
    ("autocomplete/query_threads", "workspace_id={space}&query=zanz", PEOPLE),
    ("search/query", "workspace_id={space}&query=zanzibar", PEOPLE),
    ("search/comments", "thread_id={thread}&query=zanzibar", THREAD),
    ("search/expand_comment_range", "thread_id={thread}&idx_start=0&idx_end=9", THREAD),
    ("search/messages", "aggregate_id={talk}&query=zanzibar", TALK),
    (
        "search/expand_conversation_message_range",
        "conversation_id={talk}&idx_start=0&idx_end=9",
        TALK,
    ),
];

/// The people of the channel.
const CHANNEL: &str = "ok ok ok 107 107 107";
const THREAD: &str = "ok ok ok 108 108 108";
const COMMENT: &str = "ok ok ok 115 115 115";
/// The people of the conversation.
const TALK: &str = "ok ok ok 124 124 124";
const MESSAGE: &str = "ok ok ok 125 125 125";
