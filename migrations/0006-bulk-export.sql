-- Bulk exports: which version of which resource each file has. The resources themselves stay where they are and are read
-- when a file is fetched, so no patient's data is written a second time.

create table bulk_export (
  id       text        primary key,
  state    text        not null default 'waiting' check (state in ('waiting', 'done', 'failed')),
  at       timestamptz not null,               -- transactionTime: each resource as it was at this instant
  client   text        not null,               -- who asked; nobody else may see or end it
  actor    jsonb       not null,
  request  text        not null,
  wish     jsonb       not null,               -- types, filters, patients …
  step     int         not null default 0,     -- which of the types is being listed
  after    text        not null default '',    -- the last id listed of it
  file     int         not null default 1,     -- where the next versions go: odd files hold resources, even ones deletions
  part     int         not null default 0,
  listed   bigint      not null default 0,
  failures int         not null default 0,
  expires  timestamptz
);
create index bulk_export_state on bulk_export (state, listed, at);

create table bulk_export_chunk (
  export   text     not null references bulk_export on delete cascade,
  file     int      not null,
  no       int      not null,
  type     text     not null,
  deleted  boolean  not null,
  ids      text[]   not null,
  versions bigint[] not null,
  primary key (export, file, no)
);
