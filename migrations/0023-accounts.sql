-- The people who sign in. `login` is in small letters; `person` is who they are in FHIR (SMART's fhirUser), `acts_for` the
-- RelatedPersons by whom they act for others.
create table account (
  id           text        primary key,
  login        text        not null unique,
  name         text        not null,
  roles        text[]      not null,
  person       text        not null,
  acts_for     text[]      not null default '{}',
  password     text        not null,               -- Argon2id, with its parameters and salt
  failures     int         not null default 0,     -- sign-ins begun since the last one that succeeded
  locked_until timestamptz,
  disabled     boolean     not null default false,
  created      timestamptz not null
);
