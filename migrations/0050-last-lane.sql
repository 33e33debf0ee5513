-- How many lanes there are is said by who asks: `overflowLanesMax` is written down once.
drop function claim_under_lanes(text, tstzrange);
drop function nobody_over(text);

-- As in migration 0049, but a visit that is given time under its lane is held until then: one that left at that very moment was
-- given a claim that nobody would ever have given back. Its lane comes after the claims under it, as whoever leaves locks them.
-- `last_lane` is the number of the last lane there is.
create function claim_under_lanes(actor text, span tstzrange, last_lane int) returns int
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
      select l.resource, l.session, l.appointment, l.client, l.period * span as period
        from generate_series(2, last_lane) lane cross join lateral (
          select * from claim c where c.resource = actor || '#' || lane and c.period && span offset 0) l
       order by lane, lower(l.period)
    loop
      for piece in
        -- Whoever gives one of them back just now is waited for, and whoever comes to do so waits.
        select unnest(tstzmultirange(lying.period) - coalesce((
          select range_agg(c.period) from (
            select period from claim where resource = actor and period && lying.period order by period for key share) c), '{}'))
      loop
        wanted := wanted + 1;
        perform from claim where resource = lying.resource and session = lying.session for key share;
        exit when not found;
        insert into claim (resource, session, seat, period, appointment, client)
        select actor, lying.session, coalesce(max(c.seat), 0) + 1, piece, lying.appointment, lying.client
          from claim c where c.resource = actor and c.session = lying.session
        on conflict do nothing;
        if found then taken := taken + 1; end if;
      end loop;
    end loop;
    -- Who took a piece at that moment has it by now, and perhaps not all of it, and who left has it no more: it is looked at again.
    exit when wanted = 0;
  end loop;
  return taken;
end
$$;

create function nobody_over(holder text, last_lane int) returns boolean
language plpgsql volatile as $$
begin
  return not exists (
    select from claim had cross join generate_series(2, last_lane) lane cross join lateral (
      select from claim c where c.resource = had.resource || '#' || lane and c.period && had.period and c.appointment <> holder offset 0) over
     where had.appointment = holder);
end
$$;

-- Who clears a lapsed hold away leaves it to the sweep where somebody lies over it, and may have waited for just that one: begun
-- anew, its statement sees them.
create function refuse_under_lanes(resource text, span tstzrange, last_lane int) returns boolean
language plpgsql volatile as $$
begin
  if exists (
    select from generate_series(2, last_lane) lane cross join lateral (
      select from claim c where c.resource = refuse_under_lanes.resource || '#' || lane and c.period && span offset 0) over) then
    raise exception using errcode = '40001', message = 'Somebody was booked over a hold while it was cleared away.';
  end if;
  return true;
end
$$;
