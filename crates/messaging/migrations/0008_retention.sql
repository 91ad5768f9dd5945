-- Threads of a channel go when nothing was posted in them for so many days; none: they stay.
alter table channel add column retention_days bigint;
create index channel_retention on channel (id) where retention_days is not null;
