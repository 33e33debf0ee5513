/**
 * Every setting there is, with its meaning, and the only place that reads the environment. CONTRACT §1.
 * A malformed setting stops the start with a sentence that names it; an empty one counts as not given.
 */
import { isIP, isIPv6 } from 'node:net'
import { join } from 'node:path'
import { type Role, roles } from './access/role-scopes.ts'
import type { Mail } from './base/account-links.ts'
import { fault } from './base/fault.ts'
import { type HoldQuotas, holdQuotasDefault } from './base/hold-quotas.ts'
import { connectionsPerAddressDefault, holdsAtOnceMax } from './base/limits.ts'
import type { RateLimits } from './base/rate-limits.ts'
import { parseRoleClaim, type SignInElsewhere } from './base/sign-in-elsewhere.ts'
import { parseTrustedIssuers, type TrustedIssuer } from './base/trusted-issuers.ts'
import { type RankingWeights, rankingWeightsDefault, type WaitlistSettings } from './base/waitlist-settings.ts'

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
    meaning: 'times that one patient may hold at once; 0 is no limit, and staff are not bound',
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

export type Config = {
  readonly host: string
  readonly port: number
  /** Without a slash at the end. */
  readonly publicUrl: string
  /** Absent: it speaks plain http. */
  readonly certificate?: { readonly certFile: string; readonly keyFile: string }
  readonly trustProxy: readonly string[]
  /** 0: as many as there may be. */
  readonly connectionsPerAddress: number
  /** Absent: the embedded Postgres. */
  readonly databaseUrl?: string
  /** Absent: the role of databaseUrl owns the database. */
  readonly databaseOwnerUrl?: string
  readonly dataDir: string
  /** Absent: secrets are kept as they are. */
  readonly secretsKeyFile?: string
  /** Instead of the file. */
  readonly secretsKeyCommand?: string
  /** 0: for ever. */
  readonly auditMonthsKept: number
  readonly demo: boolean
  readonly auth: 'smart' | 'off'
  readonly workers: number
  readonly defaultTimeZone: string
  readonly outboundHosts: readonly string[]
  readonly rateLimits: RateLimits
  readonly holdQuotas: HoldQuotas
  readonly trustedIssuers: readonly TrustedIssuer[]
  /** Absent: no mail is sent. */
  readonly mail?: Mail
  readonly secondFactorRoles: readonly Role[]
  /** Absent: people sign in here alone. */
  readonly signInElsewhere?: Omit<SignInElsewhere, 'secret'> & { readonly secretFile?: string }
  readonly waitlist: WaitlistSettings
}

export type Environment = Readonly<Record<string, string | undefined>>

const workersMax = 64
const connectionsMax = 1_000_000

const defaultOf = (name: SettingName): string => settings.find((setting) => setting.name === name)?.default ?? ''
const given = (env: Environment, name: SettingName): string | undefined => env[name]?.trim() || undefined
const refuse = (name: SettingName, expected: string, value: string): never => {
  throw fault('value', `${name} must be ${expected}, not "${value}".`)
}

function wholeNumber(env: Environment, name: SettingName, min: number, max: number): number {
  const text = given(env, name) ?? defaultOf(name)
  const number = Number(text)
  return /^\d+$/.test(text) && number >= min && number <= max ? number : refuse(name, `a whole number between ${min} and ${max}`, text)
}

function oneOf<T extends string>(env: Environment, name: SettingName, allowed: readonly T[], otherwise: T): T {
  const text = given(env, name) ?? otherwise
  return allowed.find((value) => value === text) ?? refuse(name, allowed.map((value) => `"${value}"`).join(' or '), text)
}

function url(name: SettingName, text: string, schemes: readonly string[]): URL {
  const parsed = URL.parse(text)
  const expected = `an address that begins with ${schemes.map((scheme) => `${scheme}//`).join(' or ')}`
  return parsed && schemes.includes(parsed.protocol) ? parsed : refuse(name, expected, withoutPassword(text))
}

