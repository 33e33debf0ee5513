-- What a Subscription's endpoint is to be sent that nobody else may know: the values of its headers and the secret that signs.
-- JSON, sealed (src/store/secrets.ts); the resource and its versions have stars in their place.
alter table subscription_state add column secrets text;
