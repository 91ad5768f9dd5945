use halyard_platform::db;

/// Why a use case of this core was refused.
///
/// What the actor may not know of is "not found", exactly like what does not exist.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No workspace of the actor has this id.
    #[error("workspace not found")]
    WorkspaceNotFound,
    /// No member with this id or address.
    #[error("user not found")]
    UserNotFound,
    /// No member has this address.
    #[error("e-mail address not found")]
    EmailNotFound,
    /// No channel that the actor can see has this id.
    #[error("channel not found")]
    ChannelNotFound,
    /// No thread that the actor can see has this id.
    #[error("thread not found")]
    ThreadNotFound,
    /// No comment that the actor can see has this id.
    #[error("comment not found")]
    CommentNotFound,
    /// No group of the actor's workspaces has this id.
    #[error("group not found")]
    GroupNotFound,
    /// No conversation of the actor has this id.
    #[error("conversation not found")]
    ConversationNotFound,
    /// No message in a conversation of the actor has this id.
    #[error("message not found")]
    MessageNotFound,
    /// No attachment that the actor can see has this id.
    #[error("attachment not found")]
    AttachmentNotFound,
    /// No subscription of the actor has this id.
    #[error("subscription not found")]
    SubscriptionNotFound,
    /// No integration or installation that the actor can see has this id.
    #[error("integration not found")]
    IntegrationNotFound,
    /// The actor can see the thing, but may not do this. The text says who may.
    #[error("forbidden: {0}")]
    Forbidden(&'static str),
    /// A name that is empty or too long.
    #[error("the name is too short or too long")]
    NameInvalid,
    /// A value that is not acceptable.
    #[error("{field} is invalid: {expected}")]
    Invalid {
        /// Name of the field.
        field: &'static str,
        /// What would have been right.
        expected: &'static str,
    },
    /// The last administrator of a workspace cannot leave or step down.
    #[error("the last admin cannot be removed")]
    LastAdmin,
    /// Something with this key exists already.
    #[error("already exists: {0}")]
    Exists(&'static str),
    /// A negative id that this person never chose, or that has expired.
    #[error("unknown temporary id")]
    TempIdUnknown,
    /// A temporary id that is not negative.
    #[error("a temporary id is a negative number")]
    TempIdInvalid,
    /// A temporary id that is in use.
    #[error("the temporary id is used already")]
    TempIdUsed,
    /// The attachments are not a list of such objects, or name a file of somebody else.
    #[error("attachments are invalid: {0}")]
    AttachmentsInvalid(&'static str),
    /// A text that is not an emoji or a short name.
    #[error("this reaction is not supported")]
    ReactionUnsupported,
    /// The person behind the request was refused.
    #[error(transparent)]
    Identity(#[from] halyard_identity::Error),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] db::Error),
}
