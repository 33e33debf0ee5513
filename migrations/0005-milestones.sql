-- What has been done once and for all, so that work that was cut short is taken up again.
create table milestone (
  name text        primary key,
  at   timestamptz not null default now()
);
