-- A secret is kept sealed (src/base/sealed.ts), as text.
alter table signing_key alter column private_jwk type text using private_jwk::text;