const withoutPassword = (text: string): string => text.replace(/\/\/[^@/]*@/, '//…@')

/** Nobody can call 0.0.0.0: it means every address of this machine, and the loopback is one of them. */
const callable = (host: string): string => {
  const reachable = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host
  return isIPv6(reachable) ? `[${reachable}]` : reachable
}

function publicUrl(env: Environment, host: string, port: number): string {
  const secure = given(env, 'TLS_CERT_FILE') !== undefined
  const text = given(env, 'PUBLIC_URL') ?? `http${secure ? 's' : ''}://${callable(host)}:${port}`
  const parsed = url('PUBLIC_URL', text, secure ? ['https:'] : ['http:', 'https:'])
  if (parsed.search || parsed.hash || parsed.username)
    refuse('PUBLIC_URL', 'a plain address without query, fragment or login', withoutPassword(text))
  return `${parsed.origin}${parsed.pathname}`.replace(/\/+$/, '')
}

function certificate(env: Environment): Config['certificate'] {
  const [certFile, keyFile] = [given(env, 'TLS_CERT_FILE'), given(env, 'TLS_KEY_FILE')]
  if (certFile && keyFile) return { certFile, keyFile }
  if (certFile || keyFile) throw fault('value', 'TLS_CERT_FILE and TLS_KEY_FILE go together: set both, or neither.')
  return undefined
}

/** `10.0.0.7, 10.1.0.0/16, ::1`: all of them, or each address of a network. */
function trustProxy(env: Environment): readonly string[] {
  const networks = (given(env, 'TRUST_PROXY') ?? '').split(',').flatMap((one) => one.trim() || [])
  const odd = networks.find((one) => !isNetwork(one))
  if (odd !== undefined) refuse('TRUST_PROXY', 'a list of addresses such as 10.0.0.7, or networks such as 10.1.0.0/16', odd)
  return networks
}

function isNetwork(text: string): boolean {
  const [address = '', length, ...more] = text.split('/')
  const bits = { 0: 0, 4: 32, 6: 128 }[isIP(address)] ?? 0
  return (
    bits > 0 && more.length === 0 && (length === undefined || (/^\d{1,3}$/.test(length) && Number(length) >= 1 && Number(length) <= bits))
  )
}

function timeZone(env: Environment): string {
  const name = given(env, 'DEFAULT_TIME_ZONE') ?? defaultOf('DEFAULT_TIME_ZONE')
  try {
    // An offset such as +05:00 passes here too, but knows no daylight saving: a clinic needs a place.
    new Intl.DateTimeFormat('en', { timeZone: name })
    if (/^[A-Za-z]/.test(name)) return name
  } catch {}
  return refuse('DEFAULT_TIME_ZONE', 'an IANA time zone such as America/New_York', name)
}

/** `engine.local` or `10.0.0.7:2575`; an IPv6 address in brackets, as in a URL, where a port follows it. */
function outboundHosts(env: Environment): readonly string[] {
  const text = given(env, 'OUTBOUND_HOSTS') ?? ''
  const hosts = text.split(',').flatMap((host) => host.trim().toLowerCase() || [])
  const odd = hosts.find((host) => !isIPv6(host) && !/^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/.test(host))
  if (odd !== undefined) refuse('OUTBOUND_HOSTS', 'a list of names or addresses, each with a port if only that is meant', odd)
  return hosts.map((host) => host.replace(/^\[(.*)\]/, '$1'))
}

function trustedIssuers(env: Environment, address: string): readonly TrustedIssuer[] {
  const text = given(env, 'TRUSTED_ISSUERS') ?? ''
  const expected = 'a list such as https://ehr.example/oauth2 jwks=https://ehr.example/jwks audience=AUD scopes=user/*.rs'
  return parseTrustedIssuers(text, `${address}/fhir`) ?? refuse('TRUSTED_ISSUERS', expected, text)
}

