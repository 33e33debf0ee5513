-- A Slot names its Schedule in the order of bytes ("C"). What is looked up by that name must be ordered so too: where it is not,
-- Postgres cannot use its index, and every booking read all plans there are.
alter table schedule_plan alter column schedule type text collate "C";
alter table schedule_claim alter column schedule type text collate "C";
