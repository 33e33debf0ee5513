-- In a database in which nothing has been written yet, the waitlist is followed from here on. Were it from its follower's
-- first round, times freed before that, in the first second of a clinic's first server, would be offered to nobody.
update follower set xid = pg_snapshot_xmin(pg_current_snapshot())
 where name = 'waitlist' and xid = '0' and pos = 0 and not exists (select from change);
