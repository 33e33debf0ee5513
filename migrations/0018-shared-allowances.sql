-- When each client, person or address may send a full minute's worth of requests again, where several processes count
-- together (RATE_LIMITS_KEPT=postgres). Nothing is lost with it: after a crash of the database all begin anew.
create unlogged table rate_allowance (
  name     text        primary key,            -- 'client:portal', 'person:Patient/1', 'address:10.0.0.7'
  whole_at timestamptz not null
);
create index rate_allowance_whole_at on rate_allowance (whole_at);
