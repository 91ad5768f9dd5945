-- Whom a range may concern, so that nobody looks at all the others.

-- Somebody who is neither named in it nor follows the thread may be concerned. What was noted
-- before is looked at by everybody, as it was.
alter table mail_range add column wide boolean not null default true;
create index mail_range_wide on mail_range (workspace_id, id) where wide;
create index mail_range_of_thread on mail_range (thread_id, id);
create index mail_range_of_conversation on mail_range (conversation_id, id);

-- Who is named in which range. Goes with the range.
create table mail_named (
    user_id bigint not null references users (id),
    range_id bigint not null,
    primary key (user_id, range_id)
--sqlite: ) without rowid;
--postgres: );

-- The threads that somebody follows.
create index thread_state_follows on thread_state (user_id, thread_id) where follows;
