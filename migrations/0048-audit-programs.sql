-- The program that was asked through beside who asked and what was read or written: what one program did is found by the same
-- index of each month (docs/decisions/0033).
drop index audit_event_names;
create index audit_event_names on audit_event using gin ((array[entity, person, client]));
