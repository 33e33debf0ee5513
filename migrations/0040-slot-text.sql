-- A Slot's stored text beside its JSONB: pages of Slots are what is asked for most, and to write out fifty bodies anew for each
-- is half of what Postgres does for one. Always what the body says, for Postgres makes it (docs/decisions/0026).
alter table slot add column body_text text generated always as (body::text) stored;
