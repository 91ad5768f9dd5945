-- People, what they sign in with, and the secrets that stand for them. Only hashes of secrets.
create table users (
    id {id},
    name text not null,
    email text not null,
    -- The address as compared: lower case. Unique among all, removed people keep theirs.
    email_key text not null unique,
    password_hash text,
    lang text not null,
    timezone text not null,
    profession text,
    contact_info text,
    avatar text,
    away_mode text,
    off_days text not null default '[]',
    snooze_until bigint,
    snooze_dnd_start text,
    snooze_dnd_end text,
    date_format text not null,
    time_format text not null,
    theme text,
    default_workspace bigint,
    bot boolean not null default false,
    -- Invited, but has not chosen a password yet.
    setup_pending boolean not null default false,
    created_at bigint not null,
    removed_at bigint,
    version bigint not null default 1
);

create table token (
    id {id},
    hash {bytes} not null unique,
    user_id bigint not null references users (id),
    -- 'personal': sent as Bearer; 'session': sent as cookie.
    kind text not null,
    name text not null,
    scopes bigint not null,
    created_at bigint not null,
    expires_at bigint
);
create index token_of_user on token (user_id, kind);
create index token_by_end on token (expires_at) where expires_at is not null;

-- Codes that work once: the first set-up of the installation, invitations and password resets.
create table one_time_code (
    hash {bytes} primary key not null,
    purpose text not null,
    user_id bigint references users (id),
    expires_at bigint not null
);
