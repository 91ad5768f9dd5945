-- Answers already given, so that a repeated request gets the same one instead of a second effect.
create table idempotency_key (
    -- Who asked for what, for example `user:7:comments/add`.
    scope text not null,
    key text not null,
    created_at bigint not null,
    -- Null only inside the transaction that is working on the answer.
    answer text,
    primary key (scope, key)
);
create index idempotency_key_by_age on idempotency_key (created_at);
