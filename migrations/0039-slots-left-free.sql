-- A visit that is moved in one statement gives back Slots in it. Whether anybody else is there can only be said once they are locked:
-- the statement itself sees nothing that was committed after it began, each query of a volatile function does.
create function nobody_else_in(slots text[], holder text) returns boolean
language plpgsql volatile as $$
begin
  return not exists (
      select from slot s join schedule_claim sc on sc.schedule = s.schedule
       cross join lateral (
         select from claim c where c.resource = sc.resource and c.period && tstzrange(s.starts, s.ends)
            and c.appointment <> holder and (c.expires is null or c.expires > now()) offset 0) other
       where s.id = any(slots))
    and not exists (
      select from slot s join schedule_claim mine on mine.schedule = s.schedule join schedule_claim other on other.resource = mine.resource
       cross join lateral (select longest from schedule_plan p where p.schedule = other.schedule offset 0) plan
       cross join lateral (
         select from slot b where b.schedule = other.schedule and b.status = 'busy-unavailable' and b.taken_by is null
            and b.starts < s.ends and b.ends > s.starts and b.starts > s.starts - plan.longest offset 0) block
       where s.id = any(slots));
end
$$;
