-- A subscription ends when the application that made it no longer acts for its person. What was
-- subscribed before this column, or with a token of the person's own, has none.
alter table subscription add column application_id bigint;
create index subscription_of_application on subscription (application_id, user_id)
    where application_id is not null and ended_at is null;
