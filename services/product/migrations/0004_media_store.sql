-- What lies in the media store, by its digest: written before the bytes are, so that whatever a crash leaves is found again.
create table media_objects (
  sha256 text primary key check (sha256 ~ '^[0-9a-f]{64}$'),
  -- When somebody was last about to refer to it, or ceased to.
  touched_at timestamptz not null default now(),
  -- Being taken out of the store: nobody may refer to it until it is gone.
  removing_at timestamptz
);
insert into media_objects (sha256) select distinct sha256 from media where sha256 is not null;
create index media_objects_touched on media_objects (touched_at);

alter table media
  -- Of an uploaded picture: of the bytes as they came, before they were cleaned. The same bytes again are the same picture.
  add column received_sha256 text check (received_sha256 ~ '^[0-9a-f]{64}$'),
  -- When something last began or ceased to show it.
  add column used_at timestamptz not null default now(),
  add constraint media_object foreign key (sha256) references media_objects;
create unique index media_received on media (received_sha256) where received_sha256 is not null;
create index media_used on media (used_at);

-- A picture that a brand or a collection shows is not deleted under it.
alter table brands add constraint brands_media_id_fkey foreign key (media_id) references media;
alter table collections add constraint collections_media_id_fkey foreign key (media_id) references media;
create index brands_media on brands (media_id) where media_id is not null;
create index collections_media on collections (media_id) where media_id is not null;

-- Whoever takes a picture from a product, by whichever statement: its time without use begins.
create function media_left() returns trigger language plpgsql as $$
begin
  update product.media set used_at = now() where media_id = old.media_id;
  return null;
end $$;
create trigger product_media_left after delete on product_media for each row execute function media_left();
