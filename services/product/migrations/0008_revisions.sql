-- `version` is what staff have read, and what their next change names: it grows by one when staff, a plan or an import change
-- the product. A price list, a review or another brand's name changes what others see of it, and leaves it.
alter table products
  -- Grows by one with everything that others may see change, and numbers the product's events and documents.
  add column revision int not null default 1;
update products set revision = version;
