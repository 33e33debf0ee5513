-- Passkeys (WebAuthn): the public key of each, and what its authenticator says of itself. `counter` only grows, or stays 0.
create table account_passkey (
  id          text        primary key,   -- the credential's own, base64url
  account     text        not null references account (id) on delete cascade,
  public_key  bytea       not null,      -- COSE
  counter     bigint      not null,
  transports  text[]      not null,
  device_type text        not null,      -- singleDevice, multiDevice
  backed_up   boolean     not null,
  name        text        not null,
  created     timestamptz not null,
  used        timestamptz
);
create index account_passkey_account on account_passkey (account);
