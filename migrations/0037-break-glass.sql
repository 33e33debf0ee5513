-- Who has opened, for a while and with a reason, what a Consent keeps from them. Why and what was seen is in the audit.
create table break_glass (
  id      uuid        primary key,
  person  text        not null,   -- 'Practitioner/1'
  client  text        not null,
  patient text        not null,
  begun   timestamptz not null,
  until   timestamptz not null
);
create index break_glass_person on break_glass (person, client, until);
