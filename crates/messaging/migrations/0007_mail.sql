-- Mails: what is to be told to whom, and the addresses under which posts come in.

-- New posts in the order in which they are told of: neighbours of one thread or conversation, not
-- one by one and not for each reader. Goes once nobody waits for it.
create table mail_range (
    id {id},
    workspace_id bigint not null references workspace (id),
    thread_id bigint,
    conversation_id bigint,
    -- Indexes of posts, both included; -1 is the opening post of a thread.
    first_index bigint not null,
    last_index bigint not null
);
create index mail_range_of_workspace on mail_range (workspace_id, id);

-- Who is to be told of the ranges behind after_range, and when: one row for each person who waits,
-- however much is posted meanwhile.
create table mail_due (
    user_id bigint not null references users (id),
    workspace_id bigint not null references workspace (id),
    after_range bigint not null,
    due_at bigint not null,
    primary key (user_id, workspace_id)
--sqlite: ) without rowid;
--postgres: );
create index mail_due_by_time on mail_due (due_at);

-- When those who have chosen a daily digest get the next one.
create table mail_digest (
    user_id bigint not null references users (id),
    workspace_id bigint not null references workspace (id),
    next_at bigint not null,
    primary key (user_id, workspace_id)
--sqlite: ) without rowid;
--postgres: );

-- What stands before the @ of the addresses that we give out. Shown again to whoever may write
-- there, so it is stored as it is.
create table mail_address (
    id {id},
    local text not null unique,
    -- 'channel', 'thread', 'conversation'; 'unsubscribe' of a workspace
    kind text not null,
    target_id bigint not null,
    -- Whose it is; 0: of everybody who may write there.
    user_id bigint not null,
    created_at bigint not null,
    disabled_at bigint
);
create unique index mail_address_of on mail_address (kind, target_id, user_id)
    where disabled_at is null;

-- Mails that were accepted, so that each is dealt with once.
create table mail_received (
    id {id},
    address_id bigint not null references mail_address (id),
    -- The member who wrote it.
    user_id bigint not null references users (id),
    message_id text not null,
    -- Where the mail is until it is posted.
    blob text,
    size bigint not null,
    sha256 text not null,
    received_at bigint not null
);
create unique index mail_received_once on mail_received (address_id, message_id);
create index mail_received_by_age on mail_received (received_at) where blob is null;
