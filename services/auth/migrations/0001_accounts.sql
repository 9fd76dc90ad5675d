-- Who may come in. Retention: users and signing keys are kept for as long as they serve (retired keys leave two hours after their
-- last token was made); the hourly sweep deletes attempts whose window is over, refresh tokens 30 days after they were made, sessions
-- with their last token, and password resets after 7 days.

-- Customers and staff alike.
create table users (
  user_id uuid primary key default uuidv7(),
  -- As typed: where mail goes, and what the owner sees.
  email text not null,
  -- Lower case, NFC: what makes two spellings one account.
  email_key text not null unique,
  name text,
  role text not null check (role in ('customer', 'admin', 'support', 'read-only')),
  -- bcrypt, cost 12.
  password_hash text not null,
  -- Grows with each new password and each disabling. A session or a password reset of an older version is void: nothing
  -- has to be found and revoked, so nothing can slip through between.
  credentials_version int not null default 1,
  -- A one-time password lets its holder do nothing but choose another.
  must_change_password boolean not null default false,
  email_verified_at timestamptz,
  disabled_at timestamptz,
  -- SHA-256 of the Idempotency-Key that opened the account: a repetition is told apart from somebody else.
  registration_key bytea,
  -- Of the aggregate, for its events.
  version int not null default 1,
  created_at timestamptz not null default now(),
  check (role = 'customer' or registration_key is null),
  check (role <> 'customer' or not must_change_password)
);
create index users_staff on users (email_key) where role <> 'customer';

-- One sign-in: a family of refresh tokens.
create table sessions (
  session_id uuid primary key default uuidv7(),
  user_id uuid not null references users,
  -- Live while it equals the user's.
  credentials_version int not null,
  revoked_at timestamptz,
  created_at timestamptz not null default now()
);
create index sessions_user_id on sessions (user_id);

create table refresh_tokens (
  -- SHA-256. The token is 256 random bits, so nothing slower is needed.
  token_hash bytea primary key check (length(token_hash) = 32),
  session_id uuid not null references sessions on delete cascade,
  expires_at timestamptz not null,
  -- When it was exchanged first, and how often.
  used_at timestamptz,
  uses smallint not null default 0,
  check ((used_at is null) = (uses = 0))
);
create index refresh_tokens_session_id on refresh_tokens (session_id);
create index refresh_tokens_expires_at on refresh_tokens (expires_at);

-- How often something was tried in the current window. The subject is a digest of a mail address, a user's id or an IP address.
create table attempts (
  kind text not null,
  subject text not null,
  count int not null check (count >= 0),
  window_ends_at timestamptz not null,
  primary key (kind, subject)
);
create index attempts_window_ends_at on attempts (window_ends_at);

-- Requests for a mail with a reset link. The link's token is made when the mail is sent and stored nowhere.
create table password_resets (
  request_id uuid primary key,
  user_id uuid not null references users,
  -- Good while it equals the user's: any new password voids all links that were asked for before.
  credentials_version int not null,
  requested_at timestamptz not null default now(),
  used_at timestamptz
);
create index password_resets_requested_at on password_resets (requested_at);

-- Keys that sign access tokens. The generation makes replicas that create one at the same time agree on one.
create table signing_keys (
  generation int primary key,
  kid text not null unique,
  public_jwk jsonb not null,
  -- AES-256-GCM under a key derived from AUTH_SECRET: nonce, ciphertext, tag.
  sealed_private_key bytea not null,
  signs_from timestamptz not null,
  created_at timestamptz not null default now()
);

-- The secret of a shop that was given none in its configuration. One row at most.
create table secrets (
  name text primary key check (name = 'default'),
  value text not null
);
