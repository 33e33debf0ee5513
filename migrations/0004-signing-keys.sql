-- The server's own keys; the newest signs, all of them verify.
create table signing_key (
  kid         text        primary key,
  private_jwk jsonb       not null,
  created     timestamptz not null default now()
);
