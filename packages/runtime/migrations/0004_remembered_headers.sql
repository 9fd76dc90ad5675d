-- What a remembered answer said beside its output, such as its ETag. Null: nothing, or remembered by a version that did not keep it.
alter table idempotency add column headers jsonb;
