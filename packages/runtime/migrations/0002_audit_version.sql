-- The version that the subject had after the change.
alter table audit add column version int;
create index audit_subject_version on audit (subject, version) where version is not null;
