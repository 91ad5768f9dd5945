-- Channels, threads and comments. What is per person sits in channel_member and thread_state;
-- posting never writes a row for each member.
create table channel (
    id {id},
    workspace_id bigint not null references workspace (id),
    creator bigint not null references users (id),
    name text not null,
    description text,
    color bigint,
    icon bigint,
    public boolean not null,
    archived boolean not null default false,
    use_default_recipients boolean not null default false,
    -- JSON lists of ids
    default_recipients text,
    default_groups text,
    -- JSON object with text values
    filters text,
    created_at bigint not null,
    removed_at bigint,
    version bigint not null default 1
);
create index channel_of_workspace on channel (workspace_id) where removed_at is null;

create table channel_member (
    channel_id bigint not null references channel (id),
    user_id bigint not null references users (id),
    favorited boolean not null default false,
    -- Threads whose last activity is not newer than this are read, unless thread_state says
    -- otherwise. Set when joining and when marking all as read.
    read_before bigint not null,
    joined_at bigint not null,
    primary key (channel_id, user_id)
--sqlite: ) without rowid;
--postgres: );
create index channel_member_of_user on channel_member (user_id, channel_id);

create table thread (
    id {id},
    workspace_id bigint not null references workspace (id),
    channel_id bigint not null references channel (id),
    creator bigint not null references users (id),
    title text not null,
    content text not null,
    -- JSON lists as sent, null when none were sent
    attachments text,
    actions text,
    -- 'people': the recipients and groups named; 'channel', 'workspace': everyone there
    audience text not null,
    -- JSON lists of ids
    recipients text not null,
    groups text not null,
    participants text not null,
    responders text not null default '[]',
    direct_mentions text not null,
    direct_group_mentions text not null,
    -- JSON object emoji -> list of ids
    reactions text not null default '{}',
    -- JSON object or null
    system_message text,
    -- Comments that are not removed.
    comment_count bigint not null default 0,
    -- Index of the newest comment, removed ones included; -1 without comments.
    last_obj_index bigint not null default -1,
    -- The newest comment that is not removed.
    last_comment_id bigint,
    snippet text not null,
    snippet_creator bigint not null,
    posted_at bigint not null,
    -- Time of the newest comment or of posting: the sort key of lists.
    last_updated_at bigint not null,
    last_edited_at bigint,
    pinned_at bigint,
    closed boolean not null default false,
    removed_at bigint,
    version bigint not null default 1
);
create index thread_of_channel on thread (channel_id, last_updated_at, id)
    where removed_at is null;
create index thread_of_workspace on thread (workspace_id, last_updated_at, id)
    where removed_at is null;
create index thread_pinned on thread (channel_id, id) where pinned_at is not null;

create table comment (
    id {id},
    thread_id bigint not null references thread (id),
    -- Position in the thread from 0, without gaps; a removed comment keeps its place.
    obj_index bigint not null,
    creator bigint not null references users (id),
    content text not null,
    attachments text,
    actions text,
    -- 'people', 'thread' or 'channel'
    audience text not null,
    recipients text not null,
    groups text not null,
    direct_mentions text not null,
    direct_group_mentions text not null,
    reactions text not null default '{}',
    system_message text,
    -- Never smaller than that of the comment before it.
    posted_at bigint not null,
    last_edited_at bigint,
    deleted_at bigint,
    deleted_by bigint,
    version bigint not null default 1
);
create unique index comment_of_thread on comment (thread_id, obj_index);

create table thread_state (
    user_id bigint not null references users (id),
    thread_id bigint not null references thread (id),
    -- How many items the person has read: 0 nothing, 1 the opening post, 2 and the first comment,
    -- … Null: not decided here, channel_member.read_before decides.
    read_items bigint,
    -- Unread although the thread is not newer than channel_member.read_before.
    behind boolean not null default false,
    -- true: attached; false: has unfollowed; null: only through the audience.
    follows boolean,
    starred_at bigint,
    muted_until bigint,
    -- Items at the moment of muting: those posted after it until muted_until raise nothing.
    quiet_from bigint not null default 0,
    -- The thread left the inbox when it had this many items; more items bring it back.
    done_items bigint not null default 0,
    -- It left because the person archived it (and not because the person wrote it).
    archived boolean not null default false,
    -- Where the person was reading, comments/mark_position.
    position_comment bigint,
    primary key (user_id, thread_id)
--sqlite: ) without rowid;
--postgres: );
create index thread_state_of_thread on thread_state (thread_id);
create index thread_state_behind on thread_state (user_id, thread_id) where behind;
create index thread_state_starred on thread_state (user_id, thread_id)
    where starred_at is not null;

create table thread_mention (
    user_id bigint not null references users (id),
    thread_id bigint not null references thread (id),
    -- -1: the opening post
    obj_index bigint not null,
    primary key (user_id, thread_id, obj_index)
--sqlite: ) without rowid;
--postgres: );
create index thread_mention_of_thread on thread_mention (thread_id, obj_index);
