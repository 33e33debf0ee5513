/**
 * The settings as they were given, and the only place that reads the environment. What each means: `settings.ts`.
 * A malformed setting stops the start with a sentence that names it.
 */
import { join } from 'node:path'
import { type Role, roles } from './access/role-scopes.ts'
import type { Mail } from './base/account-links.ts'
import { fault } from './base/fault.ts'
import type { HoldQuotas } from './base/hold-quotas.ts'
import { holdsAtOnceMax } from './base/limits.ts'
import type { RateLimits } from './base/rate-limits.ts'
import { parseRoleClaim, type SignInElsewhere } from './base/sign-in-elsewhere.ts'
import { isTimeZone } from './base/time-zones.ts'
import { parseTrustedIssuers, type TrustedIssuer } from './base/trusted-issuers.ts'
import { type RankingWeights, rankingWeightsDefault, type WaitlistSettings } from './base/waitlist-settings.ts'
import { certificate, isLoopback, outboundHosts, publicUrl, trustProxy } from './network-settings.ts'
import { defaultOf, type Environment, given, oneOf, refuse, url, wholeNumber } from './setting-values.ts'
import type { SettingName } from './settings.ts'

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
  /** Absent: programs are registered by commands alone. */
  readonly registration?: 'token' | 'open'
  readonly waitlist: WaitlistSettings
}

const workersMax = 64
const connectionsMax = 1_000_000

function timeZone(env: Environment): string {
  const name = given(env, 'DEFAULT_TIME_ZONE') ?? defaultOf('DEFAULT_TIME_ZONE')
  if (isTimeZone(name)) return name
  return refuse('DEFAULT_TIME_ZONE', 'an IANA time zone such as America/New_York', name)
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
    strongAcr: given(env, 'SIGN_IN_STRONG_ACR')?.split(/\s+/),
    linksByEmail: oneOf(env, 'SIGN_IN_LINK', ['subject', 'email'], 'subject') === 'email',
    roles:
      said === undefined
        ? undefined
        : (parseRoleClaim(said, roles) ?? refuse('SIGN_IN_ROLES', `CLAIM: VALUE=ROLE, …, of the roles ${roles.join(', ')}`, said)),
  }
}

function registration(env: Environment): Config['registration'] {
  const said = oneOf(env, 'DYNAMIC_REGISTRATION', ['off', 'token', 'open'], 'off')
  return said === 'off' ? undefined : said
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
      perPerson: wholeNumber(env, 'HOLDS_PER_PERSON', 0, holdsAtOnceMax),
      perClient: wholeNumber(env, 'HOLDS_PER_CLIENT', 0, holdsAtOnceMax),
    },
    trustedIssuers: trustedIssuers(env, publicUrl(env, host, port)),
    mail: mail(env),
    secondFactorRoles: secondFactorRoles(env),
    signInElsewhere: signInElsewhere(env),
    registration: registration(env),
    waitlist: waitlist(env),
  }
}
