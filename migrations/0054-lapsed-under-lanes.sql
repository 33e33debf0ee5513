-- A hold that has run out under an overbooked visit was in the way whole until the sweep came. Now whoever clears it away gives that
-- visit what nobody else has of its time (`claim_under_lanes`), and the rest is free at once.
drop function refuse_under_lanes(text, tstzrange, int);

-- A class with seats left read free under a visit that was booked over it. Such Slots are settled with their Schedules.
update schedule_plan set stale = true
 where schedule in (select schedule from slot where session is not null and overbooked and not deleted);
