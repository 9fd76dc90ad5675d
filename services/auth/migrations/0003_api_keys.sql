-- What programs of the shop's sign in with. Kept for a year after the end, for audit records name them; then the hourly sweep deletes them.
create table api_keys (
  api_key_id uuid primary key,
  name text not null,
  permissions text[] not null check (cardinality(permissions) between 1 and 50),
  -- Who answers for it: a key can do nothing that this member of staff cannot.
  issued_by uuid not null references users,
  -- SHA-256. The secret is 256 random bits, so nothing slower is needed.
  secret_hash bytea not null unique check (length(secret_hash) = 32),
  -- The secret before the last rotation, and until when it is good, too.
  previous_hash bytea unique check (length(previous_hash) = 32),
  previous_until timestamptz,
  created_at timestamptz not null default now(),
  rotated_at timestamptz not null default now(),
  expires_at timestamptz not null,
  last_used_at timestamptz,
  -- When its issuer is reminded that it should be rotated.
  remind_at timestamptz not null default now() + interval '30 days',
  revoked_at timestamptz,
  version int not null default 1,
  check ((previous_hash is null) = (previous_until is null)),
  check (expires_at <= rotated_at + interval '366 days')
);
create index api_keys_issued_by on api_keys (issued_by);
create index api_keys_remind_at on api_keys (remind_at) where revoked_at is null;
create index api_keys_expires_at on api_keys (expires_at);

-- What a gateway that starts reads: whose access tokens are void before they expire.
create index sessions_revoked_at on sessions (revoked_at) where revoked_at is not null;
alter table users
  -- When credentials_version grew last, and the session that went on.
  add column credentials_changed_at timestamptz,
  add column kept_session_id uuid;
create index users_credentials_changed_at on users (credentials_changed_at) where credentials_changed_at is not null;
