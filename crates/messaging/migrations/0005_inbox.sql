-- Clients ask whether their copy of the inbox is old: what a member does to it counts here, and
-- what others post is counted by the events.
create table inbox (
    user_id bigint not null references users (id),
    workspace_id bigint not null references workspace (id),
    -- Rises whenever the member reads, puts away or brings back.
    changes bigint not null,
    primary key (user_id, workspace_id)
--sqlite: ) without rowid;
--postgres: );
