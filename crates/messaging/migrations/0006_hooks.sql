-- What programs outside are told: subscriptions, each delivery to them, and installed integrations.
create table integration (
    id {id},
    workspace_id bigint not null references workspace (id),
    creator bigint not null references users (id),
    -- 'channel', 'thread', 'bot', 'command' or 'report'
    kind text not null,
    name text not null,
    description text,
    -- Where its posts go, or where a report is fetched; none for one that only posts here.
    url text,
    -- Opened in a browser after installing.
    configure_url text,
    -- With its slash; for commands only.
    command text,
    -- The user under whose name it posts.
    bot bigint not null references users (id),
    created_at bigint not null,
    removed_at bigint
);
create index integration_of_workspace on integration (workspace_id) where removed_at is null;

create table installation (
    id {id},
    integration_id bigint not null references integration (id),
    installed_by bigint not null references users (id),
    channel_id bigint,
    thread_id bigint,
    -- Proves to us that a post comes from the integration, and to it that one comes from us.
    token text not null,
    -- Reports: JSON with weekdays, time and zone; the title, in which <date> is replaced.
    schedule text,
    title text,
    created_at bigint not null,
    removed_at bigint
);
create index installation_of_integration on installation (integration_id)
    where removed_at is null;

-- Addresses at which a bot may answer later, each for one post. Only the digest is kept.
create table installation_callback (
    hash {bytes} primary key not null,
    installation_id bigint not null references installation (id),
    conversation_id bigint,
    thread_id bigint,
    expires_at bigint not null
);
create index installation_callback_by_age on installation_callback (expires_at);

create table subscription (
    id {id},
    user_id bigint not null references users (id),
    -- A name of the outbound hooks, or 'integration' for what an installation is told.
    event text not null,
    target_url text not null,
    -- The key of the signatures; needed in full for each of them.
    secret text not null,
    -- Only what happens there, where set.
    workspace_id bigint,
    channel_id bigint,
    thread_id bigint,
    conversation_id bigint,
    installation_id bigint references installation (id),
    created_at bigint not null,
    -- Failures since the last success.
    failures bigint not null default 0,
    last_success_at bigint,
    -- Stopped because its target failed for too long; can be taken up again.
    disabled_at bigint,
    disabled_reason text,
    -- Cancelled.
    ended_at bigint
);
create index subscription_of_event on subscription (event, user_id)
    where disabled_at is null and ended_at is null;
create index subscription_of_user on subscription (user_id, id);
create index subscription_of_installation on subscription (installation_id)
    where installation_id is not null;

create table delivery (
    id {id},
    subscription_id bigint not null references subscription (id),
    event_id bigint not null,
    kind text not null,
    -- Deliveries about one subject arrive in the order of their events.
    subject text not null,
    -- The ids of what was touched, JSON.
    payload text not null,
    happened_at bigint not null,
    -- 'pending', 'delivered', 'failed' (given up) or 'stopped' (the subscription was disabled)
    status text not null,
    attempts bigint not null default 0,
    -- Not to be tried before.
    next_at bigint not null,
    first_at bigint,
    -- The last attempt: when it began, how long it took, what was sent, what came back.
    last_at bigint,
    took bigint,
    request_head text,
    response_status bigint,
    response_head text,
    error text,
    ended_at bigint
);
create index delivery_of_subscription on delivery (subscription_id, id);
create index delivery_pending on delivery (subscription_id, id) where status = 'pending';
-- Those that wait for a retry, with the others about their subject behind them.
create index delivery_retried on delivery (subscription_id, subject, id)
    where status = 'pending' and attempts > 0;
