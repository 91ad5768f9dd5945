-- A team's space, who is in it, and the groups that are told things together.
create table workspace (
    id {id},
    name text not null,
    color bigint,
    creator bigint not null references users (id),
    default_channel bigint,
    default_conversation bigint,
    avatar text,
    created_at bigint not null,
    removed_at bigint,
    version bigint not null default 1
);

create table member (
    workspace_id bigint not null references workspace (id),
    user_id bigint not null references users (id),
    -- 'admin', 'user' or 'guest'
    role text not null,
    joined_at bigint not null,
    -- Set when the person was removed; the row stays so that old posts keep their author.
    removed_at bigint,
    version bigint not null default 1,
    -- Last activity by platform, milliseconds; null = never.
    active_mobile bigint,
    active_desktop bigint,
    active_api bigint,
    active_email bigint,
    -- The last heartbeat was taken back by reset_presence.
    away boolean not null default true,
    primary key (workspace_id, user_id)
--sqlite: ) without rowid;
--postgres: );
create index member_of_user on member (user_id, workspace_id);

create table member_group (
    id {id},
    workspace_id bigint not null references workspace (id),
    name text not null,
    description text,
    color bigint,
    created_at bigint not null,
    version bigint not null default 1
);
create index member_group_of_workspace on member_group (workspace_id);
-- Clients use the group numbers 1 and 2 for "everyone in the channel" and "in the thread".
--sqlite: insert into sqlite_sequence (name, seq) values ('member_group', 100);
--postgres: select setval(pg_get_serial_sequence('member_group', 'id'), 100);

create table member_group_user (
    group_id bigint not null references member_group (id),
    user_id bigint not null references users (id),
    primary key (group_id, user_id)
--sqlite: ) without rowid;
--postgres: );
create index member_group_of_user on member_group_user (user_id, group_id);

-- Negative numbers that clients choose for things they create, until they learn the real ids.
create table temp_id (
    user_id bigint not null references users (id),
    temp_id bigint not null,
    -- 'workspace', 'channel', 'thread' or 'comment'
    kind text not null,
    id bigint not null,
    created_at bigint not null,
    primary key (user_id, temp_id)
--sqlite: ) without rowid;
--postgres: );
create index temp_id_by_age on temp_id (created_at);
