-- How apps reach a service for a workspace. Secrets are encrypted, and their keys are in no table.
create table connection (
    id {id},
    -- 0 for those of the operator's command line, which belong to no workspace.
    workspace_id bigint not null,
    name text not null,
    app text not null,
    -- The folder that the app was read from; none for one that is built in.
    source text,
    kind text not null,
    base_url text,
    -- Parameters and saved data, encrypted with the key of this id.
    key_id text not null,
    sealed {bytes} not null,
    -- What people see beside the name, such as an address.
    metadata text,
    -- Who the connection is for the service.
    uid text,
    -- What was asked for, as a list.
    scopes text not null,
    -- From when on a person has to authorize it again.
    expires_at bigint,
    -- 'ready', or 'refused' by the service.
    state text not null,
    made_at bigint not null,
    updated_at bigint not null,
    tested_at bigint,
    -- Rises with each change of what is saved.
    version bigint not null default 1,
    -- Who is refreshing it, and until when nobody else tries.
    lease text,
    lease_until bigint,
    unique (workspace_id, name)
);
create index connection_of_key on connection (key_id);
create index connection_of_uid on connection (app, uid) where uid is not null;

-- How far a trigger that is watched has come.
create table trigger_cursor (
    workspace_id bigint not null,
    name text not null,
    app text not null,
    module text not null,
    cursor text not null,
    updated_at bigint not null,
    primary key (workspace_id, name)
);
