-- Every sign-in through the API makes a token. Those that nobody uses end; so they are told from
-- tokens that somebody made on purpose, and it is known when they were used.
alter table token add column used_at bigint;
update token set kind = 'login' where kind = 'personal' and name = 'login';
create index token_by_use on token (used_at) where kind = 'login';
