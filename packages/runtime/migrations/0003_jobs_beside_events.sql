-- Jobs are read beside events, of which any number may wait for a log that is away.
create index outbox_jobs on outbox (position) where kind = 'job';
