-- Patients that were merged into another, and which resources followed: what an undo gives back.

create table patient_merge (
  id             text        primary key,
  source         text        not null,
  target         text        not null,
  at             timestamptz not null,
  source_version bigint      not null,  -- the versions that the merge wrote
  target_version bigint      not null,
  undone         timestamptz
);
create unique index patient_merge_source on patient_merge (source) where undone is null;
create index patient_merge_target on patient_merge (target) where undone is null;

create table patient_merge_moved (
  merge   text   not null references patient_merge (id),
  type    text   not null,
  id      text   not null,
  version bigint not null,              -- that the merge wrote; the one before it is as it was
  primary key (merge, type, id)
);
