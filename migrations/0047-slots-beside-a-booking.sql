-- A booking may wait for another's claim, and its statement sees no Slot that came meanwhile; who makes such a Slot looks at the
-- claims there are, and did not see one that was still to be made. So it looks once more after its claims, and begins anew where
-- Slots lie under them that it cannot see: each query of a volatile function sees what was committed meanwhile. Whoever makes a
-- Slot after that finds the claims, and waits for them.
create function refuse_unseen(resources text[], begins timestamptz[], finishes timestamptz[], seen text[]) returns boolean
language plpgsql volatile as $$
begin
  if exists (
    select from (
      select distinct bearing.schedule, claimed.begins, claimed.finishes
        from unnest(resources, begins, finishes) claimed (resource, begins, finishes)
       cross join lateral (select schedule from schedule_claim where resource = claimed.resource offset 0) bearing) span
     cross join lateral (select longest from schedule_plan p where p.schedule = span.schedule offset 0) plan
     cross join lateral (
       select id from slot s where s.schedule = span.schedule and s.status = any(array['free', 'busy-tentative', 'busy', 'busy-unavailable'])
          and s.starts > span.begins - plan.longest and s.starts < span.finishes and s.ends > span.begins offset 0) under
     -- Not `<> all`, which would walk the list for each.
     where under.id not in (select unnest(seen))) then
    raise exception using errcode = '40001', message = 'Slots have come under a time while it was claimed.';
  end if;
  return true;
end
$$;
