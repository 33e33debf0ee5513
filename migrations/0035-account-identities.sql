-- Who an account is at the clinic's own OpenID Connect server. One subject is one account, and an account is one subject of an
-- issuer: what comes with a known e-mail address and an unknown subject is somebody else.
create table account_identity (
  issuer  text        not null,
  subject text        not null,
  account text        not null references account (id) on delete cascade,
  linked  timestamptz not null,
  primary key (issuer, subject),
  unique (account, issuer)
);
