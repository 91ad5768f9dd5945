-- A key that comes with another request is a mistake of the client, and must not get the answer of
-- the first one. Rows from before have no fingerprint.
alter table idempotency_key add column fingerprint {bytes};
