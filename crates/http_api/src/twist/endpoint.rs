use std::{collections::HashMap, future::Future, pin::Pin, sync::LazyLock};

use halyard_identity::Scope;

use super::{call::Call, channels, comments, error::Error, reactions, threads};
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

macro_rules! routes {
    ($($verb:ident $path:literal $login:expr => $handler:path : $answer:expr, $summary:literal;)+) => {
        /// Every call, in the order of the documentation.
        pub static ROUTES: &[Endpoint] = &[$(
            Endpoint {
                path: $path,
                verb: Verb::$verb,
                login: $login,
                summary: $summary,
                answer: $answer,
                fields: || fields_of($handler),
                upload: false,
                handle: |call, params| Box::pin(run($handler, call, params)),
            },
        )+];
    };
}

use Answer::{Ids, Many, Ok as Done, One, Other, Text};
use Login::{Anyone, Nobody, With};

const CHANNEL: Answer = One("Channel", "Channel");
const THREAD: Answer = One("ThreadV2", "Thread");
const COMMENT: Answer = One("CommentV2", "Comment");

routes! {
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
}
