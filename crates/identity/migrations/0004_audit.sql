-- What administrators, the operator and the owners of accounts have done, for those who have to look
-- into it later. The event log cannot answer for that: it may be trimmed, and it names nobody.
create table audit (
    id {id},
    -- Who; none for the operator on the command line and for programs that register themselves.
    user_id bigint references users (id),
    -- Where; none for what concerns an account in every workspace.
    workspace_id bigint,
    -- Whose account, where it concerns one.
    account_id bigint references users (id),
    kind text not null,
    -- On what: `channel:7`, `token:3`.
    subject text not null,
    -- JSON object with what a reader wants to know when the subject is gone.
    detail text not null,
    -- Address of the client, or `command line`.
    origin text,
    at bigint not null
);
create index audit_of_workspace on audit (workspace_id, id) where workspace_id is not null;
create index audit_of_account on audit (account_id, id) where account_id is not null;
