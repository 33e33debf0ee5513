-- How many times one patient or one client may hold at once: each hold has a place, and two cannot have the same one.
create table hold_place (
  owner   text        not null,                -- 'Patient/1', or 'client portal'
  place   int         not null,
  holder  text        not null,                -- 'Appointment/4', or 'Slot/5' for a Slot set busy-tentative by hand
  expires timestamptz not null,                -- after which another hold may have the place
  primary key (owner, place)
);
create index hold_place_holder on hold_place (holder);
