-- Followers of `change`, and who has asked to be told of what.

-- How far a follower has come: the last change that it has dealt with, in the order (xid, pos).
create table follower (
  name text   primary key,
  xid  xid8   not null,
  pos  bigint not null
);
insert into follower (name, xid, pos) values ('subscriptions', pg_snapshot_xmin(pg_current_snapshot()), 0);

-- What the server knows of a Subscription beside the resource. One without a row here is stored as it was sent, no more.
create table subscription_state (
  subscription text        primary key,
  revision     bigint      not null default 1,  -- counts the client's writes: what was begun for an earlier one is void
  phase        text        not null check (phase in ('requested', 'active', 'error', 'off')),
  asked        jsonb       not null,            -- what its elements come to (src/subscriptions/asked.ts)
  actor        jsonb       not null,            -- who wrote it last, and with which scopes: whose rights bind it
  ends         timestamptz,
  since        pg_snapshot,                     -- what was visible in it had happened before it became active
  last_number  bigint      not null default 0,  -- of the last event that was numbered
  delivered    bigint      not null default 0,  -- up to here the events have been told
  told_at      timestamptz                      -- when something was last sent, a heartbeat included
);

-- Numbered at dispatch, told in that order, kept for $events.
create table subscription_event (
  subscription text        not null references subscription_state on delete cascade,
  number       bigint      not null,
  at           timestamptz not null,
  type         text        not null,
  id           text        not null,
  version      bigint      not null,
  kind         text        not null,
  primary key (subscription, number)
);
create index subscription_event_at on subscription_event (at);
