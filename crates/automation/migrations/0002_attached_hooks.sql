-- Webhooks that services were told about, until they are told to stop: what attached them may end before it
-- can do that.
create table attached_hook (
    id {id},
    workspace_id bigint not null,
    -- Name of the connection that they were attached with.
    connection text not null,
    app text not null,
    module text not null,
    -- The part of the address that nobody guesses.
    hook text not null unique,
    address text not null,
    -- The input of the module and what the service has said, encrypted with the key of this id.
    key_id text not null,
    sealed {bytes} not null,
    noted_at bigint not null
);
create index attached_hook_of_connection on attached_hook (workspace_id, connection);
create index attached_hook_of_key on attached_hook (key_id);
