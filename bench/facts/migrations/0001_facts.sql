-- What was told, and what was heard of it. Retention: the database lives as long as the measurement.
create table told (number int primary key);
create table heard (number int primary key);
