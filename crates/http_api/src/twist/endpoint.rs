//! What a call of the facade is, and the table of all of them. The table keeps this file longer than
//! others: that no call is missing can be seen because they stand in one place.

use std::{collections::HashMap, future::Future, pin::Pin, sync::LazyLock};

use halyard_identity::Scope;

use super::{
    attachments, audit, batch, call::Call, channels, comments, conversations, error::Error, groups,
    hooks, inbox, integrations, loop_in, messages, notifications, reactions, search, threads,
    url_join, users, workspace_users, workspaces,
};
use crate::kit::params::{FieldSpec, FromParams, Params};

/// What a handler answers.
pub(crate) type Reply = Result<axum::response::Response, Error>;

type Handle = fn(Call, Params) -> Pin<Box<dyn Future<Output = Reply> + Send>>;

/// The documented verb of a call. Both GET and POST are accepted for every call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Reads.
    Get,
    /// Changes something.
    Post,
}

/// Whether a call needs to know who sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Login {
    /// Anybody may call.
    Nobody,
    /// A token or session, of any scope.
    Anyone,
    /// A token that covers this scope, or a session.
    With(Scope),
}

/// What a call answers, for the documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// `{"status": "ok"}`
    Ok,
    /// One object: the names of its schema in version 2 and later.
    One(&'static str, &'static str),
    /// A list of objects.
    Many(&'static str, &'static str),
    /// A list of numbers.
    Ids,
    /// A text.
    Text,
    /// Something described in words.
    Other(&'static str),
}

/// One call of the API.
pub struct Endpoint {
    /// Below `/api/v3/`, for example `threads/add`.
    pub path: &'static str,
    /// How it is documented.
    pub verb: Verb,
    /// Who may call.
    pub login: Login,
    /// One line for the documentation.
    pub summary: &'static str,
    /// What it answers.
    pub answer: Answer,
    /// What it takes.
    pub fields: fn() -> Vec<FieldSpec>,
    /// It takes a file.
    pub upload: bool,
    pub(super) handle: Handle,
}

/// Finds a call by its path.
pub(super) fn find(path: &str) -> Option<&'static Endpoint> {
    static BY_PATH: LazyLock<HashMap<&'static str, &'static Endpoint>> =
        LazyLock::new(|| ROUTES.iter().map(|endpoint| (endpoint.path, endpoint)).collect());
    BY_PATH.get(path).copied()
}

/// Infers the parameter type of a handler for its documentation.
fn fields_of<P: FromParams, R>(_: impl Fn(Call, P) -> R) -> Vec<FieldSpec> {
    P::fields()
}

async fn run<P, R>(handler: impl Fn(Call, P) -> R, call: Call, mut params: Params) -> Reply
where
    P: FromParams,
    R: Future<Output = Reply>,
{
    let taken = P::from_params(&mut params)?;
    // What nobody asked for may be large; it is not needed any more.
    drop(params);
    handler(call, taken).await
}

/// `Get` and `Post` are the documented verbs; `Upload` is a `Post` that takes a file.
macro_rules! verb {
    (Upload) => {
        Verb::Post
    };
    ($verb:ident) => {
        Verb::$verb
    };
}

macro_rules! takes_file {
    (Upload) => {
        true
    };
    ($verb:ident) => {
        false
    };
}

macro_rules! routes {
    ($($verb:ident $path:literal $login:expr => $handler:path : $answer:expr, $summary:literal;)+) => {
        /// Every call, in the order of the documentation.
        pub static ROUTES: &[Endpoint] = &[$(
            Endpoint {
                path: $path,
                verb: verb!($verb),
                login: $login,
                summary: $summary,
                answer: $answer,
                fields: || fields_of($handler),
                upload: takes_file!($verb),
                handle: |call, params| Box::pin(run($handler, call, params)),
            },
        )+];
    };
}

use Answer::{Ids, Many, Ok as Done, One, Other, Text};
use Login::{Anyone, Nobody, With};

