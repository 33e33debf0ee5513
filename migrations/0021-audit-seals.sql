-- Which transaction wrote a row, so that a sealer can take those below the horizon, in ranges that never overlap. The
-- era counts restores of a backup: in another cluster transactions are numbered anew. As bigint: BRIN has no class for xid8.
alter table audit_event add column era int not null default 0;
alter table audit_event add column xid bigint not null default (pg_current_xact_id()::text::bigint);
-- Hardly anything is written to it at an insert; rows stand in the order of their transactions anyway.
create index audit_event_xid on audit_event using brin (era, xid) with (autosummarize = on, pages_per_range = 16);

create trigger audit_event_not_emptied before truncate on audit_event
  for each statement execute function audit_is_append_only();

-- The keys that sign seals. The private one is sealed (src/base/sealed.ts); the public one is read out of it.
create table audit_key (
  kid         text        primary key,
  private_key text        not null,
  created     timestamptz not null
);

-- A chain: each seal holds the hash of the one before it, and is signed. `rows`: those of the transactions from_xid
-- up to, not with, upto_xid of the era. `retention`: months that were dropped. `restore`: a new era begins.
drop table audit_seal;
create table audit_seal (
  number    bigint      primary key,
  kind      text        not null check (kind in ('rows', 'retention', 'restore')),
  era       int         not null,
  from_xid  bigint      not null,
  upto_xid  bigint      not null,
  sealed    timestamptz not null,
  count     bigint      not null,
  earliest  timestamptz,
  latest    timestamptz,
  hash      text        not null,
  details   text,
  previous  text        not null,
  key       text        not null,
  signature text        not null
);

create function audit_seal_is_final() returns trigger language plpgsql as $$
begin
  raise exception 'audit_seal is never changed';
end
$$;
create trigger audit_seal_final before update on audit_seal for each row execute function audit_seal_is_final();
create trigger audit_seal_not_emptied before truncate on audit_seal for each statement execute function audit_seal_is_final();
