halyard_platform::id! {
    /// A team's space.
    WorkspaceId;
    /// A channel of a workspace.
    ChannelId;
    /// A thread in a channel.
    ThreadId;
    /// A comment in a thread.
    CommentId;
    /// A direct or group conversation.
    ConversationId;
    /// A message in a conversation.
    MessageId;
    /// A group of members that is told things together.
    GroupId;
}
