-- What somebody shows beside their password. Wrong codes are counted by themselves: whoever knows the password starts that
-- count of its own anew with each sign-in that they begin.
alter table account
  add column code_failures     int not null default 0,
  add column code_locked_until timestamptz;

-- Codes of an authenticator app (RFC 6238). `secret` is sealed (src/base/sealed.ts); `last_step` is the last half minute whose
-- code was taken, so that each is taken once.
create table account_totp (
  account   text        primary key references account (id) on delete cascade,
  secret    text        not null,
  last_step bigint      not null,
  created   timestamptz not null
);

-- For whoever has lost the rest: each good once, and kept as its SHA-256.
create table account_recovery_code (
  account text not null references account (id) on delete cascade,
  code    text not null,
  primary key (account, code)
);
