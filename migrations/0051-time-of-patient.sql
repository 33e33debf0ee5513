-- A patient's own time was found through all the visits that they ever had, each a page of its own: a booking for somebody with a
-- hundred of them cost Postgres twice as much as for a newcomer. Now by who it is and until when, of the visits that still take time.

-- Of an Appointment's words: its patient; 'several' where there are more than one; null where there is none.
create function only_patient(terms text[]) returns text
language plpgsql immutable strict parallel safe as $$
declare
  term text;
  found text;
begin
  foreach term in array terms loop
    if starts_with(term, '@Patient/') then
      if found is not null then return 'several'; end if;
      found := substr(term, 2);
    end if;
  end loop;
  return found;
end
$$;

create index appointment_patient_time on appointment (only_patient(terms), ends, starts)
 where status = any(array['pending', 'booked', 'arrived', 'checked-in']);

-- The visits that take up a patient (`Patient/1`) between two instants. Written so that a statement which asks it takes it in.
create function time_of_patient(patient text, begins timestamptz, finishes timestamptz)
returns table (id text, starts timestamptz, ends timestamptz)
language sql stable parallel safe as $$
  select id, starts, ends from appointment
   where only_patient(terms) = patient and status = any(array['pending', 'booked', 'arrived', 'checked-in'])
     and ends > begins and starts < finishes and (status <> 'pending' or held_until > now())
  union all
  -- Visits of several are few at one time. `offset 0` keeps the planner from reading all that the patient ever had beside them.
  select id, starts, ends from (
    select id, starts, ends, terms from appointment
     where only_patient(terms) = 'several' and status = any(array['pending', 'booked', 'arrived', 'checked-in'])
       and ends > begins and starts < finishes and (status <> 'pending' or held_until > now()) offset 0) visit
   where terms @> array['@' || patient]
$$;

create or replace function refuse_overlap(patient text, begins timestamptz, finishes timestamptz, besides text[]) returns boolean
language plpgsql volatile as $$
begin
  perform pg_advisory_xact_lock(hashtextextended(patient, 14));
  if exists (select from time_of_patient(patient, begins, finishes) visit where not visit.id = any(besides)) then
    raise exception using errcode = 'SW422', message = 'The patient has another visit at that time.', column = 'Appointment.participant';
  end if;
  return true;
end
$$;
