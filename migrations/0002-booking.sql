-- Who has which time. Every path that gives or takes time goes through these tables; the constraints on `claim` make a
-- double booking impossible whatever the code above them does.

create extension if not exists btree_gist;

-- A time that is taken up on something that can be in one place only. `period` includes the visit's buffers.
-- A one-to-one visit is a session of its own; the seats of one group visit share a session.
create table claim (
  resource    text        not null,            -- 'Practitioner/1', 'Location/room-2', 'Schedule/3' …
  session     text        not null,
  seat        int         not null default 1,
  period      tstzrange   not null,
  appointment text        not null,            -- 'Appointment/4', or 'Slot/5' for a Slot set busy by hand
  expires     timestamptz,                     -- a hold's end; null once it is booked
  client      text        not null,            -- who asked; a Slot taken by hand is handed over to the same client only
  constraint claim_one_session_at_a_time exclude using gist (resource with =, period with &&, session with <>),
  constraint claim_one_seat_each unique (resource, session, seat),
  constraint claim_takes_time check (not isempty(period))
);
create index claim_appointment on claim (appointment);
create index claim_expires on claim (expires) where expires is not null;

-- Raised by the booking statements when part of what they wrote must not stand: it undoes the whole statement.
create function refuse_visit(reason text) returns boolean language plpgsql as $$
begin
  raise exception using errcode = 'SW409', message = reason;
end
$$;

-- What a Schedule offers, worked out from all the resources it hangs on whenever one of them is written.
create table schedule_plan (
  schedule        text        primary key,
  version         bigint      not null,
  plan            jsonb       not null,
  terms           text[]      not null,
  stale           boolean     not null default true,   -- its Slots wait to be made anew
  generated_until timestamptz,
  longest         interval    not null default '0'     -- no Slot of it is longer: bounds the search for overlaps
);
create sequence schedule_plan_version;
create index schedule_plan_terms on schedule_plan using gin (terms);
create index schedule_plan_stale on schedule_plan (schedule) where stale;

create table schedule_claim (
  schedule text not null,
  resource text not null,
  primary key (resource, schedule)
);
create index schedule_claim_schedule on schedule_claim (schedule);

-- The places of a day that has a cap: the lowest free one is taken in the booking and given back on cancel.
create table visit_cap (
  schedule    text not null,
  local_date  date not null,
  kind        text not null check (kind in ('day', 'online')),
  place       int  not null,
  appointment text not null,
  expires     timestamptz,                     -- a hold's end, after which another may take the place; null once it is booked
  primary key (schedule, local_date, kind, place)
);
create index visit_cap_appointment on visit_cap (appointment);

-- Times that `Appointment/$find` proposed, until somebody takes one or its hour is over.
create table proposal (
  id      text        primary key,
  slot    text        not null,
  body    jsonb       not null,
  minutes int         not null,
  service text,
  patient text,                                -- the id of the one it was proposed to, if anybody
  expires timestamptz not null
);
create index proposal_expires on proposal (expires);

-- Answers kept for a repeated Idempotency-Key.
create table idempotency (
  client  text        not null,
  person  text        not null,
  key     text        not null,
  request text        not null,                -- SHA-256 of method, path and body
  outcome jsonb       not null,
  at      timestamptz not null,
  primary key (client, person, key)
);
create index idempotency_at on idempotency (at);

-- Every write, in order. A follower reads rows with xid < pg_snapshot_xmin(pg_current_snapshot()) by (xid, pos).
create table change (
  xid     xid8        not null default pg_current_xact_id(),
  pos     bigint      generated always as identity,
  at      timestamptz not null,
  type    text        not null,
  id      text        not null,
  version bigint      not null,
  kind    text        not null,
  primary key (xid, pos)
);
