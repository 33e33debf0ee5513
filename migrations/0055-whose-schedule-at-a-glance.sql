-- As in migration 0054, for a fifth of its cost: a visit mostly needs Slots of one Schedule, which are looked up one by one, and what
-- is assigned is not run as a statement of its own.
create or replace function refuse_if_others(slots text[], claims text[], named text[]) returns boolean
language plpgsql volatile as $$
declare
  slot_id text;
  one text;
  schedules text[] := '{}';
  locked text;
  is_of_others boolean := false;
begin
  foreach slot_id in array coalesce(slots, '{}') loop
    select schedule into one from slot where id = slot_id;
    if one is not null and not one = any(schedules) then schedules := schedules || one; end if;
  end loop;
  if cardinality(schedules) > 1 then schedules := array(select unnest(schedules) collate "C" order by 1); end if;
  foreach one in array schedules loop
    locked := pg_advisory_xact_lock_shared(hashtextextended('Schedule/' || one, 16));
  end loop;
  foreach one in array schedules loop
    perform from schedule_claim where schedule = one and resource <> all(claims);
    is_of_others := is_of_others or found;
  end loop;
  if cardinality(named) > 0 then
    perform pg_advisory_xact_lock_shared(hashtextextended(name, 16)) from (select distinct name from unnest(named) name order by name offset 0) each;
    is_of_others := is_of_others or exists (select from claimable_actors(named) resource where resource <> all(claims));
  end if;
  if is_of_others then
    raise exception using errcode = 'SW503', message = 'Whom the visit takes up has just changed. Try again in a moment.', column = 'Slot.schedule';
  end if;
  return true;
end
$$;
