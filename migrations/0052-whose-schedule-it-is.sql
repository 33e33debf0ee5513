-- Whom a visit in a Slot takes up is what the Slot's Schedule says, and a booking has read it before its statement begins. Whoever
-- changes it takes up the visits that are there already; of the two neither saw the other. So who books holds the Schedules of its
-- Slots with a shared lock, and looks whom they are of once it has it; who gives one to somebody takes the lock alone, and then
-- looks for visits: each query of a volatile function sees what was committed meanwhile. Roles and places are held alike.

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

-- Schedules before roles and places: so does who changes them.
create function claims_of_schedules(schedules text[], named text[]) returns setof text
language plpgsql volatile as $$
begin
  perform pg_advisory_xact_lock_shared(hashtextextended(name, 16))
     from (select 1 as place, 'Schedule/' || schedule as name from unnest(schedules) schedule union select 2, unnest(named) order by place, name offset 0) each;
  return query select distinct resource from schedule_claim where schedule = any(schedules) order by resource;
end
$$;

-- For a booking that comes with what it has read. Slots that are gone say nothing; the statement refuses them itself. It runs with
-- every booking: a visit mostly needs Slots of one Schedule, which are looked up one by one, and what is assigned is not run as a
-- statement of its own.
create function refuse_if_others(slots text[], claims text[], named text[]) returns boolean
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
