-- A visit of an overflow lane is known to its own Schedule alone: a claim of `Practitioner/1#2` clashes with nobody in the first
-- lane. So the first lane is never left free under it: whatever nobody else has of its time is claimed there in its name, when it
-- is booked and whenever somebody leaves. Gives how many claims that took.
create function claim_under_lanes(actor text, span tstzrange) returns int
language plpgsql volatile as $$
declare
  lying record;
  piece tstzrange;
  taken int := 0;
  wanted int;
begin
  loop
    wanted := 0;
    for lying in
      select l.session, l.appointment, l.client, l.period * span as period
        from generate_series(2, 4) lane cross join lateral (
          select * from claim c where c.resource = actor || '#' || lane and c.period && span offset 0) l
       order by lane, lower(l.period)
    loop
      for piece in
        -- Whoever gives one of them back just now is waited for, and whoever comes to do so waits.
        select unnest(tstzmultirange(lying.period) - coalesce((
          select range_agg(c.period) from (
            select period from claim where resource = actor and period && lying.period for key share) c), '{}'))
      loop
        wanted := wanted + 1;
        insert into claim (resource, session, seat, period, appointment, client)
        select actor, lying.session, coalesce(max(c.seat), 0) + 1, piece, lying.appointment, lying.client
          from claim c where c.resource = actor and c.session = lying.session
        on conflict do nothing;
        if found then taken := taken + 1; end if;
      end loop;
    end loop;
    -- Who took a piece at that moment has it by now, and perhaps not all of it: it is looked at again.
    exit when wanted = 0;
  end loop;
  return taken;
end
$$;

-- A visit that is moved in one statement is told of visits over it that came while it waited, as of others (migration 0039).
create function nobody_over(holder text) returns boolean
language plpgsql volatile as $$
begin
  return not exists (
    select from claim had cross join generate_series(2, 4) lane cross join lateral (
      select from claim c where c.resource = had.resource || '#' || lane and c.period && had.period and c.appointment <> holder offset 0) over
     where had.appointment = holder);
end
$$;

-- What is overbooked already. Its Schedules are gone through again, so that their Slots say so.
select claim_under_lanes(actor, period)
  from (select split_part(resource, '#', 1) as actor, period from claim where resource like '%#%' order by 1, 2 offset 0) lying;
update schedule_plan set stale = true
 where schedule in (select schedule from schedule_claim where resource in (
   select split_part(resource, '#', 1) from claim where resource like '%#%'));
