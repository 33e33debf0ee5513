-- The authorization server: the programs that may ask for tokens, and what it must remember from one request to the next.

-- `metadata` is in the words of RFC 7591; a secret stands there as its SHA-256. `scope` is the most that the client is given.
create table auth_client (
  id       text        primary key,
  metadata jsonb       not null,
  scope    text        not null,
  created  timestamptz not null
);

-- Codes, tokens, grants, sessions and the like. `id` is the SHA-256 of what its bearer holds, so that whoever reads the table
-- holds nothing.
create table auth_state (
  model    text        not null,
  id       text        not null,
  payload  jsonb       not null,
  grant_id text,
  uid      text,
  client   text,
  account  text,
  consumed timestamptz,
  expires  timestamptz not null,
  primary key (model, id)
);
create index auth_state_grant on auth_state (grant_id) where grant_id is not null;
create index auth_state_uid on auth_state (uid) where uid is not null;
create index auth_state_client on auth_state (client) where client is not null;
create index auth_state_account on auth_state (account) where account is not null;
create index auth_state_expires on auth_state (expires);

-- What the server signs its cookies with: sealed (src/base/sealed.ts), made at its first use.
create table auth_secret (
  name  text primary key,
  value text not null
);

-- ID tokens are signed by keys of another algorithm than access tokens.
alter table signing_key add column algorithm text not null default 'ES256';
