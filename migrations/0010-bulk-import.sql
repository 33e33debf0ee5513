-- Bulk imports: what was sent, in parts of about a megabyte until each has been read, and which lines were refused.

create table bulk_import (
  id        text        primary key,
  state     text        not null default 'receiving' check (state in ('receiving', 'waiting', 'done', 'failed')),
  at        timestamptz not null,
  client    text        not null,              -- who sent it; nobody else may see or end it
  actor     jsonb       not null,
  request   text        not null,
  stop      boolean     not null,              -- at the first line that is refused
  parts     int         not null default 0,
  part      int         not null default 0,    -- the next one to be read
  created   bigint      not null default 0,
  updated   bigint      not null default 0,
  unchanged bigint      not null default 0,
  refused   bigint      not null default 0,
  failures  int         not null default 0,
  expires   timestamptz not null
);
create index bulk_import_state on bulk_import (state, at);

create table bulk_import_part (
  import text   not null references bulk_import on delete cascade,
  no     int    not null,
  first  bigint not null,                      -- the number of its first line
  lines  text   not null,
  primary key (import, no)
);

create table bulk_import_refusal (
  import  text   not null references bulk_import on delete cascade,
  line    bigint not null,
  outcome text   not null,
  primary key (import, line)
);
