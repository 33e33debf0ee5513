-- A visit that staff booked over others lies in a lane of whom it took up then. Where it comes to take up somebody else (a Schedule
-- that is theirs from now on, a role, a room) it lies in a lane of theirs: the lowest that is free. Whatever of its time nobody has
-- in the first lane is claimed there in its name, and whoever has the rest must be somebody over whom it was booked: they have
-- a claim, too, on whom it lies over. Gives those visits for which there is no room: the transaction must roll back then.
create function claim_in_lanes(actor text, holders text[], last_lane int) returns setof text
language plpgsql volatile as $$
declare
  lying record;
begin
  for lying in
    select distinct on (lower(l.period), l.appointment) l.appointment, l.session, l.client, l.period
      from unnest(holders) holder cross join lateral (select * from claim c where c.appointment = holder and c.resource like '%#%' offset 0) l
     where not exists (select from claim c where c.appointment = l.appointment and split_part(c.resource, '#', 1) = actor)
     order by lower(l.period), l.appointment, l.resource
  loop
    insert into claim (resource, session, period, appointment, client)
    select actor || '#' || n, lying.session, lying.period, lying.appointment, lying.client
      from generate_series(2, last_lane) n
     where not exists (select from claim c where c.resource = actor || '#' || n and c.period && lying.period)
     order by n limit 1
    on conflict do nothing;
    if not found then
      return next lying.appointment;
      continue;
    end if;
    update appointment a set claims = a.claims + 1 where a.id = substr(lying.appointment, length('Appointment/') + 1) and starts_with(lying.appointment, 'Appointment/');
    perform claim_under_lanes(actor, lying.period, last_lane);
    if exists (
      select from claim c
       where c.resource = actor and c.period && lying.period and c.appointment <> lying.appointment
         and not exists (
           select from claim mine join claim theirs
               on theirs.appointment = c.appointment and split_part(theirs.resource, '#', 1) = split_part(mine.resource, '#', 1) and theirs.period && mine.period
            where mine.appointment = lying.appointment and mine.resource like '%#%' and split_part(mine.resource, '#', 1) <> actor)) then
      return next lying.appointment;
    end if;
  end loop;
end
$$;
