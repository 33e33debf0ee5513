-- Links by which a patient does one thing with one visit, without signing in. Only the hash of a link's secret is kept.
create table self_service_link (
  id          text        primary key,
  hash        text        not null unique,     -- SHA-256 of the secret in the address
  appointment text        not null,            -- bare ids
  patient     text        not null,
  purpose     text        not null check (purpose in ('confirm', 'reschedule', 'cancel')),
  client      text        not null,            -- who asked for it
  created     timestamptz not null,
  expires     timestamptz not null,
  revoked     timestamptz,
  used        timestamptz                      -- when it first did what it is for
);
create index self_service_link_appointment on self_service_link (appointment);
create index self_service_link_expires on self_service_link (expires);
