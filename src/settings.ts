/**
 * Every setting there is, with its default and its meaning, as the README's table has them. How each is read: `config.ts`.
 */
import { holdQuotasDefault } from './base/hold-quotas.ts'
import { connectionsPerAddressDefault } from './base/limits.ts'

export type Setting = { readonly name: string; readonly default: string; readonly meaning: string }

export const settings = [
  { name: 'HOST', default: '127.0.0.1', meaning: 'the address it listens on' },
  { name: 'PORT', default: '8080', meaning: 'the port it listens on' },
  {
    name: 'PUBLIC_URL',
    default: 'from HOST and PORT',
    meaning: 'the address the world sees; base of every link, issuer and signature check',
  },
  {
    name: 'TLS_CERT_FILE',
    default: 'none',
    meaning: 'a certificate, with those between it and its root, in PEM: it speaks TLS itself ([docs/running.md](docs/running.md#tls))',
  },
  { name: 'TLS_KEY_FILE', default: 'none', meaning: "the certificate's key, in PEM" },
  {
    name: 'TRUST_PROXY',
    default: 'none',
    meaning:
      'addresses or networks of proxies, with commas between, that are believed whom a request is from ([docs/running.md](docs/running.md#behind-a-proxy))',
  },
  {
    name: 'CONNECTIONS_PER_ADDRESS',
    default: String(connectionsPerAddressDefault),
    meaning: 'connections that one address may keep open to one process; 0 is no limit, and a proxy of TRUST_PROXY has none',
  },
  { name: 'DATABASE_URL', default: 'embedded', meaning: 'a real Postgres, 15 or newer' },
  {
    name: 'DATABASE_OWNER_URL',
    default: 'as DATABASE_URL',
    meaning:
      'the same database as its owner, for `slotwise migrate`: DATABASE_URL can then be a role that may not change the audit ([docs/security.md](docs/security.md#database-roles))',
  },
  { name: 'DATA_DIR', default: './data', meaning: 'where the embedded Postgres lives' },
  {
    name: 'SECRETS_KEY_FILE',
    default: '`secrets.key` in DATA_DIR with the embedded Postgres, else none',
    meaning: 'a file of keys, one a line, under which secrets are kept in the database ([docs/security.md](docs/security.md#secrets))',
  },
  {
    name: 'SECRETS_KEY_COMMAND',
    default: 'none',
    meaning: 'a command that prints such keys, in place of the file: for a key service ([docs/security.md](docs/security.md#secrets))',
  },
  {
    name: 'AUDIT_RETENTION_MONTHS',
    default: '0',
    meaning: 'months that the audit is kept, 12 or more; 0 keeps all of it ([docs/security.md](docs/security.md#audit))',
  },
  { name: 'DEMO', default: '`on` with the embedded Postgres, else `off`', meaning: 'load the demo clinic into an empty database' },
  { name: 'AUTH', default: 'smart', meaning: '`off` is accepted on a loopback HOST alone, and says so at start' },
  { name: 'WORKERS', default: '1', meaning: 'HTTP processes' },
  { name: 'DEFAULT_TIME_ZONE', default: 'America/New_York', meaning: 'for a Schedule or Location that names none' },
  {
    name: 'OUTBOUND_HOSTS',
    default: 'none',
    meaning: 'hosts, with commas between, that may be called though they are private or speak plain http; others must be public and https',
  },
  { name: 'RATE_LIMIT_CLIENT', default: '0', meaning: 'requests a minute that one client may send; 0 is no limit' },
  { name: 'RATE_LIMIT_PERSON', default: '3000', meaning: 'requests a minute that one person may send through any client; 0 is no limit' },
  { name: 'RATE_LIMIT_ADDRESS', default: '0', meaning: 'requests a minute from one address, of whatever kind; 0 is no limit' },
  { name: 'RATE_LIMIT_REFUSED', default: '300', meaning: 'requests a minute from one address whose token is refused; 0 is no limit' },
  {
    name: 'RATE_LIMITS_KEPT',
    default: 'memory',
    meaning: '`memory`: each process counts for itself; `postgres`: all that share the database count together',
  },
  {
    name: 'HOLDS_PER_PATIENT',
    default: String(holdQuotasDefault.perPatient),
    meaning: 'times that one patient may hold at once, whoever acts for them; 0 is no limit, and staff are not bound',
  },
  {
    name: 'HOLDS_PER_PERSON',
    default: String(holdQuotasDefault.perPerson),
    meaning: 'times that one person may hold at once for all whom they act for; 0 is no limit, and staff are not bound',
  },
  {
    name: 'HOLDS_PER_CLIENT',
    default: String(holdQuotasDefault.perClient),
    meaning: 'times that one client may hold at once; 0 is no limit',
  },
  {
    name: 'TRUSTED_ISSUERS',
    default: 'none',
    meaning:
      'other authorization servers whose access tokens are taken: `ISSUER jwks=URL audience=AUD scopes=S,S`, several with semicolons between ([docs/sign-in.md](docs/sign-in.md#tokens-of-other-servers))',
  },
  {
    name: 'SMTP_URL',
    default: 'none',
    meaning:
      'the mail server by which people are sent links for a forgotten password: `smtps://USER:PASSWORD@HOST`, or `smtp:`, with STARTTLS beyond this machine',
  },
  { name: 'MAIL_FROM', default: 'none', meaning: 'whom that mail is from, for example `Clinic <no-reply@clinic.example>`' },
  {
    name: 'SECOND_FACTOR_ROLES',
    default: 'none',
    meaning:
      'roles, with commas between, whose people sign in to apps with a second factor only ([docs/sign-in.md](docs/sign-in.md#second-factors))',
  },
  {
    name: 'SIGN_IN_ISSUER',
    default: 'none',
    meaning:
      'the clinic’s own OpenID Connect server, at which people sign in beside their password here ([docs/sign-in.md](docs/sign-in.md#at-the-clinics-own-server))',
  },
  { name: 'SIGN_IN_CLIENT_ID', default: 'none', meaning: 'what this server is called there; with SIGN_IN_ISSUER it must be said' },
  {
    name: 'SIGN_IN_SECRET_FILE',
    default: 'none',
    meaning: 'a file with the secret that it signs in there with; without one PKCE alone does',
  },
  { name: 'SIGN_IN_NAME', default: 'your clinic login', meaning: 'what the button of the sign-in page calls it' },
  {
    name: 'SIGN_IN_LINK',
    default: 'subject',
    meaning:
      '`subject`: accounts are linked by `slotwise account link`; `email`: also by a verified e-mail address that is an account’s login',
  },
  {
    name: 'SIGN_IN_ROLES',
    default: 'as the account',
    meaning: 'roles by a claim, such as `groups: doctors=practitioner, desk=front-desk`; without any of them nobody comes in that way',
  },
  {
    name: 'SIGN_IN_STRONG_ACR',
    default: 'none',
    meaning: 'values of `acr`, with spaces between, by which that server says that two factors were shown; it is asked for them',
  },
  {
    name: 'DYNAMIC_REGISTRATION',
    default: 'off',
    meaning:
      '`token`: whom an operator invites registers a program themselves; `open`: others may too, and wait for approval ([docs/sign-in.md](docs/sign-in.md#programs-that-register-themselves))',
  },
  { name: 'WAITLIST_OFFER_MINUTES', default: '30', meaning: 'how long a time is kept for whom the waitlist offers it to' },
  {
    name: 'WAITLIST_OFFERS_AT_ONCE',
    default: '1',
    meaning: 'how many are offered one time: 1 is one after the other, more let the first to accept have it',
  },
  {
    name: 'WAITLIST_WEIGHTS',
    default: 'urgency=30,waited=1,fit=10,passed=5,offered=10',
    meaning: 'points by which the waitlist is ranked ([docs/waitlist.md](docs/waitlist.md))',
  },
  {
    name: 'WAITLIST_ON_BOOKING',
    default: 'keep',
    meaning: 'when a waiting patient is booked for the same service: `keep` waits on for a sooner time, `end` leaves the list',
  },
] as const satisfies readonly Setting[]

export type SettingName = (typeof settings)[number]['name']
