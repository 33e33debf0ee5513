-- What actors take up that somebody names: a PractitionerRole its Practitioner, a Location itself if it is a room, bed or vehicle.
-- One who lives on another server is who the whole address says. A lane has its `#`, so that none is in a name.
create function claimable_actors(actors text[]) returns setof text
language sql stable as $$
  select actor from unnest(actors) actor where actor ~ '^([^#]*/)?(Practitioner|Device)/[A-Za-z0-9.-]{1,64}(/_history/[A-Za-z0-9.-]{1,64})?$'
  union
  select substr(term, 14) from unnest(actors) actor join practitioner_role r on actor = 'PractitionerRole/' || r.id, unnest(r.terms) term
   where term like 'practitioner=%' and substr(term, 14) ~ '^([^#]*/)?(Practitioner)/[A-Za-z0-9.-]{1,64}(/_history/[A-Za-z0-9.-]{1,64})?$' and not r.deleted
  union
  select actor from unnest(actors) actor join location l on actor = 'Location/' || l.id
   where l.body @? '$.physicalType.coding[*] ? ((!exists(@.system) || @.system == "http://terminology.hl7.org/CodeSystem/location-physical-type") && (@.code == "ro" || @.code == "bd" || @.code == "ve"))'
$$;

-- As in migration 0053, and of roles and places too that a visit names beside its Schedule.
drop function refuse_if_others(text[], text[]);
create function refuse_if_others(slots text[], claims text[], named text[]) returns boolean
language plpgsql volatile as $$
declare
  schedules text[];
  is_of_others boolean := false;
begin
  select array_agg(each.schedule) into schedules from (select distinct schedule from slot where id = any(slots) order by schedule offset 0) each;
  if schedules is not null then
    perform pg_advisory_xact_lock_shared(hashtextextended('Schedule/' || schedule, 16)) from unnest(schedules) schedule;
    is_of_others := exists (
      select from unnest(schedules) one cross join lateral (select resource from schedule_claim where schedule = one offset 0) bearing
       where bearing.resource <> all(claims));
  end if;
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

-- Schedules before roles and places: so does who changes them.
create or replace function claims_of_schedules(schedules text[], named text[]) returns setof text
language plpgsql volatile as $$
begin
  perform pg_advisory_xact_lock_shared(hashtextextended(name, 16))
     from (select 1 as place, 'Schedule/' || schedule as name from unnest(schedules) schedule union select 2, unnest(named) order by place, name offset 0) each;
  return query select distinct resource from schedule_claim where schedule = any(schedules) order by resource;
end
$$;
