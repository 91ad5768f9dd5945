-- Direct messages between two or more people.
create table conversation (
    id {id},
    workspace_id bigint not null references workspace (id),
    creator bigint not null references users (id),
    title text,
    -- Between two people (or a person and themselves); its people never change.
    private boolean not null,
    -- Sorted ids joined by commas (or their digest, when there are very many): the same people
    -- always meet in the same conversation. Null for a group that has shrunk to fewer than three,
    -- and for one whose people have come to be those of another conversation.
    people text,
    -- Messages that are not removed.
    message_count bigint not null default 0,
    last_obj_index bigint not null default -1,
    -- The newest message that is neither removed nor a system message; the snippet is of it.
    last_message_id bigint,
    snippet text not null default '',
    snippet_creator bigint,
    -- JSON list: authors of the newest messages, newest first, each once
    snippet_creators text not null default '[]',
    last_active_at bigint not null,
    created_at bigint not null,
    version bigint not null default 1
);
create unique index conversation_of_people on conversation (workspace_id, people)
    where people is not null;

create table conversation_member (
    conversation_id bigint not null references conversation (id),
    user_id bigint not null references users (id),
    -- How many messages the person has read: 0 nothing, 1 the message with index 0, …
    read_items bigint not null,
    -- Archived when the conversation had this many messages; a newer one brings it back.
    archived_items bigint,
    muted_until bigint,
    joined_at bigint not null,
    primary key (conversation_id, user_id)
--sqlite: ) without rowid;
--postgres: );
create index conversation_member_of_user on conversation_member (user_id, conversation_id);

create table message (
    id {id},
    conversation_id bigint not null references conversation (id),
    obj_index bigint not null,
    creator bigint not null references users (id),
    content text not null,
    attachments text,
    actions text,
    direct_mentions text not null,
    direct_group_mentions text not null,
    reactions text not null default '{}',
    system_message text,
    posted_at bigint not null,
    last_edited_at bigint,
    deleted_at bigint,
    version bigint not null default 1
);
create unique index message_of_conversation on message (conversation_id, obj_index);

create table message_mention (
    user_id bigint not null references users (id),
    conversation_id bigint not null references conversation (id),
    obj_index bigint not null,
    primary key (user_id, conversation_id, obj_index)
--sqlite: ) without rowid;
--postgres: );
create index message_mention_of_conversation on message_mention (conversation_id, obj_index);
