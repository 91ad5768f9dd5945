-- What people are told beside the posts themselves, and how they want to be told. Filled by a follower
-- of the events.
create table notification (
    id {id},
    user_id bigint not null references users (id),
    -- 1 added to a comment, 2 to a thread, 3 to a workspace, 4 removed from a workspace,
    -- 5 added to a channel, 6 removed from a channel
    kind bigint not null,
    workspace_id bigint not null references workspace (id),
    channel_id bigint,
    thread_id bigint,
    comment_id bigint,
    by_user_id bigint not null references users (id),
    at bigint not null
);
create index notification_of_user on notification (user_id, id);
create index notification_of_thread on notification (thread_id) where thread_id is not null;

create table notification_reader (
    user_id bigint primary key not null references users (id),
    last_read bigint not null
);

-- Only what differs from the defaults.
create table notification_setting (
    user_id bigint not null references users (id),
    workspace_id bigint not null references workspace (id),
    name text not null,
    -- Flags are 0 and 1, times are seconds.
    value bigint not null,
    primary key (user_id, workspace_id, name)
--sqlite: ) without rowid;
--postgres: );

-- Whoever has the code may join. It is shown again to every member, so it is stored as it is.
create table join_link (
    workspace_id bigint primary key not null references workspace (id),
    code text not null unique,
    creator bigint not null references users (id),
    created_at bigint not null
);
