-- Room for what a Subscription's endpoint alone is to be sent, sealed (src/store/secrets.ts). Nothing is kept there yet.
alter table subscription_state add column secrets text;
