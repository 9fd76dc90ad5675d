-- Of each statement, not of each row: two variants that were mixed up may take each other's values at once. The name stays.
drop index variants_combination_key;
alter table variants add constraint variants_combination_key
  exclude using btree (product_id with =, md5(options::text) with =) where (not archived) deferrable initially immediate;
