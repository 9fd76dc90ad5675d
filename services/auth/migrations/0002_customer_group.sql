-- Of which customers an account is one: it has the prices of that group. Staff put it there.
alter table users
  add column customer_group text collate "C",
  add constraint users_customer_group check (customer_group is null or role = 'customer' and customer_group ~ '^[a-z0-9]+(-[a-z0-9]+)*$');
