-- One row per mail that was or is to be sent. Holds no address and no text: both are fetched when the mail is sent. Kept 90 days.
create table notifications (
  -- The id of the event that the mail answers: the same event never makes a second mail.
  notification_id uuid primary key,
  template text not null,
  -- The order or account that it is about.
  subject_id uuid not null,
  status text not null default 'waiting' check (status in ('waiting', 'sent', 'failed', 'skipped')),
  attempts int not null default 0,
  -- The mail server's words, with addresses taken out.
  last_error text,
  -- The same for every attempt, so that a mail that comes twice is one mail to whoever reads it.
  message_id text not null,
  -- Until then one attempt has the mail to itself. It is longer than an attempt takes; a crashed one blocks no longer.
  claimed_until timestamptz,
  created_at timestamptz not null default now(),
  sent_at timestamptz,
  check ((status = 'sent') = (sent_at is not null))
);
create index notifications_subject on notifications (subject_id, notification_id desc);
create index notifications_created_at on notifications (created_at);
