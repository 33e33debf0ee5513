-- Group visits: the seats of a session share its claims, and its own Slots stay free until the last seat is taken.

-- How many seats the session has; null for a visit of one's own.
alter table claim add column seats int;

-- The session whose own Slot this is, as long as one of its seats is taken.
alter table slot add column session text;
create index slot_session on slot (schedule, starts) where session is not null;

-- A Slot with `slot-capacity` for a session of which seats are taken, without it where none is.
create function slot_with_seats(body jsonb, seats int, booked int) returns jsonb language sql immutable as $$
  select case when extensions = '[]' then body - 'extension' else body || jsonb_build_object('extension', extensions) end
    from (select jsonb_path_query_array(body, '$.extension[*] ? (!(@.url == "https://slotwise.org/fhir/StructureDefinition/slot-capacity"))') ||
                 case when booked > 0 then jsonb_build_array(jsonb_build_object(
                   'url', 'https://slotwise.org/fhir/StructureDefinition/slot-capacity',
                   'extension', jsonb_build_array(
                     jsonb_build_object('url', 'capacity', 'valuePositiveInt', seats),
                     jsonb_build_object('url', 'booked', 'valueUnsignedInt', booked))))
                 else '[]' end as extensions) made
$$;