const USER: Answer = One("UserV2", "User");
const WORKSPACE: Answer = One("WorkspaceV2", "Workspace");
const MEMBER: Answer = One("WorkspaceUserV2", "WorkspaceUser");
const ACTIVITY: Answer = One("Activity", "Activity");
const GOOGLE: Answer = One("GoogleConnection", "GoogleConnection");
const GROUP: Answer = One("Group", "Group");
const CHANNEL: Answer = One("Channel", "Channel");
const THREAD: Answer = One("ThreadV2", "Thread");
const COMMENT: Answer = One("CommentV2", "Comment");
const CONVERSATION: Answer = One("ConversationV2", "Conversation");
const SETTINGS: Answer = One("NotificationSettings", "NotificationSettings");
const JOIN_LINK: Answer = One("JoinLink", "JoinLink");
const LOOP_IN: Answer = One("LoopIn", "LoopIn");
const INBOX_COUNT: Answer = One("InboxCount", "InboxCount");
const MESSAGE: Answer = One("MessageV2", "Message");

routes! {
    Post "users/login" Nobody => users::login: USER,
        "Signs in; the answer has a new token.";
    Post "users/logout" Anyone => users::logout: Done,
        "Ends the session of the browser; tokens stay valid.";
    Post "users/register" Nobody => users::register: USER,
        "Makes an account, or accepts an invitation; the answer has a new token.";
    Get "users/get_session_user" With(Scope::USER_READ) => users::get_session_user: USER,
        "Gets the caller.";
    Get "users/getone" With(Scope::USER_READ) => users::getone: USER,
        "Gets the caller, or somebody who shares a workspace with them.";
    Post "users/update" With(Scope::USER_WRITE) => users::update: USER,
        "Changes the caller's settings.";
    Post "users/update_password" With(Scope::USER_WRITE) => users::update_password: USER,
        "Changes the caller's password; other sessions end.";
    Upload "users/update_avatar" With(Scope::USER_WRITE) => users::update_avatar: USER,
        "Changes the caller's picture.";
    Post "users/invalidate_token" With(Scope::USER_WRITE) => users::invalidate_token: USER,
        "Ends every token of the caller; the answer has a new one.";
    Post "users/validate_token" Nobody => users::validate_token: Done,
        "Says whether a token is valid.";
    Post "users/heartbeat" With(Scope::USER_WRITE) => users::heartbeat: Done,
        "Marks the caller as active in a workspace.";
    Post "users/reset_presence" With(Scope::USER_WRITE) => users::reset_presence: Done,
        "Marks the caller as no longer active in a workspace.";
    Post "users/reset_presense" With(Scope::USER_WRITE) => users::reset_presence: Done,
        "The same, as version 2 spells it.";
    Post "users/reset_password" Nobody => users::reset_password: Done,
        "Sends a mail with a code to choose a new password.";
    Post "users/set_password" Nobody => users::set_password: USER,
        "Chooses a new password with a code; the answer has a new token.";
    Post "users/delete" With(Scope::USER_WRITE) => users::delete: Done,
        "Deletes the caller's account.";
    Get "users/is_connected_to_google" With(Scope::USER_READ) => users::is_connected_to_google: GOOGLE,
        "Says that the caller has not connected a Google account: nobody can.";
    Post "users/disconnect_google" With(Scope::USER_WRITE) => users::disconnect_google: Done,
        "Has nothing to take away.";

    Get "workspaces/get" With(Scope::WORKSPACES_READ) => workspaces::get: Many("WorkspaceV2", "Workspace"),
        "Lists the caller's workspaces.";
    Get "workspaces/getone" With(Scope::WORKSPACES_READ) => workspaces::getone: WORKSPACE,
        "Gets a workspace of the caller.";
    Get "workspaces/get_default" With(Scope::WORKSPACES_READ) => workspaces::get_default: WORKSPACE,
        "Gets the workspace in which clients start.";
    Post "workspaces/add" With(Scope::WORKSPACES_WRITE) => workspaces::add: WORKSPACE,
        "Makes a workspace with a channel and a conversation.";
    Post "workspaces/update" With(Scope::WORKSPACES_WRITE) => workspaces::update: WORKSPACE,
        "Changes name or colour of a workspace.";
    Post "workspaces/remove" With(Scope::WORKSPACES_WRITE) => workspaces::remove: Done,
        "Removes a workspace for everybody.";
    Get "workspaces/get_public_channels" With(Scope::CHANNELS_READ) => workspaces::get_public_channels: Many("Channel", "Channel"),
        "Lists the public channels of a workspace, joined or not.";
    Get "workspaces/get_users" With(Scope::WORKSPACES_READ) => workspace_users::get: Many("WorkspaceUserV2", "WorkspaceUser"),
        "Lists the people of a workspace, those who were removed included.";
    Post "workspaces/add_user" With(Scope::WORKSPACES_WRITE) => workspace_users::add: MEMBER,
        "Invites a person.";
    Post "workspaces/resend_invite" With(Scope::WORKSPACES_WRITE) => workspace_users::resend_invite: Done,
        "Sends an invitation again.";
    Post "workspaces/update_user" With(Scope::WORKSPACES_WRITE) => workspace_users::update: MEMBER,
        "Changes what a person may do.";
    Post "workspaces/remove_user" With(Scope::WORKSPACES_WRITE) => workspace_users::remove: Done,
        "Takes a person out of a workspace.";
    Get "workspaces/get_user_by_email" With(Scope::WORKSPACES_READ) => workspace_users::get_by_email: MEMBER,
        "Finds a person by address.";
    Get "workspaces/get_user_by_id" With(Scope::WORKSPACES_READ) => workspace_users::getone: MEMBER,
        "Gets a person.";
    Get "workspaces/get_user_info" With(Scope::WORKSPACES_READ) => workspace_users::get_info: ACTIVITY,
        "Says when and where a person was active.";
    Get "workspaces/get_user_local_time" With(Scope::WORKSPACES_READ) => workspace_users::get_local_time: Text,
        "Gets a person's own date and time.";

    Get "workspace_users/get" With(Scope::WORKSPACES_READ) => workspace_users::get: Many("WorkspaceUserV2", "WorkspaceUser"),
        "Lists the people of a workspace, those who were removed included.";
    Get "workspace_users/get_ids" With(Scope::WORKSPACES_READ) => workspace_users::get_ids: Ids,
        "Lists the ids of the people of a workspace.";
    Get "workspace_users/getone" With(Scope::WORKSPACES_READ) => workspace_users::getone: MEMBER,
        "Gets a person.";
    Get "workspace_users/get_by_email" With(Scope::WORKSPACES_READ) => workspace_users::get_by_email: MEMBER,
        "Finds a person by address.";
    Get "workspace_users/get_info" With(Scope::WORKSPACES_READ) => workspace_users::get_info: ACTIVITY,
        "Says when and where a person was active.";
    Get "workspace_users/get_local_time" With(Scope::WORKSPACES_READ) => workspace_users::get_local_time: Text,
        "Gets a person's own date and time.";
    Post "workspace_users/add" With(Scope::WORKSPACES_WRITE) => workspace_users::add: MEMBER,
        "Invites a person.";
    Post "workspace_users/update" With(Scope::WORKSPACES_WRITE) => workspace_users::update: MEMBER,
        "Changes what a person may do.";
    Post "workspace_users/remove" With(Scope::WORKSPACES_WRITE) => workspace_users::remove: Done,
        "Takes a person out of a workspace.";
    Post "workspace_users/resend_invite" With(Scope::WORKSPACES_WRITE) => workspace_users::resend_invite: Done,
        "Sends an invitation again.";

    Get "groups/getone" With(Scope::GROUPS_READ) => groups::getone: GROUP,
        "Gets a group.";
    Get "groups/get" With(Scope::GROUPS_READ) => groups::get: Many("Group", "Group"),
        "Lists the groups of a workspace.";
    Post "groups/add" With(Scope::GROUPS_WRITE) => groups::add: GROUP,
        "Makes a group.";
    Post "groups/update" With(Scope::GROUPS_WRITE) => groups::update: GROUP,
        "Changes name, description or colour of a group.";
    Post "groups/remove" With(Scope::GROUPS_REMOVE) => groups::remove: Done,
        "Removes a group.";
    Post "groups/add_user" With(Scope::GROUPS_WRITE) => groups::add_user: Done,
        "Puts a person into a group.";
    Post "groups/add_users" With(Scope::GROUPS_WRITE) => groups::add_users: Done,
        "Puts people into a group.";
    Post "groups/remove_user" With(Scope::GROUPS_WRITE) => groups::remove_user: Done,
        "Takes a person out of a group.";
    Post "groups/remove_users" With(Scope::GROUPS_WRITE) => groups::remove_users: Done,
        "Takes people out of a group.";

    Get "channels/getone" With(Scope::CHANNELS_READ) => channels::getone: CHANNEL,
        "Gets a channel that the caller can see.";
    Get "channels/get" With(Scope::CHANNELS_READ) => channels::get: Many("Channel", "Channel"),
        "Lists the channels of a workspace that the caller has joined.";
    Post "channels/add" With(Scope::CHANNELS_WRITE) => channels::add: CHANNEL,
        "Makes a channel; the caller joins it.";
    Post "channels/update" With(Scope::CHANNELS_WRITE) => channels::update: CHANNEL,
        "Changes a channel.";
    Post "channels/remove" With(Scope::CHANNELS_REMOVE) => channels::remove: Done,
        "Removes an archived channel with its threads.";
    Post "channels/archive" With(Scope::CHANNELS_WRITE) => channels::archive: Done,
        "Puts a channel away.";
    Post "channels/unarchive" With(Scope::CHANNELS_WRITE) => channels::unarchive: Done,
        "Takes a channel back into use.";
    Post "channels/favorite" With(Scope::CHANNELS_WRITE) => channels::favorite: Done,
        "Marks a channel for the caller.";
    Post "channels/unfavorite" With(Scope::CHANNELS_WRITE) => channels::unfavorite: Done,
        "Takes the mark away.";
    Post "channels/add_user" With(Scope::CHANNELS_WRITE) => channels::add_user: Done,
        "Adds a person to a channel; adding oneself joins a public one.";
    Post "channels/add_users" With(Scope::CHANNELS_WRITE) => channels::add_users: Done,
        "Adds people to a channel.";
    Post "channels/remove_user" With(Scope::CHANNELS_WRITE) => channels::remove_user: Done,
        "Takes a person out of a channel.";
    Post "channels/remove_users" With(Scope::CHANNELS_WRITE) => channels::remove_users: Done,
        "Takes people out of a channel.";

    Get "threads/getone" With(Scope::THREADS_READ) => threads::getone: THREAD,
        "Gets a thread that the caller can see.";
    Get "threads/get" With(Scope::THREADS_READ) => threads::get: Many("ThreadV2", "Thread"),
        "Lists threads of a channel, or all that the caller can see in a workspace.";
    Post "threads/add" With(Scope::THREADS_WRITE) => threads::add: THREAD,
        "Posts a thread.";
    Post "threads/update" With(Scope::THREADS_WRITE) => threads::update: THREAD,
        "Changes the title or the opening post.";
    Post "threads/remove" With(Scope::THREADS_REMOVE) => threads::remove: Done,
        "Removes a thread with its comments.";
    Post "threads/star" With(Scope::THREADS_WRITE) => threads::star: Done,
        "Saves a thread for the caller.";
    Post "threads/unstar" With(Scope::THREADS_WRITE) => threads::unstar: Done,
        "Takes the mark away.";
    Post "threads/pin" With(Scope::THREADS_WRITE) => threads::pin: Done,
        "Keeps a thread at the top of its channel.";
    Post "threads/unpin" With(Scope::THREADS_WRITE) => threads::unpin: Done,
        "Takes the pin away.";
    Post "threads/move_to_channel" With(Scope::THREADS_WRITE) => threads::move_to_channel: Done,
        "Moves a thread with its comments to another channel.";
    Post "threads/follow" With(Scope::THREADS_WRITE) => threads::follow: Done,
        "Makes the caller a participant.";
    Post "threads/unfollow" With(Scope::THREADS_WRITE) => threads::unfollow: Done,
        "Takes the caller off the participants.";
    Get "threads/get_unread" With(Scope::THREADS_READ) => threads::get_unread:
        Other("version 2: [[channel_id, thread_id, index]]; later: objects with thread_id, channel_id, obj_index, direct_mention"),
        "Lists the unread threads of a workspace with the index of the last comment read.";
    Post "threads/mark_read" With(Scope::THREADS_WRITE) => threads::mark_read: Done,
        "Moves the read pointer forward to a comment.";
    Post "threads/mark_unread" With(Scope::THREADS_WRITE) => threads::mark_unread: Done,
        "Makes unread what follows a comment; -1 makes the whole thread unread.";
    Post "threads/mark_unread_for_others" With(Scope::THREADS_WRITE) => threads::mark_unread_for_others: Done,
        "The same for the other participants.";
    Post "threads/mark_all_read" With(Scope::THREADS_WRITE) => threads::mark_all_read: Done,
        "Marks every thread of a workspace or channel as read.";
    Post "threads/clear_unread" With(Scope::THREADS_WRITE) => threads::clear_unread: Done,
        "Marks every thread of a workspace as read.";
    Post "threads/mute" With(Scope::THREADS_WRITE) => threads::mute: THREAD,
        "Keeps new comments out of the caller's inbox for some minutes.";
    Post "threads/unmute" With(Scope::THREADS_WRITE) => threads::unmute: THREAD,
        "Ends a mute.";
    Post "threads/archive" With(Scope::THREADS_WRITE) => threads::archive: Done,
        "Puts a thread away in the caller's inbox.";
    Post "threads/unarchive" With(Scope::THREADS_WRITE) => threads::unarchive: Done,
        "Brings a thread back to the caller's inbox.";

    Get "inbox/get" With(Scope::THREADS_READ) => inbox::get: Many("ThreadV2", "Thread"),
        "Lists the threads that concern the caller and that they have not put away.";
    Get "inbox/get_count" With(Scope::THREADS_READ) => inbox::get_count: INBOX_COUNT,
        "Counts the unread threads in the caller's inbox.";
    Post "inbox/archive" With(Scope::THREADS_WRITE) => inbox::archive: Done,
        "Puts a thread away.";
    Post "inbox/unarchive" With(Scope::THREADS_WRITE) => inbox::unarchive: Done,
        "Brings a thread back to the caller's inbox.";
    Post "inbox/archive_all" With(Scope::THREADS_WRITE) => inbox::archive_all: Done,
        "Puts everything in the caller's inbox away, or some of it.";
    Post "inbox/mark_all_read" With(Scope::THREADS_WRITE) => inbox::mark_all_read: Done,
        "Marks everything in the caller's inbox as read.";

    Get "comments/getone" With(Scope::COMMENTS_READ) => comments::getone:
        Other("version 2: CommentV2; later: {\"comment\": Comment}"),
        "Gets a comment that the caller can see.";
    Get "comments/get" With(Scope::COMMENTS_READ) => comments::get: Many("CommentV2", "Comment"),
        "Lists comments of a thread, newest first unless asked otherwise.";
    Post "comments/add" With(Scope::COMMENTS_WRITE) => comments::add: COMMENT,
        "Posts a comment; can close or reopen its thread.";
    Post "comments/update" With(Scope::COMMENTS_WRITE) => comments::update: COMMENT,
        "Changes one's own comment.";
    Post "comments/remove" With(Scope::COMMENTS_REMOVE) => comments::remove: Done,
        "Removes a comment; its place in the thread stays.";
    Post "comments/mark_position" With(Scope::COMMENTS_WRITE) => comments::mark_position: Done,
        "Remembers where the caller was reading.";

    Post "reactions/get" With(Scope::REACTIONS_READ) => reactions::get:
        Other("an object: emoji to a list of user ids"),
        "Gets the reactions of a thread, comment or message.";
    Post "reactions/add" With(Scope::REACTIONS_WRITE) => reactions::add: Done,
        "Adds a reaction of the caller.";
    Post "reactions/remove" With(Scope::REACTIONS_WRITE) => reactions::remove: Done,
        "Takes a reaction of the caller away.";

    Get "conversations/getone" With(Scope::MESSAGES_READ) => conversations::getone: CONVERSATION,
        "Gets a conversation of the caller.";
    Get "conversations/get" With(Scope::MESSAGES_READ) => conversations::get:
        Many("ConversationV2", "Conversation"),
        "Lists the conversations of the caller in a workspace, the last active first.";
    Post "conversations/get_or_create" With(Scope::MESSAGES_WRITE) => conversations::get_or_create:
        CONVERSATION,
        "Gets the conversation of exactly these people and the caller, or starts it.";
    Post "conversations/update" With(Scope::MESSAGES_WRITE) => conversations::update: CONVERSATION,
        "Changes the title, or puts the conversation away for the caller.";
    Post "conversations/add_user" With(Scope::MESSAGES_WRITE) => conversations::add_user: Done,
        "Adds a person to a group; a conversation between two never changes its people.";
    Post "conversations/add_users" With(Scope::MESSAGES_WRITE) => conversations::add_users: Done,
        "Adds people to a group.";
    Post "conversations/remove_user" With(Scope::MESSAGES_WRITE) => conversations::remove_user: Done,
        "Takes a person out of a group; naming oneself is leaving.";
    Post "conversations/remove_users" With(Scope::MESSAGES_WRITE) => conversations::remove_users:
        Done,
        "Takes people out of a group.";
    Post "conversations/archive" With(Scope::MESSAGES_WRITE) => conversations::archive: Done,
        "Puts a conversation away for the caller, until the next message.";
    Post "conversations/unarchive" With(Scope::MESSAGES_WRITE) => conversations::unarchive: Done,
        "Brings a conversation back for the caller.";
    Get "conversations/get_unread" With(Scope::MESSAGES_READ) => conversations::get_unread:
        Other("version 2: [[conversation_id, index]]; later: objects with conversation_id, obj_index, direct_mention"),
        "Lists the unread conversations of a workspace with the index of the last message read.";
    Post "conversations/mark_read" With(Scope::MESSAGES_WRITE) => conversations::mark_read: Done,
        "Moves the read pointer forward to a message; without one, to the end.";
    Post "conversations/mark_unread" With(Scope::MESSAGES_WRITE) => conversations::mark_unread: Done,
        "Makes unread what follows a message; without one, the newest message.";
    Post "conversations/mute" With(Scope::MESSAGES_WRITE) => conversations::mute: CONVERSATION,
        "Silences a conversation for the caller for some minutes.";
    Post "conversations/unmute" With(Scope::MESSAGES_WRITE) => conversations::unmute: CONVERSATION,
        "Ends a mute.";

    Get "conversation_messages/getone" With(Scope::MESSAGES_READ) => messages::getone: MESSAGE,
        "Gets a message of a conversation of the caller.";
    Get "conversation_messages/get" With(Scope::MESSAGES_READ) => messages::get:
        Many("MessageV2", "Message"),
        "Lists messages of a conversation, newest first unless asked otherwise.";
    Post "conversation_messages/add" With(Scope::MESSAGES_WRITE) => messages::add: MESSAGE,
        "Writes a message.";
    Post "conversation_messages/update" With(Scope::MESSAGES_WRITE) => messages::update: MESSAGE,
        "Changes one's own message.";
    Post "conversation_messages/remove" With(Scope::MESSAGES_REMOVE) => messages::remove: Done,
        "Removes a message; its place in the conversation stays.";

    Post "hooks/subscribe" Anyone => hooks::subscribe: One("Subscribed", "Subscribed"),
        "Has events posted to an address, as far as the caller may see them; answers with status 201.";
    Post "hooks/unsubscribe" Anyone => hooks::unsubscribe: Done,
        "Cancels every subscription of the caller with an address.";
    Get "hooks/get" Anyone => hooks::get: Many("SubscriptionSeen", "SubscriptionSeen"),
        "Lists the caller's subscriptions. Not part of the imitated API.";
    Get "hooks/get_deliveries" Anyone => hooks::get_deliveries:
        Many("DeliverySeen", "DeliverySeen"),
        "Lists deliveries with what was sent and answered, newest first. Not part of the imitated API.";
    Post "hooks/resend" Anyone => hooks::resend: One("Resent", "Resent"),
        "Delivers again, with the old ids. Not part of the imitated API.";

    Get "integrations/get" With(Scope::WORKSPACES_READ) => integrations::get:
        Many("IntegrationSeen", "IntegrationSeen"),
        "Lists the integrations of a workspace, with the places where the caller has installed them. Not part of the imitated API.";
    Post "integrations/add" With(Scope::WORKSPACES_WRITE) => integrations::add:
        One("IntegrationSeen", "IntegrationSeen"),
        "Makes a program outside known to a workspace. Not part of the imitated API.";
    Post "integrations/remove" With(Scope::WORKSPACES_WRITE) => integrations::remove: Done,
        "Removes an integration wherever it is installed. Not part of the imitated API.";
    Post "integrations/install" With(Scope::WORKSPACES_WRITE) => integrations::install:
        One("InstallationSeen", "InstallationSeen"),
        "Gives an integration a place that the caller can see. Not part of the imitated API.";
    Post "integrations/uninstall" With(Scope::WORKSPACES_WRITE) => integrations::uninstall: Done,
        "Takes an integration away from its place and tells it so. Not part of the imitated API.";
    Post "integrations/ping" With(Scope::WORKSPACES_WRITE) => integrations::ping: Done,
        "Asks an installed integration whether it is there; an error says what it answered instead. Not part of the imitated API.";
    Post "integration_incoming/post_data" Nobody => integrations::post_data: Done,
        "Posts a thread or a comment, as the integration whose token this is.";
    Post "integration_incoming/post_callback" Nobody => integrations::post_callback: MESSAGE,
        "Writes a message, as the bot that was given this address with a message to it.";

    Upload "attachments/upload" With(Scope::ATTACHMENTS_WRITE) => attachments::upload:
        One("Attachment", "Attachment"),
        "Uploads a file, to be attached to a post within a day.";
    Post "attachments/remove" With(Scope::ATTACHMENTS_WRITE) => attachments::remove: Done,
        "Takes an attachment off a thread, comment or message.";

    Get "notifications/get" With(Scope::NOTIFICATIONS_READ) => notifications::get: One("Notifications", "Notifications"),
        "Lists what the caller was told, newest first.";
    Post "notifications/mark_read" With(Scope::NOTIFICATIONS_WRITE) => notifications::mark_read: Done,
        "Marks a notification and all before it as read.";
    Post "notifications/reset" With(Scope::NOTIFICATIONS_WRITE) => notifications::reset: Done,
        "Marks all notifications as read.";
    Get "notifications_settings/get" With(Scope::NOTIFICATIONS_READ) => notifications::settings: SETTINGS,
        "Gets how the caller wants to be told.";
    Post "notifications_settings/update" With(Scope::NOTIFICATIONS_WRITE) => notifications::update: SETTINGS,
        "Changes one setting.";
    Post "notifications_settings/update_many" With(Scope::NOTIFICATIONS_WRITE) => notifications::update_many: SETTINGS,
        "Changes several settings.";
    Get "notifications_settings/v2/get" With(Scope::NOTIFICATIONS_READ) => notifications::settings: SETTINGS,
        "Gets how the caller wants to be told, under its path of version 2.";
    Post "notifications_settings/v2/update" With(Scope::NOTIFICATIONS_WRITE) => notifications::update: SETTINGS,
        "Changes one setting, under its path of version 2.";
    Post "notifications_settings/v2/update_many" With(Scope::NOTIFICATIONS_WRITE) => notifications::update_many: SETTINGS,
        "Changes several settings, under its path of version 2.";

    Post "url_join/get_or_create" With(Scope::WORKSPACES_WRITE) => url_join::get_or_create: JOIN_LINK,
        "Gets the link by which people join a workspace; makes it when there is none.";
    Get "url_join/get_only" With(Scope::WORKSPACES_READ) => url_join::get_only: JOIN_LINK,
        "Gets the link by which people join a workspace, or null.";
    Post "url_join/disable" With(Scope::WORKSPACES_WRITE) => url_join::disable: Done,
        "Ends the link by which people join a workspace.";
    Post "url_join/join_workspace" With(Scope::WORKSPACES_WRITE) => url_join::join_workspace: WORKSPACE,
        "Makes the caller a member of the workspace of a link.";

    Post "loop_in/get_or_create" With(Scope::THREADS_WRITE) => loop_in::get_or_create: LOOP_IN,
        "Gets the address to which posts can be sent by mail; makes it when there is none.";
    Post "loop_in/disable" With(Scope::THREADS_WRITE) => loop_in::disable: Done,
        "Ends the address to which posts can be sent by mail.";

    Get "search" With(Scope::SEARCH_READ) => search::search: One("SearchPage", "SearchPage"),
        "Finds threads and conversations by what was posted in them.";
    Get "search/thread" With(Scope::SEARCH_READ) => search::thread: One("CommentHits", "CommentHits"),
        "Finds comments of a thread.";
    Get "search/conversation" With(Scope::SEARCH_READ) => search::conversation: One("MessageHits", "MessageHits"),
        "Finds messages of a conversation.";
    Get "autocomplete/query_threads" With(Scope::SEARCH_READ) => search::query_threads: Many("ThreadV2", "Thread"),
        "Lists threads whose title holds what was typed so far.";
    Get "search/query" With(Scope::SEARCH_READ) => search::query: One("SearchPageV2", "SearchPageV2"),
        "Finds threads and conversations, as version 2 asks.";
    Get "search/comments" With(Scope::SEARCH_READ) => search::comments: One("Hits", "Hits"),
        "Shows the hits in a thread with what lies between them.";
    Get "search/expand_comment_range" With(Scope::SEARCH_READ) => search::expand_comment_range: One("Hits", "Hits"),
        "Shows comments that lie between hits.";
    Get "search/messages" With(Scope::SEARCH_READ) => search::messages: One("Hits", "Hits"),
        "Shows the hits in a conversation with what lies between them.";
    Get "search/expand_conversation_message_range" With(Scope::SEARCH_READ) => search::expand_conversation_message_range: One("Hits", "Hits"),
        "Shows messages that lie between hits.";

    Get "audit/get" With(Scope::WORKSPACES_WRITE) => audit::get: Many("AuditEntry", "AuditEntry"),
        "Lists what administrators have done in a workspace, newest first. Not part of the imitated API.";

    Post "batch" Nobody => batch::run:
        Other("a list, in the order of the requests, of objects with code (an HTTP status), headers (a text, one header a line) and body (the JSON answer as text)"),
        "Makes up to ten calls at once; each has its own success or failure.";
}
