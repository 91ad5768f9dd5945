-- Applications that ask for it get tokens that expire, and another one to renew them with.
alter table application add column refreshes boolean not null default false;

-- What such an application holds for a person, from one authorization on. Its refresh tokens have a
-- part that stays, so that one that was replaced long ago is still known for what it is.
create table oauth_grant (
    id {id},
    application_id bigint not null references application (id),
    user_id bigint not null references users (id),
    -- As agreed to.
    scope text not null,
    -- Of the part that stays.
    family_hash {bytes} not null unique,
    -- Of the refresh token in force, and of the one before it.
    current_hash {bytes} not null,
    previous_hash {bytes},
    -- What the one before it was answered, readable with it only: somebody whose answer was lost
    -- asks again.
    answer {bytes},
    created_at bigint not null,
    -- When it was used last.
    renewed_at bigint not null
);
create index oauth_grant_of_application on oauth_grant (application_id, user_id);
create index oauth_grant_of_user on oauth_grant (user_id);
create index oauth_grant_by_use on oauth_grant (renewed_at);

alter table token add column grant_id bigint references oauth_grant (id);
create index token_of_grant on token (grant_id) where grant_id is not null;
alter table authorization_code add column grant_id bigint;
