-- Whoever takes a picture from a brand, a collection or a category: its time without use begins, as it does with products.
create trigger brands_media_left after update of media_id or delete on brands
  for each row when (old.media_id is not null) execute function media_left();
create trigger collections_media_left after update of media_id or delete on collections
  for each row when (old.media_id is not null) execute function media_left();
create trigger categories_media_left after update of media_id or delete on categories
  for each row when (old.media_id is not null) execute function media_left();
