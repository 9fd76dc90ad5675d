-- A row when changes may have been heard by a process without OPENSEARCH_URL, which told them to no index but its own: the index that
-- other processes share must then be read again.
create table missed_changes (
  singleton boolean primary key default true check (singleton),
  at timestamptz not null
);
