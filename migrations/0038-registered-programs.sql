-- Programs that register themselves (RFC 7591), beside those that an operator registers. `came` says how: by an operator's
-- command, with an invitation of one, or unasked. Who came unasked waits, and is known to nobody meanwhile. `keeper` is the
-- SHA-256 of the token with which a program looks after its own registration.
alter table auth_client
  add column came    text    not null default 'operator' check (came in ('operator', 'invited', 'unasked')),
  add column waiting boolean not null default false,
  add column keeper  text;