function mail(env: Environment): Mail | undefined {
  const [smtpUrl, from] = [given(env, 'SMTP_URL'), given(env, 'MAIL_FROM')]
  if (smtpUrl === undefined && from === undefined) return undefined
  if (smtpUrl === undefined || from === undefined) throw fault('value', 'SMTP_URL and MAIL_FROM go together: set both, or neither.')
  if (/[\r\n]/.test(from) || !/@/.test(from)) refuse('MAIL_FROM', 'an address such as Clinic <no-reply@clinic.example>', from)
  url('SMTP_URL', smtpUrl, ['smtp:', 'smtps:'])
  return { smtpUrl, from }
}

function secondFactorRoles(env: Environment): readonly Role[] {
  const said = (given(env, 'SECOND_FACTOR_ROLES') ?? '').split(',').flatMap((role) => role.trim() || [])
  return said.map((role) => roles.find((one) => one === role) ?? refuse('SECOND_FACTOR_ROLES', `a list of ${roles.join(', ')}`, role))
}

function signInElsewhere(env: Environment): Config['signInElsewhere'] {
  const issuer = given(env, 'SIGN_IN_ISSUER')
  if (issuer === undefined) return undefined
  if (!URL.canParse(issuer) || !/^https?:/.test(issuer)) refuse('SIGN_IN_ISSUER', 'the address of an OpenID Connect server', issuer)
  const said = given(env, 'SIGN_IN_ROLES')
  return {
    issuer,
    clientId: given(env, 'SIGN_IN_CLIENT_ID') ?? refuse('SIGN_IN_CLIENT_ID', 'said with SIGN_IN_ISSUER', ''),
    secretFile: given(env, 'SIGN_IN_SECRET_FILE'),
    name: given(env, 'SIGN_IN_NAME') ?? defaultOf('SIGN_IN_NAME'),
    linksByEmail: oneOf(env, 'SIGN_IN_LINK', ['subject', 'email'], 'subject') === 'email',
    roles:
      said === undefined
        ? undefined
        : (parseRoleClaim(said, roles) ?? refuse('SIGN_IN_ROLES', `CLAIM: VALUE=ROLE, …, of the roles ${roles.join(', ')}`, said)),
  }
}

const weightNames = Object.keys(rankingWeightsDefault) as (keyof RankingWeights)[]

/** `urgency=30,waited=1`: those that are left out keep their default. */
function weights(env: Environment): RankingWeights {
  const text = given(env, 'WAITLIST_WEIGHTS') ?? ''
  const said = new Map(text.split(',').flatMap((part): [string, number][] => weight(part.trim())))
  const odd = [...said].find(
    ([name, value]) => !weightNames.includes(name as never) || !(value >= (name === 'waited' ? 0.01 : 0) && value <= 1e6),
  )
  if (odd) refuse('WAITLIST_WEIGHTS', `numbers for ${weightNames.join(', ')}, such as waited=1, which is above 0`, text)
  return { ...rankingWeightsDefault, ...Object.fromEntries(said) }
}

function weight(part: string): [string, number][] {
  if (part === '') return []
  const [name = '', value] = part.split('=')
  return [[name.trim(), value?.trim() ? Number(value) : Number.NaN]]
}

const waitlist = (env: Environment): WaitlistSettings => ({
  offerMinutes: wholeNumber(env, 'WAITLIST_OFFER_MINUTES', 2, 7 * 24 * 60),
  offersAtOnce: wholeNumber(env, 'WAITLIST_OFFERS_AT_ONCE', 1, 20),
  weights: weights(env),
  onBooking: oneOf(env, 'WAITLIST_ON_BOOKING', ['keep', 'end'], 'keep'),
})

/** As many as anybody could want: a limit is a number all the same. */
const requestsAMinuteMax = 100_000_000

function rateLimits(env: Environment): RateLimits {
  const limit = (name: SettingName): number => wholeNumber(env, name, 0, requestsAMinuteMax)
  return {
    perClient: limit('RATE_LIMIT_CLIENT'),
    perPerson: limit('RATE_LIMIT_PERSON'),
    perAddress: limit('RATE_LIMIT_ADDRESS'),
    refusedPerAddress: limit('RATE_LIMIT_REFUSED'),
    kept: oneOf(env, 'RATE_LIMITS_KEPT', ['memory', 'postgres'], 'memory'),
  }
}

