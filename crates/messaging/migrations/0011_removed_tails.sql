-- What is unread must not be something removed. Where the newest items of a thread or conversation
-- are removed: how many items it had then, and how many there are up to the newest one that is left.
-- That holds while nothing new has come; whoever posts does not touch it.
alter table thread add column tail_items bigint;
alter table thread add column live_items bigint;
alter table conversation add column tail_items bigint;
alter table conversation add column live_items bigint;
