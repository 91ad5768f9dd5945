-- What happened and what is left to do: every core writes both in the transaction of its change.

create table event (
    id {id},
    workspace_id bigint,
    kind text not null,
    subject text not null,
    payload text not null,
    at bigint not null,
    tx bigint not null
);

-- SQLite has one writer, so that ids are in commit order and the primary key is enough.
--postgres: create index event_order on event (tx, id);

create table job (
    id {id},
    kind text not null,
    key text,
    payload text not null,
    -- When it was first due; run_at moves with each retry.
    due_at bigint not null,
    run_at bigint not null,
    lease_until bigint,
    -- Counts every claim and is never reset: together with id it names one lease.
    claims bigint not null default 0,
    attempts bigint not null default 0,
    -- Known to be behind another job with its key, and out of the way of the search for due jobs.
    parked boolean not null default false,
    dead_at bigint,
    last_error text
);

create index job_due on job (run_at, id) where dead_at is null and not parked;
create index job_key on job (key, id) where key is not null and dead_at is null;
create index job_dead on job (dead_at, id) where dead_at is not null;

-- Each job is inserted, updated once or more and deleted. The free space keeps the updates of a
-- lease off the indexes; vacuum must follow the churn, or a claim walks over dead entries.
--postgres: alter table job set (
--postgres:     fillfactor = 70,
--postgres:     autovacuum_vacuum_scale_factor = 0.0,
--postgres:     autovacuum_vacuum_threshold = 2000,
--postgres:     autovacuum_vacuum_cost_delay = 0,
--postgres:     autovacuum_analyze_scale_factor = 0.0,
--postgres:     autovacuum_analyze_threshold = 10000
--postgres: );
