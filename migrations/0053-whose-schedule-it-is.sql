-- Whom a visit in a Slot takes up is what the Slot's Schedule says, and a booking has read it before its statement begins. Whoever
-- changes it takes up the visits that are there already; of the two neither saw the other. So who books holds the Schedules of its
-- Slots with a shared lock, and looks whom they are of once it has it; who gives one to somebody takes the lock alone, and then
-- looks for visits: each query of a volatile function sees what was committed meanwhile. Roles and places are held alike.
create function claims_of_schedules(schedules text[], named text[]) returns setof text
language plpgsql volatile as $$
begin
  perform pg_advisory_xact_lock_shared(hashtextextended(name, 16))
     from (select 'Schedule/' || schedule as name from unnest(schedules) schedule union select unnest(named) order by name offset 0) each;
  return query select distinct resource from schedule_claim where schedule = any(schedules) order by resource;
end
$$;

-- For a booking that comes with what it has read. Slots that are gone say nothing; the statement refuses them itself.
create function refuse_if_others(slots text[], claims text[]) returns boolean
language plpgsql volatile as $$
declare
  schedules text[];
begin
  select array_agg(each.schedule) into schedules from (select distinct schedule from slot where id = any(slots) order by schedule offset 0) each;
  if schedules is null then return true; end if;
  perform pg_advisory_xact_lock_shared(hashtextextended('Schedule/' || schedule, 16)) from unnest(schedules) schedule;
  if exists (
    select from unnest(schedules) one cross join lateral (select resource from schedule_claim where schedule = one offset 0) bearing
     where bearing.resource <> all(claims)) then
    raise exception using errcode = 'SW503', message = 'The Schedule has just come to be somebody else’s. Try again in a moment.', column = 'Slot.schedule';
  end if;
  return true;
end
$$;
