-- A patient's own visits do not overlap (a booking rule, CONTRACT §5). Whoever books for a patient waits for whoever does so just
-- now, and then looks. Only a volatile function can do both in one statement: each query in it sees what was committed meanwhile.
-- It is no claim, since the front desk may lay a visit over another one: over REST, or against the rules.
create function refuse_overlap(patient text, begins timestamptz, finishes timestamptz, besides text[]) returns boolean
language plpgsql volatile as $$
begin
  perform pg_advisory_xact_lock(hashtextextended(patient, 14));
  -- `offset 0` keeps the planner from adding an index on status or time, which would read every booked visit there is.
  if exists (
    select from (select id, deleted, status, starts, ends, held_until from appointment where terms @> array['@' || patient] offset 0) a
     where not a.deleted and a.status in ('pending', 'booked', 'arrived', 'checked-in') and (a.status <> 'pending' or a.held_until > now())
       and a.starts < finishes and a.ends > begins and not a.id = any(besides)) then
    raise exception using errcode = 'SW422', message = 'The patient has another visit at that time.', column = 'Appointment.participant';
  end if;
  return true;
end
$$;
