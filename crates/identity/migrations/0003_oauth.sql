-- Programs that act for people with their consent (OAuth 2). Only hashes of secrets.
create table application (
    id {id},
    -- twd_… for those that were registered, or the https address of a client metadata document.
    client_id text not null unique,
    -- None for programs that cannot keep a secret.
    secret_hash {bytes},
    -- 'client_secret_basic', 'client_secret_post' or 'none'.
    auth_method text not null,
    name text not null,
    website text,
    redirect_uris text not null,
    -- What it may ask for; everything when not set.
    scopes bigint,
    -- Who made it; nobody for those that registered themselves.
    owner_id bigint references users (id),
    created_at bigint not null,
    -- When the metadata document was fetched.
    fetched_at bigint
);
create index application_of_owner on application (owner_id) where owner_id is not null;

-- What a person lets a program do.
create table consent (
    user_id bigint not null references users (id),
    application_id bigint not null references application (id),
    scopes bigint not null,
    granted_at bigint not null,
    primary key (user_id, application_id)
);
create index consent_of_application on consent (application_id);

-- Kept for a day after their use, to notice that somebody uses one again.
create table authorization_code (
    hash {bytes} primary key not null,
    application_id bigint not null references application (id),
    user_id bigint not null references users (id),
    -- As asked for, to be answered so.
    scope text not null,
    redirect_uri text not null,
    -- Whether the request named the address, or it was the only one.
    redirect_uri_named boolean not null,
    -- S256 of the verifier.
    challenge text,
    expires_at bigint not null,
    -- The token that it was exchanged for.
    token_id bigint,
    used_at bigint
);
create index authorization_code_by_end on authorization_code (expires_at);
create index authorization_code_of_application on authorization_code (application_id);

-- Tokens of kind 'application' know their program.
alter table token add column application_id bigint references application (id);
create index token_of_application on token (application_id, user_id)
    where application_id is not null;
