-- Months of the audit are made and dropped by functions of the owner's: the application's role may not touch a row.

-- Rows that came before their month had a place of its own are moved there; what a seal says of them stays true.
create or replace function audit_partition(month date) returns void language plpgsql security definer as $$
declare
  first timestamptz := date_trunc('month', month::timestamp) at time zone 'UTC';
  past  timestamptz := (date_trunc('month', month::timestamp) + interval '1 month') at time zone 'UTC';
  name  text := 'audit_event_' || to_char(month, 'YYYY_MM');
begin
  if to_regclass(name) is not null then
    return;
  end if;
  perform pg_advisory_xact_lock(7356022);
  -- Asked of the table: what the first question found may be remembered from before the lock.
  if exists (select from pg_class where relname = name and relnamespace = (select relnamespace from pg_class where oid = 'audit_event'::regclass)) then
    return;
  end if;
  execute format('create table %I (like audit_event including defaults including constraints)', name);
  if exists (select from audit_event_rest where at >= first and at < past) then
    lock table audit_event_rest in access exclusive mode;
    alter table audit_event_rest disable trigger user;
    execute format('with moved as (delete from audit_event_rest where at >= %L and at < %L returning *) insert into %I select * from moved',
                   first, past, name);
    alter table audit_event_rest enable trigger user;
  end if;
  execute format('alter table audit_event attach partition %I for values from (%L) to (%L)', name, first, past);
end
$$;

-- Drops the months that were over by then, and gives their names. The database itself keeps the last year, whoever asks.
create function audit_drop_before(limit_at timestamptz) returns setof text language plpgsql security definer as $$
declare
  part text;
begin
  if limit_at > now() - interval '1 year' then
    raise exception 'The audit of the last year is never dropped.';
  end if;
  for part in
    select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = 'audit_event'::regclass and c.relname ~ '^audit_event_\d{4}_\d{2}$'
       and (to_date(substr(c.relname, 13), 'YYYY_MM') + interval '1 month')::timestamp at time zone 'UTC' <= limit_at
     order by c.relname
  loop
    execute format('drop table %I', part);
    return next part;
  end loop;
end
$$;

-- Functions that run with their owner's rights look nothing up where a caller could put something.
do $$
begin
  execute format('alter function audit_partition(date) set search_path = %I, pg_temp', current_schema());
  execute format('alter function audit_drop_before(timestamptz) set search_path = %I, pg_temp', current_schema());
end
$$;
revoke execute on function audit_partition(date), audit_drop_before(timestamptz) from public;
