-- Who saw and did what. Append-only, by month; `audit` renders a row as a FHIR AuditEvent when one is read.

create table audit_event (
  id          uuid        not null,            -- version 7: the time can be read back out of it
  at          timestamptz not null,
  interaction text        not null,            -- 'read', 'search-type', 'create', 'book' …
  action      text        not null check (action in ('C', 'R', 'U', 'D', 'E')),
  outcome     text        not null default '0',
  client      text        not null,
  person      text,
  address     text,
  patients    text[]      not null,            -- ids
  entity      text,                            -- 'Appointment/1'
  query       text,
  primary key (at, id)                         -- both grow together, so one end of one index is written
) partition by range (at);
create table audit_event_rest partition of audit_event default;
create index audit_event_patients on audit_event using gin (patients);

create function audit_partition(month date) returns void language plpgsql as $$
declare
  name text := 'audit_event_' || to_char(month, 'YYYY_MM');
begin
  if to_regclass(name) is null then
    execute format('create table if not exists %I partition of audit_event for values from (%L) to (%L)',
                   name, date_trunc('month', month), date_trunc('month', month) + interval '1 month');
  end if;
end
$$;

-- Rows are never changed once written; the sealer chains them afterwards.
create function audit_is_append_only() returns trigger language plpgsql as $$
begin
  raise exception 'audit_event is append-only';
end
$$;
create trigger audit_event_append_only before update or delete on audit_event
  for each row execute function audit_is_append_only();

create table audit_seal (
  number   bigint generated always as identity primary key,
  upto_xid xid8        not null,
  sealed   timestamptz not null,
  count    bigint      not null,
  hash     text        not null,
  previous text        not null
);
