-- Where everybody is who does something about each event: search index, outbound hooks and such.
create table event_follower (
    name text primary key,
    -- The last event that it has dealt with.
    event_id bigint not null
);
