-- How far the Slots that were written have been looked at for bookings that could not see them yet (src/store/new-slots.ts).
insert into follower (name, xid, pos) values ('new-slots', pg_snapshot_xmin(pg_current_snapshot()), 0);
