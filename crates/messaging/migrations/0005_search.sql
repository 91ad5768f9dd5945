-- What was posted before there was an index is entered by a job; what is posted now, by a follower
-- of the events.
insert into job (kind, key, payload, due_at, run_at)
values ('messaging.search_fill', 'messaging.search_fill', '{}', 0, 0);