function secretsKeys(env: Environment, otherwise: string | undefined): Pick<Config, 'secretsKeyFile' | 'secretsKeyCommand'> {
  const [secretsKeyFile, secretsKeyCommand] = [given(env, 'SECRETS_KEY_FILE'), given(env, 'SECRETS_KEY_COMMAND')]
  if (secretsKeyFile && secretsKeyCommand)
    throw fault('value', 'SECRETS_KEY_FILE and SECRETS_KEY_COMMAND both name the keys: set one of them.')
  return secretsKeyCommand ? { secretsKeyCommand } : { secretsKeyFile: secretsKeyFile ?? otherwise }
}

/** The database itself keeps the last year, whoever asks. */
function auditMonths(env: Environment): number {
  const months = wholeNumber(env, 'AUDIT_RETENTION_MONTHS', 0, 1_200)
  return months === 0 || months >= 12 ? months : refuse('AUDIT_RETENTION_MONTHS', '0, or 12 and more', String(months))
}

export const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)

function auth(env: Environment, host: string): Config['auth'] {
  const value = oneOf(env, 'AUTH', ['smart', 'off'], 'smart')
  if (value === 'off' && !isLoopback(host))
    throw fault('value', `AUTH=off is only for a server on this machine alone: set HOST to 127.0.0.1 (it is "${host}") or AUTH to smart.`)
  return value
}

/** Why an operator should look again, where others may be able to read what is on its way. */
export function openOnTheWay({ host, certificate, trustProxy }: Config): string | undefined {
  if (isLoopback(host) || certificate || trustProxy.length > 0) return undefined
  return `${host} is reached from other machines, and nothing encrypts what they send and are sent: set TLS_CERT_FILE, or TRUST_PROXY where a proxy does (docs/running.md).`
}

export function loadConfig(env: Environment = process.env): Config {
  const host = given(env, 'HOST') ?? defaultOf('HOST')
  const port = wholeNumber(env, 'PORT', 1, 65_535)
  const databaseUrl = given(env, 'DATABASE_URL')
  const dataDir = given(env, 'DATA_DIR') ?? defaultOf('DATA_DIR')
  if (databaseUrl) url('DATABASE_URL', databaseUrl, ['postgres:', 'postgresql:'])
  const databaseOwnerUrl = databaseUrl && given(env, 'DATABASE_OWNER_URL')
  if (databaseOwnerUrl) url('DATABASE_OWNER_URL', databaseOwnerUrl, ['postgres:', 'postgresql:'])
  return {
    host,
    port,
    publicUrl: publicUrl(env, host, port),
    certificate: certificate(env),
    trustProxy: trustProxy(env),
    connectionsPerAddress: wholeNumber(env, 'CONNECTIONS_PER_ADDRESS', 0, connectionsMax),
    databaseUrl,
    databaseOwnerUrl,
    dataDir,
    ...secretsKeys(env, databaseUrl ? undefined : join(dataDir, 'secrets.key')),
    auditMonthsKept: auditMonths(env),
    demo: oneOf(env, 'DEMO', ['on', 'off'], databaseUrl ? 'off' : 'on') === 'on',
    auth: auth(env, host),
    workers: wholeNumber(env, 'WORKERS', 1, workersMax),
    defaultTimeZone: timeZone(env),
    outboundHosts: outboundHosts(env),
    rateLimits: rateLimits(env),
    holdQuotas: {
      perPatient: wholeNumber(env, 'HOLDS_PER_PATIENT', 0, holdsAtOnceMax),
      perClient: wholeNumber(env, 'HOLDS_PER_CLIENT', 0, holdsAtOnceMax),
    },
    trustedIssuers: trustedIssuers(env, publicUrl(env, host, port)),
    mail: mail(env),
    secondFactorRoles: secondFactorRoles(env),
    signInElsewhere: signInElsewhere(env),
    waitlist: waitlist(env),
  }
}
