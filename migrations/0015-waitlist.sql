-- The waitlist: who waits for what, the times that are to be offered, and what was offered to whom.

insert into follower (name, xid, pos) values ('waitlist', '0', 0);

-- An Appointment that waits, once for each word by which a time finds it (src/scheduling/waitlist-wish.ts). Written only by
-- whoever has the follower's row.
create table waitlist_entry (
  key           text        not null,
  appointment   text        not null,
  patient       text        not null,
  standing      float8      not null,           -- its rank, whatever the time is (src/scheduling/waitlist-ranking.ts)
  joined        timestamptz not null,
  urgency       float8      not null,
  fit           float8      not null,
  passed        int         not null default 0,
  offered       int         not null default 0,
  waiting       boolean     not null default true,  -- false while an offer to it stands
  services      text[]      not null,
  practitioners text[]      not null,
  places        text[]      not null,
  devices       text[]      not null,
  earliest      timestamptz not null,
  latest        timestamptz not null,
  days          int         not null,           -- bits, Monday the lowest
  time_from     int         not null,
  time_to       int         not null,
  expires       timestamptz not null,
  primary key (appointment, key)
);
create index waitlist_entry_rank on waitlist_entry (key, standing desc, appointment)
  include (earliest, latest, days, time_from, time_to, expires) where waiting;
create index waitlist_entry_patient on waitlist_entry (patient);
create index waitlist_entry_expires on waitlist_entry (expires);

-- The weights by which the standings were worked out.
create table waitlist_weights (
  one     boolean primary key default true check (one),
  weights jsonb   not null
);

-- Slots that came free and are still to be offered. `holder`: who keeps the time meanwhile, where it was offered before.
create table waitlist_time (
  slot   text        primary key,
  holder text,
  made   boolean     not null default false,      -- from rules, with many others: after those that somebody gave back
  at     timestamptz not null default clock_timestamp()
);
create index waitlist_time_at on waitlist_time (made, at, slot);

-- Each offer, by the id of its Communication. `place` counts those who are offered one time at once.
create table waitlist_offer (
  id         text        primary key,
  entry      text        not null,
  patient    text        not null,
  slot       text        not null,
  schedule   text        not null,
  starts     timestamptz not null,
  ends       timestamptz not null,
  service    text,
  minutes    int,
  holder     text        not null,              -- of the claims that keep the time: 'Communication/1'
  place      int         not null,
  state      text        not null check (state in ('live', 'accepted', 'declined', 'lapsed', 'withdrawn')),
  settled    boolean     not null default false, -- what follows from its end has been done
  offered_at timestamptz not null,
  ended_at   timestamptz,
  expires    timestamptz not null,
  score      jsonb       not null
);
create unique index waitlist_offer_time on waitlist_offer (slot, place) where state = 'live';
create unique index waitlist_offer_entry on waitlist_offer (entry) where state = 'live';
create index waitlist_offer_asked on waitlist_offer (slot, entry);
create index waitlist_offer_of on waitlist_offer (entry, offered_at);
create index waitlist_offer_expires on waitlist_offer (expires) where state = 'live';
create index waitlist_offer_unsettled on waitlist_offer (ended_at) where state <> 'live' and not settled;
