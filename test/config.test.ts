import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadConfig, openOnTheWay } from '../src/config.ts'
import { settings } from '../src/settings.ts'

describe('loadConfig', () => {
  it('needs no setting at all', () => {
    expect(loadConfig({})).toEqual({
      host: '127.0.0.1',
      port: 8080,
      publicUrl: 'http://127.0.0.1:8080',
      trustProxy: [],
      connectionsPerAddress: 1_000,
      databaseUrl: undefined,
      dataDir: './data',
      secretsKeyFile: 'data/secrets.key',
      auditMonthsKept: 0,
      demo: true,
      auth: 'smart',
      workers: 1,
      defaultTimeZone: 'America/New_York',
      outboundHosts: [],
      trustedIssuers: [],
      secondFactorRoles: [],
      rateLimits: { perClient: 0, perPerson: 3_000, perAddress: 0, refusedPerAddress: 300, kept: 'memory' },
      holdQuotas: { perPatient: 10, perPerson: 20, perClient: 0 },
      waitlist: {
        offerMinutes: 30,
        offersAtOnce: 1,
        weights: { urgency: 30, waited: 1, fit: 10, passed: 5, offered: 10 },
        onBooking: 'keep',
      },
    })
  })

  it('reads at which server people sign in', () => {
    const said = {
      SIGN_IN_ISSUER: 'https://login.example',
      SIGN_IN_CLIENT_ID: 'c',
      SIGN_IN_LINK: 'email',
      SIGN_IN_ROLES: 'g: a=manager',
      SIGN_IN_STRONG_ACR: 'gold urn:x:2',
    }
    expect(loadConfig(said).signInElsewhere).toEqual({
      issuer: 'https://login.example',
      clientId: 'c',
      secretFile: undefined,
      name: 'your clinic login',
      linksByEmail: true,
      roles: { claim: 'g', roleOf: new Map([['a', 'manager']]) },
      strongAcr: ['gold', 'urn:x:2'],
    })
    for (const change of [
      { SIGN_IN_ISSUER: 'login.example' },
      { SIGN_IN_CLIENT_ID: '' },
      { SIGN_IN_LINK: 'name' },
      { SIGN_IN_ROLES: 'g: a=king' },
    ])
      expect(() => loadConfig({ ...said, ...change })).toThrow(Object.keys(change)[0])
  })

  it('reads whether programs may register themselves', () => {
    const registration = (said: string | undefined) => loadConfig({ DYNAMIC_REGISTRATION: said }).registration
    expect([undefined, 'off', 'token', 'open'].map(registration)).toEqual([undefined, undefined, 'token', 'open'])
    expect(() => registration('on')).toThrow('DYNAMIC_REGISTRATION must be')
  })

  it('takes an empty setting for one that is not given', () => {
    expect(loadConfig({ PORT: '', DEMO: ' ', DATABASE_URL: '' })).toEqual(loadConfig({}))
  })

  it('loads no demo clinic into a database of somebody else unless asked', () => {
    const DATABASE_URL = 'postgres://user:secret@db.example.org/clinic'
    expect(loadConfig({ DATABASE_URL }).demo).toBe(false)
    expect(loadConfig({ DATABASE_URL, DEMO: 'on' }).demo).toBe(true)
    expect(loadConfig({ DEMO: 'off' }).demo).toBe(false)
  })

  it.each([
    [{ HOST: '0.0.0.0', PORT: '9000' }, 'http://127.0.0.1:9000'],
    [{ HOST: '::1' }, 'http://[::1]:8080'],
    [{ HOST: 'clinic.local', PORT: '80' }, 'http://clinic.local'],
    [{ HOST: 'clinic.local', TLS_CERT_FILE: 'c.pem', TLS_KEY_FILE: 'k.pem', PORT: '443' }, 'https://clinic.local'],
    [{ PUBLIC_URL: 'https://clinic.example.org/' }, 'https://clinic.example.org'],
    [{ PUBLIC_URL: 'https://example.org/clinic/one/' }, 'https://example.org/clinic/one'],
  ])('%j is seen by the world as %s', (env, expected) => {
    expect(loadConfig(env).publicUrl).toBe(expected)
  })

  it.each([
    [{ PORT: 'http' }, 'PORT must be a whole number between 1 and 65535, not "http".'],
    [{ AUDIT_RETENTION_MONTHS: '11' }, 'AUDIT_RETENTION_MONTHS must be 0, or 12 and more, not "11".'],
    [{ PORT: '0' }, 'PORT'],
    [{ SMTP_URL: 'smtp://mail.example' }, 'SMTP_URL and MAIL_FROM go together'],
    [
      { SMTP_URL: 'https://u:secret@mail.example', MAIL_FROM: 'a@b.example' },
      'SMTP_URL must be an address that begins with smtp:// or smtps://, not "https://…@mail.example',
    ],
    [{ SMTP_URL: 'smtp://mail.example', MAIL_FROM: 'Clinic' }, 'MAIL_FROM must be an address such as'],
    [{ SECOND_FACTOR_ROLES: 'manager,king' }, 'SECOND_FACTOR_ROLES must be a list of patient, proxy,'],
    [{ PORT: '65536' }, 'PORT'],
    [{ PORT: '80.5' }, 'PORT'],
    [{ TLS_CERT_FILE: 'c.pem' }, 'TLS_CERT_FILE and TLS_KEY_FILE go together'],
    [
      { TLS_CERT_FILE: 'c.pem', TLS_KEY_FILE: 'k.pem', PUBLIC_URL: 'http://clinic.example.org' },
      'PUBLIC_URL must be an address that begins with https://,',
    ],
    [
      { SECRETS_KEY_FILE: 'k', SECRETS_KEY_COMMAND: 'keys' },
      'SECRETS_KEY_FILE and SECRETS_KEY_COMMAND both name the keys: set one of them.',
    ],
    [{ TRUST_PROXY: 'all' }, 'TRUST_PROXY must be a list of addresses such as 10.0.0.7, or networks such as 10.1.0.0/16, not "all".'],
    [{ TRUST_PROXY: '10.0.0.0/33' }, 'TRUST_PROXY'],
    [{ TRUST_PROXY: '0.0.0.0/0' }, 'TRUST_PROXY'],
    [{ TRUST_PROXY: '10.0.0.1, ::1/64/2' }, 'TRUST_PROXY'],
    [{ CONNECTIONS_PER_ADDRESS: '-1' }, 'CONNECTIONS_PER_ADDRESS'],
    [{ RATE_LIMIT_PERSON: 'few' }, 'RATE_LIMIT_PERSON'],
    [{ RATE_LIMITS_KEPT: 'redis' }, 'RATE_LIMITS_KEPT must be "memory" or "postgres", not "redis".'],
    [{ WORKERS: '-1' }, 'WORKERS'],
    [{ WORKERS: 'many' }, 'WORKERS'],
    [{ DEMO: 'yes' }, 'DEMO must be "on" or "off", not "yes".'],
    [{ HOST: '256.1.1.1' }, 'HOST must be a name or an address of this machine, not "256.1.1.1".'],
    [{ AUTH: 'none' }, 'AUTH'],
    [{ AUTH: 'off', HOST: '0.0.0.0' }, 'AUTH=off is only for a server on this machine alone'],
    [{ PUBLIC_URL: 'clinic.example.org' }, 'PUBLIC_URL'],
    [{ PUBLIC_URL: 'ftp://clinic.example.org' }, 'PUBLIC_URL'],
    [{ PUBLIC_URL: 'https://clinic.example.org/?a=b' }, 'PUBLIC_URL'],
    [{ DATABASE_URL: 'mysql://db' }, 'DATABASE_URL'],
    [{ DEFAULT_TIME_ZONE: 'Mars/Olympus' }, 'DEFAULT_TIME_ZONE'],
    [{ DEFAULT_TIME_ZONE: '+05:00' }, 'DEFAULT_TIME_ZONE'],
    [{ OUTBOUND_HOSTS: 'http://engine.local' }, 'OUTBOUND_HOSTS'],
    [{ WAITLIST_OFFER_MINUTES: '0' }, 'WAITLIST_OFFER_MINUTES'],
    [{ WAITLIST_WEIGHTS: 'waited=0' }, 'WAITLIST_WEIGHTS'],
    [{ WAITLIST_WEIGHTS: 'luck=3' }, 'WAITLIST_WEIGHTS'],
    [{ WAITLIST_WEIGHTS: 'urgency' }, 'WAITLIST_WEIGHTS'],
    [{ WAITLIST_ON_BOOKING: 'maybe' }, 'WAITLIST_ON_BOOKING'],
  ])('refuses %j with a sentence that names the setting', (env, sentence) => {
    expect(() => loadConfig(env)).toThrow(sentence)
  })

  it('keeps a password out of the sentence', () => {
    expect(() => loadConfig({ DATABASE_URL: 'mysql://root:hunter2@db/x' })).not.toThrow(/hunter2/)
    expect(() => loadConfig({ DATABASE_URL: 'mysql://root:hunter2@db/x' })).toThrow(/…@db/)
  })

  it.each(['127.0.0.1', '127.1.2.3', 'localhost', '::1'])('lets AUTH be off on %s', (HOST) => {
    expect(loadConfig({ HOST, AUTH: 'off' }).auth).toBe('off')
  })

  it('is described in the README setting by setting', () => {
    const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8')
    for (const { name, meaning } of settings) {
      const row = readme.split('\n').find((line) => line.startsWith('|') && line.includes(`\`${name}\``))
      expect({ name, row }).toEqual({ name, row: expect.stringContaining(meaning) })
    }
  })
})

it('an operator is told where nothing encrypts what other machines send', () => {
  const told = (env: Record<string, string>) => openOnTheWay(loadConfig(env)) !== undefined
  expect([told({}), told({ HOST: '::1' }), told({ HOST: '0.0.0.0' }), told({ HOST: 'clinic.local' })]).toEqual([false, false, true, true])
  expect(told({ HOST: '0.0.0.0', TRUST_PROXY: '10.0.0.7,10.1.0.0/16,fd00::/8' })).toBe(false)
  expect(told({ HOST: '0.0.0.0', TLS_CERT_FILE: 'c.pem', TLS_KEY_FILE: 'k.pem' })).toBe(false)
})

it('keys come from a command instead of a file, also with the embedded Postgres', () => {
  const { secretsKeyFile, secretsKeyCommand } = loadConfig({ SECRETS_KEY_COMMAND: 'vault read keys' })
  expect({ secretsKeyFile, secretsKeyCommand }).toEqual({ secretsKeyCommand: 'vault read keys' })
})
