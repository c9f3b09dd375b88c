-- Up Migration

-- Counts who has held an Idempotency-Key: what an earlier holder still does is refused.
alter table idempotency_key add column fence integer not null default 1;

-- A fault of the service is no answer: such a request is tried again.
update idempotency_key set answer = null
 where answer is not null and answer ->> 'code' not in ('csr-refused', 'not-eligible', 'referred', 'malformed-request');
