-- Where somebody who has forgotten their password is written to: an address that they have shown to be theirs.
alter table account add column email text;
create unique index account_email on account (email) where email is not null;
