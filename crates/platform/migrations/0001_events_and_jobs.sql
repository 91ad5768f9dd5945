-- Committed facts. Jobs join this file before the first release.
create table event (
    id {id},
    workspace_id bigint,
    kind text not null,
    subject text not null,
    payload text not null,
    at bigint not null,
    tx bigint not null
);
create index event_in_order on event (tx, id);
